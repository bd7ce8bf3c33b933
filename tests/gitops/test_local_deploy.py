"""Local deployments: the layout and the command of greengrass-cli, and what its list says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgewright.catalog.scaffold import NewComponent, new_component
from edgewright.cli.main import main
from edgewright.errors import EdgewrightError
from edgewright.gitops.local_deploy import Listed, differences, read_list
from tests.helpers.repositories import sample_copy

Capture = pytest.CaptureFixture[str]

LISTED = """\
Jun 12, 2022 4:46:32 PM software.amazon.awssdk.eventstreamrpc.EventStreamRPCConnection$1 onConnectionSetup
INFO: Socket connection /greengrass/v2/ipc.socket:8033 to server result [AWS_ERROR_SUCCESS]
Components currently running in Greengrass:

Component Name: FleetStatusService
    Version: null
    State: RUNNING
    Configuration: null
Component Name: aws.greengrass.Nucleus
Version: 2.14.3
State: FINISHED
Configuration: {"Version: ": "9.9.9", "logging":{}}
Component Name: com.acme.parts-model
    Version: 1.0.0
    State: FINISHED
    Configuration: {}
Component Name: com.acme.parts-inference
    Version: 2.0.0
    State: BROKEN
    Configuration: {"fleet":"line-inspection"}
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A copy of the sample organisation."""
    return sample_copy(tmp_path / "an organisation")


def test_a_release_is_laid_out_and_the_command_is_exact(root: Path, capsys: Capture) -> None:
    out = root / "for one device"
    words = ["local", "deploy", "line-inspection", "staging/twins", "--root", str(root), "--out", str(out)]
    for _ in range(2):  # a second time over the first
        assert main([*words, "--group", "line-inspection-staging-twins"]) == 0
        said = capsys.readouterr()
        assert said.out == (
            "sudo /greengrass/v2/bin/greengrass-cli deployment create "
            f"--recipeDir '{out}/recipes' --artifactDir '{out}/artifacts' --update-config '{out}/update-config.json' "
            "--groupId line-inspection-staging-twins "
            "--merge com.acme.parts-inference=2.0.0 --merge com.acme.parts-model=1.0.0\n"
        )
        assert "left to the device: aws.greengrass.Cli 2.14.3" in said.err
    files = sorted(str(path.relative_to(out)) for path in out.rglob("*") if path.is_file())
    assert files == [
        "artifacts/com.acme.parts-inference/2.0.0/parts_inference.zip",
        "artifacts/com.acme.parts-model/1.0.0/metrics.json",
        "artifacts/com.acme.parts-model/1.0.0/parts-model.onnx",
        "recipes/com.acme.parts-inference-2.0.0.json",
        "recipes/com.acme.parts-model-1.0.0.json",
        "update-config.json",
    ]
    recipe = json.loads((out / "recipes" / "com.acme.parts-model-1.0.0.json").read_text(encoding="utf-8"))
    assert [each["URI"] for each in recipe["Manifests"][0]["Artifacts"]] == [
        "s3://edgewright-local/com.acme.parts-model/1.0.0/parts-model.onnx",
        "s3://edgewright-local/com.acme.parts-model/1.0.0/metrics.json",
    ]
    assert json.loads((out / "update-config.json").read_text(encoding="utf-8")) == {
        "com.acme.parts-inference": {"MERGE": {"fleet": "line-inspection", "intervalSeconds": 2}}
    }


def test_users_limits_and_resets_reach_the_command(root: Path, capsys: Capture) -> None:
    stage = root / "fleets" / "line-inspection" / "staging.yaml"
    text = stage.read_text(encoding="utf-8")
    run_with = '{posixUser: "ggc_user:ggc_group", systemResourceLimits: {memory: 1024, cpus: 0.5}}'
    pinned = 'com.acme.parts-model: {version: "1.0.0"'
    assert pinned in text
    stage.write_text(text.replace(pinned, f"{pinned}, reset: [/old], runWith: {run_with}"), encoding="utf-8")
    assert main(["local", "deploy", "line-inspection", "staging/twins", "--root", str(root)]) == 0
    command = capsys.readouterr().out
    assert "--runWith com.acme.parts-model:posixUser=ggc_user:ggc_group " in command
    assert command.endswith("""--systemLimits '{"com.acme.parts-model": {"cpus": 0.5, "memory": 1024}}'\n""")
    update = json.loads((root / ".edgewright" / "local" / "update-config.json").read_text(encoding="utf-8"))
    assert update["com.acme.parts-model"] == {"RESET": ["/old"]}


def test_a_draft_can_be_tried_before_it_is_published(root: Path, capsys: Capture) -> None:
    new_component(root, NewComponent(kind="service", name="com.acme.counter"))
    assert main(["local", "deploy", "--component", "com.acme.counter", "--root", str(root)]) == 0
    assert capsys.readouterr().out.endswith("--merge com.acme.counter=1.0.0\n")
    assert (root / ".edgewright/local/artifacts/com.acme.counter/1.0.0/service.py").is_file()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "name a release (FLEET STAGE/RING) or versions"),
        (["nobody", "staging/twins"], "there is no fleet 'nobody': the fleets are label-reading, line-inspection"),
        (
            ["line-inspection", "staging/x"],
            "has no ring 'staging/x': its rings are staging/twins, prod/canary, prod/main",
        ),
        (["line-inspection"], "has no ring '': its rings are staging/twins"),
        (["--component", "com.acme.parts-model@9.0.0"], "it has 1.2.0, 1.1.0, 1.0.0"),
        (["--component", "nobody"], "the catalog has com.acme.device-health"),
    ],
)
def test_what_is_not_there_is_told(words: list[str], said: str, root: Path, capsys: Capture) -> None:
    assert main(["local", "deploy", *words, "--root", str(root)]) == 1
    assert said in capsys.readouterr().err


def test_a_folder_with_something_else_is_left_alone(root: Path, capsys: Capture) -> None:
    words = [
        "local",
        "deploy",
        "--component",
        "com.acme.parts-model",
        "--root",
        str(root),
        "--out",
        str(root / "fleets"),
    ]
    assert main(words) == 1
    assert "holds something else than a local deployment" in capsys.readouterr().err
    assert (root / "fleets" / "line-inspection").is_dir()
    assert main([*words[:-1], str(root / "edgewright.yaml")]) == 1
    assert "edgewright.yaml is no folder; name one with --out" in capsys.readouterr().err
    assert main([*words[:-1], str(root / "edgewright.yaml" / "below")]) == 1
    assert "cannot be written: File exists" in capsys.readouterr().err


def test_the_list_of_the_command_line_is_read_whatever_stands_around_it() -> None:
    assert read_list(LISTED) == (
        Listed("FleetStatusService", "null", "RUNNING"),
        Listed("aws.greengrass.Nucleus", "2.14.3", "FINISHED"),
        Listed("com.acme.parts-model", "1.0.0", "FINISHED"),
        Listed("com.acme.parts-inference", "2.0.0", "BROKEN"),
    )


def test_a_list_that_was_copied_from_a_terminal_reads_as_the_plain_one() -> None:
    coloured = "\r\n".join(f"\x1b[0m\x1b[1;32m{line}\x1b[0m" for line in LISTED.splitlines())
    noise = "[sudo] password for pi: \r\nPicked up JAVA_TOOL_OPTIONS: -Xmx64m\r\n"
    assert read_list(noise + coloured) == read_list(LISTED)


def test_what_is_on_its_way_is_not_told_as_broken() -> None:
    text = "".join(f"Component Name: {state}\nVersion: 1.0.0\nState: {state}\n" for state in ("STARTING", "ERRORED"))
    assert differences({"STARTING": "1.0.0", "ERRORED": "1.0.0"}, read_list(text)) == [
        "ERRORED 1.0.0 is ERRORED: see /greengrass/v2/logs/ERRORED.log on the device",
        "STARTING 1.0.0 is STARTING: not there yet; ask again",
    ]


@given(text=st.text())
def test_any_other_text_is_refused_or_read_but_never_a_bug(text: str) -> None:
    said = ""
    try:
        found = read_list(text)
    except EdgewrightError as error:
        found, said = (), str(error)
    assert bool(found) != ("is not what" in said)


def test_what_a_device_lacks_is_told() -> None:
    listed = read_list(LISTED)
    wanted = {"com.acme.parts-model": "1.1.0", "com.acme.parts-inference": "2.0.0", "com.acme.device-health": "1.0.0"}
    assert differences(wanted, listed) == [
        "com.acme.device-health 1.0.0 is not on the device",
        "com.acme.parts-inference 2.0.0 is BROKEN: see /greengrass/v2/logs/com.acme.parts-inference.log on the device",
        "com.acme.parts-model is 1.0.0 on the device, wanted is 1.1.0",
    ]
    assert differences({"com.acme.parts-model": "1.0.0"}, listed) == []


def test_check_says_no_with_two(root: Path, capsys: Capture) -> None:
    file = root / "listed.txt"
    file.write_text(LISTED, encoding="utf-8")
    words = ["local", "check", "--list", str(file), "--root", str(root), "--component"]
    assert main([*words, "com.acme.parts-model@1.0.0"]) == 0
    assert capsys.readouterr().out == "1 component as wanted\n"
    assert main([*words, "com.acme.parts-inference@2.0.0"]) == 2
    assert capsys.readouterr().out.startswith("com.acme.parts-inference 2.0.0 is BROKEN: see ")
    file.write_text("nothing", encoding="utf-8")
    assert main([*words, "com.acme.parts-model"]) == 1
