"""What the roles of devices and of readers of captures may do: permission policies of a fleet in a stage."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from edgewright.documents import policy
from edgewright.documents.place import FleetPlace
from edgewright.errors import EdgewrightError
from edgewright.manifest.model import Access, Statement

_S3_URI = re.compile(r"s3://(?P<bucket>[^/]+)/(?P<key>.+)")


def token_exchange(
    place: FleetPlace,
    *,
    components: Iterable[str],
    external_artifacts: Iterable[str] = (),
    capture: bool,
    permissions: Sequence[Statement] = (),
) -> dict[str, Any]:
    """Return what the fleet's core devices may do with the credentials of their role alias.

    The read of artifacts is narrowed to the components, not to their versions, so that a release that only moves
    versions changes no role.

    Args:
        place: The fleet in its stage.
        components: Names of the private components that any ring of the fleet pins in this stage.
        external_artifacts: ``s3://`` URIs of artifacts that recipes name themselves.
        capture: Whether devices write captures, each below its own thing name.
        permissions: ``identity.permissions`` of the fleet.

    Raises:
        EdgewrightError: an artifact URI that is not ``s3://<bucket>/<key>``, or a permission without named actions.
    """
    logs = f"arn:aws:logs:{place.region}:{place.account_id}:log-group:/aws/greengrass/*"
    statements = [
        # The log manager names its streams after the date and the thing with ":" replaced, so no variable fits.
        policy.statement(
            "WriteLogs",
            ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
            [logs],
        )
    ]
    prefixes = [f"arn:aws:s3:::{place.artifact_bucket}/components/{name}/*" for name in components]
    external = [_s3_location(uri) for uri in external_artifacts]
    objects = prefixes + [f"arn:aws:s3:::{bucket}/{key}" for bucket, key in external]
    if objects:
        buckets = [bucket for bucket, _ in external] + ([place.artifact_bucket] if prefixes else [])
        statements += [
            policy.statement("ReadArtifacts", ["s3:GetObject"], objects),
            policy.statement(
                "LocateArtifacts", ["s3:GetBucketLocation"], [f"arn:aws:s3:::{bucket}" for bucket in buckets]
            ),
        ]
    if capture:
        own_prefix = f"arn:aws:s3:::{place.capture_bucket}/${{credentials-iot:ThingName}}/*"
        statements.append(policy.statement("WriteCaptures", ["s3:PutObject"], [own_prefix]))
    statements += [
        policy.statement(f"Fleet{number}", given.actions, given.resources, conditions=given.conditions)
        for number, given in enumerate(permissions, start=1)
    ]
    return policy.document(statements)


def access(place: FleetPlace, grant: Access) -> dict[str, Any]:
    """Return what a fleet's cross-account role may do in the stage's account.

    Raises:
        EdgewrightError: a resource that is neither ``capture`` nor an ARN.
    """
    resources: list[str] = []
    for resource in grant.resources:
        if resource == "capture":
            resources += [f"arn:aws:s3:::{place.capture_bucket}", f"arn:aws:s3:::{place.capture_bucket}/*"]
        elif resource.startswith("arn:"):
            resources.append(resource)
        else:
            msg = f"access role {grant.role!r} of {place.name!r} names {resource!r}: write capture, or an ARN"
            raise EdgewrightError(msg)
    return policy.document([policy.statement("Access", grant.actions, resources)])


def assume(role_arns: Sequence[str]) -> dict[str, Any]:
    """Return the other half of a cross-account role: the right to assume exactly these roles.

    Raises:
        EdgewrightError: no role at all, or a wildcard in one.
    """
    for arn in role_arns:
        if "*" in arn or "?" in arn:
            msg = f"a grant of sts:AssumeRole names its roles one by one (got {arn!r}): write each ARN"
            raise EdgewrightError(msg)
    return policy.document([policy.statement("AssumeRole", ["sts:AssumeRole"], role_arns)])


def _s3_location(uri: str) -> tuple[str, str]:
    match = _S3_URI.fullmatch(uri)
    if match is None:
        msg = f"an artifact of a recipe must be s3://<bucket>/<key> (got {uri!r}): correct the recipe"
        raise EdgewrightError(msg)
    return match["bucket"], match["key"]
