"""What the registry says about a device: who it is, what it runs on, and what is to go wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from edgewright.sandbox.device.cloud import Identity
from edgewright.sandbox.device_faults import chance
from edgewright.versions import Range


@dataclass(frozen=True)
class Failing:
    """Versions of a component that do not start."""

    component: str
    version: str
    """An npm range."""
    rate: float
    """Share (0 to 1) of the device's deployments in which they do not."""
    seed: int

    def fails(self, component: str, version: str, thing: str, deployment: str) -> bool:
        """Whether a component version does not start on a thing in a deployment: the same on every run."""
        if component != self.component or not Range.parse(self.version).allows(version):
            return False
        return self.rate >= 1 or chance(self.seed, component, thing, deployment) < self.rate


@dataclass(frozen=True)
class Crashing:
    """A component whose processes are killed every ``every`` seconds or so."""

    component: str
    every: float
    seed: int

    def pause(self, thing: str, number: int) -> float:
        """Seconds before the kill with that number: half to one and a half times ``every``."""
        return self.every * (0.5 + chance(self.seed, self.component, thing, str(number)))


@dataclass(frozen=True)
class Knobs:
    """What goes wrong with a device on purpose; seconds are those of this machine.

    Args:
        offline: it has no connection at all; its components go on.
        slow: seconds that each deployment takes longer.
        fail: share (0 to 1) of deployments that fail on it, always the same ones.
        late: seconds by which its reports arrive late.
        defer: seconds by which its components put an update off when they are asked.
        disk_full: nothing more can be downloaded.
        failing: component versions that do not start.
        crashing: components that are killed again and again.
    """

    offline: bool = False
    slow: float = 0.0
    fail: float = 0.0
    late: float = 0.0
    defer: float = 0.0
    disk_full: bool = False
    failing: tuple[Failing, ...] = ()
    crashing: tuple[Crashing, ...] = ()

    @classmethod
    def parse(cls, given: Mapping[str, Any], speed: float = 1.0) -> Knobs:
        """Read what the registry says; its seconds pass ``speed`` times as fast as this machine's."""
        return cls(
            offline=bool(given.get("offline", False)),
            slow=max(0.0, float(given.get("slow", 0.0))) / speed,
            fail=float(given.get("fail", 0.0)),
            late=max(0.0, float(given.get("late", 0.0))) / speed,
            defer=max(0.0, float(given.get("defer", 0.0))) / speed,
            disk_full=bool(given.get("diskFull", False)),
            failing=tuple(
                Failing(str(each["component"]), str(each["version"]), float(each["rate"]), int(each["seed"]))
                for each in given.get("failing") or ()
            ),
            crashing=tuple(
                Crashing(str(each["component"]), float(each["every"]) / speed, int(each["seed"]))
                for each in given.get("crashing") or ()
            ),
        )


@dataclass(frozen=True)
class Settings:
    """One entry of the registry."""

    identity: Identity
    platform: Mapping[str, str] = field(default_factory=dict)
    nucleus_version: str = "2.14.3"
    runtime: str = "aws_nucleus_classic"
    knobs: Knobs = Knobs()

    @property
    def key(self) -> tuple[str, str]:
        """Account and thing, which name a device in a sandbox."""
        return self.identity.account, self.identity.thing

    @property
    def attributes(self) -> dict[str, str]:
        """What manifests are matched against."""
        return {"runtime": self.runtime, **self.platform}


def parse(entry: Mapping[str, Any], speed: float = 1.0) -> Settings:
    """Read an entry of the registry, whose seconds pass ``speed`` times as fast as this machine's.

    Raises:
        ValueError: something is missing or is not what it should be.
    """
    try:
        return Settings(
            identity=Identity(
                thing=str(entry["thing"]),
                account=str(entry["account"]),
                region=str(entry["region"]),
                certificate_id=str(entry["certificateId"]),
                role_alias=str(entry.get("roleAlias") or ""),
            ),
            platform={str(key): str(value) for key, value in (entry.get("platform") or {}).items()},
            nucleus_version=str(entry.get("nucleusVersion") or "2.14.3"),
            runtime=str(entry.get("runtime") or "aws_nucleus_classic"),
            knobs=Knobs.parse(entry.get("knobs") or {}, speed),
        )
    except (AttributeError, KeyError, TypeError) as error:
        msg = f"the registry has an entry that is no device: {error!r}"
        raise ValueError(msg) from error
