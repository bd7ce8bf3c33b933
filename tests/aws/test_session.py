"""A session reaches one account and Region; clients are shared, waits that AWS asks for are kept."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from botocore.stub import Stubber

from edgewright.aws.errors import AwsError
from edgewright.aws.session import Session, Settings, client, retry_after, session


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    session.cache_clear()


def test_clients_and_sessions_are_made_once() -> None:
    assert client("iot", region="eu-west-1") is client("iot", region="eu-west-1")
    assert client("iot", region="eu-west-1") is not client("iot", region="us-east-1")


def test_the_endpoint_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:5")
    assert client("greengrassv2", region="eu-west-1").meta.endpoint_url == "http://127.0.0.1:5"


def test_a_missing_region_is_said_with_the_remedy() -> None:
    with pytest.raises(AwsError, match="set the provider's region, or AWS_REGION"):
        Session(Settings()).client("greengrassv2")


def test_a_role_needs_credentials_to_assume_it_with(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(AwsError, match="could not assume the role arn:aws:iam::2:role/r: there are no credentials"):
        Session(Settings(region="eu-west-1", role_arn="arn:aws:iam::2:role/r")).client("sts")


def test_an_account_that_is_not_allowed_is_refused() -> None:
    here = Session(Settings(region="eu-west-1"))
    with Stubber(here.client("sts")) as stub:
        stub.add_response(
            "get_caller_identity", {"Account": "111111111111", "UserId": "u", "Arn": "arn:aws:iam::1:user/u"}
        )
        with pytest.raises(AwsError, match="belong to account 111111111111, but only 222222222222 is allowed"):
            here.require_account(("222222222222",))
        here.require_account(("222222222222", "111111111111"))  # asked once: the stub has no second answer
        here.require_account(())


def test_a_role_is_assumed_with_its_external_id_and_session_name(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, Any]] = []

    def answer(_self: Any, operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
        asked.append({"operation": operation, **arguments})
        return {
            "Credentials": {
                "AccessKeyId": "k",
                "SecretAccessKey": "s",
                "SessionToken": "t",
                "Expiration": "2999-01-01T00:00:00Z",
            },
            "AssumedRoleUser": {"Arn": "arn:aws:sts::222222222222:assumed-role/r/run-7", "AssumedRoleId": "x:run-7"},
        }

    there = Session(
        Settings("eu-west-1", role_arn="arn:aws:iam::222222222222:role/r", external_id="ext", session_name="run-7")
    )
    made = there.client("greengrassv2")
    monkeypatch.setattr("botocore.client.BaseClient._make_api_call", answer)
    assert made._request_signer._credentials.get_frozen_credentials().access_key == "k"
    assert asked == [
        {
            "operation": "AssumeRole",
            "RoleArn": "arn:aws:iam::222222222222:role/r",
            "RoleSessionName": "run-7",
            "ExternalId": "ext",
        }
    ]


@pytest.mark.parametrize(
    ("status", "body", "attempts", "delay"),
    [
        pytest.param(429, {"retryAfterSeconds": 7}, 1, 7.0, id="asked for"),
        pytest.param(429, {"retryAfterSeconds": 4000}, 1, 90.0, id="too long for one call"),
        pytest.param(429, {}, 1, None, id="not asked for: botocore decides"),
        pytest.param(429, {"retryAfterSeconds": 7}, 10, None, id="attempts are used up"),
        pytest.param(500, {"retryAfterSeconds": 7}, 1, None, id="another failure"),
    ],
)
def test_the_wait_that_aws_asks_for_is_kept(
    status: int, body: dict[str, Any], attempts: int, delay: float | None
) -> None:
    response = (SimpleNamespace(status_code=status), body)
    assert retry_after(10, response, attempts, operation=None) == delay


def test_no_answer_leaves_the_wait_to_botocore() -> None:
    assert retry_after(10, None, 1) is None
