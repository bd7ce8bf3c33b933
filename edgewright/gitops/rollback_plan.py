"""Which release a ring goes back to, and whether it may: read from history, from what runs, from stops and freezes.

What is undone is the last change of the ring's release on the branch that is merged, be it a promotion, an edit, a
merge or a squashed request. A change that is itself a rollback is not rolled back: after that nobody would know any
more which release is the good one. Nothing is written here; `edgewright.gitops.rollback` does that.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from edgewright.aws.reading import Facet
from edgewright.aws.session import Session
from edgewright.errors import EdgewrightError, RefusedError
from edgewright.gitops.events import now
from edgewright.gitops.merged import Merged
from edgewright.gitops.releases import Change
from edgewright.manifest.controls import short
from edgewright.manifest.windows import frozen

BRANCHES = "edgewright/rollback/"


@dataclass(frozen=True)
class Undo:
    """A ring that goes back."""

    ring: str
    """``stage/ring``."""
    leaves: str
    restores: str
    change: Change
    """The change that is undone."""
    commit: str
    path: str
    """Where the release is written that comes back: the commit, and the file in it."""
    deployment: str | None = None
    """The deployment that failed, after a failed update."""


@dataclass(frozen=True)
class Plan:
    """A rollback of one ring, or of several that have the same release."""

    fleet: str
    undos: tuple[Undo, ...]
    reason: str
    fast_track: bool
    failed: bool
    passed: tuple[str, ...]
    """Stops and freezes that let it pass."""
    still: tuple[str, ...] = ()
    """Other rings that keep the release."""

    @property
    def first(self) -> Undo:
        """The ring that names the whole."""
        return self.undos[0]

    @property
    def branch(self) -> str:
        """One name for one rollback, whoever makes it."""
        name = "all" if len(self.undos) > 1 else self.first.ring.replace("/", "-")
        return f"{BRANCHES}{self.fleet}/{name}/{short(self.first.leaves)}"

    @property
    def title(self) -> str:
        """Subject of the commit and title of the request."""
        rings = ", ".join(undo.ring for undo in self.undos)
        return f"Roll back {self.fleet} {rings} from {short(self.first.leaves)} to {short(self.first.restores)}"


def plan(
    merged: Merged,
    fleet: str,
    *,
    ring: str | None,
    reason: str,
    fast_track: bool = False,
    at: datetime | None = None,
) -> Plan:
    """Return the rollback of a ring, or of the one whose release changed last.

    Args:
        merged: What is merged.
        fleet: The fleet.
        ring: ``stage/ring``.
        reason: Why.
        fast_track: Take every ring that has the release back at once, and let none of them bake again.
        at: The time that windows are asked for; now by default.

    Raises:
        RefusedError: there is nothing to go back to, the last change is a rollback, or a stop or a freeze holds.
        EdgewrightError: there is no such ring, or several changed at once.
    """
    path = [f"{stage}/{each.name}" for stage, each in merged.project.path(fleet)]
    chosen = ring or _changed_last(merged, fleet, path)
    undo = _undo(merged, fleet, chosen)
    same = [each for each in path if each != chosen and merged.project.ring(fleet, each).release == undo.leaves]
    undos = [undo]
    if fast_track:
        undos += [_undo(merged, fleet, each) for each in same]
        same = []
    passed = _allowed(merged, fleet, undos, at or now())
    return Plan(fleet, tuple(undos), reason, fast_track, failed=False, passed=passed, still=tuple(same))


def plan_after_failure(
    merged: Merged,
    fleet: str,
    sessions: Callable[[str], Session],
    *,
    ring: str | None,
    reason: str,
) -> Plan:
    """Return the rollback that makes Git say what a ring was rolled back to when an update failed.

    Args:
        merged: What is merged.
        fleet: The fleet.
        sessions: How stages are reached.
        ring: ``stage/ring``; by default every ring of the fleet is looked at.
        reason: Why.

    Raises:
        RefusedError: no ring was rolled back, or it was not this release that failed.
        EdgewrightError: AWS cannot be asked, or Git never had what the ring runs.
    """
    path = [f"{stage}/{each.name}" for stage, each in merged.project.path(fleet)]
    found, told = [], []
    for each in [ring] if ring else path:
        wanted = merged.project.ring(fleet, each).release
        reading = merged.read_ring(fleet, each, sessions)
        if Facet.DEPLOYMENT not in reading.known:
            msg = f"the deployment of {each} could not be read: {'; '.join(map(str, reading.gaps))}"
            raise EdgewrightError(msg)
        latest = reading.deployment
        if latest is None or latest.release == wanted:
            told.append(f"{each} has no deployment" if latest is None else f"{each} runs what Git says")
        elif latest.release is None:
            told.append(f"{each} runs deployment {latest.id}, made by hand: edgewright drift")
        else:
            failed = merged.tried(fleet, each, wanted, sessions)
            if failed is None:
                told.append(
                    f"{each} runs {short(latest.release)}, and {short(wanted)} was never deployed to it: "
                    f"pulumi up of {each.partition('/')[0]}"
                )
            else:
                found.append(_undo_to(merged, fleet, each, latest.release, failed))
    if not found:
        msg = f"no ring of {fleet} was rolled back by a failed update: {'; '.join(told)}"
        raise RefusedError(msg)
    # devices run it already: no stop and no freeze keeps Git from saying so
    return Plan(fleet, tuple(found), reason, fast_track=False, failed=True, passed=())


def _changed_last(merged: Merged, fleet: str, path: Sequence[str]) -> str:
    newest: dict[str, Change] = {}
    for each in path:
        stage, _, name = each.partition("/")
        change = next(merged.history.changes(fleet, stage, name), None)
        if change is not None and change.before is not None:
            newest[each] = change
    if not newest:
        msg = f"no ring of {fleet} had another release before: there is nothing to go back to"
        raise RefusedError(msg)
    commits = {change.commit.id for change in newest.values()}
    last = next(commit for commit in commits if all(merged.repository.is_ancestor(other, commit) for other in commits))
    rings = [each for each, change in newest.items() if change.commit.id == last]
    if len(rings) > 1:
        msg = f"commit {last[:10]} changed {', '.join(rings)} of {fleet}: say which one with --ring"
        raise EdgewrightError(msg)
    return rings[0]


def _undo(merged: Merged, fleet: str, ring: str) -> Undo:
    """The undoing of a ring's last change."""
    wanted = merged.project.ring(fleet, ring).release
    stage, _, name = ring.partition("/")
    change = next(merged.history.changes(fleet, stage, name), None)
    if change is None or change.before is None or not change.commit.parents:
        msg = f"{ring} of {fleet} has had no other release than {short(wanted)}: there is nothing to go back to"
        raise RefusedError(msg)
    restored = merged.project.controls.restored(fleet, ring, wanted)
    if merged.history.rollback_of(change) or (restored is not None and restored.release == change.before):
        msg = (
            f"the last change of {ring} of {fleet} ({change.commit.id[:10]}, {change.commit.subject!r}) is a rollback "
            "itself, and a revert of a revert would bring back what was wrong: promote or edit a release that is good"
        )
        raise RefusedError(msg)
    return Undo(ring, wanted, change.before, change, change.commit.parents[0], change.old_path)


def _undo_to(merged: Merged, fleet: str, ring: str, restores: str, deployment: str) -> Undo:
    """The way back to a release that the ring had at some time."""
    wanted = merged.project.ring(fleet, ring).release
    stage, _, name = ring.partition("/")
    first = None
    for change in merged.history.changes(fleet, stage, name):
        first = first or change
        if change.before == restores and change.commit.parents:
            return Undo(ring, wanted, restores, first, change.commit.parents[0], change.old_path, deployment)
    msg = (
        f"{ring} of {fleet} runs {short(restores)}, which Git has never had for it here: "
        "fetch the whole history (git fetch --unshallow), or see edgewright drift"
    )
    raise EdgewrightError(msg)


def _allowed(merged: Merged, fleet: str, undos: Sequence[Undo], at: datetime) -> tuple[str, ...]:
    """What lets the rollback pass although it stops or freezes everything else."""
    passed = []
    stop = merged.controls.stop(fleet)
    if stop is not None:
        if stop.rollbacks != "pass":
            msg = (
                f"the line of {fleet} is stopped, for rollbacks as well: {stop}; edgewright resume, or change the stop"
            )
            raise RefusedError(msg)
        passed.append(f"stop: {stop}")
    for undo in undos:
        found = frozen(merged.project.organisation.windows, fleet=fleet, stage=undo.ring.partition("/")[0], at=at)
        if found is not None:
            if not found.rollbacks_pass:
                until = f", until {found.until.isoformat(timespec='minutes')}" if found.until else ""
                msg = f"{undo.ring} is frozen, for rollbacks as well: {found.reason}{until}"
                raise RefusedError(msg)
            passed.append(f"freeze of {undo.ring}: {found.reason}")
        bad = merged.controls.quarantine(undo.restores)
        if bad is not None:
            msg = f"{undo.ring} would go back to {short(undo.restores)}, which is in quarantine: {bad}"
            raise RefusedError(f"{msg}; edit or promote a release that is good")
    return tuple(dict.fromkeys(passed))
