"""IoT jobs that really roll out.

Sources: the AWS IoT developer guide, chapter Jobs ("Job rollout, abort, and timeout configurations"), and the
reference of the jobs data plane. A rate of N per minute releases up to N executions at the start of each minute of
the sandbox's clock; the guide does not say how AWS spreads them. A cancelled job leaves executions that are in
progress alone, unless it is forced. One module: execution, rollout and job are one state machine.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from moto.core.utils import utcnow
from moto.iot.models import FakeJob, FakeJobExecution

from edgewright.sandbox.iot.exceptions import InvalidRequest, InvalidStateTransition, VersionMismatch
from edgewright.sandbox.world import MINUTE, world

WAITING = frozenset({"QUEUED", "IN_PROGRESS"})
REPORTED = frozenset({"IN_PROGRESS", "SUCCEEDED", "FAILED", "REJECTED"})
"""States that a device may report."""
EXECUTED = frozenset({"SUCCEEDED", "FAILED", "REJECTED", "TIMED_OUT"})
"""States that count as executed for abort criteria."""
DEFAULT_RATE = 1000.0  # executions a minute
_COUNTS = {
    "QUEUED": "numberOfQueuedThings",
    "IN_PROGRESS": "numberOfInProgressThings",
    "SUCCEEDED": "numberOfSucceededThings",
    "FAILED": "numberOfFailedThings",
    "REJECTED": "numberOfRejectedThings",
    "TIMED_OUT": "numberOfTimedOutThings",
    "CANCELED": "numberOfCanceledThings",
    "REMOVED": "numberOfRemovedThings",
}


class Execution(FakeJobExecution):
    """A job on one thing."""

    def __init__(self, job: Job, thing_name: str, thing_arn: str, number: int) -> None:
        super().__init__(job.job_id, thing_arn)
        self.job = job
        self.thing_name = thing_name
        self.status = "QUEUED"
        self.started_at: datetime | None = None
        self.execution_number = number
        self.version_number = 1
        self.deadline: float | None = None
        self.queued_order = time.monotonic_ns()

    @property
    def approximate_seconds_before_time_out(self) -> int | None:
        """What is left of the in-progress time-out."""
        return None if self.deadline is None else max(0, round(self.deadline - world.clock.now()))

    @approximate_seconds_before_time_out.setter
    def approximate_seconds_before_time_out(self, _value: object) -> None:
        """Moto's constructor sets a constant."""

    def move(self, status: str, details: Mapping[str, str] | None = None) -> None:
        """Go to ``status``, keeping the count of versions that devices check."""
        before, self.status = self.status, status
        if details is not None:
            self.status_details_map = dict(details)
        if status == "IN_PROGRESS" and self.started_at is None:
            self.started_at = utcnow()
        if status not in WAITING:
            self.deadline = None
        self.job.moved(self, before)
        self.version_number += 1
        now = utcnow()
        self.last_updated_at = now
        if before != status:
            self.job.last_updated_at = now

    def report(self, status: str, details: Mapping[str, str] | None, expected: int | None) -> None:
        """UpdateJobExecution of the data plane.

        Raises:
            InvalidRequest: a status that devices cannot report.
            InvalidStateTransition: the execution has come to its end.
            VersionMismatch: somebody else has updated it meanwhile.
        """
        if status not in REPORTED:
            raise InvalidRequest(f"{status} is not a status that a device can report")
        if self.status not in WAITING:
            raise InvalidStateTransition(
                f"Invalid state transition from {self.status} to {status}", self.state_document()
            )
        if expected is not None and expected != self.version_number:
            raise VersionMismatch(
                f"Expected version {expected} but the current version is {self.version_number}", self.state_document()
            )
        self.move(status, details)

    def state_document(self) -> dict[str, Any]:
        """The ``executionState`` of data plane answers."""
        return {
            "status": self.status,
            "statusDetails": self.status_details_map,
            "versionNumber": self.version_number,
        }

    def data(self, *, document: bool) -> dict[str, Any]:
        """The execution as the data plane shows it; times are seconds since 1970."""
        result: dict[str, Any] = {
            "jobId": self.job_id,
            "thingName": self.thing_name,
            "status": self.status,
            "statusDetails": self.status_details_map,
            "queuedAt": _seconds(self.queued_at),
            "lastUpdatedAt": _seconds(self.last_updated_at),
            "versionNumber": self.version_number,
            "executionNumber": self.execution_number,
        }
        if self.started_at is not None:
            result["startedAt"] = _seconds(self.started_at)
        if self.deadline is not None:
            result["approximateSecondsBeforeTimedOut"] = self.approximate_seconds_before_time_out
        if document:
            result["jobDocument"] = self.job.document
        return result

    def summary(self) -> dict[str, Any]:
        """The execution in lists of pending executions."""
        whole = self.data(document=False)
        wanted = ("jobId", "queuedAt", "startedAt", "lastUpdatedAt", "versionNumber", "executionNumber")
        return {key: whole[key] for key in wanted if key in whole}


def _seconds(moment: Any) -> int:
    return int((moment - type(moment)(1970, 1, 1)).total_seconds())


@dataclass
class Rollout:
    """How many executions may be released now."""

    rate: float = DEFAULT_RATE
    most: float = DEFAULT_RATE
    factor: float = 1.0
    after_notified: int | None = None
    after_succeeded: int | None = None
    _reached: int = 0
    _window: float | None = None
    _released: int = 0

    @classmethod
    def of(cls, config: Mapping[str, Any] | None) -> Rollout:
        """From ``jobExecutionsRolloutConfig``."""
        config = config or {}
        most = float(config.get("maximumPerMinute") or DEFAULT_RATE)
        growth = config.get("exponentialRate")
        if not growth:
            return cls(rate=most, most=most)
        criteria = growth.get("rateIncreaseCriteria") or {}
        return cls(
            rate=min(float(growth["baseRatePerMinute"]), most),
            most=most,
            factor=float(growth["incrementFactor"]),
            after_notified=criteria.get("numberOfNotifiedThings"),
            after_succeeded=criteria.get("numberOfSucceededThings"),
        )

    def allowance(self, now: float, notified: int, succeeded: int) -> int:
        """How many more may be released at ``now``; the rate grows between minutes, one step at a time."""
        if self._window is None or now - self._window >= MINUTE:
            # windows follow one another; a pause does not save up releases
            skipped = 0 if self._window is None else int((now - self._window) // MINUTE)
            self._window = now if self._window is None else self._window + skipped * MINUTE
            self._released = 0
            threshold = self.after_notified or self.after_succeeded
            reached = notified if self.after_notified else succeeded
            if threshold and reached - self._reached >= threshold:
                self._reached = reached
                self.rate = min(self.rate * self.factor, self.most)
        return max(0, int(self.rate) - self._released)

    def spend(self, count: int) -> None:
        """Note that ``count`` were released."""
        self._released += count


@dataclass
class _Pending:
    names: dict[str, str] = field(default_factory=dict)
    """ARN by thing name, in the order in which they joined."""


class Job(FakeJob):
    """A job with executions, a rollout and an end."""

    def __init__(self, *, members: Callable[[], Mapping[str, str]], **attributes: Any) -> None:
        super().__init__(**attributes)
        self.target_selection = attributes.get("target_selection") or "SNAPSHOT"
        self.status = "IN_PROGRESS"
        self.executions: dict[str, Execution] = {}
        self._counts = dict.fromkeys(_COUNTS, 0)  # of executions by state: a job may have ten thousand
        self._timed: dict[str, Execution] = {}  # those whose time may run out
        self._members = members
        self._pending = _Pending()
        self._rollout = Rollout.of(self.job_executions_rollout_config)
        self._notified = 0

    @property
    def job_process_details(self) -> dict[str, Any]:
        """Counts by state; ``processingTargets`` while executions are still being released."""
        counts = {_COUNTS[status]: count for status, count in self._counts.items()}
        counts["numberOfQueuedThings"] += len(self._pending.names)
        targets = list(self.targets) if self._pending.names else []
        return {"processingTargets": targets, **counts}

    @job_process_details.setter
    def job_process_details(self, _value: object) -> None:
        """Moto's constructor sets a constant."""

    @property
    def continuous(self) -> bool:
        """Whether late joiners get the job too."""
        return bool(self.target_selection == "CONTINUOUS")

    def settle_members(self, *, first: bool = False) -> Iterable[Execution]:
        """Compare with the targets' things: newcomers wait for release, leavers' executions are removed."""
        if self.status != "IN_PROGRESS" or not (first or self.continuous):
            return []
        members = self._members()
        for name, arn in members.items():
            execution = self.executions.get(name)
            if execution is None or execution.status == "REMOVED":
                self._pending.names.setdefault(name, arn)
        removed = []
        for name in [name for name in self._pending.names if name not in members]:
            del self._pending.names[name]
        for name, execution in self.executions.items():
            if name not in members and execution.status in WAITING:
                execution.move("REMOVED")
                removed.append(execution)
        return removed

    def release(self) -> list[Execution]:
        """Queue executions for as many things as the rate allows now."""
        if self.status != "IN_PROGRESS" or not self._pending.names:
            return []
        released: list[Execution] = []
        while self._pending.names:
            allowance = self._rollout.allowance(world.clock.now(), self._notified, self._counts["SUCCEEDED"])
            if allowance <= 0:
                break
            for name in list(itertools.islice(self._pending.names, allowance)):
                arn = self._pending.names.pop(name)
                before = self.executions.get(name)
                execution = Execution(self, name, arn, 1 if before is None else before.execution_number + 1)
                self.forget(name)
                self.executions[name] = execution
                self._counts[execution.status] += 1
                released.append(execution)
                self._notified += 1
                self._rollout.spend(1)
        return released

    def moved(self, execution: Execution, before: str) -> None:
        """Count an execution in its new state; called by the execution itself."""
        if self.executions.get(execution.thing_name) is not execution:
            return  # it was deleted, or the thing has a newer one
        self._counts[before] -= 1
        self._counts[execution.status] += 1
        if execution.deadline is None:
            self._timed.pop(execution.thing_name, None)

    def forget(self, thing_name: str) -> None:
        """Drop the execution of a thing, if it has one."""
        execution = self.executions.pop(thing_name, None)
        if execution is not None:
            self._counts[execution.status] -= 1
            self._timed.pop(thing_name, None)

    def start_timer(self, execution: Execution, step_minutes: int | None = None) -> None:
        """Set the time-out of an execution that begins."""
        minutes = (self.timeout_config or {}).get("inProgressTimeoutInMinutes")
        limits = [float(m) for m in (minutes, step_minutes) if m]
        if limits:
            execution.deadline = world.clock.now() + min(limits) * MINUTE
            self._timed[execution.thing_name] = execution

    def time_out(self) -> list[Execution]:
        """End the executions whose time is over."""
        now = world.clock.now()
        late = [e for e in self._timed.values() if e.deadline is not None and e.deadline <= now]
        for execution in late:
            execution.move("TIMED_OUT")
        return late

    def judge(self) -> list[Execution]:
        """Abort when a criterion is met; complete a snapshot when all have ended. Returns what was cancelled."""
        if self.status != "IN_PROGRESS":
            return []
        executed = sum(self._counts[status] for status in EXECUTED)
        for criterion in (self.abort_config or {}).get("criteriaList", []):
            failures = ("FAILED", "REJECTED", "TIMED_OUT")
            kinds = failures if criterion["failureType"] == "ALL" else (criterion["failureType"],)
            failed = sum(self._counts[kind] for kind in kinds)
            share = 100 * failed / executed if executed else 0
            if failed and executed >= criterion["minNumberOfExecutedThings"]:  # noqa: SIM102 -- two thoughts
                if share >= criterion["thresholdPercentage"]:
                    self.reason_code = "AUTO_CANCELED"
                    self.comment = f"{criterion['failureType']} reached {share:.2f}% of {executed} things"
                    return self.cancel(force=False)
        done = not self._pending.names and not any(self._counts[status] for status in WAITING)
        if not self.continuous and done:
            self.status = "COMPLETED"
            self.completed_at = utcnow()
        return []

    def cancel(self, *, force: bool) -> list[Execution]:
        """Cancel what has not begun (with ``force`` also what has); nobody new gets the job."""
        self.status = "CANCELED"
        self.force = force
        self.completed_at = self.last_updated_at = utcnow()
        self._pending.names.clear()
        stopped = [e for e in self.executions.values() if e.status == "QUEUED" or (force and e.status in WAITING)]
        for execution in stopped:
            execution.force_canceled = force
            execution.move("CANCELED")
        return stopped

    @property
    def busy(self) -> bool:
        """Whether the clock may change something about this job."""
        return bool(self._pending.names or self._timed)
