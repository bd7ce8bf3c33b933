"""Targets besides a thing group: a single thing, judged by what it reports, and a subdeployment below a parent."""

from __future__ import annotations

import json
from typing import Any

import pytest

from edgewright.aws.errors import AwsError
from edgewright.provider.plugin import PartialFailureError
from tests.provider.conftest import ACCOUNT, TARGET, Engine
from tests.provider.hands import Hands, fail_on

NAME = "com.acme.hello"
THING = f"arn:aws:iot:eu-west-1:{ACCOUNT}:thing/twin-001"


@pytest.fixture(autouse=True)
def versions(hands: Hands) -> None:
    client = hands.sandbox.client("greengrassv2", ACCOUNT)
    for number in (1, 2):
        recipe = {
            "RecipeFormatVersion": "2020-01-25",
            "ComponentName": NAME,
            "ComponentVersion": f"{number}.0.0",
            "Manifests": [{"Platform": {"os": "linux"}, "Lifecycle": {"run": "true"}}],
        }
        client.create_component_version(inlineRecipe=json.dumps(recipe).encode())


def hello(number: int, **config: Any) -> dict[str, Any]:
    return {NAME: {"componentVersion": f"{number}.0.0", **({"config": config} if config else {})}}


def test_a_thing_is_judged_by_what_it_reports(engine: Engine, hands: Hands) -> None:
    device = hands.add("twin-001", fail_on("2.0.0"))
    device.direct = True
    engine.target = THING
    outputs = engine.create(hello(1, a=1))
    assert (outputs["status"], "iotJobId" in outputs) == ("1 of 1 online device done", False)
    with pytest.raises(PartialFailureError) as failed:
        engine.update(outputs, hello(2, b=1))
    told = str(failed.value)
    assert "twin-001: FAILED: the model does not load (DEPLOYMENT_FAILURE > COMPONENT_BROKEN)" in told
    assert "Rolled back to the release before (revision 3)" in told
    back = failed.value.outputs
    assert (back["verdict"], device.held[NAME]) == ("rolledBack", {"a": 1})
    engine.delete(back)
    assert device.versions == {}
    assert engine.read(back, back) is None


def test_a_subdeployment_lives_below_its_parent(engine: Engine, hands: Hands) -> None:
    """The native canary: a smaller group under a parent that has a deployment already."""
    device = hands.add("twin-001")
    engine.create(hello(1))
    iot = hands.sandbox.client("iot", ACCOUNT)
    canary = iot.create_thing_group(thingGroupName="canary")["thingGroupArn"]
    iot.remove_thing_from_thing_group(thingGroupName=TARGET.rpartition("/")[2], thingName="twin-001")
    iot.add_thing_to_thing_group(thingGroupName="canary", thingName="twin-001")
    engine.target, engine.urn = canary, engine.urn.replace("::twins", "::canary")
    below = engine.create(hello(2, a=1), parentTargetArn=TARGET)
    greengrass = hands.sandbox.client("greengrassv2", ACCOUNT)
    there = greengrass.get_deployment(deploymentId=below["deploymentId"])
    assert (there["parentTargetArn"], device.held[NAME]) == (TARGET, {"a": 1})

    updated = engine.update(below, hello(2, b=1), parentTargetArn=TARGET)
    assert (updated["revisionId"], device.held[NAME]) == ("2", {"b": 1})
    imported = engine.read({}, {})
    assert (imported.inputs["parentTargetArn"], imported.inputs["components"]) == (TARGET, hello(2, b=1))
    assert engine.changes(updated, hello(2, b=1), parentTargetArn=TARGET) == set()
    engine.delete(updated)
    assert [item["targetArn"] for item in greengrass.list_deployments()["deployments"]] == [TARGET]


def test_an_update_waits_no_longer_than_its_custom_timeout(engine: Engine, hands: Hands) -> None:
    hands.add("twin-001", lambda _: "begin")
    engine.timeout = 0.6
    with pytest.raises(PartialFailureError, match="the deadline passed when 0 devices had executed it and 1 must have"):
        engine.create(hello(1), wait={"timeoutSeconds": 1000})


def test_what_is_not_there_to_be_deployed_to_is_told(engine: Engine, hands: Hands) -> None:
    engine.target = TARGET.replace("thinggroup/", "thinggroup/no-")
    with pytest.raises(AwsError, match=r"create a revision of .*/no-.*Thing group .* cannot be found"):
        engine.create(hello(1))
