"""The smallest ONNX model that a device can load: what a new model component has until the real model is put in.

Written byte by byte, in the wire format of Protocol Buffers and by the field numbers of onnx.proto, because the
``onnx`` package is no part of the core install and nothing here needs to understand a model.
"""

from __future__ import annotations

_VARINT, _BYTES = 0, 2
_FLOAT = 1  # TensorProto.DataType
_IR_VERSION, _OPSET = 8, 17  # what ONNX Runtime has read since 1.14


def placeholder_model() -> bytes:
    """Return a model with one input ``x`` and one output ``y`` of shape [1], the same on every machine; y is x."""
    node = _text(1, "x") + _text(2, "y") + _text(4, "Identity")
    graph = _field(1, node) + _text(2, "placeholder") + _field(11, _tensor("x")) + _field(12, _tensor("y"))
    return _number(1, _IR_VERSION) + _text(2, "edgewright") + _field(7, graph) + _field(8, _number(2, _OPSET))


def _tensor(name: str) -> bytes:
    """A ValueInfoProto: a name, and a type of one float."""
    shape = _field(1, _number(1, 1))
    return _text(1, name) + _field(2, _field(1, _number(1, _FLOAT) + _field(2, shape)))


def _number(field: int, value: int) -> bytes:
    return bytes([field << 3 | _VARINT, value])


def _text(field: int, value: str) -> bytes:
    return _field(field, value.encode())


def _field(field: int, content: bytes) -> bytes:
    # One byte holds lengths below 128; the whole model is shorter.
    return bytes([field << 3 | _BYTES, len(content)]) + content
