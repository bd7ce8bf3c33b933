"""That a role has the policies of the program and no others: what somebody adds to it is drift, and goes."""

from __future__ import annotations

from collections.abc import Iterable

import pulumi
import pulumi_aws as aws


def keep_exact(
    name: str,
    role: aws.iam.Role,
    *,
    inline: Iterable[aws.iam.RolePolicy],
    attached: Iterable[aws.iam.RolePolicyAttachment],
    opts: pulumi.ResourceOptions,
) -> None:
    """Register that a role has exactly these policies.

    A policy that a person adds to a role, inline or attached, would otherwise be seen by nobody: the program knows
    what it made, not what is there.

    Args:
        name: Logical name, the role's.
        role: The role.
        inline: Its inline policies.
        attached: The managed policies on it.
        opts: Of children of the component.
    """
    aws.iam.RolePoliciesExclusive(name, role_name=role.name, policy_names=[each.name for each in inline], opts=opts)
    aws.iam.RolePolicyAttachmentsExclusive(
        name, role_name=role.name, policy_arns=[each.policy_arn for each in attached], opts=opts
    )
