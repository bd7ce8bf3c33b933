"""Permissions that S3's operations need ("Required permissions for Amazon S3 API operations" of its user guide)."""

from __future__ import annotations

import re
import urllib.parse
from typing import Any

from edgewright.sandbox.authorization.needs import Need
from edgewright.sandbox.authorization.s3 import bucket

_READS = {
    "accelerate": "GetAccelerateConfiguration",
    "acl": "GetBucketAcl",
    "analytics": "GetAnalyticsConfiguration",
    "cors": "GetBucketCORS",
    "encryption": "GetEncryptionConfiguration",
    "intelligent-tiering": "GetIntelligentTieringConfiguration",
    "inventory": "GetInventoryConfiguration",
    "lifecycle": "GetLifecycleConfiguration",
    "location": "GetBucketLocation",
    "logging": "GetBucketLogging",
    "metrics": "GetMetricsConfiguration",
    "notification": "GetBucketNotification",
    "object-lock": "GetBucketObjectLockConfiguration",
    "ownershipControls": "GetBucketOwnershipControls",
    "policy": "GetBucketPolicy",
    "policyStatus": "GetBucketPolicyStatus",
    "publicAccessBlock": "GetBucketPublicAccessBlock",
    "replication": "GetReplicationConfiguration",
    "requestPayment": "GetBucketRequestPayment",
    "tagging": "GetBucketTagging",
    "uploads": "ListBucketMultipartUploads",
    "versioning": "GetBucketVersioning",
    "versions": "ListBucketVersions",
    "website": "GetBucketWebsite",
}
_WRITES = {
    name: action.replace("Get", "Put", 1)
    for name, action in _READS.items()
    if name not in {"location", "policyStatus", "uploads", "versions"}
}
_DELETES = {**_WRITES, "policy": "DeleteBucketPolicy", "website": "DeleteBucketWebsite"}
_BUCKET = {
    "GET": (_READS, "ListBucket"),
    "HEAD": ({}, "ListBucket"),
    "PUT": (_WRITES, "CreateBucket"),
    "DELETE": (_DELETES, "DeleteBucket"),
}
_OBJECT = {
    "GET": (
        {"acl": "GetObjectAcl", "tagging": "GetObjectTagging", "uploadId": "ListMultipartUploadParts",
         "versionId": "GetObjectVersion"},
        "GetObject",
    ),
    "HEAD": ({"versionId": "GetObjectVersion"}, "GetObject"),
    "PUT": ({"acl": "PutObjectAcl", "tagging": "PutObjectTagging"}, "PutObject"),
    "POST": ({"restore": "RestoreObject"}, "PutObject"),
    "DELETE": (
        {"uploadId": "AbortMultipartUpload", "tagging": "DeleteObjectTagging", "versionId": "DeleteObjectVersion"},
        "DeleteObject",
    ),
}  # fmt: skip
_CONTROL = {"GET": "ListTagsForResource", "POST": "TagResource", "DELETE": "UntagResource"}


def needs(environ: dict[str, Any]) -> list[Need]:
    """What an S3 or S3 Control request needs."""
    path, method = environ["PATH_INFO"], environ["REQUEST_METHOD"]
    parameters = dict(urllib.parse.parse_qsl(environ["QUERY_STRING"], keep_blank_values=True))
    if path.startswith("/v20180820/tags/"):
        return [Need(f"s3:{_CONTROL.get(method, '')}", urllib.parse.unquote(path.removeprefix("/v20180820/tags/")))]
    if path.startswith("/v20180820/"):
        return []
    bucket, _, key = path.lstrip("/").partition("/")
    if not bucket:
        return [Need("s3:ListAllMyBuckets")]
    if not key:
        return _bucket_needs(environ, bucket, method, parameters)
    return _object_needs(environ, f"arn:aws:s3:::{bucket}/{key}", method, parameters)


def _bucket_needs(environ: dict[str, Any], bucket: str, method: str, parameters: dict[str, str]) -> list[Need]:
    arn = f"arn:aws:s3:::{bucket}"
    if method not in _BUCKET:
        return []  # DeleteObjects is judged object by object, by the response
    named, default = _BUCKET[method]
    action = next((named[name] for name in parameters if name in named), default)
    context = {f"s3:{name}": parameters[name] for name in ("prefix", "delimiter", "max-keys") if name in parameters}
    needs = [Need(f"s3:{action}", arn, context)]
    if action == "CreateBucket" and b"<Tag>" in environ.get("edgewright.body", b""):
        needs.append(Need("s3:TagResource", arn))
    return needs


def _object_needs(environ: dict[str, Any], arn: str, method: str, parameters: dict[str, str]) -> list[Need]:
    if method not in _OBJECT:
        return []
    named, default = _OBJECT[method]
    action = next((named[name] for name in parameters if name in named), default)
    context = {}
    if action == "PutObject":
        # creating or filling a multipart upload creates no object; completing it does
        whole = "uploads" not in parameters and (method == "POST" or "uploadId" not in parameters)
        context["s3:ObjectCreationOperation"] = "true" if whole else "false"
        if "HTTP_IF_NONE_MATCH" in environ:
            context["s3:if-none-match"] = environ["HTTP_IF_NONE_MATCH"]
        if "HTTP_X_AMZ_SERVER_SIDE_ENCRYPTION" in environ:
            context["s3:x-amz-server-side-encryption"] = environ["HTTP_X_AMZ_SERVER_SIDE_ENCRYPTION"]
    if "versionId" in parameters:
        context["s3:VersionId"] = parameters["versionId"]
    needs = [Need(f"s3:{action}", arn, context)]
    if action == "GetObject" and _missing(arn):
        # "If the object you request does not exist": 404 for who may list the bucket, 403 for everybody else
        needs.append(Need("s3:ListBucket", arn.partition("/")[0]))
    source = environ.get("HTTP_X_AMZ_COPY_SOURCE")
    if source:
        path = re.sub(r"\?versionId=.*$", "", urllib.parse.unquote(source)).lstrip("/")
        needs.append(Need("s3:GetObject", f"arn:aws:s3:::{path}"))
    return needs


def _missing(arn: str) -> bool:
    name, _, key = arn.removeprefix("arn:aws:s3:::").partition("/")
    found = bucket(name)
    return found is not None and urllib.parse.unquote(key) not in found.keys and key not in found.keys
