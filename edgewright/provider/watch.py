"""Watching a revision until its verdict is certain, the deadline has passed, or the user has interrupted.

One look costs one call (DescribeJob), one more only while devices might be offline. Looks become rarer while nothing
changes. A thing has no job; it is judged by what it reports itself (ListEffectiveDeployments). A revision that would
pass is confirmed by what its devices report as installed, one call a device, for as many devices as asked.

Longer than other modules: it is one loop, and what each look concludes rests on what the looks before it saw.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol

from edgewright.aws.errors import AwsError
from edgewright.provider.cloud import is_group, target_name
from edgewright.provider.confirm import Report, Standing, judge_installed
from edgewright.provider.plugin import Context
from edgewright.provider.verdict import Counts, Outcome, Policy, Verdict, judge, progress

# While nothing changes, the pause grows by this factor, up to so many times the base.
_GROWTH = 1.5
_LONGEST = 4.0
_FAILURES = ("FAILED", "REJECTED", "TIMED_OUT")
_NAMED = 10
_PASSING = frozenset({"Throttling", "InternalError"})


class Interrupted(Exception):  # noqa: N818 -- not an error: the user pressed Ctrl-C
    """The user interrupted while a revision was watched."""


class Watched(Protocol):
    """What of the cloud is looked at; see `edgewright.provider.cloud.Cloud`."""

    poll: float
    pickup: float

    async def members(self, group: str) -> list[str]:
        """Return the things of a group."""
        ...

    async def job(self, job_id: str) -> dict[str, Any]:
        """Return an IoT job with its counts."""
        ...

    async def executions(self, job_id: str, status: str) -> list[str]:
        """Return the things whose execution of a job is in a status."""
        ...

    async def effective_deployment(self, thing: str, deployment_id: str) -> dict[str, Any] | None:
        """Return what a core device reports of a deployment."""
        ...

    async def execution_details(self, job_id: str, thing: str) -> dict[str, str]:
        """Return what a device wrote into its execution."""
        ...

    async def installed(self, thing: str) -> list[dict[str, Any]]:
        """Return the root components that a core device reports as installed."""
        ...


@dataclass(frozen=True)
class Revision:
    """A revision to watch.

    Attributes:
        target: The ARN of its thing or thing group.
        deployment_id: Its id.
        job_id: Its job; None for a thing.
        components: The version of each of its components, which devices must report as installed.
        created: When it was created, to tell a report about it from one before.
    """

    target: str
    deployment_id: str
    job_id: str | None
    components: Mapping[str, str] = field(default_factory=dict)
    created: datetime | None = None


@dataclass
class Watch:
    """One wait for one revision.

    Attributes:
        cloud: Where to look.
        revision: What to look at.
        policy: What must be seen.
        seconds: How long to look; 0 does not look at all.
        offline: Devices that were found offline, at first those of a wait before.
        confirm: Of how many devices to confirm the installed components at most; 0 confirms none.
        notes: What a person should know beside the verdict, in sentences.
    """

    cloud: Watched
    revision: Revision
    policy: Policy
    seconds: float
    offline: set[str] = field(default_factory=set)
    confirm: int = 0
    notes: list[str] = field(default_factory=list)
    _queued_since: dict[str, float] = field(default_factory=dict)
    _members: int = 0
    _contradicted: dict[str, str] = field(default_factory=dict)

    async def verdict(self, context: Context, *, label: str = "") -> Verdict:
        """Look until the verdict is certain, and show the progress.

        Args:
            context: Where progress is shown; its ``cancelled`` ends the wait.
            label: What to put before the line of progress.

        Raises:
            Interrupted: the user pressed Ctrl-C.
            AwsError: AWS could not be asked.
        """
        if self.seconds <= 0:
            return Verdict(Outcome.PASSED, "not waited for (wait.timeoutSeconds is 0)")
        started = time.monotonic()
        pause, said = self.cloud.poll, ""
        while True:
            now = time.monotonic()
            left = self.seconds - (now - started)
            try:
                counts = await self._look(now)
            except AwsError as error:
                # Beyond the retries of a call: devices go on all the same, so the next look may tell.
                if error.family not in _PASSING or left <= 0:
                    raise
                said, pause = "", min(pause * _GROWTH, self.cloud.poll * _LONGEST)
                await context.status(f"{label}AWS answers {error.code}; looking again")
                await _pause(context, min(pause, left))
                continue
            verdict = judge(counts, self.policy, expired=left <= 0)
            if verdict.outcome is Outcome.PASSED and counts.succeeded and self.confirm and self.revision.components:
                verdict = await self._confirmed(context, counts, max(left, 0), label)
            if verdict.outcome is not Outcome.PENDING:
                if counts.expected and left <= 0:
                    self.notes.extend(await self._stragglers())
                return verdict
            if verdict.reason == said:
                pause = min(pause * _GROWTH, self.cloud.poll * _LONGEST)
            else:
                pause, said = self.cloud.poll, verdict.reason
                await context.status(f"{label}{said}")
            await _pause(context, min(pause, max(left, 0.01)))

    async def _confirmed(self, context: Context, counts: Counts, left: float, label: str) -> Verdict:
        """Judge again, with those among the succeeded devices as failed that report something else as installed."""
        succeeded = await self._succeeded()
        asked = sorted(succeeded)[: self.confirm]
        await context.status(f"{label}{progress(counts)}; reading what they report as installed")
        # Reports follow the end of a deployment at once; a device that can report has within the time to pick one up.
        deadline = time.monotonic() + min(left, self.cloud.pickup)
        reports: dict[str, Report] = {}
        waiting = asked
        while waiting:
            try:
                found = await asyncio.gather(*(self._report(thing) for thing in waiting))
            except AwsError as error:
                self.notes.append(f"What devices report as installed is not to be had: {error}")
                break
            reports.update(zip(waiting, found, strict=True))
            waiting = [
                thing
                for thing in waiting
                if reports[thing].standing is not Standing.CONFIRMED and not reports[thing].final
            ]
            if not waiting or time.monotonic() >= deadline:
                break
            await _pause(context, min(self.cloud.poll, max(deadline - time.monotonic(), 0.01)))
        self._contradicted = {
            thing: report.reason for thing, report in reports.items() if report.standing is Standing.CONTRADICTED
        }
        wrong = len(self._contradicted)
        verdict = judge(
            replace(counts, succeeded=counts.succeeded - wrong, failed=counts.failed + wrong),
            self.policy,
            expired=left <= 0,
        )
        if verdict.outcome is Outcome.PASSED:
            self.notes.extend(f"{thing} {reason}" for thing, reason in sorted(self._contradicted.items())[:_NAMED])
            still = {thing: report.reason for thing, report in reports.items() if report.standing is Standing.OPEN}
            if still:
                self.notes.append(_unconfirmed(still))
        if verdict.outcome is Outcome.PASSED and len(asked) < len(succeeded):
            return replace(verdict, reason=f"{verdict.reason}; confirmed on {len(asked)} of {len(succeeded)}")
        return verdict

    async def _succeeded(self) -> list[str]:
        if self.revision.job_id is not None and is_group(self.revision.target):
            return await self.cloud.executions(self.revision.job_id, "SUCCEEDED")
        return [target_name(self.revision.target)]

    async def _report(self, thing: str) -> Report:
        return judge_installed(
            await self.cloud.installed(thing),
            self.revision.components,
            deployment_id=self.revision.deployment_id,
            created=self.revision.created,
        )

    async def _stragglers(self) -> list[str]:
        """Return a sentence that names who has not ended yet."""
        begun: list[str] = []
        if self.revision.job_id is not None and is_group(self.revision.target):
            begun = await self.cloud.executions(self.revision.job_id, "IN_PROGRESS")
            queued = await self.cloud.executions(self.revision.job_id, "QUEUED")
        else:
            queued = [target_name(self.revision.target)]
        states = {
            **dict.fromkeys(begun, "in progress"),
            **{thing: "offline" if thing in self.offline else "not begun" for thing in queued},
        }
        named = [f"{thing} ({state})" for thing, state in sorted(states.items())]
        return [f"Still to come: {_listed(named)}"] if named else []

    async def failures(self) -> list[str]:
        """Return what the devices that failed say, one line each, at most ten and then a count."""
        lines = [f"{thing}: {reason}" for thing, reason in sorted(self._contradicted.items())]
        lines, more = lines[:_NAMED], len(lines[_NAMED:])
        if self.revision.job_id is None or not is_group(self.revision.target):
            return lines or [await self._failure(target_name(self.revision.target), "FAILED")]
        for status in _FAILURES:
            for thing in sorted(await self.cloud.executions(self.revision.job_id, status)):
                if len(lines) < _NAMED:
                    lines.append(await self._failure(thing, status))
                else:
                    more += 1
        return [*lines, f"and {more} more"] if more else lines

    async def _look(self, now: float) -> Counts:
        if self.revision.job_id is not None and is_group(self.revision.target):
            return await self._look_at_job(self.revision.job_id, now)
        return await self._look_at_thing(now)

    async def _look_at_job(self, job_id: str, now: float) -> Counts:
        job = await self.cloud.job(job_id)
        details = job.get("jobProcessDetails") or {}
        number = {key: int(details.get(f"numberOf{key}Things") or 0) for key in _STATES}
        offered = number["Queued"]
        known = sum(number.values()) - number["Removed"]
        if self._members < known or not self._members:
            self._members = len(await self.cloud.members(target_name(self.revision.target)))
        offline = await self._offline(job_id, now) if offered else set()
        missing = max(self._members - known, 0)
        return Counts(
            members=max(self._members, known),
            succeeded=number["Succeeded"],
            failed=number["Failed"] + number["Rejected"] + number["TimedOut"],
            rejected=number["Rejected"],
            timed_out=number["TimedOut"],
            in_progress=number["InProgress"],
            offered=max(offered - len(offline), 0),
            unoffered=missing,
            offline=min(len(offline), offered),
            stopped=number["Canceled"],
            cancelled=job.get("status") in {"CANCELED", "DELETION_IN_PROGRESS"},
        )

    async def _offline(self, job_id: str, now: float) -> set[str]:
        queued = await self.cloud.executions(job_id, "QUEUED")
        return self._late(queued, now)

    async def _look_at_thing(self, now: float) -> Counts:
        thing = target_name(self.revision.target)
        report = await self.cloud.effective_deployment(thing, self.revision.deployment_id)
        status = (report or {}).get("coreDeviceExecutionStatus", "QUEUED")
        if status in {"SUCCEEDED", "COMPLETED"}:
            return Counts(members=1, succeeded=1)
        if status in _FAILURES:
            return Counts(members=1, failed=1, rejected=int(status == "REJECTED"), timed_out=int(status == "TIMED_OUT"))
        if status == "CANCELED":
            return Counts(members=1, stopped=1, cancelled=True)
        if status == "IN_PROGRESS":
            return Counts(members=1, in_progress=1)
        late = bool(self._late([thing], now))
        return Counts(members=1, offline=int(late), offered=int(not late))

    def _late(self, queued: Iterable[str], now: float) -> set[str]:
        """Return those of ``queued`` that have not begun for so long that they must be offline."""
        waiting = set(queued)
        # One that began has shown that it is online, whatever was thought of it before.
        self.offline &= waiting
        for thing in waiting:
            since = self._queued_since.setdefault(thing, now)
            if now - since >= self.cloud.pickup:
                self.offline.add(thing)
        return set(self.offline)

    async def _failure(self, thing: str, status: str) -> str:
        report = await self.cloud.effective_deployment(thing, self.revision.deployment_id) or {}
        details: dict[str, str] = {}
        if self.revision.job_id is not None:
            details = await self.cloud.execution_details(self.revision.job_id, thing)
        stack = (report.get("statusDetails") or {}).get("errorStack") or ()
        result = details.get("detailed-deployment-status") or status
        reason = str(report.get("reason") or details.get("deployment-failure-cause") or "the device gave no reason")
        text = f"{thing}: {reason}" if reason.startswith(result) else f"{thing}: {result}: {reason}"
        return f"{text} ({' > '.join(stack)})" if stack else text


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def _unconfirmed(still: Mapping[str, str]) -> str:
    named = [f"{thing} ({reason})" for thing, reason in sorted(still.items())]
    devices = "1 device has" if len(named) == 1 else f"{len(named)} devices have"
    return f"{devices} taken the revision but not confirmed it by what is installed: {_listed(named)}"


_STATES = ("Succeeded", "Failed", "Rejected", "TimedOut", "InProgress", "Queued", "Canceled", "Removed")


async def _pause(context: Context, seconds: float) -> None:
    if context.cancelled.is_set():
        raise Interrupted
    try:
        async with asyncio.timeout(seconds):
            await context.cancelled.wait()
    except TimeoutError:
        return
    raise Interrupted
