"""What calls of the smaller services need, request by request; and how each service refuses."""

from __future__ import annotations

import base64
import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from edgewright.sandbox.authorization.needs import Asked, Need
from edgewright.sandbox.authorization.needs_services import needs
from edgewright.sandbox.control import Sandbox

ACCOUNT, REGION = "222222222222", "eu-west-1"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/x"
A = f"{REGION}:{ACCOUNT}"
KEY = "623db946-5a0c-412b-8992-f0102e7c9c65"
CIPHERTEXT = base64.b64encode(KEY.encode() + b"\x00\xff what is encrypted").decode()


def passing(service: str) -> Need:
    return Need("iam:PassRole", ROLE, {"iam:PassedToService": service})


TABLE: list[tuple[str, str, dict[str, Any], list[Need]]] = [
    ("logs", "CreateLogGroup", {"logGroupName": "/a"}, [Need("logs:CreateLogGroup", f"arn:aws:logs:{A}:log-group:/a")]),
    (
        "logs",
        "CreateLogGroup",
        {"logGroupName": "/a", "tags": {"b": "c"}},
        [
            Need("logs:CreateLogGroup", f"arn:aws:logs:{A}:log-group:/a"),
            Need("logs:TagResource", f"arn:aws:logs:{A}:log-group:/a"),
        ],
    ),
    (
        "logs",
        "PutLogEvents",
        {"logGroupName": "/a", "logStreamName": "s"},
        [Need("logs:PutLogEvents", f"arn:aws:logs:{A}:log-group:/a:log-stream:s")],
    ),
    ("logs", "DescribeLogGroups", {"logGroupNamePrefix": "/a"}, [Need("logs:DescribeLogGroups")]),
    (
        "monitoring",
        "PutMetricData",
        {"Namespace": "n"},
        [Need("cloudwatch:PutMetricData", context={"cloudwatch:namespace": "n"})],
    ),
    (
        "monitoring",
        "PutMetricAlarm",
        {"AlarmName": "a"},
        [Need("cloudwatch:PutMetricAlarm", f"arn:aws:cloudwatch:{A}:alarm:a")],
    ),
    (
        "monitoring",
        "DeleteAlarms",
        {"AlarmNames": ["a", "b"]},
        [Need("cloudwatch:DeleteAlarms", f"arn:aws:cloudwatch:{A}:alarm:{name}") for name in "ab"],
    ),
    (
        "monitoring",
        "PutDashboard",
        {"DashboardName": "d"},
        [Need("cloudwatch:PutDashboard", f"arn:aws:cloudwatch::{ACCOUNT}:dashboard/d")],
    ),
    ("events", "PutRule", {"Name": "r"}, [Need("events:PutRule", f"arn:aws:events:{A}:rule/r")]),
    (
        "events",
        "PutTargets",
        {"Rule": "r", "Targets": [{"Id": "1", "Arn": "a", "RoleArn": ROLE}]},
        [Need("events:PutTargets", f"arn:aws:events:{A}:rule/r"), passing("events.amazonaws.com")],
    ),
    (
        "events",
        "CreateConnection",
        {"Name": "c"},
        [Need("events:CreateConnection", f"arn:aws:events:{A}:connection/c")],
    ),
    ("events", "ListRules", {}, [Need("events:ListRules")]),
    ("sns", "CreateTopic", {"Name": "t"}, [Need("sns:CreateTopic", f"arn:aws:sns:{A}:t")]),
    ("sns", "Publish", {"TopicArn": f"arn:aws:sns:{A}:t"}, [Need("sns:Publish", f"arn:aws:sns:{A}:t")]),
    (
        "sns",
        "Unsubscribe",
        {"SubscriptionArn": f"arn:aws:sns:{A}:t:1"},
        [Need("sns:Unsubscribe", f"arn:aws:sns:{A}:t")],
    ),
    (
        "sqs",
        "SendMessage",
        {"QueueUrl": "https://sqs.eu-west-1.amazonaws.com/333333333333/q"},
        [Need("sqs:SendMessage", "arn:aws:sqs:eu-west-1:333333333333:q")],
    ),
    ("sqs", "CreateQueue", {"QueueName": "q"}, [Need("sqs:CreateQueue", f"arn:aws:sqs:{A}:q")]),
    (
        "lambda",
        "CreateFunction",
        {"FunctionName": "f", "Role": ROLE},
        [Need("lambda:CreateFunction", f"arn:aws:lambda:{A}:function:f"), passing("lambda.amazonaws.com")],
    ),
    ("lambda", "Invoke", {"FunctionName": "f"}, [Need("lambda:InvokeFunction", f"arn:aws:lambda:{A}:function:f")]),
    ("kms", "Decrypt", {"KeyId": "1a"}, [Need("kms:Decrypt", f"arn:aws:kms:{A}:key/1a")]),
    ("kms", "Decrypt", {"CiphertextBlob": CIPHERTEXT}, [Need("kms:Decrypt", f"arn:aws:kms:{A}:key/{KEY}")]),
    ("kms", "Decrypt", {"CiphertextBlob": "?"}, [Need("kms:Decrypt")]),
    ("kms", "ListAliases", {}, [Need("kms:ListAliases")]),
    (
        "secretsmanager",
        "CreateSecret",
        {"Name": "s"},
        [Need("secretsmanager:CreateSecret", f"arn:aws:secretsmanager:{A}:secret:s")],
    ),
    (
        "sagemaker",
        "CreateDeviceFleet",
        {"DeviceFleetName": "f", "RoleArn": ROLE, "Tags": [{"Key": "a", "Value": "b"}]},
        [
            Need("sagemaker:CreateDeviceFleet", f"arn:aws:sagemaker:{A}:device-fleet/f"),
            Need("sagemaker:AddTags", f"arn:aws:sagemaker:{A}:device-fleet/f"),
            passing("sagemaker.amazonaws.com"),
        ],
    ),
    (
        "sagemaker",
        "CreateCompilationJob",
        {"CompilationJobName": "c", "RoleArn": ROLE},
        [
            Need("sagemaker:CreateCompilationJob", f"arn:aws:sagemaker:{A}:compilation-job/c"),
            passing("sagemaker.amazonaws.com"),
        ],
    ),
    (
        "sagemaker",
        "CreateEdgePackagingJob",
        {"CompilationJobName": "c", "EdgePackagingJobName": "p", "RoleArn": ROLE},
        [
            Need("sagemaker:CreateEdgePackagingJob", f"arn:aws:sagemaker:{A}:edge-packaging-job/p"),
            passing("sagemaker.amazonaws.com"),
        ],
    ),
    (
        "sagemaker",
        "DescribeDevice",
        {"DeviceFleetName": "f", "DeviceName": "d"},
        [Need("sagemaker:DescribeDevice", f"arn:aws:sagemaker:{A}:device-fleet/f/device/d")],
    ),
    ("ec2", "DescribeInstances", {"InstanceId.1": "i-1"}, [Need("ec2:DescribeInstances")]),
    (
        "ec2",
        "TerminateInstances",
        {"InstanceId.1": "i-1"},
        [Need("ec2:TerminateInstances", f"arn:aws:ec2:{A}:instance/i-1")],
    ),
    ("ec2", "CreateTags", {"ResourceId.1": "i-1"}, [Need("ec2:CreateTags", f"arn:aws:ec2:{A}:instance/i-1")]),
    (
        "ec2",
        "RunInstances",
        {"MaxCount": "1", "TagSpecification.1.ResourceType": "instance"},
        [
            Need("ec2:RunInstances", f"arn:aws:ec2:{A}:instance/*"),
            Need("ec2:CreateTags", f"arn:aws:ec2:{A}:instance/*", {"ec2:CreateAction": "RunInstances"}),
        ],
    ),
]


@pytest.mark.parametrize(("service", "operation", "given", "expected"), TABLE, ids=lambda value: str(value)[:40])
def test_a_request_needs(service: str, operation: str, given: dict[str, Any], expected: list[Need]) -> None:
    assert needs(service, Asked(operation, given, ACCOUNT, REGION)) == expected


CALLS: list[tuple[str, str, dict[str, Any], str, str]] = [
    ("logs", "create_log_group", {"logGroupName": "/a"}, "AccessDeniedException", "logs:CreateLogGroup"),
    ("cloudwatch", "describe_alarms", {}, "AccessDenied", "cloudwatch:DescribeAlarms"),
    (
        "events",
        "put_rule",
        {"Name": "r", "ScheduleExpression": "rate(1 day)"},
        "AccessDeniedException",
        "events:PutRule",
    ),
    ("sns", "create_topic", {"Name": "t"}, "AuthorizationError", "sns:CreateTopic"),
    ("sqs", "create_queue", {"QueueName": "q"}, "AccessDenied", "sqs:CreateQueue"),
    ("lambda", "get_function", {"FunctionName": "f"}, "AccessDeniedException", "lambda:GetFunction"),
    ("kms", "create_key", {}, "AccessDeniedException", "kms:CreateKey"),
    ("secretsmanager", "get_secret_value", {"SecretId": "s"}, "AccessDeniedException", "secretsmanager:GetSecretValue"),
    (
        "sagemaker",
        "describe_device_fleet",
        {"DeviceFleetName": "f"},
        "AccessDeniedException",
        "sagemaker:DescribeDeviceFleet",
    ),
    ("ec2", "describe_instances", {}, "UnauthorizedOperation", "ec2:DescribeInstances"),
]


@pytest.fixture
def nobody(sandbox: Sandbox) -> dict[str, str]:
    """The keys of a user of the tooling account who may do nothing."""
    iam = sandbox.client("iam")
    iam.create_user(UserName="nobody")
    key = iam.create_access_key(UserName="nobody")["AccessKey"]
    return {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}


def _client(sandbox: Sandbox, service: str, keys: dict[str, str]) -> Any:
    session: Any = boto3.session.Session()
    return session.client(service, region_name=sandbox.region, endpoint_url=sandbox.endpoint, **keys)


def test_each_service_refuses_in_its_own_code_and_the_same_sentence(sandbox: Sandbox, nobody: dict[str, str]) -> None:
    for service, operation, arguments, code, action in CALLS:
        with pytest.raises(ClientError) as caught:
            getattr(_client(sandbox, service, nobody), operation)(**arguments)
        error = caught.value.response["Error"]
        assert error["Code"] == code, service
        sentence = f"User: arn:aws:iam::111111111111:user/nobody is not authorized to perform: {action} on resource: "
        assert sentence in error["Message"]
        assert error["Message"].endswith(f"because no identity-based policy allows the {action} action")


def test_a_queue_policy_lets_in_whom_it_names(sandbox: Sandbox, nobody: dict[str, str]) -> None:
    url = sandbox.client("sqs").create_queue(QueueName="q")["QueueUrl"]
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::111111111111:user/nobody"},
        "Action": "sqs:SendMessage",
        "Resource": "arn:aws:sqs:eu-west-1:111111111111:q",
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sandbox.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    sqs = _client(sandbox, "sqs", nobody)
    sqs.send_message(QueueUrl=url, MessageBody="m")
    with pytest.raises(ClientError, match="sqs:ReceiveMessage"):
        sqs.receive_message(QueueUrl=url)


def test_what_a_key_policy_does_not_allow_no_identity_policy_can(sandbox: Sandbox) -> None:
    """Not even an administrator's: so AWS has it for keys alone."""
    kms = sandbox.client("kms")
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::111111111111:user/administrator"},
        "Action": ["kms:PutKeyPolicy", "kms:GetKeyPolicy"],
        "Resource": "*",
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    key = kms.create_key(Policy=policy)["KeyMetadata"]["KeyId"]
    assert "kms:PutKeyPolicy" in kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"]
    with pytest.raises(ClientError, match="because no resource-based policy allows the kms:DescribeKey action"):
        kms.describe_key(KeyId=key)
    whole = kms.create_key()["KeyMetadata"]["KeyId"]
    assert kms.describe_key(KeyId=whole)["KeyMetadata"]["KeyState"] == "Enabled", "the default lets the account decide"


def test_an_explicit_deny_of_a_boundary_is_told_before_a_missing_allow(sandbox: Sandbox) -> None:
    iam = sandbox.client("iam")
    statements = [
        {"Effect": "Allow", "Action": "s3:*", "Resource": "*"},
        {"Effect": "Deny", "Action": "iam:*", "Resource": "*"},
    ]
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    boundary = iam.create_policy(PolicyName="boundary", PolicyDocument=document)["Policy"]["Arn"]
    trust = {"Effect": "Allow", "Principal": {"AWS": "111111111111"}, "Action": "sts:AssumeRole"}
    role = iam.create_role(
        RoleName="r",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
        PermissionsBoundary=boundary,
    )["Role"]["Arn"]
    assert "with an explicit deny in a permissions boundary" in sandbox.would(role, "iam:ListRoles", "*")
    assert "because no identity-based policy allows" in sandbox.would(role, "s3:GetObject", "arn:aws:s3:::b/k")


def test_a_missing_object_is_forbidden_to_who_may_not_list_the_bucket(sandbox: Sandbox, nobody: dict[str, str]) -> None:
    sandbox.client("s3").create_bucket(Bucket="bkt", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bkt/*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sandbox.client("iam").put_user_policy(UserName="nobody", PolicyName="p", PolicyDocument=document)
    s3 = _client(sandbox, "s3", nobody)
    with pytest.raises(ClientError, match="s3:ListBucket"):
        s3.get_object(Bucket="bkt", Key="nothing")
    sandbox.client("s3").put_object(Bucket="bkt", Key="something", Body=b"1")
    assert s3.get_object(Bucket="bkt", Key="something")["Body"].read() == b"1"


def test_what_was_asked_is_kept_only_on_demand_and_asked_again(sandbox: Sandbox) -> None:
    iam = sandbox.client("iam")
    iam.list_roles()
    assert sandbox.decisions() == []
    sandbox.keep_decisions()
    iam.list_roles()
    iam.list_roles()
    administrator = "arn:aws:iam::111111111111:user/administrator"
    assert sandbox.decisions() == [{"who": administrator, "action": "iam:ListRoles", "resource": "*"}]
    assert sandbox.refused_now(["iam:*"]) == []
    assert sandbox.refused_now(["s3:*"]) == []
