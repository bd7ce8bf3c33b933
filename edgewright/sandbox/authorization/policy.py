"""Statements of identity and resource policies, matched against one request."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache
from typing import Any

from edgewright.sandbox.authorization.conditions import Context, arn_like, as_list, like, satisfied, substitute


class Effect(Enum):
    """What a set of policies says about a request."""

    DENY = "an explicit deny"
    ALLOW = "allow"
    NOTHING = "no statement applies"


@dataclass(frozen=True)
class Request:
    """One action on one resource."""

    action: str
    """``service:Operation`` as in IAM."""
    resource: str
    """An ARN, or ``*`` for actions that have no resource."""
    context: Context = field(default_factory=dict)


class Naming(Enum):
    """How a resource policy names a principal."""

    ITSELF = 2
    ACCOUNT = 1
    NOT = 0


@lru_cache(maxsize=1024)
def parse(document: str) -> tuple[Mapping[str, Any], ...]:
    """The statements of a policy document."""
    statements = json.loads(document).get("Statement", [])
    return tuple(statements) if isinstance(statements, list) else (statements,)


def applies(statement: Mapping[str, Any], request: Request) -> bool:
    """Whether action, resource and conditions of a statement fit the request. Principals are judged elsewhere."""
    return (
        _action_fits(statement, request.action)
        and _resource_fits(statement, request)
        and satisfied(statement.get("Condition", {}), request.context)
    )


def _action_fits(statement: Mapping[str, Any], action: str) -> bool:
    def listed(patterns: object) -> bool:
        return any(like(pattern.lower(), action.lower()) for pattern in as_list(patterns))

    if "NotAction" in statement:
        return not listed(statement["NotAction"])
    return listed(statement.get("Action", []))


def _resource_fits(statement: Mapping[str, Any], request: Request) -> bool:
    def listed(patterns: object) -> bool:
        filled = (substitute(pattern, request.context) for pattern in as_list(patterns))
        return any(p == "*" or (p is not None and arn_like(p, request.resource)) for p in filled)

    if "NotResource" in statement:
        return not listed(statement["NotResource"])
    # a role's trust policy has no Resource: the role itself is meant
    return "Resource" not in statement or listed(statement["Resource"])


def judge(documents: Iterable[str], request: Request) -> Effect:
    """What identity policies say: a deny wins over any number of allows."""
    effect = Effect.NOTHING
    for document in documents:
        for statement in parse(document):
            if not applies(statement, request):
                continue
            if statement["Effect"] == "Deny":
                return Effect.DENY
            effect = Effect.ALLOW
    return effect


def judge_resource(document: str, request: Request, who: Who) -> tuple[Effect, Naming]:
    """What a resource policy (bucket policy, trust policy) says about a principal, and how it names it."""
    effect, naming = Effect.NOTHING, Naming.NOT
    for statement in parse(document):
        how = _names(statement, who)
        if how is Naming.NOT or not applies(statement, request):
            continue
        if statement["Effect"] == "Deny":
            return Effect.DENY, how
        effect = Effect.ALLOW
        naming = max(naming, how, key=lambda n: n.value)
    return effect, naming


@dataclass(frozen=True)
class Who:
    """What a resource policy may name: ``arns`` of the principal itself, its account, a service or a federation."""

    account: str = ""
    arns: tuple[str, ...] = ()
    service: str = ""
    federated: str = ""


def _names(statement: Mapping[str, Any], who: Who) -> Naming:
    if "NotPrincipal" in statement:
        listed = _listed(statement["NotPrincipal"], who)
        return Naming.ITSELF if listed is Naming.NOT else Naming.NOT
    return _listed(statement.get("Principal", {}), who)


def _listed(principal: object, who: Who) -> Naming:
    if principal == "*":
        return Naming.ITSELF
    if not isinstance(principal, dict):
        return Naming.NOT
    if who.service:
        return Naming.ITSELF if who.service in as_list(principal.get("Service", [])) else Naming.NOT
    if who.federated:
        return Naming.ITSELF if who.federated in as_list(principal.get("Federated", [])) else Naming.NOT
    best = Naming.NOT
    for name in as_list(principal.get("AWS", [])):
        if name == "*" or name in who.arns:
            return Naming.ITSELF
        if name == who.account or (name.endswith(":root") and name.split(":")[4] == who.account):
            best = Naming.ACCOUNT
    return best
