"""The nested inputs of the Python resource classes as typed dictionaries, made from the descriptions that check them.

Run as ``python -m edgewright.provider.python_types [ROOT]`` it writes ``components/greengrassv2_inputs.py``, so that
editors complete the fields and type checkers find a wrong one, and neither can differ from what the provider takes.
"""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

from edgewright import output
from edgewright.provider.fields import Field, Flag, Items, Json, Mapped, Number, Record, Text
from edgewright.provider.schema import limits, records
from edgewright.provider.shapes import COMPONENT_VERSION, DEPLOYMENT, DYNAMIC_THING_GROUP, PROVIDER

FILE = "components/greengrassv2_inputs.py"

_HEAD = '''"""What nested inputs of the ``greengrassv2`` resources may hold, in the API's own camelCase form.

Generated from the provider's descriptions by ``python -m edgewright.provider.python_types``; do not edit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NotRequired, TypedDict

import pulumi
'''
_WIDTH = 112


def module() -> str:
    """Return the module."""
    parts, told = [_HEAD], {each.token for each in (DEPLOYMENT, COMPONENT_VERSION, DYNAMIC_THING_GROUP, PROVIDER)}
    for top in (DEPLOYMENT, COMPONENT_VERSION, DYNAMIC_THING_GROUP, PROVIDER):
        for record in reversed(list(records(top))):
            if record.token not in told:
                told.add(record.token)
                parts.append("\n".join(_class(record)))
    return "\n\n".join(parts)


def _class(record: Record) -> Iterator[str]:
    yield f"class {_name(record)}(TypedDict):"
    yield from _text(record.doc)
    yield ""
    for name, field in record.fields.items():
        kind = f"pulumi.Input[{_type(field)}]"
        yield f"    {name}: {kind if field.required else f'NotRequired[{kind}]'}"
        yield from _text(" ".join([field.doc, *limits(field)]).strip())
    yield ""


def _text(doc: str) -> list[str]:
    lines = textwrap.wrap(doc.replace("`", "``"), _WIDTH, break_on_hyphens=False)
    if len(lines) == 1:
        return [f'    """{lines[0]}"""']
    return [f'    """{lines[0]}', *(f"    {line}" for line in lines[1:]), '    """']


def _type(field: Field) -> str:
    if isinstance(field, Record):
        return _name(field)
    if isinstance(field, Items):
        return f"Sequence[pulumi.Input[{_type(field.item)}]]"
    if isinstance(field, Mapped):
        return f"Mapping[str, pulumi.Input[{_type(field.value)}]]"
    if isinstance(field, Flag):
        return "bool"
    if isinstance(field, Number):
        return "int" if field.decimals == 0 else "float"
    if isinstance(field, Text) and field.choices:
        return f"Literal[{', '.join(repr(choice) for choice in field.choices)}]".replace("'", '"')
    return "Any" if isinstance(field, Json) else "str"


def _name(record: Record) -> str:
    return record.token.rpartition(":")[2]


def main(arguments: list[str]) -> int:
    """Write the module below the root that is given, or below this folder."""
    file = (Path(arguments[0]) if arguments else Path()) / FILE
    text = module()
    if not file.is_file() or file.read_text(encoding="utf-8") != text:
        file.write_text(text, encoding="utf-8")
        output.note(f"wrote {FILE}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
