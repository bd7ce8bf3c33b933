"""The sample organisation: in order as it is committed, and the example that the documentation points at."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgewright.catalog.catalog import Catalog
from edgewright.catalog.platforms import matches
from edgewright.manifest.load import check_project
from edgewright.manifest.model import Ring

FIRST_RELEASE = {
    "aws.greengrass.Nucleus": "2.14.3",
    "aws.greengrass.Cli": "2.14.3",
    "aws.greengrass.TokenExchangeService": "2.0.3",
    "aws.greengrass.LogManager": "2.3.11",
    "com.acme.parts-model": "1.0.0",
    "com.acme.parts-inference": "2.0.0",
}
FLEETS = ("label-reading", "line-inspection")


def rings(root: Path) -> dict[str, Ring]:
    project = check_project(root).project
    assert project is not None
    return {
        f"{fleet}/{stage}/{ring.name}": ring
        for (fleet, stage), file in project.stages.items()
        for ring in file.rings
    }  # fmt: skip


def test_the_sample_has_no_error_and_no_warning(project_root: Path) -> None:
    assert [str(each) for each in check_project(project_root).problems] == []


def test_every_private_version_is_locked_as_it_is(project_root: Path) -> None:
    catalog = Catalog.load(project_root)
    assert catalog.problems == ()
    assert {(each.name, each.version) for each in catalog} == set(catalog.lock.entries)
    assert catalog.names == ("com.acme.device-health", "com.acme.parts-inference", "com.acme.parts-model")


def test_every_recipe_covers_the_platforms_of_the_sample(project_root: Path) -> None:
    for version in Catalog.load(project_root):
        for architecture in ("amd64", "aarch64"):
            device = {"os": "linux", "architecture": architecture}
            assert any(matches(each, device) for each in version.platforms), (version.name, architecture)


def test_two_fleets_have_three_rings_each_on_one_path(project_root: Path) -> None:
    project = check_project(project_root).project
    assert project is not None
    assert sorted(project.fleets) == list(FLEETS)
    for name in FLEETS:
        path = [f"{stage}/{ring.name}" for stage, ring in project.path(name)]
        assert len(path) == 3
        assert {f"{name}/{each}" for each in path} <= set(rings(project_root))
    assert len(rings(project_root)) == 6


def test_every_ring_begins_with_the_first_release(project_root: Path) -> None:
    for name, ring in rings(project_root).items():
        pinned = {component: each.version for component, each in ring.components.items()}
        health = {"com.acme.device-health": "1.0.0"} if name.startswith("label-reading/") else {}
        assert pinned == FIRST_RELEASE | health, name
        assert "threshold" not in ring.components["com.acme.parts-inference"].config


@pytest.mark.parametrize("fleet", FLEETS)
def test_the_rings_of_a_fleet_hold_one_release(project_root: Path, fleet: str) -> None:
    """The digest is of the text, so it is the same in every account; promotion copies it as it is."""
    assert len({ring.release for name, ring in rings(project_root).items() if name.startswith(f"{fleet}/")}) == 1


def test_every_file_names_its_schema(project_root: Path) -> None:
    files = [project_root / "edgewright.yaml", *(project_root / "fleets").glob("*/*.yaml")]
    assert len(files) == 7
    for file in files:
        first = file.read_text().splitlines()[0]
        marker, _, schema = first.partition("$schema=")
        assert marker == "# yaml-language-server: "
        assert (file.parent / schema).is_file(), f"{file} names {schema}, which is not there"
