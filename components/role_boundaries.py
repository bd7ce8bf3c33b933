"""The permissions boundaries of a stage: the most that a role may do which the stage's deploy role makes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import final

import pulumi
import pulumi_aws as aws

from components._base import EdgeComponent
from edgewright.documents import policy
from edgewright.documents.roots import ManagedPolicy


@dataclass(frozen=True, kw_only=True)
class RoleBoundariesArgs:
    """The boundaries of one stage."""

    provider: aws.Provider
    """Of an administrator of the stage's account: the deploy role must not be able to change them."""
    boundaries: Sequence[ManagedPolicy]


@dataclass(frozen=True, kw_only=True)
class RoleBoundariesResources:
    """The managed policies by name."""

    policies: Mapping[str, aws.iam.Policy]


@final
class RoleBoundaries(EdgeComponent):
    """Made before the first stack of the stage, and outliving its last one."""

    resources: RoleBoundariesResources

    def __init__(self, name: str, *, args: RoleBoundariesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        texts = {
            each.name: policy.render(each.document, limit=policy.MANAGED_POLICY, of=f"managed policy {each.name}")
            for each in args.boundaries
        }
        super().__init__(name, opts=opts)
        policies = {
            each.name: aws.iam.Policy(
                each.name,
                name=each.name,
                description=each.description,
                policy=texts[each.name],
                tags={"edgewright:part": "boundary", "edgewright:stage": each.stage},
                opts=self.child(args.provider),
            )
            for each in args.boundaries
        }
        self.resources = RoleBoundariesResources(policies=policies)
        self.register_outputs({"policies": sorted(policies)})
