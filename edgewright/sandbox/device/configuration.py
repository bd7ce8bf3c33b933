"""A component's configuration as the nucleus keeps it: every leaf with the time of the deployment that set it.

Follows ``Topics``, ``Topic`` and ``KernelConfigResolver.resolveConfigurationToApply``:

* keys are the same whatever their case, and keep the spelling they first had;
* a list is one leaf, null is a value;
* a leaf is set when the time of the change is not older than the leaf's own; a leaf that becomes a map, or a map that
  becomes a leaf, is replaced whatever the times;
* a deployment is applied in this order: the running configuration, minus what is reset, plus the recipe's defaults at
  time 1, plus what is merged at the deployment's creation time. What comes out then replaces the running
  configuration, and its leaves take the deployment's time. So a default that a device has once taken stays until it
  is reset: a new default in a later version reaches only devices that never had the key.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Final

DEFAULTS_TIME: Final = 1
"""Milliseconds since the epoch at which defaults are merged: older than any deployment."""

_ARRAY_INDEX = re.compile(r"0|[1-9]\d{0,9}\Z")


@dataclass(slots=True)
class Leaf:
    """A value that is not a map, and the time (ms since the epoch) of the change that set it."""

    value: Any
    time: int


@dataclass(slots=True)
class Branch:
    """A map; ``children`` has the folded key -> (key as first spelled, node)."""

    children: dict[str, tuple[str, Node]] = field(default_factory=dict)

    def copy(self) -> Branch:
        """Return a deep copy of the tree (values themselves are shared: nothing changes them in place)."""
        return Branch(
            {
                folded: (key, node.copy() if isinstance(node, Branch) else Leaf(node.value, node.time))
                for folded, (key, node) in self.children.items()
            }
        )

    def merge(self, values: dict[str, Any], time: int) -> None:
        """Set every leaf of ``values`` unless the one here is newer than ``time``."""
        for key, value in values.items():
            spelled, node = self.children.get(key.lower(), (key, None))
            if isinstance(value, dict):
                if not isinstance(node, Branch):
                    node = Branch()
                    self.children[key.lower()] = (spelled, node)
                node.merge(value, time)
            elif not isinstance(node, Leaf) or time >= node.time:
                self.children[key.lower()] = (spelled, Leaf(value, time))

    def replace(self, values: dict[str, Any], time: int) -> None:
        """Merge ``values`` and remove every key that they do not have, at every depth."""
        wanted = {key.lower(): value for key, value in values.items()}
        for folded in [folded for folded in self.children if folded not in wanted]:
            del self.children[folded]
        for key, value in values.items():
            spelled, node = self.children.get(key.lower(), (key, None))
            if isinstance(value, dict):
                if not isinstance(node, Branch):
                    node = Branch()
                    self.children[key.lower()] = (spelled, node)
                node.replace(value, time)
            elif not isinstance(node, Leaf) or time >= node.time:
                self.children[key.lower()] = (spelled, Leaf(value, time))

    def reset(self, pointers: list[str]) -> list[str]:
        """Remove what the JSON pointers name; ``""`` removes everything and ends the list.

        Returns:
            The pointers that were ignored because a part of them could be the index of a list. The nucleus does not
            reset elements of lists, and cannot tell a key of digits from an index.

        Raises:
            ValueError: a pointer that is not empty and does not begin with ``/``.
        """
        ignored: list[str] = []
        for pointer in pointers:
            if pointer == "":
                self.children.clear()
                return ignored
            path = parse_pointer(pointer)
            if any(_ARRAY_INDEX.fullmatch(part) for part in path):
                ignored.append(pointer)
                continue
            branch: Branch | None = self
            for part in path[:-1]:
                _, node = branch.children.get(part.lower(), ("", None)) if branch is not None else ("", None)
                branch = node if isinstance(node, Branch) else None
            if branch is not None:
                branch.children.pop(path[-1].lower(), None)
        return ignored

    def plain(self) -> dict[str, Any]:
        """Return the values without their times."""
        return {key: node.plain() if isinstance(node, Branch) else node.value for key, node in self.children.values()}

    def dump(self) -> dict[str, Any]:
        """Return the tree as JSON, times included; ``load`` reads it back."""
        return {
            key: node.dump() if isinstance(node, Branch) else [node.value, node.time]
            for key, node in self.children.values()
        }


Node = Leaf | Branch


def load(dumped: dict[str, Any]) -> Branch:
    """Read back what ``Branch.dump`` wrote."""
    return Branch(
        {
            key.lower(): (key, load(node) if isinstance(node, dict) else Leaf(node[0], node[1]))
            for key, node in dumped.items()
        }
    )


def parse_pointer(pointer: str) -> list[str]:
    """Return the parts of a JSON pointer (RFC 6901).

    Raises:
        ValueError: it is not empty and does not begin with ``/``.
    """
    if pointer and not pointer.startswith("/"):
        msg = f"a JSON pointer must be empty or begin with '/' (got {pointer!r})"
        raise ValueError(msg)
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]


def look_up(values: Any, pointer: str) -> Any:
    """Return what ``pointer`` names in plain JSON ``values``; keys are compared exactly, ``/`` alone is the whole.

    Raises:
        KeyError: there is nothing at that place.
        ValueError: the pointer is not a JSON pointer.
    """
    current = values
    for part in parse_pointer(pointer) if pointer != "/" else ():
        if isinstance(current, dict) and part in current:
            current = current[part]
        elif isinstance(current, list) and _ARRAY_INDEX.fullmatch(part) and int(part) < len(current):
            current = current[int(part)]
        else:
            raise KeyError(pointer)
    return current


@dataclass(frozen=True)
class Update:
    """What a deployment says about one component's configuration."""

    merge: dict[str, Any] | None = None
    reset: tuple[str, ...] = ()


def resolve(
    running: Branch | None, update: Update | None, defaults: dict[str, Any], time: int
) -> tuple[dict[str, Any], list[str]]:
    """Return a component's configuration after a deployment created at ``time`` (ms), and the pointers ignored.

    ``update`` is None when the component is no root of this deployment; its configuration then only gains defaults.

    Raises:
        ValueError: a reset pointer that is no JSON pointer.
    """
    tree = running.copy() if running is not None else Branch()
    ignored = tree.reset(list(update.reset)) if update is not None else []
    tree.merge(defaults, DEFAULTS_TIME)
    if update is not None and update.merge is not None:
        tree.merge(update.merge, time)
    return tree.plain(), ignored


def apply(running: Branch | None, resolved: dict[str, Any], time: int) -> Branch:
    """Return the running configuration with ``resolved`` in its place, as the deployment's activation does it."""
    tree = running.copy() if running is not None else Branch()
    tree.replace(resolved, time)
    return tree
