"""Where two documents differ. Pure; knows unknown values, and that 1 is not 1.0."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from edgewright.canonical import canonical_json
from edgewright.provider.plugin import Kind, contains_unknown, is_unknown

Keys = tuple[str | int, ...]


def walk(old: Any, new: Any, keys: Keys) -> Iterator[tuple[Keys, Kind]]:
    """Return the places where two values differ: keys of objects one by one, everything else as a whole."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in sorted(old.keys() | new.keys()):
            if key not in old:
                yield (*keys, key), Kind.ADD
            elif key not in new:
                yield (*keys, key), Kind.DELETE
            else:
                yield from walk(old[key], new[key], (*keys, key))
    elif found := changed(old, new):
        yield keys, found


def changed(old: Any, new: Any) -> Kind | None:
    """Return what happened to a value as a whole; what is not known yet counts as changed."""
    if contains_unknown(new):
        return Kind.ADD if old is None else Kind.UPDATE
    if canonical_json(old) == canonical_json(new):
        return None
    if old is None:
        return Kind.ADD
    return Kind.DELETE if new is None else Kind.UPDATE


def otherwise(value: Any, default: Any) -> Any:
    """Return ``value or default``; an unknown value, which is neither true nor false, stays."""
    return value if is_unknown(value) else value or default
