"""Stops, holds, quarantines and freeze windows, as a change meets them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from edgewright.gitops.diff import text
from edgewright.gitops.diff.compare import compare
from edgewright.gitops.diff.model import ProjectDiff, SideInfo
from edgewright.manifest.controls import Controls, Hold, Quarantine, Stop
from edgewright.manifest.load import Project
from edgewright.manifest.model import Component
from edgewright.manifest.windows import Window
from tests.helpers.projects import ring_of, sample, with_components

LINE, MODEL = "line-inspection", "com.acme.parts-model"
SIDE = SideInfo("x", None, None)
COMMON = {"apiVersion": "edgewright/v1", "reason": "canary overheats", "by": "ada", "at": "2026-03-01T09:30:00Z"}
NOW = datetime(2026, 3, 6, 20, 0, tzinfo=UTC)


def _head() -> Project:
    return with_components(sample(), LINE, "prod", "canary", **{MODEL: Component.model_validate({"version": "1.1.0"})})


def _diff(head: Project, base: Project | None = None) -> ProjectDiff:
    return compare(base or sample(), head, base_side=SIDE, head_side=SIDE, at=NOW)


def _of(diff: ProjectDiff, code: str) -> list[tuple[str, str, str]]:
    return [(each.severity, each.where, each.text) for each in diff.findings if each.code == code]


def test_every_control_that_a_release_meets_is_a_danger() -> None:
    release = ring_of(_head(), LINE, "prod", "canary").release
    hold = Hold.model_validate({**COMMON, "kind": "Hold", "fleet": LINE, "ring": "prod/canary", "release": release})
    quarantine = Quarantine.model_validate({**COMMON, "kind": "Quarantine", "release": release})
    stop = Stop.model_validate({**COMMON, "kind": "Stop"})
    controls = Controls(stops={"all": stop}, holds=(hold,), quarantines={release: quarantine})
    diff = _diff(replace(_head(), controls=controls), replace(sample(), controls=controls))
    where = f"{LINE}/prod/canary"
    said = "canary overheats (by ada, 2026-03-01T09:30:00Z)"
    short = release.removeprefix("sha256:")[:12]
    assert _of(diff, "stopped") == [("danger", LINE, f"the line is stopped: {said}")]
    assert _of(diff, "held") == [("danger", where, f"its release {short} is held back from it: {said}")]
    assert _of(diff, "quarantined") == [("danger", where, f"its release {short} is in quarantine: {said}")]
    assert diff.controls == ()


def test_controls_that_come_and_go_are_changes() -> None:
    stop = Stop.model_validate({**COMMON, "kind": "Stop"})
    diff = _diff(replace(sample(), controls=Controls(stops={LINE: stop})))
    assert not diff.empty
    assert "+ controls/stop/line-inspection.yaml: " in text.render(diff)
    assert "canary overheats" in text.render(diff)
    assert _of(diff, "stopped") == []


def test_a_freeze_window_that_is_open_says_until_when() -> None:
    window = Window.model_validate(
        {"kind": "deny", "cron": "0 18 * * FRI", "duration": "62h", "timeZone": "UTC", "reason": "no Friday evenings"}
    )
    organisation = sample().organisation.model_copy(update={"windows": (window,)})
    head = replace(_head(), organisation=organisation)
    ((severity, where, said),) = _of(_diff(head, replace(sample(), organisation=organisation)), "frozen")
    assert (severity, where) == ("warning", f"{LINE}/prod/canary")
    assert said.startswith("its stage is frozen now, until 2026-03-09T08:00:00Z: no Friday evenings")
