"""New components from templates: valid unedited, drafts until they are locked, and refusals that say what to do."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgewright.catalog.catalog import Catalog
from edgewright.catalog.placeholder_model import placeholder_model
from edgewright.catalog.scaffold import KINDS, NewComponent, new_component
from edgewright.cli.main import main
from edgewright.manifest.load import check_project
from tests.helpers.repositories import sample_copy

Capture = pytest.CaptureFixture[str]
WEB = "public.ecr.aws/nginx/nginx@sha256:" + "a" * 64
PRIVATE = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/app@sha256:" + "b" * 64
MORE = {
    "python-inference": ["--model", "com.acme.parts-model"],
    "docker-compose": ["--image", f"web={WEB}", "--image", f"app={PRIVATE}"],
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A copy of the sample organisation."""
    return sample_copy(tmp_path / "an organisation")


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "edge-manager-model"])  # has tests of its own
def test_a_new_component_is_valid_unedited_and_can_be_published(kind: str, root: Path, capsys: Capture) -> None:
    before = (root / "catalog.lock").read_bytes()
    assert main(["component", "new", kind, "com.acme.thing", *MORE.get(kind, []), "--root", str(root)]) == 0
    file = "lambda.yaml" if kind == "lambda-function" else "recipe.yaml"
    assert f"catalog/com.acme.thing/1.0.0/{file}\n" in capsys.readouterr().out
    checked = check_project(root)
    assert checked.problems == ()
    assert main(["component", "lint", "com.acme.thing", "--root", str(root)]) == 0
    assert capsys.readouterr().out == "1 version: fine\n"
    assert main(["component", "lock", "--root", str(root)]) == 0
    assert (root / "catalog.lock").read_bytes() == before, "a draft is not locked by the way"
    assert main(["component", "build", "--root", str(root)]) == 0
    assert main(["component", "lock", "com.acme.thing@1.0.0", "--root", str(root)]) == 0
    catalog = Catalog.load(root)
    assert catalog.problems == ()
    assert ("com.acme.thing", "1.0.0") in catalog.lock.entries
    made = catalog.get("com.acme.thing", "1.0.0")
    assert made is not None
    assert (made.kind, made.draft) == (kind, False)


def test_a_compose_application_brings_what_its_images_need(root: Path) -> None:
    wanted = NewComponent(kind="docker-compose", name="com.acme.shop", images={"web": WEB, "app": PRIVATE})
    new_component(root, wanted)
    made = Catalog.load(root).get("com.acme.shop", "1.0.0")
    assert made is not None
    assert made.recipe is not None
    assert {name: str(each.requirement) for name, each in made.dependencies.items()} == {
        "aws.greengrass.DockerApplicationManager": "~2.0.0",
        "aws.greengrass.TokenExchangeService": "^2.0.0",
    }
    assert {each.URI for each in made.recipe.artifacts} == {
        "catalog:compose.yaml", f"docker:{WEB}", f"docker:{PRIVATE}",
    }  # fmt: skip
    steps = made.recipe.lifecycle(made.recipe.Manifests[0]).steps
    assert {name: (step.Script, step.RequiresPrivilege) for name, step in steps.items()} == {
        "startup": ("docker compose up -d --pull never", True),
        "shutdown": ("docker compose down", True),
    }
    new_component(root, NewComponent(kind="docker-compose", name="com.acme.web", images={"web": WEB}))
    public = Catalog.load(root).get("com.acme.web", "1.0.0")
    assert public is not None
    assert list(public.dependencies) == ["aws.greengrass.DockerApplicationManager"]


def test_the_placeholder_is_a_model_that_runs() -> None:
    onnx = pytest.importorskip("onnx")
    ort = pytest.importorskip("onnxruntime")
    np = pytest.importorskip("numpy")
    onnx.checker.check_model(onnx.load_from_string(placeholder_model()), full_check=True)
    session = ort.InferenceSession(placeholder_model())
    (answer,) = session.run(None, {"x": np.array([2.5], np.float32)})
    assert answer.tolist() == [2.5]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["banana", "com.acme.x"], "there is no template 'banana'; there are service, onnx-model"),
        (["service", "../x"], "'../x' is no component name"),
        (["service", "aws.greengrass.Nucleus"], "is in AWS's own namespace"),
        (["service", "com.acme.x", "--version", "1.0"], "'1.0' is not one exact version"),
        (["service", "com.acme.x", "--publisher", "a\nb"], "has characters that cannot be shown"),
        (["service", "com.acme.device-health"], "is in the catalog already; take --version 1.0.1"),
        (["service", "com.acme.x", "--model", "com.acme.parts-model"], "--model is for python-inference"),
        (["python-inference", "com.acme.x"], "--model COMPONENT (the catalog has com.acme.parts-model)"),
        (["python-inference", "com.acme.x", "--model", "y"], "'y' is no model of the catalog"),
        (["docker-compose", "com.acme.x"], "name at least one container"),
        (["docker-compose", "com.acme.x", "--image", "web"], "names no service"),
        (["docker-compose", "com.acme.x", "--image", "web=nginx:latest"], "is not pinned by digest"),
        (["docker-compose", "com.acme.x", "--image", f"a b={WEB}"], "is no name of a compose service"),
        (["lambda-function", "com.acme.x", "--publisher", "Acme"], "--publisher is for recipes"),
        (["onnx-model", "com.acme.x", "--model-file", "nowhere.onnx"], "nowhere.onnx is no file"),
    ],
)
def test_what_cannot_be_made_is_told_and_nothing_is_left(
    words: list[str], said: str, root: Path, capsys: Capture
) -> None:
    before = sorted(root.rglob("*"))
    assert main(["component", "new", *words, "--root", str(root)]) == 1
    assert said in capsys.readouterr().err
    left = [each for each in sorted(root.rglob("*")) if each not in before and each.is_file()]
    assert left == []


@settings(max_examples=25, deadline=None)
@given(text=st.text(min_size=1, max_size=60).filter(str.isprintable))
def test_any_text_for_people_stays_a_text(text: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    root = tmp_path_factory.mktemp("project")
    wanted = NewComponent(kind="service", name="com.acme.x", publisher=text, description=text)
    new_component(root, wanted)
    made = Catalog.load(root).get("com.acme.x", "1.0.0")
    assert made is not None
    assert made.recipe is not None
    assert (made.recipe.ComponentDescription, made.recipe.ComponentPublisher) == (text, text)
    shutil.rmtree(root)


def test_a_draft_may_not_be_pinned(root: Path) -> None:
    new_component(root, NewComponent(kind="service", name="com.acme.device-health", version="1.1.0"))
    stage = root / "fleets" / "label-reading" / "staging.yaml"
    text = stage.read_text(encoding="utf-8").replace(
        'device-health: {version: "1.0.0"', 'device-health: {version: "1.1.0"'
    )
    stage.write_text(text, encoding="utf-8")
    (problem,) = [each for each in check_project(root).problems if each.severity == "error"]
    assert str(problem) == (
        "fleets/label-reading/staging.yaml:17:32: rings[twins].components.com.acme.device-health.version: is a draft, "
        "which may still change (got 1.1.0); publish it: edgewright component lock com.acme.device-health@1.1.0"
    )


def test_locking_takes_the_mark_away_and_nothing_else(root: Path, capsys: Capture) -> None:
    folder = new_component(root, NewComponent(kind="service", name="com.acme.x"))
    sidecar = folder / "component.yaml"
    before = sidecar.read_text(encoding="utf-8")
    assert main(["component", "lock", "com.acme.y", "--root", str(root)]) == 1
    assert "'com.acme.y' names no draft of the catalog; there is com.acme.x@1.0.0" in capsys.readouterr().err
    assert main(["component", "lock", "com.acme.x", "--root", str(root)]) == 0
    after = sidecar.read_text(encoding="utf-8")
    assert [line for line in before.splitlines() if not line.startswith("draft:")] == after.splitlines()


def test_lint_tells_of_the_versions_that_are_named(root: Path, capsys: Capture) -> None:
    folder = new_component(root, NewComponent(kind="service", name="com.acme.x"))
    recipe = folder / "recipe.yaml"
    recipe.write_text(recipe.read_text(encoding="utf-8").replace("exec python3", "sudo python3"), encoding="utf-8")
    assert main(["component", "lint", "com.acme.x@1.0.0", "--json", "--root", str(root)]) == 1
    (problem,) = json.loads(capsys.readouterr().out)
    assert "uses sudo" in problem["message"]
    assert main(["component", "lint", "com.acme.device-health", "--root", str(root)]) == 0
    assert main(["component", "lint", "com.acme.nobody", "--root", str(root)]) == 1
    assert "'com.acme.nobody' is not in the catalog" in capsys.readouterr().err


def test_the_inference_template_pins_what_the_sample_pins(project_root: Path) -> None:
    template = project_root / "edgewright/catalog/templates/python-inference/inference/requirements.txt"
    newest = Catalog.load(project_root).versions("com.acme.parts-inference")[0]
    sample = project_root / "catalog/com.acme.parts-inference" / newest / "parts_inference/requirements.txt"
    pins = [
        [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
        for path in (template, sample)
    ]
    assert pins[0] == pins[1]


@pytest.mark.parametrize("script", ["install", "startup", "shutdown"])
def test_scripts_of_the_inference_template_are_posix_shell(script: str, project_root: Path) -> None:
    path = project_root / f"edgewright/catalog/templates/python-inference/inference/{script}.sh"
    assert subprocess.run(["sh", "-n", str(path)], capture_output=True, check=False).returncode == 0
