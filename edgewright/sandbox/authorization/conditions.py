"""The condition block of a policy statement.

Operators, set qualifiers and ``IfExists`` as in the IAM user guide ("IAM JSON policy elements: Condition operators").
A key that the request does not carry makes a condition false, except for the negated operators, ``IfExists``,
``Null`` and ``ForAllValues``.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache

Context = Mapping[str, str | Sequence[str]]
"""Condition keys of a request. Names are compared without regard to case, as IAM does."""


@lru_cache(maxsize=4096)
def _glob(pattern: str) -> re.Pattern[str]:
    parts = (".*" if c == "*" else "." if c == "?" else re.escape(c) for c in pattern)
    return re.compile("".join(parts), re.DOTALL)


def like(pattern: str, value: str) -> bool:
    """Whether ``value`` matches ``pattern`` with ``*`` and ``?``, case included."""
    return _glob(pattern).fullmatch(value) is not None


def arn_like(pattern: str, value: str) -> bool:
    """Whether an ARN matches: a wildcard stays within its segment, only the last may hold colons."""
    if pattern == "*":
        return True
    wanted, given = pattern.split(":", 5), value.split(":", 5)
    return len(wanted) == len(given) and all(map(like, wanted, given))


def _number(text: str) -> float:
    return float(text)


def _date(text: str) -> float:
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return float(text)
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _in_network(network: str, address: str) -> bool:
    return ipaddress.ip_address(address) in ipaddress.ip_network(network, strict=False)


_POSITIVE: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": lambda wanted, given: wanted == given,
    "StringEqualsIgnoreCase": lambda wanted, given: wanted.lower() == given.lower(),
    "StringLike": like,
    "ArnEquals": arn_like,
    "ArnLike": arn_like,
    "NumericEquals": lambda wanted, given: _number(wanted) == _number(given),
    "NumericLessThan": lambda wanted, given: _number(given) < _number(wanted),
    "NumericLessThanEquals": lambda wanted, given: _number(given) <= _number(wanted),
    "NumericGreaterThan": lambda wanted, given: _number(given) > _number(wanted),
    "NumericGreaterThanEquals": lambda wanted, given: _number(given) >= _number(wanted),
    "DateEquals": lambda wanted, given: _date(wanted) == _date(given),
    "DateLessThan": lambda wanted, given: _date(given) < _date(wanted),
    "DateLessThanEquals": lambda wanted, given: _date(given) <= _date(wanted),
    "DateGreaterThan": lambda wanted, given: _date(given) > _date(wanted),
    "DateGreaterThanEquals": lambda wanted, given: _date(given) >= _date(wanted),
    "Bool": lambda wanted, given: wanted.lower() == given.lower(),
    "BinaryEquals": lambda wanted, given: wanted == given,
    "IpAddress": _in_network,
}
_NEGATIVE = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
    "NumericNotEquals": "NumericEquals",
    "DateNotEquals": "DateEquals",
    "NotIpAddress": "IpAddress",
}


def as_list(value: object) -> list[str]:
    """One value or many, as strings: policies write both, and booleans and numbers besides strings."""
    values = value if isinstance(value, list | tuple) else [value]
    return [str(v).lower() if isinstance(v, bool) else str(v) for v in values]


def _lookup(context: Context, key: str) -> list[str] | None:
    for name, value in context.items():
        if name.lower() == key.lower():
            return as_list(value)
    return None


def _holds(operator: str, wanted: list[str], given: list[str] | None) -> bool:
    qualifier, _, operator = operator.rpartition(":")
    if operator == "Null":
        return all((given is None) == (w.lower() == "true") for w in wanted)
    if_exists = operator.endswith("IfExists")
    operator = operator.removesuffix("IfExists")
    if given is None and if_exists:
        return True
    negated = operator in _NEGATIVE
    test = _POSITIVE.get(_NEGATIVE.get(operator, operator))
    if test is None or qualifier not in {"", "ForAllValues", "ForAnyValue"}:
        msg = f"the condition operator {qualifier + ':' if qualifier else ''}{operator} is not in the sandbox"
        raise NotImplementedError(msg)

    def one(value: str) -> bool:
        return any(test(w, value) for w in wanted) != negated

    if qualifier == "ForAllValues":
        return all(one(value) for value in given or [])
    if given is None:
        return negated and not qualifier
    return any(one(value) for value in given) if qualifier or not negated else all(one(value) for value in given)


_VARIABLE = re.compile(r"\$\{([^}]*)\}")


def substitute(text: str, context: Context) -> str | None:
    """Fill policy variables (``${credentials-iot:ThingName}``); None when the request lacks one, so nothing matches.

    ``${*}``, ``${?}`` and ``${$}`` stand for those characters. A value's own ``*`` or ``?`` would act as a wildcard
    here; IAM escapes them, and so does the sandbox by refusing the match.
    """
    missing = False

    def fill(match: re.Match[str]) -> str:
        nonlocal missing
        name, _, default = match[1].partition(",")
        name = name.strip()
        if name in {"*", "?", "$"}:
            return name
        values = _lookup(context, name)
        if values is None and default:
            return default.strip().strip("'")
        if values is None or len(values) != 1 or set(values[0]) & set("*?"):
            missing = True
            return ""
        return values[0]

    filled = _VARIABLE.sub(fill, text)
    return None if missing else filled


def satisfied(block: Mapping[str, Mapping[str, object]], context: Context) -> bool:
    """Whether all conditions of a statement hold for a request."""
    for operator, tests in block.items():
        for key, wanted in tests.items():
            filled = [value for value in (substitute(w, context) for w in as_list(wanted)) if value is not None]
            if not _holds(operator, filled, _lookup(context, key)):
                return False
    return True
