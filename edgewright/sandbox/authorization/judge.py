"""One need of one principal, with the policy of the bucket where there is one (one that is being made has none)."""

from __future__ import annotations

from edgewright.sandbox.authorization import decide
from edgewright.sandbox.authorization.decide import Verdict
from edgewright.sandbox.authorization.needs import Need
from edgewright.sandbox.authorization.policy import Request
from edgewright.sandbox.authorization.principals import Principal
from edgewright.sandbox.authorization.s3 import bucket


def judge(principal: Principal, need: Need) -> Verdict:
    """Whether a principal may; a bucket's policy counts for what is in the bucket."""
    context = {**decide.global_keys(), **principal.keys(), **need.context}
    request = Request(need.action, need.resource, context)
    policy, owner = None, ""
    if need.resource.startswith("arn:aws:s3:::") and need.action != "s3:CreateBucket":
        found = bucket(need.resource.removeprefix("arn:aws:s3:::").partition("/")[0])
        if found is not None:
            policy, owner = found.policy, found.account_id
            policy = policy.decode() if isinstance(policy, bytes) else policy
    return decide.decide(principal, request, policy, owner)
