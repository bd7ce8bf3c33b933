"""What AWS says of a resource, asked with boto3 and not through any plugin."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from edgewright.sandbox.control import Sandbox
from tests.standin import scenarios as s

VOLATILE = frozenset(
    {
        "ResponseMetadata",
        "CreateDate",
        "UpdateDate",
        "RoleId",
        "PolicyId",
        "RoleLastUsed",
        "creationDate",
        "thingGroupId",
        "InstanceProfileId",
        "CreationDate",
        "CreatedDate",
        "CreationTime",
        "LastModifiedTime",
        "creationTime",
        "AlarmConfigurationUpdatedTimestamp",
        "StateUpdatedTimestamp",
        "CreatedTimestamp",
        "LastModifiedTimestamp",
        "RegistrationTime",
        "CodeSha256",
        "CodeSize",
        "LastUpdatedDate",
        "LastChangedDate",
        "CreateTime",
        "LaunchTime",
        "AttachTime",
        "thingTypeId",
        "ClientToken",
        "MacAddress",
        "AttachmentId",
        "ReservationId",
        "HibernationOptions",
    }
    | {"lastModifiedDate", "generationId", "thingId", "LastModified", "createDate"}
)

Question = Callable[[str], dict[str, Any]]
ASKED: dict[str, tuple[str, dict[str, Question]]] = {
    s.OIDC_PROVIDER: ("iam", {"get_open_id_connect_provider": lambda i: {"OpenIDConnectProviderArn": i}}),
    s.INSTANCE_PROFILE: ("iam", {"get_instance_profile": lambda i: {"InstanceProfileName": i}}),
    s.ATTACHMENT: ("iam", {"list_attached_role_policies": lambda i: {"RoleName": i.partition("/")[0]}}),
    s.INLINE_ONLY: ("iam", {"list_role_policies": lambda i: {"RoleName": i}}),
    s.ATTACHED_ONLY: ("iam", {"list_attached_role_policies": lambda i: {"RoleName": i}}),
    s.THING_TYPE: (
        "iot",
        {
            "describe_thing_type": lambda i: {"thingTypeName": i},
            "list_tags_for_resource": lambda i: {"resourceArn": f"arn:aws:iot:eu-west-1:{s.ACCOUNT}:thingtype/{i}"},
        },
    ),
    s.TEMPLATE: (
        "iot",
        {
            "describe_provisioning_template": lambda i: {"templateName": i},
            "list_provisioning_template_versions": lambda i: {"templateName": i},
            "list_tags_for_resource": lambda i: {
                "resourceArn": f"arn:aws:iot:eu-west-1:{s.ACCOUNT}:provisioningtemplate/{i}"
            },
        },
    ),
    s.KEY: (
        "kms",
        {
            "describe_key": lambda i: {"KeyId": i},
            "get_key_policy": lambda i: {"KeyId": i, "PolicyName": "default"},
            "get_key_rotation_status": lambda i: {"KeyId": i},
            "list_resource_tags": lambda i: {"KeyId": i},
        },
    ),
    s.RULE: ("events", {"describe_rule": lambda i: {"Name": i}}),
    s.TARGET: ("events", {"list_targets_by_rule": lambda i: {"Rule": i.partition("-")[0]}}),
    s.CONNECTION: ("events", {"describe_connection": lambda i: {"Name": i}}),
    s.DESTINATION: ("events", {"describe_api_destination": lambda i: {"Name": i}}),
    s.LOG_GROUP: ("logs", {"describe_log_groups": lambda i: {"logGroupNamePrefix": i}}),
    s.ALARM: ("cloudwatch", {"describe_alarms": lambda i: {"AlarmNames": [i]}}),
    s.DASHBOARD: ("cloudwatch", {"get_dashboard": lambda i: {"DashboardName": i}}),
    s.TOPIC: (
        "sns",
        {
            "get_topic_attributes": lambda i: {"TopicArn": i},
            "list_tags_for_resource": lambda i: {"ResourceArn": i},
        },
    ),
    s.TOPIC_POLICY: ("sns", {"get_topic_attributes": lambda i: {"TopicArn": i}}),
    s.SUBSCRIPTION: ("sns", {"get_subscription_attributes": lambda i: {"SubscriptionArn": i}}),
    s.QUEUE: (
        "sqs",
        {
            "get_queue_attributes": lambda i: {"QueueUrl": i, "AttributeNames": ["All"]},
            "list_queue_tags": lambda i: {"QueueUrl": i},
        },
    ),
    s.QUEUE_POLICY: ("sqs", {"get_queue_attributes": lambda i: {"QueueUrl": i, "AttributeNames": ["Policy"]}}),
    s.FUNCTION: ("lambda", {"get_function": lambda i: {"FunctionName": i}}),
    s.PERMISSION: ("lambda", {"get_policy": lambda _: {"FunctionName": "f-4"}}),
    s.INVOKE_CONFIG: ("lambda", {"get_function_event_invoke_config": lambda i: {"FunctionName": i}}),
    s.MODEL_GROUP: (
        "sagemaker",
        {
            "describe_model_package_group": lambda i: {"ModelPackageGroupName": i},
            "list_tags": lambda i: {"ResourceArn": f"arn:aws:sagemaker:eu-west-1:{s.ACCOUNT}:model-package-group/{i}"},
        },
    ),
    s.DEVICE_FLEET: (
        "sagemaker",
        {
            "describe_device_fleet": lambda i: {"DeviceFleetName": i},
            "list_tags": lambda i: {"ResourceArn": f"arn:aws:sagemaker:eu-west-1:{s.ACCOUNT}:device-fleet/{i}"},
        },
    ),
    s.DEVICE: (
        "sagemaker",
        {
            "describe_device": lambda i: {
                "DeviceFleetName": i.partition("/")[0],
                "DeviceName": i.partition("/")[2],
            }
        },
    ),
    s.KEY_ALIAS: ("kms", {"list_aliases": lambda _: {}}),
    s.SECRET: ("secretsmanager", {"describe_secret": lambda i: {"SecretId": i}}),
    s.SECURITY_GROUP: ("ec2", {"describe_security_groups": lambda i: {"GroupIds": [i]}}),
    s.LAUNCH_TEMPLATE: (
        "ec2",
        {
            "describe_launch_templates": lambda i: {"LaunchTemplateIds": [i]},
            "describe_launch_template_versions": lambda i: {"LaunchTemplateId": i},
        },
    ),
    s.INSTANCE: ("ec2", {"describe_instances": lambda i: {"InstanceIds": [i]}}),
}
"""What to ask of the types that one service's client is enough for: operations, and their arguments from the id."""


def aws_state(sandbox: Sandbox, token: str, identity: str, account: str = "tooling") -> Any:
    """Return everything that matters about the resource of type ``token``."""
    if token in ASKED:
        service, questions = ASKED[token]
        client = sandbox.client(service, account)
        asked = [_asked(getattr(client, name), arguments(identity)) for name, arguments in questions.items()]
        return json.loads(json.dumps(_settled(asked), default=str))
    iam, iot, s3 = (sandbox.client(service, account) for service in ("iam", "iot", "s3"))
    head, _, tail = identity.partition(":")
    group, _, thing = identity.partition("/")
    calls: dict[str, list[tuple[Any, dict[str, Any]]]] = {
        s.BUCKET: [(s3.get_bucket_location, {"Bucket": identity}), (s3.get_bucket_tagging, {"Bucket": identity})],
        s.VERSIONING: [(s3.get_bucket_versioning, {"Bucket": identity})],
        s.ENCRYPTION: [(s3.get_bucket_encryption, {"Bucket": identity})],
        s.PUBLIC_ACCESS: [(s3.get_public_access_block, {"Bucket": identity})],
        s.BUCKET_POLICY: [(s3.get_bucket_policy, {"Bucket": identity})],
        s.OWNERSHIP: [(s3.get_bucket_ownership_controls, {"Bucket": identity})],
        s.LIFECYCLE: [(s3.get_bucket_lifecycle_configuration, {"Bucket": identity})],
        s.ROLE: [(iam.get_role, {"RoleName": identity})],
        s.ROLE_POLICY: [(iam.get_role_policy, {"RoleName": head, "PolicyName": tail})],
        s.POLICY: [(iam.get_policy, {"PolicyArn": identity}), (iam.list_policy_versions, {"PolicyArn": identity})],
        s.THING: [(iot.describe_thing, {"thingName": identity})],
        s.THING_GROUP: [(iot.describe_thing_group, {"thingGroupName": identity})],
        s.MEMBERSHIP: [(iot.list_things_in_thing_group, {"thingGroupName": group})] if thing else [],
        s.ROLE_ALIAS: [(iot.describe_role_alias, {"roleAlias": identity})],
        s.IOT_POLICY: [
            (iot.get_policy, {"policyName": identity}),
            (iot.list_policy_versions, {"policyName": identity}),
        ],
    }
    answers = [_asked(call, arguments) for call, arguments in calls[token]]
    arns = [
        answer[key]
        for answer in answers
        for key in ("thingGroupArn", "policyArn")
        if isinstance(answer, dict) and key in answer
    ]
    answers += [_asked(iot.list_tags_for_resource, {"resourceArn": arn}) for arn in arns]
    return json.loads(json.dumps(_settled(answers), default=str))


def _asked(call: Any, arguments: dict[str, Any]) -> Any:
    try:
        return call(**arguments)
    except ClientError as error:
        return error.response["Error"]["Code"]


def _settled(value: Any) -> Any:
    if isinstance(value, dict):
        settled = {key: _settled(item) for key, item in value.items() if key not in VOLATILE}
        return {key: item for key, item in settled.items() if item not in (None, [])}
    if isinstance(value, list):
        return sorted(
            (_settled(item) for item in value), key=lambda item: json.dumps(item, default=str, sort_keys=True)
        )
    return value
