"""Lives of resources: what is there first, what the program wants then; for the stand-in and the real provider."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from edgewright.provider.plugin import Archive, Asset

Values = dict[str, Any]

BUCKET = "aws:s3/bucket:Bucket"
VERSIONING = "aws:s3/bucketVersioning:BucketVersioning"
ENCRYPTION = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
PUBLIC_ACCESS = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
BUCKET_POLICY = "aws:s3/bucketPolicy:BucketPolicy"
OWNERSHIP = "aws:s3/bucketOwnershipControls:BucketOwnershipControls"
LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
ROLE = "aws:iam/role:Role"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
POLICY = "aws:iam/policy:Policy"
THING = "aws:iot/thing:Thing"
THING_GROUP = "aws:iot/thingGroup:ThingGroup"
MEMBERSHIP = "aws:iot/thingGroupMembership:ThingGroupMembership"
ROLE_ALIAS = "aws:iot/roleAlias:RoleAlias"
IOT_POLICY = "aws:iot/policy:Policy"

OIDC_PROVIDER = "aws:iam/openIdConnectProvider:OpenIdConnectProvider"
INSTANCE_PROFILE = "aws:iam/instanceProfile:InstanceProfile"
ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
INLINE_ONLY = "aws:iam/rolePoliciesExclusive:RolePoliciesExclusive"
ATTACHED_ONLY = "aws:iam/rolePolicyAttachmentsExclusive:RolePolicyAttachmentsExclusive"
THING_TYPE = "aws:iot/thingType:ThingType"
TEMPLATE = "aws:iot/provisioningTemplate:ProvisioningTemplate"
KEY = "aws:kms/key:Key"
KEY_ALIAS = "aws:kms/alias:Alias"
SECRET = "aws:secretsmanager/secret:Secret"
SECURITY_GROUP = "aws:ec2/securityGroup:SecurityGroup"
LAUNCH_TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
INSTANCE = "aws:ec2/instance:Instance"
RULE = "aws:cloudwatch/eventRule:EventRule"
TARGET = "aws:cloudwatch/eventTarget:EventTarget"
CONNECTION = "aws:cloudwatch/eventConnection:EventConnection"
DESTINATION = "aws:cloudwatch/eventApiDestination:EventApiDestination"
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
DASHBOARD = "aws:cloudwatch/dashboard:Dashboard"
TOPIC = "aws:sns/topic:Topic"
TOPIC_POLICY = "aws:sns/topicPolicy:TopicPolicy"
SUBSCRIPTION = "aws:sns/topicSubscription:TopicSubscription"
QUEUE = "aws:sqs/queue:Queue"
QUEUE_POLICY = "aws:sqs/queuePolicy:QueuePolicy"
FUNCTION = "aws:lambda/function:Function"
PERMISSION = "aws:lambda/permission:Permission"
INVOKE_CONFIG = "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig"
MODEL_GROUP = "aws:sagemaker/modelPackageGroup:ModelPackageGroup"
DEVICE_FLEET = "aws:sagemaker/deviceFleet:DeviceFleet"
DEVICE = "aws:sagemaker/device:Device"

ACCOUNT = "111111111111"
_NEED = "NEED."


def trust(*services: str) -> str:
    """Return a trust policy, oddly spaced on purpose."""
    whom = list(services) if len(services) > 1 else services[0]
    statement = {"Effect": "Allow", "Principal": {"Service": whom}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]}, indent=1)


def allow(*actions: str, resource: str | list[str] = "*") -> str:
    """Return a permission policy."""
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": resource}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def of_account(*actions: str) -> str:
    """Return a resource policy that lets the account decide."""
    whom = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
    statement = {"Effect": "Allow", "Principal": whom, "Action": list(actions), "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def tls_only(bucket: str) -> str:
    """Return a bucket policy."""
    statement = {
        "Sid": "TlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def provisions(group: str) -> str:
    """Return the body of a provisioning template that puts a thing into a group."""
    thing = {
        "Type": "AWS::IoT::Thing",
        "Properties": {"ThingName": {"Ref": "SerialNumber"}, "ThingGroups": [group]},
    }
    return json.dumps({"Parameters": {"SerialNumber": {"Type": "String"}}, "Resources": {"thing": thing}})


def rule(name: str, **more: Any) -> Values:
    """Return a lifecycle rule."""
    return {"id": name, "status": "Enabled", **more}


@dataclass(frozen=True)
class Life:
    """A resource that is made from ``before`` and changed to ``after``.

    Attributes:
        id: The test's id, and the resource's name.
        token: Its type.
        before: Its first inputs.
        after: Its second inputs.
        imports: What it is imported by, where that is not its id.
        needs: Resources that must be there first: token and inputs. Outputs of the last one stand in ``before`` and
            ``after`` as ``NEED.<output>``.
    """

    id: str
    token: str
    before: Values
    after: Values
    needs: tuple[tuple[str, Values], ...] = field(default=())
    imports: str = ""

    def filled(self, outputs: Mapping[str, Any]) -> Life:
        """Return the life with what only AWS knew of its last need."""

        def fill(values: Values) -> Values:
            return {
                name: outputs[value.removeprefix(_NEED)]
                if isinstance(value, str) and value.startswith(_NEED)
                else value
                for name, value in values.items()
            }

        return replace(self, before=fill(self.before), after=fill(self.after))


def _bucket(name: str) -> tuple[tuple[str, Values], ...]:
    return ((BUCKET, {"bucket": name}),)


ROLE_FOR_ALIASES = (ROLE, {"name": "alias-role", "assumeRolePolicy": trust("credentials.iot.amazonaws.com")})
OTHER_ROLE = (ROLE, {"name": "other-role", "assumeRolePolicy": trust("credentials.iot.amazonaws.com")})
PROVISIONING_ROLE = (ROLE, {"name": "provisioning", "assumeRolePolicy": trust("iot.amazonaws.com")})
OTHER_PROVISIONING_ROLE = (ROLE, {"name": "provisioning-2", "assumeRolePolicy": trust("iot.amazonaws.com")})
PROVISIONING_ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/provisioning"
ALIAS_ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/alias-role"
OTHER_ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/other-role"
NIGHTLY = (RULE, {"name": "nightly", "scheduleExpression": "rate(1 day)"})
PASSWORD = {"authorizationType": "BASIC", "authParameters": {"basic": {"username": "u", "password": "p"}}}
METRIC = {"metricName": "M", "namespace": "edgewright/x", "period": 60, "statistic": "Average"}
LAMBDA_ROLE = (ROLE, {"name": "lambda-role", "assumeRolePolicy": trust("lambda.amazonaws.com")})
CODE: Values = {
    "role": f"arn:aws:iam::{ACCOUNT}:role/lambda-role",
    "runtime": "python3.12",
    "handler": "index.handler",
    "code": Archive(
        assets={"index.py": Asset(text="def handler(event, context):\n    return 1\n", sha256="a" * 64)},
        sha256="b" * 64,
    ),
}
EDGE_ROLE = (ROLE, {"name": "SageMakerEdge", "assumeRolePolicy": trust("sagemaker.amazonaws.com")})
EDGE_ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/SageMakerEdge"

LIVES = (
    Life(
        "bucket-tags",
        BUCKET,
        {"bucket": "b-tags", "tags": {"a": "1", "b": "2"}},
        {"bucket": "b-tags", "tags": {"b": "3", "c": "4"}},
    ),
    Life("bucket-untagged", BUCKET, {"bucket": "b-untagged", "tags": {"a": "1"}}, {"bucket": "b-untagged"}),
    Life("bucket-renamed", BUCKET, {"bucket": "b-old-name"}, {"bucket": "b-new-name"}),
    Life("bucket-auto-name", BUCKET, {"forceDestroy": True}, {"forceDestroy": False}),
    Life(
        "versioning-suspended",
        VERSIONING,
        {"bucket": "b-versioning", "versioningConfiguration": {"status": "Enabled"}},
        {"bucket": "b-versioning", "versioningConfiguration": {"status": "Suspended"}},
        _bucket("b-versioning"),
    ),
    Life(
        "encryption-key",
        ENCRYPTION,
        {"bucket": "b-encryption", "rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}]},
        {
            "bucket": "b-encryption",
            "rules": [
                {
                    "applyServerSideEncryptionByDefault": {
                        "sseAlgorithm": "aws:kms",
                        "kmsMasterKeyId": f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/7a1b",
                    },
                    "bucketKeyEnabled": True,
                }
            ],
        },
        _bucket("b-encryption"),
    ),
    Life(
        "public-access-one-less",
        PUBLIC_ACCESS,
        {"bucket": "b-public", "blockPublicAcls": True, "blockPublicPolicy": True, "ignorePublicAcls": True},
        {"bucket": "b-public", "blockPublicAcls": True, "blockPublicPolicy": False, "restrictPublicBuckets": True},
        _bucket("b-public"),
    ),
    Life(
        "ownership",
        OWNERSHIP,
        {"bucket": "b-ownership", "rule": {"objectOwnership": "BucketOwnerEnforced"}},
        {"bucket": "b-ownership", "rule": {"objectOwnership": "ObjectWriter"}},
        _bucket("b-ownership"),
    ),
    Life(
        "bucket-policy-of-another-bucket",
        BUCKET_POLICY,
        {"bucket": "b-policy", "policy": tls_only("b-policy")},
        {"bucket": "b-policy-2", "policy": tls_only("b-policy-2")},
        (*_bucket("b-policy"), *_bucket("b-policy-2")),
    ),
    Life(
        "bucket-policy-changed",
        BUCKET_POLICY,
        {"bucket": "b-policy-3", "policy": tls_only("b-policy-3")},
        {"bucket": "b-policy-3", "policy": tls_only("b-policy-3").replace("TlsOnly", "OnlyTls")},
        _bucket("b-policy-3"),
    ),
    Life(
        "lifecycle-one-rule-more",
        LIFECYCLE,
        {
            "bucket": "b-lifecycle",
            "rules": [
                rule("uploads", filter={"prefix": ""}, abortIncompleteMultipartUpload={"daysAfterInitiation": 7})
            ],
        },
        {
            "bucket": "b-lifecycle",
            "rules": [
                rule("uploads", filter={"prefix": ""}, abortIncompleteMultipartUpload={"daysAfterInitiation": 3}),
                rule(
                    "old",
                    filter={"prefix": "captures/"},
                    expiration={"days": 365},
                    noncurrentVersionExpiration={"noncurrentDays": 30},
                    transitions=[
                        {"days": 30, "storageClass": "STANDARD_IA"},
                        {"days": 90, "storageClass": "GLACIER"},
                    ],
                ),
            ],
        },
        _bucket("b-lifecycle"),
    ),
    Life(
        "role-in-place",
        ROLE,
        {
            "name": "role-in-place",
            "assumeRolePolicy": trust("lambda.amazonaws.com"),
            "description": "d",
            "tags": {"a": "1"},
        },
        {
            "name": "role-in-place",
            "assumeRolePolicy": trust("lambda.amazonaws.com", "ec2.amazonaws.com"),
            "maxSessionDuration": 7200,
            "tags": {"b": "1"},
            "permissionsBoundary": "arn:aws:iam::aws:policy/ReadOnlyAccess",
        },
    ),
    Life(
        "role-renamed",
        ROLE,
        {"name": "role-old", "assumeRolePolicy": trust("lambda.amazonaws.com")},
        {"name": "role-new", "assumeRolePolicy": trust("lambda.amazonaws.com")},
    ),
    Life(
        "role-moved",
        ROLE,
        {"name": "role-moved", "assumeRolePolicy": trust("lambda.amazonaws.com")},
        {"name": "role-moved", "assumeRolePolicy": trust("lambda.amazonaws.com"), "path": "/edge/"},
    ),
    Life(
        "role-moved-auto-name",
        ROLE,
        {"assumeRolePolicy": trust("lambda.amazonaws.com")},
        {"assumeRolePolicy": trust("lambda.amazonaws.com"), "path": "/edge/"},
    ),
    Life(
        "role-policy-changed",
        ROLE_POLICY,
        {"role": "holder", "name": "permissions", "policy": allow("s3:GetObject")},
        {"role": "holder", "name": "permissions", "policy": allow("s3:GetObject", "s3:PutObject")},
        ((ROLE, {"name": "holder", "assumeRolePolicy": trust("lambda.amazonaws.com")}),),
    ),
    Life(
        "role-policy-renamed",
        ROLE_POLICY,
        {"role": "holder-2", "name": "permissions", "policy": allow("s3:GetObject")},
        {"role": "holder-2", "name": "rights", "policy": allow("s3:GetObject")},
        ((ROLE, {"name": "holder-2", "assumeRolePolicy": trust("lambda.amazonaws.com")}),),
    ),
    Life(
        "policy-changed",
        POLICY,
        {"name": "grant", "policy": allow("sts:AssumeRole"), "description": "d", "tags": {"a": "1"}},
        {
            "name": "grant",
            "policy": allow("sts:AssumeRole", resource="arn:aws:iam::222222222222:role/x"),
            "description": "d",
        },
    ),
    Life(
        "policy-described-anew",
        POLICY,
        {"name": "grant-2", "policy": allow("sts:AssumeRole"), "description": "d"},
        {"name": "grant-2", "policy": allow("sts:AssumeRole"), "description": "e"},
    ),
    Life(
        "thing-attributes",
        THING,
        {"name": "cam-1", "attributes": {"a": "1", "b": "2"}},
        {"name": "cam-1", "attributes": {"b": "3"}},
    ),
    Life("thing-bare", THING, {"name": "cam-2", "attributes": {"a": "1"}}, {"name": "cam-2"}),
    Life("thing-renamed", THING, {"name": "cam-3"}, {"name": "cam-4"}),
    Life(
        "group-properties",
        THING_GROUP,
        {
            "name": "group-1",
            "properties": {"description": "d", "attributePayload": {"attributes": {"a": "1"}}},
            "tags": {"a": "1"},
        },
        {
            "name": "group-1",
            "properties": {"description": "e", "attributePayload": {"attributes": {"b": "1"}}},
            "tags": {"b": "1"},
        },
    ),
    Life(
        "group-under-a-parent",
        THING_GROUP,
        {"name": "group-2"},
        {"name": "group-2", "parentGroupName": "parent"},
        ((THING_GROUP, {"name": "parent"}),),
    ),
    Life(
        "membership-of-another-thing",
        MEMBERSHIP,
        {"thingGroupName": "group-3", "thingName": "cam-5"},
        {"thingGroupName": "group-3", "thingName": "cam-6"},
        ((THING_GROUP, {"name": "group-3"}), (THING, {"name": "cam-5"}), (THING, {"name": "cam-6"})),
    ),
    Life(
        "alias-in-place",
        ROLE_ALIAS,
        {"alias": "alias-1", "roleArn": ALIAS_ROLE_ARN, "tags": {"a": "1"}},
        {"alias": "alias-1", "roleArn": OTHER_ROLE_ARN, "credentialDuration": 900},
        (ROLE_FOR_ALIASES, OTHER_ROLE),
    ),
    Life(
        "alias-renamed",
        ROLE_ALIAS,
        {"alias": "alias-2", "roleArn": ALIAS_ROLE_ARN},
        {"alias": "alias-3", "roleArn": ALIAS_ROLE_ARN},
        (ROLE_FOR_ALIASES,),
    ),
    Life(
        "iot-policy-changed",
        IOT_POLICY,
        {"name": "device", "policy": allow("iot:Connect"), "tags": {"a": "1"}},
        {"name": "device", "policy": allow("iot:Connect", "iot:Publish"), "tags": {"a": "2"}},
    ),
    Life(
        "iot-policy-renamed",
        IOT_POLICY,
        {"name": "device-2", "policy": allow("iot:Connect")},
        {"name": "device-3", "policy": allow("iot:Connect")},
    ),
    Life(
        "oidc-clients",
        OIDC_PROVIDER,
        {
            "url": "https://token.actions.githubusercontent.com",
            "clientIdLists": ["sts.amazonaws.com"],
            "thumbprintLists": ["6938fd4d98bab03faadb97b34396831e3780aea1"],
            "tags": {"a": "1"},
        },
        {
            "url": "https://token.actions.githubusercontent.com",
            "clientIdLists": ["sts.amazonaws.com", "edgewright"],
            "thumbprintLists": ["6938fd4d98bab03faadb97b34396831e3780aea2"],
            "tags": {"b": "1"},
        },
    ),
    Life(
        "oidc-of-another-forge",
        OIDC_PROVIDER,
        {"url": "https://gitlab.com", "clientIdLists": ["https://gitlab.com"]},
        {"url": "https://gitlab.example.com", "clientIdLists": ["https://gitlab.com"]},
    ),
    Life(
        "profile-of-another-role",
        INSTANCE_PROFILE,
        {"name": "profile", "role": "alias-role", "tags": {"a": "1"}},
        {"name": "profile", "role": "other-role", "tags": {"b": "1"}},
        (ROLE_FOR_ALIASES, OTHER_ROLE),
    ),
    Life(
        "profile-moved",
        INSTANCE_PROFILE,
        {"name": "profile-2", "role": "alias-role"},
        {"name": "profile-2", "role": "alias-role", "path": "/edge/"},
        (ROLE_FOR_ALIASES,),
    ),
    Life(
        "attachment-of-another-policy",
        ATTACHMENT,
        {"role": "alias-role", "policyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"},
        {"role": "alias-role", "policyArn": "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"},
        (ROLE_FOR_ALIASES,),
    ),
    Life(
        "inline-policies-exclusive",
        INLINE_ONLY,
        {"roleName": "alias-role", "policyNames": ["p"]},
        {"roleName": "alias-role", "policyNames": []},
        (ROLE_FOR_ALIASES, (ROLE_POLICY, {"role": "alias-role", "name": "p", "policy": allow("s3:GetObject")})),
    ),
    Life(
        "attached-policies-exclusive",
        ATTACHED_ONLY,
        {
            "roleName": "alias-role",
            "policyArns": ["arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess", "arn:aws:iam::aws:policy/ReadOnlyAccess"],
        },
        {"roleName": "alias-role", "policyArns": ["arn:aws:iam::aws:policy/ReadOnlyAccess"]},
        (ROLE_FOR_ALIASES,),
    ),
    Life(
        "exclusive-of-another-role",
        ATTACHED_ONLY,
        {"roleName": "alias-role", "policyArns": ["arn:aws:iam::aws:policy/ReadOnlyAccess"]},
        {"roleName": "other-role", "policyArns": ["arn:aws:iam::aws:policy/ReadOnlyAccess"]},
        (ROLE_FOR_ALIASES, OTHER_ROLE),
    ),
    Life(
        "thing-type-deprecated",
        THING_TYPE,
        {"name": "camera", "properties": {"description": "d", "searchableAttributes": ["a", "b"]}, "tags": {"a": "1"}},
        {
            "name": "camera",
            "properties": {"description": "d", "searchableAttributes": ["a", "b"]},
            "deprecated": True,
            "tags": {"b": "1"},
        },
    ),
    Life(
        "thing-type-described-anew",
        THING_TYPE,
        {"name": "camera-2", "properties": {"description": "d"}},
        {"name": "camera-2", "properties": {"description": "e"}},
    ),
    Life(
        "template-in-place",
        TEMPLATE,
        {
            "name": "line",
            "description": "d",
            "provisioningRoleArn": PROVISIONING_ROLE_ARN,
            "templateBody": provisions("line"),
            "enabled": True,
            "tags": {"a": "1"},
        },
        {
            "name": "line",
            "provisioningRoleArn": f"{PROVISIONING_ROLE_ARN}-2",
            "templateBody": provisions("other"),
            "preProvisioningHook": {"targetArn": f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:hook"},
            "tags": {"b": "1"},
        },
        (PROVISIONING_ROLE, OTHER_PROVISIONING_ROLE),
    ),
    Life(
        "template-renamed",
        TEMPLATE,
        {"name": "line-2", "provisioningRoleArn": PROVISIONING_ROLE_ARN, "templateBody": provisions("line")},
        {"name": "line-3", "provisioningRoleArn": PROVISIONING_ROLE_ARN, "templateBody": provisions("line")},
        (PROVISIONING_ROLE,),
    ),
    Life(
        "key-in-place",
        KEY,
        {
            "description": "d",
            "enableKeyRotation": True,
            "deletionWindowInDays": 7,
            "policy": of_account("kms:*"),
            "tags": {"a": "1"},
        },
        {
            "description": "e",
            "enableKeyRotation": False,
            "deletionWindowInDays": 7,
            "policy": of_account("kms:*", "kms:Decrypt"),
            "tags": {"b": "1"},
        },
    ),
    Life("key-off", KEY, {}, {"isEnabled": False}),
    Life(
        "key-alias-renamed",
        KEY_ALIAS,
        {"name": "alias/x", "targetKeyId": "NEED.keyId"},
        {"name": "alias/y", "targetKeyId": "NEED.keyId"},
        ((KEY, {"description": "key of an alias"}),),
    ),
    Life(
        "secret-in-place",
        SECRET,
        {"name": "secret", "description": "d", "recoveryWindowInDays": 0, "tags": {"a": "1"}},
        {"name": "secret", "description": "e", "recoveryWindowInDays": 0, "tags": {"b": "1"}},
    ),
    Life("secret-renamed", SECRET, {"name": "secret-2"}, {"name": "secret-3"}),
    Life(
        "security-group-rules",
        SECURITY_GROUP,
        {
            "name": "twins",
            "description": "d",
            "egress": [{"protocol": "-1", "fromPort": 0, "toPort": 0, "cidrBlocks": ["0.0.0.0/0"]}],
            "tags": {"a": "1"},
        },
        {
            "name": "twins",
            "description": "d",
            "egress": [
                {
                    "protocol": "tcp",
                    "fromPort": 443,
                    "toPort": 443,
                    "cidrBlocks": ["0.0.0.0/0"],
                    "ipv6CidrBlocks": ["::/0"],
                    "description": "TLS",
                }
            ],
            "tags": {"b": "1"},
        },
    ),
    Life(
        "security-group-described-anew",
        SECURITY_GROUP,
        {"name": "twins-2"},
        {"name": "twins-2", "description": "e"},
    ),
    Life(
        "launch-template-version",
        LAUNCH_TEMPLATE,
        {
            "name": "twin",
            "imageId": "ami-1e749f67",
            "instanceType": "t3.micro",
            "metadataOptions": {"httpTokens": "required"},
            "userData": "ZWNobyBoaQ==",
            "tags": {"a": "1"},
        },
        {
            "name": "twin",
            "imageId": "ami-1e749f67",
            "instanceType": "t3.small",
            "metadataOptions": {"httpTokens": "required"},
            "userData": "ZWNobyBoaQ==",
            "tags": {"b": "1"},
        },
    ),
    Life(
        "instance-tags",
        INSTANCE,
        {
            "ami": "ami-1e749f67",
            "instanceType": "t3.micro",
            "metadataOptions": {"httpTokens": "required", "httpPutResponseHopLimit": 1},
            "rootBlockDevice": {"encrypted": True, "volumeSize": 16},
            "userData": "echo hi",
            "tags": {"Name": "a"},
        },
        {
            "ami": "ami-1e749f67",
            "instanceType": "t3.micro",
            "metadataOptions": {"httpTokens": "required", "httpPutResponseHopLimit": 1},
            "rootBlockDevice": {"encrypted": True, "volumeSize": 16},
            "userData": "echo hi",
            "tags": {"Name": "b"},
        },
    ),
    Life(
        "rule-pattern",
        RULE,
        {"name": "r-1", "eventPattern": '{"source":["aws.sagemaker"]}', "description": "d", "tags": {"a": "1"}},
        {
            "name": "r-1",
            "eventPattern": '{"source": ["aws.iot"]}',
            "description": "e",
            "state": "DISABLED",
            "tags": {"b": "1"},
        },
    ),
    Life(
        "rule-renamed",
        RULE,
        {"name": "r-2", "scheduleExpression": "rate(1 day)"},
        {"name": "r-3", "scheduleExpression": "rate(2 days)"},
    ),
    Life(
        "target-transformed",
        TARGET,
        {
            "rule": "nightly",
            "arn": f"arn:aws:sqs:eu-west-1:{ACCOUNT}:q",
            "targetId": "t",
            "inputTransformer": {"inputPaths": {"a": "$.detail.a"}, "inputTemplate": '{"a":"<a>"}'},
            "deadLetterConfig": {"arn": f"arn:aws:sqs:eu-west-1:{ACCOUNT}:dead"},
            "retryPolicy": {"maximumEventAgeInSeconds": 3600, "maximumRetryAttempts": 5},
        },
        {"rule": "nightly", "arn": f"arn:aws:sqs:eu-west-1:{ACCOUNT}:q-2", "targetId": "t", "input": "{}"},
        (NIGHTLY,),
        imports="nightly/t",
    ),
    Life(
        "target-of-a-forge",
        TARGET,
        {
            "rule": "nightly",
            "arn": f"arn:aws:events:eu-west-1:{ACCOUNT}:api-destination/x/1",
            "targetId": "t-2",
            "roleArn": ALIAS_ROLE_ARN,
            "httpTarget": {"headerParameters": {"X": "1"}, "queryStringParameters": {"q": "1"}},
            "inputPath": "$.detail",
        },
        {
            "rule": "nightly",
            "arn": f"arn:aws:events:eu-west-1:{ACCOUNT}:api-destination/x/1",
            "targetId": "t-3",
            "roleArn": ALIAS_ROLE_ARN,
        },
        (NIGHTLY,),
        imports="nightly/t-2",
    ),
    Life(
        "connection-key",
        CONNECTION,
        {
            "name": "forge-1",
            "authorizationType": "API_KEY",
            "authParameters": {"apiKey": {"key": "Authorization", "value": "secret"}},
            "description": "d",
        },
        {
            "name": "forge-1",
            "authorizationType": "API_KEY",
            "authParameters": {"apiKey": {"key": "PRIVATE-TOKEN", "value": "secret"}},
            "description": "e",
        },
    ),
    Life("connection-renamed", CONNECTION, {"name": "forge-2", **PASSWORD}, {"name": "forge-3", **PASSWORD}),
    Life(
        "destination-in-place",
        DESTINATION,
        {
            "name": "forge",
            "connectionArn": "NEED.arn",
            "httpMethod": "POST",
            "invocationEndpoint": "https://api.example.com/x",
            "invocationRateLimitPerSecond": 10,
            "description": "d",
        },
        {
            "name": "forge",
            "connectionArn": "NEED.arn",
            "httpMethod": "PUT",
            "invocationEndpoint": "https://api.example.com/y",
            "description": "e",
        },
        ((CONNECTION, {"name": "forge-4", **PASSWORD}),),
    ),
    Life(
        "log-group-retention",
        LOG_GROUP,
        {"name": "/aws/greengrass/x", "retentionInDays": 30, "tags": {"a": "1"}},
        {"name": "/aws/greengrass/x", "retentionInDays": 90, "tags": {"b": "1"}},
    ),
    Life("log-group-for-ever", LOG_GROUP, {"name": "/y", "retentionInDays": 30}, {"name": "/y"}),
    Life(
        "alarm-in-place",
        ALARM,
        {
            "name": "a-1",
            **METRIC,
            "comparisonOperator": "GreaterThanThreshold",
            "evaluationPeriods": 2,
            "threshold": 80,
            "alarmDescription": "d",
            "dimensions": {"thing": "x"},
            "treatMissingData": "breaching",
            "alarmActions": [f"arn:aws:sns:eu-west-1:{ACCOUNT}:t"],
            "tags": {"a": "1"},
        },
        {
            "name": "a-1",
            **METRIC,
            "comparisonOperator": "LessThanThreshold",
            "evaluationPeriods": 3,
            "threshold": 0.5,
            "datapointsToAlarm": 2,
            "okActions": [f"arn:aws:sns:eu-west-1:{ACCOUNT}:t"],
            "tags": {"b": "1"},
        },
    ),
    Life(
        "alarm-of-two-metrics",
        ALARM,
        {
            "name": "a-2",
            "comparisonOperator": "GreaterThanThreshold",
            "evaluationPeriods": 2,
            "threshold": 1,
            "metricQueries": [
                {"id": "e1", "expression": "m1/2", "label": "x", "returnData": True},
                {
                    "id": "m1",
                    "metric": {
                        "metricName": "M",
                        "namespace": "n",
                        "period": 60,
                        "stat": "Sum",
                        "dimensions": {"a": "b"},
                    },
                },
            ],
        },
        {
            "name": "a-3",
            "comparisonOperator": "GreaterThanThreshold",
            "evaluationPeriods": 2,
            "threshold": 1,
            "metricQueries": [{"id": "e1", "expression": "m1/2", "label": "x", "returnData": True}],
        },
    ),
    Life(
        "dashboard-body",
        DASHBOARD,
        {"dashboardName": "d-1", "dashboardBody": '{"widgets":[]}'},
        {"dashboardName": "d-1", "dashboardBody": '{"widgets":[{"type":"text","properties":{"markdown":"x"}}]}'},
    ),
    Life(
        "dashboard-renamed",
        DASHBOARD,
        {"dashboardName": "d-2", "dashboardBody": '{"widgets":[]}'},
        {"dashboardName": "d-3", "dashboardBody": '{"widgets":[]}'},
    ),
    Life(
        "topic-in-place",
        TOPIC,
        {"name": "t-1", "displayName": "d", "kmsMasterKeyId": "alias/aws/sns", "tags": {"a": "1"}},
        {"name": "t-1", "displayName": "e", "tags": {"b": "1"}},
    ),
    Life("topic-renamed", TOPIC, {"name": "t-2"}, {"name": "t-3"}),
    Life(
        "topic-policy",
        TOPIC_POLICY,
        {"arn": f"arn:aws:sns:eu-west-1:{ACCOUNT}:t-4", "policy": allow("sns:Publish")},
        {"arn": f"arn:aws:sns:eu-west-1:{ACCOUNT}:t-4", "policy": allow("sns:Publish", "sns:Subscribe")},
        ((TOPIC, {"name": "t-4"}),),
    ),
    Life(
        "subscription-of-a-queue",
        SUBSCRIPTION,
        {
            "topic": f"arn:aws:sns:eu-west-1:{ACCOUNT}:t-5",
            "protocol": "sqs",
            "endpoint": f"arn:aws:sqs:eu-west-1:{ACCOUNT}:q-5",
            "filterPolicy": '{"a":["b"]}',
        },
        {
            "topic": f"arn:aws:sns:eu-west-1:{ACCOUNT}:t-5",
            "protocol": "sqs",
            "endpoint": f"arn:aws:sqs:eu-west-1:{ACCOUNT}:q-5",
            "rawMessageDelivery": True,
        },
        ((TOPIC, {"name": "t-5"}),),
    ),
    Life(
        "subscription-of-another-person",
        SUBSCRIPTION,
        {"topic": f"arn:aws:sns:eu-west-1:{ACCOUNT}:t-5", "protocol": "email", "endpoint": "a@example.com"},
        {"topic": f"arn:aws:sns:eu-west-1:{ACCOUNT}:t-5", "protocol": "email", "endpoint": "b@example.com"},
        ((TOPIC, {"name": "t-5"}),),
    ),
    Life(
        "queue-in-place",
        QUEUE,
        {
            "name": "q-1",
            "messageRetentionSeconds": 1209600,
            "visibilityTimeoutSeconds": 60,
            "sqsManagedSseEnabled": True,
            "redrivePolicy": f'{{"deadLetterTargetArn":"arn:aws:sqs:eu-west-1:{ACCOUNT}:dead","maxReceiveCount":3}}',
            "tags": {"a": "1"},
        },
        {"name": "q-1", "visibilityTimeoutSeconds": 90, "delaySeconds": 5, "tags": {"b": "1"}},
        ((QUEUE, {"name": "dead"}),),
    ),
    Life(
        "queue-policy",
        QUEUE_POLICY,
        {"queueUrl": "NEED.url", "policy": allow("sqs:SendMessage")},
        {"queueUrl": "NEED.url", "policy": allow("sqs:SendMessage", "sqs:ReceiveMessage")},
        ((QUEUE, {"name": "q-6"}),),
    ),
    Life(
        "function-in-place",
        FUNCTION,
        {
            "name": "f-1",
            **CODE,
            "description": "d",
            "timeout": 30,
            "memorySize": 256,
            "environment": {"variables": {"A": "1"}},
            "tags": {"a": "1"},
        },
        {
            "name": "f-1",
            **CODE,
            "handler": "index.other",
            "timeout": 60,
            "environment": {"variables": {"A": "2"}},
            "tags": {"b": "1"},
        },
        (LAMBDA_ROLE,),
    ),
    Life(
        "function-published",
        FUNCTION,
        {"name": "f-7", **CODE, "publish": True},
        {"name": "f-7", **CODE, "publish": True, "timeout": 9},
        (LAMBDA_ROLE,),
    ),
    Life("function-renamed", FUNCTION, {"name": "f-2", **CODE}, {"name": "f-3", **CODE}, (LAMBDA_ROLE,)),
    Life(
        "permission-of-another-service",
        PERMISSION,
        {
            "function": "f-4",
            "action": "lambda:InvokeFunction",
            "principal": "events.amazonaws.com",
            "sourceArn": f"arn:aws:events:eu-west-1:{ACCOUNT}:rule/x",
            "statementId": "s-1",
        },
        {
            "function": "f-4",
            "action": "lambda:InvokeFunction",
            "principal": "iot.amazonaws.com",
            "sourceAccount": ACCOUNT,
            "statementId": "s-1",
        },
        (LAMBDA_ROLE, (FUNCTION, {"name": "f-4", **CODE})),
        imports="f-4/s-1",
    ),
    Life(
        "invoke-config",
        INVOKE_CONFIG,
        {
            "functionName": "f-5",
            "maximumRetryAttempts": 1,
            "maximumEventAgeInSeconds": 60,
            "destinationConfig": {"onFailure": {"destination": f"arn:aws:sqs:eu-west-1:{ACCOUNT}:dead"}},
        },
        {
            "functionName": "f-5",
            "maximumRetryAttempts": 0,
            "destinationConfig": {"onFailure": {"destination": f"arn:aws:sqs:eu-west-1:{ACCOUNT}:dead-2"}},
        },
        (LAMBDA_ROLE, (FUNCTION, {"name": "f-5", **CODE})),
    ),
    Life(
        "model-group-tags",
        MODEL_GROUP,
        {"modelPackageGroupName": "g-1", "modelPackageGroupDescription": "d", "tags": {"a": "1"}},
        {"modelPackageGroupName": "g-1", "modelPackageGroupDescription": "d", "tags": {"b": "1"}},
    ),
    Life(
        "model-group-described-anew",
        MODEL_GROUP,
        {"modelPackageGroupName": "g-2", "modelPackageGroupDescription": "d"},
        {"modelPackageGroupName": "g-2", "modelPackageGroupDescription": "e"},
    ),
    Life(
        "device-fleet-in-place",
        DEVICE_FLEET,
        {
            "deviceFleetName": "line",
            "roleArn": EDGE_ROLE_ARN,
            "outputConfig": {"s3OutputLocation": "s3://b-edge/x/"},
            "description": "d",
            "tags": {"a": "1"},
        },
        {
            "deviceFleetName": "line",
            "roleArn": EDGE_ROLE_ARN,
            "outputConfig": {"s3OutputLocation": "s3://b-edge/y/"},
            "description": "e",
            "tags": {"b": "1"},
        },
        (EDGE_ROLE, (BUCKET, {"bucket": "b-edge"})),
    ),
    Life(
        "device-described",
        DEVICE,
        {"deviceFleetName": "line-2", "device": {"deviceName": "cam-1", "description": "d", "iotThingName": "cam-1"}},
        {"deviceFleetName": "line-2", "device": {"deviceName": "cam-1", "description": "e", "iotThingName": "cam-1"}},
        (
            EDGE_ROLE,
            (BUCKET, {"bucket": "b-edge"}),
            (THING, {"name": "cam-1"}),
            (
                DEVICE_FLEET,
                {
                    "deviceFleetName": "line-2",
                    "roleArn": EDGE_ROLE_ARN,
                    "outputConfig": {"s3OutputLocation": "s3://b-edge/x/"},
                },
            ),
        ),
    ),
)

BAD: tuple[tuple[str, dict[str, object]], ...] = (
    (BUCKET, {"bukcet": "x"}),
    (BUCKET, {"tags": "x"}),
    (BUCKET, {"forceDestroy": "yes"}),
    (ROLE, {}),
    (ROLE, {"assumeRolePolicy": "x"}),
    (ROLE, {"assumeRolePolicy": "{}", "name": "a b"}),
    (ROLE, {"assumeRolePolicy": "{}", "maxSessionDuration": 60}),
    (ROLE, {"assumeRolePolicy": "{}", "description": "x" * 1001}),
    (ROLE, {"assumeRolePolicy": "{}", "permissionsBoundary": "x"}),
    (ROLE_POLICY, {"role": "x"}),
    (ROLE_POLICY, {"role": "x", "policy": "{"}),
    (ROLE_POLICY, {"role": "x", "policy": "{}", "name": "a b"}),
    (POLICY, {"policy": "[]"}),
    (POLICY, {"policy": "{}", "name": "a b"}),
    (THING_GROUP, {"properties": {"descripton": "x"}}),
    (MEMBERSHIP, {"thingName": "x"}),
    (ROLE_ALIAS, {}),
    (ROLE_ALIAS, {"alias": "x", "roleArn": "arn:aws:iam::111111111111:role/x", "credentialDuration": 60}),
    (IOT_POLICY, {"policy": "x"}),
    (VERSIONING, {"bucket": "x"}),
    (VERSIONING, {"bucket": "x", "versioningConfiguration": {}}),
    (VERSIONING, {"bucket": "x", "versioningConfiguration": {"status": "On"}}),
    (ENCRYPTION, {"bucket": "x"}),
    (ENCRYPTION, {"bucket": "x", "rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES"}}]}),
    (ENCRYPTION, {"bucket": "x", "rules": [{"applyServerSideEncryption": {}}]}),
    (PUBLIC_ACCESS, {"blockPublicAcls": True}),
    (PUBLIC_ACCESS, {"bucket": "x", "blockPublicAcls": "x"}),
    (BUCKET_POLICY, {"bucket": "x", "policy": "x"}),
    (OWNERSHIP, {"bucket": "x", "rule": {"objectOwnership": "Mine"}}),
    (LIFECYCLE, {"bucket": "x", "rules": [{"id": "a", "status": "On"}]}),
    (LIFECYCLE, {"bucket": "x", "rules": [{"status": "Enabled"}]}),
    (OIDC_PROVIDER, {"url": "http://forge.example.com", "clientIdLists": ["x"]}),
    (OIDC_PROVIDER, {"clientIdLists": ["x"]}),
    (ATTACHMENT, {"role": "x"}),
    (ATTACHMENT, {"role": "x", "policyArn": "y"}),
    (INLINE_ONLY, {"roleName": "x"}),
    (INLINE_ONLY, {"policyNames": []}),
    (ATTACHED_ONLY, {"policyArns": []}),
    (INSTANCE_PROFILE, {"name": "a b"}),
    (TEMPLATE, {"name": "x" * 37, "templateBody": "{}", "provisioningRoleArn": ALIAS_ROLE_ARN}),
    (TEMPLATE, {"templateBody": "x", "provisioningRoleArn": ALIAS_ROLE_ARN}),
    (TEMPLATE, {"templateBody": "{}", "provisioningRoleArn": "x"}),
    (TEMPLATE, {"templateBody": "{}", "provisioningRoleArn": ALIAS_ROLE_ARN, "type": "X"}),
    (TEMPLATE, {"templateBody": "{}", "provisioningRoleArn": ALIAS_ROLE_ARN, "preProvisioningHook": {}}),
    (KEY, {"deletionWindowInDays": 3}),
    (KEY, {"keyUsage": "X"}),
    (KEY, {"policy": "x"}),
    (KEY, {"description": "x" * 8193}),
    (KEY, {"rotationPeriodInDays": 3}),
    (KEY_ALIAS, {"name": "x", "targetKeyId": "k"}),
    (KEY_ALIAS, {}),
    (SECRET, {"name": "a b"}),
    (SECRET, {"recoveryWindowInDays": 3}),
    (SECRET, {"policy": "x"}),
    (SECURITY_GROUP, {"egress": [{"protocol": "tcp", "fromPort": 1}]}),
    (SECURITY_GROUP, {"name": "sg-x"}),
    (SECURITY_GROUP, {"egress": [{"protocol": "tcp", "fromPort": 1, "toPort": 2, "cidrBlocks": ["10.0.0.1"]}]}),
    (LAUNCH_TEMPLATE, {"metadataOptions": {"httpTokens": "x"}}),
    (LAUNCH_TEMPLATE, {"name": "a"}),
    (INSTANCE, {"ami": "x", "instanceType": "t3.micro", "metadataOptions": {"httpTokens": "x"}}),
    (INSTANCE, {"ami": "x", "instanceType": "t3.micro", "userDataBase64": "?"}),
    (
        TEMPLATE,
        {"templateBody": "{}", "provisioningRoleArn": ALIAS_ROLE_ARN, "preProvisioningHook": {"targetArn": "x"}},
    ),
    (INSTANCE, {}),
    (RULE, {"name": "r"}),
    (RULE, {"name": "a b", "scheduleExpression": "rate(1 day)"}),
    (RULE, {"eventPattern": "x"}),
    (RULE, {"scheduleExpression": "rate(1 day)", "state": "ON"}),
    (TARGET, {"rule": "r"}),
    (TARGET, {"rule": "r", "arn": "x"}),
    (TARGET, {"rule": "r", "arn": ALIAS_ROLE_ARN, "deadLetterConfig": {"arn": "x"}}),
    (CONNECTION, {"authorizationType": "KEY", "authParameters": {"apiKey": {"key": "k", "value": "v"}}}),
    (CONNECTION, {"authorizationType": "API_KEY"}),
    (DESTINATION, {"connectionArn": ALIAS_ROLE_ARN, "httpMethod": "post", "invocationEndpoint": "https://x"}),
    (DESTINATION, {"connectionArn": "x", "httpMethod": "POST", "invocationEndpoint": "https://x"}),
    (LOG_GROUP, {"retentionInDays": 2}),
    (LOG_GROUP, {"name": "a b"}),
    (ALARM, {"evaluationPeriods": 1}),
    (ALARM, {"comparisonOperator": "Greater", "evaluationPeriods": 1}),
    (ALARM, {"comparisonOperator": "GreaterThanThreshold", "evaluationPeriods": 0}),
    (ALARM, {"comparisonOperator": "GreaterThanThreshold", "evaluationPeriods": 1, "treatMissingData": "no"}),
    (ALARM, {"comparisonOperator": "GreaterThanThreshold", "evaluationPeriods": 1, "statistic": "Mean"}),
    (DASHBOARD, {"dashboardName": "d", "dashboardBody": "x"}),
    (DASHBOARD, {"dashboardName": "a b", "dashboardBody": "{}"}),
    (TOPIC, {"policy": "x"}),
    (TOPIC_POLICY, {"arn": "x", "policy": "{}"}),
    (TOPIC_POLICY, {"arn": ALIAS_ROLE_ARN, "policy": "x"}),
    (SUBSCRIPTION, {"topic": ALIAS_ROLE_ARN, "protocol": "mail", "endpoint": "x"}),
    (SUBSCRIPTION, {"topic": ALIAS_ROLE_ARN, "protocol": "email", "endpoint": "x", "filterPolicy": "x"}),
    (QUEUE, {"visibilityTimeoutSeconds": 43201}),
    (QUEUE, {"delaySeconds": 901}),
    (QUEUE, {"policy": "x"}),
    (QUEUE_POLICY, {"queueUrl": "x", "policy": "x"}),
    (FUNCTION, {"role": "x", "runtime": "python3.12", "handler": "h", "s3Bucket": "b", "s3Key": "k"}),
    (FUNCTION, {**CODE, "timeout": 0}),
    (FUNCTION, {**CODE, "memorySize": 64}),
    (PERMISSION, {"function": "f", "action": "invoke", "principal": "events.amazonaws.com"}),
    (PERMISSION, {"function": "f", "action": "lambda:InvokeFunction", "principal": "x", "sourceArn": "x"}),
    (INVOKE_CONFIG, {"functionName": "f", "maximumRetryAttempts": 3}),
    (INVOKE_CONFIG, {"functionName": "f", "maximumEventAgeInSeconds": 1}),
    (MODEL_GROUP, {"modelPackageGroupName": "a b"}),
    (
        DEVICE_FLEET,
        {"deviceFleetName": "a b", "roleArn": EDGE_ROLE_ARN, "outputConfig": {"s3OutputLocation": "s3://b/"}},
    ),
    (DEVICE_FLEET, {"deviceFleetName": "a", "roleArn": "x", "outputConfig": {"s3OutputLocation": "s3://b/"}}),
    (DEVICE_FLEET, {"deviceFleetName": "a", "roleArn": EDGE_ROLE_ARN, "outputConfig": {}}),
    (DEVICE, {"deviceFleetName": "a", "device": {"deviceName": "a", "description": "x" * 41}}),
)
"""Inputs that both refuse."""

GOOD: tuple[tuple[str, dict[str, object]], ...] = (
    (BUCKET, {"bucket": "UPPER_case"}),
    (THING_GROUP, {"name": "a b"}),
    (THING, {"name": "a b"}),
    (ROLE_ALIAS, {"alias": "a b", "roleArn": "x"}),
    (ROLE, {"assumeRolePolicy": {"Version": "2012-10-17", "Statement": []}}),
    (ROLE, {"assumeRolePolicy": "{}", "path": "x"}),
    (IOT_POLICY, {"policy": "[]"}),
    (BUCKET_POLICY, {"bucket": "x", "policy": "[]"}),
    (SECURITY_GROUP, {"egress": [{"protocol": "tcp", "fromPort": 1, "toPort": 2, "cidrBlocks": ["10.0.0.0/8"]}]}),
    (INSTANCE, {"ami": "x", "instanceType": "t3.micro", "userDataBase64": "aGk="}),
    (THING_TYPE, {"name": "a b"}),
    (SECURITY_GROUP, {"egress": [{"protocol": "tcp", "fromPort": 1, "toPort": 70000}]}),
    (DEVICE, {"deviceFleetName": "a", "device": {"deviceName": "a b"}}),
)
"""Inputs that neither refuses in a check, whatever AWS says later."""
