"""The checks of policies: what they find, that they find nothing in ours, and what a linter with AWS's data says."""

from __future__ import annotations

import json
import warnings
from typing import Any

import pytest

from edgewright.documents import audit, findings, inventory
from edgewright.documents.audit import Kind
from edgewright.manifest.load import check_project
from tests.helpers import projects
from tests.manifest.cases import BASE, project_of

with warnings.catch_warnings():
    warnings.simplefilter("ignore", ResourceWarning)  # it leaves its data files to the garbage collector
    import parliament

ROLE = "arn:aws:iam::333333333333:role/x"
POLICIES = inventory.policies(projects.full())


def document(**parts: Any) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **parts}]}


def trust(principal: Any, action: str = "sts:AssumeRole", **condition: Any) -> dict[str, Any]:
    return document(Principal=principal, Action=action, **({"Condition": condition} if condition else {}))


BAD: list[tuple[str, dict[str, Any], Kind, str]] = [
    ("whole-service", document(Action="s3:*", Resource="arn:aws:s3:::b/*"), "role", "wildcard"),
    ("pattern-of-actions", document(Action="s3:Get*", Resource="arn:aws:s3:::b/*"), "role", "wildcard"),
    ("not-action", document(NotAction="iam:*", Resource="arn:aws:s3:::b/*"), "role", "wildcard"),
    ("not-resource", document(Action="s3:GetObject", NotResource="arn:aws:s3:::b/*"), "role", "wildcard"),
    ("every-resource", document(Action="s3:GetObject", Resource="*"), "role", "wildcard"),
    ("every-bucket", document(Action="s3:GetObject", Resource="arn:aws:s3:::*/*"), "role", "wildcard"),
    (
        "every-secret",
        document(Action="secretsmanager:GetSecretValue", Resource="arn:aws:secretsmanager:eu-west-1:1:secret:*"),
        "role",
        "wildcard",
    ),
    ("pass-to-any-service", document(Action="iam:PassRole", Resource=ROLE), "role", "condition"),
    ("make-any-role", document(Action="iam:CreateRole", Resource=ROLE), "role", "escalation"),
    (
        "a-condition-that-holds-without-the-key",
        document(
            Action="iam:PutRolePolicy",
            Resource=ROLE,
            Condition={"StringEqualsIfExists": {"iam:PermissionsBoundary": "arn:aws:iam::333333333333:policy/b"}},
        ),
        "role",
        "escalation",
    ),
    ("write-a-boundary", document(Action="iam:CreatePolicyVersion", Resource=ROLE), "role", "escalation"),
    ("free-of-the-boundary", document(Action="iam:DeleteRolePermissionsBoundary", Resource=ROLE), "role", "escalation"),
    ("become-many", document(Action="sts:AssumeRole", Resource="arn:aws:iam::3:role/e-*"), "managed", "escalation"),
    ("anybody", trust("*"), "trust", "public"),
    ("anybody-of-aws", trust({"AWS": "*"}), "trust", "public"),
    ("an-account", trust({"AWS": "arn:aws:iam::111111111111:root"}), "trust", "condition"),
    ("a-service-for-anybody", trust({"Service": "iot.amazonaws.com"}), "trust", "condition"),
    (
        "every-token",
        trust(
            {"Federated": "arn:aws:iam::1:oidc-provider/gitlab.com"},
            "sts:AssumeRoleWithWebIdentity",
            StringEquals={"gitlab.com:aud": "x"},
        ),
        "trust",
        "condition",
    ),
    (
        "every-repository",
        trust(
            {"Federated": "arn:aws:iam::1:oidc-provider/gitlab.com"},
            "sts:AssumeRoleWithWebIdentity",
            StringLike={"gitlab.com:aud": "x", "gitlab.com:sub": "project_path:*"},
        ),
        "trust",
        "condition",
    ),
    (
        "open-bucket",
        document(Principal="*", Action="s3:GetObject", Resource="arn:aws:s3:::b/*"),
        "bucket",
        "public",
    ),
    (
        "bucket-without-tls",
        document(Principal={"AWS": ROLE}, Action="s3:GetObject", Resource="arn:aws:s3:::b/*"),
        "bucket",
        "condition",
    ),
]


@pytest.mark.parametrize(("bad", "kind", "rule"), [case[1:] for case in BAD], ids=[case[0] for case in BAD])
def test_what_is_wrong_is_found_with_its_statement_and_a_remedy(bad: dict[str, Any], kind: Kind, rule: str) -> None:
    found = audit.findings(bad, kind)
    assert rule in {each.rule for each in found}
    assert all(each.sid in {"1", "-"} and each.remedy for each in found)


def test_a_denial_is_never_too_wide() -> None:
    refusal = {"Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}
    assert audit.findings(refusal, "role") == []


@pytest.mark.parametrize("policy", POLICIES, ids=lambda each: each.title.replace(" ", "-"))
def test_nothing_is_found_in_what_the_program_renders(policy: inventory.Policy) -> None:
    assert audit.findings(policy.document, findings.kind_of(policy)) == []


def test_actions_that_may_stand_on_every_resource_are_used_there() -> None:
    """An entry of the table that nothing of ours uses is there for manifests alone, and those are few."""
    used = {
        action
        for policy in POLICIES
        for statement in policy.document["Statement"]
        if statement["Effect"] == "Allow" and "*" in statement.get("Resource", ())
        for action in statement["Action"]
    }
    for_manifests = {
        "cloudwatch:GetMetricStatistics",
        "ecr:GetAuthorizationToken",
        "iot:ListPrincipalPolicies",
        "iot:RegisterCertificateWithoutCA",
        "iot:RegisterThing",
        "sts:GetCallerIdentity",
        "xray:PutTelemetryRecords",
        "xray:PutTraceSegments",
    }
    assert set(audit.WITHOUT_RESOURCES) - used <= for_manifests


# --- the linter ------------------------------------------------------------------------------------------------

ALLOWED = {
    # The bucket is the fleet's own, in its stage, and whoever deploys writes its policy: that is the job.
    "RESOURCE_POLICY_PRIVILEGE_ESCALATION",
    # A deploy role manages permissions. What keeps it from more is the boundary, which the linter does not weigh.
    "PERMISSIONS_MANAGEMENT_ACTIONS",
    "PRIVILEGE_ESCALATION",
    # Reads of S3 objects, secrets and images are what device roles are for.
    "CREDENTIALS_EXPOSURE",
    "SENSITIVE_ACCESS",
}
"""Findings that are what a role is for; every other one fails."""
USABLE = {
    # AWS's own examples compare iam:PermissionsBoundary as a string, and it is exact.
    "MISMATCHED_TYPE_BUT_USABLE",
}
NOT_KNOWN = {
    "Unknown condition iam:PermissionsBoundary for action iam:UpdateAssumeRolePolicy": "younger than the linter's data",
    "Unknown condition kms:ResourceAliases for action kms:Decrypt": "a key of the resource, in the guide of AWS KMS",
    "Unknown condition kms:ResourceAliases for action kms:GenerateDataKey": "a key of the resource, as above",
}


def misread(detail: Any) -> bool:
    """Resources of one call of EC2 are in two statements; a policy variable and an ARN without account are not read."""
    return isinstance(detail, list) and all(
        isinstance(each, dict) and each["action"].startswith(("ec2:", "s3:PutObject", "ssm:")) for each in detail
    )


@pytest.mark.parametrize(
    "policy",
    [each for each in POLICIES if findings.kind_of(each) in {"role", "managed", "boundary"}],
    ids=lambda each: each.title.replace(" ", "-"),
)
def test_a_linter_with_the_data_of_aws_finds_no_unknown_action_resource_or_condition(policy: inventory.Policy) -> None:
    """An action on a resource that it does not know is a statement without effect: a permission that is missing."""
    checked = parliament.analyze_policy_string(
        json.dumps(policy.document), include_community_auditors=True, ignore_private_auditors=True
    )
    left = [
        (each.issue, each.detail)
        for each in checked.findings
        if each.issue not in ALLOWED | USABLE
        and str(each.detail) not in NOT_KNOWN
        and not misread(each.detail)
        and not (findings.kind_of(policy) == "boundary" and each.issue == "RESOURCE_STAR")
    ]
    assert left == []


# --- in validate -----------------------------------------------------------------------------------------------


def test_a_finding_has_the_line_of_the_manifest_that_it_comes_from(tmp_path: Any) -> None:
    root = project_of(BASE, tmp_path / "project")
    organisation = root / "edgewright.yaml"
    text = organisation.read_text(encoding="utf-8")
    organisation.write_text(text.replace("trust: {externalId: acme-edge}\n", ""), encoding="utf-8")
    fleet = root / "fleets/line/fleet.yaml"
    text = fleet.read_text(encoding="utf-8")
    wide = '    - {actions: ["s3:GetObject"], resources: ["arn:aws:s3:::*/*"]}'
    first = '    - actions: ["cloudwatch:PutMetricData"]'
    fleet.write_text(text.replace(first, f"{wide}\n{first}"), encoding="utf-8")
    checked = check_project(root)
    assert checked.project is not None
    told = [str(problem) for problem in findings.problems(checked.project, checked.context)]
    assert [line for line in told if "fleet.yaml" in line] == [
        "fleets/line/fleet.yaml:11:7: identity.permissions[0]: makes statement Fleet1 of role "
        f"edgewright-line-{stage}-device, permissions, which allows s3:GetObject on arn:aws:s3:::*/*, which is "
        "everything of that service; name the bucket, secret or key"
        for stage in ("prod", "staging")
    ]
    trusts = [line for line in told if line.startswith("edgewright.yaml")]
    assert [("warning" in line, "deploy" in line) for line in trusts] == [
        (True, True),
        (True, False),
        (False, True),
        (False, False),
    ], "an account alone is trusted: a warning for staging, an error for production"
    assert all("trusts whatever account 111111111111 lets in" in line for line in trusts)
