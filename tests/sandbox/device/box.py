"""A device without a server: its cloud in memory, its folder, and waiting for what it does."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from edgewright.sandbox.device.cloud import Identity
from edgewright.sandbox.device.nucleus import CoreDevice
from edgewright.sandbox.device.paths import DevicePaths
from edgewright.sandbox.device.process import Monitor
from edgewright.sandbox.device.settings import Settings
from tests.sandbox.device.fake_cloud import ACCOUNT, REGION, THING, FakeCloud

GROUP = "thinggroup/main"
APP = "com.acme.app"


class Box:
    """A device, its cloud and its folder."""

    def __init__(self, root: Path) -> None:
        self.cloud = FakeCloud("main")
        self.root = root
        self.settings = Settings(
            Identity(THING, ACCOUNT, REGION, "certificate", "alias"),
            {"os": "linux", "architecture": "amd64"},
        )
        self.monitor = Monitor()
        self.device: CoreDevice | None = None

    def start(self, **changes: Any) -> CoreDevice:
        self.settings = replace(self.settings, **changes)
        self.cloud.reopen()
        self.device = CoreDevice(self.settings, DevicePaths(self.root), self.cloud, self.monitor, token="t")
        self.device.start()
        return self.device

    def stop(self) -> None:
        if self.device is not None:
            self.device.stop(5)
            self.device = None

    def configuration(self, name: str = APP) -> dict[str, Any]:
        return json.loads((self.root / "config.json").read_text(encoding="utf-8"))[name]

    def state(self) -> dict[str, Any]:
        return json.loads((self.root / "state.json").read_text(encoding="utf-8"))

    def log(self, name: str = "greengrass") -> str:
        return (self.root / "logs" / f"{name}.log").read_text(encoding="utf-8")

    def wait_for_log(self, text: str, times: int = 1) -> None:
        """The log is a file, which has no event to wait on."""
        for _ in range(4000):
            if self.log().count(text) >= times:
                return
            time.sleep(0.005)
        raise AssertionError(self.log())

    def components(self) -> dict[str, str]:
        """Component -> version, as last told in full."""
        last = [message for message in self.cloud.messages if message["messageType"] == "COMPLETE"][-1]
        return {item["componentName"]: item["version"] for item in last["components"]}

    def succeed(self, target: str, components: dict[str, Any], **more: Any) -> None:
        status, details = self.cloud.end_of(self.cloud.deploy(target, components, **more))
        assert (status, details) == ("SUCCEEDED", {"detailed-deployment-status": "SUCCESSFUL"}), self.log()

    def fail(self, target: str, components: dict[str, Any], **more: Any) -> dict[str, str]:
        status, details = self.cloud.end_of(self.cloud.deploy(target, components, **more))
        assert status == "FAILED"
        return details
