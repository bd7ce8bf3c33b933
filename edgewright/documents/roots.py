"""The roles of the tooling stack as data: who enters which account, as what, and what that may do there.

Everything here is made by an administrator, and nothing of it can be changed by a role that it makes. The component
renders it; validation and the comparison of two versions read it.

Longer than other modules: a function for each role, read together to see that no two of them add up to more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from edgewright.documents import (
    boundary,
    deploy_policy,
    naming,
    permissions,
    personas,
    pipeline,
    preview_policy,
    state,
    trust,
)
from edgewright.documents.deploy_policy import Features
from edgewright.documents.model_events import Registry
from edgewright.documents.place import StagePlace
from edgewright.manifest.accounts import Persona
from edgewright.manifest.load import Project
from edgewright.manifest.model import Organisation

TOOLING = "tooling"
EXPERIMENTATION = "experimentation"

Document = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Grant:
    """The half of a role that lives in the trusted account: a managed policy with the right to assume it."""

    name: str
    """Of the managed policy."""
    account_id: str
    description: str
    document: Document = field(hash=False)


@dataclass(frozen=True, kw_only=True)
class Role:
    """A role, its trust, and what it may do."""

    name: str
    account_id: str
    description: str
    trust: Document = field(hash=False)
    permissions: Document = field(hash=False)
    additions: Mapping[str, Document] = field(default_factory=dict, hash=False)
    """Managed policies of its own, by the end of their name: what does not fit in its inline policies."""
    grant: Grant | None = None
    """The other half; none where the trust names who comes in (a pipeline by its token)."""
    part: str
    """What it is for: deploy, preview, pipeline or the name of a persona."""
    stage: str | None = None

    @property
    def arn(self) -> str:
        """Its ARN, which follows from its name."""
        return naming.role_arn(self.account_id, self.name)

    def addition(self, name: str) -> str:
        """Return the name of the managed policy of an addition."""
        return f"{self.name}-{name}"


@dataclass(frozen=True, kw_only=True)
class ManagedPolicy:
    """A permissions boundary."""

    name: str
    account_id: str
    description: str
    document: Document = field(hash=False)
    stage: str


def place_of(project: Project, stage: str) -> StagePlace:
    """Return where a stage is.

    Raises:
        EdgewrightError: the organisation has no such stage.
    """
    return StagePlace(
        organisation=project.organisation.name,
        tooling_id=project.organisation.accounts[TOOLING].id,
        account_id=project.account(stage).id,
        region=project.region(stage),
        stage=stage,
    )


def shared_accounts(organisation: Organisation) -> frozenset[str]:
    """Return the account ids that are, on purpose, in more than one entry of edgewright.yaml."""
    return frozenset(account.id for account in organisation.accounts.values() if account.shares is not None)


def features(project: Project, stage: str) -> Features:
    """Return what the fleets of a stage use besides what every fleet does."""
    here = project.stage_fleets(stage)
    images = {rings.twins.image_parameter for _, rings in here if rings.twins is not None}
    return Features(
        claim=bool(images) or any(fleet.identity.provisioning == "claim" for fleet, _ in here),
        twins=bool(images),
        images=tuple(sorted(images)),
        artifact_key=project.organisation.artifacts.kms,
        edge_manager=any(fleet.edge_manager.enabled for fleet, _ in here),
        # Before any ring pins one: `component publish` puts drafts into a stage, too.
        functions=any(version.function is not None for version in project.catalog),
    )


def boundaries(project: Project, stage: str) -> list[ManagedPolicy]:
    """Return the permissions boundaries of the roles that a stage's deploy role makes."""
    place = place_of(project, stage)
    documents = {
        boundary.DEVICES: boundary.devices(place, project.organisation.boundary.devices),
        boundary.PROVISIONING: boundary.provisioning(),
    }
    return [
        ManagedPolicy(
            name=naming.boundary(stage, kind),
            account_id=place.account_id,
            description=f"The most that roles for {kind} of {stage} may do",
            document=document,
            stage=stage,
        )
        for kind, document in documents.items()
    ]


def deploy(project: Project, stage: str) -> Role:
    """Return the deploy role of a stage with its grant."""
    place, organisation = place_of(project, stage), project.organisation
    principals = list(organisation.trust.principals)
    if organisation.forge is not None:
        principals.append(pipeline.deploy_principal(place.tooling_id, stage))
    wanted = features(project, stage)
    return _entered(
        project,
        place,
        naming.deploy_role(stage),
        f"Deploys the fleets of {stage}",
        principals=principals,
        document=deploy_policy.deploy_role(place),
        part="deploy",
        grant=naming.deploy_grant(stage),
        grant_description=f"Lets its holder deploy the fleets of {stage}",
        additions=deploy_policy.additions(place, wanted),
    )


def preview(project: Project, stage: str) -> Role:
    """Return the preview role of a stage with its grant."""
    place, organisation = place_of(project, stage), project.organisation
    principals = list(organisation.trust.principals)
    if organisation.forge is not None:
        principals.append(naming.role_arn(place.tooling_id, naming.ci_preview_role()))
    return _entered(
        project,
        place,
        naming.preview_role(stage),
        f"Reads what a preview of {stage} compares",
        principals=principals,
        document=preview_policy.preview_role(place, features(project, stage)),
        part="preview",
        grant=naming.preview_grant(stage),
        grant_description=f"Lets its holder preview {stage}",
    )


def _entered(
    project: Project,
    place: StagePlace,
    name: str,
    description: str,
    *,
    principals: list[str],
    document: Document,
    part: str,
    grant: str,
    grant_description: str,
    additions: Mapping[str, Document] | None = None,
) -> Role:
    """A role in a stage's account that principals of the tooling account enter."""
    organisation = project.organisation
    return Role(
        name=name,
        account_id=place.account_id,
        description=description,
        trust=trust.account(
            place.tooling_id,
            own_id=place.account_id,
            shared=place.account_id in shared_accounts(organisation),
            principals=principals,
            external_id=organisation.trust.external_id,
        ),
        permissions=document,
        additions=additions or {},
        grant=Grant(
            name=grant,
            account_id=place.tooling_id,
            description=grant_description,
            document=permissions.assume([naming.role_arn(place.account_id, name)]),
        ),
        part=part,
        stage=place.stage,
    )


def pipelines(project: Project) -> list[Role]:
    """Return the roles that the pipelines of the forge take with their tokens; none without a forge."""
    organisation = project.organisation
    forge = organisation.forge
    if forge is None:
        return []
    tooling_id = organisation.accounts[TOOLING].id
    stages = sorted(organisation.stages)
    at = (organisation.name, tooling_id, organisation.region)
    kept = organisation.state
    previews = [naming.role_arn(project.account(stage).id, naming.preview_role(stage)) for stage in stages]
    roles = [
        Role(
            name=naming.ci_preview_role(),
            account_id=tooling_id,
            description="Previews requests, and compares what is with what should be",
            trust=pipeline.preview_trust(tooling_id, forge),
            permissions=pipeline.assume_policy(previews, state.reader(*at) if kept else ()),
            part="pipeline",
        )
    ]
    roles += [
        Role(
            name=naming.ci_deploy_role(stage),
            account_id=tooling_id,
            description=f"Deploys {stage} from environment {forge.environment(stage)}",
            trust=pipeline.deploy_trust(tooling_id, forge, stage),
            permissions=pipeline.assume_policy(
                [naming.role_arn(project.account(stage).id, naming.deploy_role(stage))],
                state.writer(*at, kept.of(stage)) if kept else (),
            ),
            part="pipeline",
            stage=stage,
        )
        for stage in stages
    ]
    models = organisation.models
    if models is not None and models.trigger is not None:
        registry = f"arn:aws:sagemaker:{organisation.region}:{tooling_id}:model-package"
        packages = [f"{registry}/{each.group}/*" for each in models.groups]
        roles.append(
            Role(
                name=naming.ci_models_role(),
                account_id=tooling_id,
                description="Imports approved models",
                trust=pipeline.models_trust(tooling_id, forge),
                permissions=pipeline.models_policy(packages, list(models.trigger.artifacts)),
                part="pipeline",
            )
        )
    return roles


def people(project: Project) -> list[Role]:
    """Return the roles of the personas that edgewright.yaml names."""
    return list(_people(project))


def _people(project: Project) -> Iterator[Role]:
    organisation, given = project.organisation, project.organisation.personas
    tooling_id = organisation.accounts[TOOLING].id
    for stage, described in sorted(organisation.stages.items()):
        place = place_of(project, stage)
        lookers = list(given.operator.principals) if given.operator else []
        if given.ml_engineer and not described.production:
            lookers += given.ml_engineer.principals
        if lookers:
            yield _persona(project, personas.OPERATOR, place.account_id, lookers, personas.operator(place), stage=stage)
        if given.technician:
            principals = list(given.technician.principals)
            yield _persona(
                project, personas.TECHNICIAN, place.account_id, principals, personas.technician(place), stage=stage
            )
    if given.ml_engineer:
        registry = Registry(organisation.name, tooling_id, organisation.region)
        trigger = organisation.models.trigger if organisation.models and organisation.forge else None
        document = personas.ml_engineer(registry, trigger.kind if trigger else None)
        yield _persona(project, personas.ML_ENGINEER, tooling_id, list(given.ml_engineer.principals), document)
    yield from _scientists(project, given.data_scientist)


def _scientists(project: Project, persona: Persona | None) -> Iterator[Role]:
    organisation = project.organisation
    account = account_of_part(organisation, EXPERIMENTATION)
    if persona is None or account is None:
        return
    readers = sorted(
        naming.role_arn(project.account(stage).id, naming.access_role(fleet.name, stage, grant.role))
        for (name, stage) in project.stages
        for fleet in [project.fleets[name]]
        for grant in fleet.access
        # The fleet's role trusts an account; from another one than the scientist's nobody would get in.
        if organisation.accounts[grant.trusted].id == account
    )
    document = personas.data_scientist(account, organisation.region, organisation.accounts[TOOLING].id, readers)
    yield _persona(project, personas.DATA_SCIENTIST, account, list(persona.principals), document)


def _persona(
    project: Project,
    persona: str,
    account_id: str,
    principals: list[str],
    document: Document,
    *,
    stage: str | None = None,
) -> Role:
    name = naming.persona_role(persona, stage)
    tooling_id = project.organisation.accounts[TOOLING].id
    return Role(
        name=name,
        account_id=account_id,
        description=f"The {persona.replace('-', ' ')}{f' in {stage}' if stage else ''}",
        trust=trust.account(tooling_id, own_id=account_id, shared=True, principals=principals),
        permissions=document,
        grant=Grant(
            name=name,
            account_id=tooling_id,
            description=f"Lets its holder be the {persona.replace('-', ' ')}{f' in {stage}' if stage else ''}",
            document=permissions.assume([naming.role_arn(account_id, name)]),
        ),
        part=persona,
        stage=stage,
    )


def reader_grants(project: Project) -> list[tuple[Grant, str, str]]:
    """Return the other halves of the fleets' cross-account roles, each with its fleet and stage."""
    return [
        (
            Grant(
                name=naming.access_role(fleet.name, stage, each.role),
                account_id=project.organisation.accounts[each.trusted].id,
                description=f"Lets its holder into {fleet.name} in {stage}",
                document=permissions.assume(
                    [naming.role_arn(project.account(stage).id, naming.access_role(fleet.name, stage, each.role))]
                ),
            ),
            fleet.name,
            stage,
        )
        for stage in sorted(project.organisation.stages)
        for fleet, _ in project.stage_fleets(stage)
        for each in fleet.access
    ]


def account_of_part(organisation: Organisation, part: str) -> str | None:
    """Return the id of the account that has a part, by ``part`` or by its key."""
    for name, account in organisation.accounts.items():
        if (account.part or name) == part:
            return account.id
    return None


def roles(project: Project) -> list[Role]:
    """Return every role of the tooling stack, by name within its account."""
    stages = sorted(project.organisation.stages)
    return [
        *(deploy(project, stage) for stage in stages),
        *(preview(project, stage) for stage in stages),
        *pipelines(project),
        *people(project),
    ]
