"""Connections of EventBridge: what they keep secret stays in them, where moto tells whoever asks.

Source: EventBridge API reference, DescribeConnection (no values of secrets in its answer) and UpdateConnection (what
is not given stays as it was).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moto.events.models import Connection, EventsBackend

_OPEN = {
    "ApiKeyAuthParameters": ("ApiKeyName",),
    "BasicAuthParameters": ("Username",),
    "OAuthParameters": ("AuthorizationEndpoint", "HttpMethod"),
}
_describe = Connection.describe
_update = EventsBackend.update_connection


def find(backend: EventsBackend, arn: str) -> Connection | None:
    """The connection of an ARN."""
    return next((each for each in backend.connections.values() if each.arn == arn), None)


def shown(auth: Mapping[str, Any]) -> dict[str, Any]:
    """Return what may be told of a connection's parameters."""
    found: dict[str, Any] = {
        kind: {name: auth[kind][name] for name in names if name in auth[kind]}
        for kind, names in _OPEN.items()
        if kind in auth
    }
    if "InvocationHttpParameters" in auth:
        found["InvocationHttpParameters"] = {
            kind: [_without_secret(each) for each in pairs] for kind, pairs in auth["InvocationHttpParameters"].items()
        }
    return found


def _without_secret(pair: Mapping[str, Any]) -> dict[str, Any]:
    # IsValueSecret is true where it is not given
    return {key: value for key, value in pair.items() if key != "Value" or pair.get("IsValueSecret", True) is False}


def _described(self: Connection) -> dict[str, Any]:
    return {**_describe(self), "AuthParameters": shown(self.auth_parameters)}


def _updated(self: EventsBackend, name: str, **changes: Any) -> dict[str, Any]:
    given, connection = changes.get("auth_parameters"), self.connections.get(name)
    if given and connection is not None:
        known = connection.auth_parameters if changes.get("authorization_type") == connection.authorization_type else {}
        merged = {kind: {**known.get(kind, {}), **value} for kind, value in given.items()}
        changes["auth_parameters"] = {**known, **merged}
    result: dict[str, Any] = _update(self, name, **changes)
    return result


# moto's backends of EventBridge are made by their class, and keep no list of what they describe
Connection.describe = _described
EventsBackend.update_connection = _updated
