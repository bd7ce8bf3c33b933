"""Twins: EC2 instances of staging that mirror the hardware of a fleet and join it like any new device."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import final

import pulumi
import pulumi_aws as aws

from components._base import EdgeComponent
from components.cross_account_role import CrossAccountRole, CrossAccountRoleArgs
from edgewright.documents import boundary, deployment, installer, naming, provisioning
from edgewright.documents.place import FleetPlace
from edgewright.manifest import twins

PORTS: Mapping[int, str] = {443: "AWS, and what is downloaded", 8443: "Greengrass", 8883: "AWS IoT", 80: "packages"}
"""Where twins may connect to, and for what. Nothing connects to them."""


@dataclass(frozen=True, kw_only=True)
class DeviceTwinsArgs:
    """The twins of a fleet in a stage."""

    provider: aws.Provider
    place: FleetPlace
    twins: twins.Twins
    nucleus: str
    """Version of the nucleus that their ring pins."""
    attributes: Mapping[str, str] = field(default_factory=dict)
    """Further platform attributes that their ring gives."""
    after: Sequence[pulumi.Resource] = ()
    """What they need to provision themselves."""


@dataclass(frozen=True, kw_only=True)
class DeviceTwinsResources:
    """The instances by thing name, and what they are made of."""

    role: CrossAccountRole
    profile: aws.iam.InstanceProfile
    group: aws.ec2.SecurityGroup
    template: aws.ec2.LaunchTemplate
    instances: Mapping[str, aws.ec2.Instance]


@final
class DeviceTwins(EdgeComponent):
    """No way in: no ingress, no key pair. Metadata by IMDSv2 only, an encrypted disk, a role that can do one thing."""

    resources: DeviceTwinsResources

    def __init__(self, name: str, *, args: DeviceTwinsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts=opts)
        place, wanted = args.place, args.twins
        tags = deployment.tags(place, ring=wanted.ring)
        child = self.child(args.provider)
        role_name = naming.twin_role(place.name, place.stage)
        role = CrossAccountRole(
            f"{name}/twin",
            args=CrossAccountRoleArgs(
                provider=args.provider,
                role=role_name,
                description=f"Lets twins of {place.name} in {place.stage} get a provisioning claim",
                trust=provisioning.service_trust("ec2.amazonaws.com"),
                permissions=provisioning.twin_role(place),
                boundary=boundary.arn(place, boundary.PROVISIONING),
                tags=tags,
            ),
            opts=self.inner(),
        )
        profile = aws.iam.InstanceProfile(name, name=role_name, role=role.resources.role.name, tags=tags, opts=child)
        group = aws.ec2.SecurityGroup(
            name,
            name=f"{naming.PREFIX}-{place.name}-{place.stage}-twins",
            description="Twins: nothing comes in",
            vpc_id=wanted.vpc,
            ingress=[],
            egress=[
                aws.ec2.SecurityGroupEgressArgs(
                    description=what, protocol="tcp", from_port=port, to_port=port, cidr_blocks=["0.0.0.0/0"]
                )
                for port, what in sorted(PORTS.items())
            ],
            tags=tags,
            opts=child,
        )
        script = installer.user_data(place, nucleus=args.nucleus, attributes=args.attributes)
        template = aws.ec2.LaunchTemplate(
            name,
            name=f"{naming.PREFIX}-{place.name}-{place.stage}-twins",
            image_id=f"resolve:ssm:{wanted.image_parameter}",
            instance_type=wanted.instance_type,
            iam_instance_profile=aws.ec2.LaunchTemplateIamInstanceProfileArgs(name=profile.name),
            metadata_options=aws.ec2.LaunchTemplateMetadataOptionsArgs(
                http_endpoint="enabled",
                http_tokens="required",
                # A container on the instance is one hop further, and has no business with the instance's role.
                http_put_response_hop_limit=1,
                instance_metadata_tags="enabled",
            ),
            block_device_mappings=[
                aws.ec2.LaunchTemplateBlockDeviceMappingArgs(
                    device_name="/dev/sda1",
                    ebs=aws.ec2.LaunchTemplateBlockDeviceMappingEbsArgs(
                        encrypted="true", volume_size=wanted.disk, volume_type="gp3", delete_on_termination="true"
                    ),
                )
            ],
            vpc_security_group_ids=[group.id],
            user_data=base64.b64encode(script.encode()).decode(),
            tags=tags,
            opts=child,
        )
        instances = {}
        for number in range(1, wanted.count + 1):
            thing = naming.twin(place.name, place.stage, number)
            instances[thing] = aws.ec2.Instance(
                thing,
                launch_template=aws.ec2.InstanceLaunchTemplateArgs(
                    id=template.id, version=template.latest_version.apply(str)
                ),
                subnet_id=wanted.subnet,
                tags={**tags, "Name": thing},
                # The template's script reads back as the instance's own, and the addresses would follow a change of it;
                # a change of the script comes as a new version of the template.
                opts=self.child(
                    args.provider,
                    depends_on=[role.resources.policy, *args.after],
                    ignore_changes=["publicDns", "publicIp", "userData"],
                ),
            )
        self.resources = DeviceTwinsResources(
            role=role, profile=profile, group=group, template=template, instances=instances
        )
        self.register_outputs({"things": sorted(instances)})
