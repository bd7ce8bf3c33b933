"""Models of twins: staging's core devices on EC2 that mirror the hardware of a fleet, or a testbed of real devices."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from edgewright.manifest.base import Model
from edgewright.manifest.types import ComponentName, ImageParameter, InstanceType, Items, Name, Pointer, SubnetId, VpcId


class Difference(Model):
    """What a twin may have otherwise than production."""

    component: ComponentName = Field(description="The component.")
    keys: Items[Pointer] = Field(
        (), description="JSON pointers into its configuration; none: the component as a whole may be there or not."
    )


class Twins(Model):
    """EC2 instances, registered as things in a ring of provisioned devices."""

    ring: Name = Field(examples=["twins"], description="The ring that they join; its members are provisioned.")
    count: int = Field(ge=1, le=50, description="How many.")
    architecture: Literal["amd64", "aarch64"] = Field(description="The processor; one of the fleet's platforms.")
    instance_type: InstanceType = Field(
        alias="instanceType", description="With the memory and cores that the fleet's devices have."
    )
    image: ImageParameter | None = Field(
        None, description="Parameter of Systems Manager with the id of the image; Ubuntu 24.04 by default."
    )
    disk: int = Field(16, ge=8, le=1024, description="Gibibytes of encrypted disk.")
    vpc: VpcId | None = Field(None, description="With subnet: where they are; the account's default VPC otherwise.")
    subnet: SubnetId | None = Field(None, description="The subnet, which must reach AWS.")
    differences: Items[Difference] = Field((), description="What they may have otherwise than production.")
    playground: bool = Field(
        default=False, description="A ring for trying out: its releases are never compared with production's."
    )

    @model_validator(mode="after")
    def _together(self) -> Twins:
        if (self.vpc is None) != (self.subnet is None):
            msg = "must have vpc and subnet together; add the other one, or take both out"
            raise ValueError(msg)
        return self

    @property
    def image_parameter(self) -> str:
        """The parameter that holds the image."""
        if self.image is not None:
            return self.image
        architecture = {"amd64": "amd64", "aarch64": "arm64"}[self.architecture]
        return f"/aws/service/canonical/ubuntu/server/24.04/stable/current/{architecture}/hvm/ebs-gp3/ami-id"


class Testbed(Model):
    """Real devices in a laboratory. They are members of their ring like any others; nothing is made on EC2."""

    ring: Name = Field(examples=["twins"], description="The ring that they are in.")
    differences: Items[Difference] = Field((), description="What they may have otherwise than production.")
    playground: bool = Field(
        default=False, description="A ring for trying out: its releases are never compared with production's."
    )
