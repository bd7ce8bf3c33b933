"""One need of one principal, with the policy of the resource where there is one (one that is being made has none)."""

from __future__ import annotations

from edgewright.sandbox.authorization import decide, decisions, resource_policies
from edgewright.sandbox.authorization.decide import Verdict
from edgewright.sandbox.authorization.needs import Need
from edgewright.sandbox.authorization.policy import Request
from edgewright.sandbox.authorization.principals import Principal


def judge(principal: Principal, need: Need) -> Verdict:
    """Whether a principal may; the policy of a bucket counts for what is in the bucket."""
    context = {**decide.global_keys(), **principal.keys(), **need.context}
    request = Request(need.action, need.resource, context)
    decisions.heard(
        principal.role_arn or principal.arn, request, lambda: sentence(principal, need, judge(principal, need))
    )
    held = resource_policies.of(need.resource, need.action)
    return decide.decide(principal, request, held.document, held.owner, alone=held.alone)


def sentence(principal: Principal, need: Need, verdict: Verdict) -> str:
    """AWS's sentence for a refusal, with the reason that it gives; empty when there is none."""
    if verdict.allowed:
        return ""
    resource = f'"{need.resource}"' if need.action.startswith("s3:") else need.resource
    return decide.refusal(principal.arn, need.action, resource, f" {verdict.reason(need.action)}")
