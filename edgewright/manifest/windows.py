"""Freeze windows: when releases may move, and when not.

A window begins whenever its cron expression fires in its time zone and lasts for its duration, in elapsed time: a
night in which the clocks change is an hour shorter or longer on the clock, not in the window. Where several windows
apply, deny beats allow: releases move when no deny window is open and, if there are allow windows, one of them is.
cronsim fires as Debian's cron does around daylight saving time.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from cronsim import CronSim, CronSimError
from pydantic import BeforeValidator, Field, WithJsonSchema

from edgewright.manifest.base import Model
from edgewright.manifest.types import DURATION_SCHEMA, Items, Name, duration, format_duration
from edgewright.validation import did_you_mean

_LONGEST = 366 * 86400
_HORIZON = timedelta(days=2 * 366)
"""How far the search for an opening looks; a freeze without an end in this time is said to have none."""
_REPETITIONS = 2000
"""Of a window without a gap between them; more than any pattern of a day has."""
_STEPS = 400


def _cron(value: Any) -> str:
    if not isinstance(value, str) or len(value.split()) != 5 or len(value) > 200:
        msg = (
            "must be a cron expression of five fields (minute, hour, day of the month, month, day of the week); "
            'write it like "0 18 * * FRI"'
        )
        raise ValueError(msg)
    try:
        next(CronSim(value, datetime(2024, 1, 1, tzinfo=UTC)))
    except CronSimError as error:
        what = str(error).removeprefix("Bad ")
        msg = f'is no cron expression: its field "{what}" cannot be read; write it like "0 18 * * FRI"'
        raise ValueError(msg) from error
    except StopIteration:
        msg = "is a cron expression for a day that never comes; choose a day that its month has"
        raise ValueError(msg) from None
    return value


def _zone(value: Any) -> str:
    if isinstance(value, str):
        if value in _zones():
            return value
        meant = did_you_mean(value, _zones())
    else:
        meant = None
    remedy = f"did you mean {meant}?" if meant else "write it like Europe/Berlin, or UTC"
    msg = f"must be a time zone of the IANA database; {remedy}"
    raise ValueError(msg)


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


Cron = Annotated[str, BeforeValidator(_cron), WithJsonSchema({"type": "string", "examples": ['"0 18 * * FRI"']})]
TimeZone = Annotated[str, BeforeValidator(_zone), WithJsonSchema({"type": "string", "examples": ["Europe/Berlin"]})]
Length = Annotated[int, duration(60, _LONGEST), DURATION_SCHEMA]


class Window(Model):
    """A time in which releases must not move (deny), or outside of which they must not (allow)."""

    kind: Literal["deny", "allow"] = Field(description="deny beats allow.")
    cron: Cron = Field(description="When it begins: minute, hour, day of the month, month, day of the week.")
    duration: Length = Field(examples=["62h"], description="How long it lasts, in elapsed time: 1m to 366d.")
    time_zone: TimeZone = Field(alias="timeZone", description="Of the cron expression.")
    stages: Items[Name] | None = Field(None, min_length=1, description="The stages it is for; all by default.")
    fleets: Items[Name] | None = Field(None, min_length=1, description="The fleets it is for; all by default.")
    reason: str = Field(min_length=3, max_length=200, description="For those who meet it.")
    rollbacks: Literal["pass", "wait"] = Field(
        "wait", description="Whether a rollback may pass it (which is recorded), or waits as well."
    )

    def applies(self, *, fleet: str | None, stage: str) -> bool:
        """Whether the window is for a fleet in a stage; without a fleet, whether it is for all of them."""
        return (self.stages is None or stage in self.stages) and (self.fleets is None or fleet in self.fleets)

    def is_open(self, at: datetime) -> bool:
        """Whether an instant (with a time zone) is inside the window."""
        begin = next(self._begins(at - timedelta(seconds=self.duration)), None)
        return begin is not None and begin <= at

    def open_until(self, at: datetime) -> datetime | None:
        """When the window ends that is open at an instant, back-to-back repetitions taken as one.

        None when it is not open, and also when no end is in sight.
        """
        length = timedelta(seconds=self.duration)
        end: datetime | None = None
        for begin in itertools.islice(self._begins(at - length), _REPETITIONS):
            if begin > (end or at):
                return end
            end = begin + length
        return None

    def next_begin(self, after: datetime) -> datetime | None:
        """When the window next begins, strictly after an instant; None when that is not in sight."""
        begin = next(self._begins(after), None)
        return begin if begin is not None and begin <= after + _HORIZON else None

    def _begins(self, after: datetime) -> Iterator[datetime]:
        # cronsim counts whole minutes of the local clock, strictly after the time it is given
        for begin in CronSim(self.cron, after.astimezone(ZoneInfo(self.time_zone))):
            instant = begin.astimezone(UTC)
            if instant > after:
                yield instant

    def __str__(self) -> str:
        """Say the window in one line."""
        return f"{self.kind} {self.cron!r} for {format_duration(self.duration)} ({self.time_zone}): {self.reason}"


@dataclass(frozen=True)
class Frozen:
    """Why releases must not move now, and when they may."""

    reason: str
    until: datetime | None
    """When releases may move again; None when that is not in sight."""
    rollbacks_pass: bool


def frozen(windows: Iterable[Window], *, fleet: str, stage: str, at: datetime) -> Frozen | None:
    """Whether releases of a fleet must not move in a stage at an instant, and why; None when they may.

    Args:
        windows: Of edgewright.yaml; those of other fleets and stages do not matter.
        fleet: The fleet.
        stage: The stage.
        at: The instant, with a time zone.
    """
    here = [window for window in windows if window.applies(fleet=fleet, stage=stage)]
    blocking = _blocking(here, at)
    if not blocking:
        return None
    first = blocking[0]
    if first.kind == "deny":
        reason = f"{first.reason} (deny window {first.cron!r}, {first.time_zone})"
    else:
        shown = "; ".join(f"{window.reason} ({window.cron!r}, {window.time_zone})" for window in blocking)
        reason = f"outside of every allow window: {shown}"
    passes = (
        all(window.rollbacks == "pass" for window in blocking)
        if first.kind == "deny"
        else any(window.rollbacks == "pass" for window in blocking)
    )
    return Frozen(reason, _opening(here, at), passes)


def _blocking(windows: list[Window], at: datetime) -> list[Window]:
    """The open deny windows, or all allow windows when none of them is open."""
    denying = [window for window in windows if window.kind == "deny" and window.is_open(at)]
    if denying:
        return denying
    allowing = [window for window in windows if window.kind == "allow"]
    return [] if any(window.is_open(at) for window in allowing) else allowing


def _opening(windows: list[Window], at: datetime) -> datetime | None:
    """The first instant from ``at`` on at which nothing blocks."""
    instant, limit = at, at + _HORIZON
    for _ in range(_STEPS):
        blocking = _blocking(windows, instant)
        if not blocking:
            return instant
        if blocking[0].kind == "deny":
            ends = [window.open_until(instant) for window in blocking]
            following = None if None in ends else max(filter(None, ends))
        else:
            following = min(filter(None, (window.next_begin(instant) for window in blocking)), default=None)
        if following is None or following > limit:
            return None
        instant = following
    return None
