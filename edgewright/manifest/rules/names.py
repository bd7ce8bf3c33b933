"""Rules about names that only exist once they are composed: each must fit AWS's limit, or the line says so.

The functions are the ones that the program uses. Limits: IAM role 64, S3 bucket 63, thing group 128, provisioning
template 36, SageMaker device fleet 63 characters. The names of role aliases, IoT policies and deployments always fit,
because their parts have 48 characters at most.
"""

from __future__ import annotations

from collections.abc import Iterator

from edgewright.documents import naming
from edgewright.manifest.context import Context, StageFile
from edgewright.manifest.rules.organisation import TOOLING
from edgewright.source import Problem

ROLE = 64
BUCKET = 63
THING_GROUP = 128
TEMPLATE = 36
DEVICE_FLEET = 63


def organisation_names_fit(context: Context) -> Iterator[Problem]:
    """The artifact bucket and the deploy roles."""
    organisation = context.organisation.model
    if organisation is None:
        return
    tooling = organisation.accounts.get(TOOLING)
    regions = {organisation.region: ("region",)} | {
        stage.region: ("stages", name, "region") for name, stage in organisation.stages.items() if stage.region
    }
    for region, path in regions.items():
        bucket = naming.artifact_bucket(organisation.name, tooling.id if tooling else "0" * 12, region)
        if len(bucket) > BUCKET:
            yield context.organisation.problem(
                path, _too_long("artifact bucket", bucket, BUCKET), remedy="shorten the organisation's name"
            )
    for name in organisation.stages:
        role = naming.deploy_role(name)
        if len(role) > ROLE:
            yield context.organisation.problem(
                ("stages", name), _too_long("deploy role", role, ROLE), remedy="shorten the stage's name"
            )


def fleet_names_fit(context: Context) -> Iterator[Problem]:
    """What is made once for a fleet in a stage."""
    organisation = context.organisation.model
    for file in context.stages:
        model = file.parsed.model
        if model is None:
            continue
        parsed = context.fleets.get(file.folder)
        fleet = parsed.model if parsed else None
        names = [("token exchange role", naming.token_exchange_role(model.fleet, model.stage), ROLE)]
        if model.twins is not None or (fleet is not None and fleet.identity.provisioning == "claim"):
            names += [
                ("provisioning template", naming.provisioning_template(model.fleet, model.stage), TEMPLATE),
                ("provisioning role", naming.provisioning_role(model.fleet, model.stage), ROLE),
            ]
        if organisation is not None and fleet is not None and fleet.edge_manager.enabled:
            bucket = naming.edge_manager_bucket(organisation.name, model.fleet, model.stage, "0" * 12)
            names += [
                ("device fleet", naming.edge_manager_fleet(model.fleet, model.stage), DEVICE_FLEET),
                ("Edge Manager bucket", bucket, BUCKET),
            ]
        if organisation is not None and fleet is not None and fleet.capture.enabled:
            bucket = naming.capture_bucket(organisation.name, model.fleet, model.stage, "0" * 12)
            names.append(("capture bucket", bucket, BUCKET))
        for what, name, limit in names:
            if len(name) > limit:
                yield file.parsed.problem(
                    ("fleet",), _too_long(what, name, limit), remedy="shorten the name of the fleet or the stage"
                )
        for index, access in enumerate(fleet.access if fleet else ()):
            role = naming.access_role(model.fleet, model.stage, access.role)
            if len(role) > ROLE and parsed is not None:
                yield parsed.problem(
                    ("access", index, "role"),
                    _too_long(f"role in {model.stage}", role, ROLE),
                    remedy="shorten the name of the role, the fleet or the stage",
                )


def ring_names_fit(context: Context) -> Iterator[Problem]:
    """The thing group of a ring."""
    for place in context.rings:
        group = naming.thing_group(place.fleet_name, place.stage_name, place.ring.name)
        if len(group) > THING_GROUP:
            yield place.problem(
                ("name",),
                _too_long("thing group", group, THING_GROUP),
                remedy="shorten the name of the fleet, stage or ring",
            )


def fleet_names_are_distinct(context: Context) -> Iterator[Problem]:
    """Two fleets must not come to the same role in one account: a-b in c, and a in b-c, would."""
    organisation = context.organisation.model
    if organisation is None:
        return
    first: dict[tuple[str, str], StageFile] = {}
    for file in context.stages:
        model = file.parsed.model
        stage = organisation.stages.get(model.stage) if model else None
        account = organisation.accounts.get(stage.account) if stage else None
        if model is None or account is None:
            continue
        role = naming.token_exchange_role(model.fleet, model.stage)
        other = first.setdefault((account.id, role), file)
        # the same fleet and stage in two files is told as two deployments for one target
        if other.parsed.model is not None and (other.parsed.model.fleet, other.parsed.model.stage) != (
            model.fleet,
            model.stage,
        ):
            yield file.parsed.problem(
                ("fleet",),
                f"makes the role {role}, which {other.parsed.file} makes as well in the same account",
                remedy="rename the fleet or the stage",
            )


def _too_long(what: str, name: str, limit: int) -> str:
    return f"makes the {what} {name}, which has {len(name)} characters where AWS takes {limit}"


RULES = (organisation_names_fit, fleet_names_fit, ring_names_fit, fleet_names_are_distinct)
