"""Writes ``types.json``: what pulumi-aws's own classes say about the resources that the stand-in serves.

Run ``python -m edgewright.standin.generate`` after pulumi-aws was upgraded; a test fails until it was. The plugin
itself reads only the table: importing the classes would cost more than the rest of its start.
"""

from __future__ import annotations

import collections.abc
import enum
import importlib
import inspect
import json
import keyword
import re
import sys
import types
import typing
from importlib import metadata
from pathlib import Path
from typing import Any

import pulumi
from pulumi import _types

from edgewright.standin.served import TOKENS

TABLE = Path(__file__).with_name("types.json")
_SCALARS = {str: "string", bool: "boolean", int: "integer", float: "number", pulumi.Archive: "archive"}


def table() -> dict[str, Any]:
    """Return the table: inputs and outputs by token, nested types, and the provider's configuration.

    A type is written ``string``, ``boolean``, ``integer``, ``number``, ``document`` (JSON text, or the object itself),
    ``archive``, ``[T]``, ``{T}`` (a map) or ``#Name`` (a nested type). A trailing ``!`` marks a required property.
    """
    nested: dict[str, dict[str, str]] = {}
    resources = {}
    for token in sorted(TOKENS):
        module, name = _module(token)
        resources[token] = {
            "inputs": _properties(_arguments(module, name, token), nested),
            "outputs": sorted(_types.resource_types(getattr(module, name))),
        }
    provider = importlib.import_module("pulumi_aws.provider").ProviderArgs
    return {
        "package": metadata.version("pulumi-aws"),
        "provider": _properties(provider, nested),
        "resources": resources,
        "types": dict(sorted(nested.items())),
    }


def text() -> str:
    """Return the table as it is checked in."""
    return json.dumps(table(), indent=1, sort_keys=True) + "\n"


def _module(token: str) -> tuple[types.ModuleType, str]:
    # aws:s3/bucketPolicy:BucketPolicy is the class BucketPolicy of pulumi_aws.s3.bucket_policy.
    _, path, name = token.split(":")
    service, _, module = path.partition("/")
    snake = re.sub(r"(?<!^)(?=[A-Z])", "_", module).lower()
    package = f"{service}_" if keyword.iskeyword(service) else service
    return importlib.import_module(f"pulumi_aws.{package}.{snake}"), name


def _arguments(module: types.ModuleType, name: str, token: str) -> type:
    if f"'{token}'" not in inspect.getsource(getattr(module, name)):
        msg = f"{module.__name__}.{name} is not the class of {token}"
        raise LookupError(msg)
    # Where a nested type has taken the name, the generator of the SDK calls the arguments ...InitArgs.
    found: type = getattr(module, f"{name}InitArgs", None) or getattr(module, f"{name}Args")
    return found


def _properties(arguments: type, nested: dict[str, dict[str, str]]) -> dict[str, str]:
    namespace = dict(vars(sys.modules[arguments.__module__])) | {"Output": pulumi.Output, "T": Any}
    # Nested types name those of their own service, and policy documents live in iam.
    namespace.setdefault("PolicyDocumentArgs", importlib.import_module("pulumi_aws.iam._inputs").PolicyDocumentArgs)
    initializer: Any = vars(arguments)["__init__"]
    hints = typing.get_type_hints(initializer, namespace)
    parameters = inspect.signature(initializer).parameters
    wire = _types.input_type_py_to_pulumi_names(arguments)
    return {
        wire[name]: _render(hint, nested) + ("!" if parameters[name].default is inspect.Parameter.empty else "")
        for name, hint in sorted(hints.items())
        if name in wire
    }


def _render(hint: Any, nested: dict[str, dict[str, str]]) -> str:
    members = [member for member in _members(hint) if not _wrapper(member)]
    if any(getattr(member, "__name__", "") == "PolicyDocumentArgs" for member in members):
        return "document"
    # An enumeration stands beside the plain type it is made of.
    plain = [member for member in members if not (isinstance(member, type) and issubclass(member, enum.Enum))]
    (member,) = plain
    origin, arguments = typing.get_origin(member), typing.get_args(member)
    if member in _SCALARS:
        return _SCALARS[member]
    if origin is collections.abc.Sequence:
        return f"[{_render(arguments[0], nested)}]"
    if origin is collections.abc.Mapping:
        return f"{{{_render(arguments[1], nested)}}}"
    name = member.__name__.removesuffix("Args")
    if name not in nested:
        nested[name] = {}
        nested[name].update(_properties(member, nested))
    return f"#{name}"


def _members(hint: Any) -> list[Any]:
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return [inner for member in typing.get_args(hint) for inner in _members(member)]
    return [hint]


def _wrapper(hint: Any) -> bool:
    # pulumi.Input[T] is T, an awaitable of T or an Output of T.
    return hint is type(None) or typing.get_origin(hint) in (collections.abc.Awaitable, pulumi.Output)


if __name__ == "__main__":
    TABLE.write_text(text(), encoding="utf-8")
