"""moto's SQS, whose redrive policies come back with spaces that AWS does not put there: to a provider, a change."""

from __future__ import annotations

import json
from typing import Any

from moto.sqs.models import Queue

_attributes = Queue.attributes


def _as_aws_does(queue: Any) -> dict[str, Any]:
    """The queue's attributes; JSON without spaces."""
    found: dict[str, Any] = _attributes.fget(queue)
    if isinstance(found.get("RedrivePolicy"), str):
        found["RedrivePolicy"] = json.dumps(json.loads(found["RedrivePolicy"]), separators=(",", ":"))
    return found


Queue.attributes = property(_as_aws_does)
