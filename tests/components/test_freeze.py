"""What is held back of a stack, judged without an engine."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from components.freeze import Guard
from edgewright.manifest.controls import Controls, Hold, Quarantine, Stop, short
from edgewright.manifest.load import Project
from edgewright.manifest.windows import Window
from tests.helpers.projects import ring_of, run, sample

LINE = "line-inspection"
WHO = {
    "apiVersion": "edgewright/v1",
    "reason": "canary overheats",
    "by": "ada@acme.example",
    "at": "2026-03-01T09:30:00Z",
}
AT = datetime.fromisoformat("2026-03-07T12:00:00Z")
WEEKEND = {"kind": "deny", "cron": "0 0 * * SAT", "duration": "48h", "timeZone": "UTC", "reason": "weekend"}
OTHER = "sha256:" + "cd" * 32


def stop(**changes: Any) -> Stop:
    return Stop.model_validate({**WHO, "kind": "Stop", **changes})


def held_back(controls: Controls, *windows: dict[str, Any], stage: str = "prod", ring: str = "canary") -> str | None:
    guard = Guard(controls=controls, windows=[Window.model_validate(each) for each in windows], stage=stage, at=AT)
    return guard.release(LINE, ring_of(sample(), LINE, stage, ring))


def restored() -> Hold:
    """The canary was rolled back to what it has now."""
    now = ring_of(sample(), LINE, "prod", "canary").release
    held = {"kind": "Hold", "fleet": LINE, "ring": "prod/canary", "release": OTHER, "restores": now}
    return Hold.model_validate({**WHO, **held})


def test_without_controls_and_windows_nothing_is_held_back() -> None:
    assert held_back(Controls()) is None


def test_a_fleets_stop_is_no_other_fleets() -> None:
    told = held_back(Controls(stops={LINE: stop()}))
    assert told is not None
    assert told.startswith(f"the line of {LINE} is stopped: canary overheats (by ada@acme.example")
    assert held_back(Controls(stops={"label-reading": stop()})) is None


def test_rollbacks_pass_where_the_stop_or_the_window_lets_them() -> None:
    """Known by the hold that names the release as the one that was put back."""
    lets, back = stop(rollbacks="pass"), (restored(),)
    assert held_back(Controls(stops={"all": lets}, holds=back)) is None
    assert held_back(Controls(stops={"all": lets})) is not None
    assert held_back(Controls(stops={"all": stop()}, holds=back)) is not None
    assert held_back(Controls(stops={"all": lets, LINE: stop()}, holds=back)) is not None, "the stricter one counts"
    assert held_back(Controls(holds=back), {**WEEKEND, "rollbacks": "pass"}) is None
    assert held_back(Controls(), {**WEEKEND, "rollbacks": "pass"}) is not None
    assert held_back(Controls(holds=back), WEEKEND) is not None


def test_a_window_freezes_its_stages_and_says_until_when() -> None:
    assert held_back(Controls(), {**WEEKEND, "stages": ["prod"]}) == (
        f"prod/canary of {LINE} is frozen: weekend (deny window '0 0 * * SAT', UTC), until 2026-03-09T00:00+00:00"
    )
    assert held_back(Controls(), {**WEEKEND, "stages": ["staging"]}) is None


def test_a_release_in_quarantine_is_not_even_gone_back_to() -> None:
    now = ring_of(sample(), LINE, "prod", "canary").release
    bad = Quarantine.model_validate({**WHO, "kind": "Quarantine", "release": now})
    told = held_back(Controls(quarantines={now: bad}, holds=(restored(),)))
    assert told is not None
    assert told.startswith(f"release {short(now)} of {LINE} prod/canary is in quarantine: canary overheats")


def with_controls(controls: Controls) -> Project:
    return replace(sample(), controls=controls)


def test_an_update_under_a_stop_of_all_registers_nothing() -> None:
    with pytest.raises(Exception, match=r"the line of all fleets is stopped: canary overheats .* nothing was changed"):
        run(with_controls(Controls(stops={"all": stop()})), "prod")
