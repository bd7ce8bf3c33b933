"""What the buckets themselves allow and refuse, whoever asks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from edgewright.documents import naming, policy
from edgewright.documents.place import FleetPlace, StagePlace


def artifacts(bucket: str, stages: Sequence[StagePlace]) -> dict[str, Any]:
    """Return the policy of an artifact bucket in the tooling account.

    Devices and deploy roles of the workload accounts are let in by ``aws:PrincipalArn`` patterns below their account's
    root: a role as a principal would have to exist before the bucket's policy, and the bucket comes first.

    Args:
        bucket: Its name.
        stages: The stages of the bucket's Region.
    """
    arn = f"arn:aws:s3:::{bucket}"
    objects = f"{arn}/components/*"
    statements = [_tls_only(arn), _write_once(objects)]
    for account_id in sorted({place.account_id for place in stages}):
        here = sorted({place.stage for place in stages if place.account_id == account_id})
        deployers = [naming.role_arn(account_id, naming.deploy_role(stage)) for stage in here]
        devices = [naming.role_arn(account_id, naming.token_exchange_role("*", stage)) for stage in here]
        readers = {"ArnLike": {"aws:PrincipalArn": deployers + devices}}
        writers = {"ArnEquals": {"aws:PrincipalArn": deployers}}
        principal = policy.root(account_id)
        statements += [
            # Greengrass reads an artifact with the rights of whoever creates the component version.
            policy.statement(f"Read{account_id}", ["s3:GetObject"], [objects], principal=principal, conditions=readers),
            policy.statement(
                f"Locate{account_id}", ["s3:GetBucketLocation"], [arn], principal=principal, conditions=readers
            ),
            policy.statement(
                f"Upload{account_id}", ["s3:PutObject"], [objects], principal=principal, conditions=writers
            ),
            policy.statement(f"List{account_id}", ["s3:ListBucket"], [arn], principal=principal, conditions=writers),
        ]
    return policy.document(statements)


def private(bucket: str) -> dict[str, Any]:
    """Return the policy of a bucket that only its own account uses: TLS only."""
    return policy.document([_tls_only(f"arn:aws:s3:::{bucket}")])


def captures(place: FleetPlace) -> dict[str, Any]:
    """Return the policy of a fleet's capture bucket: TLS only.

    The fleet's roles that read captures live in the bucket's own account, where what a role may is enough: a statement
    here that lets them in would be one that nothing needs.
    """
    return policy.document([_tls_only(f"arn:aws:s3:::{place.capture_bucket}")])


def _tls_only(arn: str) -> dict[str, Any]:
    return policy.statement(
        "TlsOnly",
        ["s3:*"],
        [arn, f"{arn}/*"],
        effect="Deny",
        principal="*",
        conditions={"Bool": {"aws:SecureTransport": "false"}},
    )


def _write_once(objects: str) -> dict[str, Any]:
    """Return the refusal of every write that could replace an object, as Amazon S3's guide has it.

    The parts of a multipart upload cannot carry ``If-None-Match``; they create no object, and the request that
    completes the upload can.
    """
    return policy.statement(
        "WriteOnce",
        ["s3:PutObject"],
        [objects],
        effect="Deny",
        principal="*",
        conditions={"Null": {"s3:if-none-match": "true"}, "Bool": {"s3:ObjectCreationOperation": "true"}},
    )
