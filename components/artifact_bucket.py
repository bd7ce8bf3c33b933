"""The bucket of component artifacts in the tooling account, one for each Region that has stages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import pulumi
import pulumi_aws as aws

from components._base import EdgeComponent
from components.private_bucket import PrivateBucket, PrivateBucketArgs
from edgewright.documents import bucket_policy, key_policy, naming, policy
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
    kms: bool
    """Whether it has a key of its own."""
    keep_days: int
    """Days for which a deleted object can be got back."""


@dataclass(frozen=True, kw_only=True)
class ArtifactBucketResources:
    """The bucket."""

    bucket: PrivateBucket
    key: aws.kms.Key | None


@final
class ArtifactBucket(EdgeComponent):
    """The artifacts of all private components: written once, read by devices, never expired."""

    resources: ArtifactBucketResources

    def __init__(self, name: str, *, args: ArtifactBucketArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        text = policy.render(
            bucket_policy.artifacts(args.bucket, args.stages), limit=policy.BUCKET_POLICY, of=f"bucket {args.bucket}"
        )
        super().__init__(name, opts=opts)
        key = self._key(name, args) if args.kms else None
        bucket = PrivateBucket(
            name,
            args=PrivateBucketArgs(
                provider=args.provider,
                bucket=args.bucket,
                policy=text,
                tags={"edgewright:part": "artifacts"},
                # Every rollback of every fleet needs it: a destroy is refused before it has taken anything away.
                protect=True,
                key=key,
                keep_days=args.keep_days,
            ),
            opts=self.inner(),
        )
        self.resources = ArtifactBucketResources(bucket=bucket, key=key)
        self.register_outputs({"bucket": bucket.resources.bucket.bucket})

    def _key(self, name: str, args: ArtifactBucketArgs) -> aws.kms.Key:
        first = args.stages[0]
        tags = {"edgewright:part": "artifacts"}
        key = aws.kms.Key(
            name,
            description="Artifacts of Greengrass components",
            enable_key_rotation=True,
            # Without the key no artifact can be read again: a month to find out who still needs it.
            deletion_window_in_days=30,
            policy=policy.render(
                key_policy.artifacts(first.tooling_id, first.region, args.stages),
                limit=policy.KEY_POLICY,
                of=f"key of {args.bucket}",
            ),
            tags=tags,
            opts=self.child(args.provider, protect=True),
        )
        aws.kms.Alias(name, name=naming.ARTIFACT_KEY_ALIAS, target_key_id=key.key_id, opts=self.child(args.provider))
        return key
