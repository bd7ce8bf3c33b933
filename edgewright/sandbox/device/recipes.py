"""A recipe as a device reads it: the manifest that fits its platform, with the lifecycle in one shape.

The nucleus is laxer than the catalog: keys may have any case, and a public component's recipe has fields that a
private one may not have. What is refused here is what the nucleus refuses (``RecipeLoader``, ``PlatformResolver``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from edgewright.catalog.platforms import matches
from edgewright.sandbox.device.failures import DeploymentError

STEPS: Final = ("bootstrap", "install", "startup", "run", "shutdown", "recover")
TIMEOUTS: Final[Mapping[str, float | None]] = {
    "bootstrap": 120,
    "install": 120,
    "startup": 120,
    "run": None,
    "shutdown": 15,
    "recover": 60,
}
"""Default time limits of the lifecycle steps in seconds (``Lifecycle``, ``GenericExternalService``)."""

NUCLEUS_TYPE: Final = "aws.greengrass.nucleus"
PLUGIN_TYPE: Final = "aws.greengrass.plugin"


@dataclass(frozen=True)
class Step:
    """One lifecycle script; ``timeout`` in seconds, None for no limit."""

    script: str
    timeout: float | None = None
    skip_if: str | None = None
    privileged: bool = False
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Artifact:
    """A file to fetch: where from, what it must hash to, and who may use it."""

    uri: str
    unarchive: bool = False
    digest: str | None = None
    algorithm: str | None = None
    read: str = "OWNER"
    execute: str = "NONE"

    @property
    def file(self) -> str:
        """The last part of the URI, which is the file's name on the device."""
        return self.uri.rsplit("/", 1)[-1]

    @property
    def image(self) -> str | None:
        """The container image of a ``docker:`` artifact, None of another one."""
        scheme, _, rest = self.uri.partition(":")
        return rest if scheme.lower() == "docker" and rest else None


@dataclass(frozen=True)
class Dependency:
    """What a component needs of another; ``hard``: it restarts when the other one does."""

    requirement: str
    hard: bool = True


@dataclass(frozen=True)
class Recipe:
    """What a device needs of a recipe on its own platform."""

    name: str
    version: str
    kind: str
    publisher: str
    defaults: Mapping[str, Any]
    dependencies: Mapping[str, Dependency]
    steps: Mapping[str, Step]
    environment: Mapping[str, str]
    artifacts: tuple[Artifact, ...]

    @property
    def is_nucleus(self) -> bool:
        """Whether this is the nucleus itself."""
        return self.kind == NUCLEUS_TYPE


def parse(text: str, platform: Mapping[str, str]) -> Recipe:
    """Read a JSON recipe for a device of ``platform`` (``os``, ``architecture``, ...).

    Raises:
        DeploymentError: it is no recipe, or none of its manifests fits the platform.
    """
    try:
        document = _Keys(json.loads(text))
        name, version = str(document["ComponentName"]), str(document["ComponentVersion"])
    except (ValueError, KeyError, TypeError) as error:
        msg = f"Failed to parse a recipe: {error!r}"
        raise DeploymentError(msg, "COMPONENT_PACKAGE_LOADING_ERROR", "RECIPE_PARSE_ERROR") from error
    try:
        manifest = _select(document, platform)
        if manifest is None:
            wanted = ", ".join(f"{key}: {value}" for key, value in sorted(platform.items()))
            msg = f"The component {name}-{version} does not claim compatibility with the platform {{{wanted}}}."
            raise DeploymentError(msg, "COMPONENT_PACKAGE_LOADING_ERROR", "RECIPE_MISSING_MANIFEST")
        lifecycle = _lifecycle(document, manifest)
        configuration = _Keys(document.get("ComponentConfiguration") or {})
        return Recipe(
            name=name,
            version=version,
            kind=str(document.get("ComponentType") or "aws.greengrass.generic").lower(),
            publisher=str(document.get("ComponentPublisher") or ""),
            defaults=configuration.get("DefaultConfiguration") or {},
            dependencies={
                dependency: _dependency(_Keys(value))
                for dependency, value in (document.get("ComponentDependencies") or {}).items()
            },
            steps={step: _step(step, lifecycle[step]) for step in STEPS if lifecycle.get(step)},
            environment=_environment(lifecycle.get("Setenv")),
            artifacts=tuple(_artifact(_Keys(value)) for value in manifest.get("Artifacts") or ()),
        )
    except (AttributeError, KeyError, TypeError, ValueError, re.error) as error:
        msg = f"Failed to parse the recipe of {name}-{version}: {error!r}"
        raise DeploymentError(msg, "COMPONENT_PACKAGE_LOADING_ERROR", "RECIPE_PARSE_ERROR") from error


class _Keys(dict[str, Any]):
    """A JSON object whose keys are found whatever their case."""

    def __init__(self, value: Any) -> None:
        if not isinstance(value, dict):
            msg = f"an object is expected, not {value!r}"
            raise TypeError(msg)
        super().__init__({str(key).lower(): item for key, item in value.items()})

    def __getitem__(self, key: str) -> Any:
        return super().__getitem__(key.lower())

    def get(self, key: str, default: Any = None) -> Any:
        return super().get(key.lower(), default)


def _select(document: _Keys, platform: Mapping[str, str]) -> _Keys | None:
    """The first manifest that fits; a recipe without manifests fits everywhere with its global lifecycle."""
    manifests = document.get("Manifests")
    if not manifests:
        return _Keys({})
    for value in manifests:
        manifest = _Keys(value)
        if matches(manifest.get("Platform"), platform):
            return manifest
    return None


def _lifecycle(document: _Keys, manifest: _Keys) -> _Keys:
    own = manifest.get("Lifecycle")
    if own:
        return _Keys(own)
    selections = [str(item) for item in manifest.get("Selections") or ()] or ["all"]
    chosen = _choose(document.get("Lifecycle") or {}, [*selections, "all"])
    return _Keys(chosen if isinstance(chosen, dict) else {})


def _choose(value: Any, selections: list[str]) -> Any:
    """Take from a global lifecycle what a manifest selects, at whatever depth the selections stand."""
    if not isinstance(value, dict):
        return value
    for selection in selections:
        if selection in value:
            return _choose(value[selection], selections)
    return {key: _choose(item, selections) for key, item in value.items()}


def _dependency(value: _Keys) -> Dependency:
    return Dependency(
        requirement=str(value.get("VersionRequirement") or "*"),
        hard=str(value.get("DependencyType") or "HARD").upper() == "HARD",
    )


def _step(name: str, value: Any) -> Step:
    if isinstance(value, str):
        return Step(value, TIMEOUTS[name])
    keys = _Keys(value)
    limit = keys.get("Timeout")
    return Step(
        script=str(keys["Script"]),
        timeout=TIMEOUTS[name] if limit is None else float(limit),
        skip_if=keys.get("Skipif"),
        privileged=str(keys.get("RequiresPrivilege") or "false").lower() == "true",
        environment=_environment(keys.get("Setenv")),
    )


def _environment(value: Any) -> dict[str, str]:
    return {str(key): _text(item) for key, item in (value or {}).items()}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _artifact(value: _Keys) -> Artifact:
    permission = _Keys(value.get("Permission") or {})
    return Artifact(
        uri=str(value["Uri"]),
        unarchive=str(value.get("Unarchive") or "NONE").upper() == "ZIP",
        digest=value.get("Digest"),
        algorithm=value.get("Algorithm"),
        read=_permission(permission.get("Read"), "OWNER"),
        execute=_permission(permission.get("Execute"), "NONE"),
    )


def _permission(value: Any, default: Literal["OWNER", "NONE"]) -> str:
    text = str(value or default).upper()
    if text not in {"NONE", "OWNER", "ALL"}:
        msg = f"a permission is NONE, OWNER or ALL, not {value!r}"
        raise ValueError(msg)
    return text
