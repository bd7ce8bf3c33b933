"""What a deployment works with on its device: folders, state, machine, cloud; and where versions come from."""

from __future__ import annotations

import http
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from edgewright.sandbox.device import assembling, recipes, resolution
from edgewright.sandbox.device.cloud import Cloud, CloudError, UnreachableError
from edgewright.sandbox.device.components import Spec
from edgewright.sandbox.device.failures import DeploymentError, InterruptedDeploymentError
from edgewright.sandbox.device.logs import BoundedLog
from edgewright.sandbox.device.machine import Launcher, Machine
from edgewright.sandbox.device.paths import DevicePaths, safe_name, write_atomically
from edgewright.sandbox.device.recipes import Recipe
from edgewright.sandbox.device.settings import Knobs, Settings
from edgewright.sandbox.device.state import DeviceState, Installed

FIRST_WAIT: Final = 0.1
"""Seconds before the cloud is asked again after a first failure; each wait is twice the one before."""
LONGEST_WAIT: Final = 5.0
"""Seconds that such a wait is never longer than."""
Answer = TypeVar("Answer")


@dataclass
class Workshop:
    """What a deployment works with on its device.

    Args:
        settings: the device.
        paths: its folders.
        state: what it remembers; changed by deployments only.
        machine: runs its components.
        launcher: runs bootstrap scripts.
        surroundings: folders, environment and logs of its components.
        cloud: whom it asks.
        log: the nucleus's own log.
        stopping: set when the device stops; breaks off every wait.
        knobs: what is to go wrong now.
        turned: wakes waits when a knob is turned or the device stops.
    """

    settings: Settings
    paths: DevicePaths
    state: DeviceState
    machine: Machine
    launcher: Launcher
    surroundings: assembling.Surroundings
    cloud: Cloud
    log: BoundedLog
    stopping: threading.Event
    knobs: Callable[[], Knobs]
    turned: threading.Condition

    def patiently(self, ask: Callable[[], Answer]) -> Answer:
        """Ask the cloud until there is an answer: a device may be offline for long.

        Raises:
            InterruptedDeploymentError: the device stops.
        """
        wait = FIRST_WAIT
        while not self.stopping.is_set():
            try:
                return ask()
            except UnreachableError as error:
                self.log.line(f"cloud: {error}; trying again")
            with self.turned:
                self.turned.wait_for(self.stopping.is_set, wait)
            wait = min(wait * 2, LONGEST_WAIT)
        raise InterruptedDeploymentError

    @property
    def attributes(self) -> dict[str, str]:
        """What manifests are matched against."""
        return {**self.settings.attributes, **self.state.platform_override}

    def recipe(self, name: str, version: str) -> Recipe:
        """The recipe of a version that the device has."""
        text = self.paths.recipe(safe_name(name), safe_name(version)).read_text(encoding="utf-8")
        return recipes.parse(text, self.attributes)

    def problem(self, component: str, sentence: str) -> None:
        """Note a problem with a component that does not stop anything."""
        self.surroundings.log(component).line(sentence)

    def installed_specs(self) -> dict[str, Spec]:
        """What runs with what is installed now; a component that no longer fits the device is left out."""
        known = {}
        for name, installed in self.state.components.items():
            try:
                known[name] = self.recipe(name, installed.version)
            except (OSError, DeploymentError) as error:
                self.log.line(f"{name}-{installed.version} cannot run: {error}")
        return self.assemble(self.state.components, known)

    def assemble(self, installed: Mapping[str, Installed], known: Mapping[str, Recipe]) -> dict[str, Spec]:
        """What runs when ``installed`` is what there is."""
        return assembling.assemble(
            known, installed, paths=self.paths, thing=self.settings.identity.thing, problem=self.problem
        )


class DeviceStore:
    """Versions that are on the device, and the cloud that knows more (``ComponentStore``, ``ComponentManager``)."""

    def __init__(self, shop: Workshop) -> None:
        self._shop = shop

    def active(self, name: str) -> Recipe | None:
        """The version that is installed."""
        installed = self._shop.state.components.get(name)
        return self._shop.recipe(name, installed.version) if installed is not None else None

    def local_versions(self, name: str) -> list[str]:
        """Versions with a recipe on the device that fits its platform."""
        found = []
        for path in self._shop.paths.recipes.glob("*.recipe.json"):
            stem = path.name.removesuffix(".recipe.json")
            version = stem.removeprefix(f"{name}-")
            if stem != version and resolution.satisfies(version, {}):
                found.append(version)
        return found

    def local_recipe(self, name: str, version: str) -> Recipe:
        """The recipe on the device."""
        return self._shop.recipe(name, version)

    def negotiate(self, name: str, local: str | None, requirements: Mapping[str, str]) -> Recipe:
        """Ask the cloud, and keep the recipe that it answers with.

        With a local version to fall back on it asks once; without, until there is an answer.
        """
        shop = self._shop

        def ask() -> Any:
            return shop.cloud.resolve(name, local, requirements, shop.attributes)

        try:
            candidate = ask() if local is not None else shop.patiently(ask)
        except UnreachableError as error:
            msg = f"Failed to negotiate a version of {name} with the cloud"
            raise DeploymentError(msg, "NETWORK_ERROR") from error
        except CloudError as error:
            raise _cloud_error(error) from error
        if candidate is None:
            raise resolution.NoVersionError
        recipe = recipes.parse(candidate.recipe, shop.attributes)
        if (recipe.name, recipe.version) != (candidate.name, candidate.version) or recipe.name != name:
            msg = f"The cloud answered with the recipe of {recipe.name}-{recipe.version} when asked for {name}"
            raise DeploymentError(msg, "RESOLVE_COMPONENT_CANDIDATES_BAD_RESPONSE", kind="CLOUD_SERVICE_ERROR")
        path = shop.paths.recipe(safe_name(name), safe_name(recipe.version))
        if not path.exists() or path.read_text(encoding="utf-8") != candidate.recipe:
            write_atomically(path, candidate.recipe)
        return recipe


def may_not_resolve(why: str) -> DeploymentError:
    """The failure of a device whose certificate may not ask for component versions."""
    msg = (
        "Access denied when calling ResolveComponentCandidates. Ensure certificate policy grants "
        f"greengrass:ResolveComponentCandidates ({why})"
    )
    return DeploymentError(msg, "CLOUD_API_ERROR", "ACCESS_DENIED", "RESOLVE_COMPONENT_CANDIDATES_ACCESS_DENIED")


def _cloud_error(error: CloudError) -> DeploymentError:
    if error.status == http.HTTPStatus.FORBIDDEN:
        return may_not_resolve(error.message)
    code = error.code if error.code.isupper() else "BAD_REQUEST"
    return DeploymentError(f"Failed to resolve component candidates: {error}", "CLOUD_API_ERROR", code)
