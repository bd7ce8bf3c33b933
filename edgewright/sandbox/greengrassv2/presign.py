"""Presigned S3 URLs, signed with the credentials of whoever asked."""

from __future__ import annotations

from typing import Any

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from edgewright.sandbox.authorization.principals import Principal
from edgewright.sandbox.greengrassv2.recipes import S3Location

LIFE = 3600  # seconds


def presigned_url(location: S3Location, environ: dict[str, Any]) -> str:
    """A URL of an artifact for an hour."""
    caller: Principal = environ["edgewright.principal"]
    region = environ["edgewright.region"]
    request = AWSRequest("GET", f"http://{environ['HTTP_HOST']}/{location.bucket}/{location.key}")
    credentials = Credentials(environ["edgewright.access_key"], caller.secret, caller.token or None)
    botocore.auth.S3SigV4QueryAuth(credentials, "s3", region, expires=LIFE).add_auth(request)
    return str(request.url)
