"""Objects that SageMaker's jobs read and write by the role that they were given, and the archives that these are."""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Mapping

from moto.s3.models import FakeKey, s3_backends

from edgewright.sandbox.authorization import roles
from edgewright.sandbox.authorization.judge import judge
from edgewright.sandbox.authorization.needs import Need
from edgewright.sandbox.authorization.principals import Principal
from edgewright.sandbox.authorization.s3 import bucket
from edgewright.sandbox.sagemaker.edge import SERVICE
from edgewright.sandbox.sagemaker.exceptions import ValidationException


class FailedError(Exception):
    """The job fails; the text is its status message, or reason."""


def acting(role: str) -> Principal:
    """What SageMaker becomes with a role.

    Raises:
        ValidationException: the role is not there, or does not trust SageMaker.
    """
    caller = roles.acting(role, SERVICE, "SageMaker")
    if caller is None:
        raise ValidationException(f"Could not assume role {role}. Please ensure that the role exists "
                                  f"and allows principal '{SERVICE}' to assume the role.")  # fmt: skip
    return caller


def read(uri: str, caller: Principal, what: str) -> bytes:
    """Return an object's content.

    Raises:
        FailedError: it is not there, or the role may not read it.
    """
    name, key = place(uri)
    if not judge(caller, Need("s3:GetObject", f"arn:aws:s3:::{name}/{key}")).allowed:
        raise FailedError(f"ClientError: {caller.role_arn} may not read {uri}")
    found = bucket(name)
    held = found.keys.get(key) if found is not None else None
    if not isinstance(held, FakeKey):  # a delete marker is none
        raise FailedError(f"ClientError: {what} {uri or '(none)'} cannot be found")
    data: bytes = held.value
    return data


def write(uri: str, data: bytes, caller: Principal) -> None:
    """Write an object.

    Raises:
        FailedError: there is no such bucket, or the role may not write it.
    """
    name, key = place(uri)
    found = bucket(name)
    if found is None:
        raise FailedError(f"ClientError: the bucket {name} does not exist")
    if not judge(caller, Need("s3:PutObject", f"arn:aws:s3:::{name}/{key}")).allowed:
        raise FailedError(f"ClientError: {caller.role_arn} may not write {uri}")
    s3_backends[found.account_id]["aws"].put_object(name, key, data)


def place(uri: str) -> tuple[str, str]:
    """Return the bucket and the key of an ``s3://`` address."""
    name, _, key = uri.partition("://")[2].partition("/")
    return name, key


def pack(files: Mapping[str, bytes]) -> bytes:
    """Return a ``.tar.gz`` whose bytes follow from its contents, so that its signature does too."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as archive:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return gzip.compress(raw.getvalue(), mtime=0)


def unpack(data: bytes, uri: str) -> dict[str, bytes]:
    """Return the files of a ``.tar.gz``.

    Raises:
        FailedError: it is none.
    """
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as archive:
            return {each.name: archive.extractfile(each).read() for each in archive if each.isfile()}  # type: ignore[union-attr]  # of a file there is one
    except (tarfile.TarError, OSError, EOFError) as error:
        raise FailedError(
            f"ClientError: InputConfiguration: {uri} is no gzip compressed tar archive ({error})"
        ) from error
