"""The types of pulumi-aws, as the table beside this module holds them, and values held against them.

Types are written as ``generate`` says. A value that is not known yet fits everywhere.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from edgewright.canonical import canonical_json
from edgewright.provider.plugin import UNKNOWN, Archive, contains_unknown, is_unknown

Parts = tuple[str | int, ...]
"""Where a value is: keys and indexes from the resource's inputs down."""

_NAMES = {bool: "boolean", int: "number", float: "number", str: "string", list: "array", dict: "object"}
_SCALARS: Mapping[str, type | tuple[type, ...]] = {
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": (int, float),
}


@lru_cache(maxsize=1)
def _table() -> Mapping[str, Any]:
    table: Mapping[str, Any] = json.loads(Path(__file__).with_name("types.json").read_text("utf-8"))
    return table


def package_version() -> str:
    """Return the version of pulumi-aws that the table was made from."""
    return str(_table()["package"])


def inputs(token: str) -> Mapping[str, str]:
    """Return the types of a resource's inputs, as pulumi-aws has them."""
    found: Mapping[str, str] = _table()["resources"][token]["inputs"]
    return found


def outputs(token: str) -> frozenset[str]:
    """Return the names of a resource's outputs, as pulumi-aws has them."""
    return frozenset(_table()["resources"][token]["outputs"])


def provider() -> Mapping[str, str]:
    """Return the types of the provider's configuration."""
    found: Mapping[str, str] = _table()["provider"]
    return found


def members(type_: str) -> Mapping[str, str] | None:
    """Return the members of a nested type (``#Name``), or None when ``type_`` is of another kind."""
    found: Mapping[str, str] | None = _table()["types"][type_[1:]] if type_.startswith("#") else None
    return found


def bare(type_: str) -> str:
    """Return ``type_`` without the mark of a required property."""
    return type_.removesuffix("!")


def mismatches(type_: str, value: Any, at: Parts) -> Iterator[tuple[Parts, str]]:
    """Yield everything in ``value`` that ``type_`` does not allow, with its place."""
    type_ = bare(type_)
    if is_unknown(value) or value is None:
        return
    if type_ == "document":
        if not isinstance(value, str | dict):
            yield at, _expected("string", value)
    elif type_ == "archive":
        if not isinstance(value, Archive):
            yield at, _expected("archive", value)
    elif type_.startswith("#"):
        if isinstance(value, dict):
            yield from mismatching_members(members(type_) or {}, value, at)
        else:
            yield at, _expected("object", value)
    elif type_.startswith("["):
        if isinstance(value, list):
            for index, item in enumerate(value):
                yield from mismatches(type_[1:-1], item, (*at, index))
        else:
            yield at, _expected("array", value)
    elif type_.startswith("{"):
        if isinstance(value, dict):
            for key, item in value.items():
                yield from mismatches(type_[1:-1], item, (*at, key))
        else:
            yield at, _expected("object", value)
    elif not isinstance(value, _SCALARS[type_]) or (isinstance(value, bool) and type_ != "boolean"):
        yield at, _expected(type_, value)


def mismatching_members(wanted: Mapping[str, str], value: Mapping[str, Any], at: Parts) -> Iterator[tuple[Parts, str]]:
    """Yield everything in an object that its members' types do not allow, missing and unknown members included."""
    for name, type_ in wanted.items():
        if type_.endswith("!") and value.get(name) is None:
            yield (
                (*at, name),
                f'Missing required argument. The argument "{name}" is required, but no definition was found',
            )
    for name, item in value.items():
        if name in wanted:
            yield from mismatches(wanted[name], item, (*at, name))
        elif item is not None:
            yield (*at, name), "Invalid or unknown key"


def tidy(type_: str, value: Any) -> Any:
    """Return ``value`` without members that are null, and with documents as JSON text."""
    type_ = bare(type_)
    if type_ == "document" and isinstance(value, dict):
        return UNKNOWN if contains_unknown(value) else canonical_json(value)
    if type_.startswith("#") and isinstance(value, dict):
        wanted = members(type_) or {}
        return {name: tidy(wanted.get(name, "string"), item) for name, item in value.items() if item is not None}
    if type_.startswith("[") and isinstance(value, list):
        return [tidy(type_[1:-1], item) for item in value]
    if type_.startswith("{") and isinstance(value, dict):
        return {key: item for key, item in value.items() if item is not None}
    return value


def _expected(type_: str, value: Any) -> str:
    name = _NAMES.get(type(value), type(value).__name__)
    shown = json.dumps(value, default=repr, ensure_ascii=False)
    return f"Unexpected type: expected {type_} type, got {shown} of type {name}"
