"""The `tooling` stack, run by an administrator: artifacts, and who may deploy where. The root of trust."""

from __future__ import annotations

from typing import Any

import pulumi_aws as aws

from components.artifact_bucket import ArtifactBucket, ArtifactBucketArgs
from components.assume_role_grant import AssumeRoleGrant, AssumeRoleGrantArgs
from components.cross_account_access import CrossAccountAccess, CrossAccountAccessArgs
from components.settings import SESSION, TOOLING, Settings, shared_accounts, stage_place
from edgewright.documents import naming
from edgewright.documents.place import StagePlace
from edgewright.manifest.load import Project


def tooling(project: Project, settings: Settings) -> dict[str, Any]:
    """Declare the resources of the tooling stack and return what it exports."""
    places = [stage_place(project, stage) for stage in sorted(project.organisation.stages)]
    providers = _Administrators(project, settings)
    buckets: dict[str, list[StagePlace]] = {}
    for place in places:
        buckets.setdefault(place.region, []).append(place)
    artifact_buckets = {
        region: ArtifactBucket(
            f"artifacts-{region}",
            args=ArtifactBucketArgs(
                provider=providers.of(project.organisation.accounts[TOOLING].id, region),
                bucket=here[0].artifact_bucket,
                stages=here,
            ),
        )
        for region, here in buckets.items()
    }
    home = project.organisation.region
    deploy = {
        place.stage: CrossAccountAccess(
            f"deploy-{place.stage}",
            args=CrossAccountAccessArgs(
                place=place,
                target=providers.of(place.account_id, home),
                tooling=providers.of(place.tooling_id, home),
                hardening=project.organisation.trust,
                shared=place.account_id in shared_accounts(project),
            ),
        )
        for place in places
    }
    for place in places:
        for fleet, _ in project.stage_fleets(place.stage):
            for grant in fleet.access:
                role = naming.access_role(fleet.name, place.stage, grant.role)
                AssumeRoleGrant(
                    f"{fleet.name}/{place.stage}/{grant.role}",
                    args=AssumeRoleGrantArgs(
                        provider=providers.of(project.organisation.accounts[grant.trusted].id, home),
                        policy=role,
                        description=f"Lets its holder into {fleet.name} in {place.stage}",
                        role_arns=[naming.role_arn(place.account_id, role)],
                        tags={"edgewright:fleet": fleet.name, "edgewright:stage": place.stage},
                    ),
                )
    return {
        "artifactBuckets": {
            region: bucket.resources.bucket.resources.bucket.bucket for region, bucket in artifact_buckets.items()
        },
        "deployRoles": {stage: access.resources.role.resources.role.arn for stage, access in deploy.items()},
        "deployGrants": {stage: access.resources.grant.resources.policy.arn for stage, access in deploy.items()},
    }


class _Administrators:
    """A provider for each account and Region that the tooling stack works in, made when it is first needed."""

    def __init__(self, project: Project, settings: Settings) -> None:
        self._tooling_id = project.organisation.accounts[TOOLING].id
        self._admin_role = settings.admin_role
        self._made: dict[tuple[str, str], aws.Provider] = {}

    def of(self, account_id: str, region: str) -> aws.Provider:
        """Return the provider; the tooling account is worked in with the credentials of whoever runs the stack."""
        key = account_id, region
        if key not in self._made:
            own = account_id == self._tooling_id
            role = aws.ProviderAssumeRoleArgs(
                role_arn=naming.role_arn(account_id, self._admin_role), session_name=SESSION
            )
            self._made[key] = aws.Provider(
                f"aws-{account_id}-{region}",
                region=region,
                allowed_account_ids=[account_id],
                assume_roles=None if own else [role],
            )
        return self._made[key]
