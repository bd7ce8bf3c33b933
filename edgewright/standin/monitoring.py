"""Amazon CloudWatch: alarms and dashboards; and log groups of CloudWatch Logs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edgewright.standin import policies
from edgewright.standin.diff import Shape
from edgewright.standin.forms import from_aws
from edgewright.standin.model import Property, Values
from edgewright.standin.names import AutoName
from edgewright.standin.rules import arn, at_least, json_text, length, matches, one_of, one_of_numbers
from edgewright.standin.table import ID, Call, Change, Read, Row, Source, Tagging
from edgewright.standin.tags import listed, mapped

_LONGEST = 255
_ALARM = {
    "actionsEnabled": "ActionsEnabled",
    "alarmActions": "AlarmActions",
    "alarmDescription": "AlarmDescription",
    "comparisonOperator": "ComparisonOperator",
    "datapointsToAlarm": "DatapointsToAlarm",
    "evaluateLowSampleCountPercentiles": "EvaluateLowSampleCountPercentile",
    "evaluationPeriods": "EvaluationPeriods",
    "extendedStatistic": "ExtendedStatistic",
    "insufficientDataActions": "InsufficientDataActions",
    "metricName": "MetricName",
    "namespace": "Namespace",
    "okActions": "OKActions",
    "period": "Period",
    "statistic": "Statistic",
    "threshold": "Threshold",
    "thresholdMetricId": "ThresholdMetricId",
    "treatMissingData": "TreatMissingData",
    "unit": "Unit",
}
_DAYS = (0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)
"""The days for which CloudWatch Logs can keep what it gets; 0 is for ever."""


def _dimensions(given: Mapping[str, str] | None) -> list[dict[str, str]]:
    return [{"Name": name, "Value": value} for name, value in sorted((given or {}).items())]


def _dimensioned(found: Any) -> dict[str, str]:
    return {each["Name"]: each["Value"] for each in found or ()}


def _queries(values: Values) -> list[Values]:
    """Return the metric queries; an expression and a metric exclude one another."""
    queries = []
    for query in values.get("metricQueries") or ():
        members = {"Expression": "expression", "Label": "label", "Period": "period", "AccountId": "accountId"}
        wanted = {theirs: query[ours] for theirs, ours in members.items() if query.get(ours)}
        metric = query.get("metric")
        if metric:
            about = {
                "MetricName": metric["metricName"],
                "Namespace": metric.get("namespace"),
                "Dimensions": _dimensions(metric.get("dimensions")),
            }
            stat = {
                "Metric": {name: value for name, value in about.items() if value},
                "Period": metric["period"],
                "Stat": metric["stat"],
                "Unit": metric.get("unit"),
            }
            wanted["MetricStat"] = {name: value for name, value in stat.items() if value}
        queries.append({"Id": query["id"], "ReturnData": bool(query.get("returnData")), **wanted})
    return queries


def _listed(member: str) -> Any:
    """Return what reads a list of actions; the real provider has none for an empty one."""
    return lambda alarm: list(alarm.get(member) or ()) or None


def _queried(alarm: Mapping[str, Any]) -> list[Values]:
    return [
        {
            **from_aws("#MetricAlarmMetricQuery", {**query, "Metric": _metric(query.get("MetricStat"))}),
            "returnData": bool(query.get("ReturnData")),
        }
        for query in alarm.get("Metrics", ())
    ]


def _metric(stat: Any) -> Any:
    if not stat:
        return None
    metric = stat["Metric"]
    return {**metric, **stat, "Dimensions": _dimensioned(metric.get("Dimensions"))}


def _group(answer: Mapping[str, Any], found: Values) -> Any:
    return next((each for each in answer["logGroups"] if each["logGroupName"] == found[ID]), None)


_ALARM_TAGS = Tagging(
    given=listed,
    found=lambda tags: mapped(tags or ()),
    read=Read("list_tags_for_resource", {"ResourceARN": "arn"}, at="Tags"),
    put=Call("tag_resource", {"ResourceARN": "arn", "Tags": lambda values: values["put"]}),
    remove=Call("untag_resource", {"ResourceARN": "arn", "TagKeys": lambda values: values["gone"]}),
)
_LOG_TAGS = Tagging(
    given=dict,
    found=lambda tags: dict(tags or {}),
    read=Read("list_tags_for_resource", {"resourceArn": "arn"}, at="tags"),
    put=Call("tag_resource", {"resourceArn": "arn", "tags": lambda values: values["put"]}),
    remove=Call("untag_resource", {"resourceArn": "arn", "tagKeys": lambda values: values["gone"]}),
)
_PUT_ALARM: dict[str, Source] = {
    **{theirs: ours for ours, theirs in _ALARM.items()},
    "AlarmName": "name",
    "Dimensions": lambda values: _dimensions(values.get("dimensions")),
    "Metrics": _queries,
}
_GROUP = {"logGroupName": ID}

TYPES = (
    Row(
        "aws:cloudwatch/metricAlarm:MetricAlarm",
        service="cloudwatch",
        what="alarm",
        named="name",
        identity="name",
        create_call=Call("put_metric_alarm", {**_PUT_ALARM, "Tags": _ALARM_TAGS.create}),
        reads=(
            Read(
                "describe_alarms",
                {"AlarmNames": lambda values: [values[ID]]},
                at="MetricAlarms.0",
                outputs={
                    **_ALARM,
                    "arn": "AlarmArn",
                    "dimensions": lambda alarm: _dimensioned(alarm.get("Dimensions")),
                    "metricQueries": _queried,
                    "name": "AlarmName",
                    **{name: _listed(theirs) for name, theirs in _ALARM.items() if theirs.endswith("Actions")},
                },
            ),
        ),
        changes=(Change("put_metric_alarm", _PUT_ALARM, of=frozenset({*_ALARM, "dimensions", "metricQueries"})),),
        delete_call=Call("delete_alarms", {"AlarmNames": lambda values: [values[ID]]}),
        tagging=_ALARM_TAGS,
    ).serves(
        {
            **{name: Property() for name in _ALARM},
            "actionsEnabled": Property(default=True),
            "alarmDescription": Property(rules=(length(0, 1024),)),
            "comparisonOperator": Property(
                rules=(
                    one_of(
                        "GreaterThanOrEqualToThreshold",
                        "GreaterThanThreshold",
                        "LessThanThreshold",
                        "LessThanOrEqualToThreshold",
                        "LessThanLowerOrGreaterThanUpperThreshold",
                        "LessThanLowerThreshold",
                        "GreaterThanUpperThreshold",
                    ),
                )
            ),
            "datapointsToAlarm": Property(rules=(at_least(1),)),
            "dimensions": Property(),
            "evaluationPeriods": Property(rules=(at_least(1),)),
            "metricName": Property(rules=(length(0, _LONGEST),)),
            "metricQueries": Property(),
            "name": Property(replace=True, rules=(length(0, _LONGEST),)),
            "namespace": Property(rules=(length(0, _LONGEST), matches(r"[^:].*", hint="must not begin with a colon"))),
            "statistic": Property(rules=(one_of("SampleCount", "Average", "Sum", "Minimum", "Maximum"),)),
            "tags": Property(),
            "treatMissingData": Property(
                default="missing", rules=(one_of("breaching", "notBreaching", "ignore", "missing"),)
            ),
        },
        either={"evaluationCriteria": ("evaluationCriteria", "metricName", "metricQueries")},
        nested_rules={"metricQueries.id": (length(1, _LONGEST),), "metricQueries.expression": (length(1, 1024),)},
        shape=Shape(sets=frozenset({"alarmActions", "insufficientDataActions", "metricQueries", "okActions"})),
        auto_name=AutoName("name", _LONGEST),
    ),
    Row(
        "aws:cloudwatch/dashboard:Dashboard",
        service="cloudwatch",
        what="dashboard",
        named="dashboardName",
        identity="dashboardName",
        create_call=Call("put_dashboard", {"DashboardName": "dashboardName", "DashboardBody": "dashboardBody"}),
        reads=(
            Read(
                "get_dashboard",
                {"DashboardName": ID},
                absent=frozenset({"ResourceNotFound", "DashboardNotFoundError"}),
                outputs={
                    "dashboardArn": "DashboardArn",
                    "dashboardBody": "DashboardBody",
                    "dashboardName": "DashboardName",
                },
            ),
        ),
        changes=(
            Change(
                "put_dashboard",
                {"DashboardName": ID, "DashboardBody": "dashboardBody"},
                of=frozenset({"dashboardBody"}),
            ),
        ),
        delete_call=Call(
            "delete_dashboards",
            {"DashboardNames": lambda values: [values[ID]]},
            absent=frozenset({"ResourceNotFound", "DashboardNotFoundError"}),
        ),
    ).serves(
        {
            "dashboardBody": Property(rules=(json_text,)),
            "dashboardName": Property(
                replace=True, rules=(length(0, _LONGEST), matches(r"[\w-]*", hint="letters, digits, - and _"))
            ),
        },
        shape=Shape(documents={"dashboardBody": policies.same_json}),
    ),
    Row(
        "aws:cloudwatch/logGroup:LogGroup",
        service="logs",
        what="log group",
        named="name",
        identity="name",
        create_call=Call(
            "create_log_group",
            {
                "kmsKeyId": "kmsKeyId",
                "logGroupClass": "logGroupClass",
                "logGroupName": "name",
                "tags": _LOG_TAGS.create,
            },
        ),
        reads=(
            Read(
                "describe_log_groups",
                {"logGroupNamePrefix": ID},
                at=_group,
                outputs={
                    "arn": lambda group: group["arn"].removesuffix(":*"),
                    "kmsKeyId": "kmsKeyId",
                    "logGroupClass": "logGroupClass",
                    "name": "logGroupName",
                    "retentionInDays": "retentionInDays",
                },
            ),
        ),
        changes=(
            Change(
                "put_retention_policy",
                {**_GROUP, "retentionInDays": "retentionInDays"},
                of=frozenset({"retentionInDays"}),
                too=True,
                unless=lambda values: not values.get("retentionInDays"),
            ),
            Change(
                "delete_retention_policy",
                _GROUP,
                of=frozenset({"retentionInDays"}),
                unless=lambda values: bool(values.get("retentionInDays")),
            ),
            Change(
                "associate_kms_key",
                {**_GROUP, "kmsKeyId": "kmsKeyId"},
                of=frozenset({"kmsKeyId"}),
                unless=lambda values: not values.get("kmsKeyId"),
            ),
            Change(
                "disassociate_kms_key",
                _GROUP,
                of=frozenset({"kmsKeyId"}),
                unless=lambda values: bool(values.get("kmsKeyId")),
            ),
        ),
        delete_call=Call("delete_log_group", _GROUP, unless=lambda values: bool(values.get("skipDestroy"))),
        tagging=_LOG_TAGS,
    ).serves(
        {
            "kmsKeyId": Property(rules=(arn,)),
            "logGroupClass": Property(replace=True, rules=(one_of("STANDARD", "INFREQUENT_ACCESS", "DELIVERY"),)),
            "name": Property(
                replace=True,
                rules=(length(1, 512), matches(r"[.\-_/#A-Za-z0-9]+", hint="only alphanumeric characters and ._-/#")),
            ),
            "retentionInDays": Property(rules=(one_of_numbers(*_DAYS),)),
            "skipDestroy": Property(kept=False),
            "tags": Property(),
        },
        shape=Shape(computed=frozenset({"logGroupClass"})),
        auto_name=AutoName("name", 512),
    ),
)
