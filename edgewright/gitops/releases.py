"""The releases that a ring has had in Git: when each came, by which commit, and who wrote it.

Only the first parents of a branch are looked at: a merge commit is one change of the branch, as a squashed or a plain
commit is, whatever commits came in with it. A fleet that was renamed is followed to its old folder.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from edgewright.errors import EdgewrightError
from edgewright.gitops.git import Repository
from edgewright.manifest.load import FLEETS
from edgewright.manifest.model import FleetStage, Ring
from edgewright.source import load_yaml
from edgewright.validation import parse

_SHORTEST = 8
FROM, TO, RELEASE, PREVIOUS, FLEET = (
    "Edgewright-From",
    "Edgewright-To",
    "Edgewright-Release",
    "Edgewright-Previous",
    "Edgewright-Fleet",
)
GATE = "Edgewright-Gate"
ROLLS_BACK = "Edgewright-Rolls-Back"
"""Trailers of the commits that the verbs write."""
_REVERT = "This reverts commit "


@dataclass(frozen=True)
class Commit:
    """A commit as a reader of history wants it."""

    id: str
    parents: tuple[str, ...]
    author: str
    """Mail address."""
    at: datetime
    """When it was committed."""
    message: str

    @property
    def subject(self) -> str:
        """The first line."""
        return self.message.partition("\n")[0]

    @property
    def trailers(self) -> dict[str, str]:
        """The trailers of the last paragraph; of several with one name the last."""
        found = {}
        for line in self.message.rstrip().rpartition("\n\n")[2].splitlines():
            name, colon, value = line.partition(": ")
            if colon and name.replace("-", "").isalnum():
                found[name] = value.strip()
        return found

    @property
    def co_authors(self) -> set[str]:
        """The mail addresses of Co-authored-by."""
        found = set()
        for line in self.message.splitlines():
            name, _, value = line.partition(":")
            if name.strip().lower() == "co-authored-by" and "<" in value:
                found.add(value.partition("<")[2].partition(">")[0].strip())
        return found


@dataclass(frozen=True)
class Change:
    """A commit after which a ring had another release than before."""

    commit: Commit
    path: str
    """The stage file at that commit, below the project's root."""
    old_path: str
    """The stage file before it; another one where the fleet was renamed."""
    after: str
    """The release since then."""
    before: str | None
    """The release until then; None when the ring was not there."""


@dataclass
class History:
    """What Git says of the rings of a project, read once each."""

    repository: Repository
    tip: str
    """The commit from which it is looked back."""
    _rings: dict[str, dict[str, Ring]] = field(default_factory=dict)
    _commits: dict[str, Commit] = field(default_factory=dict)

    def text(self, commit: str, path: str) -> str | None:
        """Return a file of a commit with its line ends as they are; None when it is not there."""
        blob = self.repository.files(commit, [path]).get(path)
        if blob is None:
            return None
        (content,) = self.repository.blobs([blob])
        return content.decode("utf-8", "replace")

    def rings(self, commit: str, path: str) -> dict[str, Ring]:
        """Return the rings of a stage file at a commit by name; none where it is not there or cannot be read."""
        blob = self.repository.files(commit, [path]).get(path)
        if blob is None:
            return {}
        if blob not in self._rings:
            (content,) = self.repository.blobs([blob])
            model = parse(FleetStage, load_yaml(content.decode("utf-8", "replace"), path)).model
            self._rings[blob] = {ring.name: ring for ring in model.rings} if model else {}
        return self._rings[blob]

    def release(self, commit: str, path: str, ring: str) -> str | None:
        """Return the digest of a ring's release at a commit."""
        found = self.rings(commit, path).get(ring)
        return found.release if found else None

    def commit(self, name: str) -> Commit:
        """Return what a commit says of itself.

        Raises:
            GitError: there is no such commit.
        """
        if name not in self._commits:
            shown = self.repository.plumb(["log", "-1", "--format=%H%x00%P%x00%ae%x00%cI%x00%B", name, "--"])
            found, parents, author, at, message = shown.split("\0", 4)
            self._commits[name] = Commit(
                found, tuple(parents.split()), author, datetime.fromisoformat(at), message.strip()
            )
        return self._commits[name]

    def changes(self, fleet: str, stage: str, ring: str) -> Iterator[Change]:
        """Yield the changes of a ring's release, newest first, along the first parents."""
        path = stage_file(fleet, stage)
        tip = self.tip
        while True:
            renamed = None
            for name in self._touching(tip, path):
                commit = self.commit(name)
                parent = commit.parents[0] if commit.parents else None
                old = path
                if parent is not None and self.text(parent, path) is None:
                    old = self._renamed_from(parent, name, path) or path
                after = self.release(name, path, ring)
                before = self.release(parent, old, ring) if parent else None
                if after is not None and after != before:
                    yield Change(commit, path, old, after, before)
                if old != path and parent is not None:
                    renamed = (parent, old)
                    break
            if renamed is None:
                return
            tip, path = renamed

    def former_names(self, fleet: str, stage: str) -> list[str]:
        """Return the names that a fleet has had, the present one first."""
        found = [fleet]
        path, tip = stage_file(fleet, stage), self.tip
        while True:
            commits = list(self._touching(tip, path))
            first = self.commit(commits[-1]) if commits else None
            if first is None or not first.parents:
                return found
            old = self._renamed_from(first.parents[0], first.id, path)
            if old is None:
                return found
            tip, path = first.parents[0], old
            found.append(path.split("/")[1])

    def authors(self, change: Change) -> frozenset[str]:
        """Return the mail addresses of all who wrote a change; of a merge those whose commits it brought."""
        commits = self._commits_of(change)
        found = set()
        for commit in commits[1:] or commits:
            found |= {commit.author, *commit.co_authors}
        return frozenset(address.casefold() for address in found)

    def is_promotion(self, change: Change) -> bool:
        """Whether a change only carries a release that another ring had before."""
        return any(f"{RELEASE}: {change.after}" in commit.message for commit in self._commits_of(change))

    def rollback_of(self, change: Change) -> bool:
        """Whether a change is itself a rollback or a revert: also one that was merged or squashed."""
        return any(
            f"{ROLLS_BACK}: " in commit.message or _REVERT in commit.message for commit in self._commits_of(change)
        )

    def writers(self, fleet: str, path: list[tuple[str, str]], release: str) -> frozenset[str]:
        """Return the mail addresses of those who wrote a release: of the change that first brought it into the fleet.

        What came later only carried it. That is seen from the history and never from what a commit says of itself,
        because who writes a release writes its commit message too.

        Args:
            fleet: The fleet.
            path: Its rings in promotion order, each with its stage.
            release: The digest.

        Raises:
            EdgewrightError: the clone is shallow, so the first change may not be here.
        """
        if self.repository.shallow():
            msg = (
                "this clone is shallow, so it cannot be said who wrote the release: git fetch --unshallow, or check "
                "out the whole history (fetch-depth: 0)"
            )
            raise EdgewrightError(msg)
        brought = [
            change for stage, ring in path for change in self.changes(fleet, stage, ring) if change.after == release
        ]
        first = [
            change
            for change in brought
            if not any(
                other.commit.id != change.commit.id and self.repository.is_ancestor(other.commit.id, change.commit.id)
                for other in brought
            )
        ]
        return frozenset().union(*(self.authors(change) for change in first))

    def _commits_of(self, change: Change) -> list[Commit]:
        if len(change.commit.parents) < 2:
            return [change.commit]
        listing = self.repository.plumb(
            ["rev-list", f"{change.commit.parents[0]}..{change.commit.id}", "--", self._full(change.path)]
        )
        return [change.commit, *(self.commit(name) for name in listing.split())]

    def _touching(self, tip: str, path: str) -> list[str]:
        """The commits along the first parents that touch a file, newest first."""
        arguments = ["log", "--first-parent", "--no-patch", "--format=%H", tip, "--", self._full(path)]
        return self.repository.plumb(arguments).split()

    def _renamed_from(self, parent: str, commit: str, path: str) -> str | None:
        listing = self.repository.plumb(
            ["diff-tree", "-r", "-z", "-M40%", "--diff-filter=R", "--name-status", parent, commit]
        ).split("\0")
        prefix = self.repository.prefix()
        for status, old, new in zip(listing[::3], listing[1::3], listing[2::3], strict=False):
            if status.startswith("R") and new == prefix + path and old.startswith(f"{prefix}{FLEETS}/"):
                return old.removeprefix(prefix)
        return None

    def _full(self, path: str) -> str:
        return f":(top,literal){self.repository.prefix()}{path}"


def stage_file(fleet: str, stage: str) -> str:
    """Return where the manifest of a fleet's stage is, below the project's root."""
    return f"{FLEETS}/{fleet}/{stage}.yaml"


def whole_digest(written: str, known: Iterable[str]) -> str:
    """Return the digest that a person means by its first digits.

    Args:
        written: The digits, eight at least, with or without ``sha256:``.
        known: The digests that there are.

    Raises:
        EdgewrightError: too short, none or several.
    """
    digits = written.removeprefix("sha256:").lower()
    if len(digits) == 64 and all(digit in "0123456789abcdef" for digit in digits):
        return f"sha256:{digits}"
    found = sorted({each for each in known if each.removeprefix("sha256:").startswith(digits)})
    if len(digits) < _SHORTEST or len(found) != 1:
        why = (
            f"is shorter than {_SHORTEST} digits"
            if len(digits) < _SHORTEST
            else "is no release that a ring has or had"
            if not found
            else f"could be {', '.join(found)}"
        )
        msg = f"release {written!r} {why}: take the digest from edgewright history"
        raise EdgewrightError(msg)
    return found[0]
