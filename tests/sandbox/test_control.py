"""Starting and stopping: several at once, nothing left behind, and nobody else's processes touched."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from edgewright.errors import EdgewrightError
from edgewright.sandbox import control
from edgewright.sandbox.accounts import Accounts
from edgewright.sandbox.control import Sandbox
from edgewright.sandbox.processes import Process, start_time

Start = Callable[..., Sandbox]


def gone(pid: int, seconds: float = 15) -> bool:
    """Wait until a process is no more."""
    deadline = time.monotonic() + seconds
    while start_time(pid) is not None and time.monotonic() < deadline:
        time.sleep(0.02)  # of another family: there is nothing to wait on
    return start_time(pid) is None


def test_several_run_at_once_and_know_nothing_of_each_other(sandboxes: Start) -> None:
    first, second = sandboxes(), sandboxes()
    assert first.endpoint != second.endpoint
    assert first.administrator != second.administrator
    first.client("iot").create_thing(thingName="only-here")
    assert second.client("iot").list_things()["things"] == []


def test_accounts_and_region_are_the_organisations(sandboxes: Start) -> None:
    accounts = Accounts({"tooling": "444444444444", "prod": "555555555555", "lake": "444444444444"}, "us-west-2")
    sandbox = sandboxes(accounts=accounts)
    assert sandbox.client("sts").get_caller_identity()["Account"] == "444444444444"
    assert sandbox.client("sts", "prod").get_caller_identity()["Account"] == "555555555555"
    assert sandbox.client("iot").meta.region_name == "us-west-2"
    with pytest.raises(EdgewrightError, match="no account 'staging'; it has lake, prod, tooling"):
        sandbox.client("sts", "staging")


def test_the_key_is_for_the_owners_eyes_and_new_each_time(sandboxes: Start) -> None:
    file = sandboxes().directory / "server.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert not list(file.parent.glob("*.new"))


def test_a_sandbox_is_found_again_and_stopped_by_another_process(tmp_path: Path) -> None:
    started = control.start(tmp_path, tied=False)
    pid = started.pids["server"]
    assert pid is not None
    found = Sandbox.load(tmp_path)
    assert found.running
    with pytest.raises(EdgewrightError, match=r"runs in .* already"):
        control.start(tmp_path)
    assert Sandbox.stop_any(tmp_path)
    assert gone(pid)
    started.stop()
    assert not Sandbox.stop_any(tmp_path)
    with pytest.raises(EdgewrightError, match="there is no sandbox in"):
        Sandbox.load(tmp_path)


def test_a_tied_server_ends_with_whoever_started_it(tmp_path: Path) -> None:
    script = (
        "import os, sys; from pathlib import Path; from edgewright.sandbox import control\n"
        "s = control.start(Path(sys.argv[1])); print(s.pids['server'], flush=True); os._exit(9)"
    )
    said = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=False, timeout=60
    )
    assert said.returncode == 9, said.stderr
    assert gone(int(said.stdout))


def test_a_pid_that_belongs_to_somebody_else_by_now_is_left_alone(tmp_path: Path) -> None:
    other = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, start_new_session=True)
    try:
        file = tmp_path / "server.pid"
        file.write_text(json.dumps({"pid": other.pid, "started": "long ago"}), "utf-8")
        assert Process(file).pid is None
        assert not Process(file).stop()
        assert other.poll() is None
        assert not file.exists()
    finally:
        other.communicate(b"\n")


def test_a_process_that_does_not_end_by_itself_is_killed_with_its_group(tmp_path: Path) -> None:
    deaf = "import signal, subprocess, sys; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    child = "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
    process = Process.spawn(
        [sys.executable, "-c", f"{deaf}{child}print(child.pid, flush=True); import time; time.sleep(60)"],
        tmp_path / "x.pid",
        tmp_path / "x.log",
    )
    pid = process.pid
    assert pid is not None
    deadline = time.monotonic() + 10
    while not (log := (tmp_path / "x.log").read_text()) and time.monotonic() < deadline:
        time.sleep(0.02)  # the child tells only its log
    assert process.stop(patience=0.3)
    assert gone(pid)
    assert gone(int(log))


def test_a_damaged_pid_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "server.pid").write_text("{", "utf-8")
    with pytest.raises(EdgewrightError, match=r"server.pid is not a pid file of the sandbox"):
        Sandbox.stop_any(tmp_path)


def test_a_server_that_cannot_start_says_why(sandboxes: Start, tmp_path: Path) -> None:
    port = sandboxes().document["port"]
    with pytest.raises(EdgewrightError, match=r"the sandbox could not start: .*[Pp]ort .*server.log"):
        control.start(tmp_path, port=port)
    assert not (tmp_path / "server.pid").exists()


def test_starting_takes_less_than_a_few_seconds(sandboxes: Start) -> None:
    began = time.monotonic()
    sandboxes()
    # 0.6 s on an idle machine; the bound is for one that is busy
    assert time.monotonic() - began < 10


def test_each_test_finds_an_empty_sandbox(sandbox: Sandbox) -> None:
    """With the next test, in either order: what one leaves the other does not see."""
    _leave_traces(sandbox)


def test_each_test_finds_an_empty_sandbox_again(sandbox: Sandbox) -> None:
    _leave_traces(sandbox)


def _leave_traces(sandbox: Sandbox) -> None:
    assert sandbox.devices() == []
    for account in ("tooling", "staging", "prod"):
        assert sandbox.client("iot", account).list_things()["things"] == []
        assert sandbox.client("s3", account).list_buckets()["Buckets"] == []
        assert sandbox.client("greengrassv2", account).list_deployments(historyFilter="ALL")["deployments"] == []
        sandbox.client("iot", account).create_thing(thingName="trace")
        sandbox.client("s3", account).create_bucket(
            Bucket=f"trace-{account}", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
        )
    sandbox.add_device("trace-device", fleet="line-inspection", stage="staging")


def test_calls_are_counted(sandbox: Sandbox) -> None:
    client = sandbox.client("iot", "staging")
    sandbox.forget_calls()
    client.list_things()
    [call] = sandbox.calls()
    assert (call["account"], call["service"], call["operation"], call["status"]) == (
        "222222222222",
        "iot",
        "GET /things",
        200,
    )


def test_a_device_is_made_as_a_factory_makes_it_and_taken_away_again(sandbox: Sandbox) -> None:
    device = sandbox.add_device("cam-001", fleet="line-inspection", stage="staging", offline=True, slow=1.5)
    assert (device["account"], device["roleAlias"], device["knobs"]) == (
        "222222222222",
        "edgewright-line-inspection-staging",
        {"offline": True, "slow": 1.5, "fail": 0.0},
    )
    iot = sandbox.client("iot", "staging")
    [principal] = iot.list_thing_principals(thingName="cam-001")["principals"]
    assert principal.endswith(device["certificateId"])
    with pytest.raises(EdgewrightError, match="there is a device 'cam-001' in account 222222222222 already"):
        sandbox.add_device("cam-001", fleet="line-inspection", stage="staging")
    assert sandbox.set_device("cam-001", offline=False)["knobs"] == {"offline": False, "slow": 1.5, "fail": 0.0}
    sandbox.remove_device("cam-001")
    assert sandbox.devices() == []
    assert iot.list_things()["things"] == []
    assert iot.list_certificates()["certificates"] == []
    with pytest.raises(EdgewrightError, match="no device named 'cam-001'"):
        sandbox.set_device("cam-001", offline=True)


def test_a_thing_that_its_stack_has_made_stays_the_same_thing(sandbox: Sandbox) -> None:
    iot = sandbox.client("iot", "staging")
    made = iot.create_thing(thingName="cam-001", attributePayload={"attributes": {"line": "7"}})
    sandbox.add_device("cam-001", fleet="line-inspection", stage="staging")
    found = iot.describe_thing(thingName="cam-001")
    assert (found["thingId"], found["attributes"]) == (made["thingId"], {"line": "7"})


def test_a_server_that_is_gone_is_said_in_words(sandboxes: Start) -> None:
    sandbox = sandboxes()
    sandbox._server.stop()
    with pytest.raises(EdgewrightError, match=r"does not answer .*`edgewright sandbox up` starts it again"):
        sandbox.devices()
