"""What the roles of devices and of readers of captures may do: permission policies of a fleet in a stage."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from edgewright.catalog.component import CatalogVersion
from edgewright.documents import naming, policy, references
from edgewright.documents.place import FleetPlace
from edgewright.errors import EdgewrightError
from edgewright.manifest.model import Access, Fleet, Ring, Statement

_ECR_IMAGE = re.compile(
    r"docker:(?P<account>[0-9]{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com/(?P<repository>[a-z0-9._/-]+)"
)
_WHOLE_SECRET = re.compile(r".*-[A-Za-z0-9]{6}")
_SECRET_MANAGER = "aws.greengrass.SecretManager"  # noqa: S105 -- the name of a component
_S3_URI = re.compile(r"s3://(?P<bucket>[^/]+)/(?P<key>.+)")


def devices(
    place: FleetPlace, fleet: Fleet, rings: Sequence[Ring], private: Sequence[CatalogVersion], *, kms: bool = False
) -> dict[str, Any]:
    """Return what the role of the fleet's devices may do: all of it follows from the manifests.

    Args:
        place: The fleet in its stage.
        fleet: What is the same in every stage.
        rings: Its rings in this stage.
        private: The private component versions that the rings pin.
        kms: Whether the artifact bucket has a key of its own.
    """
    uris = {artifact.URI for version in private for artifact in version.downloads}
    return token_exchange(
        place,
        components=sorted({version.name for version in private if version.recipe is not None}),
        external_artifacts=sorted(uri for uri in uris if uri.startswith("s3://")),
        images=sorted(uri for uri in uris if uri.startswith("docker:")),
        secrets=_secrets(place, fleet, rings),
        capture=fleet.capture.enabled,
        edge_manager=fleet.edge_manager.enabled,
        kms=kms,
        permissions=fleet.identity.permissions,
    )


def token_exchange(
    place: FleetPlace,
    *,
    components: Iterable[str],
    external_artifacts: Iterable[str] = (),
    images: Iterable[str] = (),
    secrets: Iterable[str] = (),
    capture: bool,
    edge_manager: bool = False,
    kms: bool = False,
    permissions: Sequence[Statement] = (),
) -> dict[str, Any]:
    """Return what the fleet's core devices may do with the credentials of their role alias.

    The read of artifacts is narrowed to the components, not to their versions, so that a release that only moves
    versions changes no role.

    Args:
        place: The fleet in its stage.
        components: Names of the private components that any ring of the fleet pins in this stage.
        external_artifacts: ``s3://`` URIs of artifacts that recipes name themselves.
        images: ``docker:`` URIs of artifacts; those in a private registry of Amazon ECR need credentials.
        secrets: ARNs of secrets that the secret manager component fetches.
        capture: Whether devices write captures, each below its own thing name.
        edge_manager: Whether the agent of SageMaker Edge Manager runs, which has a bucket of its own.
        kms: Whether the artifact bucket has a key of its own.
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
        if kms and prefixes:
            statements.append(_artifact_key(place))
    statements += _images(images)
    named = sorted(set(secrets))
    if named:
        statements.append(policy.statement("ReadSecrets", ["secretsmanager:GetSecretValue"], named))
    if edge_manager:
        statements += _edge_manager(place)
    if capture:
        own_prefix = f"arn:aws:s3:::{place.capture_bucket}/${{credentials-iot:ThingName}}/*"
        statements.append(policy.statement("WriteCaptures", ["s3:PutObject"], [own_prefix]))
    statements += [
        policy.statement(f"Fleet{number}", given.actions, given.resources, conditions=given.conditions)
        for number, given in enumerate(permissions, start=1)
    ]
    return policy.document(statements)


def _artifact_key(place: FleetPlace) -> dict[str, Any]:
    """The right to decrypt artifacts. The key has no name in its ARN, so its alias is a condition."""
    return policy.statement(
        "DecryptArtifacts",
        ["kms:Decrypt"],
        [f"arn:aws:kms:{place.region}:{place.tooling_id}:key/*"],
        conditions={
            "StringEquals": {"kms:ViaService": f"s3.{place.region}.amazonaws.com"},
            "ForAnyValue:StringEquals": {"kms:ResourceAliases": naming.ARTIFACT_KEY_ALIAS},
        },
    )


def _images(uris: Iterable[str]) -> list[dict[str, Any]]:
    found = [match for match in map(_ECR_IMAGE.match, uris) if match is not None]
    if not found:
        return []
    repositories = [f"arn:aws:ecr:{each['region']}:{each['account']}:repository/{each['repository']}" for each in found]
    return [
        policy.statement("PullImages", ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"], repositories),
        # The token is of the registry as a whole.
        policy.statement("ImageRegistry", ["ecr:GetAuthorizationToken"], ["*"]),
    ]


def _secrets(place: FleetPlace, fleet: Fleet, rings: Sequence[Ring]) -> list[str]:
    """Return the ARNs of the secrets that devices fetch; AWS adds six characters to a secret's name."""
    found = []
    for ring in rings:
        manager = ring.components.get(_SECRET_MANAGER)
        known = references.values(place, ring=ring.name, capture=fleet.capture)
        for each in (manager.config.get("cloudSecrets") or []) if manager is not None else []:
            arn = references.resolve(each.get("arn"), known) if isinstance(each, dict) else None
            if isinstance(arn, str) and arn.startswith("arn:"):
                found.append(arn if _WHOLE_SECRET.fullmatch(arn) else f"{arn}-??????")
    return sorted(set(found))


def _edge_manager(place: FleetPlace) -> list[dict[str, Any]]:
    """What AWS's policy for the agent allows, on this fleet's own names and without the right to make role aliases."""
    bucket = naming.edge_manager_bucket(place.organisation, place.name, place.stage, place.account_id)
    fleet = naming.edge_manager_fleet(place.name, place.stage)
    return [
        policy.statement(
            "EdgeManager",
            ["sagemaker:GetDeviceRegistration", "sagemaker:SendHeartbeat"],
            [f"arn:aws:sagemaker:{place.region}:{place.account_id}:device-fleet/{fleet}/device/*"],
        ),
        policy.statement("EdgeManagerCaptures", ["s3:PutObject"], [f"arn:aws:s3:::{bucket}/*"]),
        policy.statement("EdgeManagerBucket", ["s3:GetBucketLocation"], [f"arn:aws:s3:::{bucket}"]),
    ]


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
