"""SageMaker Edge Manager: device fleets, devices, and packages that become components."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from edgewright.sandbox.control import Sandbox
from edgewright.sandbox.sagemaker import storage
from tests.sandbox.errors import refused
from tests.sandbox.waiting import until

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


def test_an_agent_that_is_registered_is_heard(sandbox: Sandbox, sagemaker: Any) -> None:
    sagemaker.create_device_fleet(DeviceFleetName="line", RoleArn=ROLE, OutputConfig=OUTPUT)
    sagemaker.register_devices(DeviceFleetName="line", Devices=[{"DeviceName": "cam-001"}, {"DeviceName": "cam-002"}])
    agent = sandbox.client("sagemaker-edge", STAGE)
    me = {"DeviceName": "cam-001", "DeviceFleetName": "line"}
    assert agent.get_device_registration(**me)["DeviceRegistration"] == "REGISTERED"
    assert agent.get_deployments(**me)["Deployments"] == []
    assert "LatestHeartbeat" not in sagemaker.describe_device(**me)
    agent.send_heartbeat(**me, AgentVersion="1.3.2", Models=[{"ModelName": "parts", "ModelVersion": "1.0"}])
    shown = sagemaker.describe_device(**me)
    assert (shown["AgentVersion"], shown["Models"]) == ("1.3.2", [{"ModelName": "parts", "ModelVersion": "1.0"}])
    first = shown["LatestHeartbeat"]
    agent.send_heartbeat(**me, AgentVersion="1.3.2")
    shown = sagemaker.describe_device(**me)
    assert shown["LatestHeartbeat"] > first
    assert "Models" not in shown
    agent.send_heartbeat(**me, AgentVersion="1.3.2", Models=[{"ModelName": "parts", "ModelVersion": "1.0"}])

    def names(**given: Any) -> list[str]:
        return [each["DeviceName"] for each in sagemaker.list_devices(**given)["DeviceSummaries"]]

    assert names(ModelName="parts") == names(LatestHeartbeatAfter=first) == ["cam-001"]
    assert names(ModelName="other") == []
    assert names(LatestHeartbeatAfter=first + timedelta(days=1)) == []
    report = sagemaker.get_device_fleet_report(DeviceFleetName="line")
    assert report["DeviceStats"] == {"ConnectedDeviceCount": 1, "RegisteredDeviceCount": 2}
    assert report["AgentVersions"] == [{"Version": "1.3.2", "AgentCount": 1}]
    assert [(each["ModelName"], each["ConnectedDeviceCount"]) for each in report["ModelStats"]] == [("parts", 1)]
    for call in (agent.get_device_registration, agent.get_deployments):
        refused(
            call, "ValidationException", 400, "No device with name: x found in the fleet line",
            DeviceName="x", DeviceFleetName="line",
        )  # fmt: skip
    refused(
        agent.send_heartbeat, "ValidationException", 400, ".*'a/b' at 'AgentVersion' .*", **me, AgentVersion="a/b"
    )  # fmt: skip


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


MODEL = storage.pack({"model.onnx": b"weights"})
STILL = 1e-9  # a speed at which no job ends
SHAPES = '{"x": [1]}'


def _start(sagemaker: Any, name: str = "compiled", *, target: dict[str, Any] | None = None, **source: Any) -> None:
    given = {"S3Uri": "s3://line-sagemaker/model.tar.gz", "DataInputConfig": SHAPES, "Framework": "ONNX", **source}
    sagemaker.create_compilation_job(
        CompilationJobName=name,
        RoleArn=ROLE,
        InputConfig={key: value for key, value in given.items() if value is not None},
        OutputConfig={
            "S3OutputLocation": "s3://line-sagemaker/compiled",
            **({"TargetDevice": "jetson_nano"} if target is None else target),
        },
        StoppingCondition={"MaxRuntimeInSeconds": 60},
    )


def _ended(sagemaker: Any, name: str = "compiled") -> Any:
    def over() -> bool:
        return bool(sagemaker.describe_compilation_job(CompilationJobName=name)["CompilationJobStatus"] != "INPROGRESS")

    assert until(over)
    return sagemaker.describe_compilation_job(CompilationJobName=name)


def _bucket(sandbox: Sandbox, model: bytes = MODEL) -> Any:
    s3 = sandbox.client("s3", STAGE)
    place = {"LocationConstraint": "eu-west-1"}
    s3.create_bucket(Bucket="line-sagemaker", CreateBucketConfiguration=place)
    s3.put_object(Bucket="line-sagemaker", Key="model.tar.gz", Body=model)
    return s3


def _compile(sandbox: Sandbox, sagemaker: Any) -> None:
    _bucket(sandbox)
    _start(sagemaker)
    assert _ended(sagemaker)["CompilationJobStatus"] == "COMPLETED"


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


# --- compilation ------------------------------------------------------------------------------------------------


def test_a_compilation_job_takes_its_time_and_writes_its_artifact(sandbox: Sandbox, sagemaker: Any) -> None:
    s3 = _bucket(sandbox)
    sandbox.set_speed(STILL)
    _start(sagemaker)
    begun = sagemaker.describe_compilation_job(CompilationJobName="compiled")
    assert (begun["CompilationJobStatus"], begun["FailureReason"]) == ("INPROGRESS", "")
    assert "CompilationEndTime" not in begun
    packing = {"CompilationJobName": "compiled", "ModelName": "m", "ModelVersion": "1", "RoleArn": ROLE}
    refused(
        sagemaker.create_edge_packaging_job,
        "ValidationException",
        400,
        ".*compiled is INPROGRESS, .*",
        EdgePackagingJobName="early",
        OutputConfig=OUTPUT,
        **packing,
    )
    sandbox.set_speed(1)
    done = _ended(sagemaker)
    assert (done["CompilationJobStatus"], done["RoleArn"]) == ("COMPLETED", ROLE)
    assert done["CompilationEndTime"] >= done["CompilationStartTime"]
    uri = done["ModelArtifacts"]["S3ModelArtifacts"]
    assert uri == "s3://line-sagemaker/compiled/model-jetson_nano.tar.gz"
    files = storage.unpack(
        s3.get_object(Bucket="line-sagemaker", Key="compiled/model-jetson_nano.tar.gz")["Body"].read(), uri
    )
    assert (sorted(files), files["model.onnx"]) == (["compiled.json", "model.onnx"], b"weights")
    (listed,) = sagemaker.list_compilation_jobs(StatusEquals="COMPLETED")["CompilationJobSummaries"]
    assert (listed["CompilationJobName"], listed["CompilationTargetDevice"]) == ("compiled", "jetson_nano")
    sagemaker.add_tags(ResourceArn=done["CompilationJobArn"], Tags=[{"Key": "a", "Value": "1"}])
    assert sagemaker.list_tags(ResourceArn=done["CompilationJobArn"])["Tags"] == [{"Key": "a", "Value": "1"}]
    sagemaker.delete_compilation_job(CompilationJobName="compiled")
    refused(
        sagemaker.describe_compilation_job, "ResourceNotFound", 400, ".*'compiled'.*", CompilationJobName="compiled"
    )


def test_a_stopped_compilation_job_writes_nothing(sandbox: Sandbox, sagemaker: Any) -> None:
    s3 = _bucket(sandbox)
    sandbox.set_speed(STILL)
    _start(sagemaker)
    sagemaker.stop_compilation_job(CompilationJobName="compiled")
    assert _ended(sagemaker)["CompilationJobStatus"] == "STOPPED"
    assert "Contents" not in s3.list_objects_v2(Bucket="line-sagemaker", Prefix="compiled/")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"Framework": "CAFFE"}, ".*'CAFFE' at 'InputConfig.Framework' .*"),
        ({"target": {}}, "Specify either TargetDevice or TargetPlatform .*"),
        (
            {"target": {"TargetDevice": "rasp4b", "TargetPlatform": {"Os": "LINUX", "Arch": "ARM64"}}},
            "Specify either TargetDevice or TargetPlatform .*",
        ),
        ({"target": {"TargetPlatform": {"Os": "BEOS", "Arch": "ARM64"}}}, ".*'BEOS' at .*"),
        ({"name": "under_score"}, ".*'under_score' at 'CompilationJobName' .*"),
    ],
)
def test_a_compilation_job_that_cannot_be_is_refused(sagemaker: Any, changes: dict[str, Any], message: str) -> None:
    refused(lambda **given: _start(sagemaker, **given), "ValidationException", 400, message, **changes)


def test_a_compilation_job_fails_with_its_reason(sandbox: Sandbox, sagemaker: Any) -> None:
    s3 = _bucket(sandbox)
    s3.put_object(Bucket="line-sagemaker", Key="plain.tar.gz", Body=b"weights")
    s3.put_object(Bucket="line-sagemaker", Key="empty.tar.gz", Body=storage.pack({"readme": b""}))
    jetson = {"TargetPlatform": {"Os": "LINUX", "Arch": "ARM64", "Accelerator": "NVIDIA"}}
    cases: dict[str, tuple[dict[str, Any], str]] = {
        "missing": ({"S3Uri": "s3://line-sagemaker/none.tar.gz"}, "cannot be found"),
        "plain": ({"S3Uri": "s3://line-sagemaker/plain.tar.gz"}, "no gzip compressed tar archive"),
        "empty": ({"S3Uri": "s3://line-sagemaker/empty.tar.gz"}, "Exactly one .onnx file"),
        "shapes": ({"DataInputConfig": "{x: 1}"}, "DataInputConfig is not valid JSON"),
        "shapeless": ({"DataInputConfig": None}, "DataInputConfig is required"),
        "jetson": ({"target": jetson}, "CompilerOptions lacks gpu-code, trt-ver, cuda-ver"),
    }
    for name, (changes, _) in cases.items():
        _start(sagemaker, name, **changes)
    for name, (_, reason) in cases.items():
        job = _ended(sagemaker, name)
        assert (job["CompilationJobStatus"], reason in job["FailureReason"]) == ("FAILED", True), job["FailureReason"]
    sandbox.client("iam", STAGE).delete_role_policy(RoleName="SageMakerEdge", PolicyName="edge")
    _start(sagemaker)
    assert "may not read" in _ended(sagemaker)["FailureReason"]
    refused(_start, "ResourceInUse", 400, ".*already exists.*", sagemaker=sagemaker)
