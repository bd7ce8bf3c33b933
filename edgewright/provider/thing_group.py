"""The DynamicThingGroup resource: a thing group that a fleet indexing query fills, updated in place.

Not in pulumi-aws. The group's name is its identity. A group of that name that somebody else made is refused; one that
an interrupted run of ours made is known by its owner's tag and taken up again.

Longer than other modules, because the life of one resource is told in one place, from its check to its deletion.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final

from edgewright.aws.errors import AwsError
from edgewright.documents.request import OWNER_TAG
from edgewright.provider.cloud import Cloud
from edgewright.provider.ownership import owner
from edgewright.provider.plugin import (
    UNKNOWN,
    Context,
    Created,
    Diff,
    Failure,
    Kind,
    PartialFailureError,
    PluginError,
    Read,
    property_path,
)
from edgewright.provider.shapes import DYNAMIC_THING_GROUP
from edgewright.provider.tree_diff import otherwise, walk

Values = dict[str, Any]

_OUTPUTS: Final = ("arn", "thingGroupId", "groupVersion", "status")
_PLAIN: Final = ("queryString", "queryVersion", "indexName", "description", "attributes", "enableIndexing", "tags")
# What UpdateDynamicThingGroup sends; the rest is tags, and what only matters when a group is made.
_SENT: Final = ("queryString", "queryVersion", "indexName", "description", "attributes")
# A group of a large fleet takes minutes; the engine's own default for a resource is longer.
_PATIENCE: Final = 1200.0
_PAUSE: Final = 0.2
_LONGEST_PAUSE: Final = 5.0


class DynamicThingGroupResource:
    """See the module."""

    async def check(self, context: Context, olds: Values, news: Values) -> tuple[Values, Sequence[Failure]]:  # noqa: ARG002
        """Judge the query and the names; what only AWS knows, it says when the group is made."""
        failures = DYNAMIC_THING_GROUP.check((), news)
        return (news if failures else DYNAMIC_THING_GROUP.with_defaults(news)), failures

    async def diff(
        self,
        context: Context,  # noqa: ARG002
        resource_id: str,  # noqa: ARG002
        old_inputs: Values,  # noqa: ARG002
        old_outputs: Values,
        news: Values,
    ) -> Diff:
        """Another name is another group; everything else changes in place."""
        detailed: dict[str, Kind] = {
            property_path("thingGroupName"): Kind(f"{kind.value}_REPLACE")
            for _, kind in walk(old_outputs.get("thingGroupName"), news.get("thingGroupName"), ())
        }
        for key in _PLAIN:
            for keys, kind in walk(old_outputs.get(key) or None, otherwise(news.get(key), None), (key,)):
                detailed[property_path(*keys)] = kind
        return Diff(detailed, stables=("thingGroupName", "arn", "thingGroupId"))

    async def create(self, context: Context, inputs: Values) -> Created:
        """Make the group and wait until the index has filled it."""
        if context.preview:
            return Created("", {**inputs, **dict.fromkeys(_OUTPUTS, UNKNOWN)})
        cloud: Cloud = context.configuration
        name = inputs["thingGroupName"]
        if inputs.get("enableIndexing"):
            await _index(context, cloud)
        try:
            await cloud.call(
                "iot",
                "create_dynamic_thing_group",
                doing=f"create the dynamic thing group {name}",
                **_request(inputs),
                tags=_tag_list({**(inputs.get("tags") or {}), OWNER_TAG: owner(context.urn)}),
            )
        except AwsError as error:
            if error.code != "ResourceAlreadyExistsException":
                raise PluginError(_explained(error)) from error
            there = await _take_up(context, cloud, inputs)
            return Created(name, await self._changed(context, inputs, there))
        return Created(name, await self._active(context, inputs))

    async def read(self, context: Context, resource_id: str, inputs: Values, outputs: Values) -> Read | None:
        """Return the group as it is; None when it is gone. ``resource_id`` is its name."""
        cloud: Cloud = context.configuration
        there = await _described(cloud, resource_id)
        if there is None:
            return None
        now = _inputs_of(there, await _tags(cloud, there["thingGroupArn"]))
        now = DYNAMIC_THING_GROUP.with_defaults(now | {"enableIndexing": bool(inputs.get("enableIndexing"))})
        kept = {key: value for key, value in outputs.items() if key not in {*_PLAIN, *now}}
        return Read(resource_id, {**kept, **now, **_outputs_of(there)}, now)

    async def update(
        self,
        context: Context,
        resource_id: str,  # noqa: ARG002
        old_inputs: Values,  # noqa: ARG002
        old_outputs: Values,
        news: Values,
    ) -> Values:
        """Change the query, the texts and the tags in place."""
        if context.preview:
            kept: Values = {key: old_outputs[key] for key in _OUTPUTS if key in old_outputs}
            requeried = old_outputs.get("queryString") != news.get("queryString")
            return {**kept, **news, **({"groupVersion": UNKNOWN, "status": UNKNOWN} if requeried else {})}
        if news.get("enableIndexing"):
            await _index(context, context.configuration)
        return await self._changed(context, news, old_outputs)

    async def delete(self, context: Context, resource_id: str, inputs: Values, outputs: Values) -> None:  # noqa: ARG002
        """Delete the group; its things stay, and so does what they run."""
        try:
            await context.configuration.call(
                "iot",
                "delete_dynamic_thing_group",
                doing=f"delete the dynamic thing group {resource_id}",
                thingGroupName=resource_id,
            )
        except AwsError as error:
            if not error.missing:
                raise

    async def _changed(self, context: Context, news: Values, old: Mapping[str, Any]) -> Values:
        """Send what differs from ``old``, tags as well, and wait."""
        cloud: Cloud = context.configuration
        if any((old.get(key) or None) != (news.get(key) or None) for key in _SENT):
            version = {"expectedVersion": old["groupVersion"]} if old.get("groupVersion") else {}
            try:
                await cloud.call(
                    "iot",
                    "update_dynamic_thing_group",
                    doing=f"change the dynamic thing group {news['thingGroupName']}",
                    **_request(news, whole=True),
                    **version,
                )
            except AwsError as error:
                raise PluginError(_explained(error)) from error
        if (old.get("tags") or {}) != (news.get("tags") or {}):
            await _retag(cloud, str(old["arn"]), old.get("tags") or {}, news.get("tags") or {})
        return await self._active(context, news)

    async def _active(self, context: Context, inputs: Values) -> Values:
        """Wait until the group is ACTIVE; returns the outputs.

        Raises:
            PartialFailureError: interrupted, or it takes too long; the group exists, and the next run goes on waiting.
        """
        cloud: Cloud = context.configuration
        name = inputs["thingGroupName"]
        left, pause = context.timeout or _PATIENCE, _PAUSE
        while True:
            there = await _described(cloud, name)
            if there is None:
                msg = f"the dynamic thing group {name} was deleted by somebody else meanwhile; run pulumi up again"
                raise PluginError(msg)
            outputs: Values = {**inputs, **_outputs_of(there)}
            if outputs["status"] == "ACTIVE":
                return outputs
            if context.cancelled.is_set() or left <= 0:
                text = f"the dynamic thing group {name} is {outputs['status']}, not ACTIVE yet; pulumi up waits for it"
                raise PartialFailureError([text], outputs=outputs, resource_id=name)
            await context.status(f"{name} is {outputs['status']}")
            try:
                async with asyncio.timeout(pause):
                    await context.cancelled.wait()
            except TimeoutError:
                left, pause = left - pause, min(pause * 1.5, _LONGEST_PAUSE)


async def _described(cloud: Cloud, name: str) -> Values | None:
    try:
        there = await cloud.call(
            "iot", "describe_thing_group", doing=f"read the thing group {name}", thingGroupName=name
        )
    except AwsError as error:
        if error.missing:
            return None
        raise
    if not there.get("queryString"):
        msg = (
            f"the thing group {name} is not a dynamic one: its things are added by hand. Give the dynamic group "
            "another name, or delete that group first (pulumi-aws's iot.ThingGroup manages it)"
        )
        raise PluginError(msg)
    return there


async def _take_up(context: Context, cloud: Cloud, inputs: Values) -> Values:
    """Return the state of a group that exists already, when it is ours.

    Raises:
        PluginError: somebody else made it.
    """
    name = inputs["thingGroupName"]
    there = await _described(cloud, name)
    if there is None:
        msg = f"the dynamic thing group {name} exists and does not exist; run pulumi up again"
        raise PluginError(msg)
    tags = await _tags(cloud, there["thingGroupArn"])
    if tags.get(OWNER_TAG) != owner(context.urn):
        whose = f"made by {tags[OWNER_TAG]}" if OWNER_TAG in tags else "without an owner's tag"
        msg = (
            f"the dynamic thing group {name} exists already, {whose}, with the query {there['queryString']!r}. Nothing "
            f"was changed. To manage it from here: pulumi import {DYNAMIC_THING_GROUP.token} NAME {name}"
        )
        raise PluginError(msg)
    await context.log("info", f"took up {name}, which an interrupted run had made")
    return {**_inputs_of(there, tags), **_outputs_of(there)}


async def _index(context: Context, cloud: Cloud) -> None:
    """Turn on registry indexing where no indexing is on, and wait until the index answers."""
    found = await cloud.call("iot", "get_indexing_configuration", doing="read the fleet indexing configuration")
    mode = (found.get("thingIndexingConfiguration") or {}).get("thingIndexingMode") or "OFF"
    if mode == "OFF":
        await cloud.call(
            "iot",
            "update_indexing_configuration",
            doing="turn on fleet indexing of the registry",
            thingIndexingConfiguration={"thingIndexingMode": "REGISTRY"},
        )
        await context.log("info", "turned on fleet indexing of the registry for this account and Region")
    left, pause = context.timeout or _PATIENCE, _PAUSE
    while True:
        try:
            index = await cloud.call("iot", "describe_index", doing="read the index of things", indexName="AWS_Things")
        except AwsError as error:
            if not error.missing:
                raise
            index = {}
        if index.get("indexStatus") == "ACTIVE":
            return
        if context.cancelled.is_set() or left <= 0:
            state = index.get("indexStatus", "not there yet")
            msg = f"the index of things is {state}; run pulumi up again to wait for it"
            raise PluginError(msg)
        await context.status("waiting for the index of things")
        await asyncio.sleep(pause)
        left, pause = left - pause, min(pause * 1.5, _LONGEST_PAUSE)


def _request(inputs: Mapping[str, Any], *, whole: bool = False) -> Values:
    """Return the arguments of CreateDynamicThingGroup and UpdateDynamicThingGroup; ``whole`` also what is empty."""
    properties: Values = {}
    if inputs.get("description") or whole:
        properties["thingGroupDescription"] = inputs.get("description") or ""
    if inputs.get("attributes") or whole:
        properties["attributePayload"] = {"attributes": inputs.get("attributes") or {}, "merge": False}
    return {
        "thingGroupName": inputs["thingGroupName"],
        "queryString": inputs["queryString"],
        "queryVersion": inputs["queryVersion"],
        "indexName": inputs["indexName"],
        **({"thingGroupProperties": properties} if properties else {}),
    }


def _inputs_of(there: Mapping[str, Any], tags: Mapping[str, str]) -> Values:
    properties = there.get("thingGroupProperties") or {}
    own = {key: value for key, value in tags.items() if key != OWNER_TAG and not key.startswith("aws:")}
    found = {
        "thingGroupName": there["thingGroupName"],
        "queryString": there["queryString"],
        "queryVersion": there.get("queryVersion"),
        "indexName": there.get("indexName"),
        "description": properties.get("thingGroupDescription"),
        "attributes": (properties.get("attributePayload") or {}).get("attributes"),
        "tags": own,
    }
    return {key: value for key, value in found.items() if value}


def _outputs_of(there: Mapping[str, Any]) -> Values:
    return {
        "arn": there["thingGroupArn"],
        "thingGroupId": there["thingGroupId"],
        "groupVersion": int(there.get("version") or 1),
        # Only dynamic groups have a status; the API calls it optional.
        "status": there.get("status") or "ACTIVE",
    }


def _tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]


async def _tags(cloud: Cloud, arn: str) -> dict[str, str]:
    found = await cloud.items("iot", "list_tags_for_resource", "tags", doing=f"read the tags of {arn}", resourceArn=arn)
    return {each["Key"]: each.get("Value", "") for each in found}


async def _retag(cloud: Cloud, arn: str, old: Mapping[str, str], new: Mapping[str, str]) -> None:
    changed = {key: value for key, value in new.items() if old.get(key) != value}
    if changed:
        await cloud.call("iot", "tag_resource", doing=f"tag {arn}", resourceArn=arn, tags=_tag_list(changed))
    if gone := sorted(old.keys() - new.keys()):
        await cloud.call("iot", "untag_resource", doing=f"remove tags of {arn}", resourceArn=arn, tagKeys=gone)


def _explained(error: AwsError) -> str:
    if error.missing:
        return (
            f"{error}; a dynamic thing group needs fleet indexing, which seems to be off in this account and Region: "
            "set enableIndexing: true, or run aws iot update-indexing-configuration --thing-indexing-configuration "
            "thingIndexingMode=REGISTRY"
        )
    if error.code == "VersionConflictException":
        return f"{error}; somebody else changed the group: run pulumi refresh to see it, then pulumi up"
    if error.code == "InvalidQueryException":
        return f"{error}; correct queryString"
    return str(error)
