"""What a policy document grants, taken apart, and whether one grant covers another. Pure.

A statement is a product: each principal, each action, each resource. Two documents are compared by these grants, not
by their text, so that statements that were merged, split or ordered anew show no change. Whether a pattern covers
another is decided soundly: where it cannot be proven, the grant counts as new. Sources: the IAM user guide on
wildcards (``*`` and ``?``; actions know no case) and on condition operators (all operators and keys must hold, any
value of a key is enough).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from edgewright.canonical import canonical_json

Conditions = tuple[tuple[str, str, tuple[str, ...]], ...]
"""Operator, key and values of each condition, sorted."""

_NEGATED = re.compile(r"^(?:For(?:Any|All)\w+:)?\w*Not\w+$")


@dataclass(frozen=True, order=True)
class Grant:
    """One principal that may (or must not) do one action to one resource, under conditions."""

    effect: str
    principal: str
    """``AWS:<arn>``, ``Service:<name>``, ``Federated:<arn>``, ``*``; empty in a policy that its principal has."""
    action: str
    resource: str
    conditions: Conditions = ()
    opaque: str = ""
    """A statement with NotAction, NotResource or NotPrincipal, as a whole: such are compared word for word."""


def grants(document: Mapping[str, Any]) -> set[Grant]:
    """Return all grants of a policy document, denials included."""
    statements = document.get("Statement") or ()
    return {
        grant
        for statement in (statements if isinstance(statements, Sequence) else [statements])
        for grant in _of(statement)
    }


def _of(statement: Mapping[str, Any]) -> Iterator[Grant]:
    effect = str(statement.get("Effect", ""))
    conditions = tuple(sorted(_conditions(statement.get("Condition") or {})))
    if any(key in statement for key in ("NotAction", "NotResource", "NotPrincipal")):
        text = canonical_json({key: value for key, value in statement.items() if key != "Sid"})
        yield Grant(effect, "", "", "", conditions, text)
        return
    principals = list(_principals(statement["Principal"])) if "Principal" in statement else [""]
    for principal in principals:
        for action in _listed(statement.get("Action")):
            # the resource of a trust policy is the role that has it
            for resource in _listed(statement.get("Resource")) or [""]:
                yield Grant(effect, principal, action, resource, conditions)


def _principals(principal: Any) -> Iterator[str]:
    if isinstance(principal, str):
        yield principal
        return
    for kind, names in principal.items():
        for name in _listed(names):
            yield "*" if kind == "AWS" and name == "*" else f"{kind}:{name}"


def _conditions(condition: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    for operator, keys in condition.items():
        for key, values in keys.items():
            yield operator, key, tuple(sorted(map(_text, _listed(values))))


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def covers(wider: Grant, narrower: Grant) -> bool:
    """Whether everything that ``narrower`` grants (or denies) is granted (or denied) by ``wider`` as well."""
    if wider.opaque or narrower.opaque:
        return wider == narrower
    return (
        wider.effect == narrower.effect
        and (wider.principal == narrower.principal or (wider.principal == "*" and bool(narrower.principal)))
        and _matches(wider.action.lower(), narrower.action.lower())
        and _matches(wider.resource, narrower.resource)
        and weaker(wider.conditions, narrower.conditions)
    )


def weaker(looser: Conditions, stricter: Conditions) -> bool:
    """Whether whatever meets the stricter conditions meets the looser ones."""
    asked = {(operator, key.lower()): set(values) for operator, key, values in stricter}
    for operator, key, values in looser:
        other = asked.get((operator, key.lower()))
        if other is None:
            return False
        fits = other >= set(values) if _NEGATED.match(operator) else other <= set(values)
        if operator.startswith("ForAllValues") or "IfExists" in operator:
            fits = other == set(values)
        if not fits:
            return False
    return True


@lru_cache(maxsize=4096)
def _pattern(text: str) -> re.Pattern[str]:
    parts = {"*": ".*", "?": r"[^*]"}
    return re.compile("".join(parts.get(character, re.escape(character)) for character in text), re.DOTALL)


def _matches(pattern: str, text: str) -> bool:
    """Whether a pattern covers another: the other's own wildcards are matched as characters, which proves it."""
    return pattern == text or (("*" in pattern or "?" in pattern) and _pattern(pattern).fullmatch(text) is not None)


def without(some: Iterable[Grant], others: Iterable[Grant]) -> list[Grant]:
    """Return the grants of ``some`` that none of ``others`` covers, sorted."""
    rest = list(others)
    exact = set(rest)
    patterns = [each for each in rest if "*" in each.action + each.resource + each.principal or "?" in each.resource]
    loose: dict[tuple[str, str, str, str], list[Grant]] = {}
    for each in rest:
        loose.setdefault((each.effect, each.principal, each.action.lower(), each.resource), []).append(each)
    return sorted(
        grant
        for grant in set(some)
        if grant not in exact
        and not any(
            covers(other, grant)
            for other in (
                *loose.get((grant.effect, grant.principal, grant.action.lower(), grant.resource), ()),
                *patterns,
            )
        )
    )
