"""Input transformers: what a target gets instead of the event.

moto's own puts values into the template as they are, so that a quote in an event breaks the JSON or says something
else. Here a value between quotes stays one string whatever is in it, as EventBridge has it.

Source: EventBridge user guide, "Amazon EventBridge input transformation", with its predefined variables.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

_VARIABLE = re.compile(r"<([A-Za-z0-9_.-]+)>")
_STEP = re.compile(r"\.([A-Za-z0-9_-]+)|\[([0-9]+)\]|\['([^']*)'\]")
_MISSING = object()


def transform(
    template: str, paths: Mapping[str, str], event: Mapping[str, Any], predefined: Mapping[str, Any] | None = None
) -> Any:
    """Return the template with each ``<name>`` replaced by what its path finds in the event.

    A variable that is not in the event leaves nothing between quotes, and null elsewhere. A name that is none of the
    variables stays as it stands.

    Args:
        template: JSON with variables.
        paths: Name of a variable to its path in the event.
        event: As the bus has it.
        predefined: Values of EventBridge's own variables.

    Raises:
        ValueError: what comes out is no JSON.
    """
    values = {name: find(event, path, _MISSING) for name, path in paths.items()} | dict(predefined or {})
    out: list[str] = []
    quoted, at = False, 0
    while at < len(template):
        match = _VARIABLE.match(template, at)
        if match is not None and match[1] in values:
            out.append(_written(values[match[1]], quoted=quoted))
            at = match.end()
            continue
        width = 2 if quoted and template[at] == "\\" else 1
        if template[at] == '"':
            quoted = not quoted
        out.append(template[at : at + width])
        at += width
    return json.loads("".join(out))


def find(event: Any, path: str, nothing: Any = None) -> Any:
    """Return what a path such as ``$.detail.items[0]`` leads to; ``nothing`` where that is nothing."""
    value, at = event, 1 if path.startswith("$") else 0
    while at < len(path):
        match = _STEP.match(path, at)
        if match is None:
            return nothing
        key, index, name = match.groups()
        try:
            value = value[int(index)] if index is not None else value[name if key is None else key]
        except (KeyError, IndexError, TypeError):
            return nothing
        at = match.end()
    return value


def _written(value: Any, *, quoted: bool) -> str:
    if value is _MISSING:
        return "" if quoted else "null"
    text = json.dumps(value, separators=(",", ":"))
    if not quoted:
        return text
    return text[1:-1] if isinstance(value, str) else json.dumps(text)[1:-1]
