"""Rules that hold for every policy document that Edgewright renders."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from edgewright.documents import bucket_policy, deploy_policy, device_policy, permissions, policy, trust
from edgewright.errors import EdgewrightError
from tests.helpers import places
from tests.helpers.policies import listed, statements

FLEET = places.fleet()
STAGES = [places.stage("staging"), places.stage("prod")]

ALL: dict[str, tuple[Callable[[], dict[str, Any]], int]] = {
    "trust of a deploy role": (lambda: trust.account(places.TOOLING, own_id=places.PROD), policy.TRUST_POLICY),
    "trust of a device role": (trust.token_exchange, policy.TRUST_POLICY),
    "permissions of a device role": (
        lambda: permissions.token_exchange(
            FLEET, components=[f"com.acme.component-{number}" for number in range(40)], capture=True
        ),
        policy.ROLE_POLICY,
    ),
    "permissions of a deploy role": (
        lambda: deploy_policy.deploy_role(places.stage("prod", stage="s" * 48)),
        policy.ROLE_POLICY,
    ),
    "permissions of an access role": (lambda: permissions.access(FLEET, places.access()), policy.ROLE_POLICY),
    "grant": (lambda: permissions.assume(["arn:aws:iam::222222222222:role/x"]), policy.MANAGED_POLICY),
    "artifact bucket": (lambda: bucket_policy.artifacts(FLEET.artifact_bucket, STAGES), policy.BUCKET_POLICY),
    "capture bucket": (lambda: bucket_policy.captures(FLEET), policy.BUCKET_POLICY),
    "core device": (
        lambda: device_policy.core_device(places.stage("s" * 48).fleet("f" * 48)),
        policy.IOT_POLICY,
    ),
}

EVERY_RESOURCE = {
    "cloudwatch:GetMetricStatistics": "metrics have no ARN",
    "greengrass:CreateDeployment": "a deployment has no ARN before it is made",
    "greengrass:ListCoreDevices": "the list is of the account",
    "greengrass:ListDeployments": "the list is of the account",
    "iot:GetIndexingConfiguration": "there is one fleet index configuration for the account and Region",
    "iot:UpdateIndexingConfiguration": "there is one fleet index configuration for the account and Region",
    "greengrass:GetComponentVersionArtifact": "data plane: public components are in AWS's account",
    "greengrass:GetDeploymentConfiguration": "data plane: the device knows no deployment ARN",
    "greengrass:ListThingGroupsForCoreDevice": "data plane: AWS documents no narrower form",
    "greengrass:ResolveComponentCandidates": "data plane: it asks about all components at once",
}
"""Actions that may stand on ``*``, each with the reason."""

rendered = pytest.mark.parametrize("name", ALL)


@rendered
def test_no_policy_allows_a_whole_service(name: str) -> None:
    for statement in statements(ALL[name][0]()):
        if statement["Effect"] == "Allow":
            for action in listed(statement["Action"]):
                assert re.fullmatch(r"[a-z0-9-]+:[A-Z][A-Za-z0-9]*", action), action


@rendered
def test_every_resource_at_once_is_allowed_for_a_reason_only(name: str) -> None:
    for statement in statements(ALL[name][0]()):
        if statement["Effect"] == "Allow" and "*" in listed(statement.get("Resource", [])):
            assert set(listed(statement["Action"])) <= set(EVERY_RESOURCE)


@rendered
def test_every_statement_has_the_shape_that_aws_takes(name: str) -> None:
    document = ALL[name][0]()
    assert set(document) == {"Version", "Statement"}
    assert document["Version"] == "2012-10-17"
    sids = [statement["Sid"] for statement in statements(document) if "Sid" in statement]
    assert len(sids) == len(set(sids))
    assert all(re.fullmatch(r"[A-Za-z0-9]+", sid) for sid in sids)
    for statement in statements(document):
        assert set(statement) <= {"Sid", "Effect", "Principal", "Action", "Resource", "Condition"}
        assert statement["Effect"] in {"Allow", "Deny"}
        assert listed(statement["Action"])
        assert ("Resource" in statement) != (statement["Action"] == "sts:AssumeRole"), "only a trust has no resource"
        for resource in listed(statement.get("Resource", [])):
            assert resource == "*" or re.fullmatch(r"arn:aws:[a-z0-9]+:[a-z0-9-]*:[0-9]*:\S+", resource), resource


@rendered
def test_every_policy_fits_in_what_aws_takes(name: str) -> None:
    build, limit = ALL[name]
    assert 0 < len(policy.render(build(), limit=limit, of=name)) <= limit


def test_the_lint_finds_something_to_lint() -> None:
    used = {
        action
        for build, _ in ALL.values()
        for statement in statements(build())
        if "*" in listed(statement.get("Resource", []))
        for action in listed(statement["Action"])
    }
    assert used == set(EVERY_RESOURCE), "an entry of the allow-list that nothing uses is a hole in waiting"


def test_a_policy_that_is_too_large_is_refused_before_aws_sees_it() -> None:
    many = [f"arn:aws:iam::222222222222:role/role-{number:04}" for number in range(200)]
    with pytest.raises(EdgewrightError, match=r"the policy of the grant has [0-9,]+ characters and AWS takes 6,144"):
        policy.render(permissions.assume(many), limit=policy.MANAGED_POLICY, of="the grant")


def test_the_order_of_actions_and_resources_never_shows_as_a_change() -> None:
    one = policy.statement("S", ["b:B", "a:A"], ["r2", "r1"])
    other = policy.statement("S", ["a:A", "b:B", "a:A"], ["r1", "r2"])
    assert one == other


def test_an_empty_policy_is_refused() -> None:
    with pytest.raises(EdgewrightError, match="a policy needs at least one statement"):
        policy.document([])
