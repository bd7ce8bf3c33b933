"""The AWS accounts of a sandbox, and the two identities that exist before anything is deployed.

An administrator (IAM user with ``AdministratorAccess``) in the tooling account, and in every other account the role
``OrganizationAccountAccessRole`` that AWS Organizations makes, which trusts the tooling account.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

TOOLING = "tooling"
DEFAULTS = {TOOLING: "111111111111", "staging": "222222222222", "prod": "333333333333"}
DEFAULT_REGION = "eu-west-1"
ADMINISTRATOR = "administrator"
ORGANIZATION_ROLE = "OrganizationAccountAccessRole"
ADMINISTRATOR_POLICY = "arn:aws:iam::aws:policy/AdministratorAccess"


@dataclass(frozen=True)
class Accounts:
    """Account ids by name (tooling, staging, prod, ...) and the Region of the organisation."""

    ids: Mapping[str, str]
    region: str = DEFAULT_REGION

    @classmethod
    def default(cls) -> Accounts:
        """The three accounts of the sample organisation."""
        return cls(ids=DEFAULTS)

    def to_json(self) -> str:
        """The form in which a control process hands them to its server process."""
        return json.dumps({"ids": dict(self.ids), "region": self.region})

    @classmethod
    def from_json(cls, text: str) -> Accounts:
        """The inverse of ``to_json``."""
        value = json.loads(text)
        return cls(ids=value["ids"], region=value["region"])


def seed(accounts: Accounts) -> dict[str, str]:
    """Make the administrator and the organisation's roles in moto; return the administrator's new access key."""
    from moto.iam.models import iam_backends  # noqa: PLC0415 -- the control process has no need of moto

    tooling = accounts.ids[TOOLING]
    for account in sorted(set(accounts.ids.values()) - {tooling}):
        backend = iam_backends[account]["aws"]
        backend.create_role(
            role_name=ORGANIZATION_ROLE,
            assume_role_policy_document=json.dumps(_trust(tooling)),
            path="/",
            permissions_boundary=None,
            description="Access for administrators of the management account",
            tags=[],
            max_session_duration="3600",
        )
        backend.attach_role_policy(ADMINISTRATOR_POLICY, ORGANIZATION_ROLE)
    backend = iam_backends[tooling]["aws"]
    backend.create_user(region_name=accounts.region, user_name=ADMINISTRATOR)
    backend.attach_user_policy(ADMINISTRATOR_POLICY, ADMINISTRATOR)
    key = backend.create_access_key(ADMINISTRATOR)
    return {"accessKeyId": key.access_key_id, "secretAccessKey": key.secret_access_key}


def _trust(account: str) -> dict[str, Any]:
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:root"}, "Action": "sts:AssumeRole"}
        ],
    }
