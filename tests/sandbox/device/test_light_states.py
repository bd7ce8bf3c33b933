"""The rules of light devices are those of devices with scripts: both take the same history to the same end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edgewright.sandbox.device import documents
from edgewright.sandbox.device.configuration import look_up
from edgewright.sandbox.light.states import LightState, Outcome, Planner, fresh
from tests.sandbox.device.box import APP, Box
from tests.sandbox.device.fake_cloud import FakeCloud

OTHER, BASE = "com.acme.other", "com.acme.base"
PLATFORM = {"os": "linux", "architecture": "amd64", "runtime": "aws_nucleus_classic"}


class Pair:
    """A device with scripts and a light one, with the same cloud."""

    def __init__(self, box: Box) -> None:
        self.box = box
        self.cloud: FakeCloud = box.cloud
        self.planner = Planner(PLATFORM, self._resolve)
        self.state: LightState = fresh("2.14.3")

    def _resolve(self, name: str, requirements: Mapping[str, str]) -> str | None:
        found = self.cloud.resolve(name, None, requirements, PLATFORM)
        return found.recipe if found is not None else None

    def deploy(self, group: str, components: Mapping[str, Any], **more: Any) -> Outcome:
        """Let both take a deployment; what they say of it and what they are afterwards must be the same."""
        job = self.cloud.deploy(f"thinggroup/{group}", components, **more)
        _, said = self.cloud.end_of(job)
        deployment = documents.parse(self.cloud.jobs[job]["document"], "IOT_JOBS")
        member_of = {f"thinggroup/{name}" for name in self.cloud.groups}
        left = {name for name in self.state.memory.groups if name not in member_of | {deployment.group}}
        plan = self.planner.plan(deployment, self.state, left, len(self.cloud.recipes))
        outcome = self.planner.carry_out(deployment, plan, victim=None, full=False)
        self.state = outcome.state
        assert said["detailed-deployment-status"] == outcome.detailed
        if outcome.error is not None:
            assert said["deployment-failure-cause"] == str(outcome.error)
        heavy = self.box.state()
        assert {name: item["version"] for name, item in heavy["components"].items()} == {
            name: installed.version for name, installed in self.state.memory.components.items()
        }
        for name, installed in self.state.memory.components.items():
            assert heavy["components"][name]["configuration"] == installed.configuration.dump()
        assert {name: record["roots"] for name, record in heavy["groups"].items()} == {
            name: record.roots for name, record in self.state.memory.groups.items()
        }
        last = [m for m in self.cloud.messages if m["messageType"] == "COMPLETE"][-1]
        assert {c["componentName"]: c for c in last["components"]} == self.state.reported
        return outcome


def test_light_and_heavy_devices_take_one_history_to_one_end(box: Box) -> None:
    for version in ("1.0.0", "1.1.0", "2.0.0"):
        box.cloud.component(BASE, version, defaults={"limit": 1, "nested": {"a": version}})
    box.cloud.component(APP, "1.0.0", {"run": "exec sleep 60"}, needs={BASE: "^1.0.0"}, defaults={"t": 0.5})
    box.cloud.component(APP, "1.1.0", {"run": "exec sleep 60"}, needs={BASE: ">=2.0.0"}, defaults={"t": 0.6, "u": 1})
    box.cloud.component(OTHER, "1.0.0", {"startup": "true"}, needs={BASE: {"VersionRequirement": "<2.0.0"}})
    box.cloud.groups = ["main", "second"]
    box.start()
    pair = Pair(box)
    pair.deploy("main", {APP: "1.0.0"})
    assert pair.state.memory.components[BASE].version == "1.1.0"
    update = {"merge": {"t": 0.9, "list": [1]}, "reset": ["/u"]}
    pair.deploy("main", {APP: {"version": "1.0.0", "configurationUpdate": update}})
    pair.deploy("second", {OTHER: "1.0.0"})
    conflict = pair.deploy("main", {APP: "1.1.0"})
    assert conflict.detailed == "FAILED_NO_STATE_CHANGE"
    assert "COMPONENT_VERSION_REQUIREMENTS_NOT_MET" in conflict.error.codes  # type: ignore[union-attr]
    missing = pair.deploy("second", {"com.acme.nothing": "1.0.0"})
    assert missing.detailed == "FAILED_NO_STATE_CHANGE"
    stale = pair.deploy("main", {APP: "1.0.0"}, creationTimestamp=1)
    assert stale.detailed == "REJECTED"
    box.cloud.groups = ["main"]  # it leaves the second group; the next deployment takes its components away
    pair.deploy("main", {APP: "1.1.0"})
    assert set(pair.state.memory.components) == {APP, BASE, "aws.greengrass.Nucleus"}
    tree = pair.state.memory.components[APP].configuration.plain()
    assert (look_up(tree, "/t"), look_up(tree, "/u")) == (0.9, 1)
    pair.deploy("main", {})
    assert set(pair.state.memory.components) == {"aws.greengrass.Nucleus"}


def test_devices_in_one_state_share_what_comes_of_a_deployment(box: Box) -> None:
    box.cloud.component(APP, "1.0.0", {"run": "true"}, files={"model": b"x"})
    pair = Pair(box)
    box.cloud.deploy("thinggroup/main", {APP: "1.0.0"})
    deployment = documents.parse(box.cloud.jobs["job-1"]["document"], "IOT_JOBS")
    plans = [pair.planner.plan(deployment, pair.state, set(), 0) for _ in range(3)]
    assert plans[0] is plans[1] is plans[2]
    assert len(box.cloud.resolutions) == 1
    good, again = (pair.planner.carry_out(deployment, plans[0], victim=None, full=False) for _ in range(2))
    assert good.state is again.state
    full = pair.planner.carry_out(deployment, plans[0], victim=None, full=True)
    assert (full.detailed, full.state) == ("FAILED_NO_STATE_CHANGE", pair.state)
    failed = pair.planner.carry_out(deployment, plans[0], victim=APP, full=False)
    assert (failed.detailed, failed.state) == ("FAILED_ROLLBACK_COMPLETE", pair.state)
