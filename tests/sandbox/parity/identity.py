"""STS and IAM, as far as cross-account access stands on them."""

from __future__ import annotations

from typing import Any

from tests.sandbox.parity.case import Case

# fmt: off

CASES: list[Case] = []
ROLE = "arn:aws:iam::@account:role/iot"


def assume(name: str, code: str, status: int, message: str, **given: Any) -> None:
    request = {"RoleArn": ROLE, "RoleSessionName": "parity", **given}
    CASES.append(Case("sts", "AssumeRole", request, name, code, status, message))


CASES.append(Case("sts", "GetCallerIdentity", {}, "of a session", holds={"Account": "@account"}))
assume(
    "a role that trusts another",
    "AccessDenied",
    403,
    "User: .* is not authorized to perform: sts:AssumeRole on resource: @role_iot",
)
assume(
    "a role that is not there",
    "AccessDenied",
    403,
    ".*sts:AssumeRole on resource: .*:role/none",
    RoleArn="arn:aws:iam::@account:role/none",
)
assume("a role of no account", "AccessDenied", 403, ".*", RoleArn="arn:aws:iam::999999999999:role/none")
assume("an ARN that is none", "ValidationError", 400, "role is invalid", RoleArn="role")
assume("a short name", "ValidationError", 400, ".*'a' at 'roleSessionName'.*", RoleSessionName="a")
assume("a name with a stroke", "ValidationError", 400, ".*at 'roleSessionName'.*", RoleSessionName="a/b")
assume("too short", "ValidationError", 400, ".*at 'durationSeconds'.*greater than or equal to 900", DurationSeconds=899)
assume("too long", "ValidationError", 400, ".*at 'durationSeconds'.*less than or equal to 43200", DurationSeconds=43201)


def iam(operation: str, name: str, code: str, status: int, message: str, **given: Any) -> None:
    CASES.append(Case("iam", operation, given, name, code, status, message))


iam("GetRole", "none", "NoSuchEntity", 404, ".*none.*", RoleName="none")
iam("CreateRole", "there already", "EntityAlreadyExists", 409, ".*iot.*", RoleName="iot", AssumeRolePolicyDocument="{}")
iam("DeleteRole", "none", "NoSuchEntity", 404, ".*none.*", RoleName="none")
iam("GetRolePolicy", "none", "NoSuchEntity", 404, ".*", RoleName="iot", PolicyName="none")
iam("AttachRolePolicy", "none", "NoSuchEntity", 404, ".*", RoleName="iot", PolicyArn="arn:aws:iam::aws:policy/None")
