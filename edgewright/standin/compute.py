"""EC2: launch templates and instances, as the twins of devices need them. Security groups are in ``network``.

Longer than other modules, because it is a table: a row for each type, a line for each property that differs.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from edgewright.standin.calls import asked, given
from edgewright.standin.diff import Shape
from edgewright.standin.model import TAGS, Property, Values
from edgewright.standin.names import AutoName
from edgewright.standin.network import ec2_tagging
from edgewright.standin.rules import base64_text, between, length, one_of
from edgewright.standin.table import ID, Call, Change, Read, Row
from edgewright.standin.tags import listed, mapped

if TYPE_CHECKING:
    from edgewright.aws.session import Session

_TEMPLATE = {"LaunchTemplateId": ID}
_INSTANCES: dict[str, Callable[[Values], Any]] = {"InstanceIds": lambda values: [values[ID]]}
_NO_TEMPLATE = frozenset({"InvalidLaunchTemplateId.NotFound", "InvalidLaunchTemplateId.Malformed"})
_NO_INSTANCE = frozenset({"InvalidInstanceID.NotFound", "InvalidInstanceID.Malformed"})
_GONE = frozenset({"terminated", "shutting-down"})
_METADATA = {
    "metadataOptions.httpEndpoint": (one_of("enabled", "disabled"),),
    "metadataOptions.httpPutResponseHopLimit": (between(1, 64),),
    "metadataOptions.httpTokens": (one_of("optional", "required"),),
    "metadataOptions.instanceMetadataTags": (one_of("enabled", "disabled"),),
}
_OPTIONS = ("httpEndpoint", "httpPutResponseHopLimit", "httpTokens", "instanceMetadataTags")
_VERSION = {
    "blockDeviceMappings": "BlockDeviceMappings",
    "iamInstanceProfile": "IamInstanceProfile",
    "imageId": "ImageId",
    "instanceType": "InstanceType",
    "metadataOptions": "MetadataOptions",
    "monitoring": "Monitoring",
    "userData": "UserData",
    "vpcSecurityGroupIds": "SecurityGroupIds",
}
"""Properties that a version of a launch template is made of, and AWS's names for them."""
_DATA = {
    **{theirs: ours for ours, theirs in _VERSION.items()},
    "BlockDeviceMappings": lambda values: _block_devices(values.get("blockDeviceMappings")),
    "TagSpecifications": lambda values: [
        {"ResourceType": each["resourceType"], "Tags": listed(each.get("tags"))}
        for each in values.get("tagSpecifications") or ()
    ],
}


_TEXT_FLAGS = ("deleteOnTermination", "encrypted")
"""Flags of a disk that pulumi-aws has as text, because nothing, true and false are three things there."""


def _block_devices(mappings: Any) -> list[Values]:
    """Return the disks of a launch template as EC2 takes them."""
    found = []
    for each in mappings or ():
        disk = {
            name[0].upper() + name[1:]: value == "true" if name in _TEXT_FLAGS else value
            for name, value in (each.get("ebs") or {}).items()
            if value not in (None, "")
        }
        names = {"DeviceName": "deviceName", "NoDevice": "noDevice", "VirtualName": "virtualName"}
        plain = given(**{theirs: each.get(ours) for theirs, ours in names.items()})
        found.append({**plain, **given(Ebs=disk)})
    return found


def _disks(version: Mapping[str, Any]) -> list[Values]:
    """Return the disks of a launch template as pulumi-aws has them."""
    found: list[Values] = []
    for each in version.get("BlockDeviceMappings") or ():
        plain = {name[0].lower() + name[1:]: value for name, value in each.items() if name != "Ebs"}
        disk = {name[0].lower() + name[1:]: value for name, value in (each.get("Ebs") or {}).items()}
        texts = {name: str(disk[name]).lower() for name in _TEXT_FLAGS if name in disk}
        found.append({**plain, **({"ebs": {**disk, **texts}} if disk else {})})
    return found


def _specifications(version: Mapping[str, Any]) -> list[Values]:
    return [
        {"resourceType": each["ResourceType"], "tags": mapped(each.get("Tags", ()))}
        for each in version.get("TagSpecifications", ())
        # the template's own tags, which moto keeps with the version, are its ``tags``
        if each.get("ResourceType") not in (None, "launch-template")
    ]


def _template_arn(aws: Session, found: Values) -> Values:
    return {"arn": f"arn:aws:ec2:{aws.region}:{aws.account_id}:launch-template/{found[ID]}"}


def _instance(answer: Mapping[str, Any], _: Values) -> Mapping[str, Any] | None:
    found = next((each for held in answer["Reservations"] for each in held["Instances"]), None)
    return None if found is None or found["State"]["Name"] in _GONE else found


def _user_data(answer: Any) -> str:
    encoded = (answer or {}).get("UserData", {}).get("Value", "")
    return base64.b64decode(encoded).decode("utf-8", "replace")


def _root(aws: Session, found: Values) -> Values:
    """Return what is said of the root device elsewhere, and the ARN."""
    outputs: Values = {"arn": f"arn:aws:ec2:{aws.region}:{found.pop('owner')}:instance/{found[ID]}"}
    device, volume_id = found.pop("rootName"), found.pop("rootVolume")
    if volume_id:
        doing = f"read the root device of the instance {found[ID]}"
        answer = asked(aws, "ec2", "describe_volumes", doing=doing, VolumeIds=[volume_id])
        volume = answer["Volumes"][0] if answer and answer["Volumes"] else {}
        outputs["rootBlockDevice"] = {
            "deleteOnTermination": found.pop("rootDeleted"),
            "deviceName": device,
            "encrypted": volume.get("Encrypted", False),
            "iops": volume.get("Iops") or 0,
            "kmsKeyId": volume.get("KmsKeyId", ""),
            "tags": mapped(volume.get("Tags", ())),
            "throughput": volume.get("Throughput") or 0,
            "volumeId": volume_id,
            "volumeSize": volume.get("Size", 0),
            "volumeType": volume.get("VolumeType", ""),
        }
    return outputs


def _mapping(instance: Mapping[str, Any]) -> Mapping[str, Any]:
    mappings = instance.get("BlockDeviceMappings", ())
    return next((each["Ebs"] for each in mappings if each["DeviceName"] == instance.get("RootDeviceName")), {})


class _Instances(Row):
    """Instances: the name of the root device comes from the image, and a public address from an interface."""

    def create(self, aws: Session, inputs: Values) -> str:
        """Start it."""
        more: Values = {}
        if inputs.get("rootBlockDevice"):
            doing = f"read the image {inputs.get('ami')}"
            answer = aws.call("ec2", "describe_images", doing=doing, ImageIds=[inputs["ami"]])
            more["device"] = answer["Images"][0]["RootDeviceName"]
        return super().create(aws, {**inputs, **more})


def _devices(values: Values) -> Any:
    root = values.get("rootBlockDevice")
    if not root:
        return None
    ebs = given(
        Encrypted=root.get("encrypted"),
        Iops=root.get("iops"),
        KmsKeyId=root.get("kmsKeyId"),
        Throughput=root.get("throughput"),
        VolumeSize=root.get("volumeSize"),
        VolumeType=root.get("volumeType"),
    )
    return [{"DeviceName": values["device"], "Ebs": {"DeleteOnTermination": root["deleteOnTermination"], **ebs}}]


def _interfaces(values: Values) -> Any:
    if values.get("associatePublicIpAddress") is None:
        return None
    groups, subnet = values.get("vpcSecurityGroupIds"), values.get("subnetId")
    own = given(Groups=groups, SubnetId=subnet)
    return [{"DeviceIndex": 0, "AssociatePublicIpAddress": values["associatePublicIpAddress"], **own}]


def _alone(name: str) -> Any:
    """Return a source that is left to the network interface where there is one."""
    return lambda values: None if values.get("associatePublicIpAddress") is not None else values.get(name)


def _option(member: str) -> Any:
    return lambda values: (values.get("metadataOptions") or {}).get(member)


def _plain_data(values: Values) -> Any:
    # boto3 encodes it
    encoded = values.get("userDataBase64")
    return base64.b64decode(encoded) if encoded else values.get("userData")


def _tags_of(instance: Mapping[str, Any]) -> dict[str, str]:
    return mapped(instance.get("Tags", ()))


_TEMPLATE_TAGS = ec2_tagging("launch-template")
_INSTANCE_TAGS = ec2_tagging("instance")

TYPES = (
    Row(
        "aws:ec2/launchTemplate:LaunchTemplate",
        service="ec2",
        what="launch template",
        named="name",
        identity=lambda answer, _: str(answer["LaunchTemplate"]["LaunchTemplateId"]),
        create_call=Call(
            "create_launch_template",
            {
                "LaunchTemplateData": _DATA,
                "LaunchTemplateName": "name",
                "TagSpecifications": _TEMPLATE_TAGS.create,
                "VersionDescription": "description",
            },
        ),
        reads=(
            Read(
                "describe_launch_templates",
                {"LaunchTemplateIds": lambda values: [values[ID]]},
                at="LaunchTemplates.0",
                absent=_NO_TEMPLATE,
                outputs={
                    "defaultVersion": "DefaultVersionNumber",
                    "latestVersion": "LatestVersionNumber",
                    "name": "LaunchTemplateName",
                    TAGS: _tags_of,
                },
            ),
            Read(
                "describe_launch_template_versions",
                {**_TEMPLATE, "Versions": lambda values: [str(values["latestVersion"])]},
                at="LaunchTemplateVersions.0",
                outputs={
                    "description": "VersionDescription",
                    "tagSpecifications": lambda version: _specifications(version["LaunchTemplateData"]),
                    **{ours: f"LaunchTemplateData.{theirs}" for ours, theirs in _VERSION.items()},
                    "blockDeviceMappings": lambda version: _disks(version["LaunchTemplateData"]),
                },
            ),
        ),
        changes=(
            Change(
                "create_launch_template_version",
                {**_TEMPLATE, "LaunchTemplateData": _DATA, "VersionDescription": "description"},
                blank={"LaunchTemplateData": {}},
                of=frozenset({*_VERSION, "tagSpecifications", "description"}),
            ),
            Change(
                "modify_launch_template",
                {**_TEMPLATE, "DefaultVersion": lambda values: str(values["defaultVersion"])},
                of=frozenset({"defaultVersion"}),
                unless=lambda values: not values.get("defaultVersion"),
            ),
        ),
        delete_call=Call("delete_launch_template", _TEMPLATE, absent=_NO_TEMPLATE),
        fixed=_template_arn,
        tagging=_TEMPLATE_TAGS,
    ).serves(
        {
            "defaultVersion": Property(),
            "description": Property(rules=(length(0, 255),)),
            "name": Property(replace=True, rules=(length(3, 128),)),
            "tagSpecifications": Property(),
            "tags": Property(),
            **{name: Property() for name in _VERSION},
        },
        nested_rules=_METADATA,
        shape=Shape(computed=frozenset({"defaultVersion"}), sets=frozenset({"vpcSecurityGroupIds"})),
        auto_name=AutoName("name", 128),
        volatile=frozenset({"latestVersion"}),
    ),
    _Instances(
        "aws:ec2/instance:Instance",
        service="ec2",
        what="instance",
        named="",
        identity=lambda answer, _: str(answer["Instances"][0]["InstanceId"]),
        create_call=Call(
            "run_instances",
            {
                "BlockDeviceMappings": _devices,
                "DisableApiTermination": "disableApiTermination",
                "IamInstanceProfile": {"Name": "iamInstanceProfile"},
                "ImageId": "ami",
                "InstanceType": "instanceType",
                "LaunchTemplate": {
                    "LaunchTemplateId": lambda values: (values.get("launchTemplate") or {}).get("id"),
                    "LaunchTemplateName": lambda values: (values.get("launchTemplate") or {}).get("name"),
                    "Version": lambda values: (values.get("launchTemplate") or {}).get("version"),
                },
                "MaxCount": lambda _: 1,
                "MetadataOptions": "metadataOptions",
                "MinCount": lambda _: 1,
                "Monitoring": {"Enabled": "monitoring"},
                "NetworkInterfaces": _interfaces,
                "Placement": {"AvailabilityZone": "availabilityZone"},
                "SecurityGroupIds": _alone("vpcSecurityGroupIds"),
                "SubnetId": _alone("subnetId"),
                "TagSpecifications": _INSTANCE_TAGS.create,
                "UserData": _plain_data,
            },
        ),
        reads=(
            Read(
                "describe_instances",
                _INSTANCES,
                at=_instance,
                absent=_NO_INSTANCE,
                outputs={
                    "ami": "ImageId",
                    "associatePublicIpAddress": lambda each: bool(
                        (each.get("NetworkInterfaces") or [{}])[0].get("Association", {}).get("PublicIp")
                    ),
                    "availabilityZone": "Placement.AvailabilityZone",
                    "iamInstanceProfile": lambda each: (
                        each.get("IamInstanceProfile", {}).get("Arn", "").rpartition("/")[2]
                    ),
                    "instanceState": "State.Name",
                    "instanceType": "InstanceType",
                    "metadataOptions": "MetadataOptions",
                    "monitoring": lambda each: each.get("Monitoring", {}).get("State") in {"enabled", "pending"},
                    "owner": lambda each: (each.get("NetworkInterfaces") or [{}])[0].get("OwnerId", ""),
                    "primaryNetworkInterfaceId": "NetworkInterfaces.0.NetworkInterfaceId",
                    "privateDns": "PrivateDnsName",
                    "privateIp": "PrivateIpAddress",
                    "publicDns": "PublicDnsName",
                    "publicIp": "PublicIpAddress",
                    "rootDeleted": lambda each: _mapping(each).get("DeleteOnTermination", True),
                    "rootName": "RootDeviceName",
                    "rootVolume": lambda each: _mapping(each).get("VolumeId", ""),
                    "sourceDestCheck": "SourceDestCheck",
                    "subnetId": "SubnetId",
                    "tenancy": "Placement.Tenancy",
                    TAGS: _tags_of,
                    "vpcSecurityGroupIds": lambda each: sorted(group["GroupId"] for group in each["SecurityGroups"]),
                },
            ),
            Read(
                "describe_instance_attribute",
                {"InstanceId": ID, "Attribute": lambda _: "userData"},
                outputs={"userData": _user_data},
            ),
        ),
        changes=(
            Change(
                "modify_instance_attribute",
                {"InstanceId": ID, "Groups": "vpcSecurityGroupIds"},
                of=frozenset({"vpcSecurityGroupIds"}),
            ),
            Change(
                "modify_instance_metadata_options",
                {
                    "InstanceId": ID,
                    **{member[0].upper() + member[1:]: _option(member) for member in _OPTIONS},
                },
                of=frozenset({"metadataOptions"}),
                unless=lambda values: not values.get("metadataOptions"),
            ),
        ),
        delete_call=Call("terminate_instances", _INSTANCES, absent=_NO_INSTANCE),
        fixed=_root,
        tagging=_INSTANCE_TAGS,
        waiters=(("instance_running", _INSTANCES), ("instance_terminated", _INSTANCES)),
    ).serves(
        {
            "ami": Property(replace=True),
            "associatePublicIpAddress": Property(replace=True),
            "availabilityZone": Property(replace=True),
            "disableApiTermination": Property(kept=False),
            "iamInstanceProfile": Property(replace=True),
            "instanceType": Property(replace=True),
            "launchTemplate": Property(replace=True, held=False),
            "metadataOptions": Property(),
            "monitoring": Property(replace=True),
            "rootBlockDevice": Property(replace=True),
            "sourceDestCheck": Property(replace=True, default=True),
            "subnetId": Property(replace=True),
            "tags": Property(),
            "userData": Property(replace=True),
            "userDataBase64": Property(replace=True, held=False, rules=(base64_text,)),
            "userDataReplaceOnChange": Property(kept=False),
            "vpcSecurityGroupIds": Property(),
        },
        either={
            "ami": ("ami", "launchTemplate"),
            "instanceType": ("instanceType", "launchTemplate"),
            "launchTemplate": ("ami", "instanceType", "launchTemplate"),
        },
        nested_defaults={
            "metadataOptions.httpEndpoint": "enabled",
            "metadataOptions.httpProtocolIpv6": "disabled",
            "rootBlockDevice.deleteOnTermination": True,
        },
        nested_rules=_METADATA,
        shape=Shape(
            computed=frozenset(
                {"associatePublicIpAddress", "availabilityZone", "metadataOptions", "monitoring", "rootBlockDevice"}
                | {"subnetId", "vpcSecurityGroupIds", "iamInstanceProfile", "ami", "instanceType", "userData"}
                | {
                    f"metadataOptions.{name}"
                    for name in ("httpPutResponseHopLimit", "httpTokens", "instanceMetadataTags")
                }
                | {f"rootBlockDevice.{name}" for name in ("deviceName", "encrypted", "iops", "kmsKeyId", "throughput")}
                | {f"rootBlockDevice.{name}" for name in ("volumeId", "volumeSize", "volumeType", "tags", "tagsAll")}
            ),
            sets=frozenset({"vpcSecurityGroupIds"}),
        ),
        volatile=frozenset({"instanceState"}),
    ),
)
