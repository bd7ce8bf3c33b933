"""Access to S3: identity policies and the bucket policy together."""

from __future__ import annotations

from typing import Any

from edgewright.sandbox.authorization import decide
from edgewright.sandbox.authorization.policy import Request
from edgewright.sandbox.authorization.principals import Principal


def bucket(name: str) -> Any | None:
    """A bucket by its name, which is unique in a partition, whichever account it is in."""
    from moto.s3.models import s3_backends  # noqa: PLC0415 -- moto loads a service when it is used

    for regions in list(s3_backends.values()):
        found = regions["aws"].buckets.get(name)
        if found is not None:
            return found
    return None


def may(principal: Principal, action: str, name: str, key: str = "", context: dict[str, str] | None = None) -> bool:
    """Whether ``principal`` may do ``action`` on a bucket, or on an object of it."""
    found = bucket(name)
    resource = f"arn:aws:s3:::{name}" + (f"/{key}" if key else "")
    keys = {**decide.global_keys(), **principal.keys(), **(context or {})}
    owner = found.account_id if found is not None else ""
    policy = found.policy if found is not None else None
    if isinstance(policy, bytes):
        policy = policy.decode()
    return decide.allowed(principal, Request(action, resource, keys), policy, owner)
