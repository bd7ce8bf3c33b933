"""The private component versions that a stage's rings pin: one resource each, shared by all fleets of the stage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import final

import pulumi

from components import greengrassv2
from components._base import EdgeComponent
from edgewright.catalog.component import Artifact, CatalogVersion
from edgewright.documents import naming


@dataclass(frozen=True, kw_only=True)
class ComponentVersionsArgs:
    """What to publish, and where its artifacts go."""

    provider: greengrassv2.Provider
    root: Path
    """The Pulumi project directory. Sources of artifacts are relative to it: no state holds a path of a machine."""
    artifact_bucket: str
    versions: Sequence[CatalogVersion]
    tags: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class ComponentVersionsResources:
    """The versions by component name and version."""

    versions: Mapping[tuple[str, str], greengrassv2.ComponentVersion]


@final
class ComponentVersions(EdgeComponent):
    """The versions that this stage needs now. Those it needed before stay in AWS, so that a revert finds them."""

    resources: ComponentVersionsResources

    def __init__(self, name: str, *, args: ComponentVersionsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts=opts)
        child = self.child(args.provider, retain_on_delete=True)
        versions = {}
        for version in args.versions:

            def uri_for(artifact: Artifact, component: str = version.name) -> str:
                return f"s3://{args.artifact_bucket}/{naming.artifact_key(component, artifact.sha256, artifact.file)}"

            versions[version.name, version.version] = greengrassv2.ComponentVersion(
                f"{version.name}@{version.version}",
                recipe=version.rendered_recipe(uri_for),
                artifacts=[
                    {
                        "uri": uri_for(artifact),
                        "sha256": artifact.sha256,
                        "source": artifact.path.relative_to(args.root).as_posix(),
                    }
                    for artifact in version.artifacts
                ],
                tags=dict(args.tags),
                opts=child,
            )
        self.resources = ComponentVersionsResources(versions=versions)
        self.register_outputs({"versions": [f"{component}@{version}" for component, version in versions]})
