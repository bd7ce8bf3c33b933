"""The half of a cross-account access that lives in the trusted account: the right to assume exactly these roles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

import pulumi
import pulumi_aws as aws

from components._base import EdgeComponent
from edgewright.documents import policy
from edgewright.documents.roots import Grant


@dataclass(frozen=True, kw_only=True)
class AssumeRoleGrantArgs:
    """A managed policy for whoever is to assume the roles."""

    provider: aws.Provider
    """Of the trusted account."""
    grant: Grant
    """Names derived ARNs: the roles need not exist yet."""
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
        grant = args.grant
        text = policy.render(grant.document, limit=policy.MANAGED_POLICY, of=f"managed policy {grant.name}")
        super().__init__(name, opts=opts)
        made = aws.iam.Policy(
            name,
            name=grant.name,
            description=grant.description,
            policy=text,
            tags=dict(args.tags),
            opts=self.child(args.provider),
        )
        self.resources = AssumeRoleGrantResources(policy=made)
        self.register_outputs({"arn": made.arn})
