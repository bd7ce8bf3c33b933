"""Which manifest of a recipe a device takes."""

from __future__ import annotations

import pytest

from edgewright.catalog.platforms import matches, select_manifest

PI = {"os": "linux", "architecture": "arm", "architecture.detail": "armv7l", "runtime": "aws_nucleus_classic"}


@pytest.mark.parametrize(
    ("wanted", "fits"),
    [
        (None, True),
        ({}, True),
        ({"os": "linux"}, True),
        ({"os": "windows"}, False),
        ({"os": "*"}, True),
        ({"os": "/linux|darwin/"}, True),
        ({"os": "/lin/"}, False),
        ({"os": "linux", "architecture": "aarch64"}, False),
        ({"os": "linux", "architecture": "arm", "architecture.detail": "/armv[67]l/"}, True),
        ({"runtime": "aws_nucleus_lite"}, False),
        ({"gpu": "*"}, True),
        ({"gpu": "/.*/"}, False),
        ({"os": "/"}, False),
    ],
)
def test_a_platform_fits_by_value_wildcard_or_expression(wanted: dict[str, str] | None, fits: bool) -> None:  # noqa: FBT001 -- a table
    assert matches(wanted, PI) is fits


def test_the_first_manifest_that_fits_wins() -> None:
    recipe = {
        "Manifests": [
            {"Name": "windows", "Platform": {"os": "windows"}},
            {"Name": "arm", "Platform": {"os": "linux", "architecture": "arm"}},
            {"Name": "any"},
        ]
    }
    assert (select_manifest(recipe, PI) or {})["Name"] == "arm"
    assert (select_manifest(recipe, {"os": "darwin"}) or {})["Name"] == "any"


def test_a_device_that_no_manifest_fits_takes_none() -> None:
    assert select_manifest({"Manifests": [{"Platform": {"os": "windows"}}]}, PI) is None
