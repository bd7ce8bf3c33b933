"""Policies that hang on resources: of buckets, topics, queues, functions, secrets and keys.

Only services that somebody has asked for are looked into: moto loads a service when it is used, and a resource of a
service that was never asked for is not there.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import Any

from edgewright.sandbox.authorization.s3 import bucket

_SERVICES = frozenset({"kms", "secretsmanager", "sns", "sqs"})


@dataclass(frozen=True)
class Held:
    """A resource policy.

    Attributes:
        document: The policy; empty when the resource has none.
        owner: The account of the resource.
        alone: Whether identity policies count only as far as this one lets them: so it is with keys.
    """

    document: str = ""
    owner: str = ""
    alone: bool = False


def of(arn: str, action: str) -> Held:
    """Return the policy of a resource that a request names."""
    parts = arn.split(":", 5)
    if len(parts) < 6 or action.endswith(":CreateBucket"):
        return Held()
    service, region, account, name = parts[2], parts[3], parts[4], parts[5]
    if service == "s3":
        found = bucket(name.partition("/")[0])
        return Held() if found is None else Held(_text(found.policy), found.account_id)
    backend = _backend(service, account, region)
    if backend is None:
        return Held()
    if service == "sns":
        topic = backend.topics.get(arn)
        return Held(_text(getattr(topic, "policy", "")), account)
    if service == "sqs":
        queue = backend.queues.get(name)
        return Held(_text(getattr(queue, "policy", "")), account)
    if service == "kms" and name.startswith("key/"):
        key = backend.keys.get(name.removeprefix("key/"))
        return Held() if key is None else Held(_text(key.policy), account, alone=True)
    if service == "secretsmanager":
        secret = next((each for each in backend.secrets.values() if each.arn == arn), None)
        return Held(_text(getattr(secret, "policy", "")), account)
    return Held()


def _backend(service: str, account: str, region: str) -> Any | None:
    module = sys.modules.get(f"moto.{service}.models") if service in _SERVICES else None
    return None if module is None else getattr(module, f"{service}_backends")[account][region]


def _text(policy: Any) -> str:
    if not policy:
        return ""
    if isinstance(policy, bytes):
        return policy.decode()
    return policy if isinstance(policy, str) else json.dumps(policy)
