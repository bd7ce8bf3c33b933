"""S3 over HTTP: moto's answers, with what it leaves out."""

from __future__ import annotations

from typing import Any

import xmltodict  # type: ignore[import-untyped]  # of moto's, and not typed
from moto.s3.responses import S3Response

from edgewright.sandbox.s3 import models


class SandboxS3Response(S3Response):
    """S3."""

    def _bucket_response_put(self, request: Any, bucket_name: str, querystring: dict[str, Any]) -> Any:
        created = not querystring and not self._exists(bucket_name)
        response = super()._bucket_response_put(request, bucket_name, querystring)
        if created and self._exists(bucket_name):
            tags = _tags(self.body)
            if tags:
                self.backend.put_bucket_tagging(bucket_name, tags)
        return response

    def _exists(self, bucket_name: str) -> bool:
        return bucket_name in self.backend.buckets

    def _bucket_response_delete_keys(self, bucket_name: str, authenticated: bool = True) -> Any:  # noqa: FBT001, FBT002
        token = models.caller.set(self.request.environ.get("edgewright.principal"))
        try:
            return super()._bucket_response_delete_keys(bucket_name, authenticated)
        finally:
            models.caller.reset(token)


def _tags(body: bytes) -> dict[str, str]:
    """The tags in the body of CreateBucket."""
    if b"<Tag>" not in body:
        return {}
    tags = xmltodict.parse(body)["CreateBucketConfiguration"]["Tags"]["Tag"]
    return {tag["Key"]: tag["Value"] or "" for tag in (tags if isinstance(tags, list) else [tags])}
