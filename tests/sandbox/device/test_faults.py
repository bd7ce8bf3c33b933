"""Faults on demand: what each does to a device, and that the same orders do the same again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from edgewright.errors import EdgewrightError
from edgewright.sandbox import device_faults
from edgewright.sandbox.control import Sandbox
from edgewright.sandbox.device.settings import Crashing, Failing, Knobs
from edgewright.sandbox.device_faults import DeviceFault
from edgewright.sandbox.faults import AwsError
from tests.sandbox.device.box import APP, GROUP, Box
from tests.sandbox.device.scripts import ends

THINGS = [f"cam-{number:03}" for number in range(400)]


@pytest.mark.parametrize(
    ("order", "message"),
    [
        pytest.param({"kind": "explode"}, "no device fault 'explode'; there are fail-component, crash", id="kind"),
        pytest.param({}, "no device fault 'None'", id="nothing"),
        pytest.param({"kind": "slow"}, "the fault slow needs seconds: how much longer", id="missing"),
        pytest.param({"kind": "slow", "seconds": 1, "often": 2}, "the fault slow has no often; it has", id="unknown"),
        pytest.param({"kind": "slow", "seconds": -1}, "seconds is a number from 0 to 2592000 (got -1)", id="below"),
        pytest.param({"kind": "slow", "seconds": "1"}, "seconds is a number", id="text for a number"),
        pytest.param({"kind": "slow", "seconds": True}, "seconds is a number", id="truth for a number"),
        pytest.param({"kind": "crash", "component": "a", "every": 0}, "every is a number from 0.1", id="at once"),
        pytest.param({"kind": "flap", "every": 5, "down": 5}, "down must be shorter than every", id="always down"),
        pytest.param({"kind": "fail-component", "component": 7}, "component is a text", id="number for a text"),
        pytest.param({"kind": "fail-component", "component": "a", "version": ">>1"}, "not a version range", id="range"),
        pytest.param(
            {"kind": "fail-component", "component": "a", "rate": 2}, "rate is a number from 0 to 1", id="rate"
        ),
        pytest.param({"kind": "old-nucleus", "version": "2"}, "version is one exact version", id="nucleus"),
        pytest.param({"kind": "disk-full", "devices": "cam-1"}, "devices is a list of names", id="devices"),
        pytest.param({"kind": "disk-full", "share": 1.5}, "share is a number from 0 to 1", id="share"),
        pytest.param({"kind": "disk-full", "seed": "x"}, "seed is a whole number", id="seed"),
        pytest.param({"kind": "disk-full", "account": 1}, "account is an account's id", id="account"),
    ],
)
def test_an_order_that_cannot_be_is_refused_and_says_why(order: dict[str, Any], message: str) -> None:
    with pytest.raises(AwsError) as caught:
        device_faults.add(order)
    assert message in caught.value.message
    assert caught.value.status == 400
    assert device_faults.standing() == []


def test_a_share_hits_as_many_devices_as_it_says_and_always_the_same() -> None:
    fault = DeviceFault("f", "disk-full", {}, share=0.25, seed=7)
    hit = [thing for thing in THINGS if fault.hits("1", thing)]
    assert 70 <= len(hit) <= 130
    assert hit == [thing for thing in THINGS if fault.hits("1", thing)]
    other = DeviceFault("f", "disk-full", {}, share=0.25, seed=8)
    assert hit != [thing for thing in THINGS if other.hits("1", thing)]


def test_a_fault_hits_the_devices_that_it_names_in_its_account() -> None:
    fault = DeviceFault("f", "disk-full", {}, devices=("cam-00?", "twin-*"), account="1")
    assert [thing for thing in [*THINGS, "twin-001", "TWIN-001"] if fault.hits("1", thing)] == [
        *THINGS[:10],
        "twin-001",
    ]
    assert not fault.hits("2", "cam-001")


def test_offline_ends_by_itself() -> None:
    fault = DeviceFault("f", "offline", {"duration": 30.0}, since=100.0)
    assert [fault.cut_off("a", now) for now in (100, 129.9, 130, 500)] == [True, True, False, False]
    assert fault.next_turn("a", 110) == 130
    assert fault.next_turn("a", 131) is None
    lasting = DeviceFault("f", "offline", {"duration": None}, since=100.0)
    assert lasting.cut_off("a", 1e9)
    assert lasting.next_turn("a", 110) is None


@pytest.mark.parametrize("thing", THINGS[:5])
def test_a_connection_that_flaps_is_down_for_its_share_of_the_time(thing: str) -> None:
    fault = DeviceFault("f", "flap", {"every": 10.0, "down": 3.0}, seed=1, since=50.0)
    down = [fault.cut_off(thing, 50 + second / 10) for second in range(1000)]
    assert sum(down) == pytest.approx(300, abs=2)
    now = 50.0
    for _ in range(6):
        turn = fault.next_turn(thing, now)
        assert turn is not None
        assert fault.cut_off(thing, turn - 0.01) != fault.cut_off(thing, turn + 0.01)
        now = turn + 0.02


def test_devices_do_not_flap_in_step() -> None:
    fault = DeviceFault("f", "flap", {"every": 10.0, "down": 5.0}, seed=1)
    assert 120 < sum(fault.cut_off(thing, 0.0) for thing in THINGS) < 280


def test_a_component_version_fails_in_its_range_and_at_its_rate() -> None:
    always = Failing("com.acme.app", "^1.1.0", 1.0, 0)
    assert always.fails("com.acme.app", "1.1.3", "cam-001", "d")
    assert not always.fails("com.acme.app", "1.0.9", "cam-001", "d")
    assert not always.fails("com.acme.other", "1.1.3", "cam-001", "d")
    half = Failing("com.acme.app", "*", 0.5, 3)
    failed = [deployment for deployment in THINGS if half.fails("com.acme.app", "1.0.0", "cam-001", deployment)]
    assert 150 < len(failed) < 250


def test_crashes_come_at_half_to_one_and_a_half_times_their_interval() -> None:
    crashing = Crashing("com.acme.app", 10.0, 4)
    pauses = [crashing.pause("cam-001", number) for number in range(100)]
    assert min(pauses) >= 5
    assert max(pauses) <= 15
    assert len(set(pauses)) == 100


def test_seconds_of_knobs_are_the_sandbox_s() -> None:
    given = {"slow": 60, "late": 30, "defer": 6, "crashing": [{"component": "a", "every": 600, "seed": 0}]}
    knobs = Knobs.parse(given, speed=60)
    assert (knobs.slow, knobs.late, knobs.defer, knobs.crashing[0].every) == (1.0, 0.5, 0.1, 10.0)


def _device(sandbox: Sandbox, thing: str = "twin-001", **knobs: Any) -> None:
    sandbox.add_device(thing, fleet="line-inspection", stage="staging", **knobs)


def test_the_registry_shows_what_the_faults_do_to_a_device(sandbox: Sandbox) -> None:
    _device(sandbox, slow=1.0)
    _device(sandbox, "twin-002")
    before = sandbox.device("twin-001")
    orders = [
        sandbox.fault_devices("slow", "twin-001", seconds=2),
        sandbox.fault_devices("late", "twin-*", seconds=3),
        sandbox.fault_devices("offline", "twin-001"),
        sandbox.fault_devices("disk-full", "twin-001"),
        sandbox.fault_devices("old-nucleus", "twin-001", version="2.9.6"),
        sandbox.fault_devices("fail-component", "twin-001", component="com.acme.app", version="~1.1.0", seed=5),
        sandbox.fault_devices("crash", "twin-001", component="com.acme.app", every=9),
        sandbox.fault_devices("defer", "twin-001", seconds=4),
    ]
    device = sandbox.device("twin-001")
    assert device["nucleusVersion"] == "2.9.6"
    assert device["knobs"] == {
        "offline": True,
        "slow": 3.0,
        "fail": 0.0,
        "late": 3.0,
        "defer": 4.0,
        "diskFull": True,
        "failing": [{"component": "com.acme.app", "version": "~1.1.0", "rate": 1.0, "seed": 5}],
        "crashing": [{"component": "com.acme.app", "every": 9.0, "seed": 0}],
    }
    assert sandbox.device("twin-002")["knobs"] == {"offline": False, "slow": 0.0, "fail": 0.0, "late": 3.0}
    assert [fault["id"] for fault in sandbox.device_faults()] == orders
    assert sandbox.clear_device_faults(orders[2]) == 1
    assert not sandbox.device("twin-001")["knobs"]["offline"]
    assert sandbox.clear_device_faults() == len(orders) - 1
    assert sandbox.device("twin-001") == before


def test_a_fault_that_is_not_there_cannot_be_cleared(sandbox: Sandbox) -> None:
    known = sandbox.fault_devices("disk-full")
    with pytest.raises(EdgewrightError, match=f"there is no fault 'slow-1'; there are: {known}"):
        sandbox.clear_device_faults("slow-1")


def test_a_reset_ends_all_faults(sandbox: Sandbox) -> None:
    sandbox.fault_devices("disk-full")
    sandbox.reset()
    assert sandbox.device_faults() == []


def test_an_offline_time_passes_on_the_sandbox_s_clock(sandbox: Sandbox) -> None:
    _device(sandbox)
    sandbox.fault_devices("offline", duration=3600)
    assert sandbox.device("twin-001")["knobs"]["offline"]
    since = sandbox.private("GET", "/_edgewright/devices")["sequence"]
    sandbox.set_speed(100_000)  # the hour is over in 36 ms; the registry's long poll tells
    news = since
    while sandbox.device("twin-001")["knobs"]["offline"]:
        news = sandbox.private("GET", f"/_edgewright/devices?since={news}&timeout=20")["sequence"]
    assert news > since
    assert sandbox.device_faults()[0]["over"]


# What the knobs do on a device.


def _turn(box: Box, **knobs: Any) -> None:
    assert box.device is not None
    box.device.turn(Knobs(**knobs))


def test_a_component_version_that_fails_is_rolled_back_and_another_version_goes_through(running: Box) -> None:
    for version in ("1.0.0", "1.1.0", "1.2.0"):
        running.cloud.component(APP, version, {"run": "exec sleep 60"})
    running.cloud.component("com.acme.other", "1.0.0", {"run": "exec sleep 60"})
    running.succeed(GROUP, {APP: "1.0.0"})
    _turn(running, failing=(Failing(APP, "~1.1.0", 1.0, 0),))
    details = running.fail(GROUP, {APP: "1.1.0"})
    assert details["detailed-deployment-status"] == "FAILED_ROLLBACK_COMPLETE"
    assert details["deployment-failure-cause"] == f"Service {APP} in broken state after deployment"
    assert running.components()[APP] == "1.0.0"
    assert f"the fault fail-component names {APP} 1.1.0" in running.log(APP)
    running.succeed(GROUP, {APP: "1.2.0"})
    _turn(running, failing=(Failing(APP, "*", 1.0, 0),))
    running.succeed(GROUP, {APP: "1.2.0", "com.acme.other": "1.0.0"})  # what runs already is not started again


def test_a_component_that_failed_and_was_left_fails_again(running: Box) -> None:
    running.cloud.component(APP, "1.0.0", {"run": "exec sleep 60"})
    _turn(running, failing=(Failing(APP, "*", 1.0, 0),))
    policy = {"failureHandlingPolicy": "DO_NOTHING"}
    for _ in range(2):
        details = running.fail(GROUP, {APP: "1.0.0"}, deploymentPolicies=policy)
        assert details["detailed-deployment-status"] == "FAILED_ROLLBACK_NOT_REQUESTED"
    _turn(running)
    running.succeed(GROUP, {APP: "1.0.0"})


def test_a_full_disk_stops_what_must_be_downloaded_and_nothing_else(running: Box) -> None:
    running.cloud.component(APP, "1.0.0", {"run": "exec sleep 60"}, files={"model": b"one"})
    running.cloud.component(APP, "1.1.0", {"run": "exec sleep 60"}, files={"model": b"two"})
    running.succeed(GROUP, {APP: "1.0.0"})
    _turn(running, disk_full=True)
    running.succeed(GROUP, {APP: {"version": "1.0.0", "configurationUpdate": {"merge": {"a": 1}}}})
    assert running.fail(GROUP, {APP: "1.1.0"}) == {
        "detailed-deployment-status": "FAILED_NO_STATE_CHANGE",
        "deployment-failure-cause": "Disk space critical: 0 bytes usable, 20971520 bytes minimum allowed",
        "deployment-error-stack": "DEPLOYMENT_FAILURE, ARTIFACT_DOWNLOAD_ERROR, DISK_SPACE_CRITICAL",
        "deployment-error-types": "DEVICE_ERROR",
    }
    assert running.components()[APP] == "1.0.0"


def test_late_reports_arrive_when_the_knob_is_turned_back(running: Box) -> None:
    running.cloud.component(APP, "1.0.0", {"startup": "touch done"})
    _turn(running, late=3600.0)
    job = running.cloud.deploy(GROUP, {APP: "1.0.0"})
    running.wait_for_log("SUCCESSFUL")
    assert running.cloud.jobs[job]["status"] == "IN_PROGRESS"
    assert (running.root / "work" / APP / "done").exists()
    _turn(running)
    assert running.cloud.end_of(job)[0] == "SUCCEEDED"


def test_a_device_that_keeps_reports_back_stops_at_once(box: Box) -> None:
    device = box.start()
    box.cloud.message(lambda message: message["trigger"] == "NUCLEUS_LAUNCH")
    device.turn(Knobs(late=3600.0))
    box.cloud.component(APP, "1.0.0")
    box.cloud.deploy(GROUP, {APP: "1.0.0"})
    box.wait_for_log("SUCCESSFUL")
    box.stop()
    assert box.log().rstrip().endswith("nucleus stopped")


def test_components_put_an_update_off_only_when_they_are_asked(running: Box) -> None:
    running.cloud.component(APP, "1.0.0")
    running.cloud.component(APP, "1.1.0")
    _turn(running, defer=3600.0)
    running.succeed(
        GROUP, {APP: "1.0.0"}, deploymentPolicies={"componentUpdatePolicy": {"action": "SKIP_NOTIFY_COMPONENTS"}}
    )
    job = running.cloud.deploy(GROUP, {APP: "1.1.0"})
    running.wait_for_log("an update is put off")
    assert running.cloud.jobs[job]["status"] == "IN_PROGRESS"
    _turn(running)
    assert running.cloud.end_of(job)[0] == "SUCCEEDED"


def test_a_crash_of_run_is_noticed_and_three_break_the_component(running: Box) -> None:
    running.cloud.component(APP, "1.0.0", {"run": "exec sleep 60"})
    running.succeed(GROUP, {APP: "1.0.0"})
    _turn(running, crashing=(Crashing(APP, 0.1, 0),))
    running.cloud.message(
        lambda message: any(c["componentName"] == APP and c["status"] == "BROKEN" for c in message["components"])
    )
    assert running.log(APP).count("simulated crash") >= 3
    assert "state: RUNNING -> ERRORED (Error during run: exit code 137)" in running.log(APP)


def test_a_crash_of_what_startup_left_running_is_not_noticed(running: Box) -> None:
    """The nucleus waits for the startup script only: what it leaves behind dies unseen (developer guide)."""
    running.cloud.component(APP, "1.0.0", {"startup": "sleep 60 & echo $! > pid"})
    running.succeed(GROUP, {APP: "1.0.0"})
    pid = int((running.root / "work" / APP / "pid").read_text(encoding="utf-8"))
    _turn(running, crashing=(Crashing(APP, 0.1, 0),))
    assert ends(pid)
    assert "ERRORED" not in running.log(APP)


def test_a_flapping_connection_delays_a_deployment_and_does_not_spoil_it(running: Box) -> None:
    running.cloud.component(APP, "1.0.0", {"startup": "true"})
    for _ in range(3):
        _turn(running, offline=True)
        _turn(running, offline=False)
    running.succeed(GROUP, {APP: "1.0.0"})


def test_the_reference_names_every_kind_and_parameter(project_root: Path) -> None:
    page = (project_root / "docs" / "reference" / "sandbox-devices.md").read_text(encoding="utf-8")
    rows = {line.split("|")[1].strip(" `"): line for line in page.splitlines() if line.startswith("| `")}
    for kind, (summary, parameters) in device_faults.KINDS.items():
        assert all(f"`{name}`" in rows[kind] for name in parameters), kind
        assert summary.partition(",")[0] in rows[kind]
