"""The Lambda functions that components of a stage are made from. Devices run them; in the cloud nothing calls them.

Greengrass copies a function's code when the component version is made (API reference, CreateComponentVersion: "creates
a recipe and artifacts from the Lambda function's deployment package"), and keeps that. So a function is here as long
as a ring pins its version, and goes with it: the component version stays, and one that comes back is adopted by what
it was made from (``sourceDigest``), whatever number the function has by then.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import final

import pulumi
import pulumi_aws as aws

from components._base import EdgeComponent
from edgewright.catalog.component import CatalogVersion
from edgewright.documents import boundary, naming, policy, provisioning
from edgewright.documents.place import StagePlace


@dataclass(frozen=True, kw_only=True)
class LambdaFunctionsArgs:
    """Which versions, and where."""

    provider: aws.Provider
    """Of the stage's account and Region: Greengrass takes functions of its own only."""
    place: StagePlace
    root: Path
    """The Pulumi project directory. Archives of code are relative to it: no state holds a path of a machine."""
    versions: Sequence[CatalogVersion]
    """Those that are made from a function; at least one."""
    shard: str | None = None
    """The stack, where it has some fleets of the stage only."""
    tags: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class LambdaFunctionsResources:
    """The functions by component name and version, and the role that all have."""

    role: aws.iam.Role
    functions: Mapping[tuple[str, str], aws.lambda_.Function]


@final
class LambdaFunctions(EdgeComponent):
    """One function for each component version, so that two rings can pin two of them."""

    resources: LambdaFunctionsResources

    def __init__(self, name: str, *, args: LambdaFunctionsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        role_name = naming.lambda_role(args.place.stage, args.shard)
        trusting = provisioning.service_trust("lambda.amazonaws.com")
        trust = policy.render(trusting, limit=policy.TRUST_POLICY, of=f"the trust of role {role_name}")
        super().__init__(name, opts=opts)
        child = self.child(args.provider)
        role = aws.iam.Role(
            f"{name}/lambda",
            name=role_name,
            description=f"Without rights: Lambda wants a role for the functions that devices of {args.place.stage} run",
            assume_role_policy=trust,
            permissions_boundary=boundary.arn(args.place, boundary.DEVICES),
            tags=dict(args.tags),
            opts=child,
        )
        functions = {}
        for version in args.versions:
            component = version.function
            if component is None:
                continue
            (code,) = version.artifacts
            functions[version.name, version.version] = aws.lambda_.Function(
                f"{version.name}@{version.version}",
                name=naming.lambda_function(args.place.stage, version.name, version.version, args.shard),
                description=f"{version.name} {version.version}, which devices run",
                role=role.arn,
                runtime=component.runtime,
                handler=component.handler,
                code=pulumi.FileArchive(code.path.relative_to(args.root).as_posix()),
                publish=True,
                tags={**args.tags, "edgewright:component": f"{version.name}@{version.version}"},
                opts=child,
            )
        self.resources = LambdaFunctionsResources(role=role, functions=functions)
        self.register_outputs({"functions": [f"{component}@{version}" for component, version in functions]})
