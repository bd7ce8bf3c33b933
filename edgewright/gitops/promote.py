"""Promotion: the release of a ring, when its gates are met, as a commit that gives it to the next ring.

Everything is judged on what is merged (``merged.py``). The commit is made on a branch whose name says what it
carries, so that a promotion which is open already is found again, by whomever it was made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from edgewright.aws.errors import AwsError
from edgewright.aws.metrics import alarm_states, statistic
from edgewright.aws.session import Session
from edgewright.errors import EdgewrightError, RefusedError
from edgewright.gitops import events as ledger_events
from edgewright.gitops import promotion_text, proposal
from edgewright.gitops.edit import with_release
from edgewright.gitops.events import AnyEvent, Promoted
from edgewright.gitops.gates import Case, Verdict, judge
from edgewright.gitops.git import GitError
from edgewright.gitops.merged import Merged, Step
from edgewright.gitops.proposal import Proposed
from edgewright.gitops.releases import stage_file
from edgewright.manifest.controls import short
from edgewright.manifest.gates import Gates, MetricGate


@dataclass(frozen=True)
class Decision:
    """A step, what its gates say, and what was done."""

    step: Step
    verdicts: tuple[Verdict, ...]
    deployment: str | None = None
    """The deployment that carries the release in the source."""
    proposed: Proposed | None = None

    @property
    def allowed(self) -> bool:
        """Whether every gate is open."""
        return all(verdict.open for verdict in self.verdicts)

    @property
    def when(self) -> datetime | None:
        """When it could go on by waiting alone; None where waiting is not enough, or nothing is to be waited for."""
        closed = [verdict for verdict in self.verdicts if not verdict.open]
        moments = [verdict.when for verdict in closed if verdict.when is not None]
        return max(moments) if closed and len(moments) == len(closed) else None


def choose(merged: Merged, fleet: str, to: str | None) -> Step:
    """Return the step that is meant: into ``to``, or the first on the path that has something to promote.

    Raises:
        RefusedError: there is nothing to promote.
        EdgewrightError: ``to`` is no ring that something is promoted into.
    """
    steps = merged.steps(fleet)
    path = [f"{stage}/{ring.name}" for stage, ring in merged.project.path(fleet)]
    if to is not None and to not in path[1:]:
        into = ", ".join(path[1:]) or "none: its path has one ring"
        msg = f"nothing is promoted into {to!r} in fleet {fleet!r}: the rings that take promotions are {into}"
        raise EdgewrightError(msg)
    for step in steps:
        if to in (None, step.target):
            return step
    where = f"{to} has the release of the ring before it" if to else "every ring has the release of the ring before it"
    msg = f"there is nothing to promote in {fleet}: {where}"
    raise RefusedError(msg)


def examine(
    merged: Merged,
    step: Step,
    events: Sequence[AnyEvent],
    sessions: Callable[[str], Session],
    *,
    automation: bool = False,
    now: datetime | None = None,
) -> Decision:
    """Ask every gate of a step.

    Args:
        merged: What is merged.
        step: The step.
        events: What the ledger has.
        sessions: How stages are reached.
        automation: Whether nobody decides here, so that a release which somebody reverted by hand stays reverted.
        now: The time; the clock's by default.
    """
    gates = merged.project.fleets[step.fleet].promotion.gates.get(step.source, Gates())
    stage = step.source.partition("/")[0]
    reading, unread = None, ""
    try:
        reading = merged.read_ring(step.fleet, step.source, sessions)
    except AwsError as error:
        unread = str(error)
    rings = [(at, ring.name) for at, ring in merged.project.path(step.fleet)]
    authors: frozenset[str] | str = frozenset()
    if gates.approvals:
        try:
            authors = merged.history.writers(step.fleet, rings, step.release)
        except EdgewrightError as error:
            authors = str(error)
    moment = now or ledger_events.now()
    case = Case(
        fleet=step.fleet,
        source=step.source,
        target=step.target,
        release=step.release,
        gates=gates,
        controls=merged.controls,
        windows=merged.project.organisation.windows,
        events=[event for event in events if event.fleet == step.fleet],
        authors=authors,
        reading=reading,
        unread=unread,
        metric=_metrics(step.fleet, lambda: sessions(stage), moment),
        alarms=_alarms(gates, lambda: sessions(stage)),
        now=moment,
    )
    latest = reading.deployment if reading is not None else None
    carried = latest.id if latest is not None and latest.release == step.release else None
    others = [*(_reverted(merged, step) if automation else ()), *_others(merged, step)]
    return Decision(step, (*judge(case), *others), carried)


def _metrics(
    fleet: str, here: Callable[[], Session], now: datetime
) -> Callable[[MetricGate, datetime], float | str | None]:
    def read(gate: MetricGate, since: datetime) -> float | str | None:
        try:
            return statistic(
                here(),
                namespace=gate.namespace or f"edgewright/{fleet}",
                name=gate.name,
                dimensions=gate.dimensions,
                statistic=gate.statistic,
                begin=since,
                end=now,
            )
        except AwsError as error:
            return str(error)

    return read


def _alarms(gates: Gates, here: Callable[[], Session]) -> Mapping[str, tuple[str, str]] | str:
    if not gates.alarms:
        return {}
    try:
        return alarm_states(here(), gates.alarms)
    except AwsError as error:
        return str(error)


def _reverted(merged: Merged, step: Step) -> list[Verdict]:
    """A release that somebody took out of the target by hand, without a hold: automation would put it back at once."""
    stage, _, ring = step.target.partition("/")
    last = next(merged.history.changes(step.fleet, stage, ring), None)
    if last is None or last.before != step.release or not merged.history.rollback_of(last):
        return []
    if merged.controls.hold(step.fleet, step.target, step.release) is not None:
        return []  # which is told already
    told = f"{last.commit.author} took the release out of {step.target} in {last.commit.id[:10]}"
    remedy = f"edgewright promote {step.fleet} --to {step.target}, by somebody who knows why"
    return [Verdict(gate="reverted", met=False, told=told, remedy=remedy)]


def _others(merged: Merged, step: Step) -> list[Verdict]:
    """A promotion of another release into the same ring that is open: both would change the same lines."""
    try:
        found = _open(merged, step)
    except GitError as error:
        told = f"it could not be read which promotions are open: {error}"
        return [Verdict(gate="open promotions", met=False, told=told, remedy="run this where the remote is reached")]
    others = [branch for branch in found if branch != step.branch]
    if not others:
        return []
    told = f"another promotion into {step.target} is open: {', '.join(others)}"
    return [Verdict(gate="open promotions", met=False, told=told, remedy="merge it, or close it and delete its branch")]


def _open(merged: Merged, step: Step) -> dict[str, str]:
    """The branches of promotions into the step's ring that are not merged yet, with their commits."""
    found = proposal.open_branches(merged.repository, merged.base, step.ring_branches)
    return {branch: commit for branch, commit in found.items() if not _merged_once(merged, step, branch, commit)}


def _merged_once(merged: Merged, step: Step, branch: str, commit: str) -> bool:
    """Whether what a branch carries has been in its ring since the branch was made: merged, squashed or rebased."""
    if merged.repository.find(commit) is None:
        try:
            merged.repository.plumb(["fetch", "--quiet", "--no-tags", merged.base.remote or ".", commit])
        except GitError:
            return False
    if merged.repository.is_ancestor(commit, merged.base.commit):
        return True
    stage, _, ring = step.target.partition("/")
    begun = merged.repository.merge_base_or_none(commit, merged.base.commit)
    for change in merged.history.changes(step.fleet, stage, ring):
        if begun is None or merged.repository.is_ancestor(change.commit.id, begun):
            return False
        if short(change.after) == branch.rpartition("/")[2]:
            return True
    return False


def carry_out(merged: Merged, decision: Decision, *, here: bool = False) -> Decision:
    """Write the commit of an allowed step, and propose it; an open promotion of the same is found again.

    Raises:
        EdgewrightError: the file cannot be edited, pushed or requested.
    """
    step, base, repository = decision.step, merged.base, merged.repository
    body = promotion_text.body(decision)
    stale = None
    if not here:
        # One look decides what is open and what may be replaced: a second one would take for stale what another person
        # has opened in between.
        stale = proposal.open_branches(repository, base, step.ring_branches).get(step.branch)
        if stale is not None and not _merged_once(merged, step, step.branch, stale):
            request = proposal.request_for(repository, base, step.branch, title=step.title, body=body)
            found = Proposed(stale, step.branch, pushed=base.remote is not None, request=request, new=False)
            return replace(decision, proposed=found)
    commit = _commit(merged, decision)
    if here:
        proposed = proposal.commit_here(repository, commit)
    else:
        try:
            proposed = proposal.propose(
                repository, base, commit, step.branch, title=step.title, body=body, replaces=stale
            )
        except GitError:
            # somebody else opened the same promotion between the look and the push
            open_now = _open(merged, step).get(step.branch)
            if open_now is None:
                raise
            request = proposal.request_for(repository, base, step.branch, title=step.title, body=body)
            found = Proposed(open_now, step.branch, pushed=True, request=request, new=False)
            return replace(decision, proposed=found)
    done = replace(decision, proposed=proposed)
    merged.ledger.append([_event(merged, done)])
    return done


def _commit(merged: Merged, decision: Decision) -> str:
    step = decision.step
    source_stage, _, source_ring = step.source.partition("/")
    target_stage, _, target_ring = step.target.partition("/")
    source, target = stage_file(step.fleet, source_stage), stage_file(step.fleet, target_stage)
    text = with_release(
        merged.text(target), target_ring, merged.text(source), source_ring, file=target, source_file=source
    )
    return proposal.commit_files(
        merged.repository, merged.base.commit, {target: text}, promotion_text.message(decision)
    )


def _event(merged: Merged, decision: Decision) -> Promoted:
    step, proposed = decision.step, decision.proposed
    return Promoted(
        at=ledger_events.written(ledger_events.now()),
        by=merged.repository.operator(),
        fleet=step.fleet,
        ring=step.target,
        release=step.release,
        commit=proposed.commit if proposed else None,
        source=step.source,
        previous=step.previous,
        deployment=decision.deployment,
        branch=proposed.branch if proposed else None,
        request=proposed.request if proposed else None,
        gates=tuple(verdict.evidence for verdict in decision.verdicts),
    )
