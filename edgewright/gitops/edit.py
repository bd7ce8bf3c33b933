"""Edits of a release in its file: only what is meant changes, comments and order stay."""

from __future__ import annotations

import copy
import io
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap

from edgewright.errors import EdgewrightError


def set_component(
    file: Path, ring: str, component: str, *, version: str | None = None, config: Mapping[str, Any] | None = None
) -> None:
    """Give a component of a ring another version, or further configuration keys (top level, merged).

    Raises:
        EdgewrightError: the ring or the component is not in the file.
    """
    yaml, document = _read(file)
    components = _ring(document, ring, file)["components"]
    if component not in components:
        msg = f"{file}: ring {ring!r} has no component {component!r}; it has {', '.join(components)}"
        raise EdgewrightError(msg)
    entry = components[component]
    if version is not None:
        entry["version"] = _quoted(version)
    if config:
        entry.setdefault("config", CommentedMap()).update(config)
    _write(yaml, document, file)


def copy_release(source: Path, source_ring: str, target: Path, target_ring: str) -> None:
    """Carry the release of one ring to another: the components with their configuration, and nothing else.

    Raises:
        EdgewrightError: one of the rings is not in its file.
    """
    release = copy.deepcopy(_ring(_read(source)[1], source_ring, source)["components"])
    _drop_anchors(release)
    yaml, document = _read(target)
    _ring(document, target_ring, target)["components"] = release
    _write(yaml, document, target)


def _ring(document: Any, name: str, file: Path) -> Any:
    rings = document["rings"]
    for ring in rings:
        if ring["name"] == name:
            return ring
    msg = f"{file}: there is no ring {name!r}; there are {', '.join(ring['name'] for ring in rings)}"
    raise EdgewrightError(msg)


def _read(file: Path) -> tuple[YAML, Any]:
    yaml = YAML(typ="rt")
    yaml.preserve_quotes = True
    yaml.width = 4096
    yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml, yaml.load(file.read_text(encoding="utf-8"))


def _write(yaml: YAML, document: Any, file: Path) -> None:
    text = io.StringIO()
    yaml.dump(document, text)
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    with os.fdopen(descriptor, "w", encoding="utf-8") as temporary:
        temporary.write(text.getvalue())
    Path(name).chmod(file.stat().st_mode)
    Path(name).replace(file)


def _quoted(value: str) -> Any:
    from ruamel.yaml.scalarstring import DoubleQuotedScalarString  # noqa: PLC0415 -- only an edit of a version needs it

    return DoubleQuotedScalarString(value)


def _drop_anchors(node: Any) -> None:
    anchor = getattr(node, "anchor", None)
    if anchor is not None and anchor.value:
        node.yaml_set_anchor(None)
    if isinstance(node, dict):
        for value in node.values():
            _drop_anchors(value)
