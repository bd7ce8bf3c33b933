"""What a request needs: actions on resources, as the Service Authorization Reference lists them for each operation.

Only services are judged whose policies Edgewright renders: Greengrass, AWS IoT, IAM and S3 (STS judges itself). An
operation may need several permissions; all must be there.
"""

from __future__ import annotations

import json
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from moto.core.routing import NotFound, get_service_router
from moto.moto_server.werkzeug_app import BackendRequest

from edgewright.sandbox.authorization.conditions import Context

EVERYTHING = "*"


@dataclass(frozen=True)
class Need:
    """One action on one resource."""

    action: str
    resource: str = EVERYTHING
    context: Context = field(default_factory=dict)


@dataclass(frozen=True)
class Asked:
    """A request by its operation and parameters."""

    operation: str
    parameters: Mapping[str, Any]
    account: str
    region: str


def rest(service: str, environ: dict[str, Any], account: str, region: str) -> Asked | None:
    """A REST-JSON request; None for an operation that the service does not have."""
    try:
        operation, labels = get_service_router(service).match(BackendRequest(dict(environ)))
    except (NotFound, NotImplementedError):
        return None
    try:
        body = json.loads(environ.get("edgewright.body") or b"{}")
    except ValueError:
        body = {}
    query = dict(urllib.parse.parse_qsl(environ["QUERY_STRING"]))
    given = body if isinstance(body, dict) else {}
    decoded = {name: urllib.parse.unquote(value) for name, value in labels.items()}
    return Asked(str(operation.name), {**given, **query, **decoded}, account, region)


def query(environ: dict[str, Any], account: str, region: str) -> Asked:
    """A request of the query protocol."""
    given = dict(urllib.parse.parse_qsl((environ.get("edgewright.body") or b"").decode("utf-8", "replace")))
    given.update(urllib.parse.parse_qsl(environ["QUERY_STRING"]))
    return Asked(given.get("Action", ""), given, account, region)
