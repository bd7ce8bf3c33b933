"""The provider's own configuration: checked, and turned into a `Cloud`. No credential is ever in it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from edgewright.aws.session import Settings, session
from edgewright.provider.cloud import Cloud
from edgewright.provider.fields import fail
from edgewright.provider.plugin import Failure, contains_unknown
from edgewright.provider.shapes import PROVIDER

Values = dict[str, Any]

# What the engine adds to every provider's configuration.
_ENGINES_OWN = frozenset({"version", "pluginDownloadURL", "pluginChecksums", "parameterization", "__internal"})
_POLL, _PICKUP = 5.0, 60.0
# A sandbox on this machine answers in milliseconds; waiting as for AWS would only make it slow.
_LOOPBACK_POLL, _LOOPBACK_PICKUP = 0.3, 6.0
_NUMBERS = frozenset({"maxAttempts", "pollSeconds", "pickupSeconds"})


async def check_config(news: Values) -> tuple[Values, Sequence[Failure]]:
    """Judge the configuration of a provider instance; values may be JSON text, as `pulumi config` keeps them."""
    values, failures = _parsed(news)
    return PROVIDER.with_defaults(news), [*failures, *PROVIDER.check((), values)]


async def configure(news: Values, project: Path) -> Cloud:  # noqa: ARG001 -- the shell passes it to every plugin
    """Return the cloud to work in. Nothing is called yet: a preview without changes needs no AWS."""
    values = PROVIDER.with_defaults(_parsed(news)[0])
    role = values.get("assumeRole") or {}
    endpoint = values.get("endpointUrl")
    settings = Settings(
        region=values.get("region"),
        profile=values.get("profile"),
        role_arn=role.get("roleArn"),
        external_id=role.get("externalId"),
        session_name=role.get("sessionName") or "edgewright",
        endpoint_url=endpoint,
        max_attempts=int(values["maxAttempts"]),
    )
    near = _is_loopback(endpoint or os.environ.get("AWS_ENDPOINT_URL"))
    return Cloud(
        session(settings),
        allowed=values.get("allowedAccountIds") or (),
        poll=float(values.get("pollSeconds") or (_LOOPBACK_POLL if near else _POLL)),
        pickup=float(values.get("pickupSeconds") or (_LOOPBACK_PICKUP if near else _PICKUP)),
    )


def _parsed(news: Mapping[str, Any]) -> tuple[Values, list[Failure]]:
    values: Values = {}
    failures = []
    for key, value in news.items():
        if key in _ENGINES_OWN or contains_unknown(value):
            continue
        values[key] = value
        if isinstance(value, str) and (key in {"assumeRole", "allowedAccountIds"} or key in _NUMBERS):
            try:
                values[key] = json.loads(value)
            except ValueError:
                failures.append(fail((key,), "is not JSON", value, "write an object or list, or its JSON text"))
                del values[key]
    return values, failures


def _is_loopback(endpoint: str | None) -> bool:
    host = urlsplit(endpoint).hostname if endpoint else None
    return host is not None and (host in {"localhost", "::1"} or host.startswith("127."))
