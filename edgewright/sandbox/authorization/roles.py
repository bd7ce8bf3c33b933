"""Roles that AWS services assume to act for an account: provisioning, packaging, functions, credentials of devices."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edgewright.sandbox.authorization import decide
from edgewright.sandbox.authorization.principals import Principal


def find(arn: str) -> Any:
    """The role of an ARN, in whatever account; None when there is none."""
    from moto.iam.models import iam_backends  # noqa: PLC0415 -- moto loads a service when it is used

    parts = arn.split(":")
    if len(parts) < 6 or not parts[4]:
        return None
    return next((role for role in iam_backends[parts[4]]["aws"].roles.values() if role.arn == arn), None)


def trusts(arn: str, service: str, keys: Mapping[str, str] | None = None) -> bool:
    """Whether the role is there and lets an AWS service assume it."""
    role = find(arn)
    trust = role.assume_role_policy_document if role is not None else None
    return trust is not None and decide.service_may_assume(service, arn, trust, keys or {})


def acting(arn: str, service: str, session: str) -> Principal | None:
    """The principal that a service becomes with a role; None when it may not assume it (any more)."""
    account = arn.split(":")[4] if arn.count(":") >= 5 else ""
    if not trusts(arn, service, {"aws:SourceAccount": account}):
        return None
    role = find(arn)
    name = f"arn:aws:sts::{account}:assumed-role/{role.name}/{session}"
    return Principal(account=account, arn=name, user_id=role.id, secret="", role=role.name, role_arn=arn)
