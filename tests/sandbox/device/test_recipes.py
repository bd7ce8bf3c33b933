"""What a device reads in a recipe: platform, lifecycle, artifacts, and what it refuses."""

from __future__ import annotations

import json
from typing import Any

import pytest

from edgewright.sandbox.device.failures import DeploymentError
from edgewright.sandbox.device.recipes import Artifact, Dependency, Step, parse

LINUX = {"os": "linux", "architecture": "amd64", "runtime": "aws_nucleus_classic"}


def text(*manifests: Any, **more: Any) -> str:
    return json.dumps(
        {
            "RecipeFormatVersion": "2020-01-25",
            "ComponentName": "com.acme.a",
            "ComponentVersion": "1.0.0",
            "Manifests": list(manifests),
            **more,
        }
    )


def run(name: str) -> dict[str, Any]:
    return {"Lifecycle": {"run": name}}


@pytest.mark.parametrize(
    ("platforms", "chosen"),
    [
        pytest.param([{"os": "windows"}, {"os": "linux"}], 1, id="exact"),
        pytest.param([{"os": "linux", "architecture": "aarch64"}, {"os": "linux"}], 1, id="all attributes"),
        pytest.param([{"os": "*"}, {"os": "linux"}], 0, id="the first that fits"),
        pytest.param([{"architecture": "/(amd64|aarch64)/"}], 0, id="regex"),
        pytest.param([{"architecture": "/amd/"}, {}], 1, id="a regex must fit wholly"),
        pytest.param([{"runtime": "aws_nucleus_lite"}, {"runtime": "aws_nucleus_classic"}], 1, id="runtime"),
        pytest.param([{"gpu": "yes"}, None], 1, id="an attribute that the device lacks"),
        pytest.param([{"gpu": "*"}], 0, id="any value, even none"),
        pytest.param([None], 0, id="no platform"),
    ],
)
def test_the_first_manifest_that_fits_is_taken(platforms: list[Any], chosen: int) -> None:
    manifests = [
        {**run(str(number)), **({"Platform": platform} if platform is not None else {})}
        for number, platform in enumerate(platforms)
    ]
    assert parse(text(*manifests), LINUX).steps["run"].script == str(chosen)


def test_no_manifest_that_fits_is_an_error_that_names_the_platform() -> None:
    with pytest.raises(DeploymentError, match=r"a-1\.0\.0 does not claim.*architecture: amd64, os: linux"):
        parse(text({"Platform": {"os": "windows"}}), LINUX)


def test_a_lifecycle_is_read_whatever_the_case_of_its_keys() -> None:
    lifecycle = {
        "Setenv": {"A": "1", "N": 5},
        "INSTALL": {
            "script": "i",
            "timeout": 9,
            "skipif": "onpath x",
            "requiresprivilege": "true",
            "setenv": {"B": "2"},
        },
        "Run": "r",
        "shutdown": {"Script": "s"},
    }
    recipe = parse(text({"Lifecycle": lifecycle}), LINUX)
    assert recipe.steps == {
        "install": Step("i", 9.0, "onpath x", privileged=True, environment={"B": "2"}),
        "run": Step("r", None),
        "shutdown": Step("s", 15),
    }
    assert recipe.environment == {"A": "1", "N": "5"}


def test_default_time_limits_are_those_of_the_nucleus() -> None:
    steps = ("bootstrap", "install", "startup", "run", "shutdown", "recover")
    recipe = parse(text({"Lifecycle": dict.fromkeys(steps, "x")}), LINUX)
    assert [recipe.steps[step].timeout for step in steps] == [120, 120, 120, None, 15, 60]


def test_a_global_lifecycle_is_taken_by_selections() -> None:
    lifecycle = {"install": {"fast": {"Script": "f"}, "all": {"Script": "a"}}, "run": {"all": "r"}}
    assert parse(text({"Selections": ["fast"]}, Lifecycle=lifecycle), LINUX).steps["install"].script == "f"
    assert parse(text({}, Lifecycle=lifecycle), LINUX).steps["install"].script == "a"
    assert parse(text({}, Lifecycle=lifecycle), LINUX).steps["run"].script == "r"
    assert parse(text({"Lifecycle": {"run": "own"}}, Lifecycle=lifecycle), LINUX).steps["run"].script == "own"


def test_a_recipe_without_manifests_has_its_global_lifecycle() -> None:
    assert parse(text(Lifecycle={"run": "r"}), LINUX).steps["run"].script == "r"


def test_dependencies_configuration_and_artifacts_are_read() -> None:
    recipe = parse(
        text(
            {
                "Artifacts": [
                    {"Uri": "s3://b/k/a.zip", "Unarchive": "ZIP", "Digest": "d", "Algorithm": "SHA-256",
                     "Permission": {"Read": "ALL", "Execute": "OWNER"}},
                    {"URI": "s3://b/x"},
                ]
            },
            ComponentDependencies={"x": {"VersionRequirement": "^1.0.0", "DependencyType": "SOFT"}, "y": {}},
            ComponentConfiguration={"DefaultConfiguration": {"a": 1}},
            ComponentType="aws.greengrass.plugin",
            ComponentPublisher="Acme",
        ),
        LINUX,
    )  # fmt: skip
    assert recipe.dependencies == {"x": Dependency("^1.0.0", hard=False), "y": Dependency("*", hard=True)}
    assert recipe.defaults == {"a": 1}
    assert recipe.kind == "aws.greengrass.plugin"
    assert recipe.artifacts == (
        Artifact("s3://b/k/a.zip", unarchive=True, digest="d", algorithm="SHA-256", read="ALL", execute="OWNER"),
        Artifact("s3://b/x"),
    )
    assert recipe.artifacts[0].file == "a.zip"


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param("nonsense", id="no JSON"),
        pytest.param("[]", id="no object"),
        pytest.param("{}", id="no name"),
        pytest.param(text({"Lifecycle": {"run": {"Timeout": 1}}}), id="a step without script"),
        pytest.param(text({"Lifecycle": {"run": {"Script": "x", "Timeout": "soon"}}}), id="a limit that is no number"),
        pytest.param(text({"Artifacts": [{}]}), id="an artifact without URI"),
        pytest.param(text({"Artifacts": [{"Uri": "s3://b/k", "Permission": {"Read": "SOME"}}]}), id="permission"),
        pytest.param(text({"Platform": {"os": "/(/"}}), id="a regex that is none"),
        pytest.param(text("x"), id="a manifest that is none"),
        pytest.param(text({"Lifecycle": "run"}), id="a lifecycle that is none"),
    ],
)
def test_what_is_no_recipe_is_refused(bad: str) -> None:
    with pytest.raises(DeploymentError, match="Failed to parse") as caught:
        parse(bad, LINUX)
    assert "RECIPE_PARSE_ERROR" in caught.value.codes
