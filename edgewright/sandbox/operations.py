"""What a request asks for, by the name of the operation, whatever protocol its service speaks."""

from __future__ import annotations

import re
import urllib.parse
from functools import cache
from typing import Any

import botocore.session

from edgewright.sandbox import wire
from edgewright.sandbox.faults import AwsError

_REST = {
    "greengrass": "greengrassv2",
    "iot": "iot",
    "iotdata": "iot-data",
    "iot-jobs-data": "iot-jobs-data",
    "lambda": "lambda",
}
_NAMES = {"monitoring": "cloudwatch", "states": "stepfunctions"}  # the model's name, where it is not the signature's
_ACTION = re.compile(rb"(?:^|&)Action=(\w+)")


def name(service: str, environ: dict[str, Any]) -> str:
    """Such as ``CreateDeployment``; method and path where the request does not tell."""
    told = _told(environ)
    if told:
        return told
    found = _of_s3(environ) if service == "s3" else _of_rest(service, environ)
    return found or f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"


def is_unknown(service: str, environ: dict[str, Any]) -> bool:
    """Whether a REST service has no such path; False for services whose paths are not known here."""
    return service in _REST and not _of_rest(service, environ)


def _of_rest(service: str, environ: dict[str, Any]) -> str:
    model = "sagemaker-edge" if service == "sagemaker" and environ["PATH_INFO"] != "/" else _REST.get(service)
    if model is None:
        return ""
    # as it was sent: a slash within a name is not one between names
    path = urllib.parse.urlsplit(environ.get("RAW_URI") or environ["PATH_INFO"]).path
    found = wire.find(model, environ["REQUEST_METHOD"], path)
    return found[0] if found is not None else ""


def _told(environ: dict[str, Any]) -> str:
    """The operation that a request names itself, in a header or in its form; empty when it does not."""
    target = environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2]
    if target:
        return str(target)
    match = _ACTION.search(environ.get("edgewright.body") or b"")
    if match and environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
        return match[1].decode()
    return ""


def check(service: str, environ: dict[str, Any]) -> None:
    """Refuse an operation that the service does not have, where the request names it itself.

    moto fails over such a name. An operation that AWS has and moto lacks passes: that is for the caller to say.

    Raises:
        AwsError: in the words of the service's protocol.
    """
    operation = _told(environ)
    model = _NAMES.get(service, service)
    if not operation or model not in _known() or operation in wire.service(model).operation_names:
        return
    if environ.get("HTTP_X_AMZ_TARGET"):
        text = f"The requested operation {operation} is not recognized by the service."
        raise AwsError("UnknownOperationException", text, 400)
    version = wire.service(model).api_version
    raise AwsError("InvalidAction", f"Could not find operation {operation} for version {version}", 400)


@cache
def _known() -> frozenset[str]:
    return frozenset(botocore.session.get_session().get_available_services())


def _of_s3(environ: dict[str, Any]) -> str:
    """The S3 action that the request needs first, which is nearly always named as the operation is."""
    from edgewright.sandbox.authorization import needs_s3  # noqa: PLC0415 -- it imports S3

    needs = needs_s3.needs(environ)
    return needs[0].action.partition(":")[2] if needs else ""
