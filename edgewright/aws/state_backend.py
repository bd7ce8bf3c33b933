"""The bucket and the key of Pulumi's state, made before there is a stack that could make them.

Each part is looked for first and made only when it is missing; what is there is brought to what is wanted. The
bucket keeps every version of an object: a state that is damaged or deleted can be got back.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from edgewright.aws.errors import AwsError
from edgewright.aws.session import Session

_BLOCKED = {
    "BlockPublicAcls": True,
    "IgnorePublicAcls": True,
    "BlockPublicPolicy": True,
    "RestrictPublicBuckets": True,
}
_NO_LOCATION = "us-east-1"
"""The one Region that CreateBucket does not want to be told."""
_TAGS = {"edgewright:part": "state"}


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What there should be."""

    bucket: str
    bucket_policy: Mapping[str, Any]
    alias: str
    """Of the key, with ``alias/``."""
    key_policy: Mapping[str, Any]


def ensure(session: Session, wanted: Wanted) -> Iterator[str]:
    """Make what is missing and put right what differs; yield what was done, a line each.

    Args:
        session: Of an administrator of the account.
        wanted: What there should be.

    Raises:
        AwsError: AWS said no; a bucket of this name that is somebody else's is told as such.
    """
    yield from _bucket(session, wanted)
    yield from _key(session, wanted)


def _bucket(session: Session, wanted: Wanted) -> Iterator[str]:
    bucket = wanted.bucket
    owned = {"Bucket": bucket, "ExpectedBucketOwner": session.account_id}
    if _found(lambda: session.call("s3", "head_bucket", doing=f"look for bucket {bucket}", **owned)) is None:
        where = (
            {}
            if session.region == _NO_LOCATION
            else {"CreateBucketConfiguration": {"LocationConstraint": session.region}}
        )
        session.call("s3", "create_bucket", doing=f"make bucket {bucket}", Bucket=bucket, **where)
        yield f"made bucket {bucket}"
    # These say what is to be, whatever is: asking first would take as many calls.
    settings: list[tuple[str, dict[str, Any]]] = [
        ("put_public_access_block", {"PublicAccessBlockConfiguration": _BLOCKED}),
        (
            "put_bucket_ownership_controls",
            {"OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}},
        ),
        ("put_bucket_versioning", {"VersioningConfiguration": {"Status": "Enabled"}}),
        (
            "put_bucket_encryption",
            {
                "ServerSideEncryptionConfiguration": {
                    "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
                }
            },
        ),
        ("put_bucket_policy", {"Policy": json.dumps(wanted.bucket_policy)}),
        ("put_bucket_tagging", {"Tagging": {"TagSet": [{"Key": key, "Value": value} for key, value in _TAGS.items()]}}),
    ]
    for operation, arguments in settings:
        session.call("s3", operation, doing=f"set up bucket {bucket}", **owned, **arguments)


def _key(session: Session, wanted: Wanted) -> Iterator[str]:
    alias = wanted.alias
    doing = f"look for key {alias}"
    found = _found(lambda: session.call("kms", "describe_key", doing=doing, KeyId=alias))
    policy = json.dumps(wanted.key_policy)
    if found is None:
        made = session.call(
            "kms",
            "create_key",
            doing=f"make key {alias}",
            Description="Secrets in the state of Pulumi's stacks",
            Policy=policy,
            Tags=[{"TagKey": key, "TagValue": value} for key, value in _TAGS.items()],
        )
        number = made["KeyMetadata"]["KeyId"]
        session.call("kms", "create_alias", doing=f"name key {alias}", AliasName=alias, TargetKeyId=number)
        yield f"made key {alias}"
    else:
        number = found["KeyMetadata"]["KeyId"]
        state = found["KeyMetadata"]["KeyState"]
        if state != "Enabled":
            msg = f"key {alias} is {state}: enable it, or cancel its deletion, before anything is encrypted with it"
            raise AwsError(msg)
        session.call(
            "kms", "put_key_policy", doing=f"set up key {alias}", KeyId=number, PolicyName="default", Policy=policy
        )
    session.call("kms", "enable_key_rotation", doing=f"set up key {alias}", KeyId=number)


def _found(look: Callable[[], dict[str, Any]]) -> dict[str, Any] | None:
    try:
        return look()
    except AwsError as error:
        if error.code in {"404", "NoSuchBucket", "NotFound", "NotFoundException"}:
            return None
        raise
