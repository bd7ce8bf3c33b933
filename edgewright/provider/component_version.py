"""The ComponentVersion resource: published once, adopted when it is the same, refused when it is not.

Longer than other modules, because the life of one resource is told in one place, from its check to its deletion; what
a recipe's content is and how files are uploaded stand in modules of their own.

A version is immutable in AWS, and here: other content under the same name and version is an error at preview that
says "bump the version". Another name or version is a replacement, created before the old one goes; programs retain
the old one, so that a revert still finds it.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from edgewright.aws.errors import AwsError
from edgewright.provider import artifacts as artifact_store
from edgewright.provider.cloud import Cloud
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
    contains_unknown,
    property_path,
)
from edgewright.provider.recipe_content import (
    CONTENT_TAG,
    check_recipe,
    content_digest,
    normalised,
    recipe_bytes,
    same_as_stored,
)
from edgewright.provider.shapes import COMPONENT_VERSION
from edgewright.provider.tree_diff import otherwise, walk

Values = dict[str, Any]

# CloudFormation's own handler waits as long; usually it takes a second.
_PATIENCE = 1200.0


class ComponentVersionResource:
    """See the module."""

    async def check(self, context: Context, olds: Values, news: Values) -> tuple[Values, Sequence[Failure]]:  # noqa: ARG002
        """Judge the recipe as far as it can be judged by itself; catalogs and AWS judge the rest."""
        failures = COMPONENT_VERSION.check((), news)
        if not failures or "recipe" in news:
            failures.extend(check_recipe(news.get("recipe"), news.get("artifacts")))
        return COMPONENT_VERSION.with_defaults(news), failures

    async def diff(
        self,
        context: Context,  # noqa: ARG002
        resource_id: str,  # noqa: ARG002
        old_inputs: Values,  # noqa: ARG002
        old_outputs: Values,
        news: Values,
    ) -> Diff:
        """Tell a new version (replace) from a change of tags (in place), and refuse a changed published version."""
        detailed = _tags_and_artifacts(old_outputs, news)
        recipe = news["recipe"]
        if contains_unknown(recipe) or contains_unknown(news.get("artifacts")):
            return Diff({**detailed, "recipe": Kind.UPDATE})
        identity = {"ComponentName": "componentName", "ComponentVersion": "componentVersion"}
        moved = {
            f"recipe.{key}": Kind.UPDATE_REPLACE
            for key, output in identity.items()
            if recipe[key] != old_outputs.get(output)
        }
        if moved:
            return Diff({**detailed, **moved, **_recipe_changes(old_outputs, recipe, moved)})
        if old_outputs.get("contentDigest") != content_digest(recipe, news.get("artifacts") or ()):
            raise PluginError(_changed(recipe, old_outputs, news))
        return Diff(detailed)

    async def create(self, context: Context, inputs: Values) -> Created:
        """Upload, create, wait until it can be deployed; or adopt what is there."""
        cloud: Cloud = context.configuration
        recipe, artifacts = inputs["recipe"], otherwise(inputs.get("artifacts"), [])
        if contains_unknown(recipe) or contains_unknown(artifacts):
            unknown = ("arn", "componentName", "componentVersion", "contentDigest", "componentState")
            return Created("", {**inputs, **dict.fromkeys(unknown, UNKNOWN)})
        outputs = {
            **inputs,
            "componentName": recipe["ComponentName"],
            "componentVersion": recipe["ComponentVersion"],
            "contentDigest": content_digest(recipe, artifacts),
        }
        if context.preview:
            for artifact in artifacts:
                artifact_store.verify_local(artifact, context.project)
            return Created("", {**outputs, "arn": UNKNOWN, "componentState": UNKNOWN})
        for number, artifact in enumerate(artifacts, start=1):
            await context.status(f"artifact {number} of {len(artifacts)}: {artifact['uri'].rpartition('/')[2]}")
            await artifact_store.upload(cloud, artifact, context.project)
        arn = await self._create(context, inputs, outputs)
        return Created(arn, {**outputs, "arn": arn, "componentState": await self._deployable(context, arn, outputs)})

    async def read(self, context: Context, resource_id: str, inputs: Values, outputs: Values) -> Read | None:
        """Return the version as it is; None when it was deleted. ``resource_id`` is its ARN."""
        cloud: Cloud = context.configuration
        described = await _described(cloud, resource_id)
        if described is None:
            return None
        tags = await cloud.tags(resource_id)
        content = tags.pop(CONTENT_TAG, None)
        state = {
            **outputs,
            "arn": resource_id,
            "componentName": described["componentName"],
            "componentVersion": described["componentVersion"],
            "componentState": described["status"].get("componentState", "DEPLOYABLE"),
        }
        if state["componentState"] == "DEPRECATED":
            message = described["status"].get("message") or "no reason given"
            await context.log("warning", f"{resource_id} is deprecated: {message}; move deployments to another version")
        recipe, artifacts = inputs.get("recipe"), inputs.get("artifacts")
        if recipe is None or (content is not None and content != outputs.get("contentDigest")):
            recipe, artifacts = await _stored_recipe(cloud, resource_id), None
            state["contentDigest"] = content or content_digest(recipe, ())
        now: Values = {"recipe": recipe}
        if artifacts:
            now["artifacts"] = artifacts
        if tags := {key: value for key, value in tags.items() if not key.startswith("aws:")}:
            now["tags"] = tags
        for key in ("artifacts", "tags"):
            state.pop(key, None)
        return Read(resource_id, {**state, **now}, now)

    async def update(
        self,
        context: Context,
        resource_id: str,
        old_inputs: Values,  # noqa: ARG002
        old_outputs: Values,
        news: Values,
    ) -> Values:
        """Change tags in place; go on waiting when an earlier run was interrupted."""
        kept = ("arn", "componentName", "componentVersion", "contentDigest", "componentState")
        outputs = {**{key: old_outputs[key] for key in kept if key in old_outputs}, **news}
        if context.preview:
            return outputs
        if (old_outputs.get("tags") or {}) != (news.get("tags") or {}):
            await context.configuration.retag(resource_id, old_outputs.get("tags") or {}, news.get("tags") or {})
        if outputs.get("componentState") != "DEPLOYABLE":
            outputs["componentState"] = await self._deployable(context, resource_id, outputs)
        return outputs

    async def delete(self, context: Context, resource_id: str, inputs: Values, outputs: Values) -> None:  # noqa: ARG002
        """Delete the version for good. Programs retain versions; this is for those that say otherwise."""
        try:
            await context.configuration.call(
                "greengrassv2", "delete_component", doing=f"delete {resource_id}", arn=resource_id
            )
        except AwsError as error:
            if error.missing:
                return
            if error.conflict:
                msg = f"{error}; a deployment may still use it: remove it there first, or retain it (retainOnDelete)"
                raise PluginError(msg) from error
            raise

    async def _create(self, context: Context, inputs: Values, outputs: Values) -> str:
        cloud: Cloud = context.configuration
        name, version = outputs["componentName"], outputs["componentVersion"]
        await context.status(f"creating {name} {version}")
        try:
            answer = await cloud.call(
                "greengrassv2",
                "create_component_version",
                doing=f"create {name} {version}",
                inlineRecipe=recipe_bytes(inputs["recipe"]),
                tags={**(inputs.get("tags") or {}), CONTENT_TAG: outputs["contentDigest"]},
                clientToken=str(uuid.uuid4()),
            )
        except AwsError as error:
            if error.conflict:
                return await self._adopt(context, inputs, outputs)
            raise PluginError(await _explained(cloud, error, inputs)) from error
        return str(answer["arn"])

    async def _adopt(self, context: Context, inputs: Values, outputs: Values) -> str:
        """Return the ARN of the version that exists already.

        Raises:
            PluginError: it has other content.
        """
        cloud: Cloud = context.configuration
        account = await cloud.run(lambda: cloud.session.account_id)
        region = await cloud.run(lambda: cloud.session.region)
        partition = cloud.session.client("greengrassv2").meta.partition
        name, version = outputs["componentName"], outputs["componentVersion"]
        arn = f"arn:{partition}:greengrass:{region}:{account}:components:{name}:versions:{version}"
        tags = await cloud.tags(arn)
        content = tags.get(CONTENT_TAG)
        if content is not None:
            same, why = content == outputs["contentDigest"], f"it was published with content {content}"
        else:
            stored = await _stored_recipe(cloud, arn)
            same = same_as_stored(inputs["recipe"], inputs.get("artifacts") or (), stored)
            why = f"it was published without {CONTENT_TAG}, and its recipe differs"
        if not same:
            raise PluginError(
                f"{name} {version} exists in account {account} ({region}) with other content: {why}, here it is "
                f"{outputs['contentDigest']}. A published version never changes; bump the version"
            )
        wanted = {**(inputs.get("tags") or {}), CONTENT_TAG: outputs["contentDigest"]}
        await cloud.retag(arn, {key: value for key, value in tags.items() if key in wanted}, wanted)
        await context.log("info", f"adopted {name} {version}, which exists with the same content")
        return arn

    async def _deployable(self, context: Context, arn: str, outputs: Values) -> str:
        """Wait until the version can be deployed; returns its state.

        Raises:
            PluginError: the service refused it.
            PartialFailureError: the user interrupted, or it takes too long; the next run goes on waiting.
        """
        cloud: Cloud = context.configuration
        label = f"{outputs['componentName']} {outputs['componentVersion']}"
        left, pause = context.timeout or _PATIENCE, min(cloud.poll, 1.0)
        while True:
            described = await _described(cloud, arn) or {"status": {}}
            status = described["status"]
            state = str(status.get("componentState") or "REQUESTED")
            if state == "DEPLOYABLE":
                return state
            if state not in {"REQUESTED", "INITIATED"}:
                raise PluginError(await _refused(cloud, arn, label, state, status))
            if context.cancelled.is_set() or left <= 0:
                text = f"{label} is {state} and not deployable yet; pulumi up again waits for it"
                partial = {**outputs, "arn": arn, "componentState": state}
                raise PartialFailureError([text], outputs=partial, resource_id=arn)
            await context.status(f"{label}: {state}")
            try:
                async with asyncio.timeout(pause):
                    await context.cancelled.wait()
            except TimeoutError:
                left, pause = left - pause, min(pause * 1.5, 5.0)


async def _described(cloud: Cloud, arn: str) -> Values | None:
    try:
        return await cloud.call("greengrassv2", "describe_component", doing=f"read {arn}", arn=arn)
    except AwsError as error:
        if error.missing:
            return None
        raise


async def _stored_recipe(cloud: Cloud, arn: str) -> Values:
    answer = await cloud.call(
        "greengrassv2", "get_component", doing=f"read the recipe of {arn}", arn=arn, recipeOutputFormat="JSON"
    )
    recipe: Values = json.loads(answer["recipe"])
    return recipe


async def _refused(cloud: Cloud, arn: str, label: str, state: str, status: Mapping[str, Any]) -> str:
    """Say why the service refused a version, and clear it away: nothing can be published over a failed one."""
    errors = "; ".join(f"{key}: {value}" for key, value in (status.get("errors") or {}).items())
    reason = "; ".join(part for part in (status.get("message"), errors) if part) or "the service gave no reason"
    text = f"{label} is {state}: {reason}"
    if state != "FAILED":
        return f"{text}; use another version"
    try:
        await cloud.call("greengrassv2", "delete_component", doing=f"clear {arn} away", arn=arn)
    except AwsError as error:
        return f"{text}; correct it and publish a new version (the failed one could not be cleared away: {error})"
    return f"{text}; the failed version was cleared away: correct it and run pulumi up again"


async def _explained(cloud: Cloud, error: AwsError, inputs: Mapping[str, Any]) -> str:
    """Return the error, and for artifacts that the service cannot read, which of its two causes it is."""
    if "cannot be accessed" not in error.reason:
        return str(error)
    region = await cloud.run(lambda: cloud.session.region)
    notes = []
    for bucket in sorted({artifact["uri"].split("/")[2] for artifact in inputs.get("artifacts") or ()}):
        try:
            answer = await cloud.call("s3", "get_bucket_location", doing=f"find the Region of {bucket}", Bucket=bucket)
        except AwsError:
            continue
        there = answer.get("LocationConstraint") or "us-east-1"
        if there != region:
            notes.append(f"the bucket {bucket} is in {there}, and it must be in {region}, where the component is")
    remedy = "; ".join(notes) or (
        "the caller needs s3:GetObject on each artifact (and kms:Decrypt for a key of your own), because Greengrass "
        "reads them in the caller's name; check the object's key and the bucket's policy"
    )
    return f"{error}; {remedy}"


def _changed(recipe: Mapping[str, Any], outputs: Mapping[str, Any], news: Mapping[str, Any]) -> str:
    name, version = recipe["ComponentName"], recipe["ComponentVersion"]
    places = [".".join(str(key) for key in keys) for keys, _ in _differences(outputs.get("recipe"), recipe)]
    olds = {each["uri"]: each["sha256"] for each in outputs.get("artifacts") or ()}
    now = {each["uri"]: each["sha256"] for each in news.get("artifacts") or ()}
    places += sorted(f"artifact {uri}" for uri in olds.keys() | now.keys() if olds.get(uri) != now.get(uri))
    what = ", ".join(places[:5]) + (f" and {len(places) - 5} more" if len(places) > 5 else "")
    return (
        f"{name} {version} is published and cannot change, but its content is not the published one "
        f"(differs: {what or 'its content digest'}); bump the version: publish the change as a new one"
    )


def _differences(old: Any, new: Any) -> list[tuple[tuple[str | int, ...], Kind]]:
    return list(walk(normalised(old), normalised(new), ()))


def _recipe_changes(outputs: Mapping[str, Any], recipe: Mapping[str, Any], told: Mapping[str, Kind]) -> dict[str, Kind]:
    paths = {property_path("recipe", *keys): kind for keys, kind in walk(outputs.get("recipe"), recipe, ())}
    return {path: Kind(f"{kind.value}_REPLACE") for path, kind in paths.items() if path not in told}


def _tags_and_artifacts(outputs: Mapping[str, Any], news: Mapping[str, Any]) -> dict[str, Kind]:
    return {
        property_path(*keys): kind
        for key in ("artifacts", "tags")
        for keys, kind in walk(outputs.get(key) or None, otherwise(news.get(key), None), (key,))
    }
