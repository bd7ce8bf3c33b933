"""The project as a commit has it, or the work tree, without touching the work tree or the index.

Of a commit, only what the manifests are made of is read, straight from git's objects: the organisation, the fleets,
the controls, recipes and the lock. Models and archives stay where they are; an empty file stands in for each, so a
commit is read as fast with a gigabyte of models as without; what is wrong with their bytes is for `validate` to say.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from edgewright.catalog.catalog import CATALOG
from edgewright.catalog.lock import LOCK_FILE
from edgewright.errors import EdgewrightError
from edgewright.gitops.git import Repository
from edgewright.manifest.controls import CONTROLS
from edgewright.manifest.glance import Glance, glance
from edgewright.manifest.load import FLEETS, ORGANISATION

_PATHS = (ORGANISATION, "edgewright.yml", FLEETS, CONTROLS, CATALOG, LOCK_FILE)
_READ = (".yaml", ".yml", ".json", ".lock")
"""Endings of the files whose content matters here."""


@dataclass(frozen=True)
class Side:
    """One of the two things that are compared."""

    name: str
    """As the user wrote it, or what was taken in its place."""
    commit: str | None
    """The full id; None for the work tree."""
    subject: str | None
    """First line of the commit's message."""

    @property
    def short(self) -> str:
        """The id as people write it."""
        return self.commit[:10] if self.commit else "work tree"


WORK_TREE = Side("work tree", None, None)


def sides(repository: Repository, base: str | None, head: str | None) -> tuple[Side, Side]:
    """Return what is compared.

    Args:
        repository: The repository of the project.
        base: A revision; where the default branch and the head parted, by default. ``A..B`` and ``A...B`` name both
            sides as they do in git.
        head: A revision; the work tree by default.

    Raises:
        GitError: a revision names no commit, or there is no base.
        EdgewrightError: a range and a head are given.
    """
    repository.must_be_one()
    if base is not None and ".." in base:
        if head is not None:
            msg = f"{base!r} names both sides already: leave {head!r} out"
            raise EdgewrightError(msg)
        dots = "..." if "..." in base else ".."
        left, _, right = base.partition(dots)
        left, right = left or "HEAD", right or "HEAD"
        return side(repository, repository.merge_base(left, right) if dots == "..." else left, left), side(
            repository, right
        )
    head_side = WORK_TREE if head is None else side(repository, head)
    if base is not None:
        return side(repository, base), head_side
    branch = repository.default_branch()
    commit = repository.merge_base(branch, head_side.commit or "HEAD")
    return side(repository, commit, f"where it left {branch}"), head_side


def side(repository: Repository, revision: str, name: str | None = None) -> Side:
    """Return the side that a revision names.

    Raises:
        GitError: it names no commit.
    """
    commit = repository.resolve(revision)
    return Side(name or revision, commit, repository.subject(commit))


def load(repository: Repository, which: Side, *, judged: bool = True) -> Glance:
    """Read the project of a side, as far as it can be read.

    Args:
        repository: The repository of the project.
        which: The side.
        judged: Whether it is held to the rules, too, and not only read.

    Raises:
        GitError: the commit is not here as a whole.
    """
    if which.commit is None:
        return glance(repository.root, judged=judged)
    files = {path: blob for path, blob in repository.files(which.commit, _PATHS).items() if _is_inside(path)}
    wanted = [path for path in files if path.endswith(_READ)]
    with tempfile.TemporaryDirectory(prefix="edgewright-tree-") as folder:
        root = Path(folder)
        for path in files:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            if not path.endswith(_READ):
                (root / path).touch()
        for path, content in zip(wanted, repository.blobs([files[path] for path in wanted]), strict=True):
            (root / path).write_bytes(content)
        return glance(root, bytes_of_catalog=False, judged=judged)


def _is_inside(path: str) -> bool:
    """Whether a path of a tree stays below the folder that it is written to; git's own objects can say anything."""
    parts = PurePosixPath(path).parts
    return bool(parts) and not path.startswith("/") and ".." not in parts and "\0" not in path
