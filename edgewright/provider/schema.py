"""The Pulumi package schema, made from the same descriptions that check the inputs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from edgewright.provider.fields import Field, Items, Mapped, Number, Record, Text
from edgewright.provider.shapes import COMPONENT_VERSION, DEPLOYMENT, DYNAMIC_THING_GROUP, PROVIDER

VERSION = "0.1.0"

_TEXT = {"type": "string"}
OUTPUTS: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    COMPONENT_VERSION.token: {
        "arn": {**_TEXT, "description": "The ARN of the component version."},
        "componentName": {**_TEXT, "description": "ComponentName of the recipe."},
        "componentVersion": {**_TEXT, "description": "ComponentVersion of the recipe."},
        "contentDigest": {**_TEXT, "description": "sha256:<hex> of the recipe and of the digests of its artifacts."},
        "componentState": {**_TEXT, "description": "DEPLOYABLE once it is created."},
    },
    DEPLOYMENT.token: {
        "deploymentId": {**_TEXT, "description": "The id of the latest revision."},
        "revisionId": {**_TEXT, "description": "The number of the latest revision of the target."},
        "iotJobId": {**_TEXT, "description": "The IoT job that hands it to the devices of a group."},
        "iotJobArn": {**_TEXT, "description": "The ARN of that job."},
        "status": {**_TEXT, "description": "What the last wait saw, in words."},
        "verdict": {**_TEXT, "description": "passed, failed, interrupted, cancelled or rolledBack."},
        "goodDeploymentId": {**_TEXT, "description": "The last revision that passed, to roll back to."},
        "everMerged": {
            "type": "object",
            "additionalProperties": {"type": "array", "items": _TEXT},
            "description": "By component, JSON pointers that revisions have merged or whose recipe default has "
            "changed: what a reset may have to remove.",
        },
    },
    DYNAMIC_THING_GROUP.token: {
        "arn": {**_TEXT, "description": "The ARN of the group, the target of a deployment."},
        "thingGroupId": {**_TEXT, "description": "The id that AWS gave the group."},
        "groupVersion": {"type": "integer", "description": "Counts the changes of the group."},
        "status": {**_TEXT, "description": "ACTIVE once the index has filled the group."},
    },
}
_REQUIREDOUTPUTS: Mapping[str, tuple[str, ...]] = {
    COMPONENT_VERSION.token: ("arn", "componentName", "componentVersion", "contentDigest", "componentState"),
    DEPLOYMENT.token: ("deploymentId", "status", "verdict"),
    DYNAMIC_THING_GROUP.token: ("arn", "thingGroupId", "groupVersion", "status"),
}


def package_schema() -> dict[str, Any]:
    """Return the schema that `pulumi package get-schema` shows."""
    resources = (COMPONENT_VERSION, DEPLOYMENT, DYNAMIC_THING_GROUP)
    types = {
        record.token: _object(record) for top in (*resources, PROVIDER) for record in records(top) if record is not top
    }
    return {
        "name": "greengrassv2",
        "displayName": "AWS IoT Greengrass V2",
        "version": VERSION,
        "description": "AWS IoT Greengrass V2: component versions, and deployments that are revised in place.",
        "keywords": ["pulumi", "category/cloud", "aws", "iot", "greengrass"],
        "license": "Apache-2.0",
        "publisher": "Edgewright",
        "config": {"variables": _properties(PROVIDER)},
        "provider": {
            "description": PROVIDER.doc,
            "inputProperties": _properties(PROVIDER),
            "properties": _properties(PROVIDER),
        },
        "types": dict(sorted(types.items())),
        "resources": {record.token: _resource(record) for record in resources},
        "language": {"python": {"pyproject": {"enabled": True}}},
    }


def _resource(record: Record) -> dict[str, Any]:
    inputs = _properties(record)
    required = sorted(name for name, field in record.fields.items() if field.required)
    always = {*required, *_REQUIREDOUTPUTS[record.token]}
    return {
        "description": record.doc,
        "inputProperties": inputs,
        "requiredInputs": required,
        "properties": {**inputs, **OUTPUTS[record.token]},
        "required": sorted(always),
    }


def _object(record: Record) -> dict[str, Any]:
    return {
        "type": "object",
        "description": record.doc,
        "properties": _properties(record),
        "required": sorted(name for name, field in record.fields.items() if field.required),
    }


def _properties(record: Record) -> dict[str, Any]:
    return {name: _property(field) for name, field in record.fields.items()}


def _property(field: Field) -> dict[str, Any]:
    result = {**field.schema(), "description": " ".join([field.doc, *limits(field)]).strip()}
    if isinstance(field.default, bool | int | float | str):
        result["default"] = field.default
    return result


def limits(field: Field) -> list[str]:
    """Return the limits of a value in a sentence: a schema has no place of their own for them."""
    if isinstance(field, Number):
        text = field.limits()
        return [f"{text[0].upper()}{text[1:]}."]
    if isinstance(field, Text) and field.choices:
        return [f"One of {', '.join(field.choices)}."]
    if isinstance(field, Text) and field.most is not None:
        return [f"At most {field.most} characters."]
    return []


def import_id(record: Record) -> str:
    """Return what `pulumi import` names a resource by, as a word for the reference."""
    return {DEPLOYMENT.token: "TARGET_ARN", COMPONENT_VERSION.token: "COMPONENT_VERSION_ARN"}.get(
        record.token, "THING_GROUP_NAME"
    )


def records(field: Field) -> Iterator[Record]:
    """Return the objects that a field is made of, itself included, each before what is in it."""
    if isinstance(field, Record):
        yield field
        for inner in field.fields.values():
            yield from records(inner)
    elif isinstance(field, Items):
        yield from records(field.item)
    elif isinstance(field, Mapped):
        yield from records(field.value)
