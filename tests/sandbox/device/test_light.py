"""Light devices in a real sandbox: they take deployments, report, and hold up rollouts as other devices do."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from edgewright.documents import naming
from edgewright.errors import EdgewrightError
from edgewright.sandbox.control import Sandbox
from tests.sandbox.protocol import EVERYTHING

APP, OTHER = "com.acme.app", "com.acme.other"
COUNT = 200


class Light:
    """Some hundred light devices of staging in a group."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.iot = sandbox.client("iot", "staging")
        self.greengrass = sandbox.client("greengrassv2", "staging")
        self.account = sandbox.account_id("staging")

    def prepare(self, *groups: str, policy: Any = EVERYTHING) -> None:
        for group in groups:
            self.iot.create_thing_group(thingGroupName=group)
        name = naming.device_policy("line-inspection", "staging")
        self.iot.create_policy(policyName=name, policyDocument=json.dumps(policy))

    def add(self, count: int = COUNT, prefix: str = "cam-", group: str = "main", **knobs: Any) -> None:
        self.sandbox.add_light_devices(prefix, count, fleet="line-inspection", stage="staging", groups=[group], **knobs)

    def publish(self, name: str, version: str, **more: Any) -> None:
        recipe = {
            "RecipeFormatVersion": "2020-01-25",
            "ComponentName": name,
            "ComponentVersion": version,
            "Manifests": [{"Platform": {"os": "linux"}, "Lifecycle": {"run": "exec sleep 600"}}],
            **more,
        }
        self.greengrass.create_component_version(inlineRecipe=json.dumps(recipe).encode())

    def deploy(self, components: dict[str, str], group: str = "main", **more: Any) -> str:
        answer = self.greengrass.create_deployment(
            targetArn=naming.thing_group_arn(self.sandbox.region, self.account, group),
            components={name: {"componentVersion": version} for name, version in components.items()},
            **more,
        )
        return str(answer["iotJobId"])

    def counts(self, job: str) -> dict[str, int]:
        details = self.iot.describe_job(jobId=job)["job"]["jobProcessDetails"]
        return {
            key.removeprefix("numberOf").removesuffix("Things"): value
            for key, value in details.items()
            if key != "processingTargets" and value
        }

    def until(self, holds: Callable[[], bool], seconds: float = 30.0) -> None:
        deadline = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < deadline, "it did not happen in time"
            time.sleep(0.02)  # the server tells devices, not tests

    def ends(self, job: str, expected: dict[str, int]) -> None:
        self.until(lambda: self.counts(job) == expected)

    def installed(self, thing: str) -> dict[str, tuple[str, str]]:
        found = self.greengrass.list_installed_components(coreDeviceThingName=thing, topologyFilter="ALL")
        return {c["componentName"]: (c["componentVersion"], c["lifecycleState"]) for c in found["installedComponents"]}

    def execution(self, job: str, thing: str) -> dict[str, str]:
        found = self.iot.describe_job_execution(jobId=job, thingName=thing)["execution"]
        details: dict[str, str] = found["statusDetails"]["detailsMap"]
        return {"status": found["status"], **details}


@pytest.fixture
def light(sandbox: Sandbox) -> Light:
    return Light(sandbox)


def test_they_take_deployments_and_report_as_other_devices_do(light: Light) -> None:
    light.prepare("main", "second")
    light.add()
    light.publish(APP, "1.0.0")
    light.publish(APP, "1.1.0")
    light.publish(OTHER, "1.0.0", ComponentDependencies={APP: {"VersionRequirement": "^1.0.0"}})
    light.ends(light.deploy({APP: "1.0.0", "aws.greengrass.Cli": "2.14.3"}), {"Succeeded": COUNT})
    assert light.installed("cam-00001") == {
        APP: ("1.0.0", "RUNNING"),
        "aws.greengrass.Cli": ("2.14.3", "RUNNING"),
        "aws.greengrass.Nucleus": ("2.14.3", "FINISHED"),
    }
    pages = light.greengrass.get_paginator("list_core_devices").paginate(status="HEALTHY")
    assert sum(len(page["coreDevices"]) for page in pages) == COUNT
    (batch,) = light.sandbox.light_devices()
    assert (batch["count"], batch["online"], batch["broken"]) == (COUNT, COUNT, 0)
    # a component that the new revision does not name is removed
    second = light.deploy({APP: "1.1.0"})
    light.ends(second, {"Succeeded": COUNT})
    assert set(light.installed("cam-00200")) == {APP, "aws.greengrass.Nucleus"}
    # devices in two groups that pin one component differently fail as on AWS
    for number in (1, 2):
        light.iot.add_thing_to_thing_group(thingGroupName="second", thingName=f"cam-0000{number}")
    conflict = light.deploy({APP: "1.0.0"}, "second")
    light.ends(conflict, {"Failed": 2})
    said = light.execution(conflict, "cam-00001")
    assert said["detailed-deployment-status"] == "FAILED_NO_STATE_CHANGE"
    assert said["deployment-error-stack"] == (
        "DEPLOYMENT_FAILURE, NO_AVAILABLE_COMPONENT_VERSION, COMPONENT_VERSION_REQUIREMENTS_NOT_MET"
    )
    assert "thinggroup/main requires =1.1.0, thinggroup/second requires =1.0.0" in said["deployment-failure-cause"]
    # the union of both groups, and a dependency that stays at what the other group pins
    light.ends(light.deploy({OTHER: "1.0.0"}, "second"), {"Succeeded": 2})
    assert light.installed("cam-00001")[OTHER] == ("1.0.0", "RUNNING")
    assert light.installed("cam-00001")[APP] == ("1.1.0", "RUNNING")
    # late joiners
    light.add(3, "late-")
    light.ends(second, {"Succeeded": COUNT + 3})
    # the factory takes them back
    assert light.sandbox.remove_light_devices("cam-") == COUNT
    assert len(light.iot.list_things()["things"]) == 3
    assert len(light.greengrass.list_core_devices()["coreDevices"]) == 3
    with pytest.raises(EdgewrightError, match=r"there is no light device cam-\.\.\."):
        light.sandbox.remove_light_devices("cam-")


def test_what_comes_with_the_stack_is_waited_for(light: Light) -> None:
    light.add(20)
    (batch,) = light.sandbox.light_devices()
    assert batch["online"] == 0
    light.prepare("main")
    light.until(lambda: bool(light.sandbox.light_devices()[0]["online"] == 20))
    assert len(light.iot.list_things_in_thing_group(thingGroupName="main")["things"]) == 20


def test_a_share_that_fails_rolls_back_and_aborts_the_rollout(light: Light) -> None:
    light.prepare("main")
    light.add()
    for version in ("1.0.0", "1.1.0"):
        light.publish(APP, version)
    light.ends(light.deploy({APP: "1.0.0"}), {"Succeeded": COUNT})
    light.sandbox.fault_devices("fail-component", component=APP, version="1.1.0", share=0.25, seed=3)
    job = light.deploy({APP: "1.1.0"})
    light.until(lambda: sum(light.counts(job).values()) == COUNT and set(light.counts(job)) == {"Succeeded", "Failed"})
    failed = light.counts(job)["Failed"]
    assert 25 <= failed <= 75
    pages = light.iot.get_paginator("list_job_executions_for_job").paginate(jobId=job, status="FAILED")
    things = [e["thingArn"].rpartition("/")[2] for page in pages for e in page["executionSummaries"]]
    assert light.execution(job, things[0])["detailed-deployment-status"] == "FAILED_ROLLBACK_COMPLETE"
    assert light.installed(things[0])[APP] == ("1.0.0", "RUNNING")
    criterion = {"failureType": "FAILED", "action": "CANCEL", "thresholdPercentage": 5, "minNumberOfExecutedThings": 20}
    light.publish(APP, "1.1.1")
    light.sandbox.fault_devices("fail-component", component=APP, version="1.1.1", share=0.25, seed=3)
    slow = {"jobExecutionsRolloutConfig": {"maximumPerMinute": 25}, "abortConfig": {"criteriaList": [criterion]}}
    stopped = light.deploy({APP: "1.1.1"}, iotJobConfiguration=slow)
    light.until(lambda: bool(light.iot.describe_job(jobId=stopped)["job"]["status"] == "CANCELED"))
    assert sum(light.counts(stopped).values()) <= 25


def test_the_same_seed_fails_the_same_devices(light: Light) -> None:
    light.prepare("main")
    light.add(60)
    for version in ("1.0.0", "1.0.1"):
        light.publish(APP, version)
    light.sandbox.fault_devices("fail-component", component=APP, share=0.5, seed=11)
    failed = []
    for version in ("1.0.0", "1.0.1"):
        job = light.deploy({APP: version})
        light.until(lambda job=job: set(light.counts(job)) == {"Succeeded", "Failed"})  # type: ignore[misc]
        found = light.iot.list_job_executions_for_job(jobId=job, status="FAILED", maxResults=250)
        failed.append(sorted(e["thingArn"] for e in found["executionSummaries"]))
    assert failed[0] == failed[1]
    assert 15 <= len(failed[0]) <= 45


def test_offline_late_slow_full_and_crashing_devices(light: Light) -> None:
    light.prepare("main")
    light.add(50)
    light.publish(APP, "1.0.0")
    light.publish(APP, "1.1.0")
    sandbox = light.sandbox
    sandbox.fault_devices("offline", "cam-00001", duration=3600)
    sandbox.fault_devices("late", "cam-00002", seconds=3600)
    sandbox.fault_devices("slow", "cam-00003", seconds=3600)
    sandbox.fault_devices("defer", "cam-00004", seconds=3600)
    sandbox.fault_devices("flap", "cam-0001?", every=7200, down=3600, seed=1)
    job = light.deploy({APP: "1.0.0"})
    light.until(lambda: light.counts(job).get("Succeeded", 0) >= 36)
    assert light.execution(job, "cam-00001")["status"] == "QUEUED"
    for late in ("cam-00002", "cam-00003", "cam-00004"):
        assert light.execution(job, late)["status"] == "IN_PROGRESS"
    assert APP not in light.installed("cam-00003")
    flapping = Counter(light.execution(job, f"cam-0001{number}")["status"] for number in range(10))
    assert set(flapping) == {"QUEUED", "SUCCEEDED"}
    sandbox.set_speed(36_000)  # two hours pass in a fifth of a second
    light.ends(job, {"Succeeded": 50})
    sandbox.set_speed(1)
    sandbox.clear_device_faults()
    sandbox.fault_devices("crash", "cam-00005", component=APP, every=0.1)
    light.until(lambda: light.installed("cam-00005")[APP] == ("1.0.0", "BROKEN"))
    assert light.greengrass.get_core_device(coreDeviceThingName="cam-00005")["status"] == "UNHEALTHY"
    assert sandbox.light_devices()[0]["broken"] == 1
    sandbox.clear_device_faults()
    sandbox.fault_devices("old-nucleus", "cam-00006", version="2.9.6")
    light.until(
        lambda: bool(light.greengrass.get_core_device(coreDeviceThingName="cam-00006")["coreVersion"] == "2.9.6")
    )
    light.ends(light.deploy({APP: "1.1.0"}), {"Succeeded": 50})
    assert light.installed("cam-00005")[APP] == ("1.1.0", "RUNNING")


def test_a_deployment_to_one_thing_comes_by_its_shadow(light: Light) -> None:
    light.prepare("main")
    light.add(2)
    light.publish(APP, "1.0.0")
    arn = f"arn:aws:iot:{light.sandbox.region}:{light.account}:thing/cam-00001"
    made = light.greengrass.create_deployment(targetArn=arn, components={APP: {"componentVersion": "1.0.0"}})
    light.until(
        lambda: bool(
            light.greengrass.get_deployment(deploymentId=made["deploymentId"])["deploymentStatus"] == "COMPLETED"
        )
    )
    assert light.installed("cam-00001")[APP] == ("1.0.0", "RUNNING")
    assert APP not in light.installed("cam-00002")


def test_a_policy_that_lacks_a_permission_shows(light: Light) -> None:
    allowed = {"Effect": "Allow", "Action": "iot:*", "Resource": "*"}
    light.prepare("main", policy={"Version": "2012-10-17", "Statement": [allowed]})
    light.add(5)
    light.publish(APP, "1.0.0")
    job = light.deploy({APP: "1.0.0"})
    light.ends(job, {"Failed": 5})
    said = light.execution(job, "cam-00001")
    assert "RESOLVE_COMPONENT_CANDIDATES_ACCESS_DENIED" in said["deployment-error-stack"]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        pytest.param({"prefix": "cam-"}, "light devices need count, region", id="missing"),
        pytest.param({"count": 0}, "count is a whole number from 1 to 100000 (got 0)", id="none"),
        pytest.param({"count": True}, "count is a whole number", id="truth"),
        pytest.param({"prefix": "cam:"}, "prefix is letters, digits", id="prefix"),
        pytest.param({"nucleusVersion": "2"}, "nucleusVersion is one exact version", id="nucleus"),
        pytest.param({"color": "red"}, "light devices have no color", id="unknown"),
    ],
)
def test_what_cannot_be_made_is_refused(sandbox: Sandbox, value: dict[str, Any], message: str) -> None:
    whole = value if "missing" in message or value == {"prefix": "cam-"} else {
        "region": "eu-west-1", "prefix": "cam-", "count": 1, **value,
    }  # fmt: skip
    with pytest.raises(EdgewrightError) as caught:
        sandbox.private("POST", f"/_edgewright/light-devices/{sandbox.account_id('staging')}", whole)
    assert message in str(caught.value)
    assert sandbox.light_devices() == []


def test_a_name_that_is_taken_makes_nothing(light: Light) -> None:
    light.iot.create_thing(thingName="cam-00002")
    with pytest.raises(EdgewrightError, match="there is a thing 'cam-00002' in account"):
        light.add(3)
    assert len(light.iot.list_things()["things"]) == 1
