"""When Edge Manager's agent beats, and what it says when it cannot."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgewright.sandbox.device.cloud import CloudError, UnreachableError
from edgewright.sandbox.device.configuration import Branch
from edgewright.sandbox.device.edge_agent import COMPONENT, EdgeAgent
from edgewright.sandbox.device.logs import BoundedLog
from edgewright.sandbox.device.state import DeviceState, Installed
from tests.sandbox.device.fake_cloud import FakeCloud


class Agent:
    def __init__(self, folder: Path) -> None:
        self.state, self.cloud, self.now = DeviceState(), FakeCloud(), 100.0
        self.path = folder / "greengrass.log"
        self._agent = EdgeAgent(self.state, self.cloud, BoundedLog(self.path), lambda: self.now)

    def install(self, **configuration: object) -> None:
        branch = Branch()
        branch.merge(dict(configuration), 1)
        self.state.components = {COMPONENT: Installed("1.3.2", branch)}

    def beat(self, after: float = 0.0) -> list[tuple[str, str]]:
        self.now += after
        self._agent.beat()
        return self.cloud.heartbeats

    @property
    def said(self) -> list[str]:
        lines = self.path.read_text().splitlines() if self.path.exists() else []
        return [line[line.index("Edge Manager") :] for line in lines]


@pytest.fixture
def agent(tmp_path: Path) -> Agent:
    return Agent(tmp_path)


def test_it_beats_where_it_is_installed_and_not_more_often_than_it_should(agent: Agent) -> None:
    assert agent.beat() == []
    agent.install(DeviceFleetName="line")
    assert agent.beat() == [("line", "1.3.2")]
    assert len(agent.beat(after=4.9)) == 1
    assert len(agent.beat(after=0.2)) == 2
    agent.state.components = {}
    assert len(agent.beat(after=60)) == 2
    assert agent.said == ["Edge Manager's agent is registered in line"]


def test_without_a_fleet_it_does_nothing_and_says_so_once(agent: Agent) -> None:
    agent.install(BucketName="acme-sagemaker")
    assert agent.beat() == agent.beat(after=60) == []
    assert agent.said == ["Edge Manager's agent has no DeviceFleetName, and does nothing"]


def test_what_is_refused_is_in_the_log_and_an_outage_is_the_devices(
    agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent.install(DeviceFleetName="line")

    def refuse(_fleet: str, _version: str) -> None:
        raise CloudError(400, "ValidationException", "no device cam-001")

    monkeypatch.setattr(agent.cloud, "edge_heartbeat", refuse)
    assert agent.beat() == agent.beat(after=60) == []
    assert agent.said == ["Edge Manager's agent: no device cam-001"]

    def lose(_fleet: str, _version: str) -> None:
        raise UnreachableError

    monkeypatch.setattr(agent.cloud, "edge_heartbeat", lose)
    with pytest.raises(UnreachableError):
        agent.beat(after=60)
