from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgewright.manifest.windows import Frozen, Window, frozen

WEEKEND = {"kind": "deny", "cron": "0 18 * * FRI", "duration": "62h", "timeZone": "Europe/Berlin", "reason": "weekend"}
STAFFED = {"kind": "allow", "cron": "0 9 * * MON-FRI", "duration": "8h", "timeZone": "UTC", "reason": "staffed hours"}


def window(base: dict[str, Any], **changes: Any) -> Window:
    return Window.model_validate({**base, **changes})


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def verdict(*windows: Window, at: datetime, fleet: str = "line", stage: str = "prod") -> Frozen | None:
    return frozen(windows, fleet=fleet, stage=stage, at=at)


@pytest.mark.parametrize(
    ("instant", "until"),
    [
        ("2026-03-06T17:59:59+01:00", None),
        ("2026-03-06T18:00:00+01:00", "2026-03-09T08:00:00+01:00"),
        ("2026-03-09T07:59:59+01:00", "2026-03-09T08:00:00+01:00"),
        ("2026-03-09T08:00:00+01:00", None),
        # in the night to Sunday the 29th the clocks go forward: 62 hours end at nine on the clock
        ("2026-03-29T12:00:00+02:00", "2026-03-30T09:00:00+02:00"),
    ],
    ids=["before", "first instant", "last second", "end", "daylight saving time"],
)
def test_a_deny_window_is_open_from_its_begin_up_to_its_end(instant: str, until: str | None) -> None:
    found = verdict(window(WEEKEND), at=at(instant))
    assert (found and found.until) == (at(until) if until else None)


def test_without_windows_releases_move() -> None:
    assert verdict(at=at("2026-03-06T18:00:00+01:00")) is None


@pytest.mark.parametrize(
    ("changes", "blocked"),
    [({"stages": ["prod"]}, True), ({"stages": ["staging"]}, False), ({"fleets": ["labels"]}, False)],
    ids=["stage", "other stage", "other fleet"],
)
def test_a_window_is_for_the_stages_and_fleets_that_it_names(changes: dict[str, Any], *, blocked: bool) -> None:
    assert (verdict(window(WEEKEND, **changes), at=at("2026-03-07T12:00:00Z")) is not None) == blocked


def test_outside_of_every_allow_window_nothing_moves_until_the_next_begins() -> None:
    found = verdict(window(STAFFED), at=at("2026-03-06T17:00:00Z"))
    assert found is not None
    assert found.reason == "outside of every allow window: staffed hours ('0 9 * * MON-FRI', UTC)"
    assert found.until == at("2026-03-09T09:00:00Z")
    assert verdict(window(STAFFED), at=at("2026-03-06T16:59:59Z")) is None


def test_deny_beats_allow_and_the_opening_is_when_neither_blocks() -> None:
    inventory = window(STAFFED, kind="deny", cron="0 0 9 3 *", duration="34h", reason="inventory")
    found = verdict(window(STAFFED), inventory, at=at("2026-03-09T10:00:00Z"))
    assert found is not None
    assert found.reason == "inventory (deny window '0 0 9 3 *', UTC)"
    assert found.until == at("2026-03-10T10:00:00Z")
    weekend = verdict(window(STAFFED), inventory, at=at("2026-03-07T10:00:00Z"))
    assert weekend is not None
    assert weekend.until == at("2026-03-10T10:00:00Z"), "Monday nine is denied, so Tuesday, once the inventory is over"


def test_a_freeze_without_an_end_has_none() -> None:
    always = window(WEEKEND, cron="0 * * * *", duration="1h")
    found = verdict(always, at=at("2026-03-09T10:00:00Z"))
    assert found is not None
    assert found.until is None


def test_rollbacks_pass_only_where_every_open_deny_window_lets_them() -> None:
    instant = at("2026-03-07T12:00:00Z")
    lets, waits = window(WEEKEND, rollbacks="pass"), window(WEEKEND, reason="audit")
    passing = [verdict(lets, at=instant), verdict(lets, waits, at=instant), verdict(waits, at=instant)]
    assert [each and each.rollbacks_pass for each in passing] == [True, False, False]


@settings(max_examples=60, deadline=None)
@given(
    minutes=st.integers(0, 60 * 24 * 365),
    duration=st.integers(1, 60 * 24 * 3),
    kind=st.sampled_from(["allow", "deny"]),
    cron=st.sampled_from(["0 9 * * MON-FRI", "30 2 * * *", "*/15 * * * *", "0 0 1 * *", "0 18 * * FRI"]),
)
def test_the_opening_is_the_first_instant_that_is_not_frozen(minutes: int, duration: int, kind: str, cron: str) -> None:
    """Just before it all is frozen still; at it, nothing is."""
    each = window(STAFFED, kind=kind, cron=cron, duration=f"{duration}m", timeZone="America/New_York")
    instant = at("2026-01-01T00:00:00Z") + timedelta(minutes=minutes)
    found = verdict(each, at=instant)
    if found is None or found.until is None:
        return
    assert found.until > instant
    assert verdict(each, at=found.until) is None
    assert verdict(each, at=found.until - timedelta(seconds=1)) is not None


def test_the_time_zone_of_the_question_does_not_matter() -> None:
    instant = at("2026-03-06T23:00:00+01:00")
    assert verdict(window(WEEKEND), at=instant) == verdict(window(WEEKEND), at=instant.astimezone(UTC))
