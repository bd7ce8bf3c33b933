"""From recipes and configuration to what a device is to run."""

from __future__ import annotations

import os
import sys
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from edgewright.canonical import digest
from edgewright.sandbox.device.components import Spec, State
from edgewright.sandbox.device.guardian import TOKEN_VARIABLE
from edgewright.sandbox.device.interpolation import Interpolator, Place
from edgewright.sandbox.device.logs import BoundedLog
from edgewright.sandbox.device.paths import DevicePaths, safe_name
from edgewright.sandbox.device.recipes import PLUGIN_TYPE, Recipe, Step
from edgewright.sandbox.device.settings import Settings
from edgewright.sandbox.device.state import NUCLEUS, Installed
from edgewright.sandbox.device.token_exchange import SERVICE, Credentials, TokenExchange

_SYSTEM_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def assemble(
    recipes: Mapping[str, Recipe],
    installed: Mapping[str, Installed],
    *,
    paths: DevicePaths,
    thing: str,
    problem: Callable[[str, str], None],
) -> dict[str, Spec]:
    """Return what runs, component by component, with all variables filled in.

    Args:
        recipes: of every component of the device.
        installed: their versions, configuration and users.
        paths: the device's folders.
        thing: its thing's name.
        problem: takes a component's name and a sentence for each variable that cannot be resolved.
    """
    places = {
        name: Place(
            name=name,
            artifacts=paths.artifacts(name, recipe.version),
            unarchived=paths.unarchived(name, recipe.version),
            work=paths.work(name),
            configuration=installed[name].configuration.plain(),
        )
        for name, recipe in recipes.items()
    }
    if _truthy(places.get(NUCLEUS), "interpolateComponentConfiguration"):
        places = {
            name: _interpolated(place, _interpolator(recipes[name], places, paths, thing, problem))
            for name, place in places.items()
        }
    return {
        name: _spec(recipe, installed[name], places[name], _interpolator(recipe, places, paths, thing, problem))
        for name, recipe in recipes.items()
    }


def _truthy(place: Place | None, key: str) -> bool:
    value = place.configuration.get(key) if place is not None else None
    return value is True or (isinstance(value, str) and value.lower() == "true")


def _interpolator(
    recipe: Recipe, places: Mapping[str, Place], paths: DevicePaths, thing: str, problem: Callable[[str, str], None]
) -> Interpolator:
    return Interpolator(
        own=places[recipe.name],
        dependencies={name: places[name] for name in recipe.dependencies if name in places},
        root=paths.root,
        thing=thing,
        problem=lambda sentence: problem(recipe.name, sentence),
    )


def _interpolated(place: Place, interpolator: Interpolator) -> Place:
    tree: Any = interpolator.tree(dict(place.configuration))
    return Place(place.name, place.artifacts, place.unarchived, place.work, tree)


def _spec(recipe: Recipe, installed: Installed, place: Place, interpolator: Interpolator) -> Spec:
    return Spec(
        name=recipe.name,
        version=recipe.version,
        steps={
            name: Step(
                script=interpolator.text(step.script),
                timeout=step.timeout,
                skip_if=interpolator.text(step.skip_if) if step.skip_if is not None else None,
                privileged=step.privileged,
                environment={key: interpolator.text(value) for key, value in step.environment.items()},
            )
            for name, step in recipe.steps.items()
        },
        environment={key: interpolator.text(value) for key, value in recipe.environment.items()},
        dependencies={name: dependency.hard for name, dependency in recipe.dependencies.items()},
        settles_as=State.RUNNING if recipe.kind == PLUGIN_TYPE else State.FINISHED,
        # The nucleus takes its own configuration without restarting what runs on it.
        fingerprint="" if recipe.is_nucleus else _fingerprint(recipe, place),
        run_with=installed.run_with,
    )


def _fingerprint(recipe: Recipe, place: Place) -> str:
    artifacts = [[artifact.uri, artifact.digest] for artifact in recipe.artifacts]
    return digest({"configuration": place.configuration, "artifacts": artifacts})


class Surroundings:
    """Folders, environment and logs of a device's components.

    Scripts inherit nothing of this process: they find the device's own ``bin`` folder and the Python of this
    installation first on their path, their working folder as home, and the variables that the nucleus sets. What else
    a factory put on the device, such as a ``docker``, goes into ``bin``.

    Args:
        settings: the device.
        paths: its folders.
        token: marks every process of this device host.
        extra: further variables for every component.
        exchange: gives credentials to components that depend on the token exchange service.
        credentials: those of the device.
    """

    def __init__(
        self,
        settings: Settings,
        paths: DevicePaths,
        token: str,
        extra: Mapping[str, str],
        *,
        exchange: TokenExchange | None = None,
        credentials: Credentials | None = None,
    ) -> None:
        self._settings = settings
        self._paths = paths
        self._token = token
        self._extra = extra
        self._exchange = exchange
        self._credentials = credentials
        self._logs: dict[str, BoundedLog] = {}
        self._identities: dict[str, str] = {}
        self.nucleus_version = settings.nucleus_version

    def folder(self, name: str) -> Path:
        """The component's working folder."""
        folder = self._paths.work(safe_name(name))
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def identity(self, name: str) -> str:
        """The secret by which a component's processes are told apart (``SVCUID``)."""
        return self._identities.setdefault(name, uuid.uuid4().hex)

    def environment(self, spec: Spec) -> dict[str, str]:
        """What a script finds before ``Setenv``."""
        identity = self._settings.identity
        own = (self._paths.programs, self._paths.all_devices_programs, Path(sys.executable).parent)
        return {
            "PATH": os.pathsep.join([*map(str, own), _SYSTEM_PATH]),
            "HOME": str(self.folder(spec.name)),
            "LANG": "C.UTF-8",
            "PYTHONUNBUFFERED": "1",  # a log that lags behind helps nobody
            "OMP_NUM_THREADS": "1",  # many devices share this machine
            "AWS_REGION": identity.region,
            "AWS_DEFAULT_REGION": identity.region,
            "AWS_IOT_THING_NAME": identity.thing,
            "GGC_VERSION": self.nucleus_version,
            "GGC_ROOT_PATH": str(self._paths.root),
            "SVCUID": self.identity(spec.name),
            TOKEN_VARIABLE: self._token,
            **self._exchanging(spec),
            **self._extra,
        }

    def close(self) -> None:
        """Withdraw what the components' tokens gave them."""
        if self._exchange is not None:
            for token in self._identities.values():
                self._exchange.withdraw(token)

    def _exchanging(self, spec: Spec) -> dict[str, str]:
        if self._exchange is None or self._credentials is None or SERVICE not in spec.dependencies:
            return {}
        token = self.identity(spec.name)
        self._exchange.grant(token, self._credentials)
        return {
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": self._exchange.url,
            "AWS_CONTAINER_AUTHORIZATION_TOKEN": token,
        }

    def log(self, name: str) -> BoundedLog:
        """The component's log."""
        if name not in self._logs:
            self._logs[name] = BoundedLog(self._paths.log(safe_name(name)))
        return self._logs[name]
