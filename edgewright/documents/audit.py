"""What is wrong with a policy document, whoever wrote it: too wide, without its condition, a way to more rights.

Pure: a document goes in, findings come out. The tests run it over everything that the program renders, `validate` over
everything that it would render for the manifests at hand. What AWS knows of actions, resources and condition keys is
checked in the tests, by a linter with AWS's data; here are the rules that are this project's own.

Sources: IAM's "Security best practices" and "Confused deputy problem"; the published lists of paths by which IAM
permissions lead to more permissions (all of them need an action of ``ESCALATIONS`` without a boundary, or iam:PassRole
to a role that is not bounded).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["role", "trust", "bucket", "iot", "managed", "boundary", "key"]
"""What a document is for: some rules hold for some kinds only."""

WITHOUT_RESOURCES: Mapping[str, str] = {
    "cloudwatch:GetMetricData": "metrics are of the account",
    "cloudwatch:GetMetricStatistics": "metrics are of the account",
    "cloudwatch:ListMetrics": "the list is of the account",
    "cloudwatch:PutMetricData": "a namespace is no resource; a condition names it",
    "ecr:GetAuthorizationToken": "the token is of the registry as a whole",
    "greengrass:CreateDeployment": "a deployment has no ARN before it is made",
    "greengrass:GetComponentVersionArtifact": "data plane: public components are in AWS's account",
    "greengrass:GetDeploymentConfiguration": "data plane: the device knows no deployment ARN",
    "greengrass:ListComponents": "the list is of the account",
    "greengrass:ListCoreDevices": "the list is of the account",
    "greengrass:ListDeployments": "the list is of the account",
    "greengrass:ListThingGroupsForCoreDevice": "data plane: AWS documents no narrower form",
    "greengrass:ResolveComponentCandidates": "data plane: it asks about all components at once",
    "iot:AttachThingPrincipal": "a certificate's name tells nothing about whose it is",
    "iot:CreateCertificateFromCsr": "the certificate has no ARN before it is made",
    "iot:CreateKeysAndCertificate": "the certificate has no ARN before it is made",
    "iot:DescribeEndpoint": "the endpoint is of the account",
    "iot:GetIndexingConfiguration": "the index is of the account",
    "iot:DetachThingPrincipal": "a certificate's name tells nothing about whose it is",
    "iot:ListAttachedPolicies": "AWS knows no resource for it",
    "iot:ListJobs": "the list is of the account",
    "iot:ListPrincipalPolicies": "AWS knows no resource for it",
    "iot:ListThingGroups": "the list is of the account",
    "iot:ListThingPrincipals": "AWS knows the thing as its resource since 2026 only",
    "iot:ListThingTypes": "the list is of the account",
    "iot:ListThings": "the list is of the account",
    "iot:RegisterCertificateWithoutCA": "the certificate has no ARN before it is made",
    "iot:RegisterThing": "AWS knows no resource for it",
    "iot:UpdateIndexingConfiguration": "the index is of the account",
    "logs:DescribeLogGroups": "the list is of the account",
    "sagemaker:ListModelPackageGroups": "the list is of the account",
    "sagemaker:ListModelPackages": "the list is of the account",
    "sts:GetCallerIdentity": "it needs no permission at all",
    "xray:PutTelemetryRecords": "AWS knows no resource for it",
    "xray:PutTraceSegments": "AWS knows no resource for it",
}
"""Actions that may stand on ``*``, each with the reason. EC2's descriptions have none either; see ``_lists``."""

_EVERYWHERE = ("ec2:Describe", "textract:", "translate:", "polly:SynthesizeSpeech", "rekognition:Detect")

ESCALATIONS = frozenset(
    {
        "iam:AddUserToGroup",
        "iam:AttachGroupPolicy",
        "iam:AttachRolePolicy",
        "iam:AttachUserPolicy",
        "iam:CreateAccessKey",
        "iam:CreateLoginProfile",
        "iam:CreatePolicyVersion",
        "iam:CreateRole",
        "iam:DeleteRolePermissionsBoundary",
        "iam:DeleteUserPermissionsBoundary",
        "iam:PutGroupPolicy",
        "iam:PutRolePermissionsBoundary",
        "iam:PutRolePolicy",
        "iam:PutUserPermissionsBoundary",
        "iam:PutUserPolicy",
        "iam:SetDefaultPolicyVersion",
        "iam:UpdateAssumeRolePolicy",
        "iam:UpdateLoginProfile",
    }
)
"""With each of these alone a principal can give itself, or somebody it controls, more than it has."""
_BOUNDED = frozenset(
    {
        "iam:AttachRolePolicy",
        "iam:CreateRole",
        "iam:PutRolePermissionsBoundary",
        "iam:PutRolePolicy",
        "iam:UpdateAssumeRolePolicy",
    }
)
"""Those that a condition on iam:PermissionsBoundary makes harmless."""
_SOURCE_ACCOUNT = frozenset({"iot.amazonaws.com", "events.amazonaws.com", "sns.amazonaws.com", "s3.amazonaws.com"})
"""Services that act for any account that asks, and send aws:SourceAccount."""
_SECRET = ("secretsmanager:GetSecretValue", "ssm:GetParameter", "ssm:GetParameters", "kms:Decrypt")


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong with one statement."""

    rule: Literal["wildcard", "condition", "escalation", "public"]
    sid: str
    """Name or number of the statement."""
    message: str
    remedy: str
    severity: Literal["error", "warning"] = "error"


def findings(document: Mapping[str, Any], kind: Kind) -> list[Finding]:
    """Return what is wrong with a policy document."""
    found: list[Finding] = []
    for number, statement in enumerate(document["Statement"], start=1):
        sid = str(statement.get("Sid") or number)
        if statement["Effect"] != "Allow":
            continue
        if kind == "trust":
            found += _trust(sid, statement)
            continue
        if kind in {"bucket", "key"}:
            found += _public(sid, statement)
        if kind in {"role", "managed", "iot", "bucket"}:
            found += _wildcards(sid, statement)
        if kind in {"role", "managed"}:
            found += _conditions(sid, statement)
            found += _escalations(sid, statement)
    if kind == "bucket" and not any(_refuses_plain_http(each) for each in document["Statement"]):
        found.append(
            Finding(
                "condition", "-", "lets requests without TLS in", "add the refusal where aws:SecureTransport is false"
            )
        )
    return found


def _wildcards(sid: str, statement: Mapping[str, Any]) -> Iterator[Finding]:
    if "NotAction" in statement or "NotResource" in statement:
        yield Finding(
            "wildcard", sid, "allows everything but what it names", "name what is allowed, in Action and Resource"
        )
    actions, resources = _listed(statement.get("Action")), _listed(statement.get("Resource"))
    for action in actions:
        if "*" in action or "?" in action:
            yield Finding("wildcard", sid, f"allows the actions {action}", "name the actions that are needed")
    if "*" in resources and not statement.get("Condition"):
        needless = [action for action in actions if not _lists(action)]
        if needless:
            message = f"allows {needless[0]} on every resource"
            yield Finding("wildcard", sid, message, "name the resources by their ARNs, or add a condition")
    for resource in resources:
        # A key has no name in its ARN; its alias can be asked for in its place.
        if _all_of_a_service(resource) and "kms:ResourceAliases" not in _keys(statement):
            secret = next((action for action in actions if action in _SECRET), None)
            yield Finding(
                "wildcard",
                sid,
                f"allows {secret or actions[0]} on {resource}, which is everything of that service",
                "name the bucket, secret or key",
            )


def _lists(action: str) -> bool:
    return action in WITHOUT_RESOURCES or action.startswith(_EVERYWHERE)


def _all_of_a_service(resource: str) -> bool:
    if not resource.startswith("arn:"):
        return False
    parts = resource.split(":", 5)
    name = parts[5] if len(parts) == 6 else ""
    if parts[2] == "s3":
        return name.partition("/")[0].strip("*?") == ""
    return (
        parts[2] in {"secretsmanager", "kms", "ssm"}
        and name.rpartition(":" if parts[2] == "secretsmanager" else "/")[2].strip("*?") == ""
    )


def _conditions(sid: str, statement: Mapping[str, Any]) -> Iterator[Finding]:
    actions = _listed(statement.get("Action"))
    keys = _keys(statement)
    if "iam:PassRole" in actions and "iam:PassedToService" not in keys:
        yield Finding(
            "condition",
            sid,
            "passes a role to any service",
            "add the condition iam:PassedToService with the service that needs it",
        )
    if "sts:AssumeRole" in actions:
        for resource in _listed(statement.get("Resource")):
            if "*" in resource or "?" in resource:
                message = f"assumes every role like {resource}"
                yield Finding("escalation", sid, message, "name the roles one by one")


def _escalations(sid: str, statement: Mapping[str, Any]) -> Iterator[Finding]:
    keys = _keys(statement)
    for action in _listed(statement.get("Action")):
        if action not in ESCALATIONS or (action in _BOUNDED and "iam:PermissionsBoundary" in keys):
            continue
        remedy = (
            "add the condition iam:PermissionsBoundary with a boundary that its holder cannot change"
            if action in _BOUNDED
            else "leave it to an administrator"
        )
        yield Finding("escalation", sid, f"gives its holder a way to more rights, by {action}", remedy)
    passed = [each for each in _listed(statement.get("Resource")) if "iam:PassRole" in _listed(statement.get("Action"))]
    for resource in passed:
        if resource.rpartition("/")[2].strip("*?") == "" or resource == "*":
            yield Finding("escalation", sid, f"passes any role, by {resource}", "name the roles that are passed")


def _trust(sid: str, statement: Mapping[str, Any]) -> Iterator[Finding]:
    principal = statement.get("Principal")
    keys = _keys(statement)
    if principal == "*" or (isinstance(principal, Mapping) and "*" in _listed(principal.get("AWS"))):
        yield Finding("public", sid, "lets anybody assume the role", "name the account or the service that may")
        return
    if not isinstance(principal, Mapping):
        return
    accounts = [each for each in _listed(principal.get("AWS")) if each.endswith(":root")]
    if accounts and not {"sts:ExternalId", "aws:PrincipalArn", "aws:PrincipalOrgID"} & keys:
        yield Finding(
            "condition",
            sid,
            f"trusts whatever account {accounts[0].split(':')[4]} lets in",
            "write trust: {externalId: ...} or trust: {principals: [...]}",
            "warning",
        )
    for provider in _listed(principal.get("Federated")):
        issuer = provider.partition("oidc-provider/")[2]
        lacking = [claim for claim in ("aud", "sub") if f"{issuer}:{claim}" not in keys]
        if lacking:
            message = f"trusts every token of {issuer}, because it does not ask for {' and '.join(lacking)}"
            yield Finding("condition", sid, message, "add the conditions on aud and sub")
        for value in _values(statement, f"{issuer}:sub"):
            if value.partition(":")[2].strip("*:") == "":
                yield Finding("condition", sid, f"trusts every subject like {value}", "name the repository")
    services = _SOURCE_ACCOUNT & set(_listed(principal.get("Service")))
    if services and not {"aws:SourceAccount", "aws:SourceArn"} & keys:
        yield Finding(
            "condition",
            sid,
            f"lets {min(services)} act for any account",
            "add the condition aws:SourceAccount with this account",
        )


def _public(sid: str, statement: Mapping[str, Any]) -> Iterator[Finding]:
    principal = statement.get("Principal")
    if principal == "*" or (isinstance(principal, Mapping) and "*" in _listed(principal.get("AWS"))):
        yield Finding("public", sid, "lets anybody in", "name the account, and narrow it by aws:PrincipalArn")


def _refuses_plain_http(statement: Mapping[str, Any]) -> bool:
    asked = statement.get("Condition", {}).get("Bool", {})
    return bool(statement["Effect"] == "Deny" and asked == {"aws:SecureTransport": "false"})


def _keys(statement: Mapping[str, Any]) -> set[str]:
    return {
        key
        for operator, keys in statement.get("Condition", {}).items()
        # these hold where the key is missing, so they ask for nothing
        if not operator.endswith("IfExists") and not operator.startswith("ForAllValues:")
        for key in keys
    }


def _values(statement: Mapping[str, Any], key: str) -> list[str]:
    return [value for keys in statement.get("Condition", {}).values() for value in _listed(keys.get(key))]


def _listed(value: Any) -> Sequence[str]:
    if value is None:
        return []
    return [value] if isinstance(value, str) else list(value)
