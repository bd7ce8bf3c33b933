"""The ComponentVersion resource: published once, adopted when it is the same, refused when it is not.

Longer than other modules, because the life of one resource is told in one place, from its check to its deletion; what
a recipe's content is and how files are uploaded stand in modules of their own.

A version is immutable in AWS, and here: other content under the same name and version is an error at preview that
says "bump the version". Another name or version is a replacement, created before the old one goes; the old one is kept
in AWS unless the program says otherwise (``onDelete: delete``), so that a revert still finds it.
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
from edgewright.provider.component_source import (
    check_source,
    digest_of,
    identity,
    identity_paths,
    is_known,
    request_of,
    source_of,
)
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
from edgewright.provider.recipe_content import (
    CONTENT_TAG,
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
            failures.extend(check_source(news))
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
        detailed = _settings(old_outputs, news)
        source = source_of(news)
        if not is_known(news):
            return Diff({**detailed, source: Kind.UPDATE})
        moved = {
            path: Kind.UPDATE_REPLACE
            for path, now, output in zip(
                identity_paths(news), identity(news), ("componentName", "componentVersion"), strict=True
            )
            if now != old_outputs.get(output)
        }
        if moved:
            return Diff({**detailed, **moved, **_source_changes(old_outputs, news, moved)})
        if old_outputs.get("contentDigest") != digest_of(news) and not _as_stored(old_outputs, news):
            raise PluginError(_changed(old_outputs, news))
        return Diff(detailed)

    async def create(self, context: Context, inputs: Values) -> Created:
        """Upload, create, wait until it can be deployed; or adopt what is there."""
        cloud: Cloud = context.configuration
        if not is_known(inputs):
            unknown = ("arn", "componentName", "componentVersion", "contentDigest", "componentState")
            return Created("", {**inputs, **dict.fromkeys(unknown, UNKNOWN)})
        artifacts = inputs.get("artifacts") or ()
        name, version = identity(inputs)
        outputs = {
            **inputs,
            "componentName": name,
            "componentVersion": version,
            "contentDigest": digest_of(inputs),
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
        now: Values = {
            key: inputs[key] for key in ("recipe", "lambdaFunction", "sourceDigest", "artifacts") if inputs.get(key)
        }
        if not now or (content is not None and content != outputs.get("contentDigest")):
            now = {"recipe": await _stored_recipe(cloud, resource_id)}
            state["contentDigest"] = content or digest_of(now)
        now["onDelete"] = inputs.get("onDelete") or "retain"
        if tags := {key: value for key, value in tags.items() if not key.startswith("aws:")}:
            now["tags"] = tags
        for key in ("recipe", "lambdaFunction", "sourceDigest", "artifacts", "tags"):
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

    async def delete(self, context: Context, resource_id: str, inputs: Values, outputs: Values) -> None:
        """Keep the version, so that a revert still finds it; or delete it for good (``onDelete: delete``)."""
        if (outputs.get("onDelete") or inputs.get("onDelete") or "retain") == "retain":
            await context.log("info", "kept in AWS, so that a revert still finds it (onDelete: retain)")
            return
        try:
            await context.configuration.call(
                "greengrassv2", "delete_component", doing=f"delete {resource_id}", arn=resource_id
            )
        except AwsError as error:
            if error.missing:
                return
            if error.conflict:
                msg = f"{error}; a deployment may still use it: remove it there first, or keep it (onDelete: retain)"
                raise PluginError(msg) from error
            raise

    async def _create(self, context: Context, inputs: Values, outputs: Values) -> str:
        cloud: Cloud = context.configuration
        name, version = outputs["componentName"], outputs["componentVersion"]
        await context.status(f"creating {name} {version}")
        if inputs.get("sourceDigest") is not None and await _described(cloud, await _arn(cloud, outputs)) is not None:
            # Whether AWS tells of the version or of the function first, when both are not as asked, nobody says.
            return await self._adopt(context, inputs, outputs)
        try:
            answer = await cloud.call(
                "greengrassv2",
                "create_component_version",
                doing=f"create {name} {version}",
                **_source_request(inputs),
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
        name, version = outputs["componentName"], outputs["componentVersion"]
        arn = await _arn(cloud, outputs)
        tags = await cloud.tags(arn)
        content = tags.get(CONTENT_TAG)
        if content is not None:
            same, why = content == outputs["contentDigest"], f"it was published with content {content}"
        elif source_of(inputs) == "lambdaFunction":
            # The service writes such a recipe itself, and nobody says how.
            same, why = False, f"it was published without {CONTENT_TAG}, so what it was made from cannot be known"
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


def _as_stored(outputs: Mapping[str, Any], news: Mapping[str, Any]) -> bool:
    """Whether ``news`` is what was read from AWS, where a version without our tag was imported: the same, filled in."""
    if "recipe" not in news or not isinstance(outputs.get("recipe"), Mapping):
        return False
    return same_as_stored(news["recipe"], news.get("artifacts") or (), outputs["recipe"])


def _source_request(inputs: Mapping[str, Any]) -> Values:
    if source_of(inputs) == "recipe":
        return {"inlineRecipe": recipe_bytes(inputs["recipe"])}
    return {"lambdaFunction": request_of(inputs["lambdaFunction"])}


async def _arn(cloud: Cloud, outputs: Mapping[str, Any]) -> str:
    account = await cloud.run(lambda: cloud.session.account_id)
    region = await cloud.run(lambda: cloud.session.region)
    partition = cloud.session.client("greengrassv2").meta.partition
    name, version = outputs["componentName"], outputs["componentVersion"]
    return f"arn:{partition}:greengrass:{region}:{account}:components:{name}:versions:{version}"


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
    if source_of(inputs) == "lambdaFunction":
        return f"{error}; it must be in the same account and Region, and the caller needs lambda:GetFunction on it"
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


def _changed(outputs: Mapping[str, Any], news: Mapping[str, Any]) -> str:
    name, version = identity(news)
    source = source_of(news)
    places = [
        ".".join(str(key) for key in keys) or source for keys, _ in _differences(outputs.get(source), news[source])
    ]
    if news.get("sourceDigest") is not None:  # then the ARN is none of the content
        places = [place for place in places if place != "lambdaArn"]
        places += ["sourceDigest"] if outputs.get("sourceDigest") != news["sourceDigest"] else []
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


def _source_changes(outputs: Mapping[str, Any], news: Mapping[str, Any], told: Mapping[str, Kind]) -> dict[str, Kind]:
    paths = {
        property_path(*keys): kind
        for key in ("recipe", "lambdaFunction")
        for keys, kind in walk(outputs.get(key), news.get(key), (key,))
    }
    return {path: Kind(f"{kind.value}_REPLACE") for path, kind in paths.items() if path not in told}


def _settings(outputs: Mapping[str, Any], news: Mapping[str, Any]) -> dict[str, Kind]:
    return {
        property_path(*keys): kind
        for key in ("artifacts", "onDelete", "tags")
        for keys, kind in walk(outputs.get(key) or None, otherwise(news.get(key), None), (key,))
    }
