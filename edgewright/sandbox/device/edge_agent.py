"""The agent of SageMaker Edge Manager: where it is installed, it finds its registration and sends heartbeats.

It beats when the device has looked for work, which is at least every 20 seconds. Models and captures are not there.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from edgewright.sandbox.device.cloud import Cloud, CloudError
from edgewright.sandbox.device.logs import BoundedLog
from edgewright.sandbox.device.state import DeviceState

COMPONENT: Final = "aws.greengrass.SageMakerEdgeManager"
_PERIOD: Final = 5.0  # seconds that are at least between two heartbeats


class EdgeAgent:
    """The agent of one device.

    Args:
        state: what is installed.
        cloud: whom it asks.
        log: the device's.
        clock: seconds.
    """

    def __init__(
        self, state: DeviceState, cloud: Cloud, log: BoundedLog, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._state = state
        self._cloud = cloud
        self._log = log
        self._clock = clock
        self._next = 0.0
        self._said = ""

    def beat(self) -> None:
        """Send a heartbeat if it is time and the agent is there; what goes wrong is in the log, once.

        Raises:
            UnreachableError: there is no connection.
        """
        installed = self._state.components.get(COMPONENT)
        if installed is None:
            self._next = 0.0
            return
        if self._clock() < self._next:
            return
        self._next = self._clock() + _PERIOD
        fleet = installed.configuration.plain().get("DeviceFleetName")
        if not isinstance(fleet, str) or not fleet:
            self._say("Edge Manager's agent has no DeviceFleetName, and does nothing")
            return
        try:
            self._cloud.edge_heartbeat(fleet, installed.version)
        except CloudError as error:
            self._say(f"Edge Manager's agent: {error.message}")
        else:
            self._say(f"Edge Manager's agent is registered in {fleet}")

    def _say(self, text: str) -> None:
        if text != self._said:
            self._log.line(text)
        self._said = text
