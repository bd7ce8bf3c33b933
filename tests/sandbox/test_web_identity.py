"""A pipeline's token becomes credentials of a role, or is refused as AWS refuses it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config

from edgewright.sandbox.control import Sandbox
from tests.sandbox.errors import refused

TOOLING = "111111111111"
GITHUB = "token.actions.githubusercontent.com"
PROVIDER = f"arn:aws:iam::{TOOLING}:oidc-provider/{GITHUB}"
ROLE = f"arn:aws:iam::{TOOLING}:role/deploy"
CLAIMS = {
    "sub": "repo:acme/fleets:environment:prod",
    "aud": "sts.amazonaws.com",
    "ref": "refs/heads/main",
    "repository_id": "42",
    "run_id": "7",
}


@pytest.fixture
def forge(sandbox: Sandbox) -> Sandbox:
    iam = sandbox.client("iam")
    iam.create_open_id_connect_provider(Url=f"https://{GITHUB}", ClientIDList=["sts.amazonaws.com"])
    _role(sandbox, "deploy", {"sub": ["repo:acme/fleets:environment:prod"], "ref": ["refs/heads/main"]})
    return sandbox


def _role(sandbox: Sandbox, name: str, claims: Mapping[str, Any], provider: str = PROVIDER) -> None:
    statement = {
        "Effect": "Allow",
        "Principal": {"Federated": provider},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": {f"{GITHUB}:{claim}": value for claim, value in claims.items()}},
    }
    trust = {"Version": "2012-10-17", "Statement": [statement]}
    sandbox.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))


def sts(sandbox: Sandbox) -> Any:
    config = Config(signature_version=UNSIGNED)
    return boto3.client("sts", region_name="eu-west-1", endpoint_url=sandbox.endpoint, config=config)


def no(sandbox: Sandbox, code: str, message: str, *, token: str, role: str = ROLE) -> None:
    refused(
        sts(sandbox).assume_role_with_web_identity,
        code,
        403 if code == "AccessDenied" else 400,
        message,
        RoleArn=role,
        RoleSessionName="run-7",
        WebIdentityToken=token,
    )


def test_a_token_of_the_protected_environment_becomes_the_role(forge: Sandbox) -> None:
    token = forge.identity_token(GITHUB, CLAIMS)
    answer = sts(forge).assume_role_with_web_identity(RoleArn=ROLE, RoleSessionName="run-7", WebIdentityToken=token)
    assert answer["Provider"] == PROVIDER
    assert answer["SubjectFromWebIdentityToken"] == CLAIMS["sub"]
    assert answer["Audience"] == "sts.amazonaws.com"
    given = answer["Credentials"]
    session = boto3.session.Session(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"], "eu-west-1")
    me = session.client("sts", endpoint_url=forge.endpoint).get_caller_identity()
    assert me["Arn"] == f"arn:aws:sts::{TOOLING}:assumed-role/deploy/run-7" == answer["AssumedRoleUser"]["Arn"]


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"sub": "repo:acme/fleets:environment:staging"}, id="another environment"),
        pytest.param({"sub": "repo:acme/fleets:pull_request"}, id="a request"),
        pytest.param({"sub": "repo:evil/fleets:environment:prod"}, id="another repository"),
        pytest.param({"ref": "refs/heads/feature"}, id="another branch"),
        pytest.param({"ref": None}, id="no branch"),
    ],
)
def test_a_token_of_anything_else_does_not(forge: Sandbox, changed: dict[str, str | None]) -> None:
    claims = {key: value for key, value in {**CLAIMS, **changed}.items() if value is not None}
    token = forge.identity_token(GITHUB, claims)
    no(forge, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity", token=token)


def test_a_role_that_is_not_there_or_trusts_somebody_else_is_refused_alike(forge: Sandbox) -> None:
    token = forge.identity_token(GITHUB, CLAIMS)
    _role(forge, "other", {"sub": CLAIMS["sub"]}, PROVIDER.replace(TOOLING, "222222222222"))
    for name in ("absent", "other"):
        arn = f"arn:aws:iam::{TOOLING}:role/{name}"
        no(forge, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity", token=token, role=arn)


def test_a_claim_that_is_no_condition_key_is_never_there(forge: Sandbox) -> None:
    _role(forge, "by-run", {"run_id": "7"})
    token = forge.identity_token(GITHUB, CLAIMS)
    arn = f"arn:aws:iam::{TOOLING}:role/by-run"
    no(forge, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity", token=token, role=arn)


def test_a_token_is_judged_before_the_role(forge: Sandbox) -> None:
    for_somebody_else = forge.identity_token(GITHUB, {**CLAIMS, "aud": "https://example.test"})
    no(forge, "InvalidIdentityToken", "Incorrect token audience", token=for_somebody_else)
    over = forge.identity_token(GITHUB, CLAIMS, lifetime=-60)
    no(forge, "ExpiredTokenException", "Token expired: current date/time .* must be before .*", token=over)
    unknown = forge.identity_token("gitlab.example.test", CLAIMS)
    told = "No OpenIDConnect provider found in your account for https://gitlab.*"
    no(forge, "InvalidIdentityToken", told, token=unknown)
    good = forge.identity_token(GITHUB, CLAIMS)
    head, body, signature = good.split(".")
    forged = ".".join((head, body, signature[::-1]))
    no(forge, "InvalidIdentityToken", "Couldn't retrieve verification key .*", token=forged)
    no(forge, "InvalidIdentityToken", ".* is not a valid JWT.*", token="an access token")
    elsewhere = ROLE.replace(TOOLING, "222222222222")
    no(forge, "InvalidIdentityToken", "No OpenIDConnect provider found .*", token=good, role=elsewhere)
