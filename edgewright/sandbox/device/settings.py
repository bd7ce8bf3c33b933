"""What the registry says about a device: who it is, what it runs on, and what is to go wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from edgewright.sandbox.device.cloud import Identity


@dataclass(frozen=True)
class Knobs:
    """What goes wrong with a device on purpose.

    Args:
        offline: it has no connection at all; its components go on.
        slow: seconds that each deployment takes longer.
        fail: share (0 to 1) of deployments that fail on it, always the same ones.
    """

    offline: bool = False
    slow: float = 0.0
    fail: float = 0.0


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


def parse(entry: Mapping[str, Any]) -> Settings:
    """Read an entry of the registry.

    Raises:
        ValueError: something is missing or is not what it should be.
    """
    try:
        knobs = entry.get("knobs") or {}
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
            knobs=Knobs(
                offline=bool(knobs.get("offline", False)),
                slow=max(0.0, float(knobs.get("slow", 0.0))),
                fail=float(knobs.get("fail", 0.0)),
            ),
        )
    except (AttributeError, KeyError, TypeError) as error:
        msg = f"the registry has an entry that is no device: {error!r}"
        raise ValueError(msg) from error
