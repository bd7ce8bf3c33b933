from __future__ import annotations

import json
from typing import Any

import pytest

from edgewright.errors import EdgewrightError
from edgewright.manifest.accounts import TrustHardening
from edgewright.manifest.load import Project
from edgewright.manifest.model import Capture, Component, Members
from tests.helpers import projects
from tests.helpers.engine import Recorded, Recording

PROD = "333333333333"
LINE, LABEL = "line-inspection", "label-reading"
MODEL, HEALTH = "com.acme.parts-model", "com.acme.device-health"


@pytest.fixture(scope="module")
def sample() -> Project:
    return projects.sample()


@pytest.fixture(scope="module")
def prod(sample: Project) -> Recording:
    return projects.run(sample, "prod")


def changed(before: Recording, after: Recording) -> dict[str, set[tuple[str, str]]]:
    """What the engine would show: resources to create, to delete and to update, by type and name."""
    old, new = before.contents, after.contents
    return {
        "create": set(new) - set(old),
        "delete": set(old) - set(new),
        "update": {each for each in set(old) & set(new) if old[each] != new[each]},
    }


def only(before: Recording, after: Recording) -> dict[str, set[tuple[str, str]]]:
    """The changes without empty kinds, and of real resources only."""
    custom = {each.identity for each in [*before.resources, *after.resources] if each.custom}
    found = {kind: identities & custom for kind, identities in changed(before, after).items()}
    return {kind: identities for kind, identities in found.items() if identities}


def policy_of(resource: Recorded, key: str = "policy") -> dict[str, Any]:
    result: dict[str, Any] = json.loads(resource.inputs[key])
    return result


def setting(provider: Recorded, key: str) -> Any:
    """A setting of a provider: pulumi-aws writes what is no text as JSON text."""
    value = provider.inputs[key]
    return json.loads(value) if isinstance(value, str) else value


# --- counts and places -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("stage", ["staging", "prod"])
def test_things_groups_memberships_and_deployments_are_those_of_the_manifests(sample: Project, stage: str) -> None:
    recording = projects.run(sample, stage)
    rings = [(fleet.name, ring) for fleet, each in sample.stage_fleets(stage) for ring in each.rings]
    members = [(fleet, ring.name, thing) for fleet, ring in rings for thing in ring.members.things or ()]
    assert {each.inputs["name"] for each in recording.of("Thing")} == {thing for *_, thing in members}
    assert {each.inputs["name"] for each in recording.of("ThingGroup") if each.custom} == {
        f"{fleet}-{stage}-{ring.name}" for fleet, ring in rings
    }
    assert {
        (each.inputs["thingGroupName"], each.inputs["thingName"]) for each in recording.of("ThingGroupMembership")
    } == {(f"{fleet}-{stage}-{ring}", thing) for fleet, ring, thing in members}
    assert len(recording.of("Deployment")) == len(rings)


def test_everything_is_made_through_the_deploy_role_of_the_stage(prod: Recording) -> None:
    role = f"arn:aws:iam::{PROD}:role/edgewright-deploy-prod"
    (cloud,) = prod.of("pulumi:providers:aws")
    (greengrass,) = prod.of("pulumi:providers:greengrassv2")
    entered = {"roleArn": role, "sessionName": "edgewright", "externalId": "acme-edge"}
    assert setting(cloud, "assumeRoles") == [entered]
    assert setting(greengrass, "assumeRole") == entered
    assert [setting(each, "allowedAccountIds") for each in (cloud, greengrass)] == [[PROD], [PROD]]


def test_the_external_id_of_the_trust_is_sent_by_both_providers(sample: Project) -> None:
    hardened = sample.organisation.model_copy(
        update={"trust": TrustHardening.model_validate({"externalId": "acme-deploys"})}
    )
    recording = projects.run(projects.replaced(sample, organisation=hardened), "prod")
    (cloud,) = recording.of("pulumi:providers:aws")
    (greengrass,) = recording.of("pulumi:providers:greengrassv2")
    assert setting(cloud, "assumeRoles")[0]["externalId"] == "acme-deploys"
    assert setting(greengrass, "assumeRole")["externalId"] == "acme-deploys"


# --- identity --------------------------------------------------------------------------------------------------


def test_the_role_alias_is_for_the_token_exchange_role_and_the_policy_for_this_alias_only(prod: Recording) -> None:
    role = prod.one("aws:iam/role:Role", LINE)
    alias = prod.one("RoleAlias", LINE)
    assert role.inputs["name"] == "edgewright-line-inspection-prod-device"
    assert alias.inputs["roleArn"].endswith("/edgewright-line-inspection-prod-device")
    assert alias.inputs["credentialDuration"] == 3600
    credentials = [
        part
        for part in policy_of(prod.one("aws:iot/policy:Policy", LINE))["Statement"]
        if "iot:AssumeRoleWithCertificate" in part["Action"]
    ]
    assert [part["Resource"] for part in credentials] == [
        [f"arn:aws:iot:eu-west-1:{PROD}:rolealias/{alias.inputs['alias']}"]
    ]


def test_a_roles_session_is_as_long_as_the_credentials_of_its_alias(sample: Project) -> None:
    identity = sample.fleets[LINE].identity.model_copy(update={"credential_duration": 43200})
    recording = projects.run(projects.with_fleet(sample, LINE, identity=identity), "prod")
    assert recording.one("aws:iam/role:Role", LINE).inputs["maxSessionDuration"] == 43200
    assert recording.one("RoleAlias", LINE).inputs["credentialDuration"] == 43200


def test_the_device_role_reads_the_components_of_its_rings_and_no_others(prod: Recording) -> None:
    read = {
        fleet: next(
            part["Resource"]
            for part in policy_of(prod.one("aws:iam/rolePolicy:RolePolicy", fleet))["Statement"]
            if part["Sid"] == "ReadArtifacts"
        )
        for fleet in (LINE, LABEL)
    }
    assert any(HEALTH in arn for arn in read[LABEL])
    assert not any(HEALTH in arn for arn in read[LINE])
    assert all(arn.startswith("arn:aws:s3:::acme-artifacts-111111111111-eu-west-1/components/") for arn in read[LINE])


def test_without_capture_there_is_neither_a_bucket_nor_a_right_to_write_to_it(sample: Project) -> None:
    project = projects.with_fleet(sample, LABEL, capture=Capture(enabled=False))
    recording = projects.run(project, "prod")
    assert [each.name for each in recording.of("aws:s3/bucket:Bucket")] == [LINE]
    assert "s3:PutObject" not in recording.one("aws:iam/rolePolicy:RolePolicy", LABEL).inputs["policy"]
    assert recording.exports["fleets"][LABEL].get("captureBucket") is None


# --- component versions ----------------------------------------------------------------------------------------


def test_two_fleets_share_a_component_version(sample: Project, prod: Recording) -> None:
    """One definition in the catalog, one resource in the stage, whoever pins it."""
    names = [each.name for each in prod.of("ComponentVersion")]
    assert len(names) == len(set(names))
    model = projects.ring_of(sample, LINE, "prod", "main").components[MODEL].version
    shared = prod.one("ComponentVersion", f"{MODEL}@{model}")
    for deployment in prod.of("Deployment"):
        if deployment.inputs["components"][MODEL]["componentVersion"] == model:
            assert shared.urn in deployment.depends_on


def test_component_versions_stay_when_no_ring_pins_them_any_more(prod: Recording) -> None:
    assert all(each.retain_on_delete for each in prod.of("ComponentVersion"))


def test_artifacts_go_to_content_addressed_keys_of_the_artifact_bucket(sample: Project, prod: Recording) -> None:
    for resource in prod.of("ComponentVersion"):
        name, _, version = resource.name.rpartition("@")
        catalogued = sample.catalog.get(name, version)
        assert catalogued is not None
        for artifact, given in zip(catalogued.artifacts, resource.inputs["artifacts"], strict=True):
            assert given["uri"] == (
                f"s3://acme-artifacts-111111111111-eu-west-1/components/{name}/{artifact.sha256}/{artifact.file}"
            )
            assert given["sha256"] == artifact.sha256
            assert (sample.root / given["source"]).samefile(artifact.path)
            assert not given["source"].startswith("/")
        assert "catalog:" not in json.dumps(resource.inputs["recipe"])


def test_public_components_are_nobodys_resource(prod: Recording) -> None:
    assert not [each.name for each in prod.of("ComponentVersion") if each.name.startswith("aws.")]


# --- deployments -----------------------------------------------------------------------------------------------


def test_a_deployment_waits_for_its_versions_members_identity_and_the_ring_before(prod: Recording) -> None:
    canary = prod.one("greengrassv2:index:Deployment", f"{LINE}/canary")
    main = prod.one("greengrassv2:index:Deployment", f"{LINE}/main")
    assert canary.urn in main.depends_on
    assert main.urn not in canary.depends_on
    for needed in (
        prod.one("ThingGroupMembership", f"{LINE}/main/cam-002"),
        prod.one("aws:iot/thingGroup:ThingGroup", f"{LINE}/main"),
        prod.one("aws:iam/rolePolicy:RolePolicy", LINE),
        prod.one("RoleAlias", LINE),
    ):
        assert needed.urn in main.depends_on
    other_fleet = [urn for urn in main.depends_on if LABEL in urn]
    assert not other_fleet


def test_rings_follow_the_promotion_path_whatever_their_order_in_the_file(sample: Project) -> None:
    stage = sample.stages[LINE, "prod"]
    turned = stage.model_copy(update={"rings": tuple(reversed(stage.rings))})
    recording = projects.run(projects.replaced(sample, stages={**sample.stages, (LINE, "prod"): turned}), "prod")
    canary = recording.one("greengrassv2:index:Deployment", f"{LINE}/canary")
    main = recording.one("greengrassv2:index:Deployment", f"{LINE}/main")
    assert canary.urn in main.depends_on
    assert main.urn not in canary.depends_on


# --- how far a change reaches ----------------------------------------------------------------------------------


def test_a_new_version_in_one_ring_is_one_new_component_version_and_one_update(
    sample: Project, prod: Recording
) -> None:
    changed_project = projects.with_components(sample, LINE, "prod", "canary", **{MODEL: Component(version="1.1.0")})
    assert only(prod, projects.run(changed_project, "prod")) == {
        "create": {("greengrassv2:index:ComponentVersion", f"{MODEL}@1.1.0")},
        "update": {("greengrassv2:index:Deployment", f"{LINE}/canary")},
    }


def test_a_version_that_another_ring_has_is_one_update(sample: Project) -> None:
    ahead = projects.with_components(sample, LINE, "prod", "canary", **{MODEL: Component(version="1.1.0")})
    promoted = projects.with_components(ahead, LINE, "prod", "main", **{MODEL: Component(version="1.1.0")})
    assert only(projects.run(ahead, "prod"), projects.run(promoted, "prod")) == {
        "update": {("greengrassv2:index:Deployment", f"{LINE}/main")}
    }


def test_configuration_alone_is_one_update_without_a_new_version(sample: Project, prod: Recording) -> None:
    inference = projects.ring_of(sample, LINE, "prod", "canary").components["com.acme.parts-inference"]
    warmer = inference.model_copy(update={"config": {**inference.config, "threshold": 0.7}})
    project = projects.with_components(sample, LINE, "prod", "canary", **{"com.acme.parts-inference": warmer})
    after = projects.run(project, "prod")
    assert only(prod, after) == {"update": {("greengrassv2:index:Deployment", f"{LINE}/canary")}}


def test_a_device_more_is_a_thing_and_a_membership_and_no_change_of_a_role(sample: Project, prod: Recording) -> None:
    members = Members(things=("cam-002", "cam-003", "cam-004"))
    after = projects.run(projects.with_ring(sample, LINE, "prod", "main", members=members), "prod")
    found = only(prod, after)
    assert found["create"] == {
        ("aws:iot/thing:Thing", "cam-004"),
        ("aws:iot/thingGroupMembership:ThingGroupMembership", f"{LINE}/main/cam-004"),
    }
    # The deployment waits for one member more; its inputs are the same, so the engine has nothing to update.
    deployment = ("greengrassv2:index:Deployment", f"{LINE}/main")
    assert found.get("update", set()) <= {deployment}
    assert prod.contents[deployment]["inputs"] == after.contents[deployment]["inputs"]
    assert set(found) <= {"create", "update"}


def test_a_device_that_changes_its_ring_stays_the_same_thing(sample: Project, prod: Recording) -> None:
    moved = projects.with_ring(sample, LINE, "prod", "main", members=Members(things=("cam-003",)))
    moved = projects.with_ring(moved, LINE, "prod", "canary", members=Members(things=("cam-001", "cam-002")))
    found = only(prod, projects.run(moved, "prod"))
    membership = "aws:iot/thingGroupMembership:ThingGroupMembership"
    assert found["create"] == {(membership, f"{LINE}/canary/cam-002")}
    assert found["delete"] == {(membership, f"{LINE}/main/cam-002")}


def test_a_thing_of_two_fleets_is_one_thing(sample: Project) -> None:
    project = projects.with_ring(sample, LABEL, "prod", "main", members=Members(things=("reader-002", "cam-002")))
    recording = projects.run(project, "prod")
    assert len([each for each in recording.of("Thing") if each.name == "cam-002"]) == 1
    assert {each.name for each in recording.of("ThingGroupMembership") if each.name.endswith("/cam-002")} == {
        f"{LINE}/main/cam-002",
        f"{LABEL}/main/cam-002",
    }


@pytest.mark.parametrize("stage", ["staging", "prod"])
def test_a_change_to_one_fleet_touches_no_other(sample: Project, stage: str) -> None:
    """Everything about a fleet is changed at once; what belongs to the other one is the same, to the byte."""
    ring = sample.stages[LINE, stage].rings[0].name
    project = projects.with_fleet(
        sample,
        LINE,
        capture=Capture(enabled=False),
        access=(),
        identity=sample.fleets[LINE].identity.model_copy(update={"credential_duration": 900, "permissions": ()}),
    )
    project = projects.with_components(
        project, LINE, stage, ring, **{MODEL: Component(version="1.1.0"), "aws.greengrass.Cli": None}
    )
    project = projects.with_ring(project, LINE, stage, ring, members=Members(things=("new-001",)))
    before, after = projects.run(sample, stage), projects.run(project, stage)
    touched = {name for found in only(before, after).values() for _, name in found}
    assert touched
    assert not [name for name in touched if name == LABEL or name.startswith((f"{LABEL}/", "reader"))]


def test_a_fleet_more_changes_nothing_of_the_others(sample: Project, prod: Recording) -> None:
    lone = projects.replaced(
        sample,
        fleets={LINE: sample.fleets[LINE]},
        stages={key: stage for key, stage in sample.stages.items() if key[0] == LINE},
    )
    found = only(projects.run(lone, "prod"), prod)
    assert set(found) == {"create"}
    assert {name for _, name in found["create"]} <= {
        *(each.name for each in prod.resources if each.name == LABEL or each.name.startswith((f"{LABEL}/", "reader"))),
        f"{HEALTH}@1.0.0",
    }


# --- rings whose devices are not named, and what is refused ------------------------------------------------------


def test_a_ring_of_provisioned_devices_is_a_group_without_members(sample: Project) -> None:
    members = Members(provisioned=True)
    recording = projects.run(projects.with_ring(sample, LINE, "prod", "main", members=members), "prod")
    assert recording.one("aws:iot/thingGroup:ThingGroup", f"{LINE}/main").inputs["name"] == "line-inspection-prod-main"
    assert not [each for each in recording.of("ThingGroupMembership") if each.name.startswith(f"{LINE}/main/")]
    assert not [each for each in recording.of("Thing") if each.name == "cam-002"]


def test_a_ring_with_a_query_is_a_dynamic_thing_group_that_its_deployment_targets(sample: Project) -> None:
    project = projects.with_ring(sample, LINE, "prod", "main", members=Members(query="attributes.line:1"))
    recording = projects.run(project, "prod")
    group = recording.one("greengrassv2:index:DynamicThingGroup", f"{LINE}/main").inputs
    assert (group["thingGroupName"], group["queryString"]) == ("line-inspection-prod-main", "attributes.line:1")
    assert group["tags"]["edgewright:ring"] == "main"
    assert not [each for each in recording.of("aws:iot/thingGroup:ThingGroup") if each.name == f"{LINE}/main"]
    deployed = recording.one("greengrassv2:index:Deployment", f"{LINE}/main").inputs["targetArn"]
    assert deployed.endswith(":thinggroup/line-inspection-prod-main")


# --- stacks ----------------------------------------------------------------------------------------------------


def test_a_stack_that_is_no_stage_is_refused_with_the_stages(sample: Project) -> None:
    with pytest.raises(EdgewrightError) as caught:
        projects.run(sample, "production")
    assert str(caught.value) == (
        "stack 'production' is no stage of edgewright.yaml (it has tooling, prod, staging): "
        "select one of them, or set edgewright:stage in the stack's configuration"
    )


def test_a_shard_has_its_fleets_of_the_stage(sample: Project, prod: Recording) -> None:
    shard = projects.run(sample, "prod-labels", stage="prod", fleets=frozenset({LABEL}))
    assert {each.name for each in shard.of("EdgeFleet")} == {LABEL}
    whole = {each.identity: each.inputs for each in prod.of("Deployment")}
    assert all(whole[each.identity] == each.inputs for each in shard.of("Deployment"))


def test_a_shard_with_an_unknown_fleet_is_refused(sample: Project) -> None:
    with pytest.raises(EdgewrightError, match="names label-writing, which stage 'prod' does not have"):
        projects.run(sample, "prod-labels", stage="prod", fleets=frozenset({"label-writing"}))


def test_what_the_stack_exports_is_known_before_anything_is_made(sample: Project, prod: Recording) -> None:
    """Exports that wait for a deployment would vanish from the stack when it fails."""
    ring = projects.ring_of(sample, LINE, "prod", "canary")
    assert prod.exports["fleets"][LINE]["rings"]["canary"] == {
        "thingGroup": "line-inspection-prod-canary",
        "release": ring.release,
    }
    text = json.dumps(prod.exports)
    assert "arn:aws:mock" not in text
    assert "deployment-of" not in text
