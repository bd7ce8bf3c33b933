"""Artifacts in S3, read with the caller's permission when a component version is made."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from edgewright.sandbox.authorization.judge import judge
from edgewright.sandbox.authorization.needs import Need
from edgewright.sandbox.authorization.principals import Principal
from edgewright.sandbox.authorization.s3 import bucket
from edgewright.sandbox.greengrassv2.recipes import S3Location

UNREADABLE = "Specified artifact resource cannot be accessed"


def digest(location: S3Location, region: str, caller: Principal) -> str | None:
    """The SHA-256 of an object in base64, or None when the caller cannot read it in this Region.

    A bucket in another Region gives the same answer as one that may not be read (aws/aws-cli#6261).
    """
    found = _object(location, region)
    if found is None:
        return None
    arn = f"arn:aws:s3:::{location.bucket}/{location.key}"
    if not judge(caller, Need("s3:GetObject", arn)).allowed:
        return None
    return digest_of(found.value)


def digest_of(data: bytes) -> str:
    """The SHA-256 of ``data`` in base64, as recipes have it."""
    return base64.b64encode(hashlib.sha256(data).digest()).decode()


def _object(location: S3Location, region: str) -> Any:
    found = bucket(location.bucket)
    if found is None or found.region_name != region:
        return None
    return found.keys.get(location.key)
