"""Signature Version 4: whether a request was signed with the secret of the access key that it names.

By "Create a signed AWS API request" of the IAM user guide; the query form is that of presigned S3 URLs. S3 signs the
path as it is sent, every other service encodes it once more; as S3 Control shares S3's name, both are tried.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from edgewright.sandbox.faults import AwsError

_ALGORITHM = "AWS4-HMAC-SHA256"
_HEADER = re.compile(rf"{_ALGORITHM}\s+Credential=([^,\s]+),\s*SignedHeaders=([^,\s]+),\s*Signature=([0-9a-f]+)")
_UNSIGNED = "UNSIGNED-PAYLOAD"
_MISMATCH = (
    "The request signature we calculated does not match the signature you provided. "
    "Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
)


@dataclass(frozen=True)
class Signature:
    """What a request says about its signing."""

    key: str
    date: str
    region: str
    service: str
    headers: tuple[str, ...]
    signature: str
    moment: str
    """As in ``X-Amz-Date``."""
    presigned: bool = False

    @property
    def scope(self) -> str:
        """The credential scope."""
        return f"{self.date}/{self.region}/{self.service}/aws4_request"


def read(environ: dict[str, Any]) -> Signature:
    """Read the signature of a request, from its header or its query.

    Raises:
        AwsError: there is none that can be read.
    """
    query = dict(urllib.parse.parse_qsl(environ["QUERY_STRING"]))
    if "X-Amz-Credential" in query:
        environ.setdefault("HTTP_X_AMZ_SECURITY_TOKEN", query.get("X-Amz-Security-Token", ""))
        credential, headers = query["X-Amz-Credential"], query.get("X-Amz-SignedHeaders", "")
        signature, moment = query.get("X-Amz-Signature", ""), query.get("X-Amz-Date", "")
    else:
        match = _HEADER.search(environ.get("HTTP_AUTHORIZATION", ""))
        if match is None:
            raise AwsError("MissingAuthenticationToken", "Missing Authentication Token", 403)
        credential, headers, signature = match.groups()
        moment = environ.get("HTTP_X_AMZ_DATE", "")
    parts = credential.rsplit("/", 4)
    if len(parts) != 5 or parts[4] != "aws4_request":
        raise AwsError("IncompleteSignature", f"Credential '{credential}' is not of the form of Version 4", 400)
    return Signature(
        key=parts[0],
        date=parts[1],
        region=parts[2],
        service=parts[3].lower(),
        headers=tuple(headers.split(";")),
        signature=signature,
        moment=moment,
        presigned="X-Amz-Credential" in query,
    )


def check(signature: Signature, environ: dict[str, Any], secret: str) -> None:
    """Compare the signature with one made from ``secret``.

    Raises:
        AwsError: they differ, the body is not the one that was signed, or a presigned URL's time is over.
    """
    payload = _payload(signature, environ)
    for path in _paths(environ):
        canonical = "\n".join(
            [
                environ["REQUEST_METHOD"],
                path,
                _query(environ),
                *(f"{name}:{_value(environ, name)}" for name in signature.headers),
                "",
                ";".join(signature.headers),
                payload,
            ]
        )
        digest = hashlib.sha256(canonical.encode("utf-8", "surrogateescape")).hexdigest()
        text = f"{_ALGORITHM}\n{signature.moment}\n{signature.scope}\n{digest}"
        if hmac.compare_digest(_sign(signature, secret, text), signature.signature):
            _check_time(signature, environ)
            return
    raise AwsError("SignatureDoesNotMatch", _MISMATCH, 403)


def _sign(signature: Signature, secret: str, text: str) -> str:
    key = f"AWS4{secret}".encode()
    for part in signature.scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def _target(environ: dict[str, Any]) -> tuple[str, str]:
    """Path and query as they were sent; a proxy's request line has the whole URL."""
    raw: str = environ["RAW_URI"]
    if raw.startswith("http://"):
        raw = "/" + raw.removeprefix("http://").partition("/")[2]
    path, _, query = raw.partition("?")
    return path or "/", query


def _paths(environ: dict[str, Any]) -> Iterator[str]:
    path, _ = _target(environ)
    yield path
    yield urllib.parse.quote(path, safe="/~")


def _query(environ: dict[str, Any]) -> str:
    pairs = (pair.partition("=") for pair in _target(environ)[1].split("&") if pair)
    return "&".join(f"{key}={value}" for key, _, value in sorted(pairs) if key != "X-Amz-Signature")


def _value(environ: dict[str, Any], name: str) -> str:
    key = name.upper().replace("-", "_")
    value = environ.get("edgewright.length" if key == "CONTENT_LENGTH" else f"HTTP_{key}", environ.get(key, ""))
    return " ".join(str(value).split())


def _payload(signature: Signature, environ: dict[str, Any]) -> str:
    given: str = environ.get("HTTP_X_AMZ_CONTENT_SHA256", "")
    if signature.presigned:
        return given or _UNSIGNED
    if given == _UNSIGNED or given.startswith("STREAMING-"):
        return given  # the chunks of a streamed upload have signatures of their own, which are not checked
    actual = hashlib.sha256(environ.get("edgewright.body") or b"").hexdigest()
    if given and given != actual:
        raise AwsError(
            "XAmzContentSHA256Mismatch",
            "The provided 'x-amz-content-sha256' header does not match what was computed.",
            400,
        )
    return actual


def _check_time(signature: Signature, environ: dict[str, Any]) -> None:
    if not signature.presigned:
        return
    seconds = dict(urllib.parse.parse_qsl(environ["QUERY_STRING"])).get("X-Amz-Expires", "0")
    made = datetime.strptime(signature.moment, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    if datetime.now(UTC) > made + timedelta(seconds=int(seconds)):
        raise AwsError("AccessDenied", "Request has expired", 403)
