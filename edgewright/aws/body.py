"""The content of an S3 object, block by block, with whatever breaks it off on the way told as an `AwsError`.

`Session.call` returns before the content has come: a connection that is reset, goes silent or ends too early shows
only while the body is read, where nothing of `Session` stands around the call any more. boto3 does not try such a read
again.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from edgewright.aws.errors import translated
from edgewright.aws.session import Session

BLOCK = 1 << 20
"""Bytes of one block."""


def content(session: Session, *, doing: str, **where: Any) -> Generator[bytes]:
    """Return the blocks of an object; all of them, or an error at the end of those that came.

    Args:
        session: By which it is read.
        doing: What is being done, for the error: "download s3://bucket/key".
        **where: The request of GetObject.

    Raises:
        AwsError: it is not there, may not be read, or did not come whole.
    """
    body = session.call("s3", "get_object", doing=doing, **where)["Body"]
    return blocks(body, doing=doing)


def blocks(body: Any, *, doing: str) -> Generator[bytes]:
    """Return the blocks of an open body, which is closed when they have been taken, or no more are wanted.

    Raises:
        AwsError: it did not come whole.
    """
    try:
        with translated(doing):
            yield from body.iter_chunks(BLOCK)
    finally:
        body.close()
