"""The list of AWS's own components: whole, consistent, and able to serve the sample's releases."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edgewright.manifest.load import load_project
from edgewright.sandbox.greengrassv2 import public, recipes
from edgewright.versions import Range, is_version

RECIPES = public.recipes()


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_a_recipe_is_one_that_the_service_would_store(name: str) -> None:
    assert RECIPES[name]
    for version, recipe in RECIPES[name].items():
        assert is_version(version)
        assert (recipe["ComponentName"], recipe["ComponentVersion"]) == (name, version)
        assert recipes.parse(json.dumps(recipe).encode()) == recipe


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_the_newest_version_runs_on_the_newest_nucleus(name: str) -> None:
    newest = next(iter(RECIPES[name].values()))
    for dependency, wanted in newest.get("ComponentDependencies", {}).items():
        accepted = Range.parse(wanted["VersionRequirement"])
        assert any(accepted.allows(version) for version in RECIPES[dependency])
        if dependency == "aws.greengrass.Nucleus":
            assert accepted.allows("2.14.3")


def test_every_public_pin_of_the_sample_is_there(project_root: Path) -> None:
    project = load_project(project_root)
    pins = {
        (name, component.version)
        for stage in project.stages.values()
        for ring in stage.rings
        for name, component in ring.components.items()
        if name.startswith("aws.greengrass.")
    }
    assert pins
    assert {(name, version) for name, version in pins if version not in RECIPES.get(name, {})} == set()
