"""moto's S3, where access is decided by the gate and not by moto.

moto reads a bucket policy without its conditions, so that a policy that refuses what is not encrypted would refuse
everything. It is replaced where moto asks it: for the objects of a DeleteObjects request, one by one.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

from moto.iam.access_control import PermissionResult
from moto.s3.exceptions import AccessDeniedByLock
from moto.s3.models import FakeBucket, FakeDeleteMarker, FakeKey, S3Backend, s3_backends

from edgewright.sandbox.authorization.judge import judge
from edgewright.sandbox.authorization.needs import Need
from edgewright.sandbox.authorization.principals import Principal

caller: ContextVar[Principal | None] = ContextVar("caller", default=None)
"""Who asks for a DeleteObjects; nobody during other requests, which the gate has let pass already."""


def _permission(_bucket: FakeBucket, action: str, resource: str) -> PermissionResult:
    principal = caller.get()
    if principal is None or judge(principal, Need(action, resource)).allowed:
        return PermissionResult.PERMITTED
    return PermissionResult.DENIED


class SandboxS3Backend(S3Backend):
    """S3 of one account."""

    @property
    def _url_module(self) -> Any:
        from edgewright.sandbox.s3 import urls  # noqa: PLC0415 -- the responses there import this module

        return urls

    def delete_object(
        self, bucket_name: str, key_name: str, version_id: str | None = None, *, bypass: bool = False
    ) -> tuple[bool, dict[str, Any]]:
        """DeleteObject. A version is deleted by its id alone, whatever the bucket's versioning is by now."""
        bucket = self.get_bucket(bucket_name)
        if version_id is None:
            result: tuple[bool, dict[str, Any]] = super().delete_object(bucket_name, key_name, None, bypass)
            return result
        versions = bucket.keys.getlist(key_name) if key_name in bucket.keys else []
        found = next((v for v in versions if str(v.version_id) == str(version_id)), None)
        if found is None:
            return False, {}
        if isinstance(found, FakeKey) and found.is_locked(governance_bypass=bypass):
            raise AccessDeniedByLock
        rest = [v for v in versions if v is not found]
        if rest:
            bucket.keys.setlist(key_name, rest)
        else:
            bucket.keys.pop(key_name)
        marker = {"delete-marker": "true"} if isinstance(found, FakeDeleteMarker) else {}
        return True, {"version-id": version_id, **marker}


def _nothing(_marker: FakeDeleteMarker) -> None:
    """A delete marker has no file to close; moto asks it to, and fails."""


FakeDeleteMarker.dispose = _nothing
FakeBucket.get_permission = _permission
s3_backends.backend = SandboxS3Backend
