"""Amazon SNS and Amazon SQS: topics, who hears of them, queues, and the policies of both.

Longer than other modules, because it is a table: a row for each type, a line for each property that differs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edgewright.canonical import canonical_json
from edgewright.standin import policies
from edgewright.standin.diff import Shape
from edgewright.standin.model import Property, Values
from edgewright.standin.names import AutoName
from edgewright.standin.rules import arn, between, json_text, matches, one_of
from edgewright.standin.table import ID, Call, Change, Read, Row, Tagging
from edgewright.standin.tags import listed, mapped

_TOPIC = {"TopicArn": ID}
_QUEUE = {"QueueUrl": ID}
_NO_TOPIC = frozenset({"NotFound", "NotFoundException"})
_NO_QUEUE = frozenset({"AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"})
_TOPIC_ATTRIBUTES = {
    "deliveryPolicy": "DeliveryPolicy",
    "displayName": "DisplayName",
    "kmsMasterKeyId": "KmsMasterKeyId",
    "policy": "Policy",
    "signatureVersion": "SignatureVersion",
    "tracingConfig": "TracingConfig",
}
_SUBSCRIPTION_ATTRIBUTES = {
    "deliveryPolicy": "DeliveryPolicy",
    "filterPolicy": "FilterPolicy",
    "filterPolicyScope": "FilterPolicyScope",
    "rawMessageDelivery": "RawMessageDelivery",
    "redrivePolicy": "RedrivePolicy",
}
_QUEUE_ATTRIBUTES = {
    "delaySeconds": "DelaySeconds",
    "kmsDataKeyReusePeriodSeconds": "KmsDataKeyReusePeriodSeconds",
    "kmsMasterKeyId": "KmsMasterKeyId",
    "maxMessageSize": "MaximumMessageSize",
    "messageRetentionSeconds": "MessageRetentionPeriod",
    "policy": "Policy",
    "receiveWaitTimeSeconds": "ReceiveMessageWaitTimeSeconds",
    "redriveAllowPolicy": "RedriveAllowPolicy",
    "redrivePolicy": "RedrivePolicy",
    "sqsManagedSseEnabled": "SqsManagedSseEnabled",
    "visibilityTimeoutSeconds": "VisibilityTimeout",
}

SNS_TAGS = Tagging(
    given=listed,
    found=lambda tags: mapped(tags or ()),
    read=Read("list_tags_for_resource", {"ResourceArn": ID}, at="Tags"),
    put=Call("tag_resource", {"ResourceArn": ID, "Tags": lambda values: values["put"]}),
    remove=Call("untag_resource", {"ResourceArn": ID, "TagKeys": lambda values: values["gone"]}),
)
SQS_TAGS = Tagging(
    given=dict,
    found=lambda tags: dict(tags or {}),
    read=Read("list_queue_tags", _QUEUE, at="Tags"),
    put=Call("tag_queue", {**_QUEUE, "Tags": lambda values: values["put"]}),
    remove=Call("untag_queue", {**_QUEUE, "TagKeys": lambda values: values["gone"]}),
)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _attributes(names: Mapping[str, str], values: Values) -> dict[str, str]:
    """Return the attributes that the program names."""
    return {theirs: _text(values[ours]) for ours, theirs in names.items() if values.get(ours) not in (None, "")}


def _one(operation: str, identity: Mapping[str, str], ours: str, theirs: str, *, too: bool, blank: str = "") -> Change:
    """Return the change of one attribute; SNS takes one at a time."""
    return Change(
        operation,
        {**identity, "AttributeName": lambda _: theirs, "AttributeValue": lambda v: _text(v.get(ours) or blank)},
        blank={"AttributeValue": blank},
        of=frozenset({ours}),
        too=too,
    )


def _queue_blank(values: Values) -> dict[str, str]:
    """Return the attributes that changed; a key that is taken away is set to nothing, as what is not sent stays."""
    changed = {ours: theirs for ours, theirs in _QUEUE_ATTRIBUTES.items() if ours in values["changed"]}
    blank = {"KmsMasterKeyId": ""} if "kmsMasterKeyId" in changed else {}
    return {**blank, **_attributes(changed, values)}


def _owner(_: Any, found: Values) -> Values:
    return {"owner": found[ID].split(":")[4]}


def _known_of_queue(_: Any, found: Values) -> Values:
    # a queue without a key of its own has no period; the real provider shows the usual one
    period = found["kmsDataKeyReusePeriodSeconds"] or 300
    return {"kmsDataKeyReusePeriodSeconds": period, "name": found[ID].rpartition("/")[2], "url": found[ID]}


def _policy_of_queue(answer: Mapping[str, Any], _: Values) -> Any:
    return answer.get("Attributes") if answer.get("Attributes", {}).get("Policy") else None


def _default_policy(topic: str) -> str:
    """Return the policy that SNS gives to a new topic: everything, to those of the topic's own account."""
    names = ("GetTopicAttributes", "SetTopicAttributes", "AddPermission", "RemovePermission", "DeleteTopic")
    more = ("Subscribe", "ListSubscriptionsByTopic", "Publish")
    statement = {
        "Sid": "__default_statement_ID",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": [f"SNS:{name}" for name in (*names, *more)],
        "Resource": topic,
        "Condition": {"StringEquals": {"AWS:SourceOwner": topic.split(":")[4]}},
    }
    return canonical_json({"Version": "2008-10-17", "Id": "__default_policy_ID", "Statement": [statement]})


TYPES = (
    Row(
        "aws:sns/topic:Topic",
        service="sns",
        what="topic",
        named="name",
        identity=lambda answer, _: str(answer["TopicArn"]),
        create_call=Call("create_topic", {"Name": "name", "Tags": SNS_TAGS.create}),
        reads=(
            Read(
                "get_topic_attributes",
                _TOPIC,
                at="Attributes",
                absent=_NO_TOPIC,
                outputs={"arn": "TopicArn", "owner": "Owner", **_TOPIC_ATTRIBUTES},
            ),
        ),
        changes=tuple(
            _one("set_topic_attributes", _TOPIC, ours, theirs, too=True) for ours, theirs in _TOPIC_ATTRIBUTES.items()
        ),
        delete_call=Call("delete_topic", _TOPIC, absent=_NO_TOPIC),
        fixed=lambda _, found: {"name": found[ID].rpartition(":")[2]},
        tagging=SNS_TAGS,
    ).serves(
        {
            **{name: Property() for name in _TOPIC_ATTRIBUTES},
            "deliveryPolicy": Property(rules=(json_text,)),
            "name": Property(replace=True, rules=(matches(r"[A-Za-z0-9_-]{1,256}", hint="letters, digits, - and _"),)),
            "policy": Property(rules=(json_text,)),
            "tags": Property(),
            "tracingConfig": Property(rules=(one_of("Active", "PassThrough"),)),
        },
        shape=Shape(
            computed=frozenset({"policy", "signatureVersion", "tracingConfig"}),
            documents={"deliveryPolicy": policies.same_json, "policy": policies.same_policy},
        ),
        auto_name=AutoName("name", 256),
    ),
    Row(
        "aws:sns/topicPolicy:TopicPolicy",
        service="sns",
        what="policy of the topic",
        named="arn",
        identity="arn",
        create_call=Call(
            "set_topic_attributes",
            {"TopicArn": "arn", "AttributeName": lambda _: "Policy", "AttributeValue": "policy"},
        ),
        reads=(
            Read(
                "get_topic_attributes",
                _TOPIC,
                at="Attributes",
                absent=_NO_TOPIC,
                outputs={"arn": "TopicArn", "policy": "Policy"},
            ),
        ),
        changes=(
            Change(
                "set_topic_attributes",
                {**_TOPIC, "AttributeName": lambda _: "Policy", "AttributeValue": "policy"},
                of=frozenset({"policy"}),
            ),
        ),
        # a topic is never without a policy: it gets back the one that AWS gives to a new one
        delete_call=Call(
            "set_topic_attributes",
            {
                **_TOPIC,
                "AttributeName": lambda _: "Policy",
                "AttributeValue": lambda values: _default_policy(values[ID]),
            },
            absent=_NO_TOPIC,
        ),
        fixed=_owner,
    ).serves(
        {"arn": Property(replace=True, rules=(arn,)), "policy": Property(rules=(json_text,))},
        shape=Shape(documents={"policy": policies.same_policy}),
    ),
    Row(
        "aws:sns/topicSubscription:TopicSubscription",
        service="sns",
        what="subscription to the topic",
        named="topic",
        identity=lambda answer, _: str(answer["SubscriptionArn"]),
        create_call=Call(
            "subscribe",
            {
                "Attributes": lambda values: _attributes(_SUBSCRIPTION_ATTRIBUTES, values),
                "Endpoint": "endpoint",
                "Protocol": "protocol",
                "ReturnSubscriptionArn": lambda _: True,
                "TopicArn": "topic",
            },
        ),
        reads=(
            Read(
                "get_subscription_attributes",
                {"SubscriptionArn": ID},
                at="Attributes",
                absent=_NO_TOPIC,
                outputs={
                    **_SUBSCRIPTION_ATTRIBUTES,
                    "arn": "SubscriptionArn",
                    "confirmationWasAuthenticated": lambda each: each.get("ConfirmationWasAuthenticated") == "true",
                    "endpoint": "Endpoint",
                    "ownerId": "Owner",
                    "pendingConfirmation": lambda each: each.get("PendingConfirmation") == "true",
                    "protocol": "Protocol",
                    "topic": "TopicArn",
                },
            ),
        ),
        changes=tuple(
            _one(
                "set_subscription_attributes",
                {"SubscriptionArn": ID},
                ours,
                theirs,
                too=False,
                blank="{}" if ours.endswith("Policy") else "false" if ours == "rawMessageDelivery" else "",
            )
            for ours, theirs in _SUBSCRIPTION_ATTRIBUTES.items()
        ),
        delete_call=Call("unsubscribe", {"SubscriptionArn": ID}, absent=_NO_TOPIC),
    ).serves(
        {
            **{name: Property() for name in _SUBSCRIPTION_ATTRIBUTES},
            "confirmationTimeoutInMinutes": Property(default=1, held=False),
            "endpoint": Property(replace=True),
            "endpointAutoConfirms": Property(kept=False),
            "filterPolicy": Property(rules=(json_text,)),
            "filterPolicyScope": Property(rules=(one_of("MessageAttributes", "MessageBody"),)),
            "protocol": Property(
                replace=True,
                rules=(
                    one_of("application", "email-json", "email", "firehose", "http", "https", "lambda", "sms", "sqs"),
                ),
            ),
            "topic": Property(replace=True, rules=(arn,)),
        },
        shape=Shape(
            computed=frozenset({"filterPolicyScope"}),
            documents={
                "filterPolicy": policies.same_json,
                "deliveryPolicy": policies.same_json,
                "redrivePolicy": policies.same_json,
            },
        ),
    ),
    Row(
        "aws:sqs/queue:Queue",
        service="sqs",
        what="queue",
        named="name",
        identity=lambda answer, _: str(answer["QueueUrl"]),
        create_call=Call(
            "create_queue",
            {
                "Attributes": lambda values: _attributes(_QUEUE_ATTRIBUTES, values),
                "QueueName": "name",
                "tags": SQS_TAGS.create,
            },
        ),
        reads=(
            Read(
                "get_queue_attributes",
                {**_QUEUE, "AttributeNames": lambda _: ["All"]},
                at="Attributes",
                absent=_NO_QUEUE,
                outputs={"arn": "QueueArn", **_QUEUE_ATTRIBUTES},
            ),
        ),
        changes=(
            Change(
                "set_queue_attributes",
                {**_QUEUE, "Attributes": _queue_blank},
                of=frozenset(_QUEUE_ATTRIBUTES),
            ),
        ),
        delete_call=Call("delete_queue", _QUEUE, absent=_NO_QUEUE),
        fixed=_known_of_queue,
        tagging=SQS_TAGS,
    ).serves(
        {
            **{name: Property() for name in _QUEUE_ATTRIBUTES},
            "delaySeconds": Property(rules=(between(0, 900),)),
            "maxMessageSize": Property(default=262144, rules=(between(1024, 1048576),)),
            "messageRetentionSeconds": Property(default=345600, rules=(between(60, 1209600),)),
            "name": Property(replace=True),
            "policy": Property(rules=(json_text,)),
            "receiveWaitTimeSeconds": Property(rules=(between(0, 20),)),
            "redriveAllowPolicy": Property(rules=(json_text,)),
            "redrivePolicy": Property(rules=(json_text,)),
            "tags": Property(),
            "visibilityTimeoutSeconds": Property(default=30, rules=(between(0, 43200),)),
        },
        shape=Shape(
            computed=frozenset(
                {
                    "kmsDataKeyReusePeriodSeconds",
                    "policy",
                    "redriveAllowPolicy",
                    "redrivePolicy",
                    "sqsManagedSseEnabled",
                }
            ),
            documents={
                "policy": policies.same_policy,
                "redriveAllowPolicy": policies.same_json,
                "redrivePolicy": policies.same_json,
            },
        ),
        auto_name=AutoName("name", 80),
    ),
    Row(
        "aws:sqs/queuePolicy:QueuePolicy",
        service="sqs",
        what="policy of the queue",
        named="queueUrl",
        identity="queueUrl",
        create_call=Call(
            "set_queue_attributes",
            {"QueueUrl": "queueUrl", "Attributes": lambda values: {"Policy": policies.plain(values["policy"])}},
        ),
        reads=(
            Read(
                "get_queue_attributes",
                {**_QUEUE, "AttributeNames": lambda _: ["Policy"]},
                at=_policy_of_queue,
                absent=_NO_QUEUE,
                outputs={"policy": "Policy"},
            ),
        ),
        changes=(
            Change(
                "set_queue_attributes",
                {**_QUEUE, "Attributes": lambda values: {"Policy": policies.plain(values["policy"])}},
                of=frozenset({"policy"}),
            ),
        ),
        delete_call=Call("set_queue_attributes", {**_QUEUE, "Attributes": lambda _: {"Policy": ""}}, absent=_NO_QUEUE),
        fixed=lambda _, found: {"queueUrl": found[ID]},
    ).serves(
        {"policy": Property(rules=(json_text,)), "queueUrl": Property(replace=True)},
        shape=Shape(documents={"policy": policies.same_policy}),
    ),
)
