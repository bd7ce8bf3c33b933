"""Which components, in which versions, a device runs: the union of the deployments of its groups.

Follows ``DependencyResolver`` and ``ComponentManager``: roots are pinned exactly by every group that names them; the
components of other groups stay at the versions that are active; everything this deployment needs is negotiated with
the cloud, component by component, breadth first, with what fits locally to fall back on.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import Final, Protocol

from edgewright.sandbox.device.failures import DeploymentError
from edgewright.sandbox.device.recipes import Recipe
from edgewright.versions import Range, parse_version

_TOO_MANY_STEPS: Final = 10_000
"""More visits than any real graph needs: versions that chase one another would never settle."""

_NO_VERSION: Final = "No local or cloud component version satisfies the requirements"


class NoVersionError(Exception):
    """The cloud knows no version that satisfies the requirements."""


class Store(Protocol):
    """Where versions come from."""

    def active(self, name: str) -> Recipe | None:
        """The version that runs on the device now."""

    def local_versions(self, name: str) -> list[str]:
        """The versions whose recipe the device still has, for its platform."""

    def local_recipe(self, name: str, version: str) -> Recipe:
        """The recipe of one of ``local_versions``."""

    def negotiate(self, name: str, local: str | None, requirements: Mapping[str, str]) -> Recipe:
        """The version that the cloud chooses; ``local`` is what the device would use itself.

        Raises:
            NoVersionError: none satisfies the requirements.
            DeploymentError: the cloud refuses or fails.
        """


def exactly(version: str) -> str:
    """The requirement that a root component stands for."""
    return f"={version}"


def resolve(
    group: str,
    pins: Mapping[str, str],
    other_groups: Mapping[str, Mapping[str, str]],
    store: Store,
) -> dict[str, Recipe]:
    """Return name -> recipe of every component that the device runs after a deployment of ``group``.

    Args:
        group: the deployment's group, such as ``thinggroup/line-inspection-prod-main``.
        pins: its root components and their versions.
        other_groups: the same for every other group that the device belongs to.
        store: local and cloud versions.

    Raises:
        DeploymentError: versions conflict, are missing, or depend on one another in a circle.
    """
    graph = _Graph()
    for other, roots in other_groups.items():
        for name, version in roots.items():
            graph.require(name, other, exactly(version))
    for name in dict.fromkeys(name for roots in other_groups.values() for name in roots):
        graph.traverse(name, lambda wanted, needs: _active(wanted, needs, store))
    for name, version in pins.items():
        graph.require(name, group, exactly(version))
    for name in pins:
        graph.traverse(name, lambda wanted, needs: _negotiated(wanted, needs, store))
    resolved = graph.reachable([*pins, *(name for others in other_groups.values() for name in others)])
    _refuse_circles(resolved)
    _refuse_nucleus_surprises(resolved, pins, store)
    return resolved


class _Graph:
    """Requirements (component -> who requires -> range) and what they resolved to so far."""

    def __init__(self) -> None:
        self.requirements: dict[str, dict[str, str]] = {}
        self.resolved: dict[str, Recipe] = {}

    def require(self, name: str, by: str, requirement: str) -> None:
        self.requirements.setdefault(name, {})[by] = requirement

    def traverse(self, root: str, choose: Callable[[str, dict[str, str]], Recipe]) -> None:
        queue = deque([root])
        for _ in range(_TOO_MANY_STEPS):
            if not queue:
                return
            name = queue.popleft()
            if not self.requirements.get(name):
                continue  # only a version that was given up since required it
            before, chosen = self.resolved.get(name), choose(name, dict(self.requirements[name]))
            self.resolved[name] = chosen
            if before is not None and before.version == chosen.version:
                continue
            if before is not None:
                for dependency in before.dependencies:
                    self.requirements[dependency].pop(name, None)
            for dependency, value in chosen.dependencies.items():
                self.require(dependency, name, value.requirement)
                queue.append(dependency)
        msg = f"The versions that {root} depends on never settle; a circle of dependencies moves them."
        raise DeploymentError(msg, "COMPONENT_CIRCULAR_DEPENDENCY_ERROR")

    def reachable(self, roots: list[str]) -> dict[str, Recipe]:
        found: dict[str, Recipe] = {}
        queue = deque(roots)
        while queue:
            name = queue.popleft()
            if name not in found:
                found[name] = self.resolved[name]
                queue.extend(self.resolved[name].dependencies)
        return found


def satisfies(version: str, requirements: Mapping[str, str]) -> bool:
    """Whether ``version`` lies in every range; a range that is none satisfies nothing."""
    try:
        parsed = parse_version(version)
        return all(Range.parse(requirement).allows(parsed) for requirement in requirements.values())
    except ValueError:
        return False


def _active(name: str, requirements: dict[str, str], store: Store) -> Recipe:
    recipe = store.active(name)
    if recipe is None or not satisfies(recipe.version, requirements):
        raise _no_version(name, requirements)
    return recipe


def _negotiated(name: str, requirements: dict[str, str], store: Store) -> Recipe:
    local = _local(name, requirements, store)
    try:
        return store.negotiate(name, local.version if local is not None else None, requirements)
    except (NoVersionError, DeploymentError) as error:
        if local is not None:
            return local
        if isinstance(error, NoVersionError):
            raise _no_version(name, requirements) from None
        raise


def _local(name: str, requirements: dict[str, str], store: Store) -> Recipe | None:
    """The active version when it fits, else the latest in the store that does."""
    active = store.active(name)
    if active is not None and satisfies(active.version, requirements):
        return active
    fitting = [version for version in store.local_versions(name) if satisfies(version, requirements)]
    return store.local_recipe(name, max(fitting, key=parse_version)) if fitting else None


def _no_version(name: str, requirements: Mapping[str, str]) -> DeploymentError:
    listed = ", ".join(f"{source} requires {requirement}" for source, requirement in sorted(requirements.items()))
    msg = (
        f"{_NO_VERSION} Check whether the version constraints conflict and that the component exists in your AWS "
        "account with a version that matches the version constraints. If the version constraints conflict, revise "
        f"deployments to resolve the conflict. Component {name} version constraints: {listed}."
    )
    return DeploymentError(msg, "NO_AVAILABLE_COMPONENT_VERSION", "COMPONENT_VERSION_REQUIREMENTS_NOT_MET")


def _refuse_circles(resolved: Mapping[str, Recipe]) -> None:
    done, path = set[str](), list[str]()

    def visit(name: str) -> None:
        if name in path:
            circle = " -> ".join([*path[path.index(name) :], name])
            msg = f"Circular dependency detected for component {name}: {circle}"
            raise DeploymentError(msg, "COMPONENT_CIRCULAR_DEPENDENCY_ERROR")
        if name in done:
            return
        path.append(name)
        for dependency in resolved[name].dependencies:
            visit(dependency)
        path.pop()
        done.add(name)

    for name in resolved:
        visit(name)


def _refuse_nucleus_surprises(resolved: Mapping[str, Recipe], pins: Mapping[str, str], store: Store) -> None:
    """At most one nucleus; another minor or major version of it only when the deployment names it."""
    nuclei = [recipe for recipe in resolved.values() if recipe.is_nucleus]
    if len(nuclei) > 1:
        names = ", ".join(sorted(f"{recipe.name}-{recipe.version}" for recipe in nuclei))
        msg = f"Deployment cannot have more than 1 component of type Nucleus [{names}]"
        raise DeploymentError(msg, "MULTIPLE_NUCLEUS_RESOLVED_ERROR")
    for recipe in nuclei:
        active = store.active(recipe.name)
        if active is None or recipe.name in pins:
            continue
        before, after = parse_version(active.version), parse_version(recipe.version)
        if (before.major, before.minor) != (after.major, after.minor):
            msg = (
                f"The deployment attempts to update the nucleus from {active.name}-{active.version} to "
                f"{recipe.name}-{recipe.version} but no component of type nucleus was included as target component, "
                "please add the desired nucleus version as top level component if you wish to update the nucleus to "
                "a different minor/major version"
            )
            raise DeploymentError(msg, "UNAUTHORIZED_NUCLEUS_MINOR_VERSION_UPDATE")
