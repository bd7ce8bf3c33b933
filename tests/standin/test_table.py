"""The table of types says what pulumi-aws says, and the stand-in serves what the program uses."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pulumi
import pytest

from edgewright.provider.plugin.values import Archive, decode, encode
from edgewright.standin import types
from edgewright.standin.model import ALL_TAGS, REGION
from edgewright.standin.served import COMING, TOKENS, TYPES
from tests.helpers import projects
from tests.helpers.engine import Recording
from tests.standin.conftest import Hand

STACKS = ("tooling", "staging", "prod")


@pytest.fixture(scope="module")
def recordings() -> list[Recording]:
    """What the program registers in every stack with all that it can have."""
    full = projects.full()
    return [
        *(projects.run(full, stack) for stack in STACKS),
        projects.run(projects.with_trigger(full, kind="apiDestination"), "tooling"),
    ]


def test_the_table_is_what_the_installed_package_says(project_root: Path) -> None:
    """`python -m edgewright.standin.generate` writes it anew.

    In a process of its own: to look into single modules of pulumi-aws spoils its lazy imports for a program.
    """
    command = [sys.executable, "-c", "from edgewright.standin import generate; print(generate.text(), end='')"]
    generated = subprocess.run(command, cwd=project_root, check=True, capture_output=True, text=True).stdout
    assert (project_root / "edgewright" / "standin" / "types.json").read_text("utf-8") == generated


@pytest.mark.parametrize("token", sorted(TYPES))
def test_properties_that_are_served_exist_in_the_package(token: str) -> None:
    assert TYPES[token].properties.keys() <= types.inputs(token).keys()


@pytest.mark.parametrize("token", sorted(TYPES))
def test_regional_types_are_those_that_have_a_region(token: str) -> None:
    assert TYPES[token].regional == (REGION in types.inputs(token))


@pytest.mark.parametrize("token", sorted(TYPES))
def test_tagged_types_are_those_that_have_all_tags(token: str) -> None:
    assert TYPES[token].tagged == (ALL_TAGS in types.outputs(token))


@pytest.mark.parametrize("token", sorted(TYPES))
def test_nested_rules_stand_at_places_that_exist(token: str) -> None:
    for dotted in (*TYPES[token].nested_rules, *TYPES[token].shape.computed, *TYPES[token].shape.sets):
        _walk(types.inputs(token), dotted.split("."))


def _named(project_root: Path) -> set[str]:
    """Return the types that components name: what the sample does not switch on is the program's too."""
    source = "".join(path.read_text("utf-8") for path in (project_root / "components").glob("*.py"))
    return {
        f"aws:{service.rstrip('_')}/{name[0].lower()}{name[1:]}:{name}"
        for service, name in re.findall(r"\baws\.(\w+)\.([A-Z]\w*)\(", source)
        if not name.endswith("Args")
    }


def test_the_stand_in_serves_exactly_the_types_of_the_program(recordings: list[Recording], project_root: Path) -> None:
    used = {each.typ for recording in recordings for each in recording.resources if each.typ.startswith("aws:")}
    used |= _named(project_root)
    assert used <= TOKENS
    assert not used & COMING.keys(), "these have come"
    assert TOKENS - used <= COMING.keys()


def test_what_the_program_says_passes_the_check(recordings: list[Recording], offline: Hand) -> None:
    """So no property of the program's is refused for being one that the stand-in does not serve."""
    seen = 0
    for recording in recordings:
        for each in recording.resources:
            if each.typ in TOKENS:
                # the SDK's archives are not the engine's, and what is in them is not the check's business
                said = {
                    key: Archive(path="code.zip") if isinstance(value, pulumi.Archive) else value
                    for key, value in each.inputs.items()
                }
                inputs, _ = decode(encode(said))  # numbers as they come over the wire
                _, failures = offline.check(each.typ, inputs, name=each.name)
                assert failures == [], each.name
                seen += 1
    assert seen > 60


def test_the_provider_settings_of_the_program_are_served(recordings: list[Recording]) -> None:
    import asyncio

    from edgewright.standin import configuration

    providers = [each for recording in recordings for each in recording.of("pulumi:providers:aws")]
    assert len(providers) >= len(STACKS)
    for each in providers:
        _, failures = asyncio.run(configuration.check_config(dict(each.inputs)))
        assert failures == []


MISMATCHES: list[tuple[str, Any, list[tuple[types.Parts, str]]]] = [
    ("string", "x", []),
    ("string", None, []),
    ("string", 5, [(("p",), "Unexpected type: expected string type, got 5 of type number")]),
    ("string", True, [(("p",), "Unexpected type: expected string type, got true of type boolean")]),
    ("integer", 5, []),
    ("integer", True, [(("p",), "Unexpected type: expected integer type, got true of type boolean")]),
    ("integer", 5.5, [(("p",), "Unexpected type: expected integer type, got 5.5 of type number")]),
    ("number", 5.5, []),
    ("boolean", "true", [(("p",), 'Unexpected type: expected boolean type, got "true" of type string')]),
    ("document", "{}", []),
    ("document", {"Version": "2012-10-17"}, []),
    ("document", [], [(("p",), "Unexpected type: expected string type, got [] of type array")]),
    ("[string]", ["a", 5], [(("p", 1), "Unexpected type: expected string type, got 5 of type number")]),
    ("[string]", "a", [(("p",), 'Unexpected type: expected array type, got "a" of type string')]),
    ("{string}", {"a": 5}, [(("p", "a"), "Unexpected type: expected string type, got 5 of type number")]),
    ("{string}", [], [(("p",), "Unexpected type: expected object type, got [] of type array")]),
    ("#BucketOwnershipControlsRule", {"objectOwnership": "x"}, []),
    (
        "#BucketOwnershipControlsRule",
        {"objectOwner": "x"},
        [
            (
                ("p", "objectOwnership"),
                'Missing required argument. The argument "objectOwnership" is required, but no definition was found',
            ),
            (("p", "objectOwner"), "Invalid or unknown key"),
        ],
    ),
]


@pytest.mark.parametrize(("type_", "value", "expected"), MISMATCHES)
def test_values_are_held_against_their_types(type_: str, value: Any, expected: list[tuple[types.Parts, str]]) -> None:
    assert list(types.mismatches(type_, value, ("p",))) == expected


def test_an_unknown_value_fits_everywhere() -> None:
    from edgewright.provider.plugin import UNKNOWN

    for type_ in ("string", "integer", "document", "[string]", "{string}", "#BucketOwnershipControlsRule"):
        assert list(types.mismatches(type_, UNKNOWN, ("p",))) == []


def _walk(wanted: Any, path: list[str]) -> None:
    kind = types.bare(wanted[path[0]])
    while kind.startswith("["):
        kind = kind[1:-1]
    if path[1:]:
        _walk(types.members(kind), path[1:])
