"""Whether two policy documents mean the same, as the real provider judges it.

AWS keeps a policy in a form of its own: one-element lists become strings, an account id becomes the ARN of its root,
statements change places. None of that is a difference. Source: the IAM reference on policy elements.
"""

from __future__ import annotations

import json
import re
from typing import Any

from edgewright.canonical import canonical_json

_ROOT = re.compile(r"arn:aws[a-z-]*:iam::(\d{12}):root")
_NAMED = ("Action", "NotAction", "Resource", "NotResource")


def same_json(left: str, right: str) -> bool:
    """Whether two texts are the same JSON; texts that are no JSON are compared as they are."""
    try:
        return canonical_json(json.loads(left)) == canonical_json(json.loads(right))
    except ValueError:
        return left == right


def same_policy(left: str, right: str) -> bool:
    """Whether two texts are policies that say the same."""
    try:
        return _meaning(json.loads(left)) == _meaning(json.loads(right))
    except (ValueError, AttributeError, TypeError):
        return left == right


def plain(text: str) -> str:
    """Return a document as canonical JSON text, or the text itself when it is no JSON."""
    try:
        return canonical_json(json.loads(text))
    except ValueError:
        return text


def _meaning(policy: dict[str, Any]) -> str:
    statements = policy.get("Statement", [])
    listed = statements if isinstance(statements, list) else [statements]
    return canonical_json(
        {**policy, "Statement": sorted((_statement(statement) for statement in listed), key=canonical_json)}
    )


def _statement(statement: dict[str, Any]) -> dict[str, Any]:
    meaning: dict[str, Any] = {}
    for key, value in statement.items():
        if key in _NAMED:
            # Names of actions are the same in any case; names of resources are not.
            meaning[key] = _sorted(item.lower() if key.endswith("Action") else item for item in _list(value))
        elif key in {"Principal", "NotPrincipal"}:
            whom = {"AWS": "*"} if value == "*" else value
            meaning[key] = {kind: _sorted(_ROOT.sub(r"\1", item) for item in _list(who)) for kind, who in whom.items()}
        elif key == "Condition":
            if value:
                meaning[key] = {
                    operator: {name: _sorted(_text(item) for item in _list(wanted)) for name, wanted in keys.items()}
                    for operator, keys in value.items()
                }
        elif value != "":
            meaning[key] = value
    return meaning


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _sorted(items: Any) -> list[str]:
    return sorted(set(items))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
