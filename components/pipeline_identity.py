"""How pipelines of the forge prove who they are: the identity provider in the tooling account. No key is made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import pulumi
import pulumi_aws as aws

from components._base import EdgeComponent
from edgewright.documents import pipeline
from edgewright.manifest.accounts import Forge


@dataclass(frozen=True, kw_only=True)
class PipelineIdentityArgs:
    """The forge."""

    provider: aws.Provider
    """Of the tooling account."""
    forge: Forge


@dataclass(frozen=True, kw_only=True)
class PipelineIdentityResources:
    """The identity provider."""

    provider: aws.iam.OpenIdConnectProvider


@final
class PipelineIdentity(EdgeComponent):
    """The issuer of the pipelines' tokens. AWS knows the certificates of both forges, so no thumbprint is pinned."""

    resources: PipelineIdentityResources

    def __init__(self, name: str, *, args: PipelineIdentityArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts=opts)
        provider = aws.iam.OpenIdConnectProvider(
            name,
            url=f"https://{pipeline.host(args.forge)}",
            client_id_lists=[pipeline.audience(args.forge)],
            tags={"edgewright:part": "pipeline"},
            opts=self.child(args.provider),
        )
        self.resources = PipelineIdentityResources(provider=provider)
        self.register_outputs({"arn": provider.arn})
