"""How devices come into a fleet: provisioning by claim, twins, and SageMaker Edge Manager."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from edgewright.errors import EdgewrightError
from tests.helpers import projects
from tests.helpers.engine import Recorded, Recording

LINE, LABEL = "line-inspection", "label-reading"
BOUNDARY = "arn:aws:iam::{}:policy/edgewright-boundary-{}-{}"


@pytest.fixture(scope="module")
def staging() -> Recording:
    return projects.run(projects.full(), "staging")


@pytest.fixture(scope="module")
def prod() -> Recording:
    return projects.run(projects.full(), "prod")


def policy_of(resource: Recorded, key: str = "policy") -> dict[str, Any]:
    result: dict[str, Any] = json.loads(resource.inputs[key])
    return result


# --- provisioning ----------------------------------------------------------------------------------------------


def test_a_template_puts_a_new_device_into_a_ring_of_its_fleet(prod: Recording) -> None:
    template = prod.one("ProvisioningTemplate", LINE)
    assert template.inputs["name"] == "line-inspection-prod"
    assert template.inputs["enabled"] is True
    body = json.loads(template.inputs["templateBody"])
    assert body["Mappings"] == {"Rings": {"main": {"thingGroup": "line-inspection-prod-main"}}}
    thing = body["Resources"]["thing"]
    assert thing["Properties"]["ThingName"] == {"Ref": "SerialNumber"}
    assert thing["Properties"]["ThingGroups"] == [{"Fn::FindInMap": ["Rings", {"Ref": "Ring"}, "thingGroup"]}]
    assert thing["OverrideSettings"]["ThingGroups"] == "REPLACE"
    assert body["Resources"]["policy"]["Properties"] == {"PolicyName": "edgewright-line-inspection-prod-device"}
    assert template.inputs["preProvisioningHook"]["targetArn"]


def test_the_hook_knows_the_serial_numbers_of_the_manifest_and_the_twins(prod: Recording, staging: Recording) -> None:
    def devices(recording: Recording) -> dict[str, str]:
        archive = recording.one("aws:lambda/function:Function", LINE).inputs["code"]
        found: dict[str, str] = json.loads(archive.assets["devices.json"].text)
        return found

    assert devices(prod) == {"SN-0001": "main", "SN-0002": "main"}
    assert devices(staging) == {
        "line-inspection-staging-twin-01": "twins",
        "line-inspection-staging-twin-02": "twins",
    }


def test_only_aws_iot_may_ask_the_hook_and_only_for_this_template(prod: Recording) -> None:
    permission = prod.one("aws:lambda/permission:Permission", LINE).inputs
    assert permission["principal"] == "iot.amazonaws.com"
    assert permission["sourceAccount"] == "333333333333"
    assert permission["sourceArn"].endswith(":provisioningtemplate/line-inspection-prod")


def test_the_claim_gets_a_certificate_and_this_template_and_nothing_else(prod: Recording) -> None:
    document = policy_of(prod.one("aws:iot/policy:Policy", f"{LINE}/claim"))
    topics = {resource for part in document["Statement"] for resource in part["Resource"]}
    assert {topic.partition("/$aws/")[2] for topic in topics if "/$aws/" in topic} == {
        "certificates/create/*",
        "certificates/create-from-csr/*",
        "provisioning-templates/line-inspection-prod/provision/*",
    }
    actions = {action for part in document["Statement"] for action in part["Action"]}
    assert actions == {"iot:Connect", "iot:Publish", "iot:Receive", "iot:Subscribe"}


def test_the_provisioning_role_is_for_aws_iot_in_this_account_and_within_its_boundary(prod: Recording) -> None:
    role = prod.one("aws:iam/role:Role", f"{LINE}/provision").inputs
    (trust,) = json.loads(role["assumeRolePolicy"])["Statement"]
    assert trust["Principal"] == {"Service": "iot.amazonaws.com"}
    assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": "333333333333"}}
    assert role["permissionsBoundary"] == BOUNDARY.format("333333333333", "prod", "provisioning")


def test_every_role_of_a_workload_stack_has_a_boundary_that_the_tooling_stack_makes(
    prod: Recording, staging: Recording
) -> None:
    tooling = projects.run(projects.full(), "tooling")
    made = {each.inputs["name"] for each in tooling.of("aws:iam/policy:Policy")}
    for recording in (prod, staging):
        roles = recording.of("aws:iam/role:Role")
        assert roles
        for role in roles:
            assert role.inputs["permissionsBoundary"].rpartition("/")[2] in made, role.name


def test_a_fleet_with_certificates_of_its_own_has_no_template(prod: Recording) -> None:
    assert [each.name for each in prod.of("ProvisioningTemplate")] == [LINE]


def test_one_more_serial_number_is_one_update_and_no_change_of_a_role() -> None:
    before = projects.run(projects.full(), "prod")
    ring = projects.ring_of(projects.full(), LINE, "prod", "main")
    members = ring.members.model_copy(update={"serials": (*ring.members.serials, "SN-0003")})
    after = projects.run(projects.with_ring(projects.full(), LINE, "prod", "main", members=members), "prod")
    old, new = before.contents, after.contents
    changed = {
        each for each in {*old, *new} if str(old.get(each)) != str(new.get(each)) and "AssetArchive" not in str(each)
    }
    texts = [
        each.one("aws:lambda/function:Function", LINE).inputs["code"].assets["devices.json"].text
        for each in (before, after)
    ]
    assert texts[0] != texts[1]
    assert {typ for typ, _ in changed} <= {"aws:lambda/function:Function"}


# --- twins -----------------------------------------------------------------------------------------------------


def test_twins_are_instances_that_nobody_can_enter(staging: Recording) -> None:
    group = staging.one("SecurityGroup", LINE).inputs
    assert not group.get("ingress")
    assert {each["fromPort"] for each in group["egress"]} == {80, 443, 8443, 8883}
    template = staging.one("LaunchTemplate", LINE).inputs
    assert "keyName" not in template
    assert template["metadataOptions"]["httpTokens"] == "required"
    assert template["metadataOptions"]["httpPutResponseHopLimit"] == 1
    (disk,) = template["blockDeviceMappings"]
    assert (disk["ebs"]["encrypted"], disk["ebs"]["volumeSize"]) == ("true", 20)
    assert template["imageId"] == (
        "resolve:ssm:/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id"
    )


def test_a_twins_instance_is_called_like_its_thing(staging: Recording) -> None:
    names = {each.inputs["tags"]["Name"] for each in staging.of("Instance")}
    assert names == {"line-inspection-staging-twin-01", "line-inspection-staging-twin-02"}


def test_the_role_of_a_twin_gets_a_claim_and_nothing_else(staging: Recording) -> None:
    document = policy_of(staging.one("aws:iam/rolePolicy:RolePolicy", f"{LINE}/twin"))
    assert {action for part in document["Statement"] for action in part["Action"]} == {
        "iot:CreateProvisioningClaim",
        "iot:DescribeEndpoint",
    }


def test_the_user_data_holds_no_secret_and_begins_with_the_nucleus_of_the_ring(staging: Recording) -> None:
    script = base64.b64decode(staging.one("LaunchTemplate", LINE).inputs["userData"]).decode()
    assert "readonly NUCLEUS=2.14.3" in script
    assert "PRIVATE KEY" not in script
    assert "AKIA" not in script


def test_twins_without_a_classic_nucleus_are_refused_with_the_way_out() -> None:
    ring = projects.ring_of(projects.full(), LINE, "staging", "twins")
    components = {name: each for name, each in ring.components.items() if name != "aws.greengrass.Nucleus"}
    project = projects.with_ring(projects.full(), LINE, "staging", "twins", components=components)
    with pytest.raises(EdgewrightError, match=r"pins no aws\.greengrass\.Nucleus, with which a twin is installed"):
        projects.run(project, "staging")


# --- Edge Manager ----------------------------------------------------------------------------------------------


def test_a_device_fleet_has_the_role_of_the_core_devices_and_no_alias_of_its_own(prod: Recording) -> None:
    fleet = prod.one("DeviceFleet", LABEL).inputs
    assert fleet["deviceFleetName"] == "label-reading-prod"
    assert fleet["enableIotRoleAlias"] is False
    assert fleet["roleArn"].endswith("/edgewright-label-reading-prod-device")
    assert "sagemaker" in fleet["outputConfig"]["s3OutputLocation"]
    trust = json.loads(prod.one("aws:iam/role:Role", LABEL).inputs["assumeRolePolicy"])
    assert trust["Statement"][0]["Principal"]["Service"] == ["credentials.iot.amazonaws.com", "sagemaker.amazonaws.com"]


def test_a_devices_name_is_its_things_name(prod: Recording) -> None:
    devices = [each.inputs["device"] for each in prod.of("aws:sagemaker/device:Device")]
    assert devices
    assert all(each["deviceName"] == each["iotThingName"] for each in devices)
    assert {each["deviceName"] for each in devices} == {"reader-001", "reader-002"}


def test_the_agent_writes_to_its_own_bucket(prod: Recording) -> None:
    document = policy_of(prod.one("aws:iam/rolePolicy:RolePolicy", LABEL))
    resources = {
        resource
        for part in document["Statement"]
        if part["Sid"].startswith("EdgeManager")
        for resource in part["Resource"]
    }
    bucket = "arn:aws:s3:::acme-sagemaker-label-reading-prod-333333333333"
    assert {bucket, f"{bucket}/*"} < resources


def test_without_edge_manager_none_of_it_is_made() -> None:
    recording = projects.run(projects.sample(), "prod")
    assert not recording.of("DeviceFleet")
    assert not recording.of("aws:sagemaker/device:Device")
