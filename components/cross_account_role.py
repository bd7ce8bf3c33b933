"""A role with its trust, what it may do, and the most that it may ever do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, final

import pulumi
import pulumi_aws as aws

from components._base import EdgeComponent
from components.role_policies import keep_exact
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
    additions: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Documents of managed policies of its own, by the end of their name: what does not fit in the inline policy."""
    boundary: str | None = None
    """ARN of its permissions boundary; None for roles that an administrator makes."""
    tags: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class CrossAccountRoleResources:
    """The role and its policies."""

    role: aws.iam.Role
    policy: aws.iam.RolePolicy
    additions: Mapping[str, aws.iam.Policy]
    attachments: Mapping[str, aws.iam.RolePolicyAttachment]


@final
class CrossAccountRole(EdgeComponent):
    """A role that principals of another account, a pipeline or a service assume."""

    resources: CrossAccountRoleResources

    def __init__(self, name: str, *, args: CrossAccountRoleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        of = f"role {args.role}"
        trust = policy.render(args.trust, limit=policy.TRUST_POLICY, of=f"the trust of {of}")
        permissions = policy.render(args.permissions, limit=policy.ROLE_POLICY, of=of)
        texts = {
            each: policy.render(document, limit=policy.MANAGED_POLICY, of=f"managed policy {args.role}-{each}")
            for each, document in args.additions.items()
        }
        super().__init__(name, opts=opts)
        child = self.child(args.provider)
        role = aws.iam.Role(
            name,
            name=args.role,
            description=args.description,
            assume_role_policy=trust,
            permissions_boundary=args.boundary,
            tags=dict(args.tags),
            opts=child,
        )
        role_policy = aws.iam.RolePolicy(name, name="permissions", role=role.name, policy=permissions, opts=child)
        additions, attachments = {}, {}
        for each, text in texts.items():
            additions[each] = aws.iam.Policy(
                f"{name}/{each}",
                name=f"{args.role}-{each}",
                description=f"{args.description}: {each}",
                policy=text,
                tags=dict(args.tags),
                opts=child,
            )
            attachments[each] = aws.iam.RolePolicyAttachment(
                f"{name}/{each}", role=role.name, policy_arn=additions[each].arn, opts=child
            )
        keep_exact(name, role, inline=[role_policy], attached=attachments.values(), opts=child)
        self.resources = CrossAccountRoleResources(
            role=role, policy=role_policy, additions=additions, attachments=attachments
        )
        self.register_outputs({"arn": role.arn})
