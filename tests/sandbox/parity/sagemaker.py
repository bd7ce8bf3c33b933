"""SageMaker: device fleets, packaging and the model registry. Every error of it has the HTTP status 400."""

from __future__ import annotations

from typing import Any

from tests.sandbox.parity.case import VALIDATION, Case, absent, enum, long, shape

SERVICE = "sagemaker"
# fmt: off

CASES: list[Case] = []
OUTPUT = {"S3OutputLocation": "s3://parts/captures"}


def good(operation: str, name: str, _holds: dict[str, Any] | None = None, **given: Any) -> None:
    CASES.append(Case(SERVICE, operation, given, name, holds=_holds or {}))


def bad(operation: str, name: str, message: str, _code: str = VALIDATION, **given: Any) -> None:
    CASES.append(Case(SERVICE, operation, given, name, _code, 400, message))


def fleet(**more: Any) -> dict[str, Any]:
    return {"DeviceFleetName": "new", "RoleArn": "@role_sagemaker", "OutputConfig": OUTPUT, **more}


def pack(**more: Any) -> dict[str, Any]:
    return {
        "EdgePackagingJobName": "new",
        "CompilationJobName": "none",
        "ModelName": "parts",
        "ModelVersion": "1",
        "RoleArn": "@role_sagemaker",
        "OutputConfig": OUTPUT,
        **more,
    }


good("CreateDeviceFleet", "a new one", **fleet(DeviceFleetName="n" * 63))
bad("CreateDeviceFleet", "without a name", absent("DeviceFleetName"), **fleet(DeviceFleetName=None))
bad("CreateDeviceFleet", "a name with an underscore", shape("DeviceFleetName"), **fleet(DeviceFleetName="a_b"))
bad("CreateDeviceFleet", "a long name", r".*at 'DeviceFleetName'.*", **fleet(DeviceFleetName="n" * 64))
bad("CreateDeviceFleet", "without an output", absent("OutputConfig"), **fleet(OutputConfig=None))
bad("CreateDeviceFleet", "an output without a place", absent("OutputConfig.S3OutputLocation"), **fleet(OutputConfig={}))
bad("CreateDeviceFleet", "an output that is no address", shape("OutputConfig.S3OutputLocation"),
    **fleet(OutputConfig={"S3OutputLocation": "parts"}))
bad("CreateDeviceFleet", "a preset that there is not", enum("OutputConfig.PresetDeploymentType"),
    **fleet(OutputConfig={**OUTPUT, "PresetDeploymentType": "Docker"}))
bad("CreateDeviceFleet", "a role that is none", shape("RoleArn"), **fleet(RoleArn="arn:aws:iam::1:role/short-account"))
bad(
    "CreateDeviceFleet",
    "a role that trusts another",
    "Could not assume role @role_lambda.*",
    **fleet(RoleArn="@role_lambda"),
)
bad("CreateDeviceFleet", "there already", ".*already exists", "ResourceInUse", **fleet(DeviceFleetName="line"))
bad("CreateDeviceFleet", "a description with a bracket", shape("Description"), **fleet(Description="(x)"))
good(
    "DescribeDeviceFleet",
    "that is there",
    {"RoleArn": "@role_sagemaker", "OutputConfig": OUTPUT},
    DeviceFleetName="line",
)
bad("DescribeDeviceFleet", "none", "No devicefleet with name: none .*", DeviceFleetName="none")
bad("UpdateDeviceFleet", "none", "No devicefleet with name: none .*", DeviceFleetName="none", OutputConfig=OUTPUT)
bad("UpdateDeviceFleet", "without an output", absent("OutputConfig"), DeviceFleetName="line")
bad("DeleteDeviceFleet", "with devices", ".*1 registered devices", "ResourceInUse", DeviceFleetName="line")
bad("DeleteDeviceFleet", "none", "No devicefleet with name: none .*", DeviceFleetName="none")
good("ListDeviceFleets", "by name", {"len(DeviceFleetSummaries)": 1, "DeviceFleetSummaries.0.DeviceFleetName": "line"},
     NameContains="lin")
bad("ListDeviceFleets", "an order that there is not", enum("SortBy"), SortBy="SIZE")
bad("ListDeviceFleets", "a token of nobody", "The nextToken is not valid", NextToken="none")
bad("RegisterDevices", "without devices", absent("Devices"), DeviceFleetName="line")
bad(
    "RegisterDevices", "one without a name", absent("Devices.1.member.DeviceName"), DeviceFleetName="line", Devices=[{}]
)
bad("RegisterDevices", "one with a long description", long("Devices.1.member.Description", 40), DeviceFleetName="line",
    Devices=[{"DeviceName": "a", "Description": "d" * 41}])
bad("RegisterDevices", "one that is no thing", "IoT thing none .*", DeviceFleetName="line",
    Devices=[{"DeviceName": "a", "IotThingName": "none"}])
bad("RegisterDevices", "one that is there", "Devices already registered .*cam-001", DeviceFleetName="line",
    Devices=[{"DeviceName": "cam-001"}])
bad("RegisterDevices", "in no fleet", "No devicefleet.*", DeviceFleetName="none", Devices=[{"DeviceName": "a"}])
good("DescribeDevice", "that is there", {"IotThingName": "cam-001"}, DeviceFleetName="line", DeviceName="cam-001")
bad("DescribeDevice", "none", "No device with name: none .*", DeviceFleetName="line", DeviceName="none")
bad("UpdateDevices", "none", "No device with name: none .*", DeviceFleetName="line", Devices=[{"DeviceName": "none"}])
bad("DeregisterDevices", "of no fleet", "No devicefleet.*", DeviceFleetName="none", DeviceNames=["a"])
good("DeregisterDevices", "none", DeviceFleetName="line", DeviceNames=["none"])
good("ListDevices", "of a fleet", {"len(DeviceSummaries)": 1}, DeviceFleetName="line")
bad("ListDevices", "of no fleet", "No devicefleet.*", DeviceFleetName="none")
good("GetDeviceFleetReport", "of a fleet", {"DeviceStats.RegisteredDeviceCount": 1}, DeviceFleetName="line")
bad("CreateEdgePackagingJob", "of no compilation", "No compilation job with name: none .*", **pack())
bad("CreateEdgePackagingJob", "without a model", absent("ModelName"), **pack(ModelName=None))
bad("CreateEdgePackagingJob", "a version with a stroke", shape("ModelVersion"), **pack(ModelVersion="1-0"))
bad("DescribeEdgePackagingJob", "none", ".*none.*", "ResourceNotFound", EdgePackagingJobName="none")
bad("StopEdgePackagingJob", "none", ".*none.*", "ResourceNotFound", EdgePackagingJobName="none")
good("ListEdgePackagingJobs", "none", {"EdgePackagingJobSummaries": []})
bad("ListEdgePackagingJobs", "a status that there is not", enum("StatusEquals"), StatusEquals="LOST")
bad(
    "DeleteModelPackageGroup",
    "with a package",
    ".*still contains 1 model packages",
    "ConflictException",
    ModelPackageGroupName="models",
)
bad("DeleteModelPackageGroup", "none", ".*does not exist.*", ModelPackageGroupName="none")
bad("DescribeModelPackageGroup", "none", ".*does not exist.*", ModelPackageGroupName="none")
bad("CreateModelPackageGroup", "there already", ".*already exists.*", ModelPackageGroupName="models")
bad("UpdateModelPackage", "an approval that there is not", enum("ModelApprovalStatus"), ModelPackageArn="@package",
    ModelApprovalStatus="Maybe")
bad("UpdateModelPackage", "none", ".*not found", ModelPackageArn="@packages/9")
good(
    "DescribeModelPackage",
    "that is there",
    {"ModelPackageVersion": 1, "ModelApprovalStatus": "Approved"},
    ModelPackageName="@package",
)
bad("DescribeModelPackage", "none", ".*not found", ModelPackageName="@packages/9")
