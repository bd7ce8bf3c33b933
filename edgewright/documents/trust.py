"""Who may assume which role: trust policies."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from edgewright.documents import policy
from edgewright.errors import EdgewrightError
from edgewright.manifest.model import Access

_ACCOUNT_ID = re.compile(r"[0-9]{12}")


def account(
    trusted_id: str,
    *,
    own_id: str,
    shared: bool = False,
    principals: Sequence[str] = (),
    external_id: str | None = None,
) -> dict[str, Any]:
    """Return the trust of a role that principals of another account assume.

    ``:root`` trusts every principal that the other account itself lets in with ``sts:AssumeRole``; hardening narrows
    that. Without hardening the document has an empty condition, as the source document of this design writes it.

    Args:
        trusted_id: Id of the account that is trusted.
        own_id: Id of the account that has the role.
        shared: The two accounts are one on purpose (``shares`` in edgewright.yaml).
        principals: ARN patterns that ``aws:PrincipalArn`` must match; for a session it is the ARN of its role.
        external_id: What ``sts:ExternalId`` must be.

    Raises:
        EdgewrightError: an id is not twelve digits, or the two accounts are one and nobody said so.
    """
    for account_id in (trusted_id, own_id):
        if not _ACCOUNT_ID.fullmatch(account_id):
            msg = f"an AWS account id has twelve digits (got {account_id!r}): correct it in edgewright.yaml"
            raise EdgewrightError(msg)
    if trusted_id == own_id and not shared:
        msg = (
            f"account {own_id} would trust itself, which gives its own principals a second way in: "
            "name two accounts, or say `shares` in edgewright.yaml when one account is meant to play both parts"
        )
        raise EdgewrightError(msg)
    conditions: dict[str, Any] = {}
    if external_id is not None:
        conditions["StringEquals"] = {"sts:ExternalId": external_id}
    if principals:
        conditions["ArnLike"] = {"aws:PrincipalArn": sorted(set(principals))}
    return policy.document(
        [
            {
                "Effect": "Allow",
                "Principal": policy.root(trusted_id),
                "Action": "sts:AssumeRole",
                "Condition": conditions,
            }
        ]
    )


def reader(grant: Access, trusted_id: str, *, own_id: str, shared: bool) -> dict[str, Any]:
    """Return the trust of a fleet's cross-account role.

    Args:
        grant: ``access`` of the fleet.
        trusted_id: Id of the account that it trusts.
        own_id: Id of the stage's account.
        shared: The two accounts are one on purpose.
    """
    return account(trusted_id, own_id=own_id, shared=shared, principals=grant.principals, external_id=grant.external_id)


def token_exchange(*, edge_manager: bool = False) -> dict[str, Any]:
    """Return the trust of the role that core devices get credentials of, through the role alias.

    It has no ``aws:SourceAccount`` or ``aws:SourceArn``: AWS documents these keys for roles of ``iot.amazonaws.com``
    and of Greengrass, not for the credential provider, and a key that the caller does not send would cut off every
    device. Another account cannot use the role, because a role alias takes roles of its own account only.

    Args:
        edge_manager: SageMaker Edge Manager uses the same role, so it must be able to assume it.
    """
    services = ["credentials.iot.amazonaws.com", *(["sagemaker.amazonaws.com"] if edge_manager else [])]
    return policy.document(
        [
            {
                "Effect": "Allow",
                "Principal": {"Service": services if edge_manager else services[0]},
                "Action": "sts:AssumeRole",
            }
        ]
    )
