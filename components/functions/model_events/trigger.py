"""The function that EventBridge invokes when a model package changes."""

from __future__ import annotations

from typing import Any

from .handle import handle


def handler(event: Any, _context: object) -> dict[str, str]:
    """Tell the forge; an exception brings the one retry, then the backup."""
    return handle(event)
