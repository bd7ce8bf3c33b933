"""The nucleus's rules for a component's configuration, on paper: what a device holds after revisions.

Written from the source of KernelConfigResolver and Topics, apart from the provider's code, and pessimistic where the
nucleus is kind: a plain value merged over an object is ignored here, and so is an object merged over a plain value.
Keys are the same whatever their case (they come out in lower case), and a pointer with a part of digits resets nothing,
because the nucleus takes it for an element of a list.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any


def take(held: Mapping[str, Any], reset: Sequence[str], merge: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a device holds after a revision: first the resets, then the merge."""
    result = deepcopy(dict(held))
    for pointer in reset:
        _remove(result, pointer.lower())
    _merge(result, folded(merge))
    return result


def folded(config: Any) -> Any:
    """Return ``config`` with its keys as a device compares them."""
    if isinstance(config, Mapping):
        return {key.lower(): folded(value) for key, value in config.items()}
    return config


def _remove(held: dict[str, Any], pointer: str) -> None:
    if not pointer:
        held.clear()
        return
    *parents, last = [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]
    if any(part.isdecimal() for part in (*parents, last)):
        return
    node: Any = held
    for parent in parents:
        if not isinstance(node, dict) or parent not in node:
            return
        node = node[parent]
    if isinstance(node, dict):  # pointers at list elements are ignored
        node.pop(last, None)


def _merge(held: dict[str, Any], merge: Mapping[str, Any]) -> None:
    for key, value in merge.items():
        if isinstance(value, Mapping):
            if key not in held:
                held[key] = {}
            if isinstance(held[key], dict):
                _merge(held[key], value)
        elif not isinstance(held.get(key), dict):
            held[key] = deepcopy(value)
