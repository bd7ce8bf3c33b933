"""How long the images that devices run have been in the catalog: what is never looked at is never patched.

Dated by Git, offline: by the commit that locked the first version with the image, whoever built it and when. Who moves
to a newer image makes a new version, and the age begins anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from edgewright.catalog.lock import LOCK_FILE, Key
from edgewright.errors import EdgewrightError
from edgewright.gitops.git import Repository
from edgewright.manifest.load import Project

_SCHEME = "docker:"


@dataclass(frozen=True)
class Image:
    """An image of a version that a ring pins."""

    image: str
    since: datetime | None
    """When it came into the catalog; None where that is not committed yet."""
    versions: tuple[str, ...]
    """``NAME@VERSION`` of those that are pinned and have it."""
    rings: tuple[str, ...]
    """``FLEET STAGE/RING``."""

    def older(self, limit: timedelta, now: datetime) -> bool:
        """Whether it has been in the catalog for longer than a limit."""
        return self.since is not None and now - self.since > limit

    def days(self, now: datetime) -> int | None:
        """Whole days in the catalog."""
        return None if self.since is None else max((now - self.since).days, 0)


def images_in_use(project: Project, repository: Repository) -> list[Image]:
    """Return every image of the versions that rings pin, the oldest first.

    Raises:
        EdgewrightError: the clone is shallow, so that the history does not say when an image came.
        GitError: the history cannot be read.
    """
    rings: dict[Key, list[str]] = {}
    for (fleet, stage), manifest in sorted(project.stages.items()):
        for ring in manifest.rings:
            for name, component in ring.components.items():
                rings.setdefault((name, component.version), []).append(f"{fleet} {stage}/{ring.name}")
    having: dict[str, list[Key]] = {}
    for version in project.catalog:
        for artifact in version.downloads:
            if artifact.URI.startswith(_SCHEME):
                having.setdefault(artifact.URI.removeprefix(_SCHEME), []).append((version.name, version.version))
    used = {image: keys for image, keys in having.items() if any(key in rings for key in keys)}
    if used and repository.shallow():
        msg = "this clone is shallow, and the history says when an image came: git fetch --unshallow"
        raise EdgewrightError(msg)
    locked = {key: _locked(repository, key) for keys in used.values() for key in keys}
    found = [
        Image(
            image,
            min((moment for key in keys if (moment := locked[key]) is not None), default=None),
            tuple(f"{name}@{version}" for name, version in keys if (name, version) in rings),
            tuple(dict.fromkeys(ring for key in keys for ring in rings.get(key, ()))),
        )
        for image, keys in used.items()
    ]
    newest = datetime.max.replace(tzinfo=UTC)
    return sorted(found, key=lambda each: (each.since or newest, each.image))


def _locked(repository: Repository, key: Key) -> datetime | None:
    """When the commit was made that put a version into the lock; the first, should there be several."""
    told = repository.plumb(["log", "--format=%ct", "-S", f"{key[0]}@{key[1]} ", "--", LOCK_FILE]).split()
    return datetime.fromtimestamp(int(told[-1]), tz=UTC) if told else None
