"""What the preview role of a stage may do: read what the deploy role could change.

It is for pipelines of requests that nobody has merged, and for drift checks: whoever can open a request can run code
with these rights. So no secret, no captured data and no artifact is read, and nothing is changed.
"""

from __future__ import annotations

import re
from typing import Any

from edgewright.documents import deploy_policy, personas, policy
from edgewright.documents.deploy_policy import Features
from edgewright.documents.place import StagePlace

_READS = re.compile(r"[a-z0-9-]+:(?:Get|List|Describe)")
_CONTENT = frozenset({"iot:GetThingShadow", "s3:GetObject"})
"""What is read here is content, not configuration."""


def preview_role(place: StagePlace, features: Features) -> dict[str, Any]:
    """Return the permission policy of the stage's preview role.

    Besides what a preview reads it has what an operator sees: gates, drift and status ask the devices too.
    """
    documents = {
        "": deploy_policy.deploy_role(place),
        **deploy_policy.additions(place, features),
        "See": personas.operator(place),
    }
    statements = []
    for prefix, document in documents.items():
        for statement in document["Statement"]:
            actions = [action for action in statement["Action"] if _READS.match(action) and action not in _CONTENT]
            if actions:
                sid = f"{'See' if prefix == 'See' else ''}{statement['Sid']}"
                conditions = statement.get("Condition")
                statements.append(policy.statement(sid, actions, statement["Resource"], conditions=conditions))
    return policy.document(statements)
