"""The provider's configuration: a sandbox on this machine and nothing else, the right account, nothing ignored."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping

import pytest

from edgewright.aws.errors import AwsError
from edgewright.errors import EdgewrightError
from edgewright.provider.plugin import Kind
from edgewright.sandbox.control import Sandbox
from edgewright.standin import configuration
from tests.standin import scenarios as s
from tests.standin.conftest import Hand

STAGING = "arn:aws:iam::222222222222:role/OrganizationAccountAccessRole"
Configured = Callable[[Mapping[str, str]], Hand]


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:5000", "http://localhost:5000", "http://[::1]:5000", "https://127.1.2.3"],
)
def test_addresses_of_this_machine_are_a_sandbox(url: str) -> None:
    assert configuration.loopback(url) == url


@pytest.mark.parametrize(
    "url",
    [
        None,
        "",
        "nonsense",
        "http://10.0.0.5:5000",
        "https://s3.amazonaws.com",
        "http://localhost.example.org",
        "http://127.0.0.1.example.org",
        "http://user@203.0.113.7",
        "http://127.0.0.1@203.0.113.7",
        "http://0.0.0.0:5000",
    ],
)
def test_anything_else_is_refused_with_both_ways_out(url: str | None) -> None:
    with pytest.raises(EdgewrightError, match="never with AWS: start one") as caught:
        configuration.loopback(url)
    assert "pulumi plugin install resource aws 7.51.1" in str(caught.value)


def test_configuring_without_a_sandbox_fails() -> None:
    with pytest.raises(EdgewrightError, match="AWS_ENDPOINT_URL is not set, and Edgewright's stand-in"):
        configuration.configure({"region": "eu-west-1"}, {})


def test_a_machine_that_ignores_endpoints_still_reaches_only_the_sandbox(
    sandbox: Sandbox, hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Botocore has settings that outrank AWS_ENDPOINT_URL; none of them may send a call to AWS."""
    monkeypatch.setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")
    monkeypatch.setenv("AWS_ENDPOINT_URL_IOT", "http://127.0.0.1:1")
    hand.create(s.THING, hand.inputs(s.THING, {"name": "cam-1"}))
    assert sandbox.client("iot").describe_thing(thingName="cam-1")["thingName"] == "cam-1"


REFUSED = [
    ({"regoin": "eu-west-1"}, "Invalid or unknown key. Examine values at 'regoin'."),
    ({"profile": "work"}, "The stand-in does not serve this setting; install the official plugin"),
    ({"allowedAccountIds": '"1"'}, 'expected array type, got "1" of type string. Examine values at'),
    ({"assumeRoles": '[{"roleArn": "admin"}]'}, '"roleArn" (admin) is an invalid ARN: arn: invalid prefix'),
    ({"assumeRoles": '[{"sessionName": "x"}]'}, "A role to assume needs its roleArn"),
    (
        {"assumeRoles": json.dumps([{"roleArn": STAGING, "duration": "1h"}])},
        (
            "The stand-in does not serve this setting; install the official plugin: pulumi plugin install resource aws "
            "7.51.1. Examine values at 'assumeRoles[0].duration'."
        ),
    ),
    ({"defaultTags": '{"tgas": {}}'}, "Invalid or unknown key. Examine values at 'defaultTags.tgas'."),
]


@pytest.mark.parametrize(("values", "expected"), REFUSED)
def test_settings_that_would_be_ignored_are_refused(values: dict[str, str], expected: str) -> None:
    _, failures = asyncio.run(configuration.check_config(values))
    (failure,) = failures
    assert expected in failure.reason
    assert failure.reason.startswith("could not validate provider configuration: ")


def test_what_pulumi_aws_always_sends_is_accepted_and_kept_in_canonical_form() -> None:
    values = {
        "region": "eu-west-1",
        "skipCredentialsValidation": "false",
        "skipRegionValidation": "true",
        "version": "7.51.1",
        "allowedAccountIds": '[ "111111111111" ]',
    }
    inputs, failures = asyncio.run(configuration.check_config(values))
    assert failures == []
    assert inputs == {**values, "allowedAccountIds": '["111111111111"]'}


def test_a_change_of_configuration_replaces_nothing() -> None:
    diff = asyncio.run(configuration.diff_config({"region": "a", "x": "1"}, {"region": "b", "y": "1"}))
    assert diff.detailed == {"region": Kind.UPDATE, "x": Kind.DELETE, "y": Kind.ADD}


def test_the_region_comes_from_the_environment_when_nobody_says() -> None:
    environment = {"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_DEFAULT_REGION": "eu-north-1"}
    assert configuration.configure({}, environment).region == "eu-north-1"
    with pytest.raises(EdgewrightError, match="there is no AWS Region"):
        configuration.configure({}, {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"})


def test_a_role_in_another_account_is_assumed(sandbox: Sandbox, configured: Configured) -> None:
    hand = configured({"region": "eu-west-1", "assumeRoles": json.dumps([{"roleArn": STAGING}])})
    hand.create(s.THING, hand.inputs(s.THING, {"name": "cam-1"}))
    assert sandbox.client("iot", "staging").describe_thing(thingName="cam-1")["thingName"] == "cam-1"


def test_roles_are_assumed_one_through_the_other(sandbox: Sandbox, configured: Configured) -> None:
    """The second role trusts only the first, and only with its external id."""
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": STAGING},
                "Action": "sts:AssumeRole",
                "Condition": {"StringEquals": {"sts:ExternalId": "moon"}},
            }
        ],
    }
    prod = sandbox.client("iam", "prod")
    prod.create_role(RoleName="inner", AssumeRolePolicyDocument=json.dumps(trust))
    prod.put_role_policy(RoleName="inner", PolicyName="all", PolicyDocument=s.allow("*"))
    inner = {"roleArn": "arn:aws:iam::333333333333:role/inner", "sessionName": "inside", "externalId": "moon"}
    hand = configured({"region": "eu-west-1", "assumeRoles": json.dumps([{"roleArn": STAGING}, inner])})
    hand.create(s.THING, hand.inputs(s.THING, {"name": "cam-9"}))
    assert sandbox.client("iot", "prod").describe_thing(thingName="cam-9")["thingName"] == "cam-9"

    without = configured(
        {"region": "eu-west-1", "assumeRoles": json.dumps([{"roleArn": STAGING}, {**inner, "externalId": "sun"}])}
    )
    with pytest.raises(AwsError, match="the trust policy of the role must let the caller in"):
        without.create(s.THING, without.inputs(s.THING, {"name": "cam-8"}))


def test_the_wrong_account_is_refused_before_anything_is_made(sandbox: Sandbox, configured: Configured) -> None:
    hand = configured({"region": "eu-west-1", "allowedAccountIds": '["222222222222"]'})
    with pytest.raises(AwsError, match="belong to account 111111111111, but only 222222222222 is allowed here"):
        hand.create(s.THING, hand.inputs(s.THING, {"name": "cam-1"}))
    assert sandbox.client("iot").list_things()["things"] == []


def test_configuration_check_diff_and_preview_ask_nothing(offline: Hand) -> None:
    """There is no sandbox behind this provider, so any question would fail."""
    inputs = offline.inputs(s.ROLE, {"assumeRolePolicy": "{}", "name": "r"})
    created = offline.create(s.ROLE, inputs, preview=True)
    new = offline.inputs(s.ROLE, {"assumeRolePolicy": "{}", "name": "r", "description": "d"}, inputs)
    assert offline.diff(s.ROLE, (inputs, created.outputs), new).detailed == {"description": Kind.ADD}
    offline.update(s.ROLE, "r", (inputs, created.outputs), new, preview=True)


def test_default_tags_reach_all_tags_and_aws_but_not_tags(sandbox: Sandbox, configured: Configured) -> None:
    hand = configured({"region": "eu-west-1", "defaultTags": '{"tags": {"team": "edge", "x": "1"}}'})
    inputs = hand.inputs(s.THING_GROUP, {"name": "g", "tags": {"x": "2"}})
    assert inputs["tagsAll"] == {"team": "edge", "x": "2"}
    created = hand.create(s.THING_GROUP, inputs)
    assert created.outputs["tags"] == {"x": "2"}
    assert created.outputs["tagsAll"] == {"team": "edge", "x": "2"}
    tags = sandbox.client("iot").list_tags_for_resource(resourceArn=created.outputs["arn"])["tags"]
    assert {tag["Key"]: tag["Value"] for tag in tags} == {"team": "edge", "x": "2"}
    assert not hand.diff(s.THING_GROUP, (inputs, created.outputs), inputs).changes
