"""One deployment on one device, from its document to its result.

Follows ``DefaultDeploymentTask``, ``DeploymentConfigMerger``, ``DefaultActivator`` and ``CurrentDeploymentFinisher``:
resolve, download, compute the configuration; then, within the update policy, activate; then wait for every component
to be up, or roll back to the components and the configuration of before. What fails before the activation changes
nothing on the device.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, BinaryIO, Literal, TypeVar

from edgewright.sandbox.device import artifacts, assembling, configuration, recipes, resolution
from edgewright.sandbox.device.cloud import Cloud, CloudError, UnreachableError
from edgewright.sandbox.device.components import Spec, State
from edgewright.sandbox.device.documents import DEVICE_PREFIX, Deployment
from edgewright.sandbox.device.failures import (
    DeploymentError,
    InterruptedDeploymentError,
    StaleDeploymentError,
    component_kind,
)
from edgewright.sandbox.device.logs import BoundedLog
from edgewright.sandbox.device.machine import Launcher, Machine
from edgewright.sandbox.device.paths import DevicePaths, safe_name, write_atomically
from edgewright.sandbox.device.recipes import Recipe, Step
from edgewright.sandbox.device.settings import Knobs, Settings
from edgewright.sandbox.device.state import NUCLEUS, DeviceState, Installed

Detailed = Literal[
    "SUCCESSFUL",
    "FAILED_NO_STATE_CHANGE",
    "FAILED_ROLLBACK_COMPLETE",
    "FAILED_ROLLBACK_NOT_REQUESTED",
    "FAILED_UNABLE_TO_ROLLBACK",
    "REJECTED",
]
"""The nucleus's ``DeploymentStatus``."""

_RESTARTS = {100, 101}  # what bootstrap returns for a restart of the nucleus, or of the device
_FIRST_WAIT, _LONGEST_WAIT = 0.1, 5.0  # seconds between attempts to reach the cloud
_STOP_LIMIT = 15.0  # seconds that components get to stop before the nucleus restarts
_RUN_AS = "posixUser"
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Result:
    """What became of a deployment."""

    detailed: Detailed
    error: BaseException | None = None


@dataclass(frozen=True)
class _Plan:
    """What the device is to be after the deployment."""

    recipes: Mapping[str, Recipe]
    installed: Mapping[str, Installed]
    specs: Mapping[str, Spec]
    specs_before: Mapping[str, Spec]
    left: Collection[str]


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
        wait = _FIRST_WAIT
        while not self.stopping.is_set():
            try:
                return ask()
            except UnreachableError as error:
                self.log.line(f"cloud: {error}; trying again")
            with self.turned:
                self.turned.wait_for(self.stopping.is_set, wait)
            wait = min(wait * 2, _LONGEST_WAIT)
        raise InterruptedDeploymentError

    def recipe(self, name: str, version: str) -> Recipe:
        """The recipe of a version that the device has."""
        text = self.paths.recipe(safe_name(name), safe_name(version)).read_text(encoding="utf-8")
        return recipes.parse(text, self.settings.attributes)

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
            return shop.cloud.resolve(name, local, requirements, shop.settings.attributes)

        try:
            candidate = ask() if local is not None else shop.patiently(ask)
        except UnreachableError as error:
            msg = f"Failed to negotiate a version of {name} with the cloud"
            raise DeploymentError(msg, "NETWORK_ERROR") from error
        except CloudError as error:
            raise _cloud_error(error) from error
        if candidate is None:
            raise resolution.NoVersionError
        recipe = recipes.parse(candidate.recipe, shop.settings.attributes)
        if (recipe.name, recipe.version) != (candidate.name, candidate.version) or recipe.name != name:
            msg = f"The cloud answered with the recipe of {recipe.name}-{recipe.version} when asked for {name}"
            raise DeploymentError(msg, "RESOLVE_COMPONENT_CANDIDATES_BAD_RESPONSE", kind="CLOUD_SERVICE_ERROR")
        path = shop.paths.recipe(safe_name(name), safe_name(recipe.version))
        if not path.exists() or path.read_text(encoding="utf-8") != candidate.recipe:
            write_atomically(path, candidate.recipe)
        return recipe


def deploy(deployment: Deployment, shop: Workshop) -> Result:
    """Carry out a deployment.

    Raises:
        InterruptedDeploymentError: the device stops; the deployment begins anew when it is back.
    """
    if shop.state.is_stale(deployment):
        newer = shop.state.groups[deployment.group]
        msg = (
            f"The deployment of {deployment.group} was created before deployment {newer.deployment}, which this "
            "device has already taken"
        )
        return Result("REJECTED", StaleDeploymentError(msg, "REJECTED_STALE_DEPLOYMENT"))
    try:
        plan = _prepare(deployment, shop)
    except DeploymentError as error:
        return Result("FAILED_NO_STATE_CHANGE", error)
    except (OSError, ValueError) as error:
        msg = f"The device cannot prepare the deployment: {error}"
        failure = DeploymentError(msg, "IO_ERROR")
        failure.__cause__ = error
        return Result("FAILED_NO_STATE_CHANGE", failure)
    return _activate(deployment, plan, shop)


def _prepare(deployment: Deployment, shop: Workshop) -> _Plan:
    left = _groups_left(deployment, shop)
    others = {
        name: record.roots
        for name, record in shop.state.groups.items()
        if name != deployment.group and name not in left
    }
    pins = {name: root.version for name, root in deployment.roots.items()}
    chosen = resolution.resolve(deployment.group, pins, others, DeviceStore(shop))
    if not any(recipe.is_nucleus for recipe in chosen.values()):
        # A device does not lose its nucleus because no deployment names it.
        chosen[NUCLEUS] = shop.recipe(NUCLEUS, shop.state.nucleus_version)
    shop.log.line("resolved: " + ", ".join(sorted(f"{recipe.name}-{recipe.version}" for recipe in chosen.values())))
    for recipe in chosen.values():
        artifacts.prepare(recipe, shop.paths, lambda bucket, key, file: _fetch(shop, bucket, key, file))
    installed = {name: _install(recipe, deployment, shop) for name, recipe in chosen.items()}
    return _Plan(chosen, installed, shop.assemble(installed, chosen), shop.installed_specs(), left)


def _groups_left(deployment: Deployment, shop: Workshop) -> set[str]:
    """The groups that the device has left since their last deployment; who may not ask for them keeps them all."""
    try:
        member_of = {f"thinggroup/{name}" for name in shop.patiently(shop.cloud.thing_groups)}
    except CloudError as error:
        shop.log.line(f"thing groups are not known, all are kept: {error}")
        return set()
    kept = {*member_of, deployment.group}
    return {name for name in shop.state.groups if name not in kept and not name.startswith(DEVICE_PREFIX)}


def _fetch(shop: Workshop, bucket: str, key: str, file: BinaryIO) -> None:
    def download() -> None:
        file.seek(0)
        file.truncate()
        shop.cloud.download(bucket, key, file)

    shop.patiently(download)


def _install(recipe: Recipe, deployment: Deployment, shop: Workshop) -> Installed:
    """The component's record after the deployment: version, configuration and user."""
    before = shop.state.components.get(recipe.name)
    running = before.configuration if before is not None else None
    root = deployment.roots.get(recipe.name)
    update = root.update if root is not None else None
    try:
        values, ignored = configuration.resolve(running, update, dict(recipe.defaults), deployment.created)
    except ValueError as error:
        msg = f"The configuration update of {recipe.name} is not valid: {error}"
        raise DeploymentError(msg, "DEPLOYMENT_DOCUMENT_NOT_VALID") from error
    for pointer in ignored:
        shop.log.line(f"{recipe.name}: reset of {pointer} is ignored: it could point at an element of a list")
    run_with = before.run_with if before is not None else None
    if root is not None and root.run_with is not None and _RUN_AS in root.run_with:
        run_with = str(root.run_with[_RUN_AS]) or None
    return Installed(recipe.version, configuration.apply(running, values, deployment.created), run_with)


def _activate(deployment: Deployment, plan: _Plan, shop: Workshop) -> Result:
    knobs = shop.knobs()
    if knobs.slow:
        with shop.turned:
            shop.turned.wait_for(lambda: shop.stopping.is_set() or not shop.knobs().slow, knobs.slow)
    if shop.stopping.is_set():
        raise InterruptedDeploymentError
    specs = dict(plan.specs)
    if deployment.chosen_to_fail(shop.settings.identity.thing, knobs.fail):
        victim = _victim(deployment, plan)
        specs[victim] = _failing(specs[victim])
    before, before_specs = shop.state.components, plan.specs_before
    broken_before = {name for name, status in shop.machine.statuses().items() if status.state is State.BROKEN}
    restart = plan.installed[NUCLEUS].version != shop.state.nucleus_version
    shop.state.components = dict(plan.installed)
    try:
        _run(specs, before_specs, shop, restart=restart, excused=set())
    except DeploymentError as error:
        shop.log.line(f"deployment {deployment.identifier} failed: {error}")
        if not deployment.roll_back:
            shop.state.record(deployment, plan.left)
            return Result("FAILED_ROLLBACK_NOT_REQUESTED", error)
        shop.state.components = before
        try:
            _run(before_specs, specs, shop, restart=restart, excused=_dependents(broken_before, before_specs))
        except DeploymentError as second:
            shop.log.line(f"roll-back failed: {second}")
            return Result("FAILED_UNABLE_TO_ROLLBACK", error)
        return Result("FAILED_ROLLBACK_COMPLETE", error)
    shop.state.record(deployment, plan.left)
    return Result("SUCCESSFUL")


def _run(
    specs: Mapping[str, Spec], before: Mapping[str, Spec], shop: Workshop, *, restart: bool, excused: set[str]
) -> None:
    """Make the device run ``specs``, then remove what is not among them.

    Raises:
        DeploymentError: a component broke, or a bootstrap script failed.
        InterruptedDeploymentError: the device stops.
    """
    machine = shop.machine
    bootstraps = [spec for name, spec in specs.items() if _must_bootstrap(spec, before.get(name))]
    if restart or bootstraps:
        machine.stop(_STOP_LIMIT)
        for spec in bootstraps:
            _bootstrap(spec, shop)
        shop.surroundings.nucleus_version = shop.state.nucleus_version
        shop.log.line(f"nucleus {shop.state.nucleus_version} starts")
    since = machine.apply(specs.values())
    broken = machine.wait_until_up([name for name in specs if name not in excused], since, shop.stopping.is_set)
    if shop.stopping.is_set():
        raise InterruptedDeploymentError
    if broken is not None:
        msg = f"Service {broken} in broken state after deployment"
        raise DeploymentError(msg, "COMPONENT_UPDATE_ERROR", "COMPONENT_BROKEN", kind=component_kind(broken))
    obsolete = [name for name in machine.statuses() if name not in specs]
    machine.remove(obsolete)
    machine.wait_until_gone(obsolete)


def _must_bootstrap(spec: Spec, before: Spec | None) -> bool:
    """A bootstrap step runs for a new version, and when the step itself has changed."""
    step = spec.steps.get("bootstrap")
    if step is None:
        return False
    return before is None or before.version != spec.version or before.steps.get("bootstrap") != step


def _bootstrap(spec: Spec, shop: Workshop) -> None:
    step = spec.steps["bootstrap"]
    log = shop.surroundings.log(spec.name)
    log.line(f"bootstrap: {step.script.strip()}")

    def changed() -> None:
        with shop.turned:
            shop.turned.notify_all()

    try:
        script = shop.launcher.start(
            step.script,
            folder=shop.surroundings.folder(spec.name),
            environment={**shop.surroundings.environment(spec), **spec.environment, **step.environment},
            log=log,
            changed=changed,
        )
    except (OSError, ValueError) as error:
        msg = f"Bootstrap of {spec.name} cannot be started: {error}"
        raise DeploymentError(
            msg, "COMPONENT_UPDATE_ERROR", "COMPONENT_BOOTSTRAP_ERROR", kind=component_kind(spec.name)
        ) from error
    with shop.turned:
        in_time = shop.turned.wait_for(lambda: script.exit_code is not None or shop.stopping.is_set(), step.timeout)
    code = script.exit_code
    script.reap()
    if shop.stopping.is_set():
        raise InterruptedDeploymentError
    kind = component_kind(spec.name)
    if not in_time or code is None:
        msg = f"Bootstrap of {spec.name} did not end within {step.timeout:g} seconds"
        raise DeploymentError(msg, "COMPONENT_UPDATE_ERROR", "COMPONENT_BOOTSTRAP_TIMEOUT", kind=kind)
    log.line(f"bootstrap: exit code {code}")
    if code not in _RESTARTS | {0}:
        msg = f"Bootstrap of {spec.name} failed with exit code {code}"
        raise DeploymentError(msg, "COMPONENT_UPDATE_ERROR", "COMPONENT_BOOTSTRAP_ERROR", kind=kind)


def _victim(deployment: Deployment, plan: _Plan) -> str:
    """The component that the knob ``fail`` breaks: the first private root, else any root, else the nucleus."""
    private = sorted(name for name in deployment.roots if component_kind(name) == "USER_COMPONENT_ERROR")
    return (private or sorted(deployment.roots) or sorted(plan.recipes))[0]


def _failing(spec: Spec) -> Spec:
    steps = {name: step for name, step in spec.steps.items() if name not in {"run", "startup"}}
    steps["startup"] = Step("echo 'simulated failure: the knob fail chose this deployment' >&2; exit 1", 30)
    return replace(spec, steps=steps)


def _dependents(names: set[str], specs: Mapping[str, Spec]) -> set[str]:
    """``names`` and everything that cannot start without them."""
    found = set(names)
    while True:
        more = {
            name
            for name, spec in specs.items()
            if name not in found and any(hard and other in found for other, hard in spec.dependencies.items())
        }
        if not more:
            return found
        found |= more


def _cloud_error(error: CloudError) -> DeploymentError:
    if error.status == 403:
        msg = (
            "Access denied when calling ResolveComponentCandidates. Ensure certificate policy grants "
            f"greengrass:ResolveComponentCandidates ({error.message})"
        )
        return DeploymentError(msg, "CLOUD_API_ERROR", "ACCESS_DENIED", "RESOLVE_COMPONENT_CANDIDATES_ACCESS_DENIED")
    code = error.code if error.code.isupper() else "BAD_REQUEST"
    return DeploymentError(f"Failed to resolve component candidates: {error}", "CLOUD_API_ERROR", code)
