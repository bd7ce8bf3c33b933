"""A locked component version, published to a stage without a stack: as the Pulumi program would, so that it adopts it.

The provider's own resource does the work: artifacts are written once and checked, a version that exists with the same
content is taken as it is, one with other content is refused.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from edgewright import output
from edgewright.aws.errors import AwsError
from edgewright.aws.session import Session
from edgewright.catalog.component import Artifact, CatalogVersion
from edgewright.documents import naming
from edgewright.documents.roots import place_of
from edgewright.errors import EdgewrightError
from edgewright.gitops.publishing_function import arn_of, function_for
from edgewright.manifest.load import Project
from edgewright.provider.cloud import Cloud
from edgewright.provider.component_version import ComponentVersionResource
from edgewright.provider.plugin import Context, PartialFailureError, PluginError


@dataclass(frozen=True)
class Stored:
    """An artifact in the stage's bucket."""

    uri: str
    sha256: str
    size: int
    """Bytes."""
    version_id: str | None
    """Of the object; None where the bucket keeps no versions."""


@dataclass(frozen=True)
class Published:
    """A component version as AWS has it now."""

    arn: str
    state: str
    content: str
    """The digest that its tag carries."""
    artifacts: tuple[Stored, ...]
    notes: tuple[str, ...]
    """What the provider remarked, such as that the version was there already."""


def inputs_of(project: Project, stage: str, version: CatalogVersion, function_arn: str | None = None) -> dict[str, Any]:
    """Return the inputs that the program gives to this version's resource in a stage.

    Args:
        project: The manifests, with the catalog.
        stage: The stage.
        version: A version of the catalog.
        function_arn: Of the Lambda function that it is made from; the first version of the stack's, by default.
    """
    place = place_of(project, stage)
    tags = {"edgewright:organisation": place.organisation}
    if version.function is not None:
        source = {"lambdaArn": function_arn or arn_of(place, version), **version.function.source}
        return {"lambdaFunction": source, "sourceDigest": version.digest, "tags": tags}

    def uri_for(artifact: Artifact) -> str:
        return f"s3://{place.artifact_bucket}/{naming.artifact_key(version.name, artifact.sha256, artifact.file)}"

    return {
        "recipe": version.rendered_recipe(uri_for),
        "artifacts": [
            {
                "uri": uri_for(artifact),
                "sha256": artifact.sha256,
                "source": artifact.path.relative_to(project.root).as_posix(),
            }
            for artifact in version.artifacts
        ],
        "tags": tags,
    }


def publish(project: Project, stage: str, version: CatalogVersion, session: Session) -> Published:
    """Upload the artifacts of a version and create it in a stage's account; wait until it can be deployed.

    Args:
        project: The manifests, with the catalog.
        stage: The stage.
        version: A version of the catalog that is locked.
        session: Of the stage's deploy role.

    Raises:
        AwsError: AWS said no.
        EdgewrightError: the version is not locked, or exists with other content.
    """
    if (version.name, version.version) not in project.catalog.lock.entries:
        msg = f"{version.name} {version.version} is not locked: edgewright component lock {version.name}"
        raise EdgewrightError(msg)
    with contextlib.ExitStack() as made:
        function_arn = None
        if version.function is not None and not _exists(project, stage, version, session):
            function_arn = made.enter_context(function_for(place_of(project, stage), version, session))
        return _publish(project, stage, version, session, inputs_of(project, stage, version, function_arn))


def _exists(project: Project, stage: str, version: CatalogVersion, session: Session) -> bool:
    """Whether a version is there: then it is compared by what it was made from, and no function is needed."""
    place = place_of(project, stage)
    arn = f"arn:aws:greengrass:{place.region}:{place.account_id}:components:{version.name}:versions:{version.version}"
    try:
        session.call("greengrassv2", "describe_component", doing=f"look for {arn}", arn=arn)
    except AwsError as error:
        if error.missing:
            return False
        raise
    return True


def _publish(
    project: Project, stage: str, version: CatalogVersion, session: Session, wanted: dict[str, Any]
) -> Published:
    notes: list[str] = []
    cloud = Cloud(session, allowed=[project.account(stage).id])
    try:
        outputs = asyncio.run(_create(cloud, project, version, wanted, notes))
    except PartialFailureError as error:
        msg = f"{error}; the same again waits for it"
        raise EdgewrightError(msg) from error
    except PluginError as error:
        raise EdgewrightError(str(error)) from error
    files = zip(wanted["artifacts"], version.artifacts, strict=True) if "artifacts" in wanted else ()
    stored = tuple(_stored(session, each["uri"], artifact) for each, artifact in files)
    return Published(outputs["arn"], outputs["componentState"], outputs["contentDigest"], stored, tuple(notes))


async def _create(
    cloud: Cloud, project: Project, version: CatalogVersion, wanted: dict[str, Any], notes: list[str]
) -> dict[str, Any]:
    resource = ComponentVersionResource()
    label = f"{version.name}@{version.version}"
    context = Context(
        urn=label, name=label, preview=False, timeout=None, cancelled=asyncio.Event(), configuration=cloud,
        project=project.root, seed=b"", log=_noting(notes), status=_showing,
    )  # fmt: skip
    inputs, failures = await resource.check(context, {}, wanted)
    if failures:
        raise PluginError("; ".join(f"{each.path}: {each.reason}" for each in failures))
    return (await resource.create(context, inputs)).outputs


def _noting(notes: list[str]) -> Callable[[Any, str], Awaitable[None]]:
    async def note(_severity: Any, text: str) -> None:
        notes.append(text)

    return note


async def _showing(text: str) -> None:
    output.status(text)


def _stored(session: Session, uri: str, artifact: Artifact) -> Stored:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    head = session.call("s3", "head_object", doing=f"look for {uri}", Bucket=bucket, Key=key)
    found = head.get("VersionId")
    return Stored(uri, artifact.sha256, artifact.size, None if found in (None, "null") else str(found))
