"""What a device reports as installed confirms a revision, leaves it open, or contradicts it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from edgewright.provider.confirm import Standing, judge_installed

CREATED = datetime(2026, 1, 1, 12, tzinfo=UTC)
LATER, BEFORE = CREATED + timedelta(minutes=1), CREATED - timedelta(hours=1)
CONFIRMED, OPEN, CONTRADICTED = Standing.CONFIRMED, Standing.OPEN, Standing.CONTRADICTED


def item(
    version: str = "2.0.0", state: str = "RUNNING", source: str = "d-2", reported: datetime = LATER, name: str = "model"
) -> dict[str, Any]:
    return {
        "componentName": name,
        "componentVersion": version,
        "lifecycleState": state,
        "lifecycleStateDetails": "no space" if state == "BROKEN" else None,
        "lastInstallationSource": source,
        "lastReportedTimestamp": reported,
    }


@pytest.mark.parametrize(
    ("installed", "standing", "reason"),
    [
        pytest.param([item()], CONFIRMED, "", id="running"),
        pytest.param([item(state="FINISHED")], CONFIRMED, "", id="finished"),
        pytest.param([item(), item(name="other", version="9")], CONFIRMED, "", id="components of others do not matter"),
        pytest.param([], OPEN, "does not report model as installed", id="never reported"),
        pytest.param(
            [item("1.0.0", source="d-1", reported=BEFORE)], OPEN, "reports model 1.0.0, not 2.0.0", id="an old report"
        ),
        pytest.param(
            [item("1.0.0", source="d-1")], CONTRADICTED, "reports model 1.0.0, not 2.0.0", id="a new report of old"
        ),
        pytest.param([item(name="other")], CONTRADICTED, "does not report model as installed", id="not among them"),
        pytest.param(
            [item(state="BROKEN")], CONTRADICTED, "reports model 2.0.0 as BROKEN: no space", id="broken, with details"
        ),
        pytest.param([item(state="ERRORED")], CONTRADICTED, "reports model 2.0.0 as ERRORED", id="errored"),
        pytest.param([item(state="STARTING")], OPEN, "reports model 2.0.0 as STARTING", id="on its way"),
        pytest.param(
            [item(source="LOCAL")], OPEN, "reports model 2.0.0 as installed by LOCAL", id="brought by somebody else"
        ),
        pytest.param(
            [item("1.0.0", state="BROKEN", source="d-1", reported=BEFORE)],
            OPEN,
            "reports model 1.0.0, not 2.0.0",
            id="what was broken before says nothing",
        ),
    ],
)
def test_standings(installed: list[dict[str, Any]], standing: Standing, reason: str) -> None:
    report = judge_installed(installed, {"model": "2.0.0"}, deployment_id="d-2", created=CREATED)
    assert (report.standing, report.reason) == (standing, reason)


def test_a_broken_component_is_final_and_told_before_anything_that_may_change() -> None:
    installed = [item(name="a", state="STARTING"), item(name="b", state="BROKEN"), item("1.0.0", name="c")]
    report = judge_installed(installed, {"a": "2.0.0", "b": "2.0.0", "c": "2.0.0"}, deployment_id="d-2")
    assert (report.standing, report.final) == (CONTRADICTED, True)
    assert report.reason.startswith("reports b 2.0.0 as BROKEN")


def test_without_components_there_is_nothing_to_confirm() -> None:
    assert judge_installed([], {}, deployment_id="d-2").standing is CONFIRMED
