"""Permissions that IAM's operations need."""

from __future__ import annotations

from edgewright.sandbox.authorization.needs import Asked, Need

_TYPES = (
    ("InstanceProfileName", "instance-profile"),  # first: a call that names a role too is about the profile
    ("RoleName", "role"),
    ("UserName", "user"),
    ("GroupName", "group"),
)
_LISTS = frozenset({"ListRoles", "ListUsers", "ListGroups", "ListPolicies", "ListInstanceProfiles"})


def needs(asked: Asked) -> list[Need]:
    """What an IAM request needs: the action on the role, user, group or policy that it names."""
    given, action = asked.parameters, f"iam:{asked.operation}"
    if asked.operation in _LISTS:
        return [Need(action)]
    context = {"iam:PolicyARN": given["PolicyArn"]} if "PolicyArn" in given else {}
    boundary = given.get("PermissionsBoundary") or _boundary(asked)
    if boundary:
        context["iam:PermissionsBoundary"] = boundary
    for parameter, kind in _TYPES:
        if parameter in given:
            arn = _arn(asked, kind, given[parameter])
            found = [Need(action, arn, context)]
            if asked.operation == "CreateRole" and any(name.startswith("Tags.") for name in given):
                found.append(Need("iam:TagRole", arn))
            if asked.operation == "AddRoleToInstanceProfile":
                passed = {"iam:PassedToService": "ec2.amazonaws.com"}
                found.append(Need("iam:PassRole", _arn(asked, "role", given["RoleName"]), passed))
            return found
    if "PolicyArn" in given:
        return [Need(action, given["PolicyArn"])]
    if "PolicyName" in given:
        path = given.get("Path", "/")
        return [Need(action, f"arn:aws:iam::{asked.account}:policy{path}{given['PolicyName']}")]
    if "OpenIDConnectProviderArn" in given:
        return [Need(action, given["OpenIDConnectProviderArn"])]
    if "Url" in given:
        host = given["Url"].partition("://")[2]
        return [Need(action, f"arn:aws:iam::{asked.account}:oidc-provider/{host}")]
    return [Need(action)]


def _boundary(asked: Asked) -> str | None:
    """The boundary that the role or user has already: what iam:PermissionsBoundary is where the request sets none."""
    from moto.iam.models import iam_backends  # noqa: PLC0415 -- moto loads a service when it is used

    backend, given = iam_backends[asked.account]["aws"], asked.parameters
    holders = [each for each in backend.roles.values() if each.name == given.get("RoleName")]
    holders += [each for each in backend.users.values() if each.name == given.get("UserName")]
    return getattr(holders[0], "permissions_boundary_arn", None) if holders else None


def _arn(asked: Asked, kind: str, name: str) -> str:
    if kind == "role":
        from moto.iam.models import iam_backends  # noqa: PLC0415 -- moto loads a service when it is used

        present = next((r for r in iam_backends[asked.account]["aws"].roles.values() if r.name == name), None)
        if present is not None:
            return str(present.arn)
    return f"arn:aws:iam::{asked.account}:{kind}{asked.parameters.get('Path', '/')}{name}"
