"""What differs between the state of a resource and what the program wants. Pure.

The state holds what AWS answered and the program says only what it cares about, so absence, emptiness and AWS's own
fill-ins are no differences.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any

from edgewright.canonical import canonical_json
from edgewright.provider.plugin import Kind, contains_unknown, is_unknown
from edgewright.standin import types
from edgewright.standin.types import Parts

ABSENT: Any = None


@dataclass(frozen=True)
class Shape:
    """How a resource's values are compared.

    Attributes:
        computed: Dotted paths, without indexes, that AWS fills in when the program leaves them out.
        sets: Dotted paths of lists whose order means nothing.
        documents: Properties that are compared by what they say, and how.
        respelled: Properties that AWS spells in its own way, and how they compare; the state has AWS's spelling.
    """

    computed: AbstractSet[str] = frozenset()
    sets: AbstractSet[str] = frozenset()
    documents: Mapping[str, Callable[[str, str], bool]] = field(default_factory=dict)
    respelled: Mapping[str, Callable[[str, str], bool]] = field(default_factory=dict)


def differences(shape: Shape, name: str, type_: str, old: Any, new: Any) -> Iterator[tuple[Parts, Kind]]:
    """Yield the places under the property ``name`` where ``old`` (state) and ``new`` (program) differ."""
    for at, kind in _walk(shape, types.bare(type_), (name,), normal(type_, old), normal(type_, new)):
        # An empty text or a false that is written down is a value to the person who reads the difference.
        written = len(at) == 1 and old is not None and (new is not None or types.bare(type_) == "boolean")
        yield at, Kind.UPDATE if written else kind


def same(shape: Shape, name: str, type_: str, old: Any, new: Any) -> bool:
    """Whether a property of the state is what the program wants."""
    return next(differences(shape, name, type_, old, new), None) is None


def normal(type_: str, value: Any) -> Any:
    """Return ``value`` without what means nothing: null, empty texts, lists, objects, and false.

    Entries of a map are kept whatever they are: a tag without a value is a tag.
    """
    type_ = types.bare(type_)
    if is_unknown(value):
        return value
    if type_.startswith("#") and isinstance(value, dict):
        wanted = types.members(type_) or {}
        kept = {name: normal(wanted[name], item) for name, item in value.items() if name in wanted}
        return {name: item for name, item in kept.items() if item is not ABSENT} or ABSENT
    if type_.startswith("[") and isinstance(value, list):
        return [normal(type_[1:-1], item) for item in value] or ABSENT
    if type_.startswith("{") and isinstance(value, dict):
        return {key: item for key, item in value.items() if item is not None} or ABSENT
    return ABSENT if value is None or value is False or value == "" else value


def _walk(shape: Shape, type_: str, at: Parts, old: Any, new: Any) -> Iterator[tuple[Parts, Kind]]:
    dotted = ".".join(part for part in at if isinstance(part, str))
    if new is ABSENT:
        # the real provider cannot tell a number that is left out from nothing
        if old is ABSENT or old == 0 or dotted in shape.computed:
            return
        if type_.startswith("{"):
            yield from (((*at, key), Kind.DELETE) for key in old)
        else:
            yield at, Kind.DELETE
        return
    if old is ABSENT and not (type_.startswith("{") and isinstance(new, dict)):
        yield at, Kind.ADD
        return
    if is_unknown(new):
        yield at, Kind.UPDATE
    elif type_.startswith("{") and isinstance(new, dict):
        yield from _entries(shape, dict.fromkeys((old or {}) | new, type_[1:-1]), at, old or {}, new)
    elif type_.startswith("#") and isinstance(new, dict) and isinstance(old, dict):
        yield from _entries(shape, types.members(type_) or {}, at, old, new)
    elif type_.startswith("[") and isinstance(new, list) and isinstance(old, list):
        yield from _items(shape, types.bare(type_[1:-1]), at, *_ordered(dotted in shape.sets, old, new))
    elif alike := shape.documents.get(dotted) or shape.respelled.get(dotted):
        if not alike(str(old), str(new)):
            yield at, Kind.UPDATE
    elif old != new:
        yield at, Kind.UPDATE


def _entries(
    shape: Shape, wanted: Mapping[str, str], at: Parts, old: Mapping[str, Any], new: Mapping[str, Any]
) -> Iterator[tuple[Parts, Kind]]:
    for key, type_ in wanted.items():
        before, after = old.get(key, ABSENT), new.get(key, ABSENT)
        if key in old and key in new and before == after:
            continue
        yield from _walk(shape, types.bare(type_), (*at, key), before, after)


def _items(shape: Shape, type_: str, at: Parts, old: list[Any], new: list[Any]) -> Iterator[tuple[Parts, Kind]]:
    for index in range(max(len(old), len(new))):
        before = old[index] if index < len(old) else ABSENT
        after = new[index] if index < len(new) else ABSENT
        yield from _walk(shape, type_, (*at, index), before, after)


def _ordered(free: bool, old: list[Any], new: list[Any]) -> tuple[list[Any], list[Any]]:  # noqa: FBT001 -- private
    if not free or contains_unknown(new):
        return old, new
    return sorted(old, key=canonical_json), sorted(new, key=canonical_json)
