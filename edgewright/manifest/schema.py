"""What editors and readers need to know of manifests, generated from the models.

``python -m edgewright.manifest.schema [ROOT]`` writes the JSON Schemas, which editors find by the first line of each
manifest, and docs/reference/manifests.md. A test keeps them current.
"""

from __future__ import annotations

import inspect
import json
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from edgewright import output
from edgewright.catalog.catalog import CATALOG, LAMBDA, LAMBDA_SCHEMA
from edgewright.catalog.edge_model import SETTINGS, SETTINGS_SCHEMA, EdgeModel
from edgewright.catalog.lambda_component import LambdaComponent
from edgewright.manifest.controls import SCHEMAS, Hold, Quarantine, Stop
from edgewright.manifest.model import Fleet, FleetStage, Organisation
from edgewright.manifest.references import REFERENCES
from edgewright.manifest.rules import ADVICE, RULES
from edgewright.manifest.types import format_duration, format_percent
from edgewright.source import load_yaml

REFERENCE = "docs/reference/manifests.md"
FILES: dict[str, tuple[type[BaseModel], str]] = {
    "edgewright.schema.json": (Organisation, "edgewright.yaml"),
    "fleets/fleet.schema.json": (Fleet, "fleets/<fleet>/fleet.yaml"),
    "fleets/stage.schema.json": (FleetStage, "fleets/<fleet>/<stage>.yaml"),
    f"{CATALOG}/{LAMBDA_SCHEMA}": (LambdaComponent, f"{CATALOG}/<component>/<version>/{LAMBDA}"),
    f"{CATALOG}/{SETTINGS_SCHEMA}": (EdgeModel, f"{CATALOG}/<component>/<version>/{SETTINGS}"),
    SCHEMAS["Stop"]: (Stop, "controls/stop/<fleet or all>.yaml"),
    SCHEMAS["Hold"]: (Hold, "controls/holds/<fleet>/<stage>-<ring>-<digest12>.yaml"),
    SCHEMAS["Quarantine"]: (Quarantine, "controls/quarantine/<digest12>.yaml"),
}
"""Schema file -> its model, and which manifests it is for."""

_DRAFT = "https://json-schema.org/draft/2020-12/schema"


def generate() -> dict[str, str]:
    """Return every generated file: its path below the root, and its text."""
    texts = {
        file: json.dumps(schema_of(model, title), indent=2, ensure_ascii=False) + "\n"
        for file, (model, title) in FILES.items()
    }
    return {**texts, REFERENCE: _reference()}


def write(root: Path) -> list[str]:
    """Write what is not current below ``root``; return those paths."""
    changed = []
    for file, text in generate().items():
        path = root / file
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            changed.append(file)
    return changed


def schema_of(model: type[BaseModel], title: str) -> dict[str, Any]:
    """Return the JSON Schema of what the model takes, as one writes it in YAML."""
    schema = model.model_json_schema(by_alias=True)
    models = _models(model)
    for name, each in {model.__name__: schema, **schema.get("$defs", {})}.items():
        _as_written(each, models[name])
    return {"$schema": _DRAFT, "title": title, **{key: value for key, value in schema.items() if key != "title"}}


def _models(model: type[BaseModel]) -> dict[str, type[BaseModel]]:
    """The model and all models inside it, by name."""
    found = {model.__name__: model}
    for field in model.model_fields.values():
        for inner in _inside(field.annotation):
            if inner.__name__ not in found:
                found |= _models(inner)
    return found


def _inside(annotation: Any) -> Iterator[type[BaseModel]]:
    if inspect.isclass(annotation) and issubclass(annotation, BaseModel):
        yield annotation
    for part in getattr(annotation, "__args__", ()):
        yield from _inside(part)


def _as_written(schema: dict[str, Any], model: type[BaseModel]) -> None:
    """Turn defaults and examples into what one writes, and drop what pydantic adds for no reader."""
    schema.pop("title", None)
    schema["description"] = schema["description"].replace("``", "`")
    for name, field in model.model_fields.items():
        inner = schema["properties"][field.alias or name]
        if "default" in inner:
            written = _written(field, inner["default"])
            del inner["default"]
            if written not in (None, {}, [], ""):
                inner["default"] = written
        _tidy(inner)


def _written(field: FieldInfo, value: Any) -> Any:
    """A default as it stands in YAML: a model's own defaults say nothing, 1800 seconds are 30m, 0.95 is 95%."""
    if isinstance(field.default, BaseModel):
        return None
    pattern = str(field.metadata)
    if isinstance(value, int) and "[smhd]" in pattern:
        return format_duration(value)
    if isinstance(value, float) and "%" in pattern:
        return format_percent(value)
    return value


def _tidy(schema: Any) -> None:
    if isinstance(schema, list):
        for item in schema:
            _tidy(item)
    if not isinstance(schema, dict):
        return
    schema.pop("title", None)
    schema.pop("propertyNames", None)
    if "patternProperties" in schema:
        schema["additionalProperties"] = False
    if "examples" in schema:
        schema["examples"] = [load_yaml(str(each), "example").value for each in schema["examples"]]
    for value in schema.values():
        _tidy(value)


# --- the reference for people ----------------------------------------------------------------------------------

_HEAD = """\
# Manifests

Generated from the models by `python -m edgewright.manifest.schema`; do not edit.

The kinds of file below are all YAML (1.2: only `true` and `false` are booleans). An unknown key, a duplicate key and
a version without quotes are errors. `edgewright validate` tells every error of every file in one run, offline.
Durations are written `30s`, `15m`, `24h` or `7d`; shares are written `95%`.
"""


def _reference() -> str:
    parts = [_HEAD]
    told: set[str] = set()
    for file, (model, title) in FILES.items():
        parts.append(f"## `{title}`\n\nSchema: `{file}`. {_sentence(model)}\n")
        schema = schema_of(model, title)
        parts.append(_table(schema))
        for name, inner in schema.get("$defs", {}).items():
            if name not in told:
                told.add(name)
                parts.append(f"### {name}\n\n{inner['description']}\n")
                parts.append(_table(inner))
    rows = [f"| `${{{name}}}` | {meaning} |" for name, meaning in REFERENCES.items()]
    parts.append(
        "## References\n\nIn the `config` of a component, text may refer to what depends on the account. "
        "`$${` is a `${` that is meant as it is.\n"
    )
    parts.append("\n".join(["| reference | stands for |", "| --- | --- |", *rows, ""]))
    parts.append(
        "## What validation holds against a project\n\nBesides the shape of each file and the catalog's own rules.\n"
    )
    rows = [f"| {_words(rule.__name__)} | {_sentence(rule)} |" for rule in (*RULES, *ADVICE)]
    parts.append("\n".join(["| what holds | why |", "| --- | --- |", *rows, ""]))
    return "\n".join(parts)


def _words(name: str) -> str:
    return name.replace("_", " ").replace("of aws", "of AWS")


def _sentence(documented: Any) -> str:
    return (
        " ".join((inspect.getdoc(documented) or "").partition("\n\n")[0].split()).replace("``", "`").replace("|", "\\|")
    )


def _table(schema: dict[str, Any]) -> str:
    rows = ["| key | value | default | meaning |", "| --- | --- | --- | --- |"]
    for key, each in schema.get("properties", {}).items():
        default = "required" if key in schema.get("required", ()) else _default(each)
        rows.append(f"| `{key}` | {_value(each)} | {default} | {each.get('description', '')} |")
    return "\n".join([*rows, ""])


def _default(schema: dict[str, Any]) -> str:
    if "default" not in schema:
        return ""
    value = schema["default"]
    return f"`{value if isinstance(value, str) else json.dumps(value)}`"


def _value(schema: dict[str, Any]) -> str:
    """The kind of value in a few words, with a link to what is described elsewhere."""
    if "anyOf" in schema:
        return " or ".join(_value(each) for each in schema["anyOf"] if each.get("type") != "null")
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "const" in schema:
        return f"`{schema['const'] if isinstance(schema['const'], str) else json.dumps(schema['const'])}`"
    if "enum" in schema:
        return ", ".join(f"`{option}`" for option in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_value(schema['items'])}"
    if schema.get("type") == "object":
        inner = next(iter(schema.get("patternProperties", {}).values()), schema.get("additionalProperties"))
        return f"mapping to {_value(inner)}" if isinstance(inner, dict) and inner else "mapping"
    if schema.get("examples") and schema.get("type") == "string":
        example = str(schema["examples"][0])
        return f"text such as `{json.dumps(example) if _QUOTED.fullmatch(example) else example}`"
    return {"string": "text", "integer": "whole number", "number": "number", "boolean": "`true` or `false`"}[
        schema["type"]
    ]


_QUOTED = re.compile(r"[0-9.]+")
"""Text that YAML would take for a number, or nearly."""


def main(arguments: Sequence[str]) -> int:
    """Write the files below the root that is given, or below this folder."""
    root = Path(arguments[0]) if arguments else Path()
    for file in write(root):
        output.note(f"wrote {file}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
