"""Where AWS IoT in the sandbox differs from moto's, because the program or the official plugin needs it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from edgewright.sandbox.control import Sandbox
from tests.sandbox.errors import refused

PREFIX = "arn:aws:iot:eu-west-1:222222222222"
NOTHING = json.dumps({"Version": "2012-10-17", "Statement": []})


@pytest.fixture
def iot(sandbox: Sandbox) -> Any:
    return sandbox.client("iot", "staging")


def test_making_the_same_thing_twice_is_no_error_but_another_one_is(iot: Any) -> None:
    first = iot.create_thing(thingName="cam-001", attributePayload={"attributes": {"line": "7"}})
    again = iot.create_thing(thingName="cam-001", attributePayload={"attributes": {"line": "7"}})
    assert again["thingId"] == first["thingId"]
    answer = refused(iot.create_thing, "ResourceAlreadyExistsException", 409, ".*already exists.*", thingName="cam-001")
    assert answer["resourceArn"] == f"{PREFIX}:thing/cam-001"


def test_a_deleted_thing_leaves_its_groups(iot: Any) -> None:
    iot.create_thing(thingName="cam-001")
    iot.create_thing_group(thingGroupName="main")
    iot.add_thing_to_thing_group(thingName="cam-001", thingGroupName="main")
    iot.delete_thing(thingName="cam-001")
    assert iot.list_things_in_thing_group(thingGroupName="main")["things"] == []
    refused(iot.describe_thing, "ResourceNotFoundException", 404, ".*cam-001.*", thingName="cam-001")


def test_things_of_a_group_come_in_pages_and_with_those_of_its_children(iot: Any) -> None:
    iot.create_thing_group(thingGroupName="parent")
    iot.create_thing_group(thingGroupName="child", parentGroupName="parent")
    for n in range(5):
        iot.create_thing(thingName=f"cam-{n}")
        group = "child" if n % 2 else "parent"
        iot.add_thing_to_thing_group(thingName=f"cam-{n}", thingGroupName=group)

    def things(**given: Any) -> list[str]:
        pages = iot.get_paginator("list_things_in_thing_group").paginate(
            thingGroupName="parent", **given, PaginationConfig={"PageSize": 2}
        )
        return [thing for page in pages for thing in page["things"]]

    assert things() == ["cam-0", "cam-2", "cam-4"]
    assert things(recursive=True) == [f"cam-{n}" for n in range(5)]
    refused(
        iot.list_things_in_thing_group,
        "InvalidRequestException",
        400,
        ".*'300' at 'maxResults'.*less than or equal to 250",
        thingGroupName="parent",
        maxResults=300,
    )


@pytest.mark.parametrize("kind", ["iot:Data-ATS", "iot:Data", "iot:CredentialProvider", "iot:Jobs"])
def test_an_endpoint_is_always_the_same_and_the_accounts_own(iot: Any, sandbox: Sandbox, kind: str) -> None:
    first, second = (iot.describe_endpoint(endpointType=kind)["endpointAddress"] for _ in range(2))
    other = sandbox.client("iot", "prod").describe_endpoint(endpointType=kind)["endpointAddress"]
    assert first == second != other
    assert first.split(".", 1)[1] == other.split(".", 1)[1]


@pytest.mark.parametrize(
    ("create", "given", "arn"),
    [
        ("create_thing_group", {"thingGroupName": "x"}, "thinggroup/x"),
        ("create_thing_type", {"thingTypeName": "x"}, "thingtype/x"),
        ("create_policy", {"policyName": "x", "policyDocument": NOTHING}, "policy/x"),
        ("create_role_alias", {"roleAlias": "x", "roleArn": "arn:aws:iam::222222222222:role/x"}, "rolealias/x"),
    ],
)
def test_tags_stick_from_the_beginning(iot: Any, create: str, given: dict[str, str], arn: str) -> None:
    getattr(iot, create)(**given, tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    arn = f"{PREFIX}:{arn}"
    iot.tag_resource(resourceArn=arn, tags=[{"Key": "b", "Value": "3"}, {"Key": "c", "Value": "4"}])
    iot.untag_resource(resourceArn=arn, tagKeys=["a"])
    assert iot.list_tags_for_resource(resourceArn=arn)["tags"] == [
        {"Key": "b", "Value": "3"},
        {"Key": "c", "Value": "4"},
    ]


def test_a_topic_rule_is_tagged_by_a_header(iot: Any) -> None:
    payload: dict[str, Any] = {"sql": "SELECT * FROM 'a'", "actions": []}
    iot.create_topic_rule(ruleName="r", topicRulePayload=payload, tags="a=b")
    assert iot.list_tags_for_resource(resourceArn=f"{PREFIX}:rule/r")["tags"] == [{"Key": "a", "Value": "b"}]


def test_tags_go_with_what_they_are_on(iot: Any) -> None:
    iot.create_policy(policyName="x", policyDocument=NOTHING, tags=[{"Key": "a", "Value": "1"}])
    iot.delete_policy(policyName="x")
    iot.create_policy(policyName="x", policyDocument=NOTHING)
    assert iot.list_tags_for_resource(resourceArn=f"{PREFIX}:policy/x")["tags"] == []


def test_a_policy_that_is_attached_cannot_be_deleted(iot: Any) -> None:
    iot.create_policy(policyName="x", policyDocument=NOTHING)
    certificate = iot.create_keys_and_certificate(setAsActive=True)["certificateArn"]
    iot.attach_policy(policyName="x", target=certificate)
    refused(iot.delete_policy, "DeleteConflictException", 409, ".*attached.*", policyName="x")
    iot.detach_policy(policyName="x", target=certificate)
    iot.delete_policy(policyName="x")


def test_a_thing_type_is_updated(iot: Any) -> None:
    iot.create_thing_type(thingTypeName="camera")
    iot.update_thing_type(thingTypeName="camera", thingTypeProperties={"thingTypeDescription": "A camera"})
    properties = iot.describe_thing_type(thingTypeName="camera")["thingTypeProperties"]
    assert properties["thingTypeDescription"] == "A camera"


@pytest.mark.parametrize(
    ("call", "given", "code", "status"),
    [
        ("describe_job", {"jobId": "none"}, "ResourceNotFoundException", 404),
        ("cancel_job", {"jobId": "none"}, "ResourceNotFoundException", 404),
        ("delete_job", {"jobId": "none"}, "ResourceNotFoundException", 404),
        ("describe_job_execution", {"jobId": "none", "thingName": "x"}, "ResourceNotFoundException", 404),
        ("list_job_executions_for_job", {"jobId": "none"}, "ResourceNotFoundException", 404),
        (
            "create_job",
            {"jobId": "j", "targets": [f"{PREFIX}:thing/none"], "document": "{}"},
            "ResourceNotFoundException",
            404,
        ),
    ],
)
def test_what_is_not_there_is_not_found(iot: Any, call: str, given: dict[str, Any], code: str, status: int) -> None:
    refused(getattr(iot, call), code, status, ".*", **given)


def test_a_job_in_progress_is_deleted_by_force_only(iot: Any) -> None:
    iot.create_thing(thingName="cam-001")
    iot.create_job(jobId="j", targets=[f"{PREFIX}:thing/cam-001"], document="{}")
    refused(iot.delete_job, "InvalidStateTransitionException", 409, ".*IN_PROGRESS", jobId="j")
    refused(
        iot.create_job,
        "ResourceAlreadyExistsException",
        409,
        ".*",
        jobId="j",
        targets=[f"{PREFIX}:thing/cam-001"],
        document="{}",
    )
    iot.delete_job(jobId="j", force=True)
    assert iot.list_job_executions_for_thing(thingName="cam-001")["executionSummaries"] == []


def test_one_execution_is_cancelled_and_the_job_goes_on(iot: Any) -> None:
    for name in ("cam-001", "cam-002"):
        iot.create_thing(thingName=name)
    iot.create_job(jobId="j", targets=[f"{PREFIX}:thing/{n}" for n in ("cam-001", "cam-002")], document="{}")
    iot.cancel_job_execution(jobId="j", thingName="cam-001")
    job = iot.describe_job(jobId="j")["job"]
    assert job["status"] == "IN_PROGRESS"
    details = job["jobProcessDetails"]
    assert (details["numberOfCanceledThings"], details["numberOfQueuedThings"]) == (1, 1)
    iot.cancel_job(jobId="j", reasonCode="WHY", comment="because", force=True)
    job = iot.describe_job(jobId="j")["job"]
    assert (job["status"], job["reasonCode"], job["comment"], job["forceCanceled"]) == (
        "CANCELED",
        "WHY",
        "because",
        True,
    )
