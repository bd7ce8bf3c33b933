"""A way into an account: the role there, and the grant of it in the account that is trusted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import pulumi
import pulumi_aws as aws

from components._base import EdgeComponent
from components.assume_role_grant import AssumeRoleGrant, AssumeRoleGrantArgs
from components.cross_account_role import CrossAccountRole, CrossAccountRoleArgs
from edgewright.documents.roots import Role


@dataclass(frozen=True, kw_only=True)
class CrossAccountAccessArgs:
    """A role of the tooling stack, and the administrators of its account and of the one that is trusted."""

    role: Role
    target: aws.Provider
    """Of the role's account."""
    tooling: aws.Provider
    """Of the account that is trusted."""


@dataclass(frozen=True, kw_only=True)
class CrossAccountAccessResources:
    """Both halves; no grant where the trust itself names who comes in."""

    role: CrossAccountRole
    grant: AssumeRoleGrant | None


@final
class CrossAccountAccess(EdgeComponent):
    """Both halves of an access, made together and removed together: either one alone lets nobody in."""

    resources: CrossAccountAccessResources

    def __init__(self, name: str, *, args: CrossAccountAccessArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        wanted = args.role
        tags = {"edgewright:part": wanted.part, **({"edgewright:stage": wanted.stage} if wanted.stage else {})}
        super().__init__(name, opts=opts)
        role = CrossAccountRole(
            name,
            args=CrossAccountRoleArgs(
                provider=args.target,
                role=wanted.name,
                description=wanted.description,
                trust=wanted.trust,
                permissions=wanted.permissions,
                additions=wanted.additions,
                tags=tags,
            ),
            opts=self.inner(),
        )
        grant = None
        if wanted.grant is not None:
            grant = AssumeRoleGrant(
                name,
                args=AssumeRoleGrantArgs(provider=args.tooling, grant=wanted.grant, tags=tags),
                opts=self.inner(),
            )
        self.resources = CrossAccountAccessResources(role=role, grant=grant)
        self.register_outputs(
            {"role": role.resources.role.arn, "grant": grant.resources.policy.arn if grant is not None else None}
        )
