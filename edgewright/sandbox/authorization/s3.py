"""Buckets by name: a name is unique in a partition, whichever account the bucket is in."""

from __future__ import annotations

from typing import Any


def bucket(name: str) -> Any | None:
    """The bucket of a name, or None."""
    from moto.s3.models import s3_backends  # noqa: PLC0415 -- moto loads a service when it is used

    owner = s3_backends.bucket_accounts.get(name)
    if owner is None:
        return None
    partition, account = owner
    return s3_backends[account][partition].buckets.get(name)
