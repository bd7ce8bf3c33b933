"""Alarms on what AWS's services measure of themselves: judged by data, and told to their topics."""

from __future__ import annotations

import json
from typing import Any

import pytest

from edgewright.sandbox.control import Sandbox
from tests.sandbox.waiting import until

STAGE, ACCOUNT = "staging", "222222222222"
TOPIC = f"arn:aws:sns:eu-west-1:{ACCOUNT}:alarms"


@pytest.fixture
def heard(sandbox: Sandbox) -> Any:
    """A topic that CloudWatch may publish to, and what its subscriber heard."""
    sns, sqs = sandbox.client("sns", STAGE), sandbox.client("sqs", STAGE)
    sns.create_topic(Name="alarms")
    let(sns, "cloudwatch.amazonaws.com")
    url = sqs.create_queue(QueueName="mails")["QueueUrl"]
    sns.subscribe(TopicArn=TOPIC, Protocol="sqs", Endpoint=f"arn:aws:sqs:eu-west-1:{ACCOUNT}:mails")

    def told() -> list[dict[str, Any]]:
        messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        return [json.loads(json.loads(each["Body"])["Message"]) for each in messages]

    return told


def let(sns: Any, service: str) -> None:
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sns:Publish", "Resource": TOPIC}
    statement["Condition"] = {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sns.set_topic_attributes(TopicArn=TOPIC, AttributeName="Policy", AttributeValue=policy)


def depth(sandbox: Sandbox, name: str = "depth", **changes: Any) -> Any:
    """An alarm on a queue that should be empty."""
    cloudwatch = sandbox.client("cloudwatch", STAGE)
    alarm = {
        "AlarmName": name,
        "Namespace": "AWS/SQS",
        "MetricName": "ApproximateNumberOfMessagesVisible",
        "Dimensions": [{"Name": "QueueName", "Value": "letters"}],
        "Statistic": "Maximum",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 1,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "TreatMissingData": "notBreaching",
        "AlarmActions": [TOPIC],
        "OKActions": [TOPIC],
        **changes,
    }
    cloudwatch.put_metric_alarm(**alarm)
    return cloudwatch


def state(cloudwatch: Any, name: str = "depth") -> str:
    (alarm,) = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
    return str(alarm["StateValue"])


def test_an_alarm_goes_up_and_down_and_tells_its_topic(sandbox: Sandbox, heard: Any) -> None:
    sqs = sandbox.client("sqs", STAGE)
    letters = sqs.create_queue(QueueName="letters")["QueueUrl"]
    cloudwatch = depth(sandbox)
    sqs.send_message(QueueUrl=letters, MessageBody="x")
    until(lambda: state(cloudwatch) == "ALARM")
    (up,) = heard()
    assert (up["AlarmName"], up["OldStateValue"], up["NewStateValue"]) == ("depth", "OK", "ALARM")
    assert up["Trigger"]["Dimensions"] == [{"name": "QueueName", "value": "letters"}]
    sqs.purge_queue(QueueUrl=letters)
    until(lambda: state(cloudwatch) == "OK")
    assert [each["NewStateValue"] for each in heard()] == ["OK"]


def test_a_topic_that_does_not_let_cloudwatch_hears_nothing(sandbox: Sandbox, heard: Any) -> None:
    let(sandbox.client("sns", STAGE), "events.amazonaws.com")
    sqs = sandbox.client("sqs", STAGE)
    letters = sqs.create_queue(QueueName="letters")["QueueUrl"]
    cloudwatch = depth(sandbox)
    sqs.send_message(QueueUrl=letters, MessageBody="x")
    until(lambda: state(cloudwatch) == "ALARM")
    assert heard() == []


def test_missing_data_count_as_the_alarm_says(sandbox: Sandbox, heard: Any) -> None:
    cloudwatch = depth(sandbox, "breaching", TreatMissingData="breaching")
    depth(sandbox, "missing", TreatMissingData="missing")
    depth(sandbox, "ignored", TreatMissingData="ignore")
    until(lambda: state(cloudwatch, "breaching") == "ALARM")
    until(lambda: state(cloudwatch, "missing") == "INSUFFICIENT_DATA")
    assert state(cloudwatch, "ignored") == "OK"


def test_an_alarm_on_a_metric_of_ones_own_keeps_the_state_that_it_is_given(sandbox: Sandbox, heard: Any) -> None:
    cloudwatch = depth(sandbox, "own", Namespace="mine", MetricName="m")
    cloudwatch.set_alarm_state(AlarmName="own", StateValue="ALARM", StateReason="said")
    depth(sandbox, "other", TreatMissingData="breaching")
    until(lambda: state(cloudwatch, "other") == "ALARM")
    assert state(cloudwatch, "own") == "ALARM"
