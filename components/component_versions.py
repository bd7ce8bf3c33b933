"""The private component versions that a stage's rings pin: one resource each, shared by all fleets of the stage.

A version with a recipe is published with its artifacts; one that is made from a Lambda function, from that function.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast, final

import pulumi
import pulumi_aws as aws

from components import greengrassv2
from components._base import EdgeComponent
from components.greengrassv2_inputs import LambdaFunctionRecipeSource
from components.lambda_functions import LambdaFunctions, LambdaFunctionsArgs
from edgewright.catalog.component import Artifact, CatalogVersion
from edgewright.catalog.lambda_component import LambdaComponent
from edgewright.documents import naming
from edgewright.documents.place import StagePlace


@dataclass(frozen=True, kw_only=True)
class ComponentVersionsArgs:
    """What to publish, and where its artifacts go."""

    provider: greengrassv2.Provider
    cloud: aws.Provider
    place: StagePlace
    root: Path
    """The Pulumi project directory. Sources of artifacts are relative to it: no state holds a path of a machine."""
    versions: Sequence[CatalogVersion]
    tags: Mapping[str, str]
    shard: str | None = None
    """The stack, where it has some fleets of the stage only: functions have its name in theirs."""


@dataclass(frozen=True, kw_only=True)
class ComponentVersionsResources:
    """The versions by component name and version, and the functions that some of them are made from."""

    versions: Mapping[tuple[str, str], greengrassv2.ComponentVersion]
    functions: LambdaFunctions | None


@final
class ComponentVersions(EdgeComponent):
    """The versions that this stage needs now. Those it needed before stay in AWS, so that a revert finds them."""

    resources: ComponentVersionsResources

    def __init__(self, name: str, *, args: ComponentVersionsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts=opts)
        self._args = args
        self._child = self.child(args.provider, retain_on_delete=True)
        functions = [version for version in args.versions if version.function is not None]
        made = self._functions(name, functions) if functions else None
        versions = {}
        for version in args.versions:
            key = version.name, version.version
            if made is not None and version.function is not None:
                versions[key] = self._from_function(version, version.function, made.resources.functions[key])
            else:
                versions[key] = self._from_recipe(version)
        self.resources = ComponentVersionsResources(versions=versions, functions=made)
        self.register_outputs({"versions": [f"{component}@{version}" for component, version in versions]})

    def _functions(self, name: str, versions: Sequence[CatalogVersion]) -> LambdaFunctions:
        args = self._args
        return LambdaFunctions(
            name,
            args=LambdaFunctionsArgs(
                provider=args.cloud,
                place=args.place,
                root=args.root,
                versions=versions,
                tags=args.tags,
                shard=args.shard,
            ),
            opts=self.inner(),
        )

    def _from_recipe(self, version: CatalogVersion) -> greengrassv2.ComponentVersion:
        bucket = self._args.place.artifact_bucket

        def uri_for(artifact: Artifact) -> str:
            return f"s3://{bucket}/{naming.artifact_key(version.name, artifact.sha256, artifact.file)}"

        return greengrassv2.ComponentVersion(
            f"{version.name}@{version.version}",
            recipe=version.rendered_recipe(uri_for),
            artifacts=[
                {
                    "uri": uri_for(artifact),
                    "sha256": artifact.sha256,
                    "source": artifact.path.relative_to(self._args.root).as_posix(),
                }
                for artifact in version.artifacts
            ],
            tags=dict(self._args.tags),
            opts=self._child,
        )

    def _from_function(
        self, version: CatalogVersion, component: LambdaComponent, function: aws.lambda_.Function
    ) -> greengrassv2.ComponentVersion:
        # The number of the version, as AWS wants it; $LATEST and aliases would say something else tomorrow.
        source = cast("LambdaFunctionRecipeSource", {"lambdaArn": function.qualified_arn, **component.source})
        return greengrassv2.ComponentVersion(
            f"{version.name}@{version.version}",
            lambda_function=source,
            source_digest=version.digest,
            tags=dict(self._args.tags),
            opts=self._child,
        )
