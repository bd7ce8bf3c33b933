"""From two revisions to a comparison."""

from __future__ import annotations

from dataclasses import replace

from edgewright.gitops.diff.compare import compare
from edgewright.gitops.diff.model import ProjectDiff, SideInfo
from edgewright.gitops.git import Repository
from edgewright.gitops.trees import Side, load, sides
from edgewright.manifest.load import ManifestErrors

NOT_ASKED = "AWS was not asked"


def between(repository: Repository, base: str | None, head: str | None) -> ProjectDiff:
    """Compare two versions of a project.

    Args:
        repository: The repository of the project.
        base: A revision; where the default branch and the head parted, by default.
        head: A revision; the work tree by default.

    Raises:
        GitError: a revision names no commit, or there is no base.
        ManifestErrors: the head is not valid; the text is every error, one a line.
    """
    before, after = sides(repository, base, head)
    new = load(repository, after)
    if new.project is None or new.errors:
        raise ManifestErrors(new.errors)
    old = load(repository, before)
    diff = compare(old.project, new.project, base_side=_info(before), head_side=_info(after))
    return replace(diff, unread=() if old.absent else old.unread, offline=NOT_ASKED)


def _info(side: Side) -> SideInfo:
    return SideInfo(side.name, side.commit, side.subject)
