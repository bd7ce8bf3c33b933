"""Whether a release may leave a ring for the next: every condition, what it says, and when it could be met.

Judged is one release in one deployment: what devices, tests, metrics and people say counts only for the deployment
that carries the release in the ring before. So a result of an older deployment, or the health of devices that run
something else, never opens a gate. Everything here is a pure function of what was read before; what could not be
read leaves its gate unmet.

Longer than other modules, because it is one table: a function for each gate, and the order in which they are told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from edgewright.aws.reading import Facet, RingReading
from edgewright.gitops.events import AnyEvent, Approved, GateEvidence, TestRecorded
from edgewright.manifest.controls import Controls, short
from edgewright.manifest.gates import Gates, MetricGate
from edgewright.manifest.types import format_duration, format_percent
from edgewright.manifest.windows import Window, frozen

_SHOWN = 3
"""Devices named in a sentence."""
_STATED = 1000


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What one gate says."""

    gate: str
    met: bool
    told: str
    """What was measured against what is wanted."""
    when: datetime | None = None
    """The earliest time at which it could be met by waiting; None where waiting is not enough, or it is met."""
    remedy: str = ""
    """What to do where waiting is not enough."""
    passed_over: str | None = None
    """Why it does not count although it is not met."""

    @property
    def open(self) -> bool:
        """Whether it lets the release go on."""
        return self.met or self.passed_over is not None

    @property
    def evidence(self) -> GateEvidence:
        """The verdict as the ledger keeps it."""
        return GateEvidence(gate=self.gate, met=self.met, told=self.told[:_STATED], passed_over=self.passed_over)


@dataclass(frozen=True, kw_only=True)
class Case:
    """A release that wants to go from a ring to the next, and everything that was read about it."""

    fleet: str
    source: str
    target: str
    """Rings as ``stage/ring``."""
    release: str
    gates: Gates
    """Of the source."""
    controls: Controls
    windows: Sequence[Window]
    events: Sequence[AnyEvent]
    authors: frozenset[str] | str
    """Mail addresses of those who wrote the release, in lower case; text says why that cannot be said."""
    reading: RingReading | None
    """The source, live; None when AWS could not be asked."""
    unread: str = ""
    """Why AWS could not be asked."""
    metric: Callable[[MetricGate, datetime], float | str | None] = lambda _gate, _since: None
    """The value of a metric since a time; None without data; text says why it could not be read."""
    alarms: Mapping[str, tuple[str, str]] | str = ""
    """States of alarms by name; text says why they could not be read."""
    now: datetime

    @property
    def stage(self) -> str:
        """The target's stage."""
        return self.target.partition("/")[0]


def judge(case: Case) -> list[Verdict]:
    """Return the verdict of every gate that there is for the case, in the order in which people want to read them."""
    found = [_stop(case), _quarantine(case), _hold(case), _window(case)]
    carried = _deployment(case)
    found.append(carried)
    gates = case.gates
    if gates.bake is not None:
        found.append(_bake(case, gates.bake, carried=carried.met))
    if gates.healthy is not None:
        found.append(_healthy(case, gates.healthy, carried=carried.met))
    found += [_test(case, name) for name in gates.tests]
    found += [_metric(case, gate, carried=carried.met) for gate in gates.metrics]
    found += [_alarm(case, name) for name in gates.alarms]
    if gates.approvals:
        found.append(_approvals(case, gates.approvals))
    return found


def _stop(case: Case) -> Verdict:
    stop = case.controls.stop(case.fleet)
    if stop is None:
        return Verdict(gate="stop", met=True, told="the line runs")
    whom = case.fleet if case.controls.stops.get(case.fleet) is stop else "--all"
    return Verdict(
        gate="stop",
        met=False,
        told=f"the line is stopped: {stop}",
        remedy=f"edgewright resume {whom} --reason ..., when the reason is gone",
    )


def _quarantine(case: Case) -> Verdict:
    found = case.controls.quarantine(case.release)
    if found is None:
        return Verdict(gate="quarantine", met=True, told="the release is not in quarantine")
    return Verdict(
        gate="quarantine",
        met=False,
        told=f"the release is in quarantine: {found}",
        remedy="promote another release, or edgewright release, when the reason is gone",
    )


def _hold(case: Case) -> Verdict:
    found = case.controls.hold(case.fleet, case.target, case.release)
    if found is None:
        return Verdict(gate="hold", met=True, told=f"nothing holds the release back from {case.target}")
    return Verdict(
        gate="hold",
        met=False,
        told=f"the release is held back from {case.target}: {found}",
        remedy=f"edgewright release {case.fleet} {case.target} --reason ..., when the reason is gone",
    )


def _window(case: Case) -> Verdict:
    found = frozen(case.windows, fleet=case.fleet, stage=case.stage, at=case.now)
    if found is None:
        return Verdict(gate="window", met=True, told=f"no freeze in {case.stage}")
    return Verdict(gate="window", met=False, told=f"frozen: {found.reason}", when=found.until)


def _deployment(case: Case) -> Verdict:
    """The latest deployment of the ring before is the one that carries the release."""
    wanted = short(case.release)
    reading = case.reading
    if reading is None or Facet.DEPLOYMENT not in reading.known:
        gaps = [str(gap) for gap in reading.gaps] if reading is not None else []
        told = f"the deployment of {case.source} could not be read: {case.unread or '; '.join(gaps[:_SHOWN])}"
        return Verdict(gate="deployment", met=False, told=told, remedy="run this where AWS can be asked")
    latest = reading.deployment
    if latest is None:
        told = f"{case.source} has no deployment, so nothing has run {wanted} yet"
        return Verdict(gate="deployment", met=False, told=told, remedy=f"pulumi up of {case.source.partition('/')[0]}")
    if latest.release != case.release:
        runs = f"release {short(latest.release)}" if latest.release else "no release of Edgewright's (made by hand?)"
        told = f"the latest deployment of {case.source}, {latest.id}, carries {runs}, and Git says {wanted}"
        remedy = f"pulumi up of {case.source.partition('/')[0]}"
        remedy += f"; after one that failed, edgewright rollback {case.fleet} --ring {case.source} --failed"
        return Verdict(gate="deployment", met=False, told=told, remedy=remedy)
    if latest.status in ("CANCELED", "FAILED"):
        told = f"deployment {latest.id} carries {wanted} in {case.source} and is {latest.status}"
        return Verdict(gate="deployment", met=False, told=told, remedy=f"edgewright status {case.fleet}")
    return Verdict(gate="deployment", met=True, told=f"deployment {latest.id} carries {wanted} in {case.source}")


def _bake(case: Case, wanted: int, *, carried: bool) -> Verdict:
    asked = format_duration(wanted)
    hold = case.controls.restored(case.fleet, case.target, case.release)
    passed = None
    if hold is not None and hold.fast_track:
        passed = f"fast track: {case.target} goes back to this release ({hold.reason})"
    if not carried or case.reading is None:
        told = f"0s of {asked}: no deployment carries the release"
        return Verdict(gate="bake", met=False, told=told, passed_over=passed)
    if not {Facet.MEMBERS, Facet.EXECUTIONS} <= case.reading.known:
        told = f"it could not be read since when devices of {case.source} have the release"
        return Verdict(gate="bake", met=False, told=told, remedy="run this again", passed_over=passed)
    since = case.reading.taken_at
    if since is None:
        told = f"0s of {asked}: no device of {case.source} has taken it yet"
        return Verdict(gate="bake", met=False, told=told, remedy="bring a device online", passed_over=passed)
    baked = max(case.now - since, timedelta())
    told = f"{_span(baked)} of {asked} since the last of {len(case.reading.taken)} devices took it"
    met = baked >= timedelta(seconds=wanted)
    when = None if met else since + timedelta(seconds=wanted)
    return Verdict(gate="bake", met=met, told=told, when=when, passed_over=None if met else passed)


def _healthy(case: Case, wanted: float, *, carried: bool) -> Verdict:
    asked = format_percent(wanted)
    if not carried or case.reading is None:
        return Verdict(gate="healthy", met=False, told=f"needs {asked}: no deployment carries the release")
    age = timedelta(seconds=case.gates.status_age)
    share = case.reading.healthy_share(max_age=age)
    online = case.reading.online(max_age=age)
    if share is None:
        if {Facet.MEMBERS, Facet.REPORTS, Facet.EXECUTIONS} <= case.reading.known:
            told = f"needs {asked}: no device of {case.source} is online"
            return Verdict(gate="healthy", met=False, told=told, remedy="bring a device online")
        why = "; ".join(str(gap) for gap in case.reading.gaps[:_SHOWN])
        return Verdict(gate="healthy", met=False, told=f"could not be read: {why}", remedy="run this again")
    well = len(case.reading.healthy(max_age=age))
    away = len(case.reading.devices) - len(online)
    told = f"{well} of {len(online)} online devices ({format_percent(share)}) of {asked}"
    told += f", {away} offline do not count" if away else ""
    met = share >= wanted
    if not met:
        ill = [each for each in case.reading.stragglers(max_age=age) if each.online]
        told += ": " + "; ".join(f"{each.thing}: {each.why}" for each in ill[:_SHOWN])
        told += f" and {len(ill) - _SHOWN} more" if len(ill) > _SHOWN else ""
    return Verdict(gate="healthy", met=met, told=told, remedy="" if met else f"edgewright status {case.fleet}")


def _test(case: Case, name: str) -> Verdict:
    """The newest result of a test for this release in this deployment decides."""
    remedy = f"edgewright record test {case.fleet} {case.source} {name} --file RESULT.json"
    results = [
        event
        for event in case.events
        if isinstance(event, TestRecorded)
        and (event.name, event.ring, event.release) == (name, case.source, case.release)
    ]
    here = [event for event in results if _of_this_deployment(case, event)]
    if not here:
        older = " (a result of an earlier deployment does not count)" if results else ""
        told = f"{name} has no result for {short(case.release)} in {case.source}{older}"
        return Verdict(gate=f"test {name}", met=False, told=told, remedy=remedy)
    last = here[-1]
    summary = f": {last.summary}" if last.summary else ""
    told = f"{name} {'passed' if last.passed else 'failed'} at {last.at}, recorded by {last.by}{summary}"
    return Verdict(gate=f"test {name}", met=last.passed, told=told, remedy="" if last.passed else remedy)


def _of_this_deployment(case: Case, event: TestRecorded) -> bool:
    latest = case.reading.deployment if case.reading is not None else None
    if latest is None:
        return False
    return event.deployment == latest.id if event.deployment else event.instant >= latest.created


def _metric(case: Case, gate: MetricGate, *, carried: bool) -> Verdict:
    bounds = " and ".join(
        [
            *([f"at least {gate.min:g}"] if gate.min is not None else []),
            *([f"at most {gate.max:g}"] if gate.max is not None else []),
        ]
    )
    title = f"metric {gate.name}"
    wanted = f"{gate.statistic} over {format_duration(gate.window)} must be {bounds}"
    latest = case.reading.deployment if case.reading is not None else None
    if not carried or case.reading is None or latest is None:
        return Verdict(gate=title, met=False, told=f"{wanted}: no deployment carries the release")
    since = max(case.now - timedelta(seconds=gate.window), case.reading.taken_at or latest.created)
    value = case.metric(gate, since)
    if value is None:
        told = f"{wanted}: there is no data since {_clock(since)}"
        return Verdict(
            gate=title, met=False, told=told, remedy="look whether devices publish it, with these dimensions"
        )
    if isinstance(value, str):
        return Verdict(gate=title, met=False, told=f"could not be read: {value}", remedy="run this again")
    met = (gate.min is None or value >= gate.min) and (gate.max is None or value <= gate.max)
    told = f"{value:.6g} since {_clock(since)}; {wanted}"
    return Verdict(gate=title, met=met, told=told, remedy="" if met else "roll back, or wait for another release")


def _alarm(case: Case, name: str) -> Verdict:
    title = f"alarm {name}"
    if isinstance(case.alarms, str):
        return Verdict(gate=title, met=False, told=f"could not be read: {case.alarms}", remedy="run this again")
    state, reason = case.alarms.get(name, ("not there", ""))
    told = f"is {state}" + (f": {reason}" if reason and state != "OK" else "")
    remedy = {"OK": "", "not there": "correct its name in the gate"}.get(state, "look at the alarm in CloudWatch")
    return Verdict(gate=title, met=state == "OK", told=told, remedy=remedy)


def _approvals(case: Case, wanted: int) -> Verdict:
    given = {
        event.by.casefold(): event
        for event in case.events
        if isinstance(event, Approved) and (event.ring, event.release) == (case.source, case.release)
    }
    if isinstance(case.authors, str):
        return Verdict(gate="approvals", met=False, told=f"cannot be counted: {case.authors}")
    counting = [event.by for who, event in given.items() if who not in case.authors]
    own = [event.by for who, event in given.items() if who in case.authors]
    told = f"{len(counting)} of {wanted}"
    told += f" ({', '.join(counting)})" if counting else ""
    told += f"; {', '.join(own)} wrote the release and cannot approve it" if own else ""
    met = len(counting) >= wanted
    remedy = "" if met else f"edgewright approve {case.fleet} {case.source}, by somebody who did not write the release"
    return Verdict(gate="approvals", met=met, told=told, remedy=remedy)


def _span(span: timedelta) -> str:
    """A span in the two largest units, rounded down."""
    seconds = int(span.total_seconds())
    parts = []
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts[:2]) or "0s"


def _clock(instant: datetime) -> str:
    return instant.isoformat(timespec="minutes").replace("+00:00", "Z")
