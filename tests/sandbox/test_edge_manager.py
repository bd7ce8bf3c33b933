"""SageMaker Edge Manager: device fleets, devices, and packages that become components."""

from __future__ import annotations

import json
from typing import Any

import pytest

from edgewright.sandbox.control import Sandbox
from tests.sandbox.errors import refused

STAGE, ACCOUNT = "staging", "222222222222"
PREFIX = f"arn:aws:sagemaker:eu-west-1:{ACCOUNT}"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/SageMakerEdge"
OUTPUT = {"S3OutputLocation": "s3://line-sagemaker/captures"}
PERMISSIONS = [
    {"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": "arn:aws:s3:::line-sagemaker/*"},
    {"Effect": "Allow", "Action": "greengrass:CreateComponentVersion", "Resource": "*"},
]


def _policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


@pytest.fixture
def sagemaker(sandbox: Sandbox) -> Any:
    trust = {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
    iam = sandbox.client("iam", STAGE)
    iam.create_role(RoleName="SageMakerEdge", AssumeRolePolicyDocument=_policy(trust))
    iam.put_role_policy(RoleName="SageMakerEdge", PolicyName="edge", PolicyDocument=_policy(*PERMISSIONS))
    return sandbox.client("sagemaker", STAGE)


def test_a_fleet_lives(sandbox: Sandbox, sagemaker: Any) -> None:
    tags = [{"Key": "fleet", "Value": "line"}]
    sagemaker.create_device_fleet(DeviceFleetName="line", RoleArn=ROLE, OutputConfig=OUTPUT, Tags=tags)
    shown = sagemaker.describe_device_fleet(DeviceFleetName="line")
    assert (shown["DeviceFleetArn"], shown["OutputConfig"]) == (f"{PREFIX}:device-fleet/line", OUTPUT)
    assert "IotRoleAlias" not in shown
    assert sagemaker.list_tags(ResourceArn=shown["DeviceFleetArn"])["Tags"] == tags
    sagemaker.add_tags(ResourceArn=shown["DeviceFleetArn"], Tags=[{"Key": "a", "Value": "1"}])
    sagemaker.delete_tags(ResourceArn=shown["DeviceFleetArn"], TagKeys=["fleet"])
    assert sagemaker.list_tags(ResourceArn=shown["DeviceFleetArn"])["Tags"] == [{"Key": "a", "Value": "1"}]
    other = {"S3OutputLocation": "s3://line-sagemaker/other"}
    sagemaker.update_device_fleet(DeviceFleetName="line", OutputConfig=other, Description="x", EnableIotRoleAlias=True)
    shown = sagemaker.describe_device_fleet(DeviceFleetName="line")
    assert (shown["OutputConfig"], shown["Description"], shown["RoleArn"]) == (other, "x", ROLE)
    alias = sandbox.client("iot", STAGE).describe_role_alias(roleAlias="SageMakerEdge-line")["roleAliasDescription"]
    assert (alias["roleArn"], alias["roleAliasArn"]) == (ROLE, shown["IotRoleAlias"])
    sagemaker.delete_device_fleet(DeviceFleetName="line")
    assert sagemaker.list_device_fleets()["DeviceFleetSummaries"] == []


def test_devices_are_registered_all_or_none(sandbox: Sandbox, sagemaker: Any) -> None:
    sandbox.client("iot", STAGE).create_thing(thingName="cam-001")
    sagemaker.create_device_fleet(DeviceFleetName="line", RoleArn=ROLE, OutputConfig=OUTPUT)
    with_thing = {"DeviceName": "cam-001", "IotThingName": "cam-001", "Description": "gate 1"}
    refused(
        sagemaker.register_devices,
        "ValidationException",
        400,
        "IoT thing none of the device cam-002 does not exist",
        DeviceFleetName="line",
        Devices=[with_thing, {"DeviceName": "cam-002", "IotThingName": "none"}],
    )
    assert sagemaker.list_devices(DeviceFleetName="line")["DeviceSummaries"] == []
    sagemaker.register_devices(DeviceFleetName="line", Devices=[with_thing, {"DeviceName": "cam-002"}])
    device = sagemaker.describe_device(DeviceFleetName="line", DeviceName="cam-001")
    assert (device["IotThingName"], device["Description"]) == ("cam-001", "gate 1")
    sagemaker.update_devices(DeviceFleetName="line", Devices=[{"DeviceName": "cam-001", "Description": "gate 2"}])
    device = sagemaker.describe_device(DeviceFleetName="line", DeviceName="cam-001")
    assert (device["IotThingName"], device["Description"]) == ("cam-001", "gate 2")
    report = sagemaker.get_device_fleet_report(DeviceFleetName="line")
    assert report["DeviceStats"] == {"ConnectedDeviceCount": 0, "RegisteredDeviceCount": 2}
    refused(sagemaker.delete_device_fleet, "ResourceInUse", 400, ".*2 registered devices", DeviceFleetName="line")
    pages = sagemaker.get_paginator("list_devices").paginate(PaginationConfig={"PageSize": 1})
    assert [d["DeviceName"] for page in pages for d in page["DeviceSummaries"]] == ["cam-001", "cam-002"]
    sagemaker.deregister_devices(DeviceFleetName="line", DeviceNames=["cam-001", "cam-002", "cam-003"])
    sagemaker.delete_device_fleet(DeviceFleetName="line")


@pytest.mark.parametrize(
    ("call", "given", "code", "message"),
    [
        ("describe_device_fleet", {"DeviceFleetName": "x"}, "ValidationException", "No devicefleet with name: x .*"),
        ("delete_device_fleet", {"DeviceFleetName": "x"}, "ValidationException", "No devicefleet with name: x .*"),
        (
            "describe_device",
            {"DeviceFleetName": "line", "DeviceName": "x"},
            "ValidationException",
            "No device with name: x .*",
        ),
        (
            "create_device_fleet",
            {"DeviceFleetName": "line", "RoleArn": ROLE, "OutputConfig": OUTPUT},
            "ResourceInUse",
            ".*already exists",
        ),
        (
            "create_device_fleet",
            {"DeviceFleetName": "b", "RoleArn": f"{ROLE}2", "OutputConfig": OUTPUT},
            "ValidationException",
            "Could not assume role .*",
        ),
        (
            "create_device_fleet",
            {"DeviceFleetName": "under_score", "RoleArn": ROLE, "OutputConfig": OUTPUT},
            "ValidationException",
            "1 validation error detected: Value 'under_score' at 'DeviceFleetName' .*",
        ),
        ("describe_edge_packaging_job", {"EdgePackagingJobName": "x"}, "ResourceNotFound", ".*x.*"),
    ],
)
def test_what_cannot_be_is_refused(sagemaker: Any, call: str, given: dict[str, Any], code: str, message: str) -> None:
    sagemaker.create_device_fleet(DeviceFleetName="line", RoleArn=ROLE, OutputConfig=OUTPUT)
    refused(getattr(sagemaker, call), code, 400, message, **given)


# --- packages ---------------------------------------------------------------------------------------------------


def _compile(sandbox: Sandbox, sagemaker: Any) -> None:
    s3 = sandbox.client("s3", STAGE)
    place = {"LocationConstraint": "eu-west-1"}
    s3.create_bucket(Bucket="line-sagemaker", CreateBucketConfiguration=place)
    s3.put_object(Bucket="line-sagemaker", Key="model.tar.gz", Body=b"weights")
    sagemaker.create_compilation_job(
        CompilationJobName="compiled",
        RoleArn=ROLE,
        InputConfig={"S3Uri": "s3://line-sagemaker/model.tar.gz", "DataInputConfig": "{}", "Framework": "ONNX"},
        OutputConfig={"S3OutputLocation": "s3://line-sagemaker/compiled", "TargetDevice": "jetson_nano"},
        StoppingCondition={"MaxRuntimeInSeconds": 60},
    )


def _pack(sagemaker: Any, name: str = "pack", **preset: str) -> Any:
    output = {"S3OutputLocation": "s3://line-sagemaker/packages"}
    if preset:
        output |= {"PresetDeploymentType": "GreengrassV2Component", "PresetDeploymentConfig": json.dumps(preset)}
    sagemaker.create_edge_packaging_job(
        EdgePackagingJobName=name,
        CompilationJobName="compiled",
        ModelName="parts",
        ModelVersion="1.0",
        RoleArn=ROLE,
        OutputConfig=output,
    )
    return sagemaker.describe_edge_packaging_job(EdgePackagingJobName=name)


def test_a_package_with_the_preset_becomes_a_component(sandbox: Sandbox, sagemaker: Any) -> None:
    _compile(sandbox, sagemaker)
    job = _pack(sagemaker, ComponentName="com.acme.parts", ComponentVersion="1.2.3", PlatformArchitecture="ARMV8")
    assert job["EdgePackagingJobStatus"] == "COMPLETED"
    assert job["ModelArtifact"] == "s3://line-sagemaker/packages/parts-1.0.tar.gz"
    arn = f"arn:aws:greengrass:eu-west-1:{ACCOUNT}:components:com.acme.parts:versions:1.2.3"
    assert job["PresetDeploymentOutput"] == {"Type": "GreengrassV2Component", "Artifact": arn, "Status": "COMPLETED"}
    component = sandbox.client("greengrassv2", STAGE).describe_component(arn=arn)
    assert component["platforms"][0]["attributes"] == {"os": "linux", "architecture": "aarch64"}
    again = _pack(sagemaker, "again", ComponentName="com.acme.parts", ComponentVersion="1.2.3")
    assert again["PresetDeploymentOutput"]["Status"] == "FAILED"
    assert "already exists" in again["PresetDeploymentOutput"]["StatusMessage"]
    assert again["ModelSignature"] == job["ModelSignature"]
    assert _pack(sagemaker, "plain")["EdgePackagingJobStatus"] == "COMPLETED"
    named = _pack(sagemaker, "unnamed", PlatformOS="Linux")["PresetDeploymentOutput"]["Artifact"]
    assert named.endswith("components:SagemakerEdgeManagerunnamed:versions:1.0.0")
    names = [j["EdgePackagingJobName"] for j in sagemaker.list_edge_packaging_jobs()["EdgePackagingJobSummaries"]]
    assert names == ["pack", "again", "plain", "unnamed"]
    refused(sagemaker.stop_edge_packaging_job, "ValidationException", 400, ".*COMPLETED.*", EdgePackagingJobName="pack")


def test_a_role_that_may_not_read_or_write_fails_the_job(sandbox: Sandbox, sagemaker: Any) -> None:
    _compile(sandbox, sagemaker)
    iam = sandbox.client("iam", STAGE)
    iam.put_role_policy(RoleName="SageMakerEdge", PolicyName="edge", PolicyDocument=_policy(PERMISSIONS[0]))
    job = _pack(sagemaker, "one", ComponentVersion="1.0.0")
    assert "AccessDeniedException" in job["PresetDeploymentOutput"]["StatusMessage"]
    iam.delete_role_policy(RoleName="SageMakerEdge", PolicyName="edge")
    job = _pack(sagemaker, "two")
    assert (job["EdgePackagingJobStatus"], "may not read" in job["EdgePackagingJobStatusMessage"]) == ("FAILED", True)
