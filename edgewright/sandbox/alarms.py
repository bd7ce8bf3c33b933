"""What AWS's own services measure of themselves, and the alarms on it.

Functions, rules and queues have the metrics that their services publish, and an alarm on one of them is judged as
CloudWatch does: periods of data against the threshold, a change of state published to the alarm's topics when the
topic's policy lets CloudWatch. Alarms on anything else keep the state that SetAlarmState gives them.

Source: CloudWatch user guide, "Using Amazon CloudWatch alarms" and "How CloudWatch alarms treat missing data".
"""

from __future__ import annotations

import json
import logging
import operator
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from edgewright.sandbox.authorization import decide
from edgewright.sandbox.authorization.policy import Effect, Request, Who, judge_resource

log = logging.getLogger("edgewright.sandbox")
SERVICE = "cloudwatch.amazonaws.com"
NAMESPACES = frozenset({"AWS/Lambda", "AWS/Events", "AWS/SQS"})
_DEPTH = "ApproximateNumberOfMessagesVisible"
_PAUSE = 1.0  # seconds of the machine between two looks at every alarm
_OPERATORS: Mapping[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}
_STATISTICS: Mapping[str, Callable[[list[float]], float]] = {
    "Sum": sum,
    "Average": lambda values: sum(values) / len(values),
    "Minimum": min,
    "Maximum": max,
    "SampleCount": lambda values: float(len(values)),
}
_looked = 0.0


def record(
    account: str, region: str, namespace: str, metric: str, *, dimensions: Mapping[str, str], value: float
) -> None:
    """Publish a metric of a service, and judge the alarms on it. Call with the lock held."""
    from moto.cloudwatch.models import cloudwatch_backends  # noqa: PLC0415 -- moto loads a service when it is used

    named = [{"Name": name, "Value": each} for name, each in dimensions.items()]
    now = datetime.now(UTC).replace(tzinfo=None)  # moto compares it with times that have no zone
    datum = {"MetricName": metric, "Value": value, "Dimensions": named, "Timestamp": now}
    backend = cloudwatch_backends[account][region]
    backend.put_metric_data(namespace, [datum])
    for alarm in _judged(backend):
        if (alarm.namespace, alarm.metric_name) == (namespace, metric):
            _judge(backend, alarm)


def tick() -> None:
    """Judge every alarm anew, about once a second: data grows old, and queues fill and empty."""
    global _looked  # noqa: PLW0603 -- one clock for all worlds of the process
    found: Any = sys.modules.get("moto.cloudwatch.models")
    if found is None or time.monotonic() - _looked < _PAUSE:
        return
    _looked = time.monotonic()
    for regions in list(found.cloudwatch_backends.values()):
        for backend in list(regions.values()):
            for alarm in _judged(backend):
                _judge(backend, alarm)


def _judged(backend: Any) -> Iterator[Any]:
    for alarm in list(backend.alarms.values()):
        if alarm.namespace in NAMESPACES and not alarm.metric_data_queries and not alarm.rule:
            yield alarm


def _judge(backend: Any, alarm: Any) -> None:
    compare = _OPERATORS.get(alarm.comparison_operator)
    summarise = _STATISTICS.get(alarm.statistic)
    if compare is None or summarise is None:
        return
    points = [_statistic(values, summarise) for values in _periods(backend, alarm)]
    missing = {"breaching": True, "notBreaching": False}.get(alarm.treat_missing_data or "missing")
    breaching = [missing if point is None else compare(point, float(alarm.threshold)) for point in points]
    wanted = int(alarm.datapoints_to_alarm or alarm.evaluation_periods)
    if breaching.count(True) >= wanted:
        state = "ALARM"
    elif all(each is None for each in breaching):
        state = alarm.state_value if alarm.treat_missing_data == "ignore" else "INSUFFICIENT_DATA"
    else:
        state = "OK"
    if state != alarm.state_value:
        last = next((point for point in points if point is not None), None)
        _change(backend, alarm, state, last)


def _statistic(values: list[float], summarise: Callable[[list[float]], float]) -> float | None:
    return summarise(values) if values else None


def _periods(backend: Any, alarm: Any) -> list[list[float]]:
    """The values of each of the alarm's periods, the newest first, counted back from now."""
    periods = int(alarm.evaluation_periods)
    wanted = {each.name: each.value for each in alarm.dimensions}
    if (alarm.namespace, alarm.metric_name) == ("AWS/SQS", _DEPTH):
        depth = _depth(backend, wanted.get("QueueName", ""))
        return [[] if depth is None else [depth] for _ in range(periods)]
    now = datetime.now(UTC)
    found: list[list[float]] = [[] for _ in range(periods)]
    for datum in backend.metric_data:
        if datum.name != alarm.metric_name or datum.namespace != alarm.namespace:
            continue
        if {each.name: each.value for each in datum.dimensions} != wanted:
            continue
        moment = datum.timestamp if datum.timestamp.tzinfo else datum.timestamp.replace(tzinfo=UTC)
        number = (now - moment) // timedelta(seconds=float(alarm.period))
        if 0 <= number < periods:
            found[number].append(float(datum.value))
    return found


def _depth(backend: Any, name: str) -> float | None:
    from moto.sqs.models import sqs_backends  # noqa: PLC0415 -- moto loads a service when it is used

    queue = sqs_backends[backend.account_id][backend.region_name].queues.get(name)
    return None if queue is None else float(queue.approximate_number_of_messages)


def _change(backend: Any, alarm: Any, state: str, point: float | None) -> None:
    before = alarm.state_value
    saw = "no datapoints" if point is None else f"1 datapoint [{point}]"
    reason = f"Threshold Crossed: {saw} against the threshold ({alarm.threshold}): {before} -> {state}."
    alarm.update_state(reason, json.dumps({"version": "1.0", "recentDatapoints": [point]}), state)
    log.info("alarm %s: %s", alarm.name, reason)
    if not alarm.actions_enabled:
        return
    actions = {"ALARM": alarm.alarm_actions, "OK": alarm.ok_actions}.get(state, alarm.insufficient_data_actions)
    for action in actions or ():
        _tell(backend, alarm, action, before)


def _tell(backend: Any, alarm: Any, topic_arn: str, before: str) -> None:
    from moto.sns.models import sns_backends  # noqa: PLC0415 -- moto loads a service when it is used

    parts = topic_arn.split(":")
    if len(parts) != 6 or parts[2] != "sns":
        return
    topic = sns_backends[parts[4]][parts[3]].topics.get(topic_arn)
    if topic is None or not _may_publish(topic, alarm, backend.account_id):
        log.info("alarm %s may not publish to %s", alarm.name, topic_arn)
        return
    message = {
        "AlarmName": alarm.name,
        "AlarmDescription": alarm.description,
        "AWSAccountId": backend.account_id,
        "AlarmArn": alarm.alarm_arn,
        "NewStateValue": alarm.state_value,
        "NewStateReason": alarm.state_reason,
        "OldStateValue": before,
        "StateChangeTime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000"),
        "Region": backend.region_name,
        "Trigger": {
            "MetricName": alarm.metric_name,
            "Namespace": alarm.namespace,
            "Statistic": alarm.statistic.upper(),
            "Dimensions": [{"name": each.name, "value": each.value} for each in alarm.dimensions],
            "Period": int(alarm.period),
            "EvaluationPeriods": int(alarm.evaluation_periods),
            "ComparisonOperator": alarm.comparison_operator,
            "Threshold": float(alarm.threshold),
        },
    }
    topic.publish(json.dumps(message), subject=f'{alarm.state_value}: "{alarm.name}" in {backend.region_name}')


def _may_publish(topic: Any, alarm: Any, account: str) -> bool:
    keys = {**decide.global_keys(), "aws:SourceArn": alarm.alarm_arn, "aws:SourceAccount": account}
    request = Request("sns:Publish", topic.arn, keys)
    return judge_resource(topic.policy, request, Who(service=SERVICE))[0] is Effect.ALLOW
