"""A package that is rejected after all: its open proposal is closed, and what was made of it goes nowhere any more.

The registry is asked first, so that nothing is closed on the word of an event alone. What was made of the package is
known by the provenance in component.yaml; every release that has it, in any ring, now or before, is put in quarantine:
the releases of before because a rollback would bring them back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from edgewright.aws.session import Session
from edgewright.errors import RefusedError
from edgewright.gitops import controlling, proposal
from edgewright.gitops.controlling import Set
from edgewright.gitops.forge import Forge
from edgewright.gitops.git import GitError
from edgewright.gitops.markdown import code
from edgewright.gitops.merged import Merged
from edgewright.gitops.models.importing import branch_of, known_version, source_of
from edgewright.gitops.models.package import Arn, approval
from edgewright.manifest.controls import short

_LONGEST = 400  # characters of what the registry says that go into a reason


@dataclass(frozen=True)
class Rejected:
    """What was done."""

    arn: Arn
    branch: str | None
    """The branch of the open proposal; None when there was none."""
    request: str | None
    """The request that was closed; None when there was none, or no forge's client."""
    left: str | None
    """Why the branch stayed; None when it is gone, or there was none."""
    component: str
    version: str | None
    """What was made of the package and is merged; None when nothing was."""
    releases: tuple[str, ...]
    """Releases that have it, and are in quarantine now."""
    new: tuple[str, ...]
    """Those of them that were not before."""
    rings: tuple[tuple[str, str, str], ...]
    """Fleet, ``stage/ring`` and release of the rings that have it in Git now."""
    commit: Set | None
    """The commit of the quarantines."""


def reject(merged: Merged, session: Session, arn: Arn, *, reason: str | None = None, push: bool = True) -> Rejected:
    """Take back what came of a rejected package; the same again does nothing more.

    Args:
        merged: The project, with the current branch as what is merged: controls are committed there.
        session: By which the registry is read.
        arn: The package.
        reason: For those who meet the quarantine; by default what the registry says.
        push: Whether the quarantines are pushed at once.

    Raises:
        AwsError: the registry cannot be read.
        RefusedError: the package is not rejected.
        EdgewrightError: the organisation takes nothing from this group, or the forge's client failed.
    """
    source = source_of(merged.project, arn)
    status, told = approval(session, arn)
    if status != "Rejected":
        msg = f"{arn.text} is {status} in the registry, and only a rejected package is taken back"
        raise RefusedError(msg)
    said = " ".join((reason or told or "").split())[:_LONGEST]
    why = f"model package {arn.group}/{arn.number} was rejected" + (f": {said}" if said else "")
    version = known_version(merged.project.catalog, source.component, arn)
    having = _having(merged, source.component, version) if version else {}
    controls = controlling.current(merged.repository)
    new = [release for release in having if controls.quarantine(release) is None]
    commit = None
    if new:
        by = merged.repository.operator()
        made = [controlling.quarantine(release, why, by) for release in new]
        files = {file: controlling.render(control) for file, control in made}
        subject = f"Put {', '.join(short(release) for release in new)} in quarantine"
        commit = controlling.commit(merged.repository, files, subject, why, push=push)
    branch, request, left = _close(merged, arn, why)
    rings = [
        (fleet, f"{stage}/{ring.name}", ring.release)
        for fleet in sorted(merged.project.fleets)
        for stage, ring in merged.project.path(fleet)
        if ring.release in having
    ]
    return Rejected(
        arn, branch, request, left, source.component, version, tuple(having), tuple(new), tuple(rings), commit
    )


def _having(merged: Merged, component: str, version: str) -> Mapping[str, None]:
    """The releases that have a component version: in rings as they are, and as they were."""
    found: dict[str, None] = {}
    for fleet in sorted(merged.project.fleets):
        for stage, ring in merged.project.path(fleet):
            then = [ring]
            for change in merged.history.changes(fleet, stage, ring.name):
                before = merged.history.rings(change.commit.id, change.path).get(ring.name)
                then += [before] if before is not None else []
            for each in then:
                pinned = each.components.get(component)
                if pinned is not None and pinned.version == version:
                    found[each.release] = None
    return found


def _close(merged: Merged, arn: Arn, why: str) -> tuple[str | None, str | None, str | None]:
    """Close the open proposal of a package: its request, then its branch if nobody else has worked on it."""
    repository, base, branch = merged.repository, merged.base, branch_of(arn)
    tip = proposal.find_open(repository, base, branch)
    if tip is None:
        return None, None, None
    forge = Forge.of(repository, base.remote) if base.remote is not None else None
    request = forge.open_request(branch) if forge is not None else None
    if forge is not None and request is not None:
        forge.close(branch, request, comment=f"Closed: {code(why)}")
    if repository.is_ancestor(tip, base.commit):
        return branch, request, "it is merged"
    if merged.history.commit(tip).trailers.get("Model-Package") != arn.text:
        return branch, request, "it has commits that are not the import's; delete it by hand"
    try:
        if base.remote is None:
            repository.plumb(["update-ref", "-d", f"refs/heads/{branch}", tip])
        else:
            lease = f"--force-with-lease=refs/heads/{branch}:{tip}"
            repository.plumb(["push", "--quiet", "--no-verify", lease, base.remote, f":refs/heads/{branch}"])
    except GitError as error:
        return branch, request, f"it could not be deleted: {error}"
    return branch, request, None
