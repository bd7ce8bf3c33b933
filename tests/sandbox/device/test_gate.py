"""Offline means offline: nothing goes out, and what was under way never arrived."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest

from edgewright.sandbox.device.cloud import Cloud, UnreachableError
from edgewright.sandbox.device.gate import Gate
from tests.sandbox.device.fake_cloud import THING, FakeCloud

CALLS: dict[str, Callable[[Cloud], object]] = {
    "wait_for_news": lambda cloud: cloud.wait_for_news(-1, 0.0),
    "next_job": lambda cloud: cloud.next_job(),
    "update_job": lambda cloud: cloud.update_job("job-1", "SUCCEEDED", {}),
    "shadow": lambda cloud: cloud.shadow(),
    "update_shadow": lambda cloud: cloud.update_shadow({}),
    "thing_groups": lambda cloud: cloud.thing_groups(),
    "configuration": lambda cloud: cloud.configuration("deployment-1"),
    "resolve": lambda cloud: cloud.resolve("a", None, {}, {}),
    "publish": lambda cloud: cloud.publish(f"$aws/things/{THING}/greengrassv2/health/json", {}),
    "credentials": lambda cloud: cloud.credentials(),
    "component_artifact": lambda cloud: cloud.component_artifact("a", "1.0.0", "f", io.BytesIO()),
    "download": lambda cloud: cloud.download("b", "k", io.BytesIO()),
}


class Behind(FakeCloud):
    """A cloud that can tell when it was asked, and pull the plug then."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0
        self.then: Callable[[], None] = lambda: None
        self.objects["b", "k"] = b""
        self.deploy("thinggroup/g", {})
        super().next_job()
        self.whole["deployment-1"] = {}

    def _enter(self, call: str) -> None:
        self.asked += 1
        super()._enter(call)
        self.then()


@pytest.mark.parametrize("name", CALLS)
def test_online_everything_passes(name: str) -> None:
    behind = Behind()
    CALLS[name](Gate(behind, lambda: False))
    assert behind.asked >= 1


@pytest.mark.parametrize("name", CALLS)
def test_offline_nothing_is_asked(name: str) -> None:
    behind = Behind()
    behind.asked = 0
    with pytest.raises(UnreachableError, match="the device is offline"):
        CALLS[name](Gate(behind, lambda: True))
    assert behind.asked == 0


@pytest.mark.parametrize("name", CALLS)
def test_an_answer_that_arrives_after_the_plug_was_pulled_is_lost(name: str) -> None:
    behind, offline = Behind(), list[bool]()
    behind.then = lambda: offline.append(True)
    with pytest.raises(UnreachableError, match="the device went offline"):
        CALLS[name](Gate(behind, lambda: bool(offline)))
