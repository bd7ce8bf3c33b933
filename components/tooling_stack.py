"""The `tooling` stack, run by an administrator: artifacts, and who may deploy where. The root of trust."""

from __future__ import annotations

from typing import Any

import pulumi_aws as aws

from components.artifact_bucket import ArtifactBucket, ArtifactBucketArgs
from components.assume_role_grant import AssumeRoleGrant, AssumeRoleGrantArgs
from components.cross_account_access import CrossAccountAccess, CrossAccountAccessArgs
from components.model_events import ModelEvents, ModelEventsArgs
from components.pipeline_identity import PipelineIdentity, PipelineIdentityArgs
from components.role_boundaries import RoleBoundaries, RoleBoundariesArgs
from components.settings import SESSION, TOOLING, Settings, stage_place
from edgewright.documents import naming, roots
from edgewright.documents.model_events import Registry
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
                kms=project.organisation.artifacts.kms,
                keep_days=project.organisation.artifacts.keep // 86400,
            ),
        )
        for region, here in buckets.items()
    }
    home = project.organisation.region
    for place in places:
        RoleBoundaries(
            f"boundaries-{place.stage}",
            args=RoleBoundariesArgs(
                provider=providers.of(place.account_id, home), boundaries=roots.boundaries(project, place.stage)
            ),
        )
    deploy = {place.stage: _enter(project, providers, roots.deploy(project, place.stage)) for place in places}
    preview = {place.stage: _enter(project, providers, roots.preview(project, place.stage)) for place in places}
    pipelines = _pipelines(project, providers)
    model_events = _model_events(project, providers)
    people = {role.name: _enter(project, providers, role) for role in roots.people(project)}
    for grant, fleet, stage in roots.reader_grants(project):
        AssumeRoleGrant(
            f"{fleet}/{stage}/{grant.name.rpartition('-access-')[2]}",
            args=AssumeRoleGrantArgs(
                provider=providers.of(grant.account_id, home),
                grant=grant,
                tags={"edgewright:fleet": fleet, "edgewright:stage": stage},
            ),
        )
    return {
        "artifactBuckets": {
            region: bucket.resources.bucket.resources.bucket.bucket for region, bucket in artifact_buckets.items()
        },
        "deployRoles": _arns(deploy),
        "previewRoles": _arns(preview),
        "pipelineRoles": _arns(pipelines),
        "personaRoles": _arns(people),
        "deployGrants": {
            stage: access.resources.grant.resources.policy.arn
            for stage, access in deploy.items()
            if access.resources.grant is not None
        },
        **model_events,
    }


def _enter(project: Project, providers: _Administrators, role: roots.Role) -> CrossAccountAccess:
    home = project.organisation.region
    return CrossAccountAccess(
        role.name.removeprefix(f"{naming.PREFIX}-"),
        args=CrossAccountAccessArgs(
            role=role,
            target=providers.of(role.account_id, home),
            tooling=providers.of(project.organisation.accounts[TOOLING].id, home),
        ),
    )


def _pipelines(project: Project, providers: _Administrators) -> dict[str, CrossAccountAccess]:
    """The identity provider of the forge and the pipelines' roles; nothing without a forge."""
    organisation = project.organisation
    if organisation.forge is None:
        return {}
    PipelineIdentity(
        "pipeline",
        args=PipelineIdentityArgs(
            provider=providers.of(organisation.accounts[TOOLING].id, organisation.region), forge=organisation.forge
        ),
    )
    return {role.name: _enter(project, providers, role) for role in roots.pipelines(project)}


def _model_events(project: Project, providers: _Administrators) -> dict[str, Any]:
    """The way of an approval to the forge, and what the stack exports of it; nothing without a trigger."""
    organisation = project.organisation
    models, forge = organisation.models, organisation.forge
    if models is None or models.trigger is None or forge is None:
        return {}
    account_id = organisation.accounts[TOOLING].id
    made = ModelEvents(
        "model-events",
        args=ModelEventsArgs(
            provider=providers.of(account_id, organisation.region),
            registry=Registry(organisation.name, account_id, organisation.region),
            models=models,
            trigger=models.trigger,
            forge=forge,
        ),
    ).resources
    return {
        "modelEvents": {
            "topic": made.topic.arn,
            "deadLetters": made.dead_letters.url,
            **({"tokenSecret": made.token.name} if made.token is not None else {}),
            **({"backup": made.backup.function.name} if made.backup is not None else {}),
            **({"destination": made.destination.name} if made.destination is not None else {}),
        }
    }


def _arns(accesses: dict[str, CrossAccountAccess]) -> dict[str, Any]:
    return {name: access.resources.role.resources.role.arn for name, access in accesses.items()}


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
