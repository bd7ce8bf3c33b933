"""Artifacts in S3: written once, never over something else, checked before and after.

Devices check an artifact's digest against the one the service took when the version was created; a changed object
would break every later installation, rollbacks included.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edgewright.aws.body import content
from edgewright.aws.errors import AwsError
from edgewright.provider.cloud import Cloud
from edgewright.provider.plugin import PluginError
from edgewright.provider.recipe_content import base64_digest

_CHUNK = 1 << 20


def verify_local(artifact: Mapping[str, Any], project: Path) -> Path | None:
    """Return the file of an artifact, after its SHA-256 was checked; None when there is nothing to upload.

    Raises:
        PluginError: the file is not there, or is not what the program says.
    """
    if not artifact.get("source"):
        return None
    path: Path = project / artifact["source"]
    if not path.is_file():
        msg = f"the artifact file {artifact['source']} does not exist in {project}; restore it, or correct `source`"
        raise PluginError(msg)
    found = _sha256(path)
    if found != artifact["sha256"]:
        raise PluginError(
            f"the artifact file {artifact['source']} has SHA-256 {found}, not {artifact['sha256']} as the program "
            "says; a published file never changes: restore it, or publish it as a new version"
        )
    return path


async def upload(cloud: Cloud, artifact: Mapping[str, Any], project: Path) -> None:
    """Put an artifact where its URI says, unless it is there.

    Raises:
        PluginError: something else is there, or the local file is not what the program says.
        AwsError: S3 said no.
    """
    path = await cloud.run(lambda: verify_local(artifact, project))
    bucket, _, key = artifact["uri"].removeprefix("s3://").partition("/")
    where = {"Bucket": bucket, "Key": key}
    if await _is_there(cloud, artifact, where):
        return
    if path is None:
        msg = f"the artifact {artifact['uri']} does not exist, and there is no `source` to upload; upload it first"
        raise PluginError(msg)
    try:
        await cloud.run(lambda: _put(cloud, artifact, where, path))
    except AwsError as error:
        # Somebody was faster; what matters is that it is the same.
        if not error.conflict or not await _is_there(cloud, artifact, where):
            raise


def _put(cloud: Cloud, artifact: Mapping[str, Any], where: Mapping[str, str], path: Path) -> None:
    with path.open("rb") as body:
        cloud.session.call(
            "s3",
            "put_object",
            doing=f"upload {artifact['source']} to {artifact['uri']}",
            Body=body,
            IfNoneMatch="*",
            ChecksumSHA256=base64_digest(artifact["sha256"]),
            **where,
        )


async def _is_there(cloud: Cloud, artifact: Mapping[str, Any], where: Mapping[str, str]) -> bool:
    """Whether the object exists with the right content.

    Raises:
        PluginError: it exists with other content.
        AwsError: S3 said no.
    """
    try:
        head = await cloud.call(
            "s3", "head_object", doing=f"look for {artifact['uri']}", ChecksumMode="ENABLED", **where
        )
    except AwsError as error:
        if error.missing:
            return False
        # Without s3:ListBucket, S3 answers 403 for what is not there; the conditional upload finds out.
        if error.family == "AccessDenied" and artifact.get("source"):
            return False
        raise
    whole = head.get("ChecksumType", "FULL_OBJECT") == "FULL_OBJECT"
    found = str(head.get("ChecksumSHA256") or "") if whole else ""
    if not found:
        found = await cloud.run(lambda: _remote_sha256(cloud, artifact, where))
    if found != base64_digest(artifact["sha256"]):
        raise PluginError(
            f"{artifact['uri']} exists with other content (SHA-256 {base64.b64decode(found).hex()}), and an artifact "
            "is never overwritten, because devices check it; publish the file under another key or version"
        )
    return True


def _remote_sha256(cloud: Cloud, artifact: Mapping[str, Any], where: Mapping[str, str]) -> str:
    total = hashlib.sha256()
    for chunk in content(cloud.session, doing=f"read {artifact['uri']} to check it", **where):
        total.update(chunk)
    return base64.b64encode(total.digest()).decode()


def _sha256(path: Path) -> str:
    total = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            total.update(chunk)
    return total.hexdigest()
