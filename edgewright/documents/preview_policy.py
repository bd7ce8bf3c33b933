"""What the preview role of a stage may do: read what the deploy role could change.

It is for pipelines of requests that nobody has merged, and for drift checks: whoever can open a request can run code
with these rights. So no secret, no captured data and no artifact is read, and nothing is changed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from edgewright.documents import deploy_policy, personas, policy
from edgewright.documents.deploy_policy import Features
from edgewright.documents.place import StagePlace

_READS = re.compile(r"[a-z0-9-]+:(?:Get|List|Describe)")
_CONTENT = frozenset({"iot:GetThingShadow", "s3:GetObject"})
"""What is read here is content, not configuration."""
_NOT_SEEN = frozenset({"Logs"})
"""What an operator sees of a stage and no preview, gate or drift check asks for."""


def _covered(action: str, resources: Sequence[str], statements: Sequence[Mapping[str, Any]]) -> bool:
    """Whether other statements allow an action on all of some resources already."""
    patterns = [pattern for each in statements if action in each["Action"] for pattern in each["Resource"]]
    return all(any(fnmatchcase(resource, pattern) for pattern in patterns) for resource in resources)


def preview_role(place: StagePlace, features: Features) -> dict[str, Any]:
    """Return the permission policy of the stage's preview role.

    Besides what a preview reads it has what an operator sees of fleets: gates, drift and status ask the devices too.
    Nothing is said twice, so that each statement is one that something fails without.
    """
    seen = [each for each in personas.operator(place)["Statement"] if each["Sid"] not in _NOT_SEEN]
    documents = {
        "": deploy_policy.deploy_role(place),
        **deploy_policy.additions(place, features),
        "See": policy.document(seen),
    }
    statements = []
    for prefix, document in documents.items():
        for statement in document["Statement"]:
            actions = [action for action in statement["Action"] if _READS.match(action) and action not in _CONTENT]
            if prefix != "See":
                actions = [action for action in actions if not _covered(action, statement["Resource"], seen)]
            if actions and statement["Sid"] != "ArtifactBucket":  # nothing is published by a preview
                sid = f"{'See' if prefix == 'See' else ''}{statement['Sid']}"
                conditions = statement.get("Condition")
                statements.append(policy.statement(sid, actions, statement["Resource"], conditions=conditions))
    return policy.document(statements)
