"""Provisioning templates, and new devices that make themselves known with a claim certificate."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any

import pytest

from edgewright.errors import EdgewrightError
from edgewright.sandbox.control import Sandbox
from edgewright.sandbox.provisioning import Claim
from tests.sandbox.errors import refused

STAGE, ACCOUNT = "staging", "222222222222"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/provisioning"
REGISTRATION = "arn:aws:iam::aws:policy/service-role/AWSIoTThingsRegistration"
PREFIX = f"arn:aws:iot:eu-west-1:{ACCOUNT}"
NOTHING = json.dumps({"Version": "2012-10-17", "Statement": []})
BODY: dict[str, Any] = {
    "Parameters": {
        "Serial": {"Type": "String"},
        "Ring": {"Type": "String", "Default": "main"},
        "AWS::IoT::Certificate::Id": {"Type": "String"},
    },
    "Mappings": {"Groups": {"main": {"group": "line-main"}, "canary": {"group": "line-canary"}}},
    "Resources": {
        "thing": {
            "Type": "AWS::IoT::Thing",
            "OverrideSettings": {"ThingGroups": "REPLACE"},
            "Properties": {
                "ThingName": {"Fn::Join": ["-", ["cam", {"Ref": "Serial"}]]},
                "ThingGroups": [{"Fn::FindInMap": ["Groups", {"Ref": "Ring"}, "group"]}],
                "AttributePayload": {"serial": {"Ref": "Serial"}},
            },
        },
        "policy": {"Type": "AWS::IoT::Policy", "Properties": {"PolicyName": "device"}},
        "certificate": {
            "Type": "AWS::IoT::Certificate",
            "Properties": {"CertificateId": {"Ref": "AWS::IoT::Certificate::Id"}, "Status": "Active"},
        },
    },
    "DeviceConfiguration": {"ring": {"Ref": "Ring"}},
}


def claim_policy(template: str = "line") -> str:
    topics = ["$aws/certificates/create/*", f"$aws/provisioning-templates/{template}/provision/*"]
    statements = [
        {"Effect": "Allow", "Action": "iot:Connect", "Resource": "*"},
        {
            "Effect": "Allow",
            "Action": ["iot:Publish", "iot:Receive"],
            "Resource": [f"{PREFIX}:topic/{topic}" for topic in topics],
        },
        {
            "Effect": "Allow",
            "Action": "iot:Subscribe",
            "Resource": [f"{PREFIX}:topicfilter/{topic}" for topic in topics],
        },
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


@pytest.fixture
def iot(sandbox: Sandbox) -> Any:
    trust = {"Effect": "Allow", "Principal": {"Service": "iot.amazonaws.com"}, "Action": "sts:AssumeRole"}
    iam = sandbox.client("iam", STAGE)
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    iam.create_role(RoleName="provisioning", AssumeRolePolicyDocument=document)
    iam.attach_role_policy(RoleName="provisioning", PolicyArn=REGISTRATION)
    client = sandbox.client("iot", STAGE)
    for group in ("line-main", "line-canary"):
        client.create_thing_group(thingGroupName=group)
    client.create_policy(policyName="device", policyDocument=NOTHING)
    return client


def create(iot: Any, body: Mapping[str, Any] | str = BODY, **given: Any) -> Any:
    text = body if isinstance(body, str) else json.dumps(body)
    given = {"templateName": "line", "provisioningRoleArn": ROLE, "enabled": True, **given}
    return iot.create_provisioning_template(templateBody=text, **given)


def claim(iot: Any, policy: str | None = None) -> str:
    """A claim certificate as a factory holds it: with a policy of its own."""
    made: dict[str, str] = iot.create_keys_and_certificate(setAsActive=True)
    iot.create_policy(policyName="claim", policyDocument=policy or claim_policy())
    iot.attach_policy(policyName="claim", target=made["certificateArn"])
    return made["certificateId"]


def provision(sandbox: Sandbox, certificate: str, template: str = "line", **parameters: str) -> dict[str, Any]:
    wanted = Claim(template, certificate, parameters or {"Serial": "7"})
    return sandbox.provision_device(wanted, fleet="line-inspection", stage=STAGE)


# --- templates --------------------------------------------------------------------------------------------------


def test_a_template_lives_with_its_versions(iot: Any) -> None:
    made = create(iot, description="Cameras", tags=[{"Key": "a", "Value": "1"}])
    arn = f"{PREFIX}:provisioningtemplate/line"
    assert (made["templateArn"], made["defaultVersionId"]) == (arn, 1)
    assert iot.list_tags_for_resource(resourceArn=arn)["tags"] == [{"Key": "a", "Value": "1"}]
    second = json.dumps({**BODY, "DeviceConfiguration": {}})
    version = iot.create_provisioning_template_version(templateName="line", templateBody=second, setAsDefault=True)
    assert (version["versionId"], version["isDefaultVersion"]) == (2, True)
    shown = iot.describe_provisioning_template(templateName="line")
    assert (shown["templateBody"], shown["defaultVersionId"], shown["type"]) == (second, 2, "FLEET_PROVISIONING")
    assert (shown["description"], shown["enabled"], shown["provisioningRoleArn"]) == ("Cameras", True, ROLE)
    iot.update_provisioning_template(templateName="line", defaultVersionId=1, description="", enabled=False)
    versions = iot.list_provisioning_template_versions(templateName="line")["versions"]
    assert [(v["versionId"], v["isDefaultVersion"]) for v in versions] == [(1, True), (2, False)]
    refused(
        iot.delete_provisioning_template_version,
        "DeleteConflictException",
        409,
        ".*default.*",
        templateName="line",
        versionId=1,
    )
    iot.delete_provisioning_template_version(templateName="line", versionId=2)
    assert [t["templateName"] for t in iot.list_provisioning_templates()["templates"]] == ["line"]
    iot.delete_provisioning_template(templateName="line")
    refused(iot.describe_provisioning_template, "ResourceNotFoundException", 404, ".*line.*", templateName="line")


def _with(**resources: Any) -> dict[str, Any]:
    return {"Resources": resources}


@pytest.mark.parametrize(
    ("body", "why"),
    [
        pytest.param("{", "not valid JSON", id="not JSON"),
        pytest.param([], "must be a map", id="a list"),
        pytest.param({}, "Resources must be a map", id="no resources"),
        pytest.param({"Resources": {}}, "at least one resource", id="empty"),
        pytest.param({"resources": {}}, "unknown key resources", id="wrong case"),
        pytest.param(_with(a={"Type": "AWS::S3::Bucket"}), "has the type AWS::S3::Bucket", id="type"),
        pytest.param(_with(a={"Type": "AWS::IoT::Thing"}), "needs a ThingName", id="no name"),
        pytest.param(_with(a={"Type": "AWS::IoT::Policy", "Properties": {}}), "either a PolicyName", id="no policy"),
        pytest.param(
            _with(a={"Type": "AWS::IoT::Thing", "Properties": {"ThingName": {"Ref": "Serial"}}}),
            "refers to Serial",
            id="reference",
        ),
        pytest.param({**BODY, "Parameters": {"Serial": {"Type": "Number"}}}, "type String", id="parameter type"),
    ],
)
def test_a_body_that_is_no_template_is_refused(iot: Any, body: Any, why: str) -> None:
    text = body if isinstance(body, str) else json.dumps(body)
    refused(
        iot.create_provisioning_template,
        "InvalidRequestException",
        400,
        f"Invalid template: .*{why}.*",
        templateName="line",
        templateBody=text,
        provisioningRoleArn=ROLE,
    )


def test_a_role_that_iot_cannot_assume_is_refused(iot: Any) -> None:
    refused(
        iot.create_provisioning_template,
        "InvalidRequestException",
        400,
        "The role .*/nobody cannot be assumed by AWS IoT",
        templateName="line",
        templateBody=json.dumps(BODY),
        provisioningRoleArn=f"arn:aws:iam::{ACCOUNT}:role/nobody",
    )


# --- by claim ---------------------------------------------------------------------------------------------------


def test_a_new_device_provisions_itself_and_lands_in_its_ring(sandbox: Sandbox, iot: Any) -> None:
    create(iot)
    certificate = claim(iot)
    device = provision(sandbox, certificate, Serial="7", Ring="canary")
    assert device["thing"] == "cam-7"
    thing = iot.describe_thing(thingName="cam-7")
    assert thing["attributes"] == {"serial": "7"}
    assert iot.list_things_in_thing_group(thingGroupName="line-canary")["things"] == ["cam-7"]
    (principal,) = iot.list_thing_principals(thingName="cam-7")["principals"]
    assert principal.endswith(device["certificateId"])
    own = iot.describe_certificate(certificateId=device["certificateId"])["certificateDescription"]
    assert own["status"] == "ACTIVE"
    assert [p["policyName"] for p in iot.list_attached_policies(target=principal)["policies"]] == ["device"]
    assert [d["thing"] for d in sandbox.devices()] == ["cam-7"]
    # coming again after a repair: the same thing, a new certificate, and REPLACE moves it to another group
    provision(sandbox, certificate, Serial="7")
    assert iot.list_things_in_thing_group(thingGroupName="line-canary")["things"] == []
    assert iot.list_things_in_thing_group(thingGroupName="line-main")["things"] == ["cam-7"]


def test_a_claim_that_was_made_for_a_template_works_without_a_policy_and_for_it_only(
    sandbox: Sandbox, iot: Any
) -> None:
    create(iot)
    create(iot, templateName="other")
    made = iot.create_provisioning_claim(templateName="line")
    assert "PRIVATE KEY" in made["keyPair"]["PrivateKey"]
    assert provision(sandbox, made["certificateId"])["thing"] == "cam-7"
    with pytest.raises(EdgewrightError, match="the claim is not for the template other"):
        provision(sandbox, made["certificateId"], "other")


def test_a_claim_needs_its_policy(sandbox: Sandbox, iot: Any) -> None:
    create(iot)
    certificate = claim(iot, claim_policy("another"))
    with pytest.raises(EdgewrightError, match=r"iot:Subscribe on resource: .*/provisioning-templates/line/provision"):
        provision(sandbox, certificate)


def _edited(**properties: Any) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(json.dumps(BODY))
    body["Resources"]["thing"]["Properties"].update(properties)
    return body


@pytest.mark.parametrize(
    ("body", "parameters", "why"),
    [
        pytest.param(BODY, {"Ring": "main"}, "Parameters Serial must have values", id="missing"),
        pytest.param(BODY, {"Serial": "1", "Ring": "moon"}, "Fn::FindInMap cannot be worked out", id="map"),
        pytest.param(_edited(ThingGroups=["none"]), {"Serial": "1"}, "thing group none does not exist", id="group"),
    ],
)
def test_what_cannot_be_registered_is_rejected_and_the_token_stays_good(
    sandbox: Sandbox, iot: Any, body: dict[str, Any], parameters: dict[str, str], why: str
) -> None:
    create(iot, body)
    certificate = claim(iot)
    with pytest.raises(EdgewrightError, match=why):
        provision(sandbox, certificate, **parameters)
    assert iot.list_things()["things"] == []


def test_a_token_is_good_once(sandbox: Sandbox, iot: Any) -> None:
    create(iot)
    certificate = claim(iot)

    def ask(topic: str, **payload: Any) -> Any:
        path = "/topics/" + topic.replace("/", "%2F").replace("$", "%24")
        return sandbox.as_device("POST", path, payload, client="new", certificate=certificate)

    made = ask("$aws/certificates/create/json")
    pending = iot.describe_certificate(certificateId=made["certificateId"])["certificateDescription"]
    assert pending["status"] == "PENDING_ACTIVATION"
    order = {"certificateOwnershipToken": made["certificateOwnershipToken"], "parameters": {"Serial": "1"}}
    answer = ask("$aws/provisioning-templates/line/provision/json", **order)
    assert answer == {"thingName": "cam-1", "deviceConfiguration": {"ring": "main"}}
    with pytest.raises(EdgewrightError, match="ownership token is invalid or has expired"):
        ask("$aws/provisioning-templates/line/provision/json", **order)
    with pytest.raises(EdgewrightError, match="ownership token cannot be empty"):
        ask("$aws/provisioning-templates/line/provision/json", parameters={"Serial": "1"})


def test_the_role_of_the_template_must_have_the_permissions(sandbox: Sandbox, iot: Any) -> None:
    create(iot)
    certificate = claim(iot)
    sandbox.client("iam", STAGE).detach_role_policy(RoleName="provisioning", PolicyArn=REGISTRATION)
    with pytest.raises(EdgewrightError, match=r"iot:RegisterThing on resource: \*"):
        provision(sandbox, certificate)


@pytest.mark.parametrize(
    "action", ["CreateThing", "DescribeThingGroup", "AddThingToThingGroup", "AttachPolicy", "UpdateCertificate"]
)
def test_each_permission_of_the_role_is_needed(sandbox: Sandbox, iot: Any, action: str) -> None:
    create(iot)
    certificate = iot.create_provisioning_claim(templateName="line")["certificateId"]
    deny = {"Effect": "Deny", "Action": f"iot:{action}", "Resource": "*"}
    sandbox.client("iam", STAGE).put_role_policy(
        RoleName="provisioning",
        PolicyName="without",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [deny]}),
    )
    with pytest.raises(EdgewrightError, match=rf"not authorized to perform: iot:{action} on resource"):
        provision(sandbox, certificate)


# --- the hook ---------------------------------------------------------------------------------------------------

HOOK = """
import os

def handler(event, context):
    print("asked for", event["parameters"]["Serial"])
    assert event["templateArn"].endswith("provisioningtemplate/line")
    if event["parameters"]["Serial"] == "broken":
        raise ValueError("no idea")
    allowed = event["parameters"]["Serial"] in os.environ["ALLOWED"].split(",")
    return {"allowProvisioning": allowed, "parameterOverrides": {"Ring": "canary"}}
"""


def zipped(code: str, name: str = "hook.py") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(name, code)
    return file.getvalue()


@pytest.fixture
def hook(sandbox: Sandbox, iot: Any) -> dict[str, str]:
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    role = sandbox.client("iam", STAGE).create_role(RoleName="hook", AssumeRolePolicyDocument=document)["Role"]["Arn"]
    made = sandbox.client("lambda", STAGE).create_function(
        FunctionName="hook",
        Runtime="python3.13",
        Handler="hook.handler",
        Role=role,
        Code={"ZipFile": zipped(HOOK)},
        Environment={"Variables": {"ALLOWED": "1,2"}},
    )
    return {"targetArn": made["FunctionArn"]}


def test_a_hook_decides_who_is_provisioned(sandbox: Sandbox, iot: Any, hook: dict[str, str]) -> None:
    create(iot, preProvisioningHook=hook)
    certificate = claim(iot)
    with pytest.raises(EdgewrightError, match="the pre-provisioning hook cannot be invoked by AWS IoT"):
        provision(sandbox, certificate, Serial="1")
    functions = sandbox.client("lambda", STAGE)
    functions.add_permission(
        FunctionName="hook",
        StatementId="iot",
        Action="lambda:InvokeFunction",
        Principal="iot.amazonaws.com",
        SourceArn=f"{PREFIX}:provisioningtemplate/line",
    )
    provision(sandbox, certificate, Serial="1")
    assert iot.list_things_in_thing_group(thingGroupName="line-canary")["things"] == ["cam-1"]
    for serial, why in (("3", "said no"), ("broken", "failed")):
        with pytest.raises(EdgewrightError, match=f"Access Denied: the pre-provisioning hook {why}"):
            provision(sandbox, certificate, Serial=serial)
    assert iot.list_things()["things"] != []
    logs = sandbox.client("logs", STAGE)
    assert logs.describe_log_groups()["logGroups"] == []  # its role may not write any
    group = f"arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:/aws/lambda/hook"
    write = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]
    statement = {"Effect": "Allow", "Action": write, "Resource": [group, f"{group}:*"]}
    sandbox.client("iam", STAGE).put_role_policy(
        RoleName="hook",
        PolicyName="log",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )
    provision(sandbox, certificate, Serial="2")
    events = logs.filter_log_events(logGroupName="/aws/lambda/hook")["events"]
    assert [event["message"] for event in events] == ["asked for 2"]


def test_a_thing_is_registered_with_the_certificate_of_a_factory(iot: Any) -> None:
    certificate = iot.create_keys_and_certificate(setAsActive=False)
    parameters = {"Serial": "9", "AWS::IoT::Certificate::Id": certificate["certificateId"]}
    answer = iot.register_thing(templateBody=json.dumps(BODY), parameters=parameters)
    assert answer["resourceArns"] == {"thing": f"{PREFIX}:thing/cam-9", "certificate": certificate["certificateArn"]}
    assert (
        iot.describe_certificate(certificateId=certificate["certificateId"])["certificateDescription"]["status"]
        == "ACTIVE"
    )
    refused(
        iot.register_thing,
        "ResourceRegistrationFailureException",
        400,
        "Parameters Serial.* must have values",
        templateBody=json.dumps(BODY),
    )
