"""Where S3 in the sandbox differs from moto's, because the program or the official plugin needs it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from edgewright.sandbox.control import Sandbox
from tests.sandbox.errors import refused

HERE = {"LocationConstraint": "eu-west-1"}


@pytest.fixture
def s3(sandbox: Sandbox) -> Any:
    return sandbox.client("s3")


def test_tags_in_the_body_of_create_bucket_stick(s3: Any, sandbox: Sandbox) -> None:
    tags = [{"Key": "fleet", "Value": "line-inspection"}, {"Key": "b", "Value": ""}]
    s3.create_bucket(Bucket="tagged", CreateBucketConfiguration={**HERE, "Tags": tags})
    assert s3.get_bucket_tagging(Bucket="tagged")["TagSet"] == tags
    control = sandbox.client("s3control")
    given = {"AccountId": sandbox.accounts["tooling"], "ResourceArn": "arn:aws:s3:::tagged"}
    assert control.list_tags_for_resource(**given)["Tags"] == tags
    control.tag_resource(**given, Tags=[{"Key": "b", "Value": "2"}])
    control.untag_resource(**given, TagKeys=["fleet"])
    assert s3.get_bucket_tagging(Bucket="tagged")["TagSet"] == [{"Key": "b", "Value": "2"}]


def test_a_bucket_name_belongs_to_one_account_of_all(s3: Any, sandbox: Sandbox) -> None:
    s3.create_bucket(Bucket="mine", CreateBucketConfiguration=HERE)
    refused(s3.create_bucket, "BucketAlreadyOwnedByYou", 409, ".*", Bucket="mine", CreateBucketConfiguration=HERE)
    refused(
        sandbox.client("s3", "prod").create_bucket,
        "BucketAlreadyExists",
        409,
        ".*",
        Bucket="mine",
        CreateBucketConfiguration=HERE,
    )


def test_a_conditional_write_never_replaces(s3: Any) -> None:
    s3.create_bucket(Bucket="once", CreateBucketConfiguration=HERE)
    s3.put_object(Bucket="once", Key="a", Body=b"1", IfNoneMatch="*")
    refused(s3.put_object, "PreconditionFailed", 412, ".*", Bucket="once", Key="a", Body=b"2", IfNoneMatch="*")
    assert s3.get_object(Bucket="once", Key="a")["Body"].read() == b"1"


def test_a_bucket_that_was_versioned_is_emptied_version_by_version(s3: Any) -> None:
    s3.create_bucket(Bucket="versions", CreateBucketConfiguration=HERE)
    s3.put_bucket_versioning(Bucket="versions", VersioningConfiguration={"Status": "Enabled"})
    for body in (b"1", b"2"):
        s3.put_object(Bucket="versions", Key="a", Body=body)
    s3.delete_object(Bucket="versions", Key="a")
    s3.delete_object(Bucket="versions", Key="a")
    s3.put_bucket_versioning(Bucket="versions", VersioningConfiguration={"Status": "Suspended"})
    found = s3.list_object_versions(Bucket="versions")
    objects = [{"Key": v["Key"], "VersionId": v["VersionId"]} for v in [*found["Versions"], *found["DeleteMarkers"]]]
    assert len(objects) == 4
    answer = s3.delete_objects(Bucket="versions", Delete={"Objects": objects})
    assert len(answer["Deleted"]) == 4
    assert "Errors" not in answer
    s3.delete_bucket(Bucket="versions")


def test_deleting_the_marker_brings_the_object_back(s3: Any) -> None:
    s3.create_bucket(Bucket="versions", CreateBucketConfiguration=HERE)
    s3.put_bucket_versioning(Bucket="versions", VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket="versions", Key="a", Body=b"1")
    marker = s3.delete_object(Bucket="versions", Key="a")["VersionId"]
    refused(s3.get_object, "NoSuchKey", 404, ".*", Bucket="versions", Key="a")
    s3.delete_object(Bucket="versions", Key="a", VersionId=marker)
    assert s3.get_object(Bucket="versions", Key="a")["Body"].read() == b"1"


@pytest.mark.parametrize("key", ["plain", "a b/c+d", "ümläut/日本", "a%2Fb", "dots/../x", "q?x=1&y=~"])
def test_keys_of_any_spelling_are_signed_and_kept(s3: Any, key: str) -> None:
    s3.create_bucket(Bucket="keys", CreateBucketConfiguration=HERE)
    s3.put_object(Bucket="keys", Key=key, Body=b"x", Metadata={"a_b": "c"})
    found = s3.get_object(Bucket="keys", Key=key)
    assert (found["Body"].read(), found["Metadata"]) == (b"x", {"a_b": "c"})
    assert [item["Key"] for item in s3.list_objects_v2(Bucket="keys")["Contents"]] == [key]


def test_a_policy_that_refuses_plain_http_lets_the_sandbox_pass(s3: Any) -> None:
    s3.create_bucket(Bucket="tls", CreateBucketConfiguration=HERE)
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": "arn:aws:s3:::tls/*",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    s3.put_bucket_policy(Bucket="tls", Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    s3.put_object(Bucket="tls", Key="a", Body=b"x")
    assert s3.head_object(Bucket="tls", Key="a")["ContentLength"] == 1
