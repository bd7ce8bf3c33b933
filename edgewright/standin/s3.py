"""Amazon S3: buckets. What belongs to a bucket (versioning, encryption, ...) is in ``s3_settings``."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING

from edgewright.aws.errors import AwsError
from edgewright.standin.calls import asked
from edgewright.standin.model import ALL_TAGS, TAGS, Api, Property, Type, Values
from edgewright.standin.names import AutoName
from edgewright.standin.tags import listed, mapped

if TYPE_CHECKING:
    from edgewright.aws.session import Session

LONGEST_NAME = 63
NO_BUCKET = frozenset({"NoSuchBucket"})
_CLASSIC_REGION = "us-east-1"
"""The Region that S3 does not accept as a location constraint, because it is the default."""


class Buckets(Api):
    """``aws:s3/bucket:Bucket``; the id is the name."""

    def create(self, aws: Session, inputs: Values) -> str:
        """Create the bucket, tags with it."""
        configuration: Values = {}
        if aws.region != _CLASSIC_REGION:
            configuration["LocationConstraint"] = aws.region
        if inputs.get(ALL_TAGS):
            configuration["Tags"] = listed(inputs[ALL_TAGS])
        arguments = {"CreateBucketConfiguration": configuration} if configuration else {}
        name: str = inputs["bucket"]
        aws.call("s3", "create_bucket", doing=f"create the bucket {name}", Bucket=name, **arguments)
        return name

    def read(self, aws: Session, resource_id: str) -> Values | None:
        """Return the bucket."""
        doing = f"read the bucket {resource_id}"
        head = asked(aws, "s3", "head_bucket", NO_BUCKET, doing=doing, Bucket=resource_id)
        if head is None:
            return None
        region = head.get("BucketRegion") or aws.region
        tags = asked(aws, "s3", "get_bucket_tagging", NO_BUCKET | {"NoSuchTagSet"}, doing=doing, Bucket=resource_id)
        return {
            "arn": f"arn:aws:s3:::{resource_id}",
            "bucket": resource_id,
            "bucketDomainName": f"{resource_id}.s3.amazonaws.com",
            "bucketRegion": region,
            "bucketRegionalDomainName": f"{resource_id}.s3.{region}.amazonaws.com",
            TAGS: mapped(tags["TagSet"]) if tags else {},
        }

    def update(self, aws: Session, resource_id: str, old: Values, new: Values, changed: AbstractSet[str]) -> None:
        """Change tags."""
        del old
        if ALL_TAGS not in changed:
            return
        doing = f"tag the bucket {resource_id}"
        if new.get(ALL_TAGS):
            tagging = {"TagSet": listed(new[ALL_TAGS])}
            aws.call("s3", "put_bucket_tagging", doing=doing, Bucket=resource_id, Tagging=tagging)
        else:
            aws.call("s3", "delete_bucket_tagging", doing=doing, Bucket=resource_id)

    def delete(self, aws: Session, resource_id: str, old: Values) -> None:
        """Delete the bucket; with ``forceDestroy``, everything in it first."""
        doing = f"delete the bucket {resource_id}"
        try:
            asked(aws, "s3", "delete_bucket", NO_BUCKET, doing=doing, Bucket=resource_id)
        except AwsError as error:
            if error.code != "BucketNotEmpty" or not old.get("forceDestroy"):
                raise
            self._empty(aws, resource_id, doing)
            asked(aws, "s3", "delete_bucket", NO_BUCKET, doing=doing, Bucket=resource_id)

    def _empty(self, aws: Session, bucket: str, doing: str) -> None:
        for key in ("Versions", "DeleteMarkers"):
            for version in aws.items("s3", "list_object_versions", key, doing=doing, Bucket=bucket):
                aws.call(
                    "s3",
                    "delete_object",
                    doing=doing,
                    Bucket=bucket,
                    Key=version["Key"],
                    VersionId=version["VersionId"],
                )


TYPES = (
    Type(
        token="aws:s3/bucket:Bucket",  # noqa: S106 -- Pulumi's word for the name of a type
        api=Buckets(),
        properties={
            "bucket": Property(replace=True),
            "forceDestroy": Property(kept=False),
            "tags": Property(),
        },
        auto_name=AutoName("bucket", LONGEST_NAME, lower=True),
    ),
)
