"""Decisions: may this principal do this, and in which words does AWS refuse."""

from __future__ import annotations

from collections.abc import Mapping

from edgewright.sandbox.authorization.policy import Effect, Naming, Request, Who, judge, judge_resource
from edgewright.sandbox.authorization.principals import Principal

ASSUME_ROLE = "sts:AssumeRole"


def identity_allows(principal: Principal, request: Request) -> Effect:
    """What the principal's own policies say: boundary and session policy can only narrow them."""
    effect = judge(principal.policies(), request)
    if effect is not Effect.ALLOW:
        return effect
    for narrowing in (principal.boundary(), principal.session_policy):
        if narrowing:
            narrowed = judge([narrowing], request)
            if narrowed is not Effect.ALLOW:
                return narrowed
    return Effect.ALLOW


def allowed(principal: Principal, request: Request, resource_policy: str | None = None, owner: str = "") -> bool:
    """Whether ``principal`` may; ``owner`` is the account of the resource that carries ``resource_policy``."""
    identity = identity_allows(principal, request)
    effect, naming = (
        judge_resource(resource_policy, request, principal.who) if resource_policy else (Effect.NOTHING, Naming.NOT)
    )
    if Effect.DENY in {identity, effect}:
        return False
    if owner and owner != principal.account:
        return identity is Effect.ALLOW and effect is Effect.ALLOW
    return identity is Effect.ALLOW or (effect is Effect.ALLOW and naming is Naming.ITSELF)


def may_assume(caller: Principal, role_arn: str, trust: str, context: Mapping[str, str]) -> bool:
    """Whether ``caller`` may assume a role: its trust policy must say so, whatever the caller's own policies are.

    Within one account a trust policy that names the caller itself is enough; one that names the account, or a caller
    from another account, needs ``sts:AssumeRole`` in the caller's own policies too.
    """
    request = Request(ASSUME_ROLE, role_arn, {**caller.keys(), **global_keys(), **context})
    effect, naming = judge_resource(trust, request, caller.who)
    if effect is not Effect.ALLOW:
        return False
    identity = identity_allows(caller, request)
    if identity is Effect.DENY:
        return False
    owner = role_arn.split(":")[4]
    return identity is Effect.ALLOW or (naming is Naming.ITSELF and owner == caller.account)


def service_may_assume(service: str, role_arn: str, trust: str, context: Mapping[str, str]) -> bool:
    """Whether an AWS service may assume a role, such as ``credentials.iot.amazonaws.com`` for core devices."""
    request = Request(ASSUME_ROLE, role_arn, {**global_keys(), **context})
    return judge_resource(trust, request, Who(service=service))[0] is Effect.ALLOW


def global_keys() -> dict[str, str]:
    """Condition keys of every request. The loopback connection stands for one that AWS would see encrypted."""
    return {"aws:SecureTransport": "true", "aws:SourceIp": "127.0.0.1", "aws:ViaAWSService": "false"}


def refusal(principal_arn: str, action: str, resource: str, reason: str = "") -> str:
    """AWS's sentence for a missing permission."""
    on = f" on resource: {resource}" if resource else ""
    return f"User: {principal_arn} is not authorized to perform: {action}{on}{reason}"
