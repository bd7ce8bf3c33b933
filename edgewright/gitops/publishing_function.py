"""The Lambda function that a component version is made from, for as long as it takes to make the version.

Greengrass copies the code, so the function goes again and is in nobody's way: a stack that pins the version makes its
own. One that is there already is a stack's; it is used and left alone.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from edgewright.aws.errors import AwsError
from edgewright.aws.session import Session
from edgewright.catalog.component import CatalogVersion
from edgewright.documents import boundary, naming, provisioning
from edgewright.documents.place import StagePlace
from edgewright.errors import EdgewrightError

_ASSUMABLE = 60.0
"""Seconds after which a new role is known to Lambda, or never will be; AWS names no number."""
_LOOK = 2.0
"""Seconds between two tries."""


def arn_of(place: StagePlace, version: CatalogVersion) -> str:
    """Return the ARN of the function's first version."""
    name = naming.lambda_function(place.stage, version.name, version.version)
    return f"arn:aws:lambda:{place.region}:{place.account_id}:function:{name}:1"


def refuse_without_rights(place: StagePlace, version: CatalogVersion, session: Session) -> None:
    """Refuse what could not be published, before a draft is locked for it.

    Raises:
        AwsError: AWS said no.
        EdgewrightError: the caller may not make functions.
    """
    _listed(session, naming.lambda_function(place.stage, version.name, version.version))


@contextmanager
def function_for(
    place: StagePlace, version: CatalogVersion, session: Session, *, sleep: Callable[[float], None] = time.sleep
) -> Iterator[str]:
    """Give the ARN of a published version of the function, and take away afterwards what was not there before.

    Args:
        place: The stage.
        version: A version that is made from a Lambda function.
        session: Of the stage's deploy role.
        sleep: Waits for seconds; a test's own, perhaps.

    Raises:
        AwsError: AWS said no.
        EdgewrightError: the caller may not make functions.
    """
    name = naming.lambda_function(place.stage, version.name, version.version)
    listed = _listed(session, name)
    numbers = [int(each["Version"]) for each in (listed or {}).get("Versions", []) if each["Version"].isdecimal()]
    if numbers:
        yield f"{arn_of(place, version).rpartition(':')[0]}:{max(numbers)}"
        return
    role = naming.lambda_role(place.stage)
    own_role = _there(session, "iam", "get_role", doing=f"look for {role}", RoleName=role) is None
    if own_role:
        session.call(
            "iam",
            "create_role",
            doing=f"create {role}",
            RoleName=role,
            AssumeRolePolicyDocument=json.dumps(provisioning.service_trust("lambda.amazonaws.com")),
            PermissionsBoundary=boundary.arn(place, boundary.DEVICES),
        )
    try:
        number = _create(session, name, naming.role_arn(place.account_id, role), version, sleep)
        try:
            yield f"{arn_of(place, version).rpartition(':')[0]}:{number}"
        finally:
            session.call("lambda", "delete_function", doing=f"delete {name}", FunctionName=name)
    finally:
        if own_role:
            session.call("iam", "delete_role", doing=f"delete {role}", RoleName=role)


def _listed(session: Session, name: str) -> dict[str, Any] | None:
    return _there(session, "lambda", "list_versions_by_function", doing=f"look for {name}", FunctionName=name)


def _create(session: Session, name: str, role_arn: str, version: CatalogVersion, sleep: Callable[[float], None]) -> str:
    component = version.function
    assert component is not None  # noqa: S101 -- whoever calls has looked
    (code,) = version.artifacts
    left = _ASSUMABLE
    while True:
        try:
            made = session.call(
                "lambda",
                "create_function",
                doing=f"create {name}",
                FunctionName=name,
                Description=f"{version.name} {version.version}, while its component is made",
                Role=role_arn,
                Runtime=component.runtime,
                Handler=component.handler,
                Code={"ZipFile": code.path.read_bytes()},
                Publish=True,
            )
        except AwsError as error:
            if "cannot be assumed" not in error.reason or left <= 0:  # a new role takes a while to be known
                raise
            sleep(_LOOK)
            left -= _LOOK
        else:
            break
    session.client("lambda").get_waiter("function_active_v2").wait(FunctionName=name)
    return str(made["Version"])


def _there(session: Session, service: str, operation: str, *, doing: str, **arguments: str) -> dict[str, Any] | None:
    """Return what AWS says of something; None when it is not there."""
    try:
        return session.call(service, operation, doing=doing, **arguments)
    except AwsError as error:
        if error.missing:
            return None
        if error.family == "AccessDenied":
            msg = f"{error}; a deploy role may make Lambda functions once the catalog has one: pulumi up of tooling"
            raise EdgewrightError(msg) from error
        raise
