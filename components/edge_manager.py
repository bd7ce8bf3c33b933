"""SageMaker Edge Manager for a fleet: the device fleet, its devices and the agent's bucket.

AWS gave the service up on 2024-04-26: on AWS none of this can be made any more, and validation says so. It is here
for fleets that describe it, and works in the sandbox.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

import pulumi
import pulumi_aws as aws

from components._base import EdgeComponent
from components.private_bucket import PrivateBucket, PrivateBucketArgs
from edgewright.documents import bucket_policy, deployment, naming, policy
from edgewright.documents.place import FleetPlace


@dataclass(frozen=True, kw_only=True)
class EdgeManagerArgs:
    """A fleet in a stage, the role of its devices, and the devices that are named."""

    provider: aws.Provider
    place: FleetPlace
    role: aws.iam.Role
    """The token exchange role: the agent uses the role alias of the core device."""
    things: Mapping[str, aws.iot.Thing]


@dataclass(frozen=True, kw_only=True)
class EdgeManagerResources:
    """The bucket, the device fleet, and the devices by thing name."""

    bucket: PrivateBucket
    fleet: aws.sagemaker.DeviceFleet
    devices: Mapping[str, aws.sagemaker.Device]


@final
class EdgeManager(EdgeComponent):
    """A device's name is its thing's name, and there is one role alias: that of the core devices."""

    resources: EdgeManagerResources

    def __init__(self, name: str, *, args: EdgeManagerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        place = args.place
        bucket_name = naming.edge_manager_bucket(place.organisation, place.name, place.stage, place.account_id)
        text = policy.render(bucket_policy.private(bucket_name), limit=policy.BUCKET_POLICY, of=f"bucket {bucket_name}")
        super().__init__(name, opts=opts)
        tags = deployment.tags(place)
        bucket = PrivateBucket(
            f"{name}/edge-manager",
            args=PrivateBucketArgs(provider=args.provider, bucket=bucket_name, policy=text, tags=tags),
            opts=self.inner(),
        )
        child = self.child(args.provider)
        fleet = aws.sagemaker.DeviceFleet(
            name,
            device_fleet_name=naming.edge_manager_fleet(place.name, place.stage),
            description=f"Devices of {place.name} in {place.stage}",
            role_arn=args.role.arn,
            # With true, SageMaker would make a role alias of its own beside that of the core devices.
            enable_iot_role_alias=False,
            output_config=aws.sagemaker.DeviceFleetOutputConfigArgs(
                s3_output_location=bucket.resources.bucket.bucket.apply(lambda made: f"s3://{made}/")
            ),
            tags=tags,
            opts=child,
        )
        devices = {
            thing: aws.sagemaker.Device(
                f"{name}/{thing}",
                device_fleet_name=fleet.device_fleet_name,
                device=aws.sagemaker.DeviceDeviceArgs(device_name=thing, iot_thing_name=registered.name),
                opts=child,
            )
            for thing, registered in sorted(args.things.items())
        }
        self.resources = EdgeManagerResources(bucket=bucket, fleet=fleet, devices=devices)
        self.register_outputs({"fleet": fleet.device_fleet_name, "devices": sorted(devices)})
