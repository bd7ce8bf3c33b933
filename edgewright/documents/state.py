"""Pulumi's state in the tooling account: where each stack's objects are, and who may read and write them.

The layout is that of Pulumi's backend for object stores (``pkg/backend/diy``): ``.pulumi/stacks/PROJECT/STACK.json``
with a backup and the stack's tags beside it, the history and the backups below a folder of the stack, and one object
for each lock. A preview writes nothing. Who changes one stage writes the stacks of this stage; whoever could write
another stage's state could make its next update delete what it likes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from edgewright.documents import naming, policy
from edgewright.documents.key_policy import ADMINISTER

_ROOT = ".pulumi"
_ORGANISATION = "organization"
"""What the backend calls the one organisation that it has, in the names of locks."""


def url(organisation: str, tooling_id: str, region: str) -> str:
    """Return the address for ``pulumi login`` and ``PULUMI_BACKEND_URL``."""
    return f"s3://{naming.state_bucket(organisation, tooling_id, region)}?region={region}"


def secrets_provider(region: str) -> str:
    """Return the provider of the stacks' secrets, for ``pulumi stack init --secrets-provider``."""
    return f"awskms://{naming.STATE_KEY_ALIAS}?region={region}"


def reader(organisation: str, tooling_id: str, region: str) -> list[dict[str, Any]]:
    """Return what a preview needs: every stack's state, and to decrypt the secrets in it."""
    arn = _bucket(organisation, tooling_id, region)
    return [
        _list(arn),
        policy.statement(
            "StateRead", ["s3:GetObject"], [f"{arn}/{_ROOT}/meta.yaml", f"{arn}/{_ROOT}/stacks/{naming.PROJECT}/*"]
        ),
        _key(tooling_id, region, ["kms:Decrypt"]),
    ]


def writer(organisation: str, tooling_id: str, region: str, stacks: Sequence[str]) -> list[dict[str, Any]]:
    """Return what an update of some stacks needs: their state, history, backups and locks, and the key.

    Args:
        organisation: Its name.
        tooling_id: The account of the bucket.
        region: Its Region.
        stacks: The names of the stacks.
    """
    arn = _bucket(organisation, tooling_id, region)
    objects = [
        f"{arn}/{_ROOT}/{place}"
        for stack in sorted(stacks)
        for place in (
            f"stacks/{naming.PROJECT}/{stack}.*",
            f"history/{naming.PROJECT}/{stack}/*",
            f"backups/{naming.PROJECT}/{stack}/*",
            f"locks/{_ORGANISATION}/{naming.PROJECT}/{stack}/*",
        )
    ]
    return [
        _list(arn),
        policy.statement("StateVersion", ["s3:GetObject"], [f"{arn}/{_ROOT}/meta.yaml"]),
        policy.statement("State", ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"], objects),
        # The data key of a stack is encrypted when the stack is made, by an administrator, and never again.
        _key(tooling_id, region, ["kms:Decrypt"]),
    ]


def key(tooling_id: str) -> dict[str, Any]:
    """Return the policy of the key: the account's administrators keep it, and its roles use it as theirs allow."""
    root = policy.root(tooling_id)
    return policy.document(
        [
            policy.statement("Administer", ADMINISTER, ["*"], principal=root),
            # In a key's policy, * is the key itself. Who may use it is said in the roles' own policies.
            policy.statement("Use", ["kms:Decrypt", "kms:Encrypt"], ["*"], principal=root),
        ]
    )


def _bucket(organisation: str, tooling_id: str, region: str) -> str:
    return f"arn:aws:s3:::{naming.state_bucket(organisation, tooling_id, region)}"


def _list(arn: str) -> dict[str, Any]:
    return policy.statement("StateList", ["s3:ListBucket"], [arn])


def _key(tooling_id: str, region: str, actions: list[str]) -> dict[str, Any]:
    # The number of a key is nobody's choice, so it is known by its alias.
    return policy.statement(
        "StateKey",
        actions,
        [f"arn:aws:kms:{region}:{tooling_id}:key/*"],
        conditions={"ForAnyValue:StringEquals": {"kms:ResourceAliases": naming.STATE_KEY_ALIAS}},
    )
