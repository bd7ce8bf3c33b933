"""Requests of the REST-JSON services, parsed and judged by botocore's own service model.

moto trusts its callers; AWS does not. Every member is checked: presence, type, length, range, pattern, enumeration.
Members that the model does not know are ignored, as AWS's JSON services do.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
import urllib.parse
from dataclasses import dataclass
from functools import cache
from typing import Any

from botocore.model import OperationModel, Shape
from moto.core.model import ServiceModel
from moto.core.utils import get_service_model

_REQUIRED = "Member must not be null"


@dataclass(frozen=True)
class FieldError:
    """One member that is not as the model says."""

    name: str
    """Path of the member, such as ``components.com.acme.app.member.componentVersion``."""
    value: Any
    constraint: str

    def __str__(self) -> str:
        shown = "null" if self.value is None else f"'{self.value}'"
        return f"Value {shown} at '{self.name}' failed to satisfy constraint: {self.constraint}"


def describe(errors: list[FieldError]) -> str:
    """All that is wrong with a request, in AWS's words."""
    noun = "error" if len(errors) == 1 else "errors"
    return f"{len(errors)} validation {noun} detected: " + "; ".join(map(str, errors))


class CannotParseError(Exception):
    """The body is not a JSON object."""


def service(name: str) -> ServiceModel:
    """Botocore's model of a service, read once."""
    return get_service_model(name)


def find(name: str, method: str, path: str) -> tuple[str, dict[str, str]] | None:
    """The operation of a request by its method and path alone, with the labels of the path; None without one.

    moto looks at the query too and does not know an operation whose required parameter is missing there, where AWS
    knows it and says what is missing.
    """
    for operation, wanted, pattern in _routes(name):
        match = pattern.fullmatch(path) if wanted == method else None
        if match:
            return operation, {key: value for key, value in match.groupdict().items() if value is not None}
    return None


@cache
def _routes(name: str) -> list[tuple[str, str, re.Pattern[str]]]:
    found = []
    for operation in service(name).operation_names:
        http = service(name).operation_model(operation).http
        path = re.escape(http["requestUri"].partition("?")[0]).replace(r"\{", "{").replace(r"\}", "}")
        pattern = re.sub(r"\{(\w+)(\\\+)?\}", lambda m: f"(?P<{m[1]}>{'.+' if m[2] else '[^/]+'})", path)
        found.append((operation, http["method"], re.compile(pattern)))
    # the longest path first: a label must not swallow what is a word elsewhere
    return sorted(found, key=lambda route: len(route[2].pattern), reverse=True)


def parse(
    operation: OperationModel, uri: dict[str, str], query: str, headers: Any, body: bytes
) -> tuple[dict[str, Any], list[FieldError]]:
    """The input of an operation with Python values (blobs as bytes, numbers as numbers), and what is wrong with it.

    Raises:
        CannotParseError: the body is not a JSON object.
    """
    shape = operation.input_shape
    if shape is None:
        return {}, []
    document = _document(shape, body)
    parameters = urllib.parse.parse_qs(query, keep_blank_values=True)
    given: dict[str, Any] = {}
    for name, member in shape.members.items():
        location = member.serialization.get("location")
        wire = member.serialization.get("name", name)
        value: Any = None
        if location == "uri":
            value = _convert(urllib.parse.unquote(uri[wire]), member) if wire in uri else None
        elif location == "querystring":
            values = parameters.get(wire)
            value = None if values is None else values if member.type_name == "list" else _convert(values[0], member)
        elif location == "header":
            value = headers.get(wire)
            value = value if value is None else _convert(value, member)
        elif location == "headers":
            prefix = wire.lower()
            value = {k[len(prefix) :]: v for k, v in dict(headers).items() if k.lower().startswith(prefix)} or None
        else:
            value = document.get(name if name == shape.serialization.get("payload") else wire)
        if value is not None:
            given[name] = value
    errors: list[FieldError] = []
    return _structure(given, shape, "", errors, top=True), errors


def _document(shape: Any, body: bytes) -> dict[str, Any]:
    """The members that are in the body; where the body is one member by itself, that one."""
    payload = shape.serialization.get("payload")
    if payload is None:
        return _body(body)
    if shape.members[payload].type_name != "structure":
        return {payload: base64.b64encode(body).decode()} if body else {}
    return {payload: _body(body)} if body.strip() else {}


def _body(body: bytes) -> dict[str, Any]:
    if not body.strip():
        return {}
    try:
        value = json.loads(body)
    except ValueError as error:
        raise CannotParseError(str(error)) from error
    if not isinstance(value, dict):
        raise CannotParseError("the body must be a JSON object")
    return value


def _convert(text: str, shape: Shape) -> Any:
    if shape.type_name in {"integer", "long"} and re.fullmatch(r"-?\d+", text):
        return int(text)
    if shape.type_name == "boolean" and text in {"true", "false"}:
        return text == "true"
    return text


def _check(value: Any, shape: Shape, path: str, errors: list[FieldError]) -> Any:
    kind = shape.type_name
    if kind == "structure":
        return _structure(value, shape, path, errors)
    if kind == "map":
        return _map(value, shape, path, errors)
    if kind == "list":
        return _list(value, shape, path, errors)
    if kind == "blob":
        return _blob(value, path, errors)
    return _scalar(value, shape, path, errors)


def _structure(value: Any, shape: Any, path: str, errors: list[FieldError], *, top: bool = False) -> Any:
    if not isinstance(value, dict):
        errors.append(FieldError(path, value, "Member must be a structure"))
        return value
    result = {}
    for name, member in shape.members.items():
        where = f"{path}.{name}" if path else name
        key = name if top else member.serialization.get("name", name)
        item = value.get(key)
        if item is None:
            if name in shape.required_members:
                errors.append(FieldError(where, None, _REQUIRED))
            continue
        result[name] = _check(item, member, where, errors)
    return result


def _map(value: Any, shape: Any, path: str, errors: list[FieldError]) -> Any:
    if not isinstance(value, dict):
        errors.append(FieldError(path, value, "Member must be a map"))
        return value
    _length(len(value), value, shape, path, errors)
    result = {}
    for key, item in value.items():
        _scalar(key, shape.key, f"{path}.key", errors)
        where = f"{path}.{key}.member"
        if item is None:
            errors.append(FieldError(where, None, _REQUIRED))
        else:
            result[key] = _check(item, shape.value, where, errors)
    return result


def _list(value: Any, shape: Any, path: str, errors: list[FieldError]) -> Any:
    if not isinstance(value, list):
        errors.append(FieldError(path, value, "Member must be a list"))
        return value
    _length(len(value), value, shape, path, errors)
    return [_check(item, shape.member, f"{path}.{i}.member", errors) for i, item in enumerate(value, 1)]


def _blob(value: Any, path: str, errors: list[FieldError]) -> Any:
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, TypeError, ValueError):
        errors.append(FieldError(path, value, "Member must be base64"))
        return b""


_TYPES: dict[str, tuple[Any, str]] = {
    "string": ((str,), "a string"),
    "integer": ((int,), "an integer"),
    "long": ((int,), "a long"),
    "float": ((int, float), "a float"),
    "double": ((int, float), "a double"),
    "boolean": ((bool,), "a boolean"),
    "timestamp": ((int, float, str), "a timestamp"),
}


# The models write Java's regular expressions; these are the classes that Python's `re` has no name for.
_JAVA_CLASSES = {
    r"\p{L}": r"\w",
    r"\p{N}": r"\d",
    r"\p{Z}": r"\s",
    r"\p{C}": r"\x00-\x1f\x7f-\x9f",
    r"\p{M}": r"\u0300-\u036f",
    r"\p{P}": r"!-#%-*,-/:;?@\[-\]_{}\u00a1-\u00bf\u2010-\u2027",
    r"\p{S}": r"$+<-?^`|~\u00a2-\u00a9\u20a0-\u20bf\u2190-\u23ff",
    r"\p{Cntrl}": r"\x00-\x1f\x7f",
    r"\p{Graph}": r"\x21-\x7e",
    r"\p{Upper}": "A-Z",
    r"\p{Digit}": "0-9",
}


@cache
def _compiled(pattern: str) -> re.Pattern[str] | None:
    """The pattern for Python; None for one that is no regular expression in any language (there are such)."""
    for java, python in _JAVA_CLASSES.items():
        pattern = pattern.replace(java, python)
    try:
        return re.compile(pattern)
    except re.error:
        return None


def _scalar(value: Any, shape: Any, path: str, errors: list[FieldError]) -> Any:
    kind = shape.type_name
    types, noun = _TYPES[kind]
    if not isinstance(value, types) or (isinstance(value, bool) and kind != "boolean"):
        errors.append(FieldError(path, value, f"Member must be {noun}"))
        return value
    if isinstance(value, float) and not math.isfinite(value):
        errors.append(FieldError(path, value, "Member must be a number"))
        return value
    if kind == "string":
        _length(len(value), value, shape, path, errors)
        pattern = shape.metadata.get("pattern")
        compiled = _compiled(pattern) if pattern else None
        if compiled is not None and not compiled.fullmatch(value):
            errors.append(FieldError(path, value, f"Member must satisfy regular expression pattern: {pattern}"))
        if shape.enum and value not in shape.enum:
            errors.append(FieldError(path, value, f"Member must satisfy enum value set: [{', '.join(shape.enum)}]"))
    elif kind in {"integer", "long", "float", "double"}:
        _range(value, shape, path, errors)
    return value


def _range(value: float, shape: Any, path: str, errors: list[FieldError]) -> None:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and value < least:
        errors.append(FieldError(path, value, f"Member must have value greater than or equal to {least}"))
    if most is not None and value > most:
        errors.append(FieldError(path, value, f"Member must have value less than or equal to {most}"))


def _length(length: int, value: Any, shape: Any, path: str, errors: list[FieldError]) -> None:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and length < least:
        errors.append(FieldError(path, value, f"Member must have length greater than or equal to {least}"))
    if most is not None and length > most:
        errors.append(FieldError(path, value, f"Member must have length less than or equal to {most}"))
