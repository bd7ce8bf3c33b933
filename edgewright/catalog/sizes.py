"""Sizes as people write them, ``256MiB``, and as programs count them, bytes."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

PATTERN = r"[1-9][0-9]{0,9}(?:[KMGT]iB|[kMGT]B)"
_SIZE = re.compile(r"(?P<number>[1-9][0-9]{0,9})(?P<unit>[KMGT]iB|[kMGT]B)")
_BYTES = {
    "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40,
    "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12,
}  # fmt: skip


def parse_size(value: Any) -> int:
    """Return the bytes of a size such as ``256MiB`` or ``16GB``.

    Raises:
        ValueError: anything else, a bare number and zero included.
    """
    match = _SIZE.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        msg = "must be a whole number with a unit; write it like 256MiB, 2GiB or 16GB"
        raise ValueError(msg)
    return int(match["number"]) * _BYTES[match["unit"]]


def format_size(size: int) -> str:
    """Return a number of bytes in the largest binary unit of which there is one, with at most one decimal."""
    for unit in ("TiB", "GiB", "MiB", "KiB"):
        if size >= _BYTES[unit]:
            return f"{round(size / _BYTES[unit], 1):g} {unit}"
    return f"{size} bytes"


def exact_size(size: int) -> str:
    """Return the shortest text that ``parse_size`` reads as ``size``, which is a whole number of kilobytes."""
    return min((f"{size // unit}{name}" for name, unit in _BYTES.items() if size % unit == 0), key=len)


Size = Annotated[
    int,
    BeforeValidator(parse_size),
    WithJsonSchema({"type": "string", "pattern": f"^(?:{PATTERN})$", "examples": ["256MiB"]}),
]
"""Bytes, written with a unit."""
