"""The bucket of component artifacts in the tooling account, one for each Region that has stages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import pulumi
import pulumi_aws as aws

from components._base import EdgeComponent
from components.private_bucket import PrivateBucket, PrivateBucketArgs
from edgewright.documents import bucket_policy, policy
from edgewright.documents.place import StagePlace


@dataclass(frozen=True, kw_only=True)
class ArtifactBucketArgs:
    """Who uploads to the bucket, and who reads it."""

    provider: aws.Provider
    """Of the tooling account, in the bucket's Region."""
    bucket: str
    """Its name."""
    stages: Sequence[StagePlace]
    """The stages of the bucket's Region: their deploy roles upload, their devices read."""


@dataclass(frozen=True, kw_only=True)
class ArtifactBucketResources:
    """The bucket."""

    bucket: PrivateBucket


@final
class ArtifactBucket(EdgeComponent):
    """The artifacts of all private components: written once, read by devices, never expired."""

    resources: ArtifactBucketResources

    def __init__(self, name: str, *, args: ArtifactBucketArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        text = policy.render(
            bucket_policy.artifacts(args.bucket, args.stages), limit=policy.BUCKET_POLICY, of=f"bucket {args.bucket}"
        )
        super().__init__(name, opts=opts)
        bucket = PrivateBucket(
            name,
            args=PrivateBucketArgs(
                provider=args.provider,
                bucket=args.bucket,
                policy=text,
                tags={"edgewright:part": "artifacts"},
                # Every rollback of every fleet needs it: a destroy is refused before it has taken anything away.
                protect=True,
            ),
            opts=self.inner(),
        )
        self.resources = ArtifactBucketResources(bucket=bucket)
        self.register_outputs({"bucket": bucket.resources.bucket.bucket})
