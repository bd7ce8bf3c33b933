"""What an input may be, said once: the same description checks values at preview and makes the package schema.

A checker skips what is unknown, collects every failure, and names each by its property path. A default is filled in
by `Record.with_defaults`, never by the code that uses the value.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from edgewright.provider.plugin import Failure, is_unknown, property_path

Path = tuple[str | int, ...]
Rule = Callable[[Path, Any], Sequence[Failure]]


def fail(path: Path, problem: str, got: Any, remedy: str) -> Failure:
    """Return a failure in the form of all messages: what is wrong (got what); what to do."""
    return Failure(property_path(*path), f"{problem} (got {shown(got)}); {remedy}")


def shown(value: Any) -> str:
    """Return ``value`` for a message, cut when it is long."""
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


@dataclass(frozen=True, kw_only=True)
class Field:
    """What all fields have.

    Attributes:
        doc: What it means, with its unit; becomes the reference.
        required: Whether it must be given.
        default: What is filled in when it is not.
        rules: Checks beyond the type, run when the type is right.
    """

    doc: str = ""
    required: bool = False
    default: Any = None
    rules: tuple[Rule, ...] = ()

    def check(self, path: Path, value: Any) -> list[Failure]:
        """Return everything that is wrong with ``value`` at ``path``."""
        if is_unknown(value):
            return []
        failures = self.type_failures(path, value)
        for rule in self.rules if not failures else ():
            failures.extend(rule(path, value))
        return failures

    def type_failures(self, path: Path, value: Any) -> list[Failure]:
        """Return what is wrong with the type and the limits of ``value``."""
        raise NotImplementedError

    def with_defaults(self, value: Any) -> Any:
        """Return ``value`` with the defaults of what is inside it."""
        return value

    def schema(self) -> dict[str, Any]:
        """Return the field's type in the Pulumi package schema."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class Text(Field):
    """A string."""

    least: int = 0
    most: int | None = None
    pattern: str | None = None
    example: str = ""
    choices: tuple[str, ...] = ()

    def type_failures(self, path: Path, value: Any) -> list[Failure]:
        """See `Field.type_failures`."""
        if not isinstance(value, str):
            return [fail(path, "must be a string", value, "put it in quotes")]
        if self.choices and value not in self.choices:
            near = difflib.get_close_matches(value.upper(), [choice.upper() for choice in self.choices], n=1)
            hint = next((f"did you mean {choice!r}?" for choice in self.choices if [choice.upper()] == near), None)
            return [fail(path, f"must be one of {', '.join(self.choices)}", value, hint or "choose one of them")]
        if self.most is not None and len(value) > self.most:
            return [fail(path, f"must have at most {self.most} characters, and has {len(value)}", value, "shorten it")]
        if len(value) < self.least:
            return [fail(path, f"must have at least {self.least} characters", value, "fill it in")]
        if self.pattern is not None and not re.fullmatch(self.pattern, value):
            example = f"write it like {self.example}" if self.example else "correct it"
            return [fail(path, f"must match {self.pattern}", value, example)]
        return []

    def schema(self) -> dict[str, Any]:
        """See `Field.schema`."""
        return {"type": "string"}


@dataclass(frozen=True, kw_only=True)
class Number(Field):
    """A number: whole, or with at most ``decimals`` decimals."""

    least: float | None = None
    most: float | None = None
    decimals: int | None = 0
    unit: str = ""

    def type_failures(self, path: Path, value: Any) -> list[Failure]:
        """See `Field.type_failures`."""
        wanted = f"a {self._kind()}"
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            return [fail(path, f"must be {wanted}", value, "write a number without quotes")]
        if self.decimals == 0 and not isinstance(value, int):
            return [fail(path, f"must be {wanted}", value, "leave the fraction out")]
        low = self.least is not None and value < self.least
        if low or (self.most is not None and value > self.most):
            return [fail(path, f"must be {wanted} {self._range()}", value, "choose a value within the limits")]
        if self.decimals is not None and not math.isclose(round(value, self.decimals), value, abs_tol=1e-12):
            return [fail(path, f"may have at most {self.decimals} decimals", value, "round it")]
        return []

    def _kind(self) -> str:
        kind = "whole number" if self.decimals == 0 else "number"
        return f"{kind} of {self.unit}" if self.unit else kind

    def limits(self) -> str:
        """Return what the number may be, in words, for a reference."""
        bounded = self.least is not None or self.most is not None
        return f"{self._kind()} {self._range()}" if bounded else self._kind()

    def _range(self) -> str:
        if self.least is not None and self.most is not None:
            return f"from {_plain(self.least)} to {_plain(self.most)}"
        return f"of at least {_plain(self.least)}" if self.least is not None else f"of at most {_plain(self.most)}"

    def schema(self) -> dict[str, Any]:
        """See `Field.schema`."""
        return {"type": "integer" if self.decimals == 0 else "number"}


def _plain(number: float | None) -> str:
    return str(int(number)) if number is not None and float(number).is_integer() else str(number)


@dataclass(frozen=True, kw_only=True)
class Flag(Field):
    """True or false."""

    def type_failures(self, path: Path, value: Any) -> list[Failure]:
        """See `Field.type_failures`."""
        return [] if isinstance(value, bool) else [fail(path, "must be true or false", value, "write true or false")]

    def schema(self) -> dict[str, Any]:
        """See `Field.schema`."""
        return {"type": "boolean"}


@dataclass(frozen=True, kw_only=True)
class Json(Field):
    """Any JSON value; what it must be is said by the rules."""

    def type_failures(self, path: Path, value: Any) -> list[Failure]:  # noqa: ARG002 -- anything is right
        """See `Field.type_failures`."""
        return []

    def schema(self) -> dict[str, Any]:
        """See `Field.schema`."""
        return {"$ref": "pulumi.json#/Any"}


@dataclass(frozen=True, kw_only=True)
class Items(Field):
    """A list."""

    item: Field
    least: int = 0

    def type_failures(self, path: Path, value: Any) -> list[Failure]:
        """See `Field.type_failures`."""
        if not isinstance(value, list):
            return [fail(path, "must be a list", value, "write a list")]
        if len(value) < self.least:
            return [fail(path, f"must have at least {self.least} item", value, "add one, or leave the list out")]
        return [failure for index, item in enumerate(value) for failure in self.item.check((*path, index), item)]

    def with_defaults(self, value: Any) -> Any:
        """See `Field.with_defaults`."""
        return [self.item.with_defaults(item) for item in value] if isinstance(value, list) else value

    def schema(self) -> dict[str, Any]:
        """See `Field.schema`."""
        return {"type": "array", "items": self.item.schema()}


@dataclass(frozen=True, kw_only=True)
class Mapped(Field):
    """An object whose keys are the user's: names of components, of tags."""

    value: Field
    key: Text = field(default_factory=Text)
    most: int | None = None

    def type_failures(self, path: Path, value: Any) -> list[Failure]:
        """See `Field.type_failures`."""
        if not isinstance(value, Mapping):
            return [fail(path, "must be an object", value, "write name: value pairs")]
        failures = []
        if self.most is not None and len(value) > self.most:
            failures.append(fail(path, f"may have at most {self.most} entries", len(value), "remove some"))
        for name, item in value.items():
            failures.extend(self.key.check((*path, name), name))
            failures.extend(self.value.check((*path, name), item))
        return failures

    def with_defaults(self, value: Any) -> Any:
        """See `Field.with_defaults`."""
        if not isinstance(value, Mapping):
            return value
        return {name: self.value.with_defaults(item) for name, item in value.items()}

    def schema(self) -> dict[str, Any]:
        """See `Field.schema`."""
        return {"type": "object", "additionalProperties": self.value.schema()}


@dataclass(frozen=True, kw_only=True)
class Record(Field):
    """An object with known fields; an unknown one is a failure. ``token`` is its name in the package schema."""

    token: str
    fields: Mapping[str, Field]

    def type_failures(self, path: Path, value: Any) -> list[Failure]:
        """See `Field.type_failures`."""
        if not isinstance(value, Mapping):
            return [fail(path, "must be an object", value, f"write its fields: {', '.join(self.fields)}")]
        failures = []
        for name in value:
            if name not in self.fields:
                near = difflib.get_close_matches(str(name), self.fields, n=1, cutoff=0.6)
                near = near or [field for field in self.fields if str(name).lower() in field.lower()]
                hint = f"did you mean {near[0]!r}?" if near else f"remove it; allowed are {', '.join(self.fields)}"
                failures.append(fail((*path, name), "is not a known field", value[name], hint))
        for name, description in self.fields.items():
            if value.get(name) is not None:
                failures.extend(description.check((*path, name), value[name]))
            elif description.required:
                problem = f"is required: {description.doc}".rstrip(".")
                failures.append(Failure(property_path(*path, name), f"{problem} (got nothing); add it"))
        return failures

    def with_defaults(self, value: Any) -> Any:
        """See `Field.with_defaults`. Fields that are null count as not given."""
        if not isinstance(value, Mapping):
            return value
        result = {name: item for name, item in value.items() if item is not None}
        for name, description in self.fields.items():
            if name not in result and description.default is not None:
                result[name] = description.default
            if name in result:
                result[name] = description.with_defaults(result[name])
        return result

    def schema(self) -> dict[str, Any]:
        """See `Field.schema`."""
        return {"$ref": f"#/types/{self.token}"}
