"""Sends a device's fleet status messages, one at a time, so that they arrive in the order of what they say.

The worker sends those about everything and about deployments; a thread of its own sends those about components that
change meanwhile, so that a crash is told while the worker waits for news.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any, Final

from edgewright.sandbox.device import reporting
from edgewright.sandbox.device.cloud import CloudError, UnreachableError
from edgewright.sandbox.device.components import State, Status
from edgewright.sandbox.device.failures import DeploymentError
from edgewright.sandbox.device.recipes import Recipe
from edgewright.sandbox.device.workshop import Workshop

_WORST_FIRST: Final = ("BROKEN_COMPONENT", "ERRORED_COMPONENT", "COMPONENT_STATUS_CHANGE")


class Reporter:
    """Speaks for one device.

    Args:
        shop: the device.
    """

    def __init__(self, shop: Workshop) -> None:
        self._shop = shop
        self._sending = threading.Lock()
        self._changed: dict[str, reporting.Trigger] = {}
        self.deploying = False
        """Whether a deployment is under way; its own message will tell of what starts and breaks."""

    def note(self, status: Status, _before: State) -> None:
        """Take note of a component's new state; called by the machine under its lock, so it only remembers."""
        trigger = reporting.worth_telling(status.state, self._shop.state.nucleus_version, deploying=self.deploying)
        if trigger is not None:
            with self._shop.turned:
                self._changed[status.name] = trigger
                self._shop.turned.notify_all()

    def run(self) -> None:
        """Tell of what was noted until the device stops."""
        shop = self._shop
        while True:
            with shop.turned:
                shop.turned.wait_for(lambda: shop.stopping.is_set() or bool(self._changed))
                changed, self._changed = self._changed, {}
            if shop.stopping.is_set():
                return
            try:
                self.send(min(changed.values(), key=_WORST_FIRST.index), only=list(changed))
            except UnreachableError:
                continue  # on return a message about everything goes out

    def send(
        self,
        trigger: reporting.Trigger,
        *,
        only: list[str] | None = None,
        deployment: Mapping[str, Any] | None = None,
    ) -> None:
        """Send a message; what is refused is noted in the log.

        Raises:
            UnreachableError: there is no connection.
        """
        shop = self._shop
        with self._sending:
            statuses = shop.machine.statuses()
            payload = reporting.message(
                shop.settings,
                shop.state,
                statuses,
                self._recipes(statuses),
                trigger=trigger,
                only=only,
                deployment=deployment,
            )
            try:
                shop.cloud.publish(reporting.topic(shop.settings.identity.thing), payload)
            except CloudError as error:
                shop.log.line(f"the fleet status is refused: {error}")

    def _recipes(self, statuses: Mapping[str, Status]) -> dict[str, Recipe]:
        found = {}
        for name, status in statuses.items():
            try:
                found[name] = self._shop.recipe(name, status.version)
            except (OSError, DeploymentError):
                continue
        return found
