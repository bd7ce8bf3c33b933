"""One deployment on one device, from its document to its result.

Follows ``DefaultDeploymentTask``, ``DeploymentConfigMerger``, ``DefaultActivator`` and ``CurrentDeploymentFinisher``:
resolve, download, compute the configuration; then, within the update policy, activate; then wait for every component
to be up, or roll back to the components and the configuration of before. What fails before the activation changes
nothing on the device.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import BinaryIO, Literal

from edgewright.sandbox.device import artifacts, configuration, resolution
from edgewright.sandbox.device.cloud import CloudError
from edgewright.sandbox.device.components import Spec, State
from edgewright.sandbox.device.documents import DEVICE_PREFIX, Deployment
from edgewright.sandbox.device.failures import (
    DeploymentError,
    InterruptedDeploymentError,
    StaleDeploymentError,
    component_kind,
)
from edgewright.sandbox.device.recipes import Recipe, Step
from edgewright.sandbox.device.state import NUCLEUS, Installed
from edgewright.sandbox.device.workshop import DeviceStore, Workshop

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
_STOP_LIMIT = 15.0  # seconds that components get to stop before the nucleus restarts
_RUN_AS = "posixUser"


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
    if NUCLEUS not in chosen:
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
