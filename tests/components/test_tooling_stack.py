from __future__ import annotations

import json
from typing import Any

import pytest

from edgewright.manifest.accounts import Account
from edgewright.manifest.model import Stage
from tests.helpers import projects
from tests.helpers.engine import Recorded, Recording

TOOLING, STAGING, PROD = "111111111111", "222222222222", "333333333333"


@pytest.fixture(scope="module")
def recording() -> Recording:
    return projects.run(projects.sample(), "tooling")


def account_of(recording: Recording, resource: Recorded) -> str:
    name = resource.provider.split("::")[-2]
    return str(recording.one("pulumi:providers:aws", name).inputs["allowedAccountIds"]).strip('[]"')


def policy_of(resource: Recorded) -> dict[str, Any]:
    result: dict[str, Any] = json.loads(resource.inputs["policy"])
    return result


def test_the_deploy_role_and_its_policy_live_in_the_stages_account(recording: Recording) -> None:
    for stage, account in (("staging", STAGING), ("prod", PROD)):
        role = recording.one("aws:iam/role:Role", f"deploy-{stage}")
        assert role.inputs["name"] == f"edgewright-deploy-{stage}"
        assert account_of(recording, role) == account
        policy = recording.one("aws:iam/rolePolicy:RolePolicy", f"deploy-{stage}")
        assert account_of(recording, policy) == account
        assert policy_of(policy)["Statement"]


def test_the_deploy_role_trusts_the_tooling_account(recording: Recording) -> None:
    trust = json.loads(recording.one("aws:iam/role:Role", "deploy-prod").inputs["assumeRolePolicy"])
    assert trust["Statement"][0]["Principal"] == {"AWS": f"arn:aws:iam::{TOOLING}:root"}


def granted(recording: Recording) -> set[str]:
    policies = [each for each in recording.of("aws:iam/policy:Policy") if each.name.startswith("deploy-")]
    assert all(account_of(recording, each) == TOOLING for each in policies)
    return {arn for each in policies for part in policy_of(each)["Statement"] for arn in part["Resource"]}


def test_the_tooling_account_may_assume_exactly_the_deploy_roles(recording: Recording) -> None:
    assert granted(recording) == {
        f"arn:aws:iam::{STAGING}:role/edgewright-deploy-staging",
        f"arn:aws:iam::{PROD}:role/edgewright-deploy-prod",
    }


def test_a_stage_that_leaves_takes_its_grant_along() -> None:
    project = projects.sample()
    less = project.organisation.model_copy(update={"stages": {"prod": project.organisation.stages["prod"]}})
    changed = projects.run(projects.replaced(project, organisation=less), "tooling")
    assert granted(changed) == {f"arn:aws:iam::{PROD}:role/edgewright-deploy-prod"}


def test_other_accounts_are_entered_by_the_administrators_role() -> None:
    recording = projects.run(projects.sample(), "tooling", admin_role="Admins")
    roles = {each.name: each.inputs.get("assumeRoles") for each in recording.of("pulumi:providers:aws")}
    assert roles[f"aws-{TOOLING}-eu-west-1"] is None
    assert f"arn:aws:iam::{PROD}:role/Admins" in str(roles[f"aws-{PROD}-eu-west-1"])


def test_the_artifact_bucket_is_private_versioned_encrypted_and_keeps_everything(recording: Recording) -> None:
    name = "artifacts-eu-west-1"
    assert recording.one("Bucket", name).inputs["bucket"] == "acme-artifacts-111111111111-eu-west-1"
    assert "forceDestroy" not in recording.one("Bucket", name).inputs
    assert recording.one("BucketVersioning", name).inputs["versioningConfiguration"] == {"status": "Enabled"}
    block = recording.one("BucketPublicAccessBlock", name).inputs
    assert [block[key] for key in ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls")] == [True] * 3
    assert block["restrictPublicBuckets"] is True
    (rule,) = recording.one("BucketServerSideEncryptionConfiguration", name).inputs["rules"]
    assert rule["applyServerSideEncryptionByDefault"] == {"sseAlgorithm": "AES256"}
    assert recording.one("BucketOwnershipControls", name).inputs["rule"] == {"objectOwnership": "BucketOwnerEnforced"}
    uploads, deleted = recording.one("BucketLifecycleConfiguration", name).inputs["rules"]
    assert uploads["abortIncompleteMultipartUpload"] == {"daysAfterInitiation": 7}
    assert deleted["noncurrentVersionExpiration"] == {"noncurrentDays": 400}
    assert not any("expiration" in rule for rule in (uploads, deleted)), "what is current never expires"
    sids = {part["Sid"] for part in policy_of(recording.one("BucketPolicy", name))["Statement"]}
    assert {"TlsOnly", "WriteOnce", f"Read{STAGING}", f"Read{PROD}"} <= sids


def test_each_region_with_a_stage_has_its_artifact_bucket() -> None:
    """Greengrass refuses artifacts of another Region."""
    project = projects.sample()
    stages = {**project.organisation.stages, "prod": Stage(account="prod", region="us-east-1", production=True)}
    organisation = project.organisation.model_copy(update={"stages": stages})
    recording = projects.run(projects.replaced(project, organisation=organisation), "tooling")
    assert {each.inputs["bucket"] for each in recording.of("Bucket")} == {
        "acme-artifacts-111111111111-eu-west-1",
        "acme-artifacts-111111111111-us-east-1",
    }
    bucket = recording.one("Bucket", "artifacts-us-east-1")
    assert bucket.provider.split("::")[-2] == f"aws-{TOOLING}-us-east-1"
    policy = json.dumps(policy_of(recording.one("BucketPolicy", "artifacts-us-east-1")))
    assert PROD in policy
    assert STAGING not in policy


def test_a_stage_may_share_the_tooling_account() -> None:
    project = projects.sample()
    accounts = {**project.organisation.accounts, "staging": Account(id=TOOLING, shares="tooling")}
    organisation = project.organisation.model_copy(update={"accounts": accounts})
    recording = projects.run(projects.replaced(project, organisation=organisation), "tooling")
    role = recording.one("aws:iam/role:Role", "deploy-staging")
    assert account_of(recording, role) == TOOLING
    assert {each.name for each in recording.of("pulumi:providers:aws")} == {
        f"aws-{TOOLING}-eu-west-1",
        f"aws-{PROD}-eu-west-1",
    }


def test_hardening_reaches_the_trust_of_every_deploy_role() -> None:
    project = projects.sample()
    trust = type(project.organisation.trust).model_validate(
        {"principals": (f"arn:aws:iam::{TOOLING}:role/ci-*",), "externalId": "acme-deploys"}
    )
    organisation = project.organisation.model_copy(update={"trust": trust})
    recording = projects.run(projects.replaced(project, organisation=organisation), "tooling")
    for stage in ("staging", "prod"):
        policy = json.loads(recording.one("aws:iam/role:Role", f"deploy-{stage}").inputs["assumeRolePolicy"])
        assert policy["Statement"][0]["Condition"] == {
            "StringEquals": {"sts:ExternalId": "acme-deploys"},
            "ArnLike": {"aws:PrincipalArn": [f"arn:aws:iam::{TOOLING}:role/ci-*"]},
        }


def test_readers_of_captures_get_the_other_half_of_their_role(recording: Recording) -> None:
    grants = [each for each in recording.of("aws:iam/policy:Policy") if "/" in each.name]
    assert {arn for each in grants for part in policy_of(each)["Statement"] for arn in part["Resource"]} == {
        f"arn:aws:iam::{STAGING}:role/edgewright-line-inspection-staging-access-capture-reader",
        f"arn:aws:iam::{PROD}:role/edgewright-line-inspection-prod-access-capture-reader",
    }


def test_the_stack_exports_what_a_pipeline_needs(recording: Recording) -> None:
    assert recording.exports["artifactBuckets"] == {"eu-west-1": "acme-artifacts-111111111111-eu-west-1"}
    assert set(recording.exports["deployRoles"]) == set(recording.exports["deployGrants"]) == {"staging", "prod"}


def test_artifacts_may_have_a_key_of_their_own_that_administrators_do_not_use() -> None:
    recording = projects.run(projects.full(), "tooling")
    key = recording.one("aws:kms/key:Key", "artifacts-eu-west-1")
    assert key.inputs["enableKeyRotation"] is True
    (rule,) = recording.one("BucketServerSideEncryptionConfiguration", "artifacts-eu-west-1").inputs["rules"]
    assert rule["applyServerSideEncryptionByDefault"]["sseAlgorithm"] == "aws:kms"
    document = policy_of(key)
    administer = next(part for part in document["Statement"] if part["Sid"] == "Administer")
    assert not {"kms:Decrypt", "kms:GenerateDataKey", "kms:CreateGrant"} & set(administer["Action"])
    users = [part for part in document["Statement"] if "kms:Decrypt" in part["Action"]]
    assert len(users) == 4
    assert all(part["Condition"]["StringEquals"] == {"kms:ViaService": "s3.eu-west-1.amazonaws.com"} for part in users)
