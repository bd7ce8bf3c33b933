"""The half of a cross-account access that lives in the account which is entered: the role with its trust."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

import pulumi
import pulumi_aws as aws

from components._base import EdgeComponent
from edgewright.documents import policy


@dataclass(frozen=True, kw_only=True)
class CrossAccountRoleArgs:
    """A role, who may assume it, and what it may do."""

    provider: aws.Provider
    """Of the account that has the role."""
    role: str
    """Its name."""
    description: str
    trust: Mapping[str, Any]
    """Trust policy document."""
    permissions: Mapping[str, Any]
    """Permission policy document."""
    tags: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class CrossAccountRoleResources:
    """The role and its policy."""

    role: aws.iam.Role
    policy: aws.iam.RolePolicy


@final
class CrossAccountRole(EdgeComponent):
    """A role that principals of another account assume."""

    resources: CrossAccountRoleResources

    def __init__(self, name: str, *, args: CrossAccountRoleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        of = f"role {args.role}"
        trust = policy.render(args.trust, limit=policy.TRUST_POLICY, of=f"the trust of {of}")
        permissions = policy.render(args.permissions, limit=policy.ROLE_POLICY, of=of)
        super().__init__(name, opts=opts)
        child = self.child(args.provider)
        role = aws.iam.Role(
            name,
            name=args.role,
            description=args.description,
            assume_role_policy=trust,
            tags=dict(args.tags),
            opts=child,
        )
        role_policy = aws.iam.RolePolicy(name, name="permissions", role=role.name, policy=permissions, opts=child)
        self.resources = CrossAccountRoleResources(role=role, policy=role_policy)
        self.register_outputs({"arn": role.arn})
