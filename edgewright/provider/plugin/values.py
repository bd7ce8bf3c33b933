"""Values on the wire to the engine (protobuf structs with signed objects) and plain Python values.

The rules are those of the engine's own marshaller (sdk/go/common/resource/plugin/rpc.go): unknown values are sentinel
strings; secrets, outputs, assets, archives and resource references are objects that carry a signature key.
A resource never sees a secret's wrapper: it works with the plain value, and the shell wraps the same paths again on
the way back, so that what came in secret stays secret in the state.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, final

from google.protobuf import struct_pb2

_SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
_SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 -- a public signature of the protocol
_ASSET: Final = "c44067f5952c0a294b673a41bacd8c17"
_ARCHIVE: Final = "0def7320c3a5731c473e5ecbe6d01bc7"
_OUTPUT: Final = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
_RESOURCE: Final = "5cf8f73096256a8f31e491e813e4eb8e"
_UNKNOWN_STRING: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
_UNKNOWNS: Final = frozenset(
    {
        _UNKNOWN_STRING,
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",  # bool
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # number
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # array
        "030794c1-ac77-496b-92df-f27374a8bd58",  # asset
        "e48ece36-62e2-4504-bad9-02848725956a",  # archive
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # object
    }
)
_LARGEST_EXACT_INTEGER: Final = 2**53

Path = tuple[str, ...]
"""Where a value is, by object keys. Paths end at a list: a secret inside a list makes the whole list secret."""


@final
class Unknown:
    """A value that is known only when the resources it comes from exist. There is one: `UNKNOWN`."""

    def __repr__(self) -> str:
        return "<unknown>"

    def __bool__(self) -> bool:
        msg = "an unknown value was used as a condition; ask is_unknown() first"
        raise TypeError(msg)


UNKNOWN: Final = Unknown()


@dataclass(frozen=True)
class Asset:
    """A file, a text or a URI: exactly one of the three, and the SHA-256 that the engine computed."""

    path: str = ""
    text: str = ""
    uri: str = ""
    sha256: str = ""


@dataclass(frozen=True)
class Archive:
    """A folder or archive file, a URI, or named assets and archives, and the SHA-256 that the engine computed."""

    path: str = ""
    uri: str = ""
    assets: Mapping[str, Any] = field(default_factory=dict)
    sha256: str = ""


def is_unknown(value: Any) -> bool:
    """Whether ``value`` is the unknown value."""
    return isinstance(value, Unknown)


def contains_unknown(value: Any) -> bool:
    """Whether ``value`` is, or holds anywhere, the unknown value."""
    if isinstance(value, Mapping):
        return any(contains_unknown(item) for item in value.values())
    if isinstance(value, list | tuple):
        return any(contains_unknown(item) for item in value)
    return isinstance(value, Unknown)


def decode(struct: struct_pb2.Struct) -> tuple[dict[str, Any], frozenset[Path]]:
    """Return the plain values of ``struct`` and the paths of those that are secret."""
    secrets: set[Path] = set()
    return {key: _decode(item, (key,), secrets) for key, item in struct.fields.items()}, frozenset(secrets)


def encode(values: Mapping[str, Any], secrets: Iterable[Path] = ()) -> struct_pb2.Struct:
    """Return ``values`` as a struct in which the paths in ``secrets`` are secret, as far as they exist."""
    wanted = frozenset(secrets)
    return struct_pb2.Struct(fields={key: _encode(item, (key,), wanted) for key, item in values.items()})


def _decode(value: struct_pb2.Value, path: Path, secrets: set[Path]) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        text = value.string_value
        return UNKNOWN if text in _UNKNOWNS else text
    if kind == "number_value":
        return _number(value.number_value)
    if kind == "bool_value":
        return value.bool_value
    if kind == "list_value":
        inner: set[Path] = set()
        items = [_decode(item, path, inner) for item in value.list_value.values]
        if inner:
            secrets.add(path)
        return items
    if kind == "struct_value":
        return _decode_object(value.struct_value, path, secrets)
    return None


def _number(number: float) -> int | float:
    # The wire has only doubles; a whole one is an integer to a program that wrote 5.
    return int(number) if number.is_integer() and abs(number) <= _LARGEST_EXACT_INTEGER else number


def _decode_object(struct: struct_pb2.Struct, path: Path, secrets: set[Path]) -> Any:
    fields = struct.fields
    signature = fields[_SIGNATURE].string_value if _SIGNATURE in fields else None
    if signature is None:
        return {key: _decode(item, (*path, key), secrets) for key, item in fields.items()}
    if signature == _SECRET or (signature == _OUTPUT and "secret" in fields and fields["secret"].bool_value):
        secrets.add(path)
        # Everything below a secret is secret with it: deeper paths would add nothing.
        return _decode(fields["value"], path, set()) if "value" in fields else UNKNOWN
    if signature == _OUTPUT:
        return _decode(fields["value"], path, secrets) if "value" in fields else UNKNOWN
    if signature == _RESOURCE:
        identity = _decode(fields["id"], path, secrets) if "id" in fields else None
        return identity if identity is not None and identity != "" else fields["urn"].string_value
    text = {key: fields[key].string_value for key in ("path", "text", "uri", "hash") if key in fields}
    if signature == _ASSET:
        return Asset(text.get("path", ""), text.get("text", ""), text.get("uri", ""), text.get("hash", ""))
    if signature == _ARCHIVE:
        assets = _decode(fields["assets"], path, secrets) if "assets" in fields else {}
        return Archive(text.get("path", ""), text.get("uri", ""), assets, text.get("hash", ""))
    msg = f"the engine sent an object of a kind that this plugin does not know (signature {signature!r})"
    raise ValueError(msg)


def _encode(value: Any, path: Path, secrets: frozenset[Path]) -> struct_pb2.Value:
    if path in secrets:
        return _signed(_SECRET, value=_encode(value, path, frozenset()))
    if isinstance(value, Unknown):
        return struct_pb2.Value(string_value=_UNKNOWN_STRING)
    if value is None:
        return struct_pb2.Value(null_value=struct_pb2.NULL_VALUE)
    if isinstance(value, bool):
        return struct_pb2.Value(bool_value=value)
    if isinstance(value, str):
        return struct_pb2.Value(string_value=value)
    if isinstance(value, int | float):
        return struct_pb2.Value(number_value=float(value))
    if isinstance(value, Mapping):
        return struct_pb2.Value(
            struct_value=struct_pb2.Struct(
                fields={str(key): _encode(item, (*path, str(key)), secrets) for key, item in value.items()}
            )
        )
    if isinstance(value, list | tuple):
        items = [_encode(item, path, frozenset()) for item in value]
        return struct_pb2.Value(list_value=struct_pb2.ListValue(values=items))
    return _encode_file(value)


def _encode_file(value: Any) -> struct_pb2.Value:
    if isinstance(value, Asset):
        return _signed(_ASSET, path=value.path, text=value.text, uri=value.uri, hash=value.sha256)
    if isinstance(value, Archive):
        parts: dict[str, Any] = {"path": value.path, "uri": value.uri, "hash": value.sha256}
        if value.assets:
            parts["assets"] = _encode(value.assets, (), frozenset())
        return _signed(_ARCHIVE, **parts)
    msg = f"a value of type {type(value).__name__} cannot be sent to the engine"
    raise TypeError(msg)


def _signed(signature: str, **parts: struct_pb2.Value | str) -> struct_pb2.Value:
    fields = {_SIGNATURE: struct_pb2.Value(string_value=signature)}
    for key, part in parts.items():
        if isinstance(part, struct_pb2.Value):
            fields[key] = part
        elif part:
            fields[key] = struct_pb2.Value(string_value=part)
    return struct_pb2.Value(struct_value=struct_pb2.Struct(fields=fields))
