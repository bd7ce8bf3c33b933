"""Deployments through boto3 over HTTP: revisions, filters, idempotency, cancelling, deleting, refusals."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from edgewright.sandbox.control import Sandbox
from tests.sandbox.errors import refused
from tests.sandbox.waiting import until

ACCOUNT = "222222222222"
GROUP = f"arn:aws:iot:eu-west-1:{ACCOUNT}:thinggroup/main"
THING = f"arn:aws:iot:eu-west-1:{ACCOUNT}:thing/cam-001"
NUCLEUS = {"aws.greengrass.Nucleus": {"componentVersion": "2.14.3"}}


@pytest.fixture
def greengrass(sandbox: Sandbox) -> Any:
    iot = sandbox.client("iot", "staging")
    iot.create_thing_group(thingGroupName="main")
    iot.create_thing(thingName="cam-001")
    return sandbox.client("greengrassv2", "staging")


@pytest.fixture
def iot(sandbox: Sandbox) -> Any:
    return sandbox.client("iot", "staging")


def test_a_group_gets_its_deployment_through_a_continuous_job(greengrass: Any, iot: Any) -> None:
    made = greengrass.create_deployment(targetArn=GROUP, deploymentName="first", components=NUCLEUS, tags={"a": "b"})
    assert made["ResponseMetadata"]["HTTPStatusCode"] == 201
    job = iot.describe_job(jobId=made["iotJobId"])["job"]
    assert (job["jobArn"], job["targets"], job["targetSelection"], job["status"]) == (
        made["iotJobArn"],
        [GROUP],
        "CONTINUOUS",
        "IN_PROGRESS",
    )
    found = greengrass.get_deployment(deploymentId=made["deploymentId"])
    assert {key: found[key] for key in ("targetArn", "revisionId", "deploymentName", "components", "tags")} == {
        "targetArn": GROUP,
        "revisionId": "1",
        "deploymentName": "first",
        "components": NUCLEUS,
        "tags": {"a": "b"},
    }
    assert found["isLatestForTarget"]
    assert found["deploymentStatus"] == "ACTIVE"


def test_a_request_comes_back_as_it_was_given(greengrass: Any) -> None:
    request: dict[str, Any] = {
        "components": {
            "aws.greengrass.Nucleus": {
                "componentVersion": "2.14.3",
                "configurationUpdate": {"merge": '{"a": 1, "b": 1.0}', "reset": ["/x", ""]},
                "runWith": {"posixUser": "u:g", "systemResourceLimits": {"memory": 1024, "cpus": 0.5}},
            }
        },
        "deploymentPolicies": {
            "failureHandlingPolicy": "DO_NOTHING",
            "componentUpdatePolicy": {"timeoutInSeconds": 5, "action": "SKIP_NOTIFY_COMPONENTS"},
            "configurationValidationPolicy": {"timeoutInSeconds": 7},
        },
        "iotJobConfiguration": {
            "jobExecutionsRolloutConfig": {
                "exponentialRate": {
                    "baseRatePerMinute": 5,
                    "incrementFactor": 1.5,
                    "rateIncreaseCriteria": {"numberOfSucceededThings": 10},
                },
                "maximumPerMinute": 50,
            },
            "abortConfig": {
                "criteriaList": [
                    {
                        "failureType": "ALL",
                        "action": "CANCEL",
                        "thresholdPercentage": 12.5,
                        "minNumberOfExecutedThings": 3,
                    }
                ]
            },
            "timeoutConfig": {"inProgressTimeoutInMinutes": 30},
        },
    }
    made = greengrass.create_deployment(targetArn=GROUP, **request)
    found = greengrass.get_deployment(deploymentId=made["deploymentId"])
    assert {key: found[key] for key in request} == request


def test_a_second_deployment_is_a_new_revision_and_ends_the_first(greengrass: Any, iot: Any) -> None:
    first = greengrass.create_deployment(targetArn=GROUP, components=NUCLEUS)
    second = greengrass.create_deployment(targetArn=GROUP, components={})
    assert iot.describe_job(jobId=first["iotJobId"])["job"]["status"] == "CANCELED"
    before = greengrass.get_deployment(deploymentId=first["deploymentId"])
    after = greengrass.get_deployment(deploymentId=second["deploymentId"])
    assert (before["revisionId"], before["isLatestForTarget"], before["deploymentStatus"]) == ("1", False, "CANCELED")
    assert (after["revisionId"], after["isLatestForTarget"], after["deploymentStatus"]) == ("2", True, "ACTIVE")
    latest = greengrass.list_deployments(targetArn=GROUP)["deployments"]
    assert [d["deploymentId"] for d in latest] == [second["deploymentId"]]
    everything = greengrass.list_deployments(targetArn=GROUP, historyFilter="ALL")["deployments"]
    assert [d["revisionId"] for d in everything] == ["2", "1"]


def test_revisions_count_on_after_the_latest_was_deleted(greengrass: Any) -> None:
    first = greengrass.create_deployment(targetArn=GROUP, components=NUCLEUS)["deploymentId"]
    second = greengrass.create_deployment(targetArn=GROUP, components=NUCLEUS)["deploymentId"]
    greengrass.cancel_deployment(deploymentId=second)
    assert greengrass.delete_deployment(deploymentId=second)["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert greengrass.get_deployment(deploymentId=first)["isLatestForTarget"]
    third = greengrass.create_deployment(targetArn=GROUP, components=NUCLEUS)["deploymentId"]
    assert greengrass.get_deployment(deploymentId=third)["revisionId"] == "3"


def test_the_same_client_token_gives_the_first_answer_again(greengrass: Any) -> None:
    first = greengrass.create_deployment(targetArn=GROUP, components=NUCLEUS, clientToken="token-1")
    again = greengrass.create_deployment(targetArn=GROUP, components={}, clientToken="token-1")
    other = greengrass.create_deployment(targetArn=GROUP, components=NUCLEUS, clientToken="token-2")
    assert again["deploymentId"] == first["deploymentId"] != other["deploymentId"]
    assert len(greengrass.list_deployments(historyFilter="ALL")["deployments"]) == 2


def test_a_client_token_is_forgotten_after_eight_hours(sandbox: Sandbox, greengrass: Any) -> None:
    first = greengrass.create_deployment(targetArn=GROUP, components={}, clientToken="token-1")
    sandbox.set_speed(1_000_000)

    def again() -> bool:
        answer = greengrass.create_deployment(targetArn=GROUP, components={}, clientToken="token-1")
        return bool(answer["deploymentId"] != first["deploymentId"])

    assert until(again)


def test_deployments_come_in_pages(greengrass: Any) -> None:
    made = [greengrass.create_deployment(targetArn=GROUP, components=NUCLEUS)["deploymentId"] for _ in range(5)]
    pages = greengrass.get_paginator("list_deployments").paginate(historyFilter="ALL", PaginationConfig={"PageSize": 2})
    sizes = []
    found: list[str] = []
    for page in pages:
        sizes.append(len(page["deployments"]))
        found += [d["deploymentId"] for d in page["deployments"]]
    assert sizes == [2, 2, 1]
    assert found == list(reversed(made))


def test_accounts_and_regions_do_not_see_each_others_deployments(greengrass: Any, sandbox: Sandbox) -> None:
    greengrass.create_deployment(targetArn=GROUP, components=NUCLEUS)
    assert sandbox.client("greengrassv2", "prod").list_deployments()["deployments"] == []
    assert sandbox.client("greengrassv2", "staging", "us-east-1").list_deployments()["deployments"] == []


def test_an_active_deployment_is_cancelled_before_it_is_deleted(greengrass: Any) -> None:
    made = greengrass.create_deployment(targetArn=GROUP, components=NUCLEUS)["deploymentId"]
    answer = refused(
        greengrass.delete_deployment, "ConflictException", 409, ".*must be canceled before deletion", deploymentId=made
    )
    assert (answer["resourceId"], answer["resourceType"]) == (made, "DEPLOYMENT")
    assert made in greengrass.cancel_deployment(deploymentId=made)["message"]
    refused(greengrass.cancel_deployment, "ConflictException", 409, ".*is in status CANCELED.*", deploymentId=made)
    greengrass.delete_deployment(deploymentId=made)
    answer = refused(
        greengrass.get_deployment, "ResourceNotFoundException", 404, ".*cannot be found", deploymentId=made
    )
    assert (answer["resourceId"], answer["resourceType"]) == (made, "DEPLOYMENT")


def test_a_subdeployment_belongs_to_one_parent_and_ends_with_the_parents_next_revision(
    greengrass: Any, iot: Any
) -> None:
    for name in ("canary", "other"):
        iot.create_thing_group(thingGroupName=name)
    canary, other = (GROUP.replace("main", name) for name in ("canary", "other"))
    refused(
        greengrass.create_deployment,
        "ResourceNotFoundException",
        404,
        "No deployment of .*",
        targetArn=canary,
        parentTargetArn=GROUP,
    )
    greengrass.create_deployment(targetArn=GROUP, components=NUCLEUS)
    greengrass.create_deployment(targetArn=other, components=NUCLEUS)
    sub = greengrass.create_deployment(targetArn=canary, parentTargetArn=GROUP, components=NUCLEUS)
    assert [d["targetArn"] for d in greengrass.list_deployments(parentTargetArn=GROUP)["deployments"]] == [canary]
    document = json.loads(iot.get_job_document(jobId=sub["iotJobId"])["document"])
    assert (document["targetArn"], document["onBehalfOf"]) == (canary, GROUP)
    refused(
        greengrass.create_deployment,
        "ConflictException",
        409,
        ".*another parent.*",
        targetArn=canary,
        parentTargetArn=other,
    )
    greengrass.create_deployment(targetArn=GROUP, components=NUCLEUS)
    assert greengrass.get_deployment(deploymentId=sub["deploymentId"])["deploymentStatus"] == "CANCELED"


def test_a_thing_gets_its_deployment_through_the_named_shadow(greengrass: Any, sandbox: Sandbox) -> None:
    made = greengrass.create_deployment(targetArn=THING, components=NUCLEUS)
    assert "iotJobId" not in made
    shadow = json.loads(
        sandbox.client("iot-data", "staging")
        .get_thing_shadow(thingName="cam-001", shadowName="AWSManagedGreengrassV2Deployment")["payload"]
        .read()
    )
    document = json.loads(shadow["state"]["desired"]["fleetConfig"])
    assert (document["deploymentId"], document["targetArn"]) == (made["deploymentId"], THING)
    again = greengrass.create_deployment(targetArn=THING, components={})
    assert greengrass.get_deployment(deploymentId=made["deploymentId"])["deploymentStatus"] == "INACTIVE"
    greengrass.cancel_deployment(deploymentId=again["deploymentId"])
    greengrass.delete_deployment(deploymentId=again["deploymentId"])


def _rate(**criteria: int) -> dict[str, Any]:
    return {
        "jobExecutionsRolloutConfig": {
            "exponentialRate": {"baseRatePerMinute": 1, "incrementFactor": 2, "rateIncreaseCriteria": criteria}
        }
    }


@pytest.mark.parametrize(
    ("request_", "code", "status", "message", "fields"),
    [
        pytest.param(
            {"targetArn": "arn:aws:iot:eu-west-1:222222222222:cert/x"},
            "ValidationException",
            400,
            "1 validation error detected: Value '.*' at 'targetArn' failed to satisfy constraint: "
            "Member must satisfy regular expression pattern: .*",
            ["targetArn"],
            id="target is no thing",
        ),
        pytest.param(
            {"targetArn": GROUP, "deploymentName": "x" * 257, "clientToken": "a_b"},
            "ValidationException",
            400,
            "2 validation errors detected: .*",
            ["deploymentName", "clientToken"],
            id="two faults at once",
        ),
        pytest.param(
            {"targetArn": GROUP, "components": {"a": {"componentVersion": "1" * 65}}},
            "ValidationException",
            400,
            ".*length less than or equal to 64",
            ["components.a.member.componentVersion"],
            id="version too long",
        ),
        pytest.param(
            {"targetArn": GROUP, "iotJobConfiguration": {"jobExecutionsRolloutConfig": {"maximumPerMinute": 1001}}},
            "ValidationException",
            400,
            ".*value less than or equal to 1000",
            ["iotJobConfiguration.jobExecutionsRolloutConfig.maximumPerMinute"],
            id="rate too high",
        ),
        pytest.param(
            {"targetArn": GROUP, "deploymentPolicies": {"failureHandlingPolicy": "RETRY"}},
            "ValidationException",
            400,
            r".*enum value set: \[ROLLBACK, DO_NOTHING\]",
            ["deploymentPolicies.failureHandlingPolicy"],
            id="unknown policy",
        ),
        pytest.param(
            {"targetArn": GROUP, "iotJobConfiguration": _rate()},
            "ValidationException",
            400,
            "rateIncreaseCriteria needs exactly one.*",
            None,
            id="no criterion for a growing rate",
        ),
        pytest.param(
            {"targetArn": GROUP, "iotJobConfiguration": {"timeoutConfig": {"inProgressTimeoutInMinutes": 10081}}},
            "ValidationException",
            400,
            r"inProgressTimeoutInMinutes must be between 1 and 10080 \(got 10081\)",
            None,
            id="time-out too long",
        ),
        pytest.param(
            {
                "targetArn": GROUP,
                "components": {
                    "aws.greengrass.Nucleus": {"componentVersion": "2.14.3", "configurationUpdate": {"merge": "{"}}
                },
            },
            "ValidationException",
            400,
            ".*merge is not JSON: .*",
            ["components.aws.greengrass.Nucleus.member.configurationUpdate.merge"],
            id="merge is no JSON",
        ),
        pytest.param(
            {
                "targetArn": GROUP,
                "components": {
                    "aws.greengrass.Nucleus": {"componentVersion": "2.14.3", "configurationUpdate": {"merge": "[]"}}
                },
            },
            "ValidationException",
            400,
            ".*merge must be a JSON object",
            ["components.aws.greengrass.Nucleus.member.configurationUpdate.merge"],
            id="merge is no object",
        ),
        pytest.param(
            {"targetArn": GROUP.replace("main", "a:b")},
            "ValidationException",
            400,
            ".*colon.*",
            None,
            id="group with a colon",
        ),
        pytest.param(
            {"targetArn": GROUP.replace(ACCOUNT, "333333333333")},
            "ValidationException",
            400,
            ".*not in this account and Region",
            None,
            id="another account",
        ),
        pytest.param(
            {"targetArn": THING, "parentTargetArn": GROUP},
            "ValidationException",
            400,
            "The target of a subdeployment must be a thing group",
            None,
            id="subdeployment to a thing",
        ),
        pytest.param(
            {"targetArn": GROUP.replace("main", "nowhere")},
            "ResourceNotFoundException",
            404,
            "Thing group .* cannot be found",
            None,
            id="unknown group",
        ),
        pytest.param(
            {"targetArn": THING.replace("cam-001", "nothing")},
            "ResourceNotFoundException",
            404,
            "Thing .* cannot be found",
            None,
            id="unknown thing",
        ),
        pytest.param(
            {"targetArn": GROUP, "components": {"aws.greengrass.Nucleus": {"componentVersion": "2.99.0"}}},
            "ResourceNotFoundException",
            404,
            r"Component \[aws.greengrass.Nucleus : 2.99.0\] cannot be found",
            None,
            id="unknown version of a public component",
        ),
        pytest.param(
            {"targetArn": GROUP, "components": {"com.acme.none": {"componentVersion": "1.0.0"}}},
            "ResourceNotFoundException",
            404,
            r"Component \[com.acme.none : 1.0.0\] cannot be found",
            None,
            id="unknown private component",
        ),
    ],
)
def test_a_bad_deployment_is_refused_as_documented(  # noqa: PLR0917 -- a table's columns
    greengrass: Any, request_: dict[str, Any], code: str, status: int, message: str, fields: list[str] | None
) -> None:
    answer = refused(greengrass.create_deployment, code, status, message, **request_)
    if fields is not None:
        assert [field["name"] for field in answer["fields"]] == fields
        assert answer["reason"] == "FIELD_VALIDATION_FAILED"
    assert greengrass.list_deployments(historyFilter="ALL")["deployments"] == []


@pytest.mark.parametrize(
    ("call", "parameters", "code", "status", "message"),
    [
        pytest.param("list_deployments", {"maxResults": 101}, "ValidationException", 400, ".*to 100", id="page size"),
        pytest.param(
            "list_deployments", {"nextToken": "!"}, "ValidationException", 400, "The nextToken is not valid", id="token"
        ),
        pytest.param(
            "list_deployments", {"historyFilter": "OLD"}, "ValidationException", 400, ".*enum value set.*", id="filter"
        ),
        pytest.param(
            "get_deployment", {"deploymentId": "x"}, "ResourceNotFoundException", 404, ".*cannot be found", id="get"
        ),
        pytest.param(
            "cancel_deployment", {"deploymentId": "x"}, "ResourceNotFoundException", 404, ".*be found", id="cancel"
        ),
        pytest.param(
            "delete_deployment", {"deploymentId": "x"}, "ResourceNotFoundException", 404, ".*be found", id="delete"
        ),
    ],
)
def test_other_bad_requests_are_refused(  # noqa: PLR0917 -- a table's columns
    greengrass: Any, call: str, parameters: dict[str, Any], code: str, status: int, message: str
) -> None:
    refused(getattr(greengrass, call), code, status, message, **parameters)


def test_deployments_are_tagged_and_untagged(greengrass: Any) -> None:
    made = greengrass.create_deployment(targetArn=GROUP, components=NUCLEUS, tags={"a": "1", "b": "2"})
    arn = f"arn:aws:greengrass:eu-west-1:{ACCOUNT}:deployments:{made['deploymentId']}"
    greengrass.tag_resource(resourceArn=arn, tags={"b": "3", "c": "4"})
    greengrass.untag_resource(resourceArn=arn, tagKeys=["a", "absent"])
    assert greengrass.list_tags_for_resource(resourceArn=arn)["tags"] == {"b": "3", "c": "4"}


def test_an_operation_that_the_sandbox_lacks_is_501_so_that_nobody_retries(sandbox: Sandbox) -> None:
    audits = sandbox.client("iot", "staging").describe_account_audit_configuration
    refused(audits, "NotImplemented", 501, "the sandbox has no iot GET /audit/configuration: .*")


@pytest.mark.parametrize(
    ("service", "headers", "body", "code"),
    [
        ("sagemaker", {"X-Amz-Target": "SageMaker.DescribeDream"}, b"{}", "UnknownOperationException"),
        ("sagemaker", {"X-Amz-Target": "SageMaker.ListHubs"}, b"{}", "NotImplemented"),
        ("sts", {"Content-Type": "application/x-www-form-urlencoded"}, b"Action=GetDream&Version=x", "InvalidAction"),
    ],
)
def test_an_operation_that_aws_does_not_have_is_unknown(
    signed: Callable[..., Any], service: str, headers: dict[str, str], body: bytes, code: str
) -> None:
    answer = signed(service, "POST", "/", body, headers)
    assert answer.code == code
    assert answer.status == (501 if code == "NotImplemented" else 400)


@pytest.mark.parametrize(
    ("service", "path"),
    [("greengrass", "/greengrass/v2/nothing/here"), ("iot", "/nothing/here")],
)
def test_a_path_that_a_service_does_not_have_is_unknown(signed: Callable[..., Any], service: str, path: str) -> None:
    answer = signed(service, "GET", path)
    assert (answer.status, answer.code) == (404, "UnknownOperationException")


def test_a_body_that_is_no_json_object_cannot_be_parsed(signed: Callable[..., Any]) -> None:
    for body in (b"{", b"[]"):
        answer = signed("greengrass", "POST", "/greengrass/v2/deployments", body)
        assert (answer.status, answer.code, answer.body["reason"]) == (400, "ValidationException", "CANNOT_PARSE")


def test_types_are_checked_on_the_wire(signed: Callable[..., Any]) -> None:
    body = {
        "targetArn": 1,
        "components": {"a": {"componentVersion": True}, "b": None},
        "iotJobConfiguration": {"timeoutConfig": {"inProgressTimeoutInMinutes": "5"}},
        "tags": [],
        "unknown": "ignored",
    }
    answer = signed("greengrass", "POST", "/greengrass/v2/deployments", json.dumps(body).encode())
    assert (answer.status, answer.code) == (400, "ValidationException")
    assert [field["name"] for field in answer.body["fields"]] == [
        "targetArn",
        "components.a.member.componentVersion",
        "components.b.member",
        "iotJobConfiguration.timeoutConfig.inProgressTimeoutInMinutes",
        "tags",
    ]
