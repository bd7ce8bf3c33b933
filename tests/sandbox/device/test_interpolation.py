"""Recipe variables: which are filled in, and what happens to the others."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgewright.sandbox.device.interpolation import Interpolator, Place

ROOT = Path("/d")


def place(name: str, **configuration: object) -> Place:
    return Place(name, ROOT / name / "artifacts", ROOT / name / "unarchived", ROOT / name / "work", configuration)


PROBLEMS: list[str] = []
OWN = place(
    "com.acme.a",
    text="it's",
    number=5,
    half=0.5,
    yes=True,
    nothing=None,
    deep={"b": [1, {"c": "x"}]},
    loop="{iot:thingName}",
)
FILL = Interpolator(
    OWN, {"com.acme.parts-model": place("com.acme.parts-model", key="v")}, ROOT, "cam-001", PROBLEMS.append
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{artifacts:path}/x", "/d/com.acme.a/artifacts/x"),
        ("{artifacts:decompressedPath}", "/d/com.acme.a/unarchived"),
        ("{work:path}", "/d/com.acme.a/work"),
        ("{kernel:rootPath}", "/d"),
        ("{iot:thingName}", "cam-001"),
        ("{configuration:/text}", "it's"),
        ("{configuration:/number} {configuration:/half}", "5 0.5"),
        ("{configuration:/yes} {configuration:/nothing}", "true null"),
        ("{configuration:/deep/b/1/c}", "x"),
        ("{configuration:/deep}", '{"b":[1,{"c":"x"}]}'),
        ("{com.acme.parts-model:artifacts:path}", "/d/com.acme.parts-model/artifacts"),
        ("{com.acme.parts-model:configuration:/key}", "v"),
        ("{com.acme.a:configuration:/key}", "{com.acme.a:configuration:/key}"),
        ("{com.acme.a:work:path}", "/d/com.acme.a/work"),
        ("{configuration:/loop}", "{iot:thingName}"),
        ("${HOME:-x} {} {a} '{\"a\": 1}' ${x}", "${HOME:-x} {} {a} '{\"a\": 1}' ${x}"),
        ("awk '{print $1}' {work:path}", "awk '{print $1}' /d/com.acme.a/work"),
        ("{com.acme.other:work:path}", "{com.acme.other:work:path}"),
        ("{work:paths}", "{work:paths}"),
        ("{configuration:/missing}", "{configuration:/missing}"),
        ("{configuration:text}", "{configuration:text}"),
    ],
)
def test_variables_are_filled_in(text: str, expected: str) -> None:
    assert FILL.text(text) == expected


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "{com.acme.other:work:path}",
            "{com.acme.other:work:path} is not interpolated: com.acme.other is not a direct dependency of com.acme.a",
        ),
        ("{work:paths}", "{work:paths} is not interpolated: com.acme.a has no work 'paths'"),
        (
            "{com.acme.a:configuration:/no}",
            "{com.acme.a:configuration:/no} is not interpolated: com.acme.a has no configuration '/no'",
        ),
    ],
)
def test_what_is_not_filled_in_is_told(text: str, problem: str) -> None:
    PROBLEMS.clear()
    FILL.text(text)
    assert [problem] == PROBLEMS


def test_whole_configurations_are_filled_in() -> None:
    assert FILL.tree({"a": ["{iot:thingName}", 1, None], "b": {"c": "{work:path}"}}) == {
        "a": ["cam-001", 1, None],
        "b": {"c": "/d/com.acme.a/work"},
    }


def test_the_whole_configuration_can_be_asked_for() -> None:
    fill = Interpolator(place("a", x=1), {}, ROOT, "t", PROBLEMS.append)
    assert fill.text("{configuration:/}") == '{"x":1}'
