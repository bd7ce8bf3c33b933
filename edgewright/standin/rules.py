"""What the real provider demands of single values before it asks AWS, in its words.

Only what the real provider refuses is refused here: a value that passes there and fails at AWS must fail at the sandbox
here too, so that a preview means the same with both.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import json
import re
from collections.abc import Callable
from typing import Any

Rule = Callable[[str, Any], str | None]
"""``rule(name of the property, value)`` returns what is wrong, or None."""


def between(least: int, most: int) -> Rule:
    """A whole number from ``least`` to ``most``."""

    def rule(name: str, value: Any) -> str | None:
        return None if least <= value <= most else f"expected {name} to be in the range ({least} - {most}), got {value}"

    return rule


def at_least(least: int) -> Rule:
    """A whole number of ``least`` or more."""

    def rule(name: str, value: Any) -> str | None:
        return None if value >= least else f"expected {name} to be at least ({least}), got {value}"

    return rule


def length(least: int, most: int) -> Rule:
    """A text of ``least`` to ``most`` characters."""

    def rule(name: str, value: Any) -> str | None:
        if least <= len(value) <= most:
            return None
        return f"expected length of {name} to be in the range ({least} - {most}), got {value}"

    return rule


def one_of(*allowed: str) -> Rule:
    """One of a few words."""
    listed = " ".join(json.dumps(word) for word in allowed)

    def rule(name: str, value: Any) -> str | None:
        return None if value in allowed else f"expected {name} to be one of [{listed}], got {value}"

    return rule


def one_of_numbers(*allowed: int) -> Rule:
    """One of a few numbers."""
    listed = " ".join(map(str, allowed))

    def rule(name: str, value: Any) -> str | None:
        return None if value in allowed else f"expected {name} to be one of [{listed}], got {value}"

    return rule


def matches(pattern: str, *, hint: str) -> Rule:
    """A text that ``pattern`` matches as a whole; ``hint`` says so to a person."""
    compiled = re.compile(pattern)

    def rule(name: str, value: Any) -> str | None:
        return None if compiled.fullmatch(value) else f"invalid value for {name} ({hint})"

    return rule


def arn(name: str, value: Any) -> str | None:
    """An ARN, as far as its shape tells."""
    parts = value.split(":", 5)
    if len(parts) == 6 and parts[0] == "arn" and parts[1] and parts[2] and parts[5]:
        return None
    problem = "arn: invalid prefix" if parts[0] != "arn" else "arn: not enough sections or an empty one"
    return f'"{name}" ({value}) is an invalid ARN: {problem}'


def json_text(name: str, value: Any) -> str | None:
    """JSON of any kind."""
    try:
        json.loads(value)
    except ValueError as error:
        return f'"{name}" contains an invalid JSON: {error}'
    return None


def policy_text(name: str, value: Any) -> str | None:
    """A JSON object, as every policy of IAM is."""
    try:
        document = json.loads(value)
    except ValueError as error:
        if value.lstrip()[:1] == "{":
            return f'"{name}" contains an invalid JSON policy: {error}'
        document = None
    return None if isinstance(document, dict) else f'"{name}" contains an invalid JSON policy: not a JSON object'


def web_address(name: str, value: Any) -> str | None:
    """An address that begins with ``https://``."""
    host = value.removeprefix("https://")
    return None if host != value and host else f'expected "{name}" to have a url with schema of: "https", got {value}'


def base64_text(name: str, value: Any) -> str | None:
    """A text in base64."""
    try:
        base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return f'expected "{name}" to be base64 encoded, got {value}'
    return None


def network(name: str, value: Any) -> str | None:
    """A network with the length of its prefix; of a list, every item is judged by itself."""
    del name
    if isinstance(value, list):
        return None
    try:
        ipaddress.ip_network(value if "/" in value else "")
    except ValueError:
        return f'"{value}" is not a valid CIDR block: invalid CIDR address: {value}'
    return None
