"""Tags between the map of a program and the forms of the services."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def listed(tags: Mapping[str, str] | None) -> list[dict[str, str]]:
    """Return ``tags`` as AWS takes them: a list of keys and values."""
    return [{"Key": key, "Value": value} for key, value in sorted((tags or {}).items())]


def mapped(tags: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return AWS's list of keys and values as a map, without those that AWS itself puts there (``aws:``)."""
    return {tag["Key"]: tag.get("Value", "") for tag in tags if not tag["Key"].startswith("aws:")}


def changes(old: Mapping[str, str] | None, new: Mapping[str, str] | None) -> tuple[dict[str, str], list[str]]:
    """Return what is to be set and the keys that are to be taken away, so that ``old`` becomes ``new``."""
    before, after = old or {}, new or {}
    put = {key: value for key, value in after.items() if before.get(key) != value}
    return put, sorted(before.keys() - after.keys())
