"""CloudWatch, as far as gates ask: a metric over a time, and the state of alarms."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from edgewright.aws.session import Session

_MOST_POINTS = 1440
"""Of one answer of GetMetricStatistics."""
_ALARMS = 100
"""Names that DescribeAlarms takes at once."""


def statistic(
    session: Session,
    *,
    namespace: str,
    name: str,
    dimensions: Mapping[str, str],
    statistic: str,
    begin: datetime,
    end: datetime,
) -> float | None:
    """Return one statistic of a metric over all of a time; None when there is no data in it.

    CloudWatch cuts a time into periods that begin at round times; what they say is put together as the statistic
    wants it: an average is weighted by the number of samples.

    Raises:
        AwsError: AWS said no, or could not be asked.
    """
    seconds = max((end - begin).total_seconds(), 60)
    period = 60 * max(1, math.ceil(seconds / (_MOST_POINTS - 2) / 60))
    answer = session.call(
        "cloudwatch",
        "get_metric_statistics",
        doing=f"read the metric {name} of {namespace}",
        Namespace=namespace,
        MetricName=name,
        Dimensions=[{"Name": key, "Value": value} for key, value in sorted(dimensions.items())],
        StartTime=begin,
        EndTime=end,
        Period=period,
        Statistics=list(dict.fromkeys([statistic, "SampleCount"])),
    )
    points: Sequence[Mapping[str, Any]] = answer.get("Datapoints", ())
    if not points:
        return None
    values = [float(point[statistic]) for point in points]
    if statistic in ("Sum", "SampleCount"):
        return sum(values)
    if statistic in ("Minimum", "Maximum"):
        return min(values) if statistic == "Minimum" else max(values)
    samples = [float(point["SampleCount"]) for point in points]
    return sum(value * count for value, count in zip(values, samples, strict=True)) / sum(samples)


def alarm_states(session: Session, names: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Return the state (OK, ALARM, INSUFFICIENT_DATA) and its reason of alarms by name; what is missing is not there.

    Raises:
        AwsError: AWS said no, or could not be asked.
    """
    found = {}
    for begin in range(0, len(names), _ALARMS):
        answer = session.call(
            "cloudwatch",
            "describe_alarms",
            doing="read the states of alarms",
            AlarmNames=list(names[begin : begin + _ALARMS]),
            AlarmTypes=["MetricAlarm", "CompositeAlarm"],
        )
        for alarm in [*answer.get("MetricAlarms", ()), *answer.get("CompositeAlarms", ())]:
            found[alarm["AlarmName"]] = (str(alarm["StateValue"]), str(alarm.get("StateReason") or ""))
    return found
