"""From two revisions to a comparison."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Literal

from edgewright.aws.errors import AwsError
from edgewright.gitops.diff.compare import compare
from edgewright.gitops.diff.live import Look, can_ask, enrich
from edgewright.gitops.diff.model import ProjectDiff, SideInfo
from edgewright.gitops.git import Repository
from edgewright.gitops.trees import Side, load, sides
from edgewright.manifest.load import ManifestErrors, Project

Live = Literal["yes", "no", "if it can be"]


def between(repository: Repository, base: str | None, head: str | None) -> tuple[ProjectDiff, Project]:
    """Compare two versions of a project, offline; return the comparison and the project of the head.

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
    old = load(repository, before, judged=False)
    diff = compare(old.project, new.project, base_side=_info(before), head_side=_info(after))
    return replace(diff, unread=() if old.absent else old.unread, offline="AWS was not asked"), new.project


def with_live(
    diff: ProjectDiff,
    project: Project,
    live: Live,
    look: Look,
    *,
    on_progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> ProjectDiff:
    """Return the comparison with live numbers where they are wanted and can be had; else it says why not.

    Raises:
        AwsError: they are wanted without an "if", and nothing could be read.
    """
    if live == "no" or not any(ring.deploys for ring in diff.rings):
        return diff
    if live == "if it can be" and not can_ask():
        return replace(diff, offline="there are no AWS credentials in the environment")
    try:
        return enrich(diff, project, look, on_progress=on_progress)
    except AwsError as error:
        if live == "yes":
            raise
        return replace(diff, offline=str(error))


def _info(side: Side) -> SideInfo:
    return SideInfo(side.name, side.commit, side.subject)
