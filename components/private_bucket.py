"""A bucket as Edgewright makes all of them: versioned, encrypted, closed to the public, TLS only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

import pulumi
import pulumi_aws as aws

from components._base import EdgeComponent

ABORT_UPLOADS_AFTER_DAYS = 7
"""Parts of an upload that nobody completed cost money and serve nobody."""


@dataclass(frozen=True, kw_only=True)
class PrivateBucketArgs:
    """What a bucket is made of."""

    provider: aws.Provider
    bucket: str
    """Its name."""
    policy: str
    """JSON text of its policy, which must refuse requests without TLS."""
    tags: Mapping[str, str]
    protect: bool = False
    """Whether the engine refuses to delete it."""
    disposable: bool = False
    """Whether what is in it goes with it."""
    key: aws.kms.Key | None = None
    """The key that it is encrypted with; Amazon S3's own by default."""
    keep_days: int | None = None
    """Days for which a deleted or overwritten object can be got back; for ever by default. What is current stays."""


@dataclass(frozen=True, kw_only=True)
class PrivateBucketResources:
    """The bucket and its parts."""

    bucket: aws.s3.Bucket
    versioning: aws.s3.BucketVersioning
    encryption: aws.s3.BucketServerSideEncryptionConfiguration
    ownership: aws.s3.BucketOwnershipControls
    public_access: aws.s3.BucketPublicAccessBlock
    lifecycle: aws.s3.BucketLifecycleConfiguration
    policy: aws.s3.BucketPolicy


@final
class PrivateBucket(EdgeComponent):
    """A private bucket. What is current never expires, and a bucket that has anything is deleted only if disposable."""

    resources: PrivateBucketResources

    def __init__(self, name: str, *, args: PrivateBucketArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts=opts)
        bucket = aws.s3.Bucket(
            name,
            bucket=args.bucket,
            force_destroy=True if args.disposable else None,
            tags=dict(args.tags),
            opts=self.child(args.provider, protect=args.protect),
        )
        # AWS refuses to delete a bucket that holds anything. Were the settings deleted first, as the order of
        # dependencies has it, such a bucket would stay behind open.
        child = self.child(args.provider, deleted_with=bucket)
        public_access = aws.s3.BucketPublicAccessBlock(
            name,
            bucket=bucket.bucket,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=child,
        )
        ownership = aws.s3.BucketOwnershipControls(
            name,
            bucket=bucket.bucket,
            # What another account uploads belongs to the bucket's account, and its policy alone decides.
            rule=aws.s3.BucketOwnershipControlsRuleArgs(object_ownership="BucketOwnerEnforced"),
            opts=child,
        )
        encryption = aws.s3.BucketServerSideEncryptionConfiguration(
            name,
            bucket=bucket.bucket,
            rules=[
                aws.s3.BucketServerSideEncryptionConfigurationRuleArgs(
                    apply_server_side_encryption_by_default=aws.s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs(
                        sse_algorithm="AES256" if args.key is None else "aws:kms",
                        kms_master_key_id=None if args.key is None else args.key.arn,
                    ),
                    # One data key for many objects: without it, each download of a device is a call to the key.
                    bucket_key_enabled=None if args.key is None else True,
                )
            ],
            opts=child,
        )
        versioning = aws.s3.BucketVersioning(
            name,
            bucket=bucket.bucket,
            versioning_configuration=aws.s3.BucketVersioningVersioningConfigurationArgs(status="Enabled"),
            opts=child,
        )
        lifecycle = aws.s3.BucketLifecycleConfiguration(
            name,
            bucket=bucket.bucket,
            rules=_life_cycle(args.keep_days),
            # S3 wants versioning settled before rules that touch versions and uploads.
            opts=self.child(args.provider, depends_on=[versioning], deleted_with=bucket),
        )
        policy = aws.s3.BucketPolicy(
            name,
            bucket=bucket.bucket,
            policy=args.policy,
            # Two changes of a bucket at once conflict ("OperationAborted"), and these two are about the same thing.
            opts=self.child(args.provider, depends_on=[public_access], deleted_with=bucket),
        )
        self.resources = PrivateBucketResources(
            bucket=bucket,
            versioning=versioning,
            encryption=encryption,
            ownership=ownership,
            public_access=public_access,
            lifecycle=lifecycle,
            policy=policy,
        )
        self.register_outputs({"bucket": bucket.bucket, "arn": bucket.arn})


def _life_cycle(keep_days: int | None) -> list[aws.s3.BucketLifecycleConfigurationRuleArgs]:
    rules = [
        aws.s3.BucketLifecycleConfigurationRuleArgs(
            id="abort-incomplete-uploads",
            status="Enabled",
            filter=aws.s3.BucketLifecycleConfigurationRuleFilterArgs(prefix=""),
            abort_incomplete_multipart_upload=aws.s3.BucketLifecycleConfigurationRuleAbortIncompleteMultipartUploadArgs(
                days_after_initiation=ABORT_UPLOADS_AFTER_DAYS
            ),
        )
    ]
    if keep_days is not None:
        rules.append(
            aws.s3.BucketLifecycleConfigurationRuleArgs(
                id="expire-deleted-objects",
                status="Enabled",
                filter=aws.s3.BucketLifecycleConfigurationRuleFilterArgs(prefix=""),
                # Only what is no longer current, counted from when somebody deleted it.
                noncurrent_version_expiration=aws.s3.BucketLifecycleConfigurationRuleNoncurrentVersionExpirationArgs(
                    noncurrent_days=keep_days
                ),
            )
        )
    return rules
