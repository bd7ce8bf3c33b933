"""Amazon EventBridge: rules, their targets, and the connections and destinations by which a forge hears of events.

Longer than other modules, because it is a table: a row for each type, a line for each property that differs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edgewright.standin import policies
from edgewright.standin.diff import Shape
from edgewright.standin.model import Property, Values
from edgewright.standin.names import AutoName
from edgewright.standin.rules import arn, at_least, between, json_text, length, matches, one_of, web_address
from edgewright.standin.table import ID, Call, Change, Read, Row, Source, Tagging
from edgewright.standin.tags import listed, mapped

_NAME = matches(r"[0-9A-Za-z_.-]*", hint="")
_DESCRIPTION = length(0, 512)
_BUS = "default"
_TARGET = {
    "Arn": "arn",
    "DeadLetterConfig": "deadLetterConfig",
    "HttpParameters": "httpTarget",
    "Id": "targetId",
    "Input": "input",
    "InputPath": "inputPath",
    "RetryPolicy": "retryPolicy",
    "RoleArn": "roleArn",
    "SqsParameters": "sqsTarget",
}
"""A target's members, and the properties that they come from; the input transformer spells its paths differently."""
TAGGING = Tagging(
    given=listed,
    found=lambda tags: mapped(tags or ()),
    read=Read("list_tags_for_resource", {"ResourceARN": "arn"}, at="Tags"),
    put=Call("tag_resource", {"ResourceARN": "arn", "Tags": lambda values: values["put"]}),
    remove=Call("untag_resource", {"ResourceARN": "arn", "TagKeys": lambda values: values["gone"]}),
)


def _state(values: Values) -> str | None:
    if values.get("state"):
        return str(values["state"])
    return None if values.get("isEnabled") is None else ("ENABLED" if values["isEnabled"] else "DISABLED")


_RULE: dict[str, Source] = {
    "Description": "description",
    "EventBusName": "eventBusName",
    "EventPattern": "eventPattern",
    "Name": "name",
    "RoleArn": "roleArn",
    "ScheduleExpression": "scheduleExpression",
    "State": _state,
}


def _transformer(values: Values) -> Any:
    given = values.get("inputTransformer")
    if not given:
        return None
    paths = {"InputPathsMap": given["inputPaths"]} if given.get("inputPaths") else {}
    return {**paths, "InputTemplate": given["inputTemplate"]}


def _transformed(target: Mapping[str, Any]) -> Any:
    found = target.get("InputTransformer")
    if not found:
        return None
    return {"inputPaths": found.get("InputPathsMap", {}), "inputTemplate": found["InputTemplate"]}


def _full_id(state: Values) -> str:
    """Return an id in which nothing is ambiguous: names may have dashes."""
    bus = state.get("eventBusName") or _BUS
    parts = [state["rule"], state["targetId"]]
    return "/".join(parts if bus == _BUS else [bus, *parts])


def _bus_and_rule(values: Values) -> tuple[str, str]:
    *bus, rule, _ = _parts(values[ID])
    return (bus[0] if bus else _BUS), rule


def _parts(identity: str) -> list[str]:
    """Return bus (unless it is the default one), rule and target of a target's id; an import separates by slashes."""
    if "/" in identity:
        return identity.split("/")
    rule, _, target = identity.rpartition("-")
    return [rule, target]


def _target(answer: Mapping[str, Any], found: Values) -> Mapping[str, Any] | None:
    _, rule = _bus_and_rule(found)
    wanted = _parts(found[ID])[-1]
    return next(({**each, "Rule": rule} for each in answer["Targets"] if each["Id"] == wanted), None)


def _secrets(found: Any, said: Any) -> Any:
    """Put the secrets that the program said where AWS keeps them to itself."""
    if not isinstance(found, dict):
        return found
    known = said if isinstance(said, dict) else {}
    return {
        name: known.get(name, value)
        if name in {"value", "password", "clientSecret"}
        else _secrets(value, known.get(name))
        for name, value in found.items()
    }


_CONNECTION: dict[str, Source] = {
    "AuthParameters": lambda values: _authorization(values["authParameters"]),
    "AuthorizationType": "authorizationType",
    "Description": "description",
}


def _authorization(given: Values) -> Values:
    wanted: Values = {}
    if given.get("apiKey"):
        wanted["ApiKeyAuthParameters"] = {
            "ApiKeyName": given["apiKey"]["key"],
            "ApiKeyValue": given["apiKey"]["value"],
        }
    if given.get("basic"):
        wanted["BasicAuthParameters"] = {
            "Username": given["basic"]["username"],
            "Password": given["basic"]["password"],
        }
    return wanted


def _authorized(connection: Mapping[str, Any]) -> Values:
    found = connection.get("AuthParameters", {})
    wanted: Values = {}
    if "ApiKeyAuthParameters" in found:
        wanted["apiKey"] = {"key": found["ApiKeyAuthParameters"]["ApiKeyName"], "value": ""}
    if "BasicAuthParameters" in found:
        wanted["basic"] = {"username": found["BasicAuthParameters"]["Username"], "password": ""}
    return wanted


def _key_or_password(name: str, value: Any) -> str | None:
    if set(value) & {"oauth", "invocationHttpParameters", "connectivityParameters"}:
        return f"the stand-in serves apiKey and basic of {name} only"
    return None


def _rule_id(values: Values) -> str:
    bus = values.get("eventBusName", _BUS)
    return str(values["name"]) if bus == _BUS else f"{bus}/{values['name']}"


def _bus_of_rule(identity: str) -> str:
    return identity.rpartition("/")[0] or _BUS


def _target_id(values: Values) -> str:
    bus = values.get("eventBusName", _BUS)
    parts = [values["rule"], values["targetId"]]
    return "-".join(parts if bus == _BUS else [bus, *parts])


_TARGETS: dict[str, Source] = {
    "EventBusName": "eventBusName",
    "Rule": "rule",
    "Targets": [{**_TARGET, "InputTransformer": _transformer}],
}

TYPES = (
    Row(
        "aws:cloudwatch/eventRule:EventRule",
        service="events",
        what="event rule",
        named="name",
        identity=lambda _, values: _rule_id(values),
        create_call=Call("put_rule", {**_RULE, "Tags": TAGGING.create}),
        reads=(
            Read(
                "describe_rule",
                {"Name": lambda values: values[ID].rpartition("/")[2], "EventBusName": lambda v: _bus_of_rule(v[ID])},
                outputs={
                    "arn": "Arn",
                    "description": "Description",
                    "eventBusName": "EventBusName",
                    "eventPattern": "EventPattern",
                    "isEnabled": lambda rule: rule["State"] != "DISABLED",
                    "name": "Name",
                    "roleArn": "RoleArn",
                    "scheduleExpression": "ScheduleExpression",
                    "state": "State",
                },
            ),
        ),
        changes=(
            Change(
                "put_rule",
                _RULE,
                of=frozenset({"description", "eventPattern", "isEnabled", "roleArn", "scheduleExpression", "state"}),
            ),
        ),
        delete_call=Call("delete_rule", {"Name": "name", "EventBusName": "eventBusName", "Force": "forceDestroy"}),
        tagging=TAGGING,
    ).serves(
        {
            "description": Property(rules=(_DESCRIPTION,)),
            "eventBusName": Property(replace=True, default=_BUS),
            "eventPattern": Property(rules=(json_text,)),
            "forceDestroy": Property(kept=False),
            "isEnabled": Property(),
            "name": Property(replace=True, rules=(length(1, 64), _NAME)),
            "roleArn": Property(rules=(arn,)),
            "scheduleExpression": Property(rules=(length(0, 256),)),
            "state": Property(rules=(one_of("ENABLED", "DISABLED", "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"),)),
            "tags": Property(),
        },
        either={
            "eventPattern": ("eventPattern", "scheduleExpression"),
            "scheduleExpression": ("eventPattern", "scheduleExpression"),
        },
        shape=Shape(computed=frozenset({"isEnabled", "state"}), documents={"eventPattern": policies.same_json}),
        auto_name=AutoName("name", 64),
    ),
    Row(
        "aws:cloudwatch/eventTarget:EventTarget",
        service="events",
        what="event target",
        named="targetId",
        identity=lambda _, values: _target_id(values),
        create_call=Call("put_targets", _TARGETS),
        reads=(
            Read(
                "list_targets_by_rule",
                {"EventBusName": lambda v: _bus_and_rule(v)[0], "Rule": lambda v: _bus_and_rule(v)[1]},
                at=_target,
                outputs={
                    **{ours: theirs for theirs, ours in _TARGET.items()},
                    "inputTransformer": _transformed,
                    "rule": "Rule",
                },
            ),
        ),
        changes=(
            Change(
                "put_targets",
                _TARGETS,
                of=frozenset({*_TARGET.values(), "inputTransformer"} - {"targetId"}),
            ),
        ),
        delete_call=Call(
            "remove_targets",
            {"EventBusName": "eventBusName", "Ids": lambda v: [v["targetId"]], "Rule": "rule", "Force": "forceDestroy"},
        ),
        fixed=lambda _, found: {"eventBusName": _bus_and_rule(found)[0], ID: found[ID].replace("/", "-")},
    ).serves(
        {
            **{name: Property() for name in _TARGET.values()},
            "arn": Property(rules=(arn,)),
            "eventBusName": Property(replace=True, default=_BUS),
            "forceDestroy": Property(kept=False),
            "inputTransformer": Property(),
            "roleArn": Property(rules=(arn,)),
            "rule": Property(replace=True, rules=(length(1, 64), _NAME)),
            "targetId": Property(replace=True, rules=(length(0, 64), _NAME)),
        },
        nested_rules={
            "deadLetterConfig.arn": (arn,),
            "inputTransformer.inputTemplate": (length(1, 8192),),
            "retryPolicy.maximumEventAgeInSeconds": (at_least(60),),
        },
        shape=Shape(documents={"input": policies.same_json}),
        auto_name=AutoName("targetId", 64),
        address=lambda identity, state: _full_id(state) if state.get("targetId") else identity,
        replaced_first=True,
    ),
    Row(
        "aws:cloudwatch/eventConnection:EventConnection",
        service="events",
        what="event connection",
        named="name",
        identity="name",
        create_call=Call("create_connection", {**_CONNECTION, "Name": "name"}),
        reads=(
            Read(
                "describe_connection",
                {"Name": ID},
                outputs={
                    "arn": "ConnectionArn",
                    "authParameters": _authorized,
                    "authorizationType": "AuthorizationType",
                    "description": "Description",
                    "name": "Name",
                    "secretArn": "SecretArn",
                },
            ),
        ),
        changes=(
            Change(
                "update_connection",
                {**_CONNECTION, "Name": ID},
                of=frozenset({"authParameters", "authorizationType", "description"}),
            ),
        ),
        delete_call=Call("delete_connection", {"Name": ID}),
    ).serves(
        {
            "authParameters": Property(merge=_secrets, rules=(_key_or_password,)),
            "authorizationType": Property(rules=(one_of("BASIC", "OAUTH_CLIENT_CREDENTIALS", "API_KEY"),)),
            "description": Property(rules=(_DESCRIPTION,)),
            "name": Property(replace=True, rules=(length(1, 64), _NAME)),
        },
        shape=Shape(),
        auto_name=AutoName("name", 64),
    ),
    Row(
        "aws:cloudwatch/eventApiDestination:EventApiDestination",
        service="events",
        what="API destination",
        named="name",
        identity="name",
        create_call=Call(
            "create_api_destination",
            {
                "ConnectionArn": "connectionArn",
                "Description": "description",
                "HttpMethod": "httpMethod",
                "InvocationEndpoint": "invocationEndpoint",
                "InvocationRateLimitPerSecond": "invocationRateLimitPerSecond",
                "Name": "name",
            },
        ),
        reads=(
            Read(
                "describe_api_destination",
                {"Name": ID},
                outputs={
                    "arn": "ApiDestinationArn",
                    "connectionArn": "ConnectionArn",
                    "description": "Description",
                    "httpMethod": "HttpMethod",
                    "invocationEndpoint": "InvocationEndpoint",
                    "invocationRateLimitPerSecond": "InvocationRateLimitPerSecond",
                    "name": "Name",
                },
            ),
        ),
        changes=(
            Change(
                "update_api_destination",
                {
                    "ConnectionArn": "connectionArn",
                    "Description": "description",
                    "HttpMethod": "httpMethod",
                    "InvocationEndpoint": "invocationEndpoint",
                    "InvocationRateLimitPerSecond": "invocationRateLimitPerSecond",
                    "Name": ID,
                },
                of=frozenset(
                    {"connectionArn", "description", "httpMethod", "invocationEndpoint", "invocationRateLimitPerSecond"}
                ),
            ),
        ),
        delete_call=Call("delete_api_destination", {"Name": ID}),
    ).serves(
        {
            "connectionArn": Property(rules=(arn,)),
            "description": Property(rules=(_DESCRIPTION,)),
            "httpMethod": Property(rules=(one_of("POST", "GET", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE"),)),
            "invocationEndpoint": Property(rules=(web_address, length(1, 2048))),
            "invocationRateLimitPerSecond": Property(default=300, rules=(between(1, 300),)),
            "name": Property(replace=True, rules=(length(1, 64), _NAME)),
        },
        auto_name=AutoName("name", 64),
    ),
)
