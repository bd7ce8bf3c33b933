"""Amazon SageMaker: groups of model packages, and the device fleets of Edge Manager."""

from __future__ import annotations

from edgewright.standin.diff import Shape
from edgewright.standin.model import Property
from edgewright.standin.rules import arn, length, matches
from edgewright.standin.table import ID, Call, Change, Read, Row, Source, Tagging
from edgewright.standin.tags import listed, mapped

_NAME = matches(r"[0-9A-Za-z](?:-*[0-9A-Za-z]){0,62}", hint="letters, digits and hyphens, 63 at most")
_ABSENT = frozenset({"ValidationException", "ResourceNotFound"})
"""SageMaker says so of what it does not know."""
TAGGING = Tagging(
    given=listed,
    found=lambda tags: mapped(tags or ()),
    read=Read("list_tags", {"ResourceArn": "arn"}, at="Tags"),
    put=Call("add_tags", {"ResourceArn": "arn", "Tags": lambda values: values["put"]}),
    remove=Call("delete_tags", {"ResourceArn": "arn", "TagKeys": lambda values: values["gone"]}),
)
_FLEET: dict[str, Source] = {
    "Description": "description",
    "EnableIotRoleAlias": "enableIotRoleAlias",
    "OutputConfig": {
        "S3OutputLocation": lambda values: values["outputConfig"]["s3OutputLocation"],
        "KmsKeyId": lambda values: values["outputConfig"].get("kmsKeyId"),
    },
    "RoleArn": "roleArn",
}

_DEVICE = {
    "Description": lambda values: values["device"].get("description"),
    "DeviceName": lambda values: values["device"]["deviceName"],
    "IotThingName": lambda values: values["device"].get("iotThingName"),
}

TYPES = (
    Row(
        "aws:sagemaker/modelPackageGroup:ModelPackageGroup",
        service="sagemaker",
        what="model package group",
        named="modelPackageGroupName",
        identity="modelPackageGroupName",
        create_call=Call(
            "create_model_package_group",
            {
                "ModelPackageGroupDescription": "modelPackageGroupDescription",
                "ModelPackageGroupName": "modelPackageGroupName",
                "Tags": TAGGING.create,
            },
        ),
        reads=(
            Read(
                "describe_model_package_group",
                {"ModelPackageGroupName": ID},
                absent=_ABSENT,
                outputs={
                    "arn": "ModelPackageGroupArn",
                    "modelPackageGroupDescription": "ModelPackageGroupDescription",
                    "modelPackageGroupName": "ModelPackageGroupName",
                },
            ),
        ),
        delete_call=Call("delete_model_package_group", {"ModelPackageGroupName": ID}, absent=_ABSENT),
        tagging=TAGGING,
    ).serves(
        {
            "modelPackageGroupDescription": Property(replace=True, rules=(length(0, 1024),)),
            "modelPackageGroupName": Property(replace=True, rules=(_NAME,)),
            "tags": Property(),
        },
    ),
    Row(
        "aws:sagemaker/deviceFleet:DeviceFleet",
        service="sagemaker",
        what="device fleet",
        named="deviceFleetName",
        identity="deviceFleetName",
        create_call=Call(
            "create_device_fleet", {**_FLEET, "DeviceFleetName": "deviceFleetName", "Tags": TAGGING.create}
        ),
        reads=(
            Read(
                "describe_device_fleet",
                {"DeviceFleetName": ID},
                absent=_ABSENT,
                outputs={
                    "arn": "DeviceFleetArn",
                    "description": "Description",
                    "deviceFleetName": "DeviceFleetName",
                    "enableIotRoleAlias": lambda fleet: bool(fleet.get("IotRoleAlias")),
                    "iotRoleAlias": "IotRoleAlias",
                    "outputConfig": "OutputConfig",
                    "roleArn": "RoleArn",
                },
            ),
        ),
        changes=(
            Change(
                "update_device_fleet",
                {**_FLEET, "DeviceFleetName": ID},
                of=frozenset({"description", "enableIotRoleAlias", "outputConfig", "roleArn"}),
            ),
        ),
        delete_call=Call("delete_device_fleet", {"DeviceFleetName": ID}, absent=_ABSENT),
        tagging=TAGGING,
    ).serves(
        {
            "description": Property(rules=(length(1, 800),)),
            "deviceFleetName": Property(replace=True, rules=(_NAME,)),
            "enableIotRoleAlias": Property(),
            "outputConfig": Property(),
            "roleArn": Property(rules=(arn,)),
            "tags": Property(),
        },
        shape=Shape(),
    ),
    Row(
        "aws:sagemaker/device:Device",
        service="sagemaker",
        what="device",
        named="deviceFleetName",
        identity=lambda _, values: f"{values['deviceFleetName']}/{values['device']['deviceName']}",
        create_call=Call("register_devices", {"DeviceFleetName": "deviceFleetName", "Devices": [_DEVICE]}),
        reads=(
            Read(
                "describe_device",
                {
                    "DeviceFleetName": lambda values: values[ID].partition("/")[0],
                    "DeviceName": lambda values: values[ID].partition("/")[2],
                },
                absent=_ABSENT,
                outputs={
                    "agentVersion": "AgentVersion",
                    "arn": "DeviceArn",
                    "device": lambda found: {
                        "description": found.get("Description", ""),
                        "deviceName": found["DeviceName"],
                        "iotThingName": found.get("IotThingName", ""),
                    },
                    "deviceFleetName": "DeviceFleetName",
                },
            ),
        ),
        changes=(
            Change(
                "update_devices", {"DeviceFleetName": "deviceFleetName", "Devices": [_DEVICE]}, of=frozenset({"device"})
            ),
        ),
        delete_call=Call(
            "deregister_devices",
            {"DeviceFleetName": "deviceFleetName", "DeviceNames": lambda values: [values["device"]["deviceName"]]},
            absent=_ABSENT,
        ),
    ).serves(
        {"device": Property(), "deviceFleetName": Property(replace=True, rules=(_NAME,))},
        nested_rules={"device.description": (length(1, 40),)},
    ),
)
