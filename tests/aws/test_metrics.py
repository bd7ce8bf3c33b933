"""CloudWatch as gates ask it, over HTTP."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from edgewright.aws import metrics
from edgewright.aws.session import Session, Settings, session
from edgewright.documents import deploy_policy, naming
from edgewright.sandbox.control import Sandbox
from tests.helpers import places

NAME = {"namespace": "edgewright/line", "name": "Accuracy", "dimensions": {"ring": "canary"}}


@pytest.fixture
def here(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Session:
    """The session of a stage through its deploy role, with the very policy that the role has."""
    session.cache_clear()
    for name, value in sandbox.aws_environment().items():
        monkeypatch.setenv(name, value)
    iam = sandbox.client("iam", "staging")
    role = naming.deploy_role("staging")
    allow = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{places.TOOLING}:root"}, "Action": "sts:AssumeRole"}
    document = {"Version": "2012-10-17", "Statement": [allow]}
    iam.create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps(document))
    rights = json.dumps(deploy_policy.deploy_role(places.stage("staging")))
    iam.put_role_policy(RoleName=role, PolicyName="deploy", PolicyDocument=rights)
    return session(Settings(region="eu-west-1", role_arn=naming.role_arn(places.STAGING, role)))


def publish(sandbox: Sandbox, *values: tuple[timedelta, float]) -> None:
    sandbox.client("cloudwatch", "staging").put_metric_data(
        Namespace="edgewright/line",
        MetricData=[
            {
                "MetricName": "Accuracy",
                "Dimensions": [{"Name": "ring", "Value": "canary"}],
                "Timestamp": datetime.now(UTC) - age,
                "Value": value,
            }
            for age, value in values
        ],
    )


def asked(here: Session, statistic: str, span: timedelta = timedelta(hours=1), **changes: Any) -> float | None:
    end = datetime.now(UTC)
    return metrics.statistic(here, **{**NAME, **changes}, statistic=statistic, begin=end - span, end=end)


def test_a_statistic_is_of_the_whole_time_and_of_nothing_before_it(sandbox: Sandbox, here: Session) -> None:
    """Three samples in one minute and one in another: the average is of the samples, not of the minutes."""
    minutes = [timedelta(minutes=each) for each in (10, 10, 10, 40, 90)]
    publish(sandbox, *zip(minutes, (0.9, 0.9, 0.9, 0.5, 0.1), strict=True))
    found = {each: asked(here, each) for each in ("Average", "Sum", "Minimum", "Maximum", "SampleCount")}
    assert found == {
        "Average": pytest.approx(0.8), "Sum": pytest.approx(3.2), "Minimum": 0.5, "Maximum": 0.9, "SampleCount": 4,
    }  # fmt: skip
    assert asked(here, "Minimum", timedelta(hours=2)) == 0.1


def test_no_data_is_none_and_not_zero(sandbox: Sandbox, here: Session) -> None:
    publish(sandbox, (timedelta(minutes=10), 0.9))
    assert asked(here, "Average", dimensions={"ring": "main"}) is None
    assert asked(here, "Average", timedelta(minutes=5)) is None


def test_states_of_alarms_come_by_name_and_missing_ones_are_not_there(sandbox: Sandbox, here: Session) -> None:
    cloudwatch = sandbox.client("cloudwatch", "staging")
    for name in ("hot", "quiet"):
        cloudwatch.put_metric_alarm(
            AlarmName=name, MetricName="Accuracy", Namespace="edgewright/line", Statistic="Average", Period=60,
            EvaluationPeriods=1, Threshold=0.5, ComparisonOperator="LessThanThreshold",
        )  # fmt: skip
    cloudwatch.set_alarm_state(AlarmName="hot", StateValue="ALARM", StateReason="88 degrees")
    cloudwatch.set_alarm_state(AlarmName="quiet", StateValue="OK", StateReason="all quiet")
    assert metrics.alarm_states(here, ["hot", "quiet", "gone"]) == {
        "hot": ("ALARM", "88 degrees"),
        "quiet": ("OK", "all quiet"),
    }
