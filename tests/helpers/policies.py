"""Readers of policy documents, for tests that judge any of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any


def pretty(document: Any) -> str:
    """Return the text of a golden file: readable, in the order in which the document was built."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def statements(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Return the statements of a document."""
    yield from document["Statement"]


def listed(value: Any) -> list[str]:
    """Return an Action or a Resource as a list, whichever of its two forms it has."""
    return [value] if isinstance(value, str) else list(value)


def by_sid(document: dict[str, Any], sid: str) -> dict[str, Any]:
    """Return the statement of that name."""
    return next(each for each in statements(document) if each.get("Sid") == sid)
