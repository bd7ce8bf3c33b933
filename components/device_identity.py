"""What a core device is to AWS: the token exchange role, its alias, and the policy of its certificate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

import pulumi
import pulumi_aws as aws

from components._base import EdgeComponent
from components.role_policies import keep_exact
from edgewright.documents import boundary, deployment, device_policy, naming, policy, trust
from edgewright.documents.place import FleetPlace

SHORTEST_SESSION = 3600
"""Seconds: IAM takes no shorter maximum session for a role."""


@dataclass(frozen=True, kw_only=True)
class DeviceIdentityArgs:
    """A fleet in a stage, and what its devices may do."""

    provider: aws.Provider
    place: FleetPlace
    permissions: Mapping[str, Any]
    """Permission policy document of the token exchange role."""
    credential_duration: int
    """Seconds that credentials of the role alias last: 900 to 43,200."""
    edge_manager: bool = False


@dataclass(frozen=True, kw_only=True)
class DeviceIdentityResources:
    """Everything that a certificate is tied to."""

    role: aws.iam.Role
    permissions: aws.iam.RolePolicy
    role_alias: aws.iot.RoleAlias
    policy: aws.iot.Policy


@final
class DeviceIdentity(EdgeComponent):
    """One identity for all devices of a fleet in a stage, made before the first device joins."""

    resources: DeviceIdentityResources

    def __init__(self, name: str, *, args: DeviceIdentityArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        place = args.place
        permissions = policy.render(args.permissions, limit=policy.ROLE_POLICY, of=f"role {place.role}")
        iot_name = naming.device_policy(place.name, place.stage)
        iot_policy = policy.render(
            device_policy.core_device(place), limit=policy.IOT_POLICY, of=f"AWS IoT policy {iot_name}"
        )
        super().__init__(name, opts=opts)
        tags = deployment.tags(place)
        child = self.child(args.provider)
        role = aws.iam.Role(
            name,
            name=place.role,
            description=f"Core devices of {place.name} in {place.stage}",
            assume_role_policy=policy.render(
                trust.token_exchange(edge_manager=args.edge_manager),
                limit=policy.TRUST_POLICY,
                of=f"the trust of role {place.role}",
            ),
            permissions_boundary=boundary.arn(place, boundary.DEVICES),
            # A role alias may not hand out credentials for longer than the role's own sessions last.
            max_session_duration=max(args.credential_duration, SHORTEST_SESSION),
            tags=tags,
            opts=child,
        )
        role_policy = aws.iam.RolePolicy(name, name="permissions", role=role.name, policy=permissions, opts=child)
        keep_exact(name, role, inline=[role_policy], attached=[], opts=child)
        role_alias = aws.iot.RoleAlias(
            name,
            alias=place.role_alias,
            role_arn=role.arn,
            credential_duration=args.credential_duration,
            tags=tags,
            opts=child,
        )
        certificate_policy = aws.iot.Policy(name, name=iot_name, policy=iot_policy, tags=tags, opts=child)
        self.resources = DeviceIdentityResources(
            role=role, permissions=role_policy, role_alias=role_alias, policy=certificate_policy
        )
        self.register_outputs({"roleArn": role.arn, "roleAlias": role_alias.alias, "policy": certificate_policy.name})
