"""One deployment on one device, from its document to its result.

Follows ``DefaultDeploymentTask``, ``DeploymentConfigMerger``, ``DefaultActivator`` and ``CurrentDeploymentFinisher``:
resolve, download, compute the configuration; then, within the update policy, activate; then wait for every component
to be up, or roll back to the components and the configuration of before. What fails before the activation changes
nothing on the device. Longer than most modules: these are the steps of one procedure, and it reads best whole.
"""

from __future__ import annotations

import http
import shlex
import shutil
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import BinaryIO, Final, Literal

from edgewright.sandbox.device import artifacts, configuration, documents, lambda_launcher, resolution
from edgewright.sandbox.device.cloud import CloudError
from edgewright.sandbox.device.components import Spec, State
from edgewright.sandbox.device.documents import DEVICE_PREFIX, Deployment
from edgewright.sandbox.device.failures import (
    DeploymentError,
    InterruptedDeploymentError,
    StaleDeploymentError,
    component_kind,
)
from edgewright.sandbox.device.recipes import PLUGIN_TYPE, Recipe, Step
from edgewright.sandbox.device.settings import Knobs
from edgewright.sandbox.device.state import NUCLEUS, DeviceState, Installed
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
_PULL_LIMIT: Final = 600.0  # seconds for one image
_RUN_AS = "posixUser"
_TIME_SOURCE: Final = "deploymentConfigurationTimeSource"
_RESTARTING: Final = (
    ("networkProxy", "noProxyAddresses"),
    ("networkProxy", "proxy", "url"),
    ("networkProxy", "proxy", "username"),
    ("networkProxy", "proxy", "password"),
    ("runWithDefault", "posixUser"),
    ("runWithDefault", "posixShell"),
    ("mqtt", "version"),
    ("mqtt", "spooler", "storageType"),
)
"""Configuration of the nucleus whose change restarts it."""


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
        return Result("REJECTED", stale(deployment, shop.state))
    try:
        refuse_what_is_beyond(deployment, shop.state)
        deployment = _whole(deployment, shop)
        plan = _prepare(deployment, shop)
    except DeploymentError as error:
        return Result("FAILED_NO_STATE_CHANGE", error)
    except (OSError, ValueError) as error:
        msg = f"The device cannot prepare the deployment: {error}"
        failure = DeploymentError(msg, "IO_ERROR")
        failure.__cause__ = error
        return Result("FAILED_NO_STATE_CHANGE", failure)
    result = _activate(deployment, plan, shop)
    _tidy(shop, plan if result.detailed != "SUCCESSFUL" else None)
    return result


def stale(deployment: Deployment, state: DeviceState) -> StaleDeploymentError:
    """Why a deployment is refused that is older than what the device has."""
    msg = (
        f"The deployment of {deployment.group} was created before deployment "
        f"{state.groups[deployment.group].deployment}, which this device has already taken"
    )
    return StaleDeploymentError(msg, "REJECTED_STALE_DEPLOYMENT")


def refuse_what_is_beyond(deployment: Deployment, state: DeviceState) -> None:
    """Refuse a deployment that asks for more than the nucleus can do.

    Raises:
        DeploymentError: the nucleus is too old.
    """
    missing = deployment.missing_capabilities(state.nucleus_version)
    if missing:
        msg = (
            "The current nucleus version doesn't support one or more capabilities that are required by this "
            f"deployment: {', '.join(missing)}"
        )
        raise DeploymentError(msg, "NUCLEUS_MISSING_REQUIRED_CAPABILITIES")


def _whole(deployment: Deployment, shop: Workshop) -> Deployment:
    """The deployment with its configuration, which the cloud is asked for where the job had no room for it."""
    if not deployment.in_part:
        return deployment
    try:
        document = shop.patiently(lambda: shop.cloud.configuration(deployment.identifier))
    except CloudError as error:
        raise no_document(error.message, denied=error.status == http.HTTPStatus.FORBIDDEN) from error
    return replace(deployment, roots=documents.parse(document, deployment.source).roots)


def no_document(why: str, *, denied: bool) -> DeploymentError:
    """The failure of a device that cannot get the whole of a large deployment."""
    msg = (
        f"Failed to download the deployment document: {why}. Ensure certificate policy grants "
        "greengrass:GetDeploymentConfiguration"
    )
    code = "GET_DEPLOYMENT_CONFIGURATION_ACCESS_DENIED" if denied else "RESOURCE_NOT_FOUND"
    return DeploymentError(msg, "DOWNLOAD_DEPLOYMENT_DOCUMENT_ERROR", "CLOUD_API_ERROR", code)


def _prepare(deployment: Deployment, shop: Workshop) -> _Plan:
    left = _groups_left(deployment, shop)
    others = other_roots(deployment, shop.state, left)
    pins = {name: root.version for name, root in deployment.roots.items()}
    chosen = resolution.resolve(deployment.group, pins, others, DeviceStore(shop))
    if NUCLEUS not in chosen:
        # A device does not lose its nucleus because no deployment names it.
        chosen[NUCLEUS] = shop.recipe(NUCLEUS, shop.state.nucleus_version)
    shop.log.line("resolved: " + ", ".join(sorted(f"{recipe.name}-{recipe.version}" for recipe in chosen.values())))
    artifacts.refuse_without_helpers(chosen)
    room = artifacts.room_on(shop.paths, shop.state.store_limit, full=shop.knobs().disk_full)
    for recipe in chosen.values():
        artifacts.prepare(
            recipe,
            shop.paths,
            lambda bucket, key, file, recipe=recipe: _fetch(shop, recipe, bucket, key, file),  # type: ignore[misc]
            room,
            lambda image, recipe=recipe: _pull(shop, recipe, image),  # type: ignore[misc]
        )
        if recipe.name == lambda_launcher.COMPONENT:
            lambda_launcher.install(shop.paths.artifacts(recipe.name, recipe.version))
    moment = configuration_time(deployment, shop.state)
    installed = {
        name: install(recipe, deployment, shop.state, moment, shop.log.line) for name, recipe in chosen.items()
    }
    return _Plan(chosen, installed, shop.assemble(installed, chosen), shop.installed_specs(), left)


def _groups_left(deployment: Deployment, shop: Workshop) -> set[str]:
    """The groups that the device has left since their last deployment; who may not ask for them keeps them all."""
    try:
        member_of = {f"thinggroup/{name}" for name in shop.patiently(shop.cloud.thing_groups)}
    except CloudError as error:
        shop.log.line(f"thing groups are not known, all are kept: {error}")
        return set()
    return groups_left(deployment, shop.state, member_of)


def groups_left(deployment: Deployment, state: DeviceState, member_of: Collection[str]) -> set[str]:
    """The groups with a deployment on the device to which it belongs no more (``thinggroup/...``)."""
    kept = {*member_of, deployment.group}
    return {name for name in state.groups if name not in kept and not name.startswith(DEVICE_PREFIX)}


def other_roots(deployment: Deployment, state: DeviceState, left: Collection[str]) -> dict[str, Mapping[str, str]]:
    """The root components of the groups that the device still belongs to, without the deployment's own."""
    return {
        name: record.roots for name, record in state.groups.items() if name != deployment.group and name not in left
    }


def _fetch(shop: Workshop, recipe: Recipe, bucket: str, key: str, file: BinaryIO) -> None:
    def download() -> None:
        file.seek(0)
        file.truncate()
        if bucket:
            shop.cloud.download(bucket, key, file)
        else:
            shop.cloud.component_artifact(recipe.name, recipe.version, key, file)

    try:
        shop.patiently(download)
    except CloudError as error:
        denied = error.status == http.HTTPStatus.FORBIDDEN
        msg = f"the service does not give {key}: {error.message}"
        code = "GET_COMPONENT_VERSION_ARTIFACT_ACCESS_DENIED" if denied else "RESOURCE_NOT_FOUND"
        raise DeploymentError(msg, "DOWNLOAD_GREENGRASS_ARTIFACT_ERROR", "CLOUD_API_ERROR", code) from error


def configuration_time(deployment: Deployment, state: DeviceState) -> int:
    """The time (ms) that configuration keys take: the deployment's, or now where the nucleus is told so (2.15.0)."""
    root = deployment.roots.get(NUCLEUS)
    merge = root.update.merge if root is not None else None
    source = (merge or {}).get(_TIME_SOURCE, state.nucleus_option(_TIME_SOURCE))
    return int(time.time() * 1000) if source == "deploymentProcessingTime" else deployment.created


def install(
    recipe: Recipe, deployment: Deployment, state: DeviceState, moment: int, note: Callable[[str], None]
) -> Installed:
    """The component's record after the deployment: version, configuration and user.

    Raises:
        DeploymentError: a pointer of the configuration update is none.
    """
    before = state.components.get(recipe.name)
    running = before.configuration if before is not None else None
    root = deployment.roots.get(recipe.name)
    update = root.update if root is not None else None
    try:
        values, ignored = configuration.resolve(running, update, dict(recipe.defaults), moment)
    except ValueError as error:
        msg = f"The configuration update of {recipe.name} is not valid: {error}"
        raise DeploymentError(msg, "DEPLOYMENT_DOCUMENT_NOT_VALID") from error
    for pointer in ignored:
        note(f"{recipe.name}: reset of {pointer} is ignored: it could point at an element of a list")
    run_with = before.run_with if before is not None else None
    if root is not None and root.run_with is not None and _RUN_AS in root.run_with:
        run_with = str(root.run_with[_RUN_AS]) or None
    previous = None
    if before is not None:
        previous = before.previous if before.version == recipe.version else before.version
    return Installed(recipe.version, configuration.apply(running, values, moment), run_with, previous)


def _activate(deployment: Deployment, plan: _Plan, shop: Workshop) -> Result:
    _pause(shop, lambda knobs: knobs.slow, "the deployment takes its time")
    if deployment.notify:
        _pause(shop, lambda knobs: knobs.defer, "an update is put off by its components")
    specs = _spoiled(deployment, plan, shop)
    before, before_specs = shop.state.components, plan.specs_before
    broken_before = {name for name, status in shop.machine.statuses().items() if status.state is State.BROKEN}
    restart = _restarts_nucleus(plan, shop)
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


def _tidy(shop: Workshop, failed: _Plan | None) -> None:
    """Remove versions that the device no longer needs (``ComponentManager.cleanupStaleVersions``).

    What is installed stays, and the version before it; after a failure also what was to be installed.
    """
    kept = shop.state.kept_versions()
    for name, recipe in (failed.recipes if failed is not None else {}).items():
        kept.setdefault(name, set()).add(recipe.version)
    removed = shop.paths.remove_versions(kept)
    if removed:
        shop.log.line("removed from the disk: " + ", ".join(f"{name}-{version}" for name, version in removed))


def _pause(shop: Workshop, seconds: Callable[[Knobs], float], why: str) -> None:
    """Wait as long as a knob says, or until it is turned back.

    Raises:
        InterruptedDeploymentError: the device stops.
    """
    wanted = seconds(shop.knobs())
    if wanted:
        shop.log.line(f"{why}: {wanted:g} s")
        with shop.turned:
            shop.turned.wait_for(lambda: shop.stopping.is_set() or not seconds(shop.knobs()), wanted)
    if shop.stopping.is_set():
        raise InterruptedDeploymentError


def _spoiled(deployment: Deployment, plan: _Plan, shop: Workshop) -> dict[str, Spec]:
    """What is to run, with the components that are to fail on purpose made to fail."""
    thing, knobs, specs = shop.settings.identity.thing, shop.knobs(), dict(plan.specs)
    if deployment.chosen_to_fail(thing, knobs.fail):
        victim = victim_of(deployment, plan.recipes)
        specs[victim] = _failing(specs[victim], "the knob fail chose this deployment")
    statuses = shop.machine.statuses()
    for name, spec in plan.specs.items():
        status, before = statuses.get(name), plan.specs_before.get(name)
        goes_on = status is not None and before == spec and status.state in {State.RUNNING, State.FINISHED}
        if not goes_on and any(each.fails(name, spec.version, thing, deployment.identifier) for each in knobs.failing):
            specs[name] = _failing(spec, f"the fault fail-component names {name} {spec.version}")
    return specs


def _restarts_nucleus(plan: _Plan, shop: Workshop) -> bool:
    """Whether the deployment restarts the nucleus besides for bootstraps (``BootstrapManager.isBootstrapRequired``).

    Another version of it does, and a change of some of its configuration, and a plugin that goes.
    """
    before, after = shop.state.components[NUCLEUS], plan.installed[NUCLEUS]
    if before.version != after.version:
        return True
    trees = before.configuration.plain(), after.configuration.plain()
    if any(_value(trees[0], path) != _value(trees[1], path) for path in _RESTARTING):
        return True
    gone = set(plan.specs_before) - set(plan.specs)
    return any(shop.recipe(name, shop.state.components[name].version).kind == PLUGIN_TYPE for name in gone)


def _value(tree: object, path: tuple[str, ...]) -> object:
    """A value of the nucleus's configuration, or None; nothing and an empty text are the same to it."""
    for key in path:
        folded = {name.lower(): value for name, value in tree.items()} if isinstance(tree, dict) else {}
        tree = folded.get(key.lower())
    return tree or None


def _run(
    specs: Mapping[str, Spec], before: Mapping[str, Spec], shop: Workshop, *, restart: bool, excused: set[str]
) -> None:
    """Make the device run ``specs``, then remove what is not among them.

    Raises:
        DeploymentError: a component broke, or a bootstrap script failed.
        InterruptedDeploymentError: the device stops.
    """
    machine = shop.machine
    bootstraps = _in_order([spec for name, spec in specs.items() if _must_bootstrap(spec, before.get(name))])
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
        raise broke(broken)
    obsolete = [name for name in machine.statuses() if name not in specs]
    machine.remove(obsolete)
    machine.wait_until_gone(obsolete)


def broke(component: str) -> DeploymentError:
    """The failure of a deployment in which a component broke."""
    msg = f"Service {component} in broken state after deployment"
    return DeploymentError(msg, "COMPONENT_UPDATE_ERROR", "COMPONENT_BROKEN", kind=component_kind(component))


def _must_bootstrap(spec: Spec, before: Spec | None) -> bool:
    """A bootstrap step runs for a new version, and when the step itself has changed."""
    step = spec.steps.get("bootstrap")
    if step is None:
        return False
    return before is None or before.version != spec.version or before.steps.get("bootstrap") != step


def _in_order(specs: list[Spec]) -> list[Spec]:
    """Components after those that they depend on, as far as they are among ``specs``."""
    left = {spec.name: spec for spec in sorted(specs, key=lambda spec: spec.name)}
    ordered: list[Spec] = []
    while left:
        free = [spec for spec in left.values() if not any(name in left for name in spec.dependencies)]
        ordered += free or list(left.values())  # circles were refused when versions were resolved
        left = {} if not free else {name: spec for name, spec in left.items() if spec not in free}
    return ordered


def _run_script(shop: Workshop, spec: Spec, step: Step) -> int | None:
    """Run a script of a component outside of its lifecycle; returns its exit code, None when its time was over.

    Raises:
        OSError, ValueError: it cannot be started.
        InterruptedDeploymentError: the device stops.
    """

    def changed() -> None:
        with shop.turned:
            shop.turned.notify_all()

    script = shop.launcher.start(
        step.script,
        folder=shop.surroundings.folder(spec.name),
        environment={**shop.surroundings.environment(spec), **spec.environment, **step.environment},
        log=shop.surroundings.log(spec.name),
        changed=changed,
    )
    with shop.turned:
        in_time = shop.turned.wait_for(lambda: script.exit_code is not None or shop.stopping.is_set(), step.timeout)
    code = script.exit_code
    script.reap()
    if shop.stopping.is_set():
        raise InterruptedDeploymentError
    return code if in_time else None


def _pull(shop: Workshop, recipe: Recipe, image: str) -> None:
    """Let the device's own ``docker`` pull an image that it does not have (``ImageDownloader``)."""
    spec, quoted = Spec(recipe.name, recipe.version), shlex.quote(image)
    if shutil.which("docker", path=shop.surroundings.environment(spec)["PATH"]) is None:
        artifacts.no_engine(image)
    shop.surroundings.log(recipe.name).line(f"docker pull {image}")
    script = f"docker image inspect {quoted} >/dev/null 2>&1 || exec docker pull {quoted}"
    code = _run_script(shop, spec, Step(script, _PULL_LIMIT))
    if code != 0:
        how = f"failed with exit code {code}" if code is not None else f"did not end within {_PULL_LIMIT:g} seconds"
        raise DeploymentError(f"docker pull {image} {how}", "DOCKER_ERROR", "DOCKER_PULL_ERROR")


def _bootstrap(spec: Spec, shop: Workshop) -> None:
    step = spec.steps["bootstrap"]
    log = shop.surroundings.log(spec.name)
    log.line(f"bootstrap: {step.script.strip()}")
    try:
        code = _run_script(shop, spec, step)
    except (OSError, ValueError) as error:
        msg = f"Bootstrap of {spec.name} cannot be started: {error}"
        raise DeploymentError(
            msg, "COMPONENT_UPDATE_ERROR", "COMPONENT_BOOTSTRAP_ERROR", kind=component_kind(spec.name)
        ) from error
    kind = component_kind(spec.name)
    if code is None:
        msg = f"Bootstrap of {spec.name} did not end within {step.timeout:g} seconds"
        raise DeploymentError(msg, "COMPONENT_UPDATE_ERROR", "COMPONENT_BOOTSTRAP_TIMEOUT", kind=kind)
    log.line(f"bootstrap: exit code {code}")
    if code not in _RESTARTS | {0}:
        msg = f"Bootstrap of {spec.name} failed with exit code {code}"
        raise DeploymentError(msg, "COMPONENT_UPDATE_ERROR", "COMPONENT_BOOTSTRAP_ERROR", kind=kind)


def victim_of(deployment: Deployment, recipes: Mapping[str, Recipe]) -> str:
    """The component that the knob ``fail`` breaks: the first private root, else any root, else the nucleus."""
    private = sorted(name for name in deployment.roots if component_kind(name) == "USER_COMPONENT_ERROR")
    return (private or sorted(deployment.roots) or sorted(recipes))[0]


def _failing(spec: Spec, why: str) -> Spec:
    steps = {name: step for name, step in spec.steps.items() if name not in {"run", "startup"}}
    steps["startup"] = Step(f"echo {shlex.quote(f'simulated failure: {why}')} >&2; exit 1", 30)
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
