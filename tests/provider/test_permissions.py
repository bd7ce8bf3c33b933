"""The deploy role may do all that the provider does, and needs nothing else for it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from edgewright.aws.session import Session, Settings
from edgewright.documents import deploy_policy
from edgewright.provider.cloud import Cloud
from edgewright.provider.component_version import ComponentVersionResource
from edgewright.provider.plugin import PartialFailureError
from edgewright.provider.thing_group import DynamicThingGroupResource
from edgewright.sandbox.control import Sandbox
from tests.helpers import places
from tests.provider.conftest import ACCOUNT, TARGET, Engine
from tests.provider.hands import Hands, fail_on

NAME = "com.acme.hello"


def recipe(number: int) -> dict[str, Any]:
    return {
        "RecipeFormatVersion": "2020-01-25",
        "ComponentName": NAME,
        "ComponentVersion": f"{number}.0.0",
        "Manifests": [{"Platform": {"os": "linux"}, "Lifecycle": {"run": "true"}}],
    }


@pytest.fixture
def engine(sandbox: Sandbox, cloud: Cloud, tmp_path: Path) -> Engine:
    """As the conftest's, through the deploy role of staging."""
    iam, role = sandbox.client("iam", ACCOUNT), "edgewright-deploy-staging"
    trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{places.TOOLING}:root"}, "Action": "sts:AssumeRole"}
    policy = {"Version": "2012-10-17", "Statement": [trust]}
    arn = iam.create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps(policy))["Role"]["Arn"]
    document = deploy_policy.deploy_role(places.stage("staging"))
    iam.put_role_policy(RoleName=role, PolicyName="deploy", PolicyDocument=json.dumps(document))
    settings = Settings(region="eu-west-1", role_arn=arn, max_attempts=2)
    return Engine(Cloud(Session(settings), poll=0.05, pickup=0.5), tmp_path)


def test_the_deploy_role_may_do_all_that_the_provider_does(engine: Engine, hands: Hands) -> None:
    versions, group = ComponentVersionResource(), DynamicThingGroupResource()
    for number in (1, 2, 3):
        inputs = {"recipe": recipe(number), "tags": {"team": "vision"}}
        created = engine.run(versions.create(engine.context(), inputs))
        assert engine.run(versions.create(engine.context(), inputs)).resource_id == created.resource_id
        assert engine.run(versions.read(engine.context(), created.resource_id, inputs, created.outputs)) is not None

    def release(number: int) -> dict[str, Any]:
        return {NAME: {"componentVersion": f"{number}.0.0"}}

    device = hands.add("twin-001", fail_on("3.0.0"))
    outputs = engine.create(release(1), tags={"a": "1"})
    outputs = engine.update(outputs, release(2), tags={"a": "2"})
    with pytest.raises(PartialFailureError, match="Rolled back to the release before") as failed:
        engine.update(outputs, release(3))
    outputs = engine.update(failed.value.outputs, release(2), tags={"b": "1"})
    for _ in range(6):
        assert engine.read(outputs, outputs).outputs == outputs
    engine.delete(outputs)
    assert (engine.read(outputs, outputs), device.versions) == (None, {})
    assert [text for severity, text in engine.said if severity == "warning"] == []

    engine.urn = engine.urn.replace(":Deployment::", ":DynamicThingGroup::")
    name = TARGET.rpartition("/")[2].replace("twins", "found")
    news = {"thingGroupName": name, "queryString": "thingName:twin-*", "enableIndexing": True, "tags": {"a": "1"}}
    inputs, _ = engine.run(group.check(engine.context(), {}, news))
    made = engine.run(group.create(engine.context(), inputs)).outputs
    changed = {**inputs, "queryString": "thingName:*", "tags": {"b": "2"}}
    made = engine.run(group.update(engine.context(), name, inputs, made, changed))
    read = engine.run(group.read(engine.context(), name, changed, made))
    assert read is not None
    assert read.outputs == made
    engine.run(group.delete(engine.context(), name, changed, made))
