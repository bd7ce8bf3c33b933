"""compile.yaml: every fault at its place with a remedy, and the words of botocore's model, no more and no fewer."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import Any, get_args

import botocore.session
import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgewright.catalog import edge_model
from edgewright.catalog.catalog import Catalog
from edgewright.catalog.edge_model import read_edge_model
from edgewright.catalog.scaffold import NewComponent, new_component
from edgewright.manifest.schema import schema_of
from edgewright.source import load_file, load_yaml
from tests.helpers.golden import Golden

BAD = sorted((Path(__file__).parent / "compile-bad").glob("*.yaml"))


def _shape(*path: str) -> Any:
    shape: Any = botocore.session.get_session().get_service_model("sagemaker").operation_model(path[0]).input_shape
    for step in path[1:]:
        shape = shape.members[step]
    return shape


@pytest.mark.parametrize(
    ("words", "path"),
    [
        (edge_model.Framework, ("InputConfig", "Framework")),
        (edge_model.TargetDevice, ("OutputConfig", "TargetDevice")),
        (edge_model.Os, ("OutputConfig", "TargetPlatform", "Os")),
        (edge_model.Arch, ("OutputConfig", "TargetPlatform", "Arch")),
        (edge_model.Accelerator, ("OutputConfig", "TargetPlatform", "Accelerator")),
    ],
)
def test_the_words_are_those_of_the_api(words: Any, path: tuple[str, ...]) -> None:
    assert sorted(get_args(words)) == sorted(_shape("CreateCompilationJob", *path).enum)


def test_the_limits_are_those_of_the_api() -> None:
    name = _shape("CreateEdgePackagingJob", "ModelName").metadata
    assert (name["max"], name["pattern"]) == (63, edge_model.JOB_NAME.pattern)
    assert _shape("CreateCompilationJob", "CompilationJobName").metadata == name
    pending = _shape("CreateCompilationJob", "StoppingCondition", "MaxPendingTimeInSeconds").metadata
    assert pending == {"min": 1800, "max": 2_419_200}
    assert _shape("CreateEdgePackagingJob", "ModelVersion").metadata["max"] == 30


@pytest.mark.parametrize("case", BAD, ids=lambda path: path.stem)
def test_bad_settings_are_refused_in_these_words(case: Path, golden: Golden) -> None:
    _, problems = read_edge_model(load_file(case, "compile.yaml"))
    assert problems, "a bad case without a problem is no bad case"
    golden(f"compile-bad/{case.stem}.txt", "".join(f"{each}\n" for each in problems))


# what takes two keys to see, or a length as JSON, or what the file itself is called: validators alone say it
ONLY_OF_VALIDATORS = {
    "component-of-another-system", "framework-version-for-onnx", "model-is-the-recipe", "options-too-long",
    "shapes-missing", "shapes-of-zero", "shapes-without-names", "target-android", "target-missing",
    "target-nvidia-without-options", "target-of-another-architecture", "target-twice",
}  # fmt: skip


def test_the_schema_for_editors_takes_what_the_template_begins_and_refuses_bad_shapes(tmp_path: Path) -> None:
    schema = jsonschema.Draft202012Validator(schema_of(edge_model.EdgeModel, "compile.yaml"))
    folder = tmp_path / "catalog/com.acme.parts/1.0.0"
    new_component(tmp_path, NewComponent(kind="edge-manager-model", name="com.acme.parts"))
    text = (folder / "compile.yaml").read_text("utf-8")
    match = re.match(r"# yaml-language-server: \$schema=(\S+)\n", text)
    assert match is not None
    assert (folder / match[1]).resolve() == (tmp_path / "catalog" / edge_model.SETTINGS_SCHEMA).resolve()
    written: Any = load_yaml(text, "compile.yaml").value
    lists = {**written, "framework": "PYTORCH", "dataInputConfig": [[1, 3, 224, 224]], "frameworkVersion": "1.8"}
    core_ml = {**written, "dataInputConfig": {"x": {"shape": [1, 2], "default_shape": [1, 2]}}}
    for good in (written, lists, core_ml):
        assert [error.message for error in schema.iter_errors(good)] == []
    refused = {case.stem for case in BAD if list(schema.iter_errors(load_file(case, "compile.yaml").value))}
    assert {case.stem for case in BAD} - refused == ONLY_OF_VALIDATORS


def test_the_bad_cases_are_found() -> None:
    assert len(BAD) >= 15


@given(st.text(max_size=300))
def test_no_text_is_too_strange_to_be_read(text: str) -> None:
    parsed, problems = read_edge_model(load_yaml(text, "compile.yaml"))
    assert parsed.model is None or not any(each.severity == "error" for each in problems)


NAMES = st.from_regex(r"\A[a-zA-Z0-9_-][a-zA-Z0-9._-]{0,127}\Z").filter(
    lambda name: not name.lower().startswith("aws.")
)
VERSIONS = st.sampled_from(["1.0.0", "999999.999999.999999", "1.0.0-rc.1+build.5", "1.0.0-" + "a" * 40])


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("catalogs")


@settings(max_examples=25)
@given(name=NAMES, version=VERSIONS, description=st.text(max_size=40).filter(str.isprintable))
def test_the_template_is_valid_whatever_the_component_is_called(
    shared: Path, name: str, version: str, description: str
) -> None:
    root = Path(tempfile.mkdtemp(dir=shared))
    wanted = NewComponent(kind="edge-manager-model", name=name, version=version, description=description)
    new_component(root, wanted)
    catalog = Catalog.load(root)
    assert catalog.problems == ()
    assert catalog.sources[name, version].ready
    assert catalog.is_unbuilt(name, version)


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda folder: (folder / "model.onnx").unlink(), "compile.yaml:6:1: model: there is no "),
        (
            lambda folder: (folder / "notes.txt").write_text("x"),
            "notes.txt:1:1: is neither the model that compile.yaml",
        ),
        (
            lambda folder: (folder / "component.yaml").write_text("kind: edge-manager-model\n"),
            "component.yaml:1:1: draft: is no draft, and SageMaker has not made it yet; add the line draft: true",
        ),
        (lambda folder: (folder / "compile.yaml").write_text("- a\n"), "compile.yaml:1:1: must be a mapping"),
        (lambda folder: (folder / "compile.yaml").unlink(), "has no recipe.yaml"),
    ],
)
def test_a_draft_that_cannot_be_built_says_why(spoil: Any, told: str, tmp_path: Path) -> None:
    folder = new_component(tmp_path, NewComponent(kind="edge-manager-model", name="com.acme.parts"))
    spoil(folder)
    catalog = Catalog.load(tmp_path)
    assert any(told in str(each) for each in catalog.problems), [str(each) for each in catalog.problems]
    source = catalog.sources.get(("com.acme.parts", "1.0.0"))
    assert source is None or not source.ready
