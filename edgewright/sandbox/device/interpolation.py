"""Recipe variables: ``{namespace:key}`` and, for direct dependencies, ``{component:namespace:key}``.

Follows ``KernelConfigResolver.interpolate``. What cannot be resolved stays as it is written and is reported as a
problem, as the nucleus logs it; a script with such a text then fails in its own way.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgewright.sandbox.device.configuration import look_up

_VARIABLE = re.compile(r"\{(?:(?P<component>[.\w-]+):)?(?P<namespace>[.\w]+):(?P<key>[^:}]*)\}")


@dataclass(frozen=True)
class Place:
    """Where a component lives on a device, and its resolved configuration."""

    name: str
    artifacts: Path
    unarchived: Path
    work: Path
    configuration: Mapping[str, Any]


@dataclass(frozen=True)
class Interpolator:
    """Replaces the recipe variables of one component.

    Args:
        own: the component itself.
        dependencies: its direct dependencies that are on the device, by name.
        root: the nucleus's root folder.
        thing: the thing's name.
        problem: takes a sentence for each variable that cannot be resolved.
    """

    own: Place
    dependencies: Mapping[str, Place]
    root: Path
    thing: str
    problem: Callable[[str], None]

    def text(self, value: str) -> str:
        """Return ``value`` with its variables replaced; values that come in are not read again."""
        return _VARIABLE.sub(self._replace, value)

    def tree(self, value: Any) -> Any:
        """Return JSON with the variables of all its strings replaced."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {key: self.tree(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.tree(item) for item in value]
        return value

    def _replace(self, found: re.Match[str]) -> str:
        component, namespace, key = found["component"], found["namespace"], found["key"]
        place = self.own if component in {None, self.own.name} else self.dependencies.get(component)
        if place is None:
            self.problem(f"{found[0]} is not interpolated: {component} is not a direct dependency of {self.own.name}")
            return found[0]
        if namespace == "configuration":
            value = self._configured(place, key)
        else:
            value = {
                ("artifacts", "path"): str(place.artifacts),
                ("artifacts", "decompressedPath"): str(place.unarchived),
                ("work", "path"): str(place.work),
                ("kernel", "rootPath"): str(self.root),
                ("iot", "thingName"): self.thing,
            }.get((namespace, key))
        if value is None:
            self.problem(f"{found[0]} is not interpolated: {place.name} has no {namespace} {key!r}")
            return found[0]
        return value

    def _configured(self, place: Place, pointer: str) -> str | None:
        try:
            value = look_up(place.configuration, pointer)
        except (KeyError, ValueError):
            return None
        if isinstance(value, str):
            return value
        return json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False)
