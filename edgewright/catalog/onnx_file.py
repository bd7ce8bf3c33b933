"""Whether a file can be an ONNX model at all, without the libraries that understand one.

Read are the fields of ModelProto (onnx.proto, in the wire format of Protocol Buffers), not what is in them: an empty
file, a page of HTML in a model's place, and a download that broke off are found; the rest is for `model import`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

from edgewright.catalog.needs import MODELS
from edgewright.catalog.sidecar import Sidecar
from edgewright.source import Problem

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_GRAPH = 7
_LONGEST_VARINT = 10  # bytes


def problems(files: Mapping[str, Path], sidecar: Sidecar | None, shown: str) -> Iterator[Problem]:
    """Yield the models of a draft that no device could load; what is published cannot be changed any more.

    Args:
        files: By their path in the version's folder.
        sidecar: What component.yaml says.
        shown: That folder, for messages.
    """
    if sidecar is None or not sidecar.draft or sidecar.kind not in MODELS:
        return
    for name, path in sorted(files.items()):
        if not name.endswith(".onnx"):
            continue
        size = path.stat().st_size
        if not size:
            yield Problem(f"{shown}/{name}", 1, 1, "", "is empty, and should be a model", None, "put the model there")
        elif not _is_model(path, size):
            message = "is no whole ONNX model, so no device can load it"
            remedy = "put the model there as it was exported; a download may have broken off"
            yield Problem(f"{shown}/{name}", 1, 1, "", message, f"{size} bytes", remedy, "warning")


def _is_model(path: Path, size: int) -> bool:
    """Whether the file is a sequence of whole fields, with a graph among them."""
    found = False
    with path.open("rb") as file:
        while file.tell() < size:
            key = _varint(file)
            if key is None or not key >> 3:
                return False
            wire = key & 7
            if wire == _VARINT:
                length: int | None = 0 if _varint(file) is not None else None
            else:
                length = {_FIXED64: 8, _FIXED32: 4}.get(wire)
                length = _varint(file) if wire == _BYTES else length
            if length is None or file.tell() + length > size:
                return False
            found = found or (key >> 3 == _GRAPH and wire == _BYTES and length > 0)
            file.seek(length, 1)
    return found


def _varint(file: BinaryIO) -> int | None:
    value = 0
    for place in range(_LONGEST_VARINT):
        byte = file.read(1)
        if not byte:
            return None
        value |= (byte[0] & 0x7F) << (7 * place)
        if not byte[0] & 0x80:
            return value
    return None
