"""Several accounts in one server: who is who, and who may become whom."""

from __future__ import annotations

import http.client
import json
from typing import Any

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config

from edgewright.sandbox.control import Sandbox
from tests.sandbox.errors import refused

TOOLING, STAGING = "111111111111", "222222222222"
ADMINISTRATOR = f"arn:aws:iam::{TOOLING}:user/administrator"


def principal(value: object, **parts: Any) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Principal": value, "Action": "sts:AssumeRole", **parts}
    return {"Version": "2012-10-17", "Statement": [statement]}


def make_role(sandbox: Sandbox, account: str, name: str, trust: dict[str, Any], **parts: Any) -> str:
    iam = sandbox.client("iam", account)
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust), **parts)["Role"]
    return str(role["Arn"])


def make_user(sandbox: Sandbox, account: str, name: str, *statements: dict[str, Any]) -> boto3.session.Session:
    iam = sandbox.client("iam", account)
    iam.create_user(UserName=name)
    if statements:
        document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
        iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=document)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return boto3.session.Session(key["AccessKeyId"], key["SecretAccessKey"], region_name="eu-west-1")


def sts(sandbox: Sandbox, session: boto3.session.Session | None = None) -> Any:
    if session is None:
        return sandbox.client("sts")
    return session.client("sts", endpoint_url=sandbox.endpoint)


def assume(client: Any, arn: str, **parts: Any) -> Any:
    return client.assume_role(RoleArn=arn, RoleSessionName="ci-run", **parts)


def session_of(answer: Any) -> boto3.session.Session:
    given = answer["Credentials"]
    return boto3.session.Session(
        given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"], region_name="eu-west-1"
    )


def denied(client: Any, arn: str, **parts: Any) -> None:
    caller = client.get_caller_identity()["Arn"]
    message = f"User: {caller} is not authorized to perform: sts:AssumeRole on resource: {arn}"
    refused(
        client.assume_role,
        "AccessDenied",
        403,
        message.replace("+", r"\+"),
        RoleArn=arn,
        RoleSessionName="ci-run",
        **parts,
    )


def test_there_is_an_administrator_and_a_way_into_each_account(sandbox: Sandbox) -> None:
    assert sts(sandbox).get_caller_identity()["Arn"] == ADMINISTRATOR
    for name, account in sandbox.accounts.items():
        found = sandbox.client("sts", name).get_caller_identity()
        assert found["Account"] == account
    arn = sandbox.client("sts", "prod").get_caller_identity()["Arn"]
    assert arn == "arn:aws:sts::333333333333:assumed-role/OrganizationAccountAccessRole/sandbox-control"


def test_an_assumed_role_works_in_its_own_account(sandbox: Sandbox) -> None:
    arn = make_role(sandbox, "staging", "deploy", principal({"AWS": f"arn:aws:iam::{TOOLING}:root"}))
    answer = assume(sts(sandbox), arn)
    session = session_of(answer)
    me = sts(sandbox, session).get_caller_identity()
    assert me["Arn"] == f"arn:aws:sts::{STAGING}:assumed-role/deploy/ci-run" == answer["AssumedRoleUser"]["Arn"]
    assert me["UserId"] == answer["AssumedRoleUser"]["AssumedRoleId"]
    iam = sandbox.client("iam", "staging")
    statement = {"Effect": "Allow", "Action": "s3:CreateBucket", "Resource": "*"}
    iam.put_role_policy(
        RoleName="deploy",
        PolicyName="p",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )
    session.client("s3", endpoint_url=sandbox.endpoint).create_bucket(
        Bucket="made-by-deploy", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    owned = [b["Name"] for b in sandbox.client("s3", "staging").list_buckets()["Buckets"]]
    assert owned == ["made-by-deploy"]
    assert sandbox.client("s3", "tooling").list_buckets()["Buckets"] == []


@pytest.mark.parametrize(
    ("trust", "parts", "allowed"),
    [
        pytest.param(principal({"AWS": f"arn:aws:iam::{TOOLING}:root"}), {}, True, id="the caller's account"),
        pytest.param(principal({"AWS": TOOLING}), {}, True, id="the account by number"),
        pytest.param(principal({"AWS": ADMINISTRATOR}), {}, True, id="the caller"),
        pytest.param(principal({"AWS": "*"}), {}, True, id="everybody"),
        pytest.param(principal({"AWS": f"arn:aws:iam::{STAGING}:root"}), {}, False, id="another account"),
        pytest.param(principal({"Service": "iot.amazonaws.com"}), {}, False, id="a service"),
        pytest.param(
            principal({"AWS": TOOLING}, Condition={"StringEquals": {"sts:ExternalId": "e-1"}}), {}, False, id="no id"
        ),
        pytest.param(
            principal({"AWS": TOOLING}, Condition={"StringEquals": {"sts:ExternalId": "e-1"}}),
            {"ExternalId": "e-2"},
            False,
            id="another external id",
        ),
        pytest.param(
            principal({"AWS": TOOLING}, Condition={"StringEquals": {"sts:ExternalId": "e-1"}}),
            {"ExternalId": "e-1"},
            True,
            id="the external id",
        ),
        pytest.param(
            principal({"AWS": TOOLING}, Condition={"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/admin*"}}),
            {},
            True,
            id="a pattern of principals",
        ),
        pytest.param(
            principal({"AWS": TOOLING}, Condition={"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/*"}}),
            {},
            False,
            id="a pattern that does not fit",
        ),
        pytest.param(
            {
                "Version": "2012-10-17",
                "Statement": [
                    *principal({"AWS": TOOLING})["Statement"],
                    {"Effect": "Deny", "Principal": {"AWS": ADMINISTRATOR}, "Action": "sts:*"},
                ],
            },
            {},
            False,
            id="an explicit deny",
        ),
        pytest.param(principal({"AWS": TOOLING}, Action="sts:TagSession"), {}, False, id="another action"),
    ],
)
def test_the_trust_policy_decides(sandbox: Sandbox, trust: dict[str, Any], parts: dict[str, str], allowed: Any) -> None:
    arn = make_role(sandbox, "staging", "deploy", trust)
    if allowed:
        assume(sts(sandbox), arn, **parts)
    else:
        denied(sts(sandbox), arn, **parts)


def test_a_role_that_is_not_there_is_refused_in_the_same_words(sandbox: Sandbox) -> None:
    denied(sts(sandbox), f"arn:aws:iam::{STAGING}:role/none")


def test_across_accounts_the_callers_own_policy_must_allow_too(sandbox: Sandbox) -> None:
    arn = make_role(sandbox, "staging", "deploy", principal({"AWS": f"arn:aws:iam::{TOOLING}:root"}))
    denied(sts(sandbox, make_user(sandbox, "tooling", "nobody")), arn)
    grant = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": arn}
    assume(sts(sandbox, make_user(sandbox, "tooling", "deployer", grant)), arn)
    other = {**grant, "Resource": arn.replace("deploy", "other")}
    denied(sts(sandbox, make_user(sandbox, "tooling", "elsewhere", other)), arn)
    forbid = {**grant, "Effect": "Deny"}
    denied(sts(sandbox, make_user(sandbox, "tooling", "forbidden", grant, forbid)), arn)


def test_within_an_account_a_trust_that_names_the_caller_is_enough(sandbox: Sandbox) -> None:
    user = make_user(sandbox, "staging", "ann")
    named = make_role(sandbox, "staging", "named", principal({"AWS": f"arn:aws:iam::{STAGING}:user/ann"}))
    by_account = make_role(sandbox, "staging", "by-account", principal({"AWS": STAGING}))
    assume(sts(sandbox, user), named)
    denied(sts(sandbox, user), by_account)


def test_a_session_may_assume_on_and_is_then_limited_to_an_hour(sandbox: Sandbox) -> None:
    first = make_role(sandbox, "staging", "first", principal({"AWS": TOOLING}), MaxSessionDuration=7200)
    second = make_role(sandbox, "prod", "second", principal({"AWS": first}), MaxSessionDuration=7200)
    iam = sandbox.client("iam", "staging")
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": second}
    iam.put_role_policy(
        RoleName="first",
        PolicyName="p",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )
    chained = sts(sandbox, session_of(assume(sts(sandbox), first, DurationSeconds=7200)))
    refused(
        chained.assume_role,
        "ValidationError",
        400,
        ".*1 hour session limit.*",
        RoleArn=second,
        RoleSessionName="ci-run",
        DurationSeconds=3601,
    )
    assume(chained, second)


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"DurationSeconds": 3601}, "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."),
        ({"RoleSessionName": "not valid!"}, ".*at 'roleSessionName' failed to satisfy constraint.*"),
        ({"RoleArn": "arn:aws:iam::222222222222:user/deploy"}, "arn:.* is invalid"),
    ],
)
def test_bad_parameters_of_assume_role_are_refused(sandbox: Sandbox, parts: dict[str, Any], message: str) -> None:
    arn = make_role(sandbox, "staging", "deploy", principal({"AWS": TOOLING}))
    parameters = {"RoleArn": arn, "RoleSessionName": "ci-run", **parts}
    refused(sts(sandbox).assume_role, "ValidationError", 400, message, **parameters)


def test_a_session_policy_can_only_narrow(sandbox: Sandbox) -> None:
    arn = f"arn:aws:iam::{STAGING}:role/OrganizationAccountAccessRole"
    statement = {"Effect": "Allow", "Action": "iot:List*", "Resource": "*"}
    narrow = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iot = session_of(assume(sts(sandbox), arn, Policy=narrow)).client("iot", endpoint_url=sandbox.endpoint)
    assert iot.list_things()["things"] == []
    refused(
        iot.create_thing,
        "AccessDeniedException",
        403,
        ".*because no session policy allows the iot:CreateThing action",
        thingName="x",
    )


@pytest.mark.parametrize(
    ("service", "call", "code"),
    [
        ("sts", "get_caller_identity", "InvalidClientTokenId"),
        ("iam", "list_roles", "InvalidClientTokenId"),
        ("iot", "list_things", "UnrecognizedClientException"),
        ("greengrassv2", "list_deployments", "UnrecognizedClientException"),
        ("s3", "list_buckets", "InvalidAccessKeyId"),
    ],
)
def test_an_unknown_key_is_refused_by_each_service_in_its_own_way(
    sandbox: Sandbox, service: str, call: str, code: str
) -> None:
    session = boto3.session.Session("AKIAIOSFODNN7EXAMPLE", "secret", region_name="eu-west-1")
    client: Any = session.client(service, endpoint_url=sandbox.endpoint)  # type: ignore[call-overload]
    refused(getattr(client, call), code, 403, ".*")


def test_a_key_works_only_with_its_own_token_and_secret(sandbox: Sandbox) -> None:
    key = sandbox.administrator
    made = boto3.session.Session(key["accessKeyId"], key["secretAccessKey"], "invented", region_name="eu-west-1")
    refused(sts(sandbox, made).get_caller_identity, "InvalidClientTokenId", 403, ".*invalid.*")
    wrong = boto3.session.Session(key["accessKeyId"], "wrong", region_name="eu-west-1")
    refused(sts(sandbox, wrong).get_caller_identity, "SignatureDoesNotMatch", 403, ".*does not match.*")


def test_an_inactive_key_is_refused(sandbox: Sandbox) -> None:
    user = make_user(sandbox, "staging", "ann")
    assert sts(sandbox, user).get_caller_identity()["Arn"].endswith("user/ann")
    sandbox.client("iam", "staging").update_access_key(
        UserName="ann",
        AccessKeyId=user.get_credentials().access_key,  # type: ignore[union-attr]
        Status="Inactive",
    )
    refused(sts(sandbox, user).get_caller_identity, "InvalidClientTokenId", 403, ".*")


def test_the_sandbox_is_no_proxy_to_the_world(sandbox: Sandbox) -> None:
    connection = http.client.HTTPConnection(sandbox.endpoint.removeprefix("http://"), timeout=30)
    try:
        connection.request("GET", "http://example.com/")
        answer = connection.getresponse()
        assert (answer.status, b"not to example.com" in answer.read()) == (502, True)
    finally:
        connection.close()


def test_a_request_without_a_signature_is_refused(sandbox: Sandbox) -> None:
    unsigned = Config(signature_version=UNSIGNED)
    client: Any = boto3.session.Session(region_name="eu-west-1").client(
        "iot", endpoint_url=sandbox.endpoint, config=unsigned
    )
    refused(client.list_things, "MissingAuthenticationToken", 403, "Missing Authentication Token")
