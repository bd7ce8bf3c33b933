"""The roles of the tooling stack: who gets in by which proof, what people may do, and that nothing leads further."""

from __future__ import annotations

import json
from typing import Any

import pytest

from edgewright.documents import boundary, deploy_policy, naming, pipeline, policy, preview_policy, roots
from edgewright.documents.deploy_policy import Features
from edgewright.manifest.accounts import Forge
from edgewright.sandbox.authorization.policy import Effect, Request, Who, judge, judge_resource
from tests.helpers import places, projects
from tests.helpers.golden import Golden
from tests.helpers.policies import listed, pretty, statements

ALL = Features(
    claim=True, twins=True, images=("/aws/service/ubuntu/ami-id", "/acme/image"), edge_manager=True, functions=True
)
STAGING, PROD = "arn:aws:iam::222222222222:role", "arn:aws:iam::333333333333:role"
GITHUB = Forge.model_validate({"github": {"repository": "acme/edge-fleets", "repositoryId": "4711"}})
GITLAB = Forge.model_validate({"gitlab": {"project": "acme/edge/fleets"}})


def role(name: str) -> roots.Role:
    return next(each for each in roots.roles(projects.full()) if each.name == name)


def may(name: str, action: str, resource: str, **context: str) -> bool:
    """What IAM would say of a role's own policies."""
    wanted = role(name)
    documents = [json.dumps(each) for each in (wanted.permissions, *wanted.additions.values())]
    return judge(documents, Request(action, resource, context)) is Effect.ALLOW


def lets_in(trust: Any, claims: dict[str, str], issuer: str) -> bool:
    """Whether a trust takes a token with these claims."""
    context = {f"{issuer}:{claim}": value for claim, value in claims.items()}
    provider = trust["Statement"][0]["Principal"]["Federated"]
    who = Who(federated=provider)
    request = Request("sts:AssumeRoleWithWebIdentity", "*", context)
    return judge_resource(json.dumps(trust), request, who)[0] is Effect.ALLOW


# --- pipelines -------------------------------------------------------------------------------------------------


def test_the_trusts_of_pipelines(golden: Golden) -> None:
    trusts = {
        "github preview": pipeline.preview_trust(places.TOOLING, GITHUB),
        "github deploy": pipeline.deploy_trust(places.TOOLING, GITHUB, "prod"),
        "gitlab preview": pipeline.preview_trust(places.TOOLING, GITLAB),
        "gitlab deploy": pipeline.deploy_trust(places.TOOLING, GITLAB, "prod"),
    }
    golden("golden/trust-pipelines.json", pretty(trusts))


DEPLOYS = {
    "aud": "sts.amazonaws.com",
    "sub": "repo:acme/edge-fleets:environment:prod",
    "ref": "refs/heads/main",
    "repository_id": "4711",
}


@pytest.mark.parametrize(
    "changed",
    [
        {"sub": "repo:acme/edge-fleets:pull_request"},
        {"sub": "repo:acme/edge-fleets:ref:refs/heads/main"},
        {"sub": "repo:acme/edge-fleets:environment:staging"},
        {"sub": "repo:acme/edge-fleets-x:environment:prod"},
        {"sub": "repo:mallory/edge-fleets:environment:prod"},
        {"ref": "refs/heads/mine"},
        {"ref": "refs/tags/main"},
        {"aud": "https://github.com/acme"},
        {"repository_id": "4712"},
    ],
    ids=lambda changed: "-".join(changed.values()).replace("/", "."),
)
def test_only_the_protected_environment_on_the_protected_branch_deploys(changed: dict[str, str]) -> None:
    trust = pipeline.deploy_trust(places.TOOLING, GITHUB, "prod")
    assert lets_in(trust, DEPLOYS, pipeline.GITHUB_HOST)
    assert not lets_in(trust, {**DEPLOYS, **changed}, pipeline.GITHUB_HOST)


def test_a_token_without_a_claim_is_not_let_in() -> None:
    trust = pipeline.deploy_trust(places.TOOLING, GITHUB, "prod")
    for claim in DEPLOYS:
        assert not lets_in(trust, {key: value for key, value in DEPLOYS.items() if key != claim}, pipeline.GITHUB_HOST)


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("repo:acme/edge-fleets:pull_request", True),
        ("repo:acme/edge-fleets:ref:refs/heads/main", True),
        ("repo:acme/edge-fleets:ref:refs/heads/feature", False),
        ("repo:acme/edge-fleets:environment:prod", False),
        ("repo:acme/other:pull_request", False),
    ],
)
def test_requests_and_the_protected_branch_preview(subject: str, *, expected: bool) -> None:
    claims = {"aud": "sts.amazonaws.com", "sub": subject, "repository_id": "4711"}
    assert lets_in(pipeline.preview_trust(places.TOOLING, GITHUB), claims, pipeline.GITHUB_HOST) is expected


def test_gitlab_deploys_from_the_branch_and_with_its_claims_from_the_environment() -> None:
    own = "project_path:acme/edge/fleets:ref_type:branch:ref"
    claims = {"aud": "https://gitlab.com", "sub": f"{own}:main"}
    trust = pipeline.deploy_trust(places.TOOLING, GITLAB, "prod")
    assert lets_in(trust, claims, "gitlab.com")
    for subject in (f"{own}:mine", "project_path:acme/edge/fleets:ref_type:tag:ref:main", f"{own}:main:x"):
        assert not lets_in(trust, {**claims, "sub": subject}, "gitlab.com")
    narrow = Forge.model_validate({"gitlab": {"project": "acme/edge/fleets", "environmentInSubject": True}})
    trust = pipeline.deploy_trust(places.TOOLING, narrow, "prod")
    protected = f"{own}:main:environment:prod:environment_protected"
    assert lets_in(trust, {**claims, "sub": f"{protected}:true"}, "gitlab.com")
    assert not lets_in(trust, {**claims, "sub": f"{protected}:false"}, "gitlab.com")
    assert not lets_in(trust, claims, "gitlab.com")


def test_a_pipeline_may_take_its_own_roles_and_nothing_else() -> None:
    preview, deploy = role(naming.ci_preview_role()), role(naming.ci_deploy_role("prod"))
    assert [listed(each["Resource"]) for each in statements(preview.permissions)] == [
        [f"{STAGING}/edgewright-preview-staging", f"{PROD}/edgewright-preview-prod"]
    ]
    assert [listed(each["Resource"]) for each in statements(deploy.permissions)] == [[f"{PROD}/edgewright-deploy-prod"]]
    assert {
        action for each in (preview, deploy) for part in statements(each.permissions) for action in part["Action"]
    } == {"sts:AssumeRole"}


def test_with_a_forge_a_deploy_role_trusts_the_pipeline_of_its_stage_only() -> None:
    condition = role("edgewright-deploy-prod").trust["Statement"][0]["Condition"]
    assert condition == {
        "StringEquals": {"sts:ExternalId": "acme-edge"},
        "ArnLike": {"aws:PrincipalArn": ["arn:aws:iam::111111111111:role/edgewright-ci-deploy-prod"]},
    }


# --- preview ---------------------------------------------------------------------------------------------------


def test_the_preview_role_reads_what_the_deploy_role_could_change(golden: Golden) -> None:
    document = preview_policy.preview_role(places.stage("staging"), ALL)
    golden("golden/preview-role.json", pretty(document))
    actions = {action for each in statements(document) for action in each["Action"]}
    assert all(action.partition(":")[2].startswith(("Get", "List", "Describe")) for action in actions)
    assert not {"s3:GetObject", "iot:GetThingShadow", "secretsmanager:GetSecretValue"} & actions
    policy.render(document, limit=policy.ROLE_POLICY, of="preview")


# --- no way to more rights -------------------------------------------------------------------------------------


def test_every_role_that_a_deploy_role_makes_has_the_boundary() -> None:
    place = places.stage("staging")
    documents = [deploy_policy.deploy_role(place), *deploy_policy.additions(place, ALL).values()]
    giving = {"iam:CreateRole", "iam:PutRolePolicy", "iam:UpdateAssumeRolePolicy", "iam:PutRolePermissionsBoundary"}
    found = set()
    for statement in (each for document in documents for each in statements(document)):
        hit = giving & set(statement["Action"])
        found |= hit
        if hit:
            wanted = statement["Condition"]["StringEquals"]["iam:PermissionsBoundary"]
            assert wanted.startswith("arn:aws:iam::222222222222:policy/edgewright-boundary-staging-")
    assert found == giving
    actions = {action for document in documents for each in statements(document) for action in each["Action"]}
    assert not {action for action in actions if action.startswith("iam:") and "Boundary" in action} - {
        "iam:PutRolePermissionsBoundary"
    }
    assert not actions & {"iam:CreatePolicyVersion", "iam:AttachRolePolicy", "iam:CreateUser", "sts:AssumeRole"}


@pytest.mark.parametrize(
    ("action", "resource", "allowed"),
    [
        ("s3:GetObject", "arn:aws:s3:::acme-artifacts-111111111111-eu-west-1/components/x", True),
        ("s3:PutObject", "arn:aws:s3:::acme-line-inspection-prod-333333333333/cam-001/x", True),
        ("s3:PutObject", "arn:aws:s3:::acme-artifacts-111111111111-eu-west-1/components/x", False),
        ("sts:AssumeRole", "arn:aws:iam::333333333333:role/edgewright-deploy-prod", False),
        ("iam:PutRolePolicy", "arn:aws:iam::333333333333:role/edgewright-deploy-prod", False),
        ("greengrass:CreateDeployment", "*", False),
        ("kinesis:PutRecord", "arn:aws:kinesis:eu-west-1:333333333333:stream/x", False),
    ],
)
def test_a_device_role_cannot_leave_its_boundary(action: str, resource: str, *, allowed: bool) -> None:
    everything = json.dumps({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}})
    limit = json.dumps(boundary.devices(places.stage("prod")))
    request = Request(action, resource, {})
    both = [judge([each], request) for each in (everything, limit)]
    assert (both == [Effect.ALLOW, Effect.ALLOW]) is allowed


def test_a_boundary_is_widened_by_the_organisation_only() -> None:
    limit = json.dumps(boundary.devices(places.stage("prod"), ["kinesis:PutRecord"]))
    assert judge([limit], Request("kinesis:PutRecord", "*", {})) is Effect.ALLOW


# --- people ----------------------------------------------------------------------------------------------------

THING = "arn:aws:iot:eu-west-1:{}:thing/cam-001"
CERT = "arn:aws:iot:eu-west-1:{}:cert/abc"
DEVICE = "arn:aws:greengrass:eu-west-1:{}:coreDevices:cam-001"
CAPTURES = "arn:aws:s3:::acme-line-inspection-prod-333333333333/cam-001/x"
FUNCTION = "arn:aws:lambda:eu-west-1:111111111111:function:"
LETTERS = "arn:aws:sqs:eu-west-1:111111111111:edgewright-model-events-dead-letters"
MODEL = "arn:aws:sagemaker:eu-west-1:111111111111:model-package/parts/1"
JOB = "arn:aws:sagemaker:eu-west-1:444444444444:training-job/edgewright-parts"
PENDING = {"sagemaker:ModelApprovalStatus": "PendingManualApproval"}
APPROVED = {"sagemaker:ModelApprovalStatus": "Approved"}
P, S = "333333333333", "222222222222"

TABLE = [
    ("operator-prod", "iot:DescribeThing", THING.format(P), {}, True),
    ("operator-prod", "greengrass:GetCoreDevice", DEVICE.format(P), {}, True),
    ("operator-prod", "greengrass:ListDeployments", "*", {}, True),
    ("operator-prod", "greengrass:CreateDeployment", "*", {}, False),
    ("operator-prod", "iot:DeleteThing", THING.format(P), {}, False),
    ("operator-prod", "s3:GetObject", CAPTURES, {}, False),
    ("operator-prod", "iot:DescribeThing", THING.format(S), {}, False),
    ("technician-prod", "iot:UpdateCertificate", CERT.format(P), {}, True),
    ("technician-prod", "greengrass:DeleteCoreDevice", DEVICE.format(P), {}, True),
    ("technician-prod", "greengrass:CreateDeployment", "*", {}, False),
    ("technician-prod", "iam:PassRole", f"{PROD}/edgewright-line-inspection-prod-device", {}, False),
    ("technician-prod", "iot:UpdateCertificate", CERT.format(S), {}, False),
    ("data-scientist", "sagemaker:CreateTrainingJob", JOB, {}, True),
    ("data-scientist", "sagemaker:CreateModelPackage", MODEL, PENDING, True),
    ("data-scientist", "sagemaker:CreateModelPackage", MODEL, APPROVED, False),
    ("data-scientist", "sagemaker:UpdateModelPackage", MODEL, APPROVED, False),
    ("data-scientist", "greengrass:CreateDeployment", "*", {}, False),
    ("data-scientist", "sts:AssumeRole", f"{PROD}/edgewright-deploy-prod", {}, False),
    ("ml-engineer", "sagemaker:UpdateModelPackage", MODEL, APPROVED, True),
    ("ml-engineer", "lambda:InvokeFunction", f"{FUNCTION}edgewright-model-events-backup", {}, True),
    ("ml-engineer", "lambda:InvokeFunction", f"{FUNCTION}edgewright-model-events", {}, False),
    ("ml-engineer", "lambda:UpdateFunctionCode", f"{FUNCTION}edgewright-model-events-backup", {}, False),
    ("ml-engineer", "sqs:ReceiveMessage", LETTERS, {}, True),
    ("ml-engineer", "sqs:DeleteMessage", LETTERS, {}, False),
    ("ml-engineer", "secretsmanager:GetSecretValue", "*", {}, False),
    ("ml-engineer", "greengrass:CreateDeployment", "*", {}, False),
    ("ml-engineer", "sts:AssumeRole", f"{PROD}/edgewright-deploy-prod", {}, False),
    ("ml-engineer", "iam:CreateRole", f"{PROD}/x", {}, False),
]


@pytest.mark.parametrize(
    ("persona", "action", "resource", "context", "allowed"),
    TABLE,
    ids=[f"{row[0]}-{row[1]}-{'may' if row[4] else 'may-not'}-{index}" for index, row in enumerate(TABLE)],
)
def test_a_persona_may_do_its_work_and_no_more(
    persona: str, action: str, resource: str, context: dict[str, str], *, allowed: bool
) -> None:
    assert may(f"edgewright-{persona}", action, resource, **context) is allowed


def test_an_operator_looks_and_changes_nothing() -> None:
    for stage in ("staging", "prod"):
        for statement in statements(role(f"edgewright-operator-{stage}").permissions):
            for action in statement["Action"]:
                assert action.partition(":")[2].startswith(("Get", "List", "Describe", "View")), action
                assert action != "iam:PassRole"


def test_engineers_look_at_staging_and_not_at_production() -> None:
    def who(stage: str) -> list[str]:
        found: list[str] = role(f"edgewright-operator-{stage}").trust["Statement"][0]["Condition"]["ArnLike"][
            "aws:PrincipalArn"
        ]
        return found

    assert who("staging") == ["arn:aws:iam::111111111111:role/engineers", "arn:aws:iam::111111111111:role/operators"]
    assert who("prod") == ["arn:aws:iam::111111111111:role/operators"]


def test_a_persona_that_nobody_is_has_no_role() -> None:
    assert roots.people(projects.sample()) == []
