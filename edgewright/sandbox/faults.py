"""Errors that AWS's front door gives whatever the service, in the form of each service's protocol.

Services in moto's form raise moto's own exceptions; this one passes through them to the server, which knows the
protocol of the request.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from xml.sax.saxutils import escape

QUERY_SERVICES = frozenset({"sts", "iam", "sns", "ec2", "autoscaling", "cloudformation", "rds", "elasticloadbalancing"})
XML_SERVICES = frozenset({"s3", "s3control"})


class AwsError(Exception):
    """An error with AWS's code, HTTP status and extra fields."""

    def __init__(self, code: str, message: str, status: int, fields: Mapping[str, Any] | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.fields = dict(fields or {})
        self.headers: dict[str, str] = {}


@dataclass
class Response:
    """An answer over HTTP."""

    status: int
    body: bytes = b""
    headers: list[tuple[str, str]] = field(default_factory=list)


def as_json(value: Any, status: int = 200) -> Response:
    """A JSON answer."""
    return Response(status, json.dumps(value).encode(), [("Content-Type", "application/json")])


def render(error: AwsError, service: str, request_id: str) -> Response:
    """The error as the service's protocol writes it."""
    response = _render(error, service, request_id)
    response.headers.extend(error.headers.items())
    return response


def _render(error: AwsError, service: str, request_id: str) -> Response:
    if service in QUERY_SERVICES:
        kind = "Receiver" if error.status >= 500 else "Sender"
        body = (
            f"<ErrorResponse><Error><Type>{kind}</Type><Code>{escape(error.code)}</Code>"
            f"<Message>{escape(error.message)}</Message></Error><RequestId>{request_id}</RequestId></ErrorResponse>"
        )
        return Response(error.status, body.encode(), [("Content-Type", "text/xml")])
    if service in XML_SERVICES:
        extra = "".join(f"<{k}>{escape(str(v))}</{k}>" for k, v in error.fields.items())
        inner = f"<Code>{escape(error.code)}</Code><Message>{escape(error.message)}</Message>{extra}"
        if service == "s3control":
            inner = f"<Error>{inner}</Error><RequestId>{request_id}</RequestId>"
        else:
            inner += f"<RequestId>{request_id}</RequestId>"
        tag = "ErrorResponse" if service == "s3control" else "Error"
        body = f'<?xml version="1.0" encoding="UTF-8"?>\n<{tag}>{inner}</{tag}>'
        return Response(error.status, body.encode(), [("Content-Type", "application/xml")])
    response = as_json({"__type": error.code, "message": error.message, **error.fields}, error.status)
    response.headers.append(("X-Amzn-Errortype", error.code))
    return response
