"""Edits of a release in its file: only the characters that are meant change; comments, order and style stay.

A YAML library that loads and dumps again moves comments and drops unused anchors, which a reviewer then has to read.
So the library only says where a node begins and ends, and the text between is replaced.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.nodes import MappingNode, Node

from edgewright import atomic
from edgewright.errors import EdgewrightError


def set_component(
    file: Path, ring: str, component: str, *, version: str | None = None, config: Mapping[str, Any] | None = None
) -> None:
    """Give a component of a ring another version, or set keys of its configuration (top level).

    Raises:
        EdgewrightError: the ring or the component is not in the file, or the release is shared by an alias.
    """
    for key, value in (("version", version), *(config or {}).items()):
        if value is None and key == "version":
            continue
        stage = _Stage.read(file)
        components = stage.release(ring)
        stage.refuse_shared(ring, components)
        entry = _get(components, component)
        if entry is None:
            msg = f"{file}: ring {ring!r} has no component {component!r}; it has {', '.join(_keys(components))}"
            raise EdgewrightError(msg)
        text = stage.text
        if key != "version":
            if _get(entry, "config") is None:
                text = _insert(text, entry, "config", "{}")
                entry = _get(_Stage(file, text).release(ring), component)
            entry = _get(entry, "config")
        text = _set(text, entry, key, value)
        atomic.write_text(file, text)


def copy_release(source: Path, source_ring: str, target: Path, target_ring: str) -> None:
    """Carry the release of one ring to another: the components with their configuration, and nothing else.

    Raises:
        EdgewrightError: one of the rings is not in its file, or a release is written with YAML aliases.
    """
    origin = _Stage.read(source)
    components = origin.release(source_ring)
    if any(origin.uses(node) > 1 for _, value in components.value for node in _walk(value)):
        msg = f"{source}: the release of ring {source_ring!r} uses YAML aliases inside; write them out before promoting"
        raise EdgewrightError(msg)
    first, last = _first(components), _last(components)
    if components.flow_style:
        block = origin.text[first:last]
    else:
        begin = origin.text.rfind("\n", 0, first) + 1
        end = origin.text.find("\n", last)
        block = textwrap.dedent(origin.text[begin : end if end >= 0 else len(origin.text)])

    stage = _Stage.read(target)
    ring = stage.ring(target_ring)
    old = stage.release(target_ring)
    stage.refuse_shared(target_ring, old)
    key = next(key for key, _ in ring.value if key.value == "components")
    indent = " " * (key.start_mark.column + 2)
    begin, end = _first(old), _last(old)
    if components.flow_style:
        text = stage.text[:begin] + block + stage.text[end:]
    elif old.flow_style:
        text = stage.text[:begin].rstrip(" ") + "\n" + textwrap.indent(block, indent) + stage.text[end:]
    else:
        begin = stage.text.rfind("\n", 0, begin) + 1
        rest = stage.text.find("\n", end)
        text = stage.text[:begin] + textwrap.indent(block, indent) + (stage.text[rest:] if rest >= 0 else "\n")
    atomic.write_text(target, text)


@dataclass(frozen=True)
class _Stage:
    """The text of a stage file and where its nodes are."""

    file: Path
    text: str

    @classmethod
    def read(cls, file: Path) -> _Stage:
        return cls(file, file.read_text(encoding="utf-8"))

    @property
    def root(self) -> Any:
        return YAML(typ="rt").compose(self.text)

    def rings(self) -> list[Any]:
        return list(_get(self.root, "rings").value)

    def ring(self, name: str) -> Any:
        rings = {_get(ring, "name").value: ring for ring in self.rings()}
        if name not in rings:
            msg = f"{self.file}: there is no ring {name!r}; there are {', '.join(rings)}"
            raise EdgewrightError(msg)
        return rings[name]

    def release(self, ring: str) -> Any:
        return _get(self.ring(ring), "components")

    def uses(self, node: Node) -> int:
        """How often the file refers to the node at this place (an alias refers to its anchor's place)."""
        return sum(1 for other in _walk(self.root) if other.start_mark.index == node.start_mark.index)

    def refuse_shared(self, ring: str, components: Node) -> None:
        if self.uses(components) > 1:
            msg = (
                f"{self.file}: the components of ring {ring!r} are shared with another ring by a YAML alias: an edit "
                "would change both; write them out in each ring first"
            )
            raise EdgewrightError(msg)


def _walk(node: Node) -> Iterator[Any]:
    yield node
    if isinstance(node, MappingNode):
        for _, value in node.value:
            yield from _walk(value)
    elif isinstance(node.value, list):
        for value in node.value:
            yield from _walk(value)


def _get(mapping: Any, key: str) -> Any:
    return next((value for name, value in mapping.value if name.value == key), None)


def _keys(mapping: Any) -> list[str]:
    return [name.value for name, _ in mapping.value]


def _first(node: Any) -> int:
    """Where the content of a mapping begins, behind its anchor."""
    if node.flow_style or not node.value:
        return int(node.end_mark.index) - 2 if not node.value else _brace(node)
    return int(node.value[0][0].start_mark.index)


def _brace(node: Any) -> int:
    buffer = node.start_mark.buffer
    return int(buffer.index("{", node.start_mark.index))


def _last(node: Any) -> int:
    """Where the content of a node ends; a block mapping's own mark is behind the comments that follow it."""
    if isinstance(node.value, list) and node.value and not node.flow_style:
        tail = node.value[-1]
        return _last(tail[1] if isinstance(tail, tuple) else tail)
    return int(node.end_mark.index)


def _set(text: str, mapping: Any, key: str, value: Any) -> str:
    shown = json.dumps(value, ensure_ascii=False)
    old = _get(mapping, key)
    if old is None:
        return _insert(text, mapping, key, shown)
    if isinstance(old.value, list) and not old.flow_style and old.value:
        begin = _first(old)
        newline = text.rfind("\n", 0, begin)
        return text[:newline].rstrip(" ") + " " + shown + text[_last(old) :]
    return text[: old.start_mark.index] + shown + text[_last(old) :]


def _insert(text: str, mapping: Any, key: str, shown: str) -> str:
    name = key if key.isidentifier() else json.dumps(key, ensure_ascii=False)
    if mapping.flow_style or not mapping.value:
        brace = mapping.end_mark.index - 1
        comma = ", " if mapping.value else ""
        return text[:brace].rstrip(" ") + f"{comma}{name}: {shown}" + text[brace:]
    indent = " " * mapping.value[0][0].start_mark.column
    end = text.find("\n", _last(mapping))
    end = end if end >= 0 else len(text)
    return f"{text[:end]}\n{indent}{name}: {shown}{text[end:]}"
