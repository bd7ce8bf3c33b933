"""The half of a cross-account access that lives in the trusted account: the right to assume exactly these roles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import final

import pulumi
import pulumi_aws as aws

from components._base import EdgeComponent
from edgewright.documents import permissions, policy


@dataclass(frozen=True, kw_only=True)
class AssumeRoleGrantArgs:
    """A managed policy for whoever is to assume the roles."""

    provider: aws.Provider
    """Of the trusted account."""
    policy: str
    """Its name."""
    description: str
    role_arns: Sequence[str]
    """Derived ARNs: the roles need not exist yet."""
    tags: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class AssumeRoleGrantResources:
    """The managed policy."""

    policy: aws.iam.Policy


@final
class AssumeRoleGrant(EdgeComponent):
    """A managed policy, to be attached to the people's and the pipeline's roles that may enter the other account."""

    resources: AssumeRoleGrantResources

    def __init__(self, name: str, *, args: AssumeRoleGrantArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        text = policy.render(
            permissions.assume(args.role_arns), limit=policy.MANAGED_POLICY, of=f"managed policy {args.policy}"
        )
        super().__init__(name, opts=opts)
        grant = aws.iam.Policy(
            name,
            name=args.policy,
            description=args.description,
            policy=text,
            tags=dict(args.tags),
            opts=self.child(args.provider),
        )
        self.resources = AssumeRoleGrantResources(policy=grant)
        self.register_outputs({"arn": grant.arn})
