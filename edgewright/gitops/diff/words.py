"""Settings as people write them: seconds as 30m, shares as 95%, before they are compared and shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edgewright.gitops.diff.reach import percent
from edgewright.manifest.types import format_duration

_SECONDS = frozenset(("bake", "statusAge", "window", "for", "timeout", "credentialDuration", "duration"))
_SHARES = frozenset(("healthy", "succeeded", "above"))


def plain(value: Any, key: str = "") -> Any:
    """Return a dumped setting with its numbers in the units of the manifests."""
    if isinstance(value, Mapping):
        return {name: plain(item, str(name)) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item, key) for item in value]
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    if key in _SECONDS:
        return format_duration(round(value)) if value >= 1 else value
    if key in _SHARES and 0 <= value <= 1 and isinstance(value, float):
        return percent(value)
    return value


def about(minutes: int) -> str:
    """Return minutes as people say them."""
    if minutes < 120:
        return f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest} min" if rest else f"{hours} h"
