"""The shape and the limits that all policy documents share.

AWS counts a policy without its white space; a document that is too large is refused here, with the way out, because
AWS's own answer comes in the middle of an `up`. Sources: IAM and STS quotas, Amazon S3 bucket policies, AWS IoT
Core quotas.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from edgewright.canonical import canonical_json
from edgewright.errors import EdgewrightError

VERSION = "2012-10-17"

ROLE_POLICY = 10_240
"""Characters of all inline policies of one role together."""
MANAGED_POLICY = 6_144
"""Characters of a customer managed policy."""
TRUST_POLICY = 2_048
"""Characters of a role's trust policy, before the quota is raised."""
BUCKET_POLICY = 20_480
"""Bytes of a bucket policy."""
KEY_POLICY = 32_768
"""Bytes of the policy of a key."""
IOT_POLICY = 2_048
"""Characters of an AWS IoT policy."""


def statement(
    sid: str | None,
    actions: Iterable[str],
    resources: Iterable[str],
    *,
    conditions: Mapping[str, Any] | None = None,
    principal: Mapping[str, Any] | str | None = None,
    effect: str = "Allow",
) -> dict[str, Any]:
    """Return a statement; actions and resources are sorted, so that their order never shows as a change.

    Raises:
        EdgewrightError: an Allow without actions or resources, or with an action that is a bare ``*``.
    """
    sorted_actions = sorted(set(actions))
    sorted_resources = sorted(set(resources))
    if not sorted_actions or not sorted_resources:
        msg = f"a policy statement needs actions and resources (got {sorted_actions!r} on {sorted_resources!r})"
        raise EdgewrightError(msg)
    if effect == "Allow" and any(action == "*" or action.endswith(":*") for action in sorted_actions):
        msg = f"a policy must name its actions (got {sorted_actions!r}): write the actions that are needed"
        raise EdgewrightError(msg)
    result: dict[str, Any] = {} if sid is None else {"Sid": sid}
    result["Effect"] = effect
    if principal is not None:
        result["Principal"] = principal
    result["Action"] = sorted_actions
    result["Resource"] = sorted_resources
    if conditions:
        result["Condition"] = {operator: dict(keys) for operator, keys in conditions.items()}
    return result


def document(statements: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return a policy document of ``statements``.

    Raises:
        EdgewrightError: no statement at all; AWS refuses an empty policy.
    """
    listed = [dict(each) for each in statements]
    if not listed:
        msg = "a policy needs at least one statement: leave the policy out when nothing is to be allowed"
        raise EdgewrightError(msg)
    return {"Version": VERSION, "Statement": listed}


def render(policy: Mapping[str, Any], *, limit: int, of: str) -> str:
    """Return the JSON text of ``policy`` as AWS gets it, without white space.

    Args:
        policy: The document.
        limit: One of the limits of this module.
        of: Whose policy it is, for the message.

    Raises:
        EdgewrightError: the text is longer than AWS takes.
    """
    text = canonical_json(policy)
    size = len(text.encode())
    if size > limit:
        msg = (
            f"the policy of {of} has {size:,} characters and AWS takes {limit:,} at most: "
            "name fewer resources, or use one pattern in place of many names"
        )
        raise EdgewrightError(msg)
    return text


def root(account_id: str) -> dict[str, str]:
    """Return the principal that stands for whatever an account lets in."""
    return {"AWS": f"arn:aws:iam::{account_id}:root"}
