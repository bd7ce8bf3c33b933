"""The device host against the real sandbox: whole deployments over HTTP, and nothing left behind when it ends."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from edgewright.sandbox.control import Sandbox
from tests.sandbox.device.fleet import Fleet, until
from tests.sandbox.device.scripts import alive, ends

APP = "com.acme.app"
MODEL, INFERENCE = "com.acme.parts-model", "com.acme.parts-inference"


@pytest.fixture
def fleet(sandbox: Sandbox) -> Fleet:
    return Fleet(sandbox)


@pytest.fixture
def running(fleet: Fleet) -> Iterator[Fleet]:
    fleet.sandbox.start_devices()
    yield fleet
    fleet.sandbox.stop_devices()


def _pid(fleet: Fleet, thing: str = "twin-001", component: str = APP) -> int:
    file = fleet.work(thing, component) / "pid"
    assert until(lambda: file.exists() and bool(file.read_text(encoding="utf-8").strip())), fleet.story([thing])
    return int(file.read_text(encoding="utf-8"))


def test_a_deployment_reaches_every_device_of_its_group_and_the_cloud_sees_it(running: Fleet) -> None:
    things = ["twin-001", "twin-002"]
    for thing in things:
        running.add(thing)
    running.component(APP, "1.0.0", run="exec sleep 600")
    merge = {"configurationUpdate": {"merge": json.dumps({"threshold": 0.5})}}
    job = running.deploy({APP: {"componentVersion": "1.0.0", **merge}, "aws.greengrass.Cli": "2.14.3"})
    assert running.ends(job, things) == dict.fromkeys(things, "SUCCEEDED")
    for thing in things:
        assert running.installed(thing) == {
            APP: ("1.0.0", "RUNNING"),
            "aws.greengrass.Cli": ("2.14.3", "RUNNING"),
            "aws.greengrass.Nucleus": ("2.14.3", "FINISHED"),
        }
        assert running.sandbox.device_configuration(thing, APP) == {"threshold": 0.5}
        core = running.greengrass.get_core_device(coreDeviceThingName=thing)
        assert (core["status"], core["coreVersion"]) == ("HEALTHY", "2.14.3")
        (effective,) = running.greengrass.list_effective_deployments(coreDeviceThingName=thing)["effectiveDeployments"]
        assert effective["coreDeviceExecutionStatus"] == "SUCCEEDED"


def test_a_late_joiner_gets_what_its_group_has(running: Fleet) -> None:
    running.add("twin-001")
    running.component(APP, "1.0.0", run="exec sleep 600")
    job = running.deploy({APP: "1.0.0"})
    running.ends(job, ["twin-001"])
    running.add("twin-002")
    assert running.ends(job, ["twin-002"]) == {"twin-002": "SUCCEEDED"}


def test_a_deployment_to_a_single_thing_comes_by_its_shadow(running: Fleet) -> None:
    running.add("twin-001")
    running.component(APP, "1.0.0", run="exec sleep 600")
    running.deploy({APP: "1.0.0"}, target=f"arn:aws:iot:eu-west-1:{running.account}:thing/twin-001")

    def done() -> bool:
        found = running.greengrass.list_deployments(targetArn=f"arn:aws:iot:eu-west-1:{running.account}:thing/twin-001")
        return bool(found["deployments"][0]["deploymentStatus"] == "COMPLETED")

    assert until(done), running.story(["twin-001"])
    assert running.installed("twin-001")[APP] == ("1.0.0", "RUNNING")


def test_knobs_take_effect_while_the_device_runs(running: Fleet) -> None:
    running.add("twin-001", offline=True)
    running.component(APP, "1.0.0", run="exec sleep 600")
    job = running.deploy({APP: "1.0.0"})
    assert running.iot.describe_job_execution(jobId=job, thingName="twin-001")["execution"]["status"] == "QUEUED"
    running.sandbox.set_device("twin-001", offline=False, fail=1.0)
    assert running.ends(job, ["twin-001"]) == {"twin-001": "FAILED"}
    details = running.iot.describe_job_execution(jobId=job, thingName="twin-001")["execution"]["statusDetails"]
    assert details["detailsMap"]["detailed-deployment-status"] == "FAILED_ROLLBACK_COMPLETE"
    running.sandbox.set_device("twin-001", fail=0.0)
    assert running.ends(running.deploy({APP: "1.0.0"}), ["twin-001"]) == {"twin-001": "SUCCEEDED"}


def test_a_role_that_may_not_read_the_artifact_fails_with_the_reason(running: Fleet) -> None:
    running.add("twin-001")
    running.publish(MODEL, "1.0.0")
    running.sandbox.client("iam", "staging").delete_role_policy(
        RoleName="edgewright-line-inspection-staging-device", PolicyName="artifacts"
    )
    job = running.deploy({MODEL: "1.0.0"})
    assert running.ends(job, ["twin-001"]) == {"twin-001": "FAILED"}
    details = running.iot.describe_job_execution(jobId=job, thingName="twin-001")["execution"]["statusDetails"]
    cause = details["detailsMap"]["deployment-failure-cause"]
    assert "has a policy granting s3:GetObject" in cause
    assert "S3_GET_OBJECT_ACCESS_DENIED" in details["detailsMap"]["deployment-error-stack"]


def test_a_component_that_depends_on_the_token_exchange_service_has_the_role_s_credentials(running: Fleet) -> None:
    running.add("twin-001")
    ask = "import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])"
    script = f'python3 -c "{ask}" > who'
    needs = {"aws.greengrass.TokenExchangeService": "^2.0.0", "aws.greengrass.Nucleus": "^2.0.0"}
    running.component(APP, "1.0.0", needs, startup=script)
    running.component("com.acme.outsider", "1.0.0", startup='test -z "$AWS_CONTAINER_CREDENTIALS_FULL_URI"')
    release = {
        "aws.greengrass.Nucleus": "2.14.3",
        "aws.greengrass.TokenExchangeService": "2.0.3",
        APP: "1.0.0",
        "com.acme.outsider": "1.0.0",
    }
    assert running.ends(running.deploy(release), ["twin-001"]) == {"twin-001": "SUCCEEDED"}, running.story(["twin-001"])
    who = (running.work("twin-001", APP) / "who").read_text(encoding="utf-8")
    assert ":assumed-role/edgewright-line-inspection-staging-device/" in who


def test_a_lambda_function_runs_as_a_component_of_its_own_code(running: Fleet) -> None:
    running.add("twin-001")
    running.sandbox.client("iam", "staging").create_role(
        RoleName="function",
        AssumeRolePolicyDocument=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
                ],
            }
        ),
    )
    jobs = []
    for version, code in (
        ("1.0.0", "import os\nopen('said', 'w').write(os.environ['GREETING'])\ndef handler(event, context): pass\n"),
        ("2.0.0", "import nothing_of_this_name\ndef handler(event, context): pass\n"),
    ):
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as opened:
            opened.writestr("filter.py", code)
        function = running.sandbox.client("lambda", "staging").create_function(
            FunctionName=f"filter-{version[0]}",
            Runtime="python3.13",
            Handler="filter.handler",
            Role=f"arn:aws:iam::{running.account}:role/function",
            Code={"ZipFile": archive.getvalue()},
            Publish=True,
        )
        running.greengrass.create_component_version(
            lambdaFunction={
                "lambdaArn": f"{function['FunctionArn']}:{function['Version']}",
                "componentName": "com.acme.filter",
                "componentVersion": version,
                "componentLambdaParameters": {"environmentVariables": {"GREETING": "hello"}},
            }
        )
        jobs.append(running.deploy({"com.acme.filter": version}))
        expected = "SUCCEEDED" if version == "1.0.0" else "FAILED"
        assert running.ends(jobs[-1], ["twin-001"]) == {"twin-001": expected}, running.story(["twin-001"])
    assert running.installed("twin-001")["com.acme.filter"] == ("1.0.0", "RUNNING")
    assert (running.work("twin-001", "com.acme.filter") / "said").read_text(encoding="utf-8") == "hello"
    details = running.iot.describe_job_execution(jobId=jobs[1], thingName="twin-001")["execution"]["statusDetails"]
    assert details["detailsMap"]["detailed-deployment-status"] == "FAILED_ROLLBACK_COMPLETE"
    assert "nothing_of_this_name" in running.story(["twin-001"])


def test_the_sample_model_that_does_not_load_is_rolled_back_and_predictions_go_on(running: Fleet) -> None:
    running.add("twin-001")
    for name, version in ((MODEL, "1.1.0"), (MODEL, "1.2.0"), (INFERENCE, "2.1.0")):
        running.publish(name, version)
    fast = {"configurationUpdate": {"merge": json.dumps({"intervalSeconds": 0.05})}}
    release = {
        "aws.greengrass.Nucleus": "2.14.3",
        "aws.greengrass.TokenExchangeService": "2.0.3",
        INFERENCE: {"componentVersion": "2.1.0", **fast},
    }
    good = running.deploy({**release, MODEL: "1.1.0"})
    assert running.ends(good, ["twin-001"]) == {"twin-001": "SUCCEEDED"}, running.story(["twin-001"])
    predictions = running.work("twin-001", INFERENCE) / "predictions.jsonl"
    assert until(lambda: predictions.exists() and "1.1.0" in predictions.read_text(encoding="utf-8"))
    slow = {"configurationUpdate": {"merge": json.dumps({"intervalSeconds": 3})}}
    bad = running.deploy({**release, MODEL: "1.2.0", INFERENCE: {"componentVersion": "2.1.0", **slow}})
    assert running.ends(bad, ["twin-001"]) == {"twin-001": "FAILED"}, running.story(["twin-001"])
    details = running.iot.describe_job_execution(jobId=bad, thingName="twin-001")["execution"]["statusDetails"]
    assert details["detailsMap"]["detailed-deployment-status"] == "FAILED_ROLLBACK_COMPLETE"
    assert details["detailsMap"]["deployment-failure-cause"] == f"Service {INFERENCE} in broken state after deployment"
    assert running.installed("twin-001")[MODEL][0] == "1.1.0"
    assert running.installed("twin-001")[INFERENCE] == ("2.1.0", "RUNNING")
    assert running.sandbox.device_configuration("twin-001", INFERENCE)["intervalSeconds"] == 0.05
    before = predictions.read_text(encoding="utf-8").count("\n")
    assert until(lambda: predictions.read_text(encoding="utf-8").count("\n") > before)
    assert "1.2.0" not in predictions.read_text(encoding="utf-8")


def test_a_stopped_host_leaves_no_process_and_a_new_one_goes_on(running: Fleet) -> None:
    running.add("twin-001")
    running.component(APP, "1.0.0", run="echo $$ > pid; exec sleep 600", shutdown="rm pid")
    running.ends(running.deploy({APP: "1.0.0"}), ["twin-001"])
    pid = _pid(running)
    running.sandbox.stop_devices()
    assert ends(pid)
    assert not (running.work("twin-001", APP) / "pid").exists()
    running.sandbox.start_devices()
    assert alive(_pid(running))
    assert until(lambda: running.installed("twin-001")[APP] == ("1.0.0", "RUNNING"))


def test_scripts_do_not_outlive_a_host_that_is_killed(running: Fleet) -> None:
    running.add("twin-001")
    # One process in the script's group, and one that has left group and session.
    running.component(APP, "1.0.0", run="setsid sh -c 'echo $$ > left; exec sleep 600' & echo $$ > pid; exec sleep 600")
    running.ends(running.deploy({APP: "1.0.0"}), ["twin-001"])
    pid, left = _pid(running), running.work("twin-001", APP) / "left"
    assert until(lambda: left.exists() and bool(left.read_text(encoding="utf-8").strip()))
    host = running.sandbox.pids["devices"]
    assert host is not None
    os.kill(host, signal.SIGKILL)
    assert ends(pid)
    assert ends(int(left.read_text(encoding="utf-8")))


def test_a_device_that_leaves_the_registry_stops(running: Fleet) -> None:
    running.add("twin-001")
    running.component(APP, "1.0.0", run="echo $$ > pid; exec sleep 600")
    running.ends(running.deploy({APP: "1.0.0"}), ["twin-001"])
    pid = _pid(running)
    running.sandbox.forget_device(running.account, "twin-001")
    assert until(lambda: not alive(pid))


def test_a_device_whose_registry_entry_changes_its_nucleus_starts_with_it(running: Fleet) -> None:
    running.add("twin-001", nucleusVersion="2.9.0")

    def version() -> str:
        try:
            return str(running.greengrass.get_core_device(coreDeviceThingName="twin-001")["coreVersion"])
        except running.greengrass.exceptions.ResourceNotFoundException:
            return ""

    assert until(lambda: version() == "2.9.0")
    running.sandbox.put_device(running.account, "twin-001", {"nucleusVersion": "2.13.0"})
    assert until(lambda: version() == "2.13.0")


def test_a_host_stops_with_its_parent(fleet: Fleet, tmp_path: Path) -> None:
    parent = subprocess.Popen(["sleep", "600"])
    command = [sys.executable, "-m", "edgewright.sandbox.device", "--server", fleet.sandbox.endpoint]
    host = subprocess.Popen([*command, "--directory", str(tmp_path), "--parent", str(parent.pid)])
    try:
        assert until(lambda: (tmp_path / "device-host.log").exists() or host.poll() is not None)
        parent.kill()
        parent.wait()
        assert host.wait(20) == 0
    finally:
        for process in (parent, host):
            process.kill()
            process.wait()


def _host(tmp_path: Path, server: str, *more: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "edgewright.sandbox.device", "--server", server, "--directory", str(tmp_path)]
    return subprocess.run([*command, *more], capture_output=True, text=True, timeout=60, check=False)


def test_a_host_gives_up_when_its_server_is_gone(tmp_path: Path) -> None:
    done = _host(tmp_path, "http://127.0.0.1:9", "--patience", "0.1")
    assert done.returncode == 0
    assert done.stderr == "the sandbox at http://127.0.0.1:9 is gone; its devices stop\n"


@pytest.mark.parametrize("server", ["nonsense", "https://127.0.0.1:1"])
def test_a_server_that_is_no_url_is_one_clear_error(tmp_path: Path, server: str) -> None:
    done = _host(tmp_path, server)
    assert done.returncode == 1
    assert done.stderr.startswith("the devices cannot start: the sandbox's server has a URL such as http://")
    assert done.stderr.count("\n") == 1
