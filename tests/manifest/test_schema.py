from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from edgewright.gitops.controlling import render
from edgewright.manifest.control_files import read_controls
from edgewright.manifest.controls import (
    Control,
    Hold,
    Quarantine,
    Stop,
    hold_file,
    quarantine_file,
    stop_file,
)
from edgewright.manifest.schema import FILES, REFERENCE, generate, write
from edgewright.source import load_file
from tests.manifest.cases import BASE, cases

ROOT = Path(__file__).resolve().parents[2]
GENERATED = generate()
# what no JSON Schema of a useful size says: quotes, and one number against another
ONLY_OF_VALIDATORS = {"shape-version-not-quoted"}


def schema_for(manifest: str) -> str:
    """Which schema a manifest is for, by its place."""
    if manifest == "edgewright.yaml":
        return "edgewright.schema.json"
    return "fleets/fleet.schema.json" if manifest.endswith("/fleet.yaml") else "fleets/stage.schema.json"


def faults(manifest: Path, relative: str) -> list[str]:
    schema = json.loads(GENERATED[schema_for(relative)])
    value: Any = load_file(manifest, relative).value
    return [error.message for error in jsonschema.Draft202012Validator(schema).iter_errors(value)]


def manifests(root: Path) -> list[str]:
    found = [*root.glob("edgewright.yaml"), *root.glob("fleets/*/*.yaml")]
    return sorted(path.relative_to(root).as_posix() for path in found)


@pytest.mark.parametrize("file", [*FILES, REFERENCE])
def test_a_generated_file_is_current(file: str) -> None:
    """To make it so: python -m edgewright.manifest.schema."""
    assert (ROOT / file).read_text(encoding="utf-8") == GENERATED[file]


def test_writing_twice_changes_nothing_the_second_time(tmp_path: Path) -> None:
    assert write(tmp_path) == [*FILES, REFERENCE]
    assert write(tmp_path) == []


@pytest.mark.parametrize("file", FILES)
def test_a_schema_is_a_schema(file: str) -> None:
    jsonschema.Draft202012Validator.check_schema(json.loads(GENERATED[file]))


@pytest.mark.parametrize("root", [ROOT, BASE, *cases("good")], ids=lambda path: path.name)
def test_good_manifests_fit_their_schema(root: Path) -> None:
    assert {relative: faults(root / relative, relative) for relative in manifests(root)} == {
        relative: [] for relative in manifests(root)
    }


@pytest.mark.parametrize(
    "case", [case for case in cases("bad") if case.name.startswith("shape-")], ids=lambda c: c.name
)
def test_a_manifest_of_a_wrong_shape_does_not_fit_its_schema(case: Path) -> None:
    found = [fault for relative in manifests(case) for fault in faults(case / relative, relative)]
    assert bool(found) == (case.name not in ONLY_OF_VALIDATORS)


def test_every_key_of_every_model_is_described() -> None:
    for file in FILES:
        schema = json.loads(GENERATED[file])
        for name, each in {"": schema, **schema.get("$defs", {})}.items():
            nameless = [key for key, value in each["properties"].items() if not value.get("description")]
            assert (file, name, nameless) == (file, name, [])


@pytest.mark.parametrize("relative", manifests(ROOT))
def test_the_sample_tells_editors_its_schema(relative: str) -> None:
    first = (ROOT / relative).read_text(encoding="utf-8").partition("\n")[0]
    match = re.fullmatch(r"# yaml-language-server: \$schema=(\S+)", first)
    assert match is not None
    assert ((ROOT / relative).parent / match[1]).resolve() == ROOT / schema_for(relative)


STOP = {"kind": "Stop", "rollbacks": "pass"}
HOLD = {"kind": "Hold", "fleet": "line", "ring": "prod/canary", "release": "sha256:" + "ab" * 32, "fastTrack": True}
QUARANTINE = {"kind": "Quarantine", "release": "sha256:" + "ab" * 32}


@pytest.mark.parametrize(
    ("model", "fields", "file"),
    [
        (Stop, STOP, stop_file("line")),
        (Hold, HOLD, hold_file("line", "prod/canary", "sha256:" + "ab" * 32)),
        (Quarantine, QUARANTINE, quarantine_file("sha256:" + "ab" * 32)),
    ],
    ids=["stop", "hold", "quarantine"],
)
def test_a_control_that_is_written_tells_editors_its_schema_and_fits_it(
    model: type[Control], fields: dict[str, Any], file: str, tmp_path: Path
) -> None:
    said = {"apiVersion": "edgewright/v1", **fields, "reason": "hot: # no", "by": "ada", "at": "2026-03-01T09:30:00Z"}
    write(tmp_path)
    path = tmp_path / file
    path.parent.mkdir(parents=True)
    path.write_text(render(model.model_validate(said)), encoding="utf-8")
    match = re.match(r"# yaml-language-server: \$schema=(\S+)\n", path.read_text(encoding="utf-8"))
    assert match is not None
    schema = json.loads((path.parent / match[1]).read_text(encoding="utf-8"))
    validator = jsonschema.Draft202012Validator(schema)
    assert load_file(path, file).value == said
    assert list(validator.iter_errors(said)) == []
    assert list(validator.iter_errors({**said, "reason": "no", "more": 1})) != []
    assert read_controls(tmp_path).problems == (), "the schemas beside the controls are none"
    (path.parent / "stop.schema.json").write_text("{}", encoding="utf-8")
    (problem,) = read_controls(tmp_path).problems
    assert "is not read, because its name does not end in .yaml" in str(problem)
