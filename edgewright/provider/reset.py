"""Which configuration keys a revision must reset so that devices hold exactly the wanted configuration. Pure.

``merge`` is a patch on what a device holds, so a key that vanished from a manifest stays on the device until a
``reset`` removes it. What to reset follows from a record of every key that any revision of the target has ever
merged, not only from the revision before: a device that was offline for a revision takes the next one without it, and
must lose the keys of all the revisions it did take. Resetting a key that is not there does nothing, so a record that
holds too much does no harm, and nothing is ever taken out of it, not even when a component leaves the deployment (a
device that was offline then still has its configuration when the component comes back).

Rules of the nucleus that this rests on (KernelConfigResolver): reset runs before merge; merge goes into objects and
replaces everything else whole, lists included; null is a value; after a reset, recipe defaults come back. Keys are the
same whatever their case. A pointer with a part of digits is ignored, for the nucleus takes it for an element of a list:
what is below such a key is reset with the object that holds it.

A record is a sorted list of JSON pointers to values that are not objects, and of empty objects, which are marked by
the suffix ``~2`` (no JSON pointer contains it, for ``~`` is written ``~0``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from edgewright.provider.shapes import (
    LONGEST_POINTER,
    NUCLEUS,
    is_index,
    is_protected,
    make_pointer,
    pointer_tokens,
)

_EMPTY_OBJECT: Final = "~2"

Record = dict[str, list[str]]
"""By component: what revisions have ever merged."""


def merged(config: Mapping[str, Any]) -> list[str]:
    """Return the record of merging ``config``."""
    return sorted(_leaves(config, ()))


def joined(*records: Mapping[str, Iterable[str]]) -> Record:
    """Return one record that holds all of ``records``."""
    result: dict[str, set[str]] = {}
    for record in records:
        for component, pointers in record.items():
            result.setdefault(component, set()).update(pointers)
    return {component: sorted(pointers) for component, pointers in sorted(result.items()) if pointers}


def recorded(configs: Mapping[str, Mapping[str, Any]]) -> Record:
    """Return the record of a revision that merges ``configs``, by component."""
    return joined({component: merged(config) for component, config in configs.items()})


def resets(record: Mapping[str, Sequence[str]], wanted: Mapping[str, Mapping[str, Any]]) -> dict[str, list[str]]:
    """Return the pointers to reset, by component, for devices to reach ``wanted`` from anything in ``record``.

    Args:
        record: What may be on the devices.
        wanted: The configuration of each component of the new revision. A component that is not in it is not
            reset: the devices remove it, with its configuration.
    """
    result = {}
    for component, config in wanted.items():
        pointers = _resets(record.get(component, ()), config)
        if component == NUCLEUS:
            pointers = [pointer for pointer in pointers if not _protected(pointer)]
        if pointers:
            result[component] = pointers
    return result


def _resets(record: Sequence[str], config: Mapping[str, Any]) -> list[str]:
    found = {_vanished(entry, config) for entry in record}
    return _without_covered({_fitting(tokens) for tokens in found if tokens is not None})


def _vanished(entry: str, config: Mapping[str, Any]) -> tuple[str, ...] | None:
    """Return where to reset so that what ``entry`` stands for is gone, or None when the merge takes care of it."""
    empty = entry.endswith(_EMPTY_OBJECT)
    tokens = pointer_tokens(entry.removesuffix(_EMPTY_OBJECT))
    node: Any = config
    for depth, token in enumerate(tokens):
        if not isinstance(node, Mapping):
            # What was an object is a plain value or a list now: the merge cannot put it over the object.
            return tokens[:depth]
        if token not in node:
            return tokens[: depth + 1]
        node = node[token]
    return tokens if isinstance(node, Mapping) is not empty else None


def _fitting(tokens: tuple[str, ...]) -> tuple[str, ...]:
    """Return ``tokens``, or the nearest ancestor that a device resets and that fits in a pointer.

    The merge brings back what is wanted of the ancestor.
    """
    tokens = tokens[: next((depth for depth, token in enumerate(tokens) if is_index(token)), len(tokens))]
    while len(make_pointer(tokens)) > LONGEST_POINTER:
        tokens = tokens[:-1]
    return tokens


def _without_covered(places: set[tuple[str, ...]]) -> list[str]:
    """Return the pointers of ``places`` without those below another one."""
    return sorted(
        make_pointer(tokens) for tokens in places if not any(tokens[:depth] in places for depth in range(len(tokens)))
    )


def _protected(pointer: str) -> bool:
    return is_protected(pointer_tokens(pointer))


def _leaves(value: Any, path: tuple[str, ...]) -> Iterable[str]:
    if not isinstance(value, Mapping):
        yield make_pointer(path)
    elif not value:
        if path:
            yield make_pointer(path) + _EMPTY_OBJECT
    else:
        for key, item in value.items():
            yield from _leaves(item, (*path, key))
