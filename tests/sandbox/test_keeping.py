"""A world that is kept when the sandbox goes down, and goes on when it comes up again."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edgewright.errors import EdgewrightError
from edgewright.sandbox import control, kept
from edgewright.sandbox.control import Sandbox
from tests.sandbox.errors import refused
from tests.sandbox.protocol import HandDevice

GROUP = "arn:aws:iot:eu-west-1:222222222222:thinggroup/main"


@pytest.fixture(scope="module")
def resumed(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A sandbox with something of everything, kept and started again; and what it knew before."""
    directory = tmp_path_factory.mktemp("kept")
    before = control.start(directory, speed=3.0)
    iot, greengrass = before.client("iot", "staging"), before.client("greengrassv2", "staging")
    s3, sqs = before.client("s3"), before.client("sqs", "prod")
    s3.create_bucket(Bucket="parts", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_object(Bucket="parts", Key="large", Body=b"x" * 3_000_000)
    sqs.create_queue(QueueName="queue")
    before.client("lambda", "staging").list_functions()
    before.client("sagemaker", "staging").create_model_package_group(ModelPackageGroupName="models")
    iot.create_thing_group(thingGroupName="main")
    device = HandDevice.make(before, "cam-001", "main")
    other = HandDevice.make(before, "cam-002", "main")
    rollout = {"maximumPerMinute": 1}
    made = greengrass.create_deployment(
        targetArn=GROUP, components={}, iotJobConfiguration={"jobExecutionsRolloutConfig": rollout}
    )
    assert device.next_job() is not None
    before.add_light_devices("light-", 3, fleet="line-inspection", stage="staging")
    before.fault_calls("throttle", service="s3", operation="PutObject")
    before.fault_devices("late", seconds=5)
    port = before.document["port"]
    assert before.stop(keep=True)
    assert not before.running
    with control.start(directory, resume=True) as after:
        assert after.document["port"] == port
        yield after, made, [device, other]


def test_the_world_is_as_it_was(resumed: Any) -> None:
    sandbox, made, _ = resumed
    assert sandbox.client("s3").get_object(Bucket="parts", Key="large")["Body"].read() == b"x" * 3_000_000
    assert sandbox.client("sqs", "prod").get_queue_url(QueueName="queue")
    groups = sandbox.client("sagemaker", "staging").list_model_package_groups()["ModelPackageGroupSummaryList"]
    assert [group["ModelPackageGroupName"] for group in groups] == ["models"]
    deployment = sandbox.client("greengrassv2", "staging").get_deployment(deploymentId=made["deploymentId"])
    assert deployment["deploymentStatus"] == "ACTIVE"
    assert {device["thing"] for device in sandbox.devices()} == {"cam-001", "cam-002"}
    assert sum(batch["count"] for batch in sandbox.light_devices()) == 3
    assert sandbox.private("GET", "/_edgewright/health")["speed"] == 3.0
    refused(sandbox.client("s3").put_object, "SlowDown", 503, ".*", Bucket="parts", Key="a")
    assert [fault["kind"] for fault in sandbox.device_faults()] == ["late"]


def test_a_rollout_goes_on_where_it_was(resumed: Any) -> None:
    sandbox, made, (first, second) = resumed
    job = first.next_job()
    assert job is not None
    assert job["jobId"] == made["iotJobId"]
    assert first.finish(job["jobId"]).status == 200
    assert second.next_job() is None  # one a minute: the second is still to come
    sandbox.set_speed(100_000)
    details = sandbox.client("iot", "staging").describe_job(jobId=made["iotJobId"])["job"]["jobProcessDetails"]
    assert (details["numberOfSucceededThings"], details["numberOfQueuedThings"]) == (1, 1)
    again = sandbox.client("greengrassv2", "staging").create_deployment(targetArn=GROUP, components={})
    history = sandbox.client("greengrassv2", "staging").list_deployments(targetArn=GROUP, historyFilter="ALL")
    newest, oldest = history["deployments"]
    assert (newest["deploymentId"], newest["revisionId"]) == (again["deploymentId"], "2")
    assert (oldest["deploymentId"], oldest["deploymentStatus"]) == (made["deploymentId"], "CANCELED")


def test_a_world_is_resumed_once(resumed: Any) -> None:
    sandbox, _, _ = resumed
    assert kept.read(sandbox.directory) is None


def _forged(directory: Path, **about: Any) -> None:
    base = {"accounts": {"tooling": "1"}, "region": "eu-west-1", "port": 0, "devices": 0, "administrator": {}}
    kept.write(directory, {**base, **about}, b"not a pickle")


def test_a_damaged_world_is_one_error_that_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(EdgewrightError, match="no world was kept in"):
        control.start(tmp_path, resume=True)
    _forged(tmp_path)
    with pytest.raises(EdgewrightError, match=r"cannot be resumed .*; `edgewright sandbox down` forgets it"):
        control.start(tmp_path, resume=True)
    _forged(tmp_path, by="edgewright 0.0.0")
    with pytest.raises(EdgewrightError, match=r"was kept by edgewright 0.0.0"):
        kept.read(tmp_path)
    _forged(tmp_path)
    (tmp_path / kept.NAME).chmod(0o622)
    with pytest.raises(EdgewrightError, match="others may write to it"):
        kept.read(tmp_path)
    (tmp_path / kept.NAME).chmod(0o600)
    (tmp_path / kept.NAME).write_text("{", "utf-8")
    with pytest.raises(EdgewrightError, match="is damaged"):
        kept.read(tmp_path)


# --- the verb ---------------------------------------------------------------------------------------------------


@pytest.fixture
def project(tmp_path: Path, project_root: Path) -> Iterator[Path]:
    """A project with accounts and nothing else, so that no stack is made."""
    shutil.copy(project_root / "edgewright.yaml", tmp_path)
    yield tmp_path
    Sandbox.stop_any(tmp_path / ".edgewright" / "sandbox")


def test_down_keeps_and_up_goes_on(project: Path) -> None:
    def edgewright(*words: str) -> tuple[int, str]:
        command = [sys.executable, "-m", "edgewright.cli", "sandbox", *words, "--root", str(project)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
        return done.returncode, done.stdout + done.stderr

    def things(**made: str) -> list[str]:
        sandbox = Sandbox.load(directory)
        client = sandbox.client("iot", "staging")
        if made:
            client.create_thing(**made)
        found = [thing["thingName"] for thing in client.list_things()["things"]]
        sandbox.close()
        return found

    directory = project / ".edgewright" / "sandbox"
    assert edgewright("down", "--keep") == (0, "no sandbox ran here\n")
    assert edgewright("up")[0] == 0
    assert things(thingName="cam-001") == ["cam-001"]
    code, said = edgewright("down", "--keep")
    assert code == 0
    assert "its world is kept (0 devices, " in said
    assert (directory / kept.NAME).stat().st_mode & 0o077 == 0
    kept_world = "no sandbox runs here; a world with 0 devices is kept, `edgewright sandbox up` goes on with it\n"
    assert edgewright("status") == (1, kept_world)
    code, said = edgewright("up")
    assert "going on with the kept world ..." in said
    assert things() == ["cam-001"]
    edgewright("down", "--keep")
    text = (project / "edgewright.yaml").read_text("utf-8")
    (project / "edgewright.yaml").write_text(text.replace("333333333333", "444444444444"), "utf-8")
    code, said = edgewright("up")
    assert code == 1
    assert "the kept world has the accounts" in said
    assert "`edgewright sandbox down` forgets it" in said
    assert edgewright("down") == (0, "no sandbox ran here\nthe kept world is forgotten\n")


def test_the_file_says_what_it_is_in_its_first_line(tmp_path: Path) -> None:
    _forged(tmp_path, devices=7)
    line = (tmp_path / kept.NAME).read_bytes().partition(b"\n")[0]
    assert json.loads(line)["devices"] == 7
    held = kept.read(tmp_path)
    assert held is not None
    assert kept.payload(held.file) == b"not a pickle"
