"""What AWS says of a ring and its devices at one moment. Frozen, and without a judgement of what should be.

How AWS's data says that a core device is online: there is no such field. A nucleus reports its status when it starts,
with each deployment, when a component breaks, and else once a day (developer guide, "Check core device status"). So a
device counts as offline when its last report is older than ``max_age``, when it has never reported, or when the
latest deployment has been offered to it for longer than ``pickup`` and it has not begun. Everybody else is online.

Members are the denominator, not ListCoreDevices: that operation lists devices that have once taken a deployment of
the group, those that have left it included.

Longer than other modules: it is the record of one moment, and what can be said of a device without asking again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property

MAX_AGE = timedelta(hours=25)
"""A nucleus reports at least once a day; an hour more forgives a slow one."""
PICKUP = timedelta(seconds=60)
"""An online device begins a deployment within seconds of the offer."""

RUNNING = frozenset({"RUNNING", "FINISHED"})
"""States of a component that is well: a service that runs, a one-shot that has ended."""
BROKEN = frozenset({"ERRORED", "BROKEN"})
FAILED = frozenset({"FAILED", "REJECTED", "TIMED_OUT"})
"""States of an execution that ended badly."""


class Facet(StrEnum):
    """A part of a reading that is there whole, or is not."""

    DEPLOYMENT = "deployment"
    JOB = "job"
    MEMBERS = "members"
    REPORTS = "reports"
    """What every member last said of its health, and when."""
    EXECUTIONS = "executions"
    """Where every member is with the latest deployment."""
    COMPONENTS = "components"
    """What every member has installed."""


class Kind(StrEnum):
    """Why a device is a straggler, the worst first."""

    FAILED = "failed"
    BROKEN = "broken"
    OTHER = "other components"
    IN_PROGRESS = "in progress"
    WAITING = "waiting"
    STOPPED = "stopped"
    UNREACHED = "not reached"
    OFFLINE = "offline"
    UNKNOWN = "never reported"


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """The latest deployment of a ring's target."""

    id: str
    revision: str
    name: str
    created: datetime
    status: str
    """AWS's own; a live deployment of a thing group stays ACTIVE."""
    job_id: str | None
    components: Mapping[str, str]
    """Versions by name."""
    release: str | None
    """The digest of the release (tag ``edgewright:release``); None when somebody else made the deployment."""
    owner: str | None
    """``project/stack/resource`` that made it (tag ``edgewright:owner``)."""
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Job:
    """The counts of the IoT job that hands a deployment out (DescribeJob)."""

    id: str
    status: str
    queued: int = 0
    in_progress: int = 0
    succeeded: int = 0
    failed: int = 0
    rejected: int = 0
    timed_out: int = 0
    canceled: int = 0
    removed: int = 0

    @property
    def executed(self) -> int:
        """Devices that have ended, well or badly."""
        return self.succeeded + self.failed + self.rejected + self.timed_out


@dataclass(frozen=True, kw_only=True)
class Execution:
    """Where a device is with the latest deployment."""

    status: str
    """QUEUED, IN_PROGRESS, SUCCEEDED, FAILED, REJECTED, TIMED_OUT, CANCELED or REMOVED."""
    queued: datetime | None
    updated: datetime | None
    """When it came to this status."""


@dataclass(frozen=True, kw_only=True)
class Installed:
    """A component on a device, as the device reported it."""

    name: str
    version: str
    state: str
    """NEW, INSTALLED, STARTING, RUNNING, STOPPING, ERRORED, BROKEN or FINISHED."""
    details: str
    codes: tuple[str, ...]
    root: bool
    """Whether a deployment names it; else it is there because another component needs it."""
    source: str
    """The deployment that installed it, or LOCAL."""
    changed: datetime | None
    reported: datetime | None


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a device says of the latest deployment itself (ListEffectiveDeployments)."""

    status: str
    reason: str
    codes: tuple[str, ...]
    updated: datetime | None


@dataclass(frozen=True, kw_only=True)
class Device:
    """A member of a ring."""

    thing: str
    health: str | None = None
    """HEALTHY or UNHEALTHY; None when it has never reported, or was not asked for."""
    reported: datetime | None = None
    platform: str | None = None
    architecture: str | None = None
    runtime: str | None = None
    execution: Execution | None = None
    outcome: Outcome | None = None
    """Asked for devices that failed only."""
    installed: Mapping[str, Installed] | None = None
    """None when the device was not asked for its components."""

    @property
    def took(self) -> bool:
        """Whether it has taken the latest deployment with success."""
        return self.execution is not None and self.execution.status == "SUCCEEDED"

    @property
    def took_at(self) -> datetime | None:
        """When it took the latest deployment."""
        return self.execution.updated if self.execution is not None and self.took else None

    def online(self, now: datetime, *, max_age: timedelta = MAX_AGE, pickup: timedelta = PICKUP) -> bool:
        """Whether it can be expected to do what it is told; see the module."""
        if self.reported is None or now - self.reported > max_age:
            return False
        execution = self.execution
        late = execution is not None and execution.status == "QUEUED" and execution.queued is not None
        return not (late and now - execution.queued > pickup)  # type: ignore[union-attr, operator]


@dataclass(frozen=True, kw_only=True)
class Straggler:
    """A member that does not run the latest deployment well."""

    thing: str
    kind: Kind
    why: str
    since: datetime | None
    online: bool


@dataclass(frozen=True, kw_only=True)
class Gap:
    """Something that was not read."""

    what: str
    why: str
    things: tuple[str, ...] = ()
    """The devices that it is about; none when it is about the ring."""

    def __str__(self) -> str:
        """One line; of many devices it says how many."""
        if not self.things:
            return f"{self.what}: {self.why}"
        whom = self.things[0] if len(self.things) == 1 else f"{len(self.things)} devices"
        return f"{self.what} of {whom}: {self.why}"


@dataclass(frozen=True, kw_only=True)
class RingReading:
    """A ring as AWS knows it at ``at``. What could not be read is in ``gaps``, and nothing is guessed in its place."""

    fleet: str
    stage: str
    ring: str
    target: str
    """ARN of the thing group."""
    at: datetime
    exists: bool | None
    """Whether the thing group is there; None when that could not be read."""
    known: frozenset[Facet]
    """What was read whole. Without ``DEPLOYMENT`` the absence of one says nothing; and so on."""
    deployment: Deployment | None
    job: Job | None
    devices: tuple[Device, ...]
    """The members that are known, sorted by name; all of them if ``MEMBERS`` is known."""
    gaps: tuple[Gap, ...] = ()

    @property
    def path(self) -> str:
        """``stage/ring``."""
        return f"{self.stage}/{self.ring}"

    @property
    def complete(self) -> bool:
        """Whether everything that was asked for was read."""
        return not self.gaps

    @cached_property
    def by_thing(self) -> Mapping[str, Device]:
        """The devices by their thing's name."""
        return {device.thing: device for device in self.devices}

    @property
    def taken(self) -> tuple[Device, ...]:
        """The members that have taken the latest deployment."""
        return tuple(device for device in self.devices if device.took)

    @property
    def taken_at(self) -> datetime | None:
        """Since when every device that has taken the latest deployment has it; None when nobody has."""
        moments = [device.took_at for device in self.devices if device.took_at is not None]
        return max(moments, default=None)

    def online(self, *, max_age: timedelta = MAX_AGE, pickup: timedelta = PICKUP) -> tuple[Device, ...]:
        """The members that are online."""
        return tuple(device for device in self.devices if device.online(self.at, max_age=max_age, pickup=pickup))

    def healthy(self, *, max_age: timedelta = MAX_AGE, pickup: timedelta = PICKUP) -> tuple[Device, ...]:
        """The online members that run the latest deployment well."""
        return tuple(
            device
            for device in self.online(max_age=max_age, pickup=pickup)
            if self._trouble(device, online=True) is None
        )

    def healthy_share(self, *, max_age: timedelta = MAX_AGE, pickup: timedelta = PICKUP) -> float | None:
        """The healthy share of the online members, 0 to 1; None when none is online, or it cannot be said."""
        if self.deployment is None or not {Facet.MEMBERS, Facet.REPORTS, Facet.EXECUTIONS} <= self.known:
            return None
        online = self.online(max_age=max_age, pickup=pickup)
        return len(self.healthy(max_age=max_age, pickup=pickup)) / len(online) if online else None

    def stragglers(self, *, max_age: timedelta = MAX_AGE, pickup: timedelta = PICKUP) -> tuple[Straggler, ...]:
        """The members that do not run the latest deployment well, the worst first, then by name."""
        if self.deployment is None:
            return ()
        found = []
        for device in self.devices:
            online = device.online(self.at, max_age=max_age, pickup=pickup)
            trouble = self._trouble(device, online=online)
            if trouble is not None:
                kind, why, since = trouble
                found.append(Straggler(thing=device.thing, kind=kind, why=why, since=since, online=online))
        order = list(Kind)
        return tuple(sorted(found, key=lambda each: (order.index(each.kind), each.thing)))

    def runs(self, device: Device, component: str) -> bool | None:
        """Whether a device runs the latest deployment's version of a component well; None when nobody can say.

        A device that was asked for its components answers itself. Of the others the job says that they took the
        deployment with all of its components.
        """
        version = None if self.deployment is None else self.deployment.components.get(component)
        if version is None:
            return None
        if device.installed is not None:
            found = device.installed.get(component)
            return found is not None and found.version == version and found.state in RUNNING
        if Facet.EXECUTIONS not in self.known:
            return None
        return device.took and device.health == "HEALTHY"

    def _trouble(self, device: Device, *, online: bool) -> tuple[Kind, str, datetime | None] | None:
        """What keeps a member from running the latest deployment well; None when nothing does."""
        execution = device.execution
        status = execution.status if execution is not None else None
        since = execution.updated if execution is not None else None
        if status in FAILED:
            return Kind.FAILED, _failure(device, str(status)), since
        if device.reported is None and device.health is None and not device.took:
            return Kind.UNKNOWN, "it has never reported to Greengrass", None
        if status is None or status == "REMOVED":
            if Facet.EXECUTIONS in self.known and not self._runs_all(device):
                why = "the rollout has not come to it yet" if online else "it has not been heard of for too long"
                return (Kind.UNREACHED if online else Kind.OFFLINE), why, device.reported
        elif status == "QUEUED":
            if online:
                return Kind.WAITING, "the deployment is offered to it", execution.queued  # type: ignore[union-attr]
            return Kind.OFFLINE, "it has not begun the deployment that is offered to it", device.reported
        elif status == "IN_PROGRESS":
            return Kind.IN_PROGRESS, "it has begun the deployment", since
        elif status == "CANCELED":
            return Kind.STOPPED, "the deployment was cancelled before it had begun", since
        return self._symptom(device, online=online)

    def _symptom(self, device: Device, *, online: bool) -> tuple[Kind, str, datetime | None] | None:
        """What is wrong with a device that has taken the deployment."""
        broken = [each for each in (device.installed or {}).values() if each.state in BROKEN]
        if broken:
            why = "; ".join(_said(each) for each in sorted(broken, key=lambda each: each.name))
            return Kind.BROKEN, why, broken[0].changed
        other = self._other(device)
        if other:
            return Kind.OTHER, "; ".join(other), device.reported
        if device.health == "UNHEALTHY":
            return Kind.BROKEN, "it reports UNHEALTHY", device.reported
        if not online:
            return Kind.OFFLINE, "it has not reported for too long", device.reported
        return None

    def _other(self, device: Device) -> list[str]:
        if device.installed is None or self.deployment is None:
            return []
        lines = []
        for name, version in sorted(self.deployment.components.items()):
            found = device.installed.get(name)
            if found is None:
                lines.append(f"{name} {version} is not installed")
            elif found.version != version:
                lines.append(f"{name} {found.version} in place of {version}")
            elif found.state not in RUNNING:
                lines.append(f"{name} {version} is {found.state}")
        return lines

    def _runs_all(self, device: Device) -> bool:
        return device.installed is not None and not self._other(device)


def _said(component: Installed) -> str:
    text = f"{component.name} {component.version} is {component.state}"
    reason = component.details or ", ".join(component.codes)
    return f"{text}: {reason}" if reason else text


def _failure(device: Device, status: str) -> str:
    if device.outcome is None:
        return status.lower().replace("_", " ")
    reason = device.outcome.reason or status.lower().replace("_", " ")
    return f"{reason} ({' > '.join(device.outcome.codes)})" if device.outcome.codes else reason
