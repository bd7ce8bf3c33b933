"""Every template, unedited, on a device of the sandbox; the compose application talks to a docker that is played."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from edgewright.aws.session import session
from edgewright.catalog.catalog import Catalog
from edgewright.catalog.scaffold import NewComponent, new_component
from edgewright.cli.main import main
from edgewright.gitops.golden import answers
from edgewright.gitops.golden.rows import GoldenSet, measure
from edgewright.manifest.load import check_project, load_project
from edgewright.sandbox.control import Sandbox
from tests.helpers.functions import BASE
from tests.helpers.roles import make_deploy_role
from tests.sandbox.device.fleet import Fleet, until

SERVICE, MODEL, INFERENCE = "com.acme.service", "com.acme.model", "com.acme.inference"
COMPOSE = "com.acme.compose"


@pytest.fixture
def fleet(sandbox: Sandbox) -> Iterator[Fleet]:
    made = Fleet(sandbox)
    sandbox.start_devices()
    yield made
    sandbox.stop_devices()


def test_a_service_a_model_and_an_inference_component_run_unedited(fleet: Fleet, tmp_path: Path) -> None:
    new_component(tmp_path, NewComponent(kind="service", name=SERVICE))
    new_component(tmp_path, NewComponent(kind="onnx-model", name=MODEL))
    new_component(tmp_path, NewComponent(kind="python-inference", name=INFERENCE, model=MODEL))
    for name in (SERVICE, MODEL, INFERENCE):
        fleet.publish(name, "1.0.0", tmp_path)
    fleet.add("twin-001")
    job = fleet.deploy({"aws.greengrass.Nucleus": "2.14.3", SERVICE: "1.0.0", MODEL: "1.0.0", INFERENCE: "1.0.0"})
    assert fleet.ends(job, ["twin-001"]) == {"twin-001": "SUCCEEDED"}, fleet.story(["twin-001"])
    assert fleet.installed("twin-001") == {
        "aws.greengrass.Nucleus": ("2.14.3", "FINISHED"),
        SERVICE: ("1.0.0", "RUNNING"),
        MODEL: ("1.0.0", "FINISHED"),
        INFERENCE: ("1.0.0", "RUNNING"),
    }
    work = fleet.work("twin-001", INFERENCE)
    for name, content in (("a", '{"x": [2.5]}'), ("b", "no request")):
        (work / f"{name}.new").write_text(content)
        (work / f"{name}.new").replace(work / "requests" / f"{name}.json")
    predictions = work / "predictions.jsonl"
    assert until(lambda: predictions.exists() and predictions.read_text().count("\n") == 2), fleet.story(["twin-001"])
    good, bad = (json.loads(line) for line in predictions.read_text().splitlines())
    assert (good["thing"], good["outputs"]) == ("twin-001", {"y": [2.5]})
    assert bad["error"].startswith("JSONDecodeError")
    assert until((fleet.work("twin-001", SERVICE) / "work.jsonl").exists)
    # as `edgewright test golden-set` asks it, by what its component.yaml says
    made = Catalog.load(tmp_path).get(INFERENCE, "1.0.0")
    assert made is not None
    assert made.sidecar is not None
    form = made.sidecar.requests
    assert form is not None
    golden = GoldenSet.parse(json.dumps({"inputs": {"x": [2.5, 1, 7]}, "labels": [0, 0, 1]}), "golden.json")
    measured = measure(golden, form, answers.ask(work, golden, form, patience=60), thing="twin-001")
    assert (measured.answered, measured.right, measured.errors) == (3, 2, ())
    assert measured.latency_p95 is not None
    assert (answers.memory_of(work, form) or 0) > 10_000_000


DOCKER = """\
#!/bin/sh
# plays Docker: images are a file, containers are what compose.yaml names; every call is kept
echo "$*" >> "$0.calls"
case "$1 $2" in
  "image inspect"|"images "*) exit 0 ;;
  "compose up") cat "$COMPOSE_FILE" > "$0.up" ;;
  "compose down") rm -f "$0.up" ;;
esac
exit 0
"""


@pytest.fixture
def docker(fleet: Fleet) -> Iterator[Path]:
    """A docker for all devices: a device's own folder is made anew when the device is switched on."""
    program = fleet.sandbox.directory / "devices" / "bin" / "docker"
    program.parent.mkdir(parents=True, exist_ok=True)
    program.write_text(DOCKER)
    program.chmod(0o755)
    yield program
    shutil.rmtree(program.parent)


def test_a_compose_application_comes_up_and_goes_down_by_a_docker_that_is_played(
    fleet: Fleet, docker: Path, tmp_path: Path
) -> None:
    image = "docker.io/library/nginx@sha256:" + "a" * 64
    new_component(tmp_path, NewComponent(kind="docker-compose", name=COMPOSE, images={"web": image}))
    fleet.publish(COMPOSE, "1.0.0", tmp_path)
    fleet.add("twin-001")
    base = {"aws.greengrass.Nucleus": "2.14.3", "aws.greengrass.DockerApplicationManager": "2.0.12"}
    job = fleet.deploy({**base, COMPOSE: "1.0.0"})
    assert fleet.ends(job, ["twin-001"]) == {"twin-001": "SUCCEEDED"}, fleet.story(["twin-001"])
    assert fleet.installed("twin-001")[COMPOSE] == ("1.0.0", "RUNNING")
    calls = (docker.parent / "docker.calls").read_text().splitlines()
    assert "compose up -d --pull never" in calls
    assert f"image: {image}" in (docker.parent / "docker.up").read_text()
    job = fleet.deploy(base)
    assert fleet.ends(job, ["twin-001"]) == {"twin-001": "SUCCEEDED"}, fleet.story(["twin-001"])
    assert COMPOSE not in fleet.installed("twin-001")
    assert (docker.parent / "docker.calls").read_text().splitlines()[-1].startswith(("compose down", "image", "rmi"))
    assert not (docker.parent / "docker.up").exists()


FUNCTION = "com.acme.function"
"""Of a draft that is published by the command line, with the rights that a stage's deploy role has."""


@pytest.fixture
def project(fleet: Fleet, tmp_path: Path, project_root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The sample's manifests and catalog, and the deploy role of staging as the tooling stack makes it for them."""
    root = tmp_path / "project"
    for name in ("catalog", "fleets", "golden"):
        shutil.copytree(project_root / name, root / name)
    for name in ("edgewright.yaml", "catalog.lock"):
        shutil.copy2(project_root / name, root / name)
    for key, value in fleet.sandbox.aws_environment().items():
        monkeypatch.setenv(key, value)
    monkeypatch.delenv("HTTP_PROXY")
    session.cache_clear()  # of sandboxes that were emptied since
    assert main(["component", "new", "lambda-function", FUNCTION, "--root", str(root)]) == 0
    make_deploy_role(fleet.sandbox, "staging", load_project(root))
    return root


def test_a_function_is_published_by_the_command_line_and_runs_unedited(
    fleet: Fleet, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check_project(project).problems == ()
    assert main(["component", "build", "--root", str(project)]) == 0
    assert "    function.zip sha256:" in capsys.readouterr().out
    publish = ["component", "publish", FUNCTION, "--stage", "staging", "--root", str(project)]
    assert main(publish) == 0
    said = capsys.readouterr()
    assert f"components:{FUNCTION}:versions:1.0.0 is DEPLOYABLE, content sha256:" in said.out
    assert main(publish) == 0
    assert f"adopted {FUNCTION} 1.0.0, which exists with the same content" in capsys.readouterr().err
    for service, call, found in (("lambda", "list_functions", "Functions"), ("iam", "list_roles", "Roles")):
        listed = getattr(fleet.sandbox.client(service, "staging"), call)()[found]
        assert "lambda" not in str(listed), "what was needed to make the version is gone"
    fleet.add("twin-001")
    job = fleet.deploy({"aws.greengrass.Nucleus": "2.14.3", **BASE, FUNCTION: "1.0.0"})
    assert fleet.ends(job, ["twin-001"]) == {"twin-001": "SUCCEEDED"}, fleet.story(["twin-001"])
    assert fleet.installed("twin-001")[FUNCTION] == ("1.0.0", "RUNNING")
