"""Edits of a release in its file: only the characters that are meant change; comments, order and style stay.

A YAML library that loads and dumps again moves comments and drops unused anchors, which a reviewer then has to read.
So the library only says where a node begins and ends, and the text between is replaced. Longer than other modules,
because both edits need the same eye for where a node's text really begins and ends.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
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
    text = read_text(file)
    if version is not None:
        text = with_component_version(str(file), text, ring, component, version)
    for key, value in (config or {}).items():
        text = _with(str(file), text, ring, component, key, value, configuration=True)
    atomic.write_text(file, text)


def with_component_version(file: str, text: str, ring: str, component: str, version: str) -> str:
    """Return the text of a stage file in which a component of a ring has another version; every other byte stays.

    Raises:
        EdgewrightError: the ring or the component is not in the file, or the release is shared by an alias.
    """
    return _with(file, text, ring, component, "version", version)


def _with(  # noqa: PLR0917 -- where, and what
    file: str, text: str, ring: str, component: str, key: str, value: Any, *, configuration: bool = False
) -> str:
    """The text with one key of a component's entry, or of its configuration, set."""
    mark = _BOM if text.startswith(_BOM) else ""
    stage = _Stage(file, text.removeprefix(_BOM))
    components = stage.release(ring)
    stage.refuse_shared(ring, components)
    entry = _get(components, component)
    if entry is None:
        msg = f"{file}: ring {ring!r} has no component {component!r}; it has {', '.join(_keys(components))}"
        raise EdgewrightError(msg)
    changed = stage.text
    if configuration:
        if _get(entry, "config") is None:
            changed = _insert(changed, entry, "config", "{}")
            entry = _get(_Stage(file, changed).release(ring), component)
        entry = _get(entry, "config")
    return mark + _set(changed, entry, key, value)


def copy_release(source: Path, source_ring: str, target: Path, target_ring: str) -> None:
    """Carry the release of one ring to another: the components with their configuration, and nothing else.

    Raises:
        EdgewrightError: see ``with_release``.
    """
    text = read_text(target)
    changed = with_release(text, target_ring, read_text(source), source_ring, file=str(target), source_file=str(source))
    if changed != text:
        atomic.write_text(target, changed)


def read_text(file: Path) -> str:
    """Read a file with its line ends as they are."""
    return file.read_bytes().decode("utf-8")


def with_release(
    text: str, ring: str, source: str, source_ring: str, *, file: str = "the file", source_file: str = "the other file"
) -> str:
    """Return the text of a stage file with the release of one of its rings taken from another file's ring.

    An entry that says the same keeps its bytes; of one that differs, the innermost value that differs is replaced by
    what the source has there; comments, order, line ends and a byte order mark stay. The result is read again: if
    anything but the ring's release had changed, the text is refused.

    Raises:
        EdgewrightError: one of the rings is not in its file, a release is shared or written with YAML aliases, or the
            edit would change anything else.
    """
    origin = _Stage(source_file, source.removeprefix(_BOM))
    components = origin.release(source_ring)
    if any(origin.uses(node) > 1 for _, value in components.value for node in _walk(value)):
        msg = f"{source_file}: the release of ring {source_ring!r} uses YAML aliases inside; write them out first"
        raise EdgewrightError(msg)
    mark = _BOM if text.startswith(_BOM) else ""
    stage = _Stage(file, text.removeprefix(_BOM))
    alias = stage.alias(ring)
    if alias is None:
        stage.refuse_shared(ring, stage.release(ring))
        edits = list(_edits(origin, components, stage, stage.release(ring), stage.key_column(ring)))
    else:
        # the ring has had another ring's release by reference; from now on it has its own
        edits = [(*alias, "\n" + _block(origin, components, stage.key_column(ring) + 2))]
    changed = stage.text
    newline = "\r\n" if "\r\n" in stage.text else "\n"
    # from the end to the beginning; of what goes to one place the last first, and a removal before what is put there
    for begin, end, _, new in sorted(
        ((begin, end, at, new) for at, (begin, end, new) in enumerate(edits)), reverse=True
    ):
        changed = changed[:begin] + new.replace("\r\n", "\n").replace("\n", newline) + changed[end:]
    if not release_is_all_that_differs(stage.text, changed, ring, origin.text, source_ring):
        msg = (
            f"{file}: the release of ring {ring!r} is written in a way that cannot be edited alone; "
            "write its components as lines of name: {version: ...}, and try again"
        )
        raise EdgewrightError(msg)
    return mark + changed


Edit = tuple[int, int, str]
"""From here to there, this text instead."""


def _edits(origin: _Stage, new: Any, stage: _Stage, old: Any, column: int) -> Iterator[Edit]:
    """The edits that make mapping ``old`` say what mapping ``new`` of another text says.

    Args:
        origin: The text of ``new``.
        new: A mapping.
        stage: The text of ``old``.
        old: A mapping.
        column: Of the key that ``old`` belongs to.
    """
    if _value(new) == _value(old):
        return
    both_flow = new.flow_style and old.flow_style and _keys(new) == _keys(old)
    if not both_flow and not (_is_block(new) and _is_block(old)):
        yield _whole(origin, new, stage, old, column)
        return
    theirs = {key.value: value for key, value in new.value}
    for key, value in old.value:
        if key.value not in theirs:
            yield stage.line_of(key), stage.line_after(value), ""
        elif isinstance(value, MappingNode) and isinstance(theirs[key.value], MappingNode):
            yield from _edits(origin, theirs[key.value], stage, value, key.start_mark.column)
        elif _value(theirs[key.value]) != _value(value):
            yield _whole(origin, theirs[key.value], stage, value, key.start_mark.column)
    ours = {key.value: value for key, value in old.value}
    indent = old.value[0][0].start_mark.column
    first = next((key for key, _ in old.value if key.value in theirs), None)
    place = stage.line_of(first or old.value[0][0])
    for key, value in new.value:
        if key.value in ours:
            place = stage.line_after(ours[key.value])
        else:
            lead = "" if place == 0 or stage.text[place - 1] == "\n" else "\n"
            yield place, place, f"{lead}{_entry(origin, key, value, indent)}" + ("" if lead else "\n")


def _whole(origin: _Stage, new: Any, stage: _Stage, old: Any, column: int) -> Edit:
    """The edit that puts one value in the place of another."""
    begin = _first(old) if isinstance(old.value, list) else int(old.start_mark.index)
    if _is_block(old):  # it begins in a line of its own
        line = stage.line_at(begin)
        if _is_block(new):
            return line, _last(old), _block(origin, new, column + 2)
        return len(stage.text[:line].rstrip()), _last(old), " " + origin.cut(new)
    if _is_block(new):
        return len(stage.text[:begin].rstrip(" ")), _last(old), "\n" + _block(origin, new, column + 2)
    return begin, _last(old), origin.cut(new)


def _is_block(node: Any) -> bool:
    """Whether a node is a mapping or a list in lines of its own."""
    return isinstance(node.value, list) and bool(node.value) and not node.flow_style


def _entry(origin: _Stage, key: Any, value: Any, indent: int) -> str:
    """A key and its value as lines of a block at an indentation, as the other text has them."""
    return _indented(origin.text[origin.line_of(key) : _last(value)], key.start_mark.column, indent)


def _block(origin: _Stage, node: Any, indent: int) -> str:
    """A mapping or a list as lines of a block at an indentation; comments between a mapping's entries stay out."""
    if isinstance(node, MappingNode):
        return "\n".join(_entry(origin, key, value, indent) for key, value in node.value)
    text = origin.text[origin.line_of(node) : _last(node)]
    return _indented(text, len(text) - len(text.lstrip(" ")), indent)


def _indented(text: str, column: int, indent: int) -> str:
    """Lines that begin at a column, with that column moved."""
    lines = text.replace("\r\n", "\n").split("\n")
    return "\n".join(" " * indent + line[column:] if line.strip() else "" for line in lines)


def release_is_all_that_differs(before: str, after: str, ring: str, source: str, source_ring: str) -> bool:
    """Whether a stage file differs from what it was in the release of one ring only, which is now the source's."""
    try:
        wanted = _value(_Stage("", before.removeprefix(_BOM)).root)
        for each in wanted["rings"]:
            if each["name"][0] == ring:
                each["components"] = _value(_Stage("", source.removeprefix(_BOM)).release(source_ring))
        return bool(_value(_Stage("", after.removeprefix(_BOM)).root) == wanted)
    except YAMLError:
        return False


def _value(node: Any) -> Any:
    """What a node says, as data; scalars with how they are written, so that "1" and 1 differ."""
    if isinstance(node, MappingNode):
        return {key.value: _value(value) for key, value in node.value}
    if isinstance(node.value, list):
        return [_value(each) for each in node.value]
    return (node.value, node.tag)


@dataclass(frozen=True)
class _Stage:
    """The text of a stage file and where its nodes are."""

    file: str
    text: str

    @classmethod
    def read(cls, file: Path) -> _Stage:
        return cls(str(file), read_text(file))

    @cached_property
    def root(self) -> Any:
        return YAML(typ="rt").compose(self.text)

    def cut(self, node: Any) -> str:
        """The text of a node that stands within a line, without its anchor."""
        begin = _first(node) if isinstance(node.value, list) else int(node.start_mark.index)
        return self.text[begin : _last(node)]

    def line_at(self, index: int) -> int:
        """Where the line of an index begins."""
        return self.text.rfind("\n", 0, index) + 1

    def line_of(self, node: Any) -> int:
        """Where the line that a node begins in begins."""
        return self.line_at(int(node.start_mark.index))

    def line_after(self, node: Any) -> int:
        """Where the line after a node's last begins; the end of the text where there is none."""
        end = self.text.find("\n", _last(node))
        return end + 1 if end >= 0 else len(self.text)

    def key_column(self, ring: str) -> int:
        """The column of a ring's key ``components``."""
        return int(self._key(ring).start_mark.column)

    def alias(self, ring: str) -> tuple[int, int] | None:
        """Where the alias stands by which a ring has another ring's release; None when it has its own."""
        found = _ALIAS.match(self.text, int(self._key(ring).end_mark.index))
        return (found.end("colon"), found.end()) if found else None

    def _key(self, ring: str) -> Any:
        return next(key for key, _ in self.ring(ring).value if key.value == "components")

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


_BOM = "\ufeff"
_ALIAS = re.compile(r"(?P<colon>[ \t]*:)[ \t]*\*[^\s,\[\]{}]+")


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
    head = node.value[0]
    return int((head[0] if isinstance(head, tuple) else head).start_mark.index)


def _brace(node: Any) -> int:
    buffer = node.start_mark.buffer
    return int(buffer.index("{" if isinstance(node, MappingNode) else "[", node.start_mark.index))


def _last(node: Any) -> int:
    """Where the content of a node ends; a block mapping's own mark is behind the comments that follow it."""
    if isinstance(node.value, list) and node.value and not node.flow_style:
        tail = node.value[-1]
        return _last(tail[1] if isinstance(tail, tuple) else tail)
    if isinstance(node.value, str) and node.style in ("|", ">"):  # its mark is where the next token begins
        return len(node.start_mark.buffer[: node.end_mark.index].rstrip("\0 \r\n"))
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
