"""The bucket for what a fleet's devices capture, in the stage's account."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import pulumi
import pulumi_aws as aws

from components._base import EdgeComponent
from components.private_bucket import PrivateBucket, PrivateBucketArgs
from edgewright.documents import bucket_policy, deployment, policy
from edgewright.documents.place import FleetPlace


@dataclass(frozen=True, kw_only=True)
class CaptureBucketArgs:
    """Whose captures they are."""

    provider: aws.Provider
    place: FleetPlace


@dataclass(frozen=True, kw_only=True)
class CaptureBucketResources:
    """The bucket."""

    bucket: PrivateBucket


@final
class CaptureBucket(EdgeComponent):
    """The captures of a fleet in a stage, one prefix per thing."""

    resources: CaptureBucketResources

    def __init__(self, name: str, *, args: CaptureBucketArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        bucket_name = args.place.capture_bucket
        text = policy.render(bucket_policy.captures(args.place), limit=policy.BUCKET_POLICY, of=f"bucket {bucket_name}")
        super().__init__(name, opts=opts)
        bucket = PrivateBucket(
            name,
            args=PrivateBucketArgs(
                provider=args.provider, bucket=bucket_name, policy=text, tags=deployment.tags(args.place)
            ),
            opts=self.inner(),
        )
        self.resources = CaptureBucketResources(bucket=bucket)
        self.register_outputs({"bucket": bucket.resources.bucket.bucket})
