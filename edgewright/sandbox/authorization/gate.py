"""The gate before every signed request: all that it needs must be allowed, or AWS's refusal is the answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from edgewright.sandbox.authorization import needs, needs_greengrass, needs_iam, needs_iot, needs_s3, needs_services
from edgewright.sandbox.authorization.judge import judge, sentence
from edgewright.sandbox.authorization.needs import Asked, Need
from edgewright.sandbox.authorization.principals import Principal
from edgewright.sandbox.faults import AwsError

_REST: dict[str, tuple[str, Callable[[Asked], list[Need]]]] = {
    "iot": ("iot", needs_iot.needs),
    "iotdata": ("iot-data", needs_iot.data_needs),
    "iot-jobs-data": ("iot-jobs-data", needs_iot.jobs_needs),
    "greengrass": ("greengrassv2", needs_greengrass.needs),
}
_JSON_CODE = "AccessDeniedException"


def check(service: str, environ: dict[str, Any], principal: Principal, region: str) -> None:
    """Let the request pass.

    Raises:
        AwsError: 403, naming principal, action and resource as AWS does.
    """
    for need in _needs(service, environ, principal, region):
        verdict = judge(principal, need)
        if not verdict.allowed:
            code, status = _refused(service)
            raise AwsError(code, sentence(principal, need, verdict), status)


def _refused(service: str) -> tuple[str, int]:
    if service in needs_services.SERVICES:
        return needs_services.refused(service)
    return ("AccessDenied" if service in {"s3", "iam"} else _JSON_CODE), 403


def _needs(service: str, environ: dict[str, Any], principal: Principal, region: str) -> list[Need]:
    if service == "s3":
        return needs_s3.needs(environ)
    if service == "iam":
        return needs_iam.needs(needs.query(environ, principal.account, region))
    if service in _REST:
        model, ask = _REST[service]
        asked = needs.rest(model, environ, principal.account, region)
        return [] if asked is None else ask(asked)
    if service in needs_services.SERVICES:
        asked = needs_services.asked(service, environ, principal.account, region)
        return [] if asked is None else needs_services.needs(service, asked)
    return []
