"""Controls: files under ``controls/`` by which people hold releases back. One file an entry, so that merges are clean.

| file | says |
| --- | --- |
| ``controls/stop/<fleet or all>.yaml`` | nothing moves: no ``up``, no promotion |
| ``controls/holds/<fleet>/<stage>-<ring>-<digest12>.yaml`` | this release is not promoted into this ring |
| ``controls/quarantine/<digest12>.yaml`` | this release is neither promoted nor deployed, anywhere |

The place of a file and what is in it say the same; where they differ that is an error, because a person who reads
the name would be misled.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from edgewright.manifest.base import Model
from edgewright.manifest.types import Name, RingPath

CONTROLS = "controls"
ALL = "all"
"""In place of a fleet: every fleet. No fleet can be called so."""
SCHEMAS = {kind: f"{CONTROLS}/{kind.lower()}.schema.json" for kind in ("Stop", "Hold", "Quarantine")}
"""Kind -> its JSON Schema, for editors."""
SHORT = 12
"""Digits of a digest in names; a project would need millions of releases for two of them to be alike."""


def _release(value: Any) -> str:
    if not isinstance(value, str) or not _is_digest(value):
        msg = (
            "must be the whole digest of a release, sha256: and 64 digits; "
            "copy it from edgewright history, or let the verb write the file"
        )
        raise ValueError(msg)
    return value


def _is_digest(value: str) -> bool:
    name, _, digits = value.partition(":")
    return name == "sha256" and len(digits) == 64 and all(digit in "0123456789abcdef" for digit in digits)


def _instant(value: Any) -> str:
    try:
        instant = datetime.fromisoformat(value) if isinstance(value, str) and "T" in value else None
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        msg = "must be a time with its offset from UTC (RFC 3339); write it like 2026-03-01T09:30:00Z"
        raise ValueError(msg)
    return str(value)


def _reason(value: Any) -> str:
    text = value.strip() if isinstance(value, str) else ""
    if not 3 <= len(text) <= 500:
        msg = "must be a reason that others understand, of 3 to 500 characters; say what was seen"
        raise ValueError(msg)
    return text


_DIGEST_SCHEMA = {
    "type": "string",
    "pattern": "^sha256:[0-9a-f]{64}$",
    "examples": ["sha256:" + "0123456789abcdef" * 4],
}
_REASON_SCHEMA = {"type": "string", "minLength": 3, "maxLength": 500, "examples": ["canary overheats"]}
Digest = Annotated[str, BeforeValidator(_release), WithJsonSchema(_DIGEST_SCHEMA)]
"""The digest of a release."""
Instant = Annotated[
    str, BeforeValidator(_instant), WithJsonSchema({"type": "string", "examples": ["2026-03-01T09:30:00Z"]})
]
"""A time as RFC 3339 has it."""
Reason = Annotated[str, BeforeValidator(_reason), WithJsonSchema(_REASON_SCHEMA)]
"""Why, for those who meet it."""


class Control(Model):
    """What every control has."""

    api_version: Literal["edgewright/v1"] = Field(alias="apiVersion", description="The version of this format.")
    reason: Reason = Field(description="Why, for those who meet it.")
    by: str = Field(min_length=1, max_length=254, examples=["ada@acme.example"], description="Who set it.")
    at: Instant = Field(description="When it was set (RFC 3339).")

    @property
    def instant(self) -> datetime:
        """When it was set."""
        return datetime.fromisoformat(self.at)

    def __str__(self) -> str:
        """Say it in one line."""
        return f"{self.reason} (by {self.by}, {self.at})"


class Stop(Control):
    """The line stands still for a fleet, or for all: no ``up``, no promotion."""

    kind: Literal["Stop"] = Field(description="What this file is.")
    rollbacks: Literal["pass", "wait"] = Field(
        "wait", description="Whether a rollback may pass (which is recorded), or waits as well."
    )


class Hold(Control):
    """A release that was rolled back is not promoted into the ring again until somebody releases it."""

    kind: Literal["Hold"] = Field(description="What this file is.")
    fleet: Name = Field(description="The fleet.")
    ring: RingPath = Field(description="The ring that it was rolled back from.")
    release: Digest = Field(description="The release that is held back.")
    restores: Digest | None = Field(None, description="The release that the rollback put back.")
    fast_track: bool = Field(
        default=False, alias="fastTrack", description="The release that was put back need not bake again."
    )

    @property
    def file(self) -> str:
        """Where its file is, below the project's root."""
        return hold_file(self.fleet, self.ring, self.release)


class Quarantine(Control):
    """A release that is neither promoted nor deployed, anywhere."""

    kind: Literal["Quarantine"] = Field(description="What this file is.")
    release: Digest = Field(description="The release.")

    @property
    def file(self) -> str:
        """Where its file is, below the project's root."""
        return quarantine_file(self.release)


def short(release: str) -> str:
    """Return the digits of a digest that names have."""
    return release.removeprefix("sha256:")[:SHORT]


def stop_file(fleet: str = ALL) -> str:
    """Return where the stop of a fleet, or of all, is."""
    return f"{CONTROLS}/stop/{fleet}.yaml"


def hold_file(fleet: str, ring: str, release: str) -> str:
    """Return where the hold of a release in a ring (``stage/ring``) is."""
    return f"{CONTROLS}/holds/{fleet}/{ring.replace('/', '-')}-{short(release)}.yaml"


def quarantine_file(release: str) -> str:
    """Return where the quarantine of a release is."""
    return f"{CONTROLS}/quarantine/{short(release)}.yaml"


_NONE: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True)
class Controls:
    """The controls in force."""

    stops: Mapping[str, Stop] = field(default_factory=lambda: _NONE)
    """By fleet, or ``all``."""
    holds: tuple[Hold, ...] = ()
    quarantines: Mapping[str, Quarantine] = field(default_factory=lambda: _NONE)
    """By the whole digest."""

    def stop(self, fleet: str) -> Stop | None:
        """The stop that a fleet is under: of all fleets before its own; one that rollbacks may not pass first."""
        found = [self.stops[name] for name in (ALL, fleet) if name in self.stops]
        return next((stop for stop in found if stop.rollbacks == "wait"), found[0] if found else None)

    def hold(self, fleet: str, ring: str, release: str) -> Hold | None:
        """The hold that keeps a release out of a ring (``stage/ring``)."""
        return next((h for h in self.holds if (h.fleet, h.ring, h.release) == (fleet, ring, release)), None)

    def restored(self, fleet: str, ring: str, release: str) -> Hold | None:
        """The newest hold of a ring whose rollback put a release back."""
        found = [h for h in self.holds if (h.fleet, h.ring, h.restores) == (fleet, ring, release)]
        return max(found, key=lambda hold: hold.instant, default=None)

    def quarantine(self, release: str) -> Quarantine | None:
        """The quarantine that a release is under."""
        return self.quarantines.get(release)
