"""What a light device runs, and what a deployment makes of it: worked out once, shared by all devices alike."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Final

from edgewright.sandbox.device import artifacts, deploying, recipes, resolution
from edgewright.sandbox.device.components import State
from edgewright.sandbox.device.deploying import Detailed
from edgewright.sandbox.device.documents import Deployment
from edgewright.sandbox.device.failures import DeploymentError
from edgewright.sandbox.device.recipes import NUCLEUS_TYPE, PLUGIN_TYPE, Recipe
from edgewright.sandbox.device.reporting import configurations
from edgewright.sandbox.device.state import NUCLEUS, DeviceState, Installed

Resolve = Callable[[str, Mapping[str, str]], str | None]
"""Asks the cloud for a component within requirements; the recipe as JSON, or None when no version fits."""

_MOST_PLANS: Final = 4096
"""Plans that are remembered; devices in more different states than that are rare."""


@dataclass(frozen=True, eq=False)
class LightState:
    """What a device has installed; two are the same only if they are one object."""

    memory: DeviceState
    """Components and groups; never changed in place here."""
    recipes: Mapping[str, Recipe]
    broken: frozenset[str] = frozenset()

    def state_of(self, name: str) -> State:
        """The lifecycle state of a component: it works, or it is broken."""
        recipe = self.recipes[name]
        if name in self.broken:
            return State.BROKEN
        runs = recipe.kind == PLUGIN_TYPE or "run" in recipe.steps or "startup" in recipe.steps
        return State.RUNNING if runs else State.FINISHED

    @cached_property
    def reported(self) -> dict[str, dict[str, Any]]:
        """The components as a fleet status message shows them, by name."""
        arns = configurations(self.memory, self.recipes)
        roots = {name for record in self.memory.groups.values() for name in record.roots}
        return {name: self._shown(name, arns.get(name, []), is_root=name in roots) for name in sorted(self.recipes)}

    def _shown(self, name: str, arns: list[str], *, is_root: bool) -> dict[str, Any]:
        broken = name in self.broken
        return {
            "componentName": name,
            "version": self.recipes[name].version,
            "fleetConfigArns": arns,
            "isRoot": is_root,
            "status": self.state_of(name).value,
            "statusDetails": {
                "statusCodes": ["STARTUP_ERRORED" if broken else "NONE"],
                "statusReason": "Error during startup: exit code 1" if broken else "",
            },
        }

    def with_broken(self, broken: Collection[str]) -> LightState:
        """The same device with other components broken."""
        return replace(self, broken=frozenset(broken))


def fresh(nucleus: str) -> LightState:
    """A device as its installer left it: with a nucleus and nothing else."""
    return LightState(DeviceState(components={NUCLEUS: Installed(nucleus)}), {NUCLEUS: _nucleus(nucleus)})


def with_nucleus(state: LightState, nucleus: str) -> LightState:
    """A device whose nucleus was exchanged by hand."""
    memory = DeviceState(components=state.memory.components, groups=state.memory.groups)
    memory.set_nucleus(nucleus)
    return replace(state, memory=memory, recipes={**state.recipes, NUCLEUS: _nucleus(nucleus)})


def _nucleus(version: str) -> Recipe:
    return Recipe(NUCLEUS, version, NUCLEUS_TYPE, "AWS", {}, {}, {}, {}, ())


@dataclass(frozen=True, eq=False)
class Plan:
    """What a deployment makes of a state, if nothing goes wrong on the device itself."""

    before: LightState
    after: LightState
    starts: frozenset[str] = frozenset()
    """Components that are started by it: new ones, changed ones and broken ones."""
    downloads: bool = False
    error: DeploymentError | None = None
    detailed: Detailed = "SUCCESSFUL"


@dataclass(frozen=True)
class Outcome:
    """What became of a deployment."""

    state: LightState
    detailed: Detailed
    error: DeploymentError | None = None


@dataclass
class Planner:
    """Works out deployments for devices of one account, Region and platform.

    Args:
        attributes: what manifests are matched against.
        resolve: the cloud.
    """

    attributes: Mapping[str, str]
    resolve: Resolve
    _plans: dict[tuple[Any, ...], Plan] = field(default_factory=dict)
    _outcomes: dict[tuple[Any, ...], Outcome] = field(default_factory=dict)
    _recipes: dict[tuple[str, str], Recipe] = field(default_factory=dict)

    def plan(self, deployment: Deployment, state: LightState, left: Collection[str], stamp: object) -> Plan:
        """What ``deployment`` makes of ``state``.

        Args:
            deployment: what is to be done.
            state: the device before.
            left: groups that the device has left.
            stamp: another value when the cloud knows other versions, or the device may ask for fewer.
        """
        key = (state, deployment.identifier, frozenset(left), stamp)
        found = self._plans.get(key)
        if found is None:
            if len(self._plans) >= _MOST_PLANS:
                self._plans.clear()
                self._outcomes.clear()
            found = self._plans[key] = self._work_out(deployment, state, left)
        return found

    def carry_out(self, deployment: Deployment, plan: Plan, *, victim: str | None, full: bool) -> Outcome:
        """What becomes of a plan on a device with a component that does not start, or with a full disk."""
        key = (plan, victim, full)
        found = self._outcomes.get(key)
        if found is None:
            found = self._outcomes[key] = _carry_out(deployment, plan, victim=victim, full=full)
        return found

    def recipe(self, text: str) -> Recipe:
        """Read a recipe, once for each version."""
        parsed = recipes.parse(text, self.attributes)
        return self._recipes.setdefault((parsed.name, parsed.version), parsed)

    def known(self, name: str, version: str) -> Recipe | None:
        """The recipe of a version that was seen before."""
        return self._recipes.get((name, version))

    def _work_out(self, deployment: Deployment, state: LightState, left: Collection[str]) -> Plan:
        memory = state.memory
        if memory.is_stale(deployment):
            return Plan(state, state, error=deploying.stale(deployment, memory), detailed="REJECTED")
        pins = {name: root.version for name, root in deployment.roots.items()}
        try:
            deploying.refuse_what_is_beyond(deployment, memory)
            others = deploying.other_roots(deployment, memory, left)
            chosen = resolution.resolve(deployment.group, pins, others, _Store(self, state))
            chosen.setdefault(NUCLEUS, state.recipes[NUCLEUS])
            artifacts.refuse_without_helpers(chosen)
            moment = deploying.configuration_time(deployment, memory)
            installed = {
                name: deploying.install(recipe, deployment, memory, moment, lambda _line: None)
                for name, recipe in chosen.items()
            }
        except DeploymentError as error:
            return Plan(state, state, error=error, detailed="FAILED_NO_STATE_CHANGE")
        after = DeviceState(components=installed, groups=memory.groups)
        after.record(deployment, left)
        kept = memory.kept_versions()
        return Plan(
            before=state,
            after=LightState(after, chosen),
            starts=frozenset(name for name in chosen if _starts(name, state, installed)),
            downloads=any(
                recipe.artifacts and recipe.version not in kept.get(name, ()) for name, recipe in chosen.items()
            ),
        )


def _starts(name: str, state: LightState, installed: Mapping[str, Installed]) -> bool:
    before, after = state.memory.components.get(name), installed[name]
    if before is None or before.version != after.version or name in state.broken:
        return True
    return before.configuration.plain() != after.configuration.plain()


def _carry_out(deployment: Deployment, plan: Plan, *, victim: str | None, full: bool) -> Outcome:
    if plan.error is not None:
        return Outcome(plan.before, plan.detailed, plan.error)
    if full and plan.downloads:
        return Outcome(plan.before, "FAILED_NO_STATE_CHANGE", artifacts.disk_full())
    if victim is None:
        return Outcome(plan.after, "SUCCESSFUL")
    error = deploying.broke(victim)
    if deployment.roll_back:
        return Outcome(plan.before, "FAILED_ROLLBACK_COMPLETE", error)
    return Outcome(plan.after.with_broken({victim}), "FAILED_ROLLBACK_NOT_REQUESTED", error)


class _Store:
    """Versions that a light device has, and the cloud that knows more."""

    def __init__(self, planner: Planner, state: LightState) -> None:
        self._planner = planner
        self._state = state

    def active(self, name: str) -> Recipe | None:
        return self._state.recipes.get(name)

    def local_versions(self, name: str) -> list[str]:
        kept = self._state.memory.kept_versions().get(name, set())
        return sorted(version for version in kept if self._planner.known(name, version) is not None)

    def local_recipe(self, name: str, version: str) -> Recipe:
        found = self._planner.known(name, version)
        assert found is not None  # noqa: S101 -- of local_versions
        return found

    def negotiate(self, name: str, _local: str | None, requirements: Mapping[str, str]) -> Recipe:
        text = self._planner.resolve(name, requirements)
        if text is None:
            raise resolution.NoVersionError
        return self._planner.recipe(text)
