"""The stack of a stage, run through its deploy role: its component versions, its things, its fleets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi_aws as aws

from components import greengrassv2
from components.component_versions import ComponentVersions, ComponentVersionsArgs
from components.fleet import EdgeFleet, EdgeFleetArgs
from components.freeze import Guard
from components.greengrassv2_inputs import AssumeRole
from components.named_things import NamedThings, NamedThingsArgs
from components.settings import SESSION, Settings, shared_accounts, stage_place
from edgewright.catalog.component import CatalogVersion
from edgewright.documents import naming, provisioning
from edgewright.errors import EdgewrightError
from edgewright.manifest.load import Project
from edgewright.manifest.model import Fleet, FleetStage, Ring


def workload(project: Project, settings: Settings) -> dict[str, Any]:
    """Declare the resources of a stage and return what the stack exports.

    Raises:
        EdgewrightError: the shard names a fleet that is not there, or a manifest asks for what cannot be made yet.
    """
    place = stage_place(project, settings.stage)
    guard = Guard.of(project, place.stage)
    guard.refuse_all()
    fleets = _fleets(project, settings)
    named = naming.preview_role if settings.access == "preview" else naming.deploy_role
    role_arn = naming.role_arn(place.account_id, named(place.stage))
    external_id = project.organisation.trust.external_id
    cloud = aws.Provider(
        f"aws-{place.account_id}-{place.region}",
        region=place.region,
        allowed_account_ids=[place.account_id],
        assume_roles=[aws.ProviderAssumeRoleArgs(role_arn=role_arn, session_name=SESSION, external_id=external_id)],
    )
    assume_role = AssumeRole(roleArn=role_arn, sessionName=SESSION)
    if external_id is not None:
        assume_role["externalId"] = external_id
    greengrass = greengrassv2.Provider(
        f"greengrassv2-{place.account_id}-{place.region}",
        region=place.region,
        allowed_account_ids=[place.account_id],
        assume_role=assume_role,
    )
    pinned = _pinned(project, [ring for _, stage in fleets for ring in stage.rings])
    versions = ComponentVersions(
        place.stage,
        args=ComponentVersionsArgs(
            provider=greengrass,
            cloud=cloud,
            place=place,
            root=project.root,
            versions=list(pinned.values()),
            tags={"edgewright:organisation": place.organisation},
            shard=settings.stack if settings.fleets is not None else None,
        ),
    )
    things = NamedThings(
        place.stage,
        args=NamedThingsArgs(
            provider=cloud,
            things=[thing for _, stage in fleets for ring in stage.rings for thing in ring.members.things or ()],
        ),
    )
    made = {
        fleet.name: EdgeFleet(
            fleet.name,
            args=EdgeFleetArgs(
                cloud=cloud,
                greengrass=greengrass,
                place=place.fleet(fleet.name),
                fleet=fleet,
                rings=_in_promotion_order(project, fleet, stage),
                versions=versions.resources.versions,
                private=_private(pinned, stage.rings),
                artifact_key=project.organisation.artifacts.kms,
                devices=provisioning.devices(stage) if _joins_by_itself(fleet, stage) else None,
                twins=stage.twins,
                things=things.resources.things,
                trusted={name: account.id for name, account in project.organisation.accounts.items()},
                guard=guard,
                shared=shared_accounts(project),
            ),
        )
        for fleet, stage in fleets
    }
    return {"fleets": {name: fleet.summary for name, fleet in made.items()}}


def _fleets(project: Project, settings: Settings) -> list[tuple[Fleet, FleetStage]]:
    present = project.stage_fleets(settings.stage)
    if settings.fleets is not None:
        absent = settings.fleets - {fleet.name for fleet, _ in present}
        if absent:
            msg = (
                f"edgewright:fleets of stack {settings.stack!r} names {', '.join(sorted(absent))}, which stage "
                f"{settings.stage!r} does not have: correct the stack's configuration"
            )
            raise EdgewrightError(msg)
        present = [(fleet, stage) for fleet, stage in present if fleet.name in settings.fleets]
    return present


def _in_promotion_order(project: Project, fleet: Fleet, stage: FleetStage) -> list[Ring]:
    order = [ring.name for at, ring in project.path(fleet.name) if at == stage.stage]
    return sorted(stage.rings, key=lambda ring: order.index(ring.name) if ring.name in order else len(order))


def _pinned(project: Project, rings: Sequence[Ring]) -> dict[tuple[str, str], CatalogVersion]:
    """Return the private component versions that the rings pin; a component of AWS is in no catalog."""
    wanted = sorted({(name, pin.version) for ring in rings for name, pin in ring.components.items()})
    found = {key: project.catalog.get(*key) for key in wanted}
    return {key: version for key, version in found.items() if version is not None}


def _private(pinned: Mapping[tuple[str, str], CatalogVersion], rings: Sequence[Ring]) -> list[CatalogVersion]:
    keys = {(name, pin.version) for ring in rings for name, pin in ring.components.items()} & set(pinned)
    return [pinned[key] for key in sorted(keys)]


def _joins_by_itself(fleet: Fleet, stage: FleetStage) -> bool:
    return stage.twins is not None or fleet.identity.provisioning == "claim"
