"""Values between pulumi-aws and the AWS API: the same things under names that differ by spelling. Pure.

pulumi-aws writes ``clientIdLists`` where AWS writes ``ClientIDList``. Members are matched by their letters alone, a
plural matches its singular, and botocore's model of the request says which members there are. A member that matches
none is a mistake in the table, and an error.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from edgewright.standin import types

_NOTHING: Mapping[str, Any] = {"string": "", "boolean": False, "integer": 0, "number": 0, "document": ""}


def to_aws(type_: str, value: Any, shape: Any) -> Any:
    """Return ``value``, of a type of pulumi-aws, as botocore's ``shape`` takes it; empty members are left out.

    Raises:
        LookupError: the shape has no such member.
    """
    type_ = types.bare(type_)
    if type_.startswith("#"):
        wanted = types.members(type_) or {}
        given = {}
        for name, item in value.items():
            if item is not None and item not in ("", [], {}):
                member = match(name, shape.members)
                given[member] = to_aws(wanted[name], item, shape.members[member])
        return given
    if type_.startswith("["):
        return [to_aws(type_[1:-1], item, shape.member) for item in value]
    if shape.type_name == "string" and not isinstance(value, str):
        return str(value).lower() if isinstance(value, bool) else str(value)
    if shape.type_name == "blob" and isinstance(value, str):
        return base64.b64decode(value)
    return value


def from_aws(type_: str, value: Any) -> Any:
    """Return what AWS answered as pulumi-aws has it in the state; what is not there is empty, as it is there."""
    type_ = types.bare(type_)
    if type_.startswith("#"):
        if value is None:
            return None
        wanted = types.members(type_) or {}
        found = {name: from_aws(member, _member(value, name)) for name, member in wanted.items()}
        return found if any(item not in (None, "", [], {}, False, 0) for item in found.values()) or value else None
    if type_.startswith("["):
        return [from_aws(type_[1:-1], item) for item in value or ()]
    if type_.startswith("{"):
        return dict(value) if value else {}
    if value is None:
        return _NOTHING.get(type_)
    return plain(type_, value)


def plain(type_: str, value: Any) -> Any:
    """Return a scalar of AWS's, of which some services make texts, as the type wants it."""
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, str) and type_ == "boolean":
        return value.lower() == "true"
    if isinstance(value, str) and type_ in {"integer", "number"}:
        number = float(value)
        return int(number) if number.is_integer() else number
    return value


def match(name: str, members: Iterable[str]) -> str:
    """Return the member of AWS's that ``name`` of pulumi-aws is.

    Raises:
        LookupError: there is none.
    """
    by_letters = {_letters(member): member for member in members}
    letters = _letters(name)
    for wanted in (letters, letters.removesuffix("s"), f"{letters}s"):
        if wanted in by_letters:
            return by_letters[wanted]
    ending = [member for other, member in by_letters.items() if other.endswith(letters)]
    if len(ending) == 1:  # ThingTypeDescription is the description of a thing type
        return ending[0]
    msg = f"AWS has no member for {name}; it has {', '.join(sorted(by_letters.values()))}"
    raise LookupError(msg)


def at(value: Any, path: str) -> Any:
    """Return what is at a dotted path of names and indexes, or None."""
    for part in path.split("."):
        if isinstance(value, list):
            index = int(part)
            value = value[index] if index < len(value) else None
        elif isinstance(value, Mapping):
            value = value.get(part)
        else:
            return None
    return value


def _member(value: Mapping[str, Any], name: str) -> Any:
    try:
        return value[match(name, value)]
    except LookupError:
        return None


def _letters(name: str) -> str:
    return "".join(character for character in name.lower() if character.isalnum())
