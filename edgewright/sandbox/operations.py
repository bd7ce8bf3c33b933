"""What a request asks for, by the name of the operation, whatever protocol its service speaks."""

from __future__ import annotations

import re
import urllib.parse
from typing import Any

from edgewright.sandbox import wire

_REST = {
    "greengrass": "greengrassv2",
    "iot": "iot",
    "iotdata": "iot-data",
    "iot-jobs-data": "iot-jobs-data",
    "lambda": "lambda",
}
_ACTION = re.compile(rb"(?:^|&)Action=(\w+)")


def name(service: str, environ: dict[str, Any]) -> str:
    """Such as ``CreateDeployment``; method and path where the request does not tell."""
    target = environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2]
    if target:
        return str(target)
    match = _ACTION.search(environ.get("edgewright.body") or b"")
    if match and environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
        return match[1].decode()
    method, path = environ["REQUEST_METHOD"], urllib.parse.quote(environ["PATH_INFO"], safe="/:@$")
    if service == "s3":
        return _of_s3(environ) or f"{method} {path}"
    found = wire.find(_REST[service], method, path) if service in _REST else None
    return found[0] if found is not None else f"{method} {path}"


def _of_s3(environ: dict[str, Any]) -> str:
    """The S3 action that the request needs first, which is nearly always named as the operation is."""
    from edgewright.sandbox.authorization import needs_s3  # noqa: PLC0415 -- it imports S3

    needs = needs_s3.needs(environ)
    return needs[0].action.partition(":")[2] if needs else ""
