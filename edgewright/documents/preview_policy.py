"""What the preview role of a stage may do: read what the deploy role could change.

It is for pipelines of requests that nobody has merged, and for drift checks: whoever can open a request can run code
with these rights. So no secret, no captured data and no artifact is read, and nothing is changed.
"""

from __future__ import annotations

import re
from typing import Any

from edgewright.documents import deploy_policy, policy
from edgewright.documents.deploy_policy import Features
from edgewright.documents.place import StagePlace

_READS = re.compile(r"[a-z0-9-]+:(?:Get|List|Describe)")
_CONTENT = frozenset({"iot:GetThingShadow", "s3:GetObject"})
"""What is read here is content, not configuration."""


def preview_role(place: StagePlace, features: Features) -> dict[str, Any]:
    """Return the permission policy of the stage's preview role."""
    documents = [deploy_policy.deploy_role(place), *deploy_policy.additions(place, features).values()]
    statements = []
    for statement in (each for document in documents for each in document["Statement"]):
        actions = [action for action in statement["Action"] if _READS.match(action) and action not in _CONTENT]
        if actions:
            statements.append(
                policy.statement(
                    statement.get("Sid"), actions, statement["Resource"], conditions=statement.get("Condition")
                )
            )
    return policy.document(statements)
