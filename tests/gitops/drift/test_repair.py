"""A device that lost a component gets its ring's deployment again, and the repair says what is left."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from edgewright.aws.fleet import Depth, Question
from edgewright.aws.session import session
from edgewright.documents import naming
from edgewright.gitops.drift.find import Where, find
from edgewright.gitops.drift.repair import repair
from edgewright.gitops.engine import Engine
from edgewright.gitops.status.read import Scope
from edgewright.sandbox.control import Sandbox
from tests.helpers import places
from tests.helpers.projects import replaced, ring_of, sample
from tests.helpers.roles import make_deploy_role
from tests.sandbox.protocol import HandDevice

GROUP = naming.thing_group("line-inspection", "staging", "twins")
ARN = naming.thing_group_arn("eu-west-1", places.STAGING, GROUP)
TWINS = ring_of(sample(), "line-inspection", "staging", "twins")
MODEL = "com.acme.parts-model"


def holds(**other: str) -> list[dict[str, Any]]:
    """What a device reports: the release, with other versions of some components and without those of no version."""
    versions = {name: component.version for name, component in TWINS.components.items()}
    versions.update({f"com.acme.{name.replace('_', '-')}": version for name, version in other.items()})
    return [
        {"componentName": name, "version": version, "status": "RUNNING", "isRoot": True, "fleetConfigArns": []}
        for name, version in versions.items()
        if version
    ]


@pytest.fixture
def ring(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> HandDevice:
    """staging/twins as `pulumi up` leaves it, with one device that took the release."""
    session.cache_clear()
    for name, value in sandbox.aws_environment().items():
        monkeypatch.setenv(name, value)
    make_deploy_role(sandbox, "staging")
    greengrass = sandbox.client("greengrassv2", "staging")
    sandbox.client("iot", "staging").create_thing_group(thingGroupName=GROUP)
    for name, component in TWINS.components.items():
        if not name.startswith("aws."):
            recipe = {
                "RecipeFormatVersion": "2020-01-25",
                "ComponentName": name,
                "ComponentVersion": component.version,
                "Manifests": [{"Lifecycle": {"run": "true"}}],
            }
            greengrass.create_component_version(inlineRecipe=json.dumps(recipe).encode())
    device = HandDevice.make(sandbox, "twin-001", GROUP)
    greengrass.create_deployment(
        targetArn=ARN,
        components={name: {"componentVersion": each.version} for name, each in TWINS.components.items()},
        tags={"edgewright:release": TWINS.release, "edgewright:owner": "edgewright/staging/line-inspection/twins"},
    )
    device.take_all()
    device.report(holds())
    return device


def test_a_device_gets_its_release_again_and_a_local_component_stays(ring: HandDevice, tmp_path: Path) -> None:
    project = replaced(sample(), root=tmp_path)
    where = Where(Scope("line-inspection", "staging", question=Question(depth=Depth.ALL)))
    engine = Engine(tmp_path, {})
    assert find(project, where, engine).any is False

    ring.report(holds(parts_model="0.9.0", parts_inference="", debug="1.0.0"))
    found = find(project, where, engine)
    (drifted,) = found.devices
    assert [str(each) for each in drifted.differences] == [
        "com.acme.parts-inference 2.0.0 is missing",
        "com.acme.parts-model is 0.9.0 in place of 1.0.0, installed locally",
        "com.acme.debug 1.0.0 is not in the release, installed locally",
    ]
    said: list[str] = []

    def say(text: str) -> None:
        said.append(text.partition(": ")[0])
        if text.startswith("sent the deployment"):
            assert ring.take_all() == 1
            ring.report(holds(debug="1.0.0"))

    left = repair(project, where, found, engine, wait=30, say=say)
    assert said == ["sent the deployment of line-inspection staging/twins again", "waiting for devices, 30 s at most"]
    (drifted,) = left.devices
    assert [str(each) for each in drifted.differences] == [
        "com.acme.debug 1.0.0 is not in the release, installed locally"
    ]
    assert left.rings == ()
