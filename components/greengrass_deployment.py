"""What a ring runs: one Greengrass deployment, revised in place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

import pulumi

from components import greengrassv2
from components._base import EdgeComponent
from components.freeze import refusing


@dataclass(frozen=True, kw_only=True)
class GreengrassDeploymentArgs:
    """The deployment's inputs, and what must be there before it."""

    provider: greengrassv2.Provider
    inputs: Mapping[str, Any]
    """As ``edgewright.documents.deployment`` renders them."""
    after: Sequence[pulumi.Resource] = ()
    """Component versions, members, the devices' identity, and the ring before this one."""
    held_back: str | None = None
    """Why it may not change; the engine refuses it then."""


@dataclass(frozen=True, kw_only=True)
class GreengrassDeploymentResources:
    """The deployment."""

    deployment: greengrassv2.Deployment


@final
class GreengrassDeployment(EdgeComponent):
    """The deployment of a thing or a thing group. When it leaves the program, its components are uninstalled."""

    resources: GreengrassDeploymentResources

    def __init__(
        self, name: str, *, args: GreengrassDeploymentArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, opts=opts)
        inputs = args.inputs
        opts = self.child(args.provider, depends_on=args.after)
        if args.held_back is not None:
            opts.hooks = refusing(name, args.held_back)
        deployment = greengrassv2.Deployment(
            name,
            target_arn=inputs["targetArn"],
            deployment_name=inputs["deploymentName"],
            components=inputs["components"],
            iot_job_configuration=inputs["iotJobConfiguration"],
            deployment_policies=inputs["deploymentPolicies"],
            wait=inputs["wait"],
            on_failure=inputs["onFailure"],
            on_delete=inputs["onDelete"],
            tags=inputs["tags"],
            opts=opts,
        )
        self.resources = GreengrassDeploymentResources(deployment=deployment)
        self.register_outputs({"deploymentId": deployment.deployment_id})
