"""How a stage is deployed: its deploy role in the workload account, and the grant of it in the tooling account."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import pulumi
import pulumi_aws as aws

from components._base import EdgeComponent
from components.assume_role_grant import AssumeRoleGrant, AssumeRoleGrantArgs
from components.cross_account_role import CrossAccountRole, CrossAccountRoleArgs
from edgewright.documents import deploy_policy, naming, trust
from edgewright.documents.place import StagePlace
from edgewright.manifest.accounts import TrustHardening


@dataclass(frozen=True, kw_only=True)
class CrossAccountAccessArgs:
    """A stage, and the administrators of the two accounts."""

    place: StagePlace
    target: aws.Provider
    """Of the stage's account."""
    tooling: aws.Provider
    """Of the tooling account."""
    hardening: TrustHardening
    shared: bool = False
    """The stage's account and the tooling account are one on purpose."""


@dataclass(frozen=True, kw_only=True)
class CrossAccountAccessResources:
    """Both halves."""

    role: CrossAccountRole
    grant: AssumeRoleGrant


@final
class CrossAccountAccess(EdgeComponent):
    """Both halves of the access to a stage's account, made together: either one alone lets nobody in."""

    resources: CrossAccountAccessResources

    def __init__(self, name: str, *, args: CrossAccountAccessArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        place = args.place
        role_name = naming.deploy_role(place.stage)
        trust_policy = trust.account(
            place.tooling_id,
            own_id=place.account_id,
            shared=args.shared,
            principals=args.hardening.principals,
            external_id=args.hardening.external_id,
        )
        tags = {"edgewright:stage": place.stage, "edgewright:part": "deploy"}
        super().__init__(name, opts=opts)
        role = CrossAccountRole(
            name,
            args=CrossAccountRoleArgs(
                provider=args.target,
                role=role_name,
                description=f"Deploys the fleets of {place.stage}",
                trust=trust_policy,
                permissions=deploy_policy.deploy_role(place),
                tags=tags,
            ),
            opts=self.inner(),
        )
        grant = AssumeRoleGrant(
            name,
            args=AssumeRoleGrantArgs(
                provider=args.tooling,
                policy=naming.deploy_grant(place.stage),
                description=f"Lets its holder deploy the fleets of {place.stage}",
                role_arns=[naming.role_arn(place.account_id, role_name)],
                tags=tags,
            ),
            opts=self.inner(),
        )
        self.resources = CrossAccountAccessResources(role=role, grant=grant)
        self.register_outputs({"role": role.resources.role.arn, "grant": grant.resources.policy.arn})
