"""One request and the answer that AWS documents for it.

In parameters and patterns ``@name`` stands for something of the prepared world (see ``world``); a call is made exactly
as it is written, without the checks that boto3 makes before it sends anything.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_NAME = re.compile(r"@(\w+)")
VALIDATION = "ValidationException"
MISSING = "ResourceNotFoundException"
CONFLICT = "ConflictException"


@dataclass(frozen=True)
class Case:
    """A request, and either the refusal or what the answer must hold."""

    service: str
    operation: str
    given: Mapping[str, Any]
    name: str
    code: str = ""
    """Of the refusal; empty for a request that succeeds."""
    status: int = 0
    """HTTP status; 0 for the one that the service's model gives to success."""
    message: str = ""
    """Pattern of the whole message of a refusal."""
    holds: Mapping[str, Any] = field(default_factory=dict)
    """Values of the answer by path (``a.b.0.c``); ``len(a)`` for the length of a list."""

    def __str__(self) -> str:
        return f"{self.service}.{self.operation}: {self.name}"


def fill(value: Any, names: Mapping[str, str], *, pattern: bool = False) -> Any:
    """Put the prepared world's names in."""
    if isinstance(value, str):
        return _NAME.sub(lambda m: (re.escape if pattern else str)(names[m[1]]) if m[1] in names else m[0], value)
    if isinstance(value, dict):
        return {fill(key, names): fill(item, names) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [fill(item, names) for item in value]
    return value


def at(answer: Any, path: str) -> Any:
    """The value at a path; None where there is nothing."""
    if path.startswith("len("):
        return len(at(answer, path[4:-1]) or [])
    for step in path.split("."):
        if isinstance(answer, list):
            answer = answer[int(step)] if int(step) < len(answer) else None
        elif isinstance(answer, dict):
            answer = answer.get(step)
        else:
            return None
    return answer


def constraint(path: str, value: object, text: str) -> str:
    """The pattern of AWS's sentence for one member that is not as the model says."""
    shown = "null" if value is None else f"'{value}'"
    return re.escape(f"1 validation error detected: Value {shown} at '{path}' failed to satisfy constraint: {text}")


def absent(path: str) -> str:
    """The sentence for a member that must be given."""
    return constraint(path, None, "Member must not be null")


def short(path: str, least: int = 1) -> str:
    """The sentence for an empty string, list or map."""
    return _about(path, f"Member must have length greater than or equal to {least}")


def long(path: str, most: int) -> str:
    """The sentence for a string or list that is too long."""
    return _about(path, f"Member must have length less than or equal to {most}")


def low(path: str, least: float) -> str:
    """The sentence for a number that is too small."""
    return _about(path, f"Member must have value greater than or equal to {least}")


def high(path: str, most: float) -> str:
    """The sentence for a number that is too great."""
    return _about(path, f"Member must have value less than or equal to {most}")


def enum(path: str) -> str:
    """The sentence for a value that is none of those that there are."""
    return _about(path, "Member must satisfy enum value set: [")


def shape(path: str) -> str:
    """The sentence for a value that does not fit the pattern."""
    return _about(path, "Member must satisfy regular expression pattern: ")


def _about(path: str, text: str) -> str:
    return r".*at '" + re.escape(path) + r"' failed to satisfy constraint: " + re.escape(text) + r".*"
