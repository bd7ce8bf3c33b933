"""The model registry, and what EventBridge makes of an approval."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import pytest

from edgewright.sandbox.control import Sandbox
from tests.sandbox.errors import refused
from tests.sandbox.waiting import until

STAGE, ACCOUNT = "staging", "222222222222"
PREFIX = f"arn:aws:sagemaker:eu-west-1:{ACCOUNT}"
PATTERN = {"source": ["aws.sagemaker"], "detail-type": ["SageMaker Model Package State Change"]}
CONTAINER = {"Image": "image", "ModelDataUrl": "s3://models/parts.tar.gz"}
SPECIFICATION = {"Containers": [CONTAINER], "SupportedContentTypes": ["a"], "SupportedResponseMIMETypes": ["b"]}
RULE = f"arn:aws:events:eu-west-1:{ACCOUNT}:rule/approvals"


def _policy(service: str, action: str, resource: str = "*") -> str:
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": action, "Resource": resource}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.fixture
def sagemaker(sandbox: Sandbox) -> Any:
    client = sandbox.client("sagemaker", STAGE)
    client.create_model_package_group(ModelPackageGroupName="parts")
    return client


def register(sagemaker: Any) -> str:
    arn: str = sagemaker.create_model_package(
        ModelPackageGroupName="parts",
        InferenceSpecification=SPECIFICATION,
        ModelApprovalStatus="PendingManualApproval",
    )["ModelPackageArn"]
    return arn


def queue(sandbox: Sandbox, name: str = "approvals", *, open_to_events: bool = True) -> tuple[str, str]:
    sqs = sandbox.client("sqs", STAGE)
    arn = f"arn:aws:sqs:eu-west-1:{ACCOUNT}:{name}"
    policy = _policy("events.amazonaws.com", "sqs:SendMessage", arn)
    return sqs.create_queue(QueueName=name, Attributes={"Policy": policy} if open_to_events else {})["QueueUrl"], arn


def received(sandbox: Sandbox, url: str) -> list[Any]:
    sqs = sandbox.client("sqs", STAGE)
    messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    return [json.loads(message["Body"]) for message in messages]


def rule(sandbox: Sandbox, **target: Any) -> None:
    events = sandbox.client("events", STAGE)
    detail = {"ModelPackageGroupName": ["parts"], "ModelApprovalStatus": ["Approved", "Rejected"]}
    events.put_rule(Name="approvals", EventPattern=json.dumps({**PATTERN, "detail": detail}))
    events.put_targets(Rule="approvals", Targets=[{"Id": "1", **target}])


def test_an_approval_is_told_with_the_fields_that_changed(sandbox: Sandbox, sagemaker: Any) -> None:
    url, arn = queue(sandbox)
    rule(sandbox, Arn=arn)
    package = register(sagemaker)
    assert package == f"{PREFIX}:model-package/parts/1"
    assert received(sandbox, url) == []  # pending: the rule does not want it
    sagemaker.update_model_package(
        ModelPackageArn=package, ModelApprovalStatus="Approved", ApprovalDescription="golden set passed"
    )
    (event,) = received(sandbox, url)
    assert (event["source"], event["account"], event["resources"]) == ("aws.sagemaker", ACCOUNT, [package])
    detail = event["detail"]
    assert (detail["ModelPackageVersion"], detail["ModelApprovalStatus"]) == (1, "Approved")
    assert detail["InferenceSpecification"] == SPECIFICATION
    assert sorted(detail["UpdatedModelPackageFields"]) == ["ApprovalDescription", "ModelApprovalStatus"]
    # writing metadata back keeps the approval, and tells that only the metadata changed
    sagemaker.update_model_package(ModelPackageArn=package, CustomerMetadataProperties={"release": "7"})
    (event,) = received(sandbox, url)
    assert event["detail"]["UpdatedModelPackageFields"] == ["CustomerMetadataProperties"]
    shown = sagemaker.describe_model_package(ModelPackageName=package)
    assert (shown["ModelApprovalStatus"], shown["ApprovalDescription"]) == ("Approved", "golden set passed")


def test_a_group_is_deleted_when_it_is_empty_and_a_version_number_is_never_used_twice(sagemaker: Any) -> None:
    first, second = register(sagemaker), register(sagemaker)
    refused(
        sagemaker.delete_model_package_group,
        "ConflictException",
        400,
        ".*still contains 2 model packages",
        ModelPackageGroupName="parts",
    )
    sagemaker.delete_model_package(ModelPackageName=second)
    third = register(sagemaker)
    assert third == f"{PREFIX}:model-package/parts/3"
    for package in (first, third):
        sagemaker.delete_model_package(ModelPackageName=package)
    sagemaker.delete_model_package_group(ModelPackageGroupName="parts")
    refused(
        sagemaker.describe_model_package_group,
        "ValidationException",
        400,
        ".*does not exist.*",
        ModelPackageGroupName="parts",
    )


def test_a_target_that_does_not_let_events_in_is_not_reached(sandbox: Sandbox, sagemaker: Any) -> None:
    url, arn = queue(sandbox, open_to_events=False)
    buried, dead_letters = queue(sandbox, "dead-letters")
    rule(sandbox, Arn=arn, DeadLetterConfig={"Arn": dead_letters})
    sagemaker.update_model_package(ModelPackageArn=register(sagemaker), ModelApprovalStatus="Approved")
    assert received(sandbox, url) == []
    assert [event["source"] for event in received(sandbox, buried)] == ["aws.sagemaker"]


CODE = """
import boto3, json, os

def handler(event, context):
    arn = event["detail"]["ModelPackageArn"]
    if os.environ.get("BROKEN"):
        raise RuntimeError("the forge does not answer")
    boto3.client("sqs").send_message(QueueUrl=os.environ["QUEUE"], MessageBody=json.dumps({"arn": arn}))
"""


def _function(sandbox: Sandbox, name: str, **variables: str) -> str:
    iam = sandbox.client("iam", STAGE)
    trust = _policy("lambda.amazonaws.com", "sts:AssumeRole")
    document = json.loads(trust)
    del document["Statement"][0]["Resource"]
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(document))["Role"]["Arn"]
    send = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}
    permissions = json.dumps({"Version": "2012-10-17", "Statement": [send]})
    iam.put_role_policy(RoleName=name, PolicyName="send", PolicyDocument=permissions)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("code.py", CODE)
    functions = sandbox.client("lambda", STAGE)
    arn: str = functions.create_function(
        FunctionName=name,
        Runtime="python3.13",
        Handler="code.handler",
        Role=role,
        Code={"ZipFile": file.getvalue()},
        Timeout=30,
        Environment={"Variables": variables},
    )["FunctionArn"]
    functions.add_permission(
        FunctionName=name,
        StatementId="events",
        Action="lambda:InvokeFunction",
        Principal="events.amazonaws.com",
        SourceArn=RULE,
    )
    return arn


def test_a_function_runs_on_an_approval_with_the_rights_of_its_role(sandbox: Sandbox, sagemaker: Any) -> None:
    url, _ = queue(sandbox)
    rule(sandbox, Arn=_function(sandbox, "trigger", QUEUE=url))
    package = register(sagemaker)
    sagemaker.update_model_package(ModelPackageArn=package, ModelApprovalStatus="Approved")
    assert until(lambda: received(sandbox, url)) == [{"arn": package}]


def test_a_function_that_fails_is_tried_again_and_then_told_of(sandbox: Sandbox, sagemaker: Any) -> None:
    url, failures = queue(sandbox, "failures")
    arn = _function(sandbox, "trigger", BROKEN="yes")
    functions = sandbox.client("lambda", STAGE)
    functions.put_function_event_invoke_config(
        FunctionName="trigger", MaximumRetryAttempts=1, DestinationConfig={"OnFailure": {"Destination": failures}}
    )
    rule(sandbox, Arn=arn)
    sagemaker.update_model_package(ModelPackageArn=register(sagemaker), ModelApprovalStatus="Approved")
    (record,) = until(lambda: received(sandbox, url))
    assert record["requestContext"]["condition"] == "RetriesExhausted"
    assert record["requestContext"]["approximateInvokeCount"] == 2
    assert record["responsePayload"]["errorMessage"] == "the forge does not answer"
    answer = functions.invoke(FunctionName="trigger", Payload=b'{"detail": {}}')
    assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
    assert json.loads(answer["Payload"].read())["errorType"] == "KeyError"


def test_an_event_goes_on_to_the_bus_of_another_account_that_lets_it_in(sandbox: Sandbox, sagemaker: Any) -> None:
    tooling = sandbox.accounts["tooling"]
    bus = f"arn:aws:events:eu-west-1:{tooling}:event-bus/default"
    rule(sandbox, Arn=bus)
    there, sqs = sandbox.client("events"), sandbox.client("sqs")
    arn = f"arn:aws:sqs:eu-west-1:{tooling}:approvals"
    policy = _policy("events.amazonaws.com", "sqs:SendMessage", arn)
    url = sqs.create_queue(QueueName="approvals", Attributes={"Policy": policy})["QueueUrl"]
    there.put_rule(Name="all", EventPattern=json.dumps(PATTERN))
    there.put_targets(Rule="all", Targets=[{"Id": "1", "Arn": arn}])
    package = register(sagemaker)
    sagemaker.update_model_package(ModelPackageArn=package, ModelApprovalStatus="Rejected")
    assert "Messages" not in sqs.receive_message(QueueUrl=url)
    there.put_permission(EventBusName="default", StatementId="staging", Principal=ACCOUNT, Action="events:PutEvents")
    sagemaker.update_model_package(ModelPackageArn=package, ModelApprovalStatus="Approved")
    (message,) = sqs.receive_message(QueueUrl=url)["Messages"]
    event = json.loads(message["Body"])
    assert (event["account"], event["detail"]["ModelApprovalStatus"]) == (ACCOUNT, "Approved")
