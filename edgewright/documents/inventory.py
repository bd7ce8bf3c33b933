"""Every policy document that the program renders for a project, with its owner: for comparisons and for checks.

The documents come from the same functions that the components call, with the same arguments; a test runs the program
and refuses a policy that is not listed here. Nothing of AWS and nothing of Pulumi is needed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from edgewright.documents import (
    bucket_policy,
    device_policy,
    key_policy,
    model_events,
    naming,
    permissions,
    provisioning,
    roots,
    state,
    trust,
)
from edgewright.documents.place import FleetPlace, StagePlace
from edgewright.documents.roots import TOOLING, place_of
from edgewright.manifest.load import Project
from edgewright.manifest.model import Access, Fleet, FleetStage, Ring

Part = Literal["permissions", "trust", "policy"]
"""``permissions``: what a role may do; ``trust``: who may assume it; ``policy``: of anything that is no role."""


@dataclass(frozen=True)
class Policy:
    """One policy document."""

    owner: str
    """What has it: ``role <name>``, ``bucket <name>``, ``IoT policy <name>``, ``managed policy <name>``."""
    part: Part
    account_id: str
    """Of the owner."""
    document: Mapping[str, Any] = field(hash=False)
    fleet: str | None = None
    stage: str | None = None
    workload: bool = False
    """Made by the stage's own stack, although it belongs to no fleet."""

    @property
    def key(self) -> tuple[str, str, str]:
        """What identifies it from one version of the project to the next."""
        return self.owner, self.part, self.account_id

    @property
    def title(self) -> str:
        """The policy in words."""
        return self.owner if self.part == "policy" else f"{self.owner}, {self.part}"


def policies(project: Project) -> list[Policy]:
    """Return every policy document of a project, sorted.

    Raises:
        EdgewrightError: a manifest asks for a policy that cannot be; validation refuses such a project.
    """
    return sorted([*_tooling(project), *_functions(project), *_fleets(project)], key=lambda each: each.key)


def _tooling(project: Project) -> Iterator[Policy]:
    organisation = project.organisation
    regions: dict[str, list[StagePlace]] = {}
    for stage in sorted(organisation.stages):
        place = place_of(project, stage)
        regions.setdefault(place.region, []).append(place)
    tooling_id = organisation.accounts[TOOLING].id
    for here in regions.values():
        bucket = here[0].artifact_bucket
        yield Policy(f"bucket {bucket}", "policy", tooling_id, bucket_policy.artifacts(bucket, here))
        if organisation.artifacts.kms:
            document = key_policy.artifacts(tooling_id, here[0].region, here)
            yield Policy(f"key {naming.ARTIFACT_KEY_ALIAS} of {here[0].region}", "policy", tooling_id, document)
    if organisation.state is not None:
        bucket = naming.state_bucket(organisation.name, tooling_id, organisation.region)
        yield Policy(f"bucket {bucket}", "policy", tooling_id, bucket_policy.private(bucket))
        yield Policy(f"key {naming.STATE_KEY_ALIAS}", "policy", tooling_id, state.key(tooling_id))
    for stage in sorted(organisation.stages):
        for each in roots.boundaries(project, stage):
            yield Policy(f"managed policy {each.name}", "policy", each.account_id, each.document, stage=stage)
    for role in roots.roles(project):
        yield from _role(role)
    for grant, fleet, stage in roots.reader_grants(project):
        yield Policy(f"managed policy {grant.name}", "policy", grant.account_id, grant.document, fleet, stage)
    yield from _model_events(project)


def _model_events(project: Project) -> Iterator[Policy]:
    organisation = project.organisation
    if organisation.models is None or organisation.models.trigger is None or organisation.forge is None:
        return
    account_id = organisation.accounts[TOOLING].id
    registry = model_events.Registry(organisation.name, account_id, organisation.region)
    queue, topic = naming.MODEL_EVENTS_DEAD_LETTERS, naming.MODEL_EVENTS
    yield Policy(f"queue {queue}", "policy", account_id, model_events.queue_policy(registry))
    yield Policy(f"topic {topic}", "policy", account_id, model_events.topic_policy(registry))
    if organisation.models.trigger.kind == "apiDestination":
        trusting = provisioning.service_trust("events.amazonaws.com", account_id)
        roles = [(naming.MODEL_EVENTS_CALL, trusting, model_events.destination_role(registry))]
    else:
        bucket = registry.bucket
        yield Policy(f"bucket {bucket}", "policy", account_id, bucket_policy.private(bucket))
        trusting = provisioning.service_trust("lambda.amazonaws.com")
        roles = [
            (naming.MODEL_EVENTS, trusting, model_events.trigger_role(registry)),
            (naming.MODEL_EVENTS_BACKUP, trusting, model_events.backup_role(registry)),
        ]
    for role, trusting, document in roles:
        yield Policy(f"role {role}", "trust", account_id, trusting)
        yield Policy(f"role {role}", "permissions", account_id, document)


def _role(role: roots.Role) -> Iterator[Policy]:
    yield Policy(f"role {role.name}", "trust", role.account_id, role.trust, stage=role.stage)
    yield Policy(f"role {role.name}", "permissions", role.account_id, role.permissions, stage=role.stage)
    for name, document in role.additions.items():
        owner = f"managed policy {role.addition(name)}"
        yield Policy(owner, "policy", role.account_id, document, stage=role.stage)
    if role.grant is not None:
        grant = role.grant
        yield Policy(f"managed policy {grant.name}", "policy", grant.account_id, grant.document, stage=role.stage)


def _fleets(project: Project) -> Iterator[Policy]:
    for (name, stage), rings in sorted(project.stages.items()):
        fleet = project.fleets[name]
        place = place_of(project, stage).fleet(name)
        yield from _identity(project, place, fleet, rings.rings)
        if rings.twins is not None or fleet.identity.provisioning == "claim":
            yield from _provisioning(place, rings)
        if fleet.edge_manager.enabled:
            name_of = naming.edge_manager_bucket(place.organisation, name, stage, place.account_id)
            document = bucket_policy.private(name_of)
            yield Policy(f"bucket {name_of}", "policy", place.account_id, document, name, stage)
        if fleet.capture.enabled:
            document = bucket_policy.captures(place)
            yield Policy(f"bucket {place.capture_bucket}", "policy", place.account_id, document, name, stage)
        for grant in fleet.access:
            yield from _access(project, place, grant)


def _functions(project: Project) -> Iterator[Policy]:
    trusting = provisioning.service_trust("lambda.amazonaws.com")
    for stage in sorted(project.organisation.stages):
        rings = [ring for _, each in project.stage_fleets(stage) for ring in each.rings]
        pinned = {(name, pin.version) for ring in rings for name, pin in ring.components.items()}
        if any(
            each is not None and each.function is not None for each in (project.catalog.get(*key) for key in pinned)
        ):
            place, owner = place_of(project, stage), f"role {naming.lambda_role(stage)}"
            yield Policy(owner, "trust", place.account_id, trusting, stage=stage, workload=True)


def _identity(project: Project, place: FleetPlace, fleet: Fleet, rings: Sequence[Ring]) -> Iterator[Policy]:
    pinned = {(name, pin.version) for ring in rings for name, pin in ring.components.items()}
    private = [each for key in sorted(pinned) if (each := project.catalog.get(*key)) is not None]
    document = permissions.devices(place, fleet, rings, private, kms=project.organisation.artifacts.kms)
    where = (place.account_id,)
    trusting = trust.token_exchange(edge_manager=fleet.edge_manager.enabled)
    yield Policy(f"role {place.role}", "permissions", *where, document, place.name, place.stage)
    yield Policy(f"role {place.role}", "trust", *where, trusting, place.name, place.stage)
    name = naming.device_policy(place.name, place.stage)
    yield Policy(f"IoT policy {name}", "policy", *where, device_policy.core_device(place), place.name, place.stage)


def _provisioning(place: FleetPlace, stage: FleetStage) -> Iterator[Policy]:
    of = (place.name, place.stage)
    names = provisioning.rings(stage)
    roles = [
        (
            naming.provisioning_role(*of),
            provisioning.service_trust("iot.amazonaws.com", place.account_id),
            provisioning.provisioning_role(place, names),
        ),
        (
            naming.provisioning_hook(*of),
            provisioning.service_trust("lambda.amazonaws.com"),
            provisioning.hook_role(place),
        ),
    ]
    if stage.twins is not None:
        trusting = provisioning.service_trust("ec2.amazonaws.com")
        roles.append((naming.twin_role(*of), trusting, provisioning.twin_role(place)))
    for role, trusting, document in roles:
        yield Policy(f"role {role}", "trust", place.account_id, trusting, *of)
        yield Policy(f"role {role}", "permissions", place.account_id, document, *of)
    claim = provisioning.claim(place)
    yield Policy(f"IoT policy {naming.claim_policy(*of)}", "policy", place.account_id, claim, *of)


def _access(project: Project, place: FleetPlace, grant: Access) -> Iterator[Policy]:
    role = naming.access_role(place.name, place.stage, grant.role)
    trusted = project.organisation.accounts[grant.trusted].id
    shared = trusted in roots.shared_accounts(project.organisation)
    trusting = trust.reader(grant, trusted, own_id=place.account_id, shared=shared)
    of = (place.name, place.stage)
    yield Policy(f"role {role}", "trust", place.account_id, trusting, *of)
    yield Policy(f"role {role}", "permissions", place.account_id, permissions.access(place, grant), *of)
