"""What core devices report, and how boto3 sees it."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import pytest

from edgewright.sandbox.control import Sandbox
from tests.sandbox.errors import refused
from tests.sandbox.protocol import HandDevice

GROUP = "arn:aws:iot:eu-west-1:222222222222:thinggroup/main"


@pytest.fixture
def greengrass(sandbox: Sandbox) -> Any:
    sandbox.client("iot", "staging").create_thing_group(thingGroupName="main")
    return sandbox.client("greengrassv2", "staging")


def component(name: str, version: str = "1.0.0", status: str = "RUNNING", **more: Any) -> dict[str, Any]:
    return {"componentName": name, "version": version, "status": status, "isRoot": True, "fleetConfigArns": [], **more}


def installed(greengrass: Any, **parameters: Any) -> dict[str, dict[str, Any]]:
    answer = greengrass.list_installed_components(coreDeviceThingName="cam-001", **parameters)
    return {c["componentName"]: c for c in answer["installedComponents"]}


def test_a_device_is_unknown_until_it_reports(sandbox: Sandbox, greengrass: Any) -> None:
    device = HandDevice.make(sandbox, "cam-001")
    answer = refused(
        greengrass.get_core_device, "ResourceNotFoundException", 404, ".*be found", coreDeviceThingName="cam-001"
    )
    assert (answer["resourceId"], answer["resourceType"]) == ("cam-001", "CORE_DEVICE")
    moment = int(time.time() * 1000)
    device.report(timestamp=moment, health="UNHEALTHY")
    found = greengrass.get_core_device(coreDeviceThingName="cam-001")
    del found["ResponseMetadata"]
    seen = found.pop("lastStatusUpdateTimestamp")
    assert seen.astimezone(UTC) == datetime.fromtimestamp(moment / 1000, UTC)
    assert found == {
        "coreDeviceThingName": "cam-001",
        "coreVersion": "2.14.3",
        "platform": "linux",
        "architecture": "amd64",
        "runtime": "aws_nucleus_classic",
        "status": "UNHEALTHY",
    }


def test_a_complete_report_replaces_and_a_partial_one_adds(sandbox: Sandbox, greengrass: Any) -> None:
    device = HandDevice.make(sandbox, "cam-001")
    device.report([component("a"), component("b")])
    device.report([component("b", status="ERRORED"), component("c", isRoot=False)], kind="PARTIAL")
    states = {name: c["lifecycleState"] for name, c in installed(greengrass, topologyFilter="ALL").items()}
    assert states == {"a": "RUNNING", "b": "ERRORED", "c": "RUNNING"}
    assert set(installed(greengrass)) == {"a", "b"}
    device.report([component("a")])
    assert set(installed(greengrass, topologyFilter="ALL")) == {"a"}


def test_details_of_a_state_are_kept_and_its_age_tells_when_it_changed(sandbox: Sandbox, greengrass: Any) -> None:
    device = HandDevice.make(sandbox, "cam-001")
    details = {"statusCodes": ["STARTUP_ERROR"], "statusReason": "exit code 1"}
    now = int(time.time() * 1000)
    device.report([component("a", status="BROKEN", statusDetails=details)], timestamp=now)
    device.report([component("a", status="BROKEN", statusDetails=details)], timestamp=now + 5000)
    found = installed(greengrass)["a"]
    assert (found["lifecycleStateDetails"], found["lifecycleStatusCodes"]) == ("exit code 1", ["STARTUP_ERROR"])
    age = found["lastReportedTimestamp"] - found["lastStatusChangeTimestamp"]
    assert age.total_seconds() == 5


def test_a_report_that_comes_late_changes_nothing(sandbox: Sandbox, greengrass: Any) -> None:
    device = HandDevice.make(sandbox, "cam-001")
    now = int(time.time() * 1000)
    device.report([component("a", "2.0.0")], timestamp=now)
    device.report([component("a", "1.0.0")], timestamp=now - 1000)
    assert installed(greengrass)["a"]["componentVersion"] == "2.0.0"


def test_the_source_of_an_installation_is_its_deployment(sandbox: Sandbox, greengrass: Any) -> None:
    device = HandDevice.make(sandbox, "cam-001", "main")
    made = greengrass.create_deployment(targetArn=GROUP, components={})
    arn = "arn:aws:greengrass:eu-west-1:222222222222:configuration:thinggroup/main:1"
    device.report([component("a", fleetConfigArns=[arn]), component("b")])
    sources = {name: c["lastInstallationSource"] for name, c in installed(greengrass).items()}
    assert sources == {"a": made["deploymentId"], "b": "LOCAL"}


def test_effective_deployments_join_the_job_and_the_devices_words(sandbox: Sandbox, greengrass: Any) -> None:
    device = HandDevice.make(sandbox, "cam-001", "main")
    device.report()
    first = greengrass.create_deployment(targetArn=GROUP, deploymentName="one", components={})
    device.take_all("FAILED")
    device.report(
        deployment={
            "deploymentId": first["deploymentId"],
            "status": "FAILED",
            "statusDetails": {
                "detailedStatus": "FAILED_ROLLBACK_COMPLETE",
                "deploymentFailureCause": "com.acme.app is broken",
                "errorStack": ["DEPLOYMENT_FAILURE", "COMPONENT_BROKEN"],
                "errorTypes": ["USER_COMPONENT_ERROR"],
            },
        }
    )
    second = greengrass.create_deployment(targetArn=GROUP, components={})
    found = greengrass.list_effective_deployments(coreDeviceThingName="cam-001")["effectiveDeployments"]
    assert [(d["deploymentId"], d["coreDeviceExecutionStatus"]) for d in found] == [
        (second["deploymentId"], "QUEUED"),
        (first["deploymentId"], "FAILED"),
    ]
    assert found[1]["statusDetails"] == {
        "errorStack": ["DEPLOYMENT_FAILURE", "COMPONENT_BROKEN"],
        "errorTypes": ["USER_COMPONENT_ERROR"],
    }
    assert (found[1]["reason"], found[1]["deploymentName"], found[1]["targetArn"]) == (
        "com.acme.app is broken",
        "one",
        GROUP,
    )
    assert found[1]["iotJobId"] == first["iotJobId"]


def test_core_devices_are_listed_by_state_runtime_and_what_they_took(sandbox: Sandbox, greengrass: Any) -> None:
    devices = {name: HandDevice.make(sandbox, name, "main") for name in ("cam-001", "cam-002", "cam-003")}
    for name, device in devices.items():
        device.report(health="UNHEALTHY" if name == "cam-003" else "HEALTHY")
    greengrass.create_deployment(targetArn=GROUP, components={})
    devices["cam-001"].take_all()
    devices["cam-002"].take_all("FAILED")

    def names(**filters: Any) -> list[str]:
        found = greengrass.get_paginator("list_core_devices").paginate(**filters, PaginationConfig={"PageSize": 1})
        return [d["coreDeviceThingName"] for page in found for d in page["coreDevices"]]

    assert names() == ["cam-001", "cam-002", "cam-003"]
    assert names(status="UNHEALTHY") == ["cam-003"]
    assert names(runtime="aws_nucleus_lite") == []
    assert names(thingGroupArn=GROUP) == ["cam-001"]
    sandbox.client("iot", "staging").remove_thing_from_thing_group(thingGroupName="main", thingName="cam-001")
    assert names(thingGroupArn=GROUP) == ["cam-001"]


def test_a_core_device_is_deleted_unless_its_own_deployment_is_active(sandbox: Sandbox, greengrass: Any) -> None:
    HandDevice.make(sandbox, "cam-001").report()
    made = greengrass.create_deployment(targetArn="arn:aws:iot:eu-west-1:222222222222:thing/cam-001", components={})
    refused(
        greengrass.delete_core_device, "ConflictException", 409, ".*active deployment", coreDeviceThingName="cam-001"
    )
    greengrass.cancel_deployment(deploymentId=made["deploymentId"])
    greengrass.delete_core_device(coreDeviceThingName="cam-001")
    assert greengrass.list_core_devices()["coreDevices"] == []


def test_core_devices_are_tagged(sandbox: Sandbox, greengrass: Any) -> None:
    HandDevice.make(sandbox, "cam-001").report()
    arn = "arn:aws:greengrass:eu-west-1:222222222222:coreDevices:cam-001"
    greengrass.tag_resource(resourceArn=arn, tags={"line": "7"})
    assert greengrass.get_core_device(coreDeviceThingName="cam-001")["tags"] == {"line": "7"}
    refused(
        greengrass.list_tags_for_resource,
        "ResourceNotFoundException",
        404,
        ".*be found",
        resourceArn=arn.replace("cam-001", "none"),
    )


@pytest.mark.parametrize(
    "body", [[], {"components": [{"version": "1"}]}, {"components": 7}, {"deploymentInformation": "x"}]
)
def test_a_message_that_is_no_report_is_refused(sandbox: Sandbox, body: Any) -> None:
    device = HandDevice.make(sandbox, "cam-001")
    answer = device.ask("POST", "/topics/%24aws/things/cam-001/greengrassv2/health/json", body)
    assert (answer.status, answer.body["__type"]) == (400, "InvalidRequestException")


def test_other_topics_take_any_message(sandbox: Sandbox) -> None:
    device = HandDevice.make(sandbox, "cam-001")
    assert device.ask("POST", "/topics/acme/hello?qos=0", "anything").status == 200
