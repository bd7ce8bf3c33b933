"""Smithy's RPC v2 protocol with CBOR bodies, which CloudWatch's newer clients speak and moto does not.

A request is turned into the JSON form of the same service before anybody else looks at it, and the answer back into
CBOR. Both ways go by botocore's model and botocore's own reader and writer. Source: "Smithy RPC v2 CBOR protocol".
"""

from __future__ import annotations

import base64
import io
import json
import re
from datetime import datetime
from functools import cache
from typing import Any

from botocore.parsers import create_parser
from botocore.serialize import create_serializer
from moto.core.utils import get_service_model

from edgewright.sandbox.faults import AwsError, Response

_PATH = re.compile(r"/service/(\w+)/operation/(\w+)")
_SERVICES = {"GraniteServiceVersion20100801": "cloudwatch"}
"""Services that are asked in this way, by the name that they have on the wire."""
_ASKED = "edgewright.rpc"
_EMPTY = b"\xa0"  # a map without entries
_HEADERS = [("Content-Type", "application/cbor"), ("smithy-protocol", "rpc-v2-cbor")]


def read(environ: dict[str, Any]) -> None:
    """Turn a request of this protocol into its JSON form; others stay as they are.

    Raises:
        AwsError: the body is not CBOR, or the service is not one that speaks this protocol.
    """
    match = _asked(environ)
    if match is None:
        return
    target, operation = match.groups()
    if target not in _SERVICES:
        raise AwsError("UnknownOperationException", f"there is no service {target}", 404)
    environ[_ASKED] = (_SERVICES[target], operation)
    body = json.dumps(_decoded(environ["edgewright.body"]), default=_plain).encode()
    environ.update(
        {
            "CONTENT_LENGTH": str(len(body)),
            "CONTENT_TYPE": "application/x-amz-json-1.0",
            "HTTP_X_AMZ_TARGET": f"{target}.{operation}",
            "PATH_INFO": "/",
            "edgewright.body": body,
            "wsgi.input": io.BytesIO(body),
        }
    )


def write(environ: dict[str, Any], response: Response) -> Response:
    """Turn the answer to a request of this protocol into CBOR; others stay as they are."""
    if _ASKED not in environ and _asked(environ) is None:
        return response
    service, operation = environ.get(_ASKED, ("", ""))
    kept = [(name, value) for name, value in response.headers if name.lower().startswith("x-amzn-")]
    if response.status >= 300:
        body = _error(response.body)
    else:
        model = get_service_model(service)
        shape = model.operation_model(operation).output_shape if operation in model.operation_names else None
        body = _EMPTY if shape is None else _encoded(response, shape)
    return Response(response.status, body, [*_HEADERS, *kept])


def _asked(environ: dict[str, Any]) -> re.Match[str] | None:
    return _PATH.fullmatch(environ["PATH_INFO"]) if environ.get("HTTP_SMITHY_PROTOCOL") == "rpc-v2-cbor" else None


def _decoded(body: bytes) -> Any:
    if not body:
        return {}
    parser = _parser()
    try:
        return parser.parse_data_item(parser.get_peekable_stream_from_bytes(body))
    except Exception as error:
        raise AwsError("SerializationException", f"the body is not CBOR: {error}", 400) from error


def _encoded(response: Response, shape: Any) -> bytes:
    answer = {"status_code": response.status, "headers": {}, "body": response.body or b"{}"}
    value = create_parser("json").parse(answer, shape)
    value.pop("ResponseMetadata", None)
    return _serialized(value, shape)


def _error(body: bytes) -> bytes:
    try:
        given = json.loads(body or b"{}")
    except ValueError:
        given = {}
    # moto writes the first letter of the message large or small
    told = {"__type": given.get("__type", "InternalFailure"), "message": given.get("message", given.get("Message", ""))}
    return _serialized(told, None)


def _serialized(value: dict[str, Any], shape: Any) -> bytes:
    data = bytearray()
    serializer = _serializer()
    if shape is not None:
        serializer._serialize_data_item(data, value, shape)  # noqa: SLF001 -- botocore writes requests only by itself
        return bytes(data)
    data.append(0xA0 + len(value))
    for pair in value.items():
        for text in pair:
            serializer._serialize_type_string(data, text, None, None)  # noqa: SLF001 -- as above
    return bytes(data)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    msg = f"a value of type {type(value).__name__} in CBOR"
    raise TypeError(msg)


@cache
def _parser() -> Any:
    return create_parser("smithy-rpc-v2-cbor")


@cache
def _serializer() -> Any:
    return create_serializer("smithy-rpc-v2-cbor", include_validation=False)
