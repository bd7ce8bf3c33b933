"""The public components that AWS publishes, as far as the sandbox knows them (``public_components.json``).

Their recipes here have no artifacts and no scripts: on a simulated device the nucleus, the CLI and the other
components of AWS are part of the simulation. Versions and dependencies follow the developer guide's change logs; the
list is of the versions that a release may pin, not of all that ever were.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

PUBLISHED = datetime(2024, 1, 1, tzinfo=UTC)
"""One date for all: the guide does not give days."""


@cache
def recipes() -> Mapping[str, Mapping[str, dict[str, Any]]]:
    """Recipes in the service's normal form, by name and version."""
    text = (Path(__file__).parent / "public_components.json").read_text("utf-8")
    return {
        name: {version: _recipe(name, version, about) for version in about["versions"]}
        for name, about in json.loads(text).items()
    }


def _recipe(name: str, version: str, about: Mapping[str, Any]) -> dict[str, Any]:
    dependencies = {
        dependency: {"VersionRequirement": wanted["range"], "DependencyType": wanted["type"]}
        for dependency, wanted in {**about.get("dependencies", {}), **about["versions"][version]}.items()
    }
    manifests = [
        {"Name": os, "Platform": {"os": os}, "Lifecycle": {}, "Artifacts": []} for os in about.get("os", ["linux"])
    ]
    recipe: dict[str, Any] = {
        "RecipeFormatVersion": "2020-01-25",
        "ComponentName": name,
        "ComponentVersion": version,
        "ComponentType": about["type"],
        "ComponentDescription": about["description"],
        "ComponentPublisher": "AWS",
    }
    if about.get("configuration"):
        recipe["ComponentConfiguration"] = {"DefaultConfiguration": about["configuration"]}
    if dependencies:
        recipe["ComponentDependencies"] = dependencies
    return {**recipe, "Manifests": manifests, "Lifecycle": {}}
