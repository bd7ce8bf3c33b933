"""Who may use the key of the artifact buckets, and who administers it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from edgewright.documents import naming, policy
from edgewright.documents.place import StagePlace

ADMINISTER = (
    "kms:CancelKeyDeletion",
    "kms:CreateAlias",
    "kms:DeleteAlias",
    "kms:DescribeKey",
    "kms:DisableKey",
    "kms:EnableKey",
    "kms:EnableKeyRotation",
    "kms:GetKeyPolicy",
    "kms:GetKeyRotationStatus",
    "kms:ListKeyPolicies",
    "kms:ListResourceTags",
    "kms:PutKeyPolicy",
    "kms:ScheduleKeyDeletion",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:UpdateAlias",
    "kms:UpdateKeyDescription",
)
"""Everything but to use the key: an administrator of the tooling account reads no artifact by it."""


def artifacts(tooling_id: str, region: str, stages: Sequence[StagePlace]) -> dict[str, Any]:
    """Return the policy of the key: deploy roles encrypt and decrypt, devices decrypt, through Amazon S3 only.

    Args:
        tooling_id: The account of the key.
        region: Its Region.
        stages: The stages of that Region.
    """
    # In a key's policy, * is the key itself ("Key policies in AWS KMS").
    own = ["*"]
    statements = [policy.statement("Administer", ADMINISTER, own, principal=policy.root(tooling_id))]
    through = {"kms:ViaService": f"s3.{region}.amazonaws.com"}
    for account_id in sorted({place.account_id for place in stages}):
        here = sorted({place.stage for place in stages if place.account_id == account_id})
        deployers = [naming.role_arn(account_id, naming.deploy_role(stage)) for stage in here]
        devices = [naming.role_arn(account_id, naming.token_exchange_role("*", stage)) for stage in here]
        principal = policy.root(account_id)
        statements += [
            policy.statement(
                f"Upload{account_id}",
                ["kms:Decrypt", "kms:GenerateDataKey"],
                own,
                principal=principal,
                conditions={"StringEquals": through, "ArnEquals": {"aws:PrincipalArn": deployers}},
            ),
            policy.statement(
                f"Read{account_id}",
                ["kms:Decrypt"],
                own,
                principal=principal,
                conditions={"StringEquals": through, "ArnLike": {"aws:PrincipalArn": devices}},
            ),
        ]
    return policy.document(statements)
