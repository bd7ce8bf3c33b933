"""What the legacy path says before it does anything."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgewright.cli.main import main

Capture = pytest.CaptureFixture[str]
ROLE = "arn:aws:iam::111111111111:role/Neo"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SAGEMAKER"):
        monkeypatch.delenv(name, raising=False)
    assert main(["component", "new", "edge-manager-model", "com.acme.parts", "--root", str(tmp_path)]) == 0
    return tmp_path


def build(root: Path, *words: str) -> int:
    return main(["component", "build", *words, "--root", str(root)])


def test_against_aws_it_begins_with_the_end_of_the_service_and_the_way_on(root: Path, capsys: Capture) -> None:
    capsys.readouterr()
    assert build(root, "com.acme.parts", "--edge-manager") == 1
    said = capsys.readouterr().err.splitlines()
    assert said[0].startswith("AWS discontinued SageMaker Edge Manager on 2024-04-26.")
    assert "packaging jobs and their component fail" in said[1]
    assert "edgewright component new onnx-model" in said[2]
    assert said[3] == "error: --job-role is missing: write --job-role ARN and --output s3://BUCKET/FOLDER"


def test_in_the_sandbox_a_line_is_enough(root: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:5")
    capsys.readouterr()
    assert build(root, "com.acme.parts", "--edge-manager", "--job-role", ROLE) == 1
    said = capsys.readouterr().err.splitlines()
    assert said == [
        "a legacy path: AWS discontinued SageMaker Edge Manager on 2024-04-26; in the sandbox it works",
        "error: --output is missing: write --job-role ARN and --output s3://BUCKET/FOLDER",
    ]


def test_without_the_flag_nothing_is_built_and_the_command_is_told(root: Path, capsys: Capture) -> None:
    command = (
        "edgewright component build com.acme.parts@1.0.0 --edge-manager --job-role ARN --output s3://BUCKET/FOLDER"
    )
    capsys.readouterr()
    assert build(root) == 0
    assert capsys.readouterr().err.endswith(f"{command}\n")
    assert build(root, "com.acme.parts") == 1
    assert capsys.readouterr().err.endswith(f"{command}\n")
    assert main(["component", "list", "--root", str(root)]) == 0
    assert capsys.readouterr().out == "com.acme.parts 1.0.0  edge-manager-model  draft, not built\n"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "--edge-manager builds one version: name it"),
        (["com.acme.none"], "'com.acme.none' is no version that SageMaker makes"),
        (["com.acme.parts@2.0.0"], "there is com.acme.parts@1.0.0"),
        (["com.acme.parts", "com.acme.parts@1.0.0"], "builds one version"),
    ],
)
def test_it_needs_one_version_that_sagemaker_makes(words: list[str], told: str, root: Path, capsys: Capture) -> None:
    assert build(root, *words, "--edge-manager") == 1
    assert told in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ["component", "export", "com.acme.parts", "--gdk", "project"],
        ["local", "deploy", "--component", "com.acme.parts@1.0.0"],
    ],
)
def test_what_has_not_been_built_is_said_to_be_that(words: list[str], root: Path, capsys: Capture) -> None:
    assert main([*words, "--root", str(root)]) == 1
    assert "com.acme.parts 1.0.0 has not been built by SageMaker" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--job-role", "--output", "--role", "--region", "--patience"])
def test_an_option_of_the_path_needs_its_flag(option: str, root: Path, capsys: Capture) -> None:
    assert build(root, option, "1") == 1
    assert f"{option} is for --edge-manager" in capsys.readouterr().err


@pytest.mark.parametrize(
    "option", [("--publisher", "Acme"), ("--model", "com.acme.x"), ("--image", "a=b@sha256:" + "a" * 64)]
)
def test_the_template_refuses_what_it_would_ignore(option: tuple[str, str], root: Path, capsys: Capture) -> None:
    assert main(["component", "new", "edge-manager-model", "com.acme.b", *option, "--root", str(root)]) == 1
    assert f"{option[0]} is for " in capsys.readouterr().err
