"""Decisions: may this principal do this, and in which words does AWS refuse."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from edgewright.sandbox.authorization import decisions
from edgewright.sandbox.authorization.conditions import Context
from edgewright.sandbox.authorization.policy import Effect, Naming, Request, Who, judge, judge_resource
from edgewright.sandbox.authorization.principals import Principal

ASSUME_ROLE = "sts:AssumeRole"
ASSUME_ROLE_WITH_WEB_IDENTITY = "sts:AssumeRoleWithWebIdentity"


class Kind(Enum):
    """The kinds of policy, as refusals name them."""

    IDENTITY = "identity-based policy"
    RESOURCE = "resource-based policy"
    BOUNDARY = "permissions boundary"
    SESSION = "session policy"


@dataclass(frozen=True)
class Verdict:
    """Allowed, or refused by a policy of some kind."""

    allowed: bool
    kind: Kind = Kind.IDENTITY
    explicit: bool = False

    def reason(self, action: str) -> str:
        """The end of AWS's sentence ("Troubleshoot access denied error messages" of the IAM user guide)."""
        if self.explicit:
            article = "an" if self.kind is Kind.IDENTITY else "a"
            return f"with an explicit deny in {article} {self.kind.value}"
        return f"because no {self.kind.value} allows the {action} action"


ALLOWED = Verdict(allowed=True)


def identity_verdict(principal: Principal, request: Request) -> Verdict:
    """What the principal's own policies say: boundary and session policy can only narrow them.

    An explicit deny of any of them is told before the lack of an allow in another ("Policy evaluation logic").
    """
    narrowing = ((Kind.BOUNDARY, principal.boundary()), (Kind.SESSION, principal.session_policy))
    effects = [(Kind.IDENTITY, judge(principal.policies(), request))]
    effects += [(kind, judge([document], request)) for kind, document in narrowing if document]
    for wanted in (Effect.DENY, Effect.NOTHING):
        for kind, effect in effects:
            if effect is wanted:
                return Verdict(allowed=False, kind=kind, explicit=effect is Effect.DENY)
    return ALLOWED


def decide(
    principal: Principal, request: Request, resource_policy: str | None = None, owner: str = "", *, alone: bool = False
) -> Verdict:
    """Whether ``principal`` may.

    Args:
        principal: Who.
        request: What.
        resource_policy: The policy of the resource, where it has one.
        owner: The account of the resource.
        alone: Whether nobody may what this policy does not allow, its own account included (keys of KMS).
    """
    effect, naming = Effect.NOTHING, Naming.NOT
    if resource_policy:
        effect, naming = judge_resource(resource_policy, request, principal.who)
    if effect is Effect.DENY:
        return Verdict(allowed=False, kind=Kind.RESOURCE, explicit=True)
    own = identity_verdict(principal, request)
    if own.explicit:
        return own
    if (owner and owner != principal.account) or alone:
        if effect is not Effect.ALLOW:
            return Verdict(allowed=False, kind=Kind.RESOURCE)
        if not alone or naming is Naming.ACCOUNT:
            return own
    if effect is Effect.ALLOW and naming is Naming.ITSELF and own.kind is Kind.IDENTITY:
        return ALLOWED
    return own


def may_assume(caller: Principal, role_arn: str, trust: str, context: Mapping[str, str]) -> bool:
    """Whether ``caller`` may assume a role: its trust policy must say so, whatever the caller's own policies are.

    Within one account a trust policy that names the caller itself is enough; one that names the account, or a caller
    from another account, needs ``sts:AssumeRole`` in the caller's own policies too.
    """
    request = Request(ASSUME_ROLE, role_arn, {**caller.keys(), **global_keys(), **context})
    decisions.heard(caller.role_arn or caller.arn, request, lambda: _assumed_again(caller, role_arn, context))
    effect, naming = judge_resource(trust, request, caller.who)
    if effect is not Effect.ALLOW:
        return False
    own = identity_verdict(caller, request)
    if own.explicit:
        return False
    owner = role_arn.split(":")[4]
    return own.allowed or (naming is Naming.ITSELF and owner == caller.account and own.kind is Kind.IDENTITY)


def service_may_assume(service: str, role_arn: str, trust: str, context: Context) -> bool:
    """Whether an AWS service may assume a role, such as ``credentials.iot.amazonaws.com`` for core devices."""
    return _trusted(Who(service=service), ASSUME_ROLE, role_arn, trust, context)


def federated_may_assume(provider: str, role_arn: str, trust: str, context: Context) -> bool:
    """Whether whoever an identity provider vouches for may assume a role."""
    return _trusted(Who(federated=provider), ASSUME_ROLE_WITH_WEB_IDENTITY, role_arn, trust, context)


def _trusted(who: Who, action: str, role_arn: str, trust: str, context: Context) -> bool:
    """Whether a trust policy lets in somebody who has no policies of their own: it alone decides."""
    request = Request(action, role_arn, {**global_keys(), **context})
    name = who.service or who.federated

    def again() -> str:
        now = trust_of(role_arn)
        allowed = now is not None and _trusted(who, action, role_arn, now, context)
        return "" if allowed else refusal(name, action, role_arn)

    decisions.heard(name, request, again)
    return judge_resource(trust, request, who)[0] is Effect.ALLOW


def _assumed_again(caller: Principal, role_arn: str, context: Mapping[str, str]) -> str:
    trust = trust_of(role_arn)
    allowed = trust is not None and may_assume(caller, role_arn, trust, context)
    return "" if allowed else refusal(caller.arn, ASSUME_ROLE, role_arn)


def trust_of(role_arn: str) -> str | None:
    """The trust policy of a role as it is now; None when there is no such role."""
    from moto.iam.models import iam_backends  # noqa: PLC0415 -- moto loads a service when it is used

    parts = role_arn.split(":")
    account = parts[4] if len(parts) > 5 else ""
    roles = iam_backends[account]["aws"].roles.values() if account else ()
    return next((str(role.assume_role_policy_document) for role in roles if role.arn == role_arn), None)


def global_keys() -> dict[str, str]:
    """Condition keys of every request. The loopback connection stands for one that AWS would see encrypted."""
    return {"aws:SecureTransport": "true", "aws:SourceIp": "127.0.0.1", "aws:ViaAWSService": "false"}


def refusal(principal_arn: str, action: str, resource: str, reason: str = "") -> str:
    """AWS's sentence for a missing permission."""
    return f"User: {principal_arn} is not authorized to perform: {action} on resource: {resource}{reason}"
