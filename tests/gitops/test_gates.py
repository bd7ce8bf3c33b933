"""Every gate, met and not met, from readings that are built by hand."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from edgewright.aws.reading import Execution, Facet, Gap
from edgewright.gitops.gates import Case, Verdict, judge
from edgewright.manifest.controls import Controls, Hold, Quarantine, Stop
from edgewright.manifest.gates import Gates
from edgewright.manifest.windows import Window
from tests.gitops.events import OTHER, RELEASE, event
from tests.gitops.readings import NOW, device, reading

WHO = {
    "apiVersion": "edgewright/v1",
    "reason": "canary overheats",
    "by": "ada@acme.example",
    "at": "2026-03-01T09:30:00Z",
}
LAST = "2026-03-02T11:00:00Z"


def case(gates: dict[str, Any] | None = None, **changes: Any) -> Case:
    values: dict[str, Any] = {
        "fleet": "line",
        "source": "staging/twins",
        "target": "prod/canary",
        "release": RELEASE,
        "gates": Gates.model_validate(gates or {}),
        "controls": Controls(),
        "windows": (),
        "events": (),
        "authors": frozenset({"ada@acme.example"}),
        "reading": reading(RELEASE),
        "now": NOW,
    }
    return Case(**{**values, **changes})


def one(name: str, gates: dict[str, Any] | None = None, **changes: Any) -> Verdict:
    (found,) = [each for each in judge(case(gates, **changes)) if each.gate == name]
    return found


def test_without_gates_the_deployment_and_the_controls_are_asked_all_the_same() -> None:
    verdicts = judge(case())
    assert [each.gate for each in verdicts] == ["stop", "quarantine", "hold", "window", "deployment"]
    assert all(each.met for each in verdicts)


LATEST = "the latest deployment of staging/twins, d-1, carries"
GAP = Gap(what="the latest deployment", why="timeout")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"reading": reading(OTHER)}, f"{LATEST} release cdcdcdcdcdcd, and Git says abababababab"),
        (
            {"reading": reading(None)},
            f"{LATEST} no release of Edgewright's (made by hand?), and Git says abababababab",
        ),
        (
            {"reading": reading(None, deployment=None)},
            "staging/twins has no deployment, so nothing has run abababababab yet",
        ),
        ({"reading": None, "unread": "no keys"}, "the deployment of staging/twins could not be read: no keys"),
        (
            {"reading": reading(RELEASE, known=frozenset(), gaps=(GAP,))},
            "the deployment of staging/twins could not be read: the latest deployment: timeout",
        ),
    ],
    ids=["another release", "made by hand", "none", "no AWS", "gap"],
)
def test_a_release_must_be_what_the_ring_before_was_given_last(changes: dict[str, Any], told: str) -> None:
    verdict = one("deployment", **changes)
    assert (verdict.met, verdict.told) == (False, told)
    assert verdict.remedy


@pytest.mark.parametrize(
    ("took", "met", "told", "when"),
    [
        (timedelta(hours=24), True, "1d of 1d since the last of 2 devices took it", None),
        (
            timedelta(hours=3, minutes=12),
            False,
            "3h12m of 1d since the last of 2 devices took it",
            "2026-03-03T08:48:00Z",
        ),
    ],
    ids=["baked", "not yet"],
)
def test_bake_counts_from_the_last_device_that_took_it(
    took: timedelta, *, met: bool, told: str, when: str | None
) -> None:
    ring = reading(RELEASE, device("a", took=timedelta(days=3)), device("b", took=took))
    verdict = one("bake", {"bake": "24h"}, reading=ring)
    wanted = datetime.fromisoformat(when) if when else None
    assert (verdict.met, verdict.told, verdict.when) == (met, told, wanted)


def test_bake_has_not_begun_while_no_device_took_it_or_another_release_is_there() -> None:
    waiting = device("a", execution=Execution(status="QUEUED", queued=NOW, updated=NOW))
    assert one("bake", {"bake": "1h"}, reading=reading(RELEASE, waiting)).told == (
        "0s of 1h: no device of staging/twins has taken it yet"
    )
    assert one("bake", {"bake": "1h"}, reading=reading(OTHER)).told == "0s of 1h: no deployment carries the release"
    unknown = reading(RELEASE, known=frozenset({Facet.DEPLOYMENT}))
    assert not one("bake", {"bake": "1h"}, reading=unknown).met


def test_a_fast_track_rollback_passes_over_bake_and_says_so() -> None:
    held = {"kind": "Hold", "fleet": "line", "ring": "prod/canary", "release": OTHER}
    hold = Hold.model_validate({**WHO, **held, "restores": RELEASE, "fastTrack": True})
    verdict = one("bake", {"bake": "24h"}, controls=Controls(holds=(hold,)))
    assert (verdict.met, verdict.open) == (False, True)
    assert verdict.passed_over == "fast track: prod/canary goes back to this release (canary overheats)"


def test_health_counts_online_devices_and_names_those_that_are_ill() -> None:
    old = NOW - timedelta(days=3)
    ring = reading(
        RELEASE,
        device("a"), device("b"), device("c"), device("d", health="UNHEALTHY"), device("away", reported=old),
    )  # fmt: skip
    verdict = one("healthy", {"healthy": "90%"}, reading=ring)
    assert not verdict.met
    assert verdict.told == ("3 of 4 online devices (75%) of 90%, 1 offline do not count: d: it reports UNHEALTHY")
    assert one("healthy", {"healthy": "75%"}, reading=ring).met
    everybody_is_stale = one("healthy", {"healthy": "75%", "statusAge": "1m"}, reading=ring)
    assert (everybody_is_stale.met, everybody_is_stale.told) == (
        False,
        "needs 75%: no device of staging/twins is online",
    )


def test_a_test_counts_for_the_release_and_the_deployment_that_it_ran_against() -> None:
    gates = {"tests": ["smoke"]}
    passed = event("TestRecorded", ring="staging/twins", deployment="d-1", at=LAST)
    assert one("test smoke", gates, events=[passed]).met
    for other in (
        event("TestRecorded", deployment="d-0", at=LAST),
        event("TestRecorded", release=OTHER, deployment="d-1", at=LAST),
        event("TestRecorded", ring="prod/canary", deployment="d-1", at=LAST),
        event("TestRecorded", name="golden-set", deployment="d-1", at=LAST),
        event("TestRecorded", at="2026-03-02T08:59:59Z"),
    ):
        assert not one("test smoke", gates, events=[other]).met, other
    assert one("test smoke", gates, events=[event("TestRecorded", at="2026-03-02T09:00:00Z")]).met
    failed = event("TestRecorded", deployment="d-1", at="2026-03-02T11:30:00Z", passed=False, summary="2 of 40 wrong")
    verdict = one("test smoke", gates, events=[passed, failed])
    assert verdict.told == "smoke failed at 2026-03-02T11:30:00Z, recorded by ada@acme.example: 2 of 40 wrong"
    earlier = event("TestRecorded", deployment="d-0", at=LAST)
    assert "a result of an earlier deployment does not count" in one("test smoke", gates, events=[earlier]).told


@pytest.mark.parametrize(
    ("value", "met", "told"),
    [
        (0.93, True, "0.93 since 2026-03-02T11:00Z; Average over 1h must be at least 0.9 and at most 1"),
        (0.89, False, "0.89 since 2026-03-02T11:00Z; Average over 1h must be at least 0.9 and at most 1"),
        (1.1, False, "1.1 since 2026-03-02T11:00Z; Average over 1h must be at least 0.9 and at most 1"),
        (None, False, "Average over 1h must be at least 0.9 and at most 1: there is no data since 2026-03-02T11:00Z"),
        ("no permission", False, "could not be read: no permission"),
    ],
    ids=["within", "below", "above", "no data", "not read"],
)
def test_a_metric_must_lie_within_its_bounds(*, value: float | str | None, met: bool, told: str) -> None:
    gate = {"name": "Accuracy", "statistic": "Average", "min": 0.9, "max": 1, "window": "1h"}
    verdict = one("metric Accuracy", {"metrics": [gate]}, metric=lambda _gate, _since: value)
    assert (verdict.met, verdict.told) == (met, told)


def test_a_metric_is_never_asked_for_a_time_before_the_release() -> None:
    asked: list[datetime] = []
    gate = {"name": "Accuracy", "statistic": "Average", "min": 0.9, "window": "7d"}
    one("metric Accuracy", {"metrics": [gate]}, metric=lambda _gate, since: asked.append(since))
    assert asked == [NOW - timedelta(hours=2)]


def test_an_alarm_must_be_ok_and_there() -> None:
    states = {"fine": ("OK", "all quiet"), "hot": ("ALARM", "88 degrees"), "new": ("INSUFFICIENT_DATA", "")}
    gates = {"alarms": ["fine", "hot", "new", "gone"]}
    verdicts = [one(f"alarm {name}", gates, alarms=states) for name in gates["alarms"]]
    assert [each.met for each in verdicts] == [True, False, False, False]
    assert [each.told for each in verdicts] == ["is OK", "is ALARM: 88 degrees", "is INSUFFICIENT_DATA", "is not there"]
    assert one("alarm fine", gates, alarms="throttled").told == "could not be read: throttled"


def test_who_wrote_a_release_cannot_approve_it_and_nobody_counts_twice() -> None:
    own = event(by="Ada@acme.example")
    bob, again, other = (
        event(by="bob@acme.example"),
        event(by="Bob@Acme.example"),
        event(by="eve@acme.example", release=OTHER),
    )
    verdict = one("approvals", {"approvals": 2}, events=[own, bob, again, other])
    assert not verdict.met
    assert verdict.told == "1 of 2 (Bob@Acme.example); Ada@acme.example wrote the release and cannot approve it"
    assert one("approvals", {"approvals": 1}, events=[own, bob]).met


def test_controls_and_windows_close_the_way_with_their_reasons() -> None:
    stop = Stop.model_validate({**WHO, "kind": "Stop"})
    quarantine = Quarantine.model_validate({**WHO, "kind": "Quarantine", "release": RELEASE})
    hold = Hold.model_validate({**WHO, "kind": "Hold", "fleet": "line", "ring": "prod/canary", "release": RELEASE})
    daily = {"kind": "deny", "cron": "0 0 * * *", "duration": "18h", "timeZone": "UTC", "reason": "inventory"}
    window = Window.model_validate({**daily, "stages": ["prod"]})
    controls = Controls(stops={"all": stop}, holds=(hold,), quarantines={RELEASE: quarantine})
    closed = {each.gate: each for each in judge(case(controls=controls, windows=[window])) if not each.met}
    assert list(closed) == ["stop", "quarantine", "hold", "window"]
    assert all("canary overheats (by ada@acme.example" in closed[name].told for name in ("stop", "quarantine", "hold"))
    assert closed["window"].when == datetime.fromisoformat("2026-03-02T18:00:00Z")
    elsewhere = case(controls=Controls(stops={"labels": stop}), windows=[window], target="staging/lab")
    assert all(each.met for each in judge(elsewhere))


def test_an_update_that_was_interrupted_is_no_promotion_yet() -> None:
    """The deployment carries the release; some devices are still at it, and nothing says that it will end well."""
    begun = device("b", execution=Execution(status="IN_PROGRESS", queued=NOW, updated=NOW))
    verdict = one("healthy", {"healthy": "100%"}, reading=reading(RELEASE, device("a"), begun))
    assert (verdict.met, verdict.told) == (
        False, "1 of 2 online devices (50%) of 100%: b: it has begun the deployment",
    )  # fmt: skip
