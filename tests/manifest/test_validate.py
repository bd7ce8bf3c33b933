from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from edgewright.cli.main import main
from edgewright.errors import ExitCode
from tests.manifest.cases import BASE, HERE, project_of

ROOT = Path(__file__).resolve().parents[2]


def test_a_good_project_is_one_line_and_exit_code_0(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", "--root", str(BASE)]) == ExitCode.OK
    assert capsys.readouterr() == ("2 fleets, 4 rings, 3 component versions: fine\n", "")


def test_warnings_are_printed_and_are_no_failure(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    root = project_of(HERE / "good/merge-with-an-override", tmp_path / "a project")
    assert main(["validate", "--root", str(root)]) == ExitCode.OK
    warning, summary = capsys.readouterr().out.splitlines()
    assert warning.startswith("fleets/line/prod.yaml:20:5: warning: rings[main].components: differ from staging/twins")
    assert summary == "2 fleets, 4 rings, 3 component versions: fine, 1 warning"


def test_a_golden_set_that_is_not_there_is_told_before_a_model_needs_it(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    root = project_of(BASE, tmp_path / "a project")
    models = "models:\n  groups:\n    - {group: parts, component: com.acme.model, golden: golden/parts.json}\n"
    with (root / "edgewright.yaml").open("a", encoding="utf-8") as file:
        file.write(models)
    assert main(["validate", "--root", str(root)]) == ExitCode.OK
    warning, _ = capsys.readouterr().out.splitlines()
    assert warning.startswith("edgewright.yaml:")
    assert "warning: models.groups[0].golden: is no file of the project (got golden/parts.json)" in warning
    (root / "golden").mkdir()
    (root / "golden/parts.json").write_text("{}", encoding="utf-8")
    assert main(["validate", "--root", str(root)]) == ExitCode.OK
    assert "warning" not in capsys.readouterr().out


def test_errors_are_lines_on_standard_output_and_exit_code_1(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    root = project_of(HERE / "bad/shape-version-as-number", tmp_path / "a project")
    assert main(["validate", "--root", str(root)]) == ExitCode.USER
    out, err = capsys.readouterr()
    assert out == (HERE / "bad/shape-version-as-number/expected.txt").read_text(encoding="utf-8")
    assert err == ""


def test_json_is_the_list_of_problems(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    root = project_of(HERE / "bad/nucleus-and-cli-differ", tmp_path / "project")
    assert main(["validate", "--json", "--root", str(root)]) == ExitCode.USER
    assert json.loads(capsys.readouterr().out) == [
        {
            "file": "fleets/line/staging.yaml",
            "line": 10,
            "column": 28,
            "path": "rings[twins].components.aws.greengrass.Cli.version",
            "message": "is not of the nucleus's version line, 2.14",
            "got": "2.13.0",
            "remedy": "pin 2.14.x of both, such as 2.14.3",
            "severity": "error",
        }
    ]


def test_json_of_a_good_project_is_an_empty_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", "--json", "--root", str(BASE)]) == ExitCode.OK
    assert json.loads(capsys.readouterr().out) == []


def test_the_folder_is_this_one_unless_another_is_named(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["validate"]) == ExitCode.USER
    assert capsys.readouterr().out.splitlines()[0] == (
        "edgewright.yaml:1:1: is not there; run this in the project's folder, or name that folder with --root"
    )
    monkeypatch.chdir(BASE)
    assert main(["validate"]) == ExitCode.OK


def test_validation_needs_neither_aws_nor_pulumi() -> None:
    """It runs where only the core is installed, and without a network."""
    code = (
        "import socket, sys\n"
        "def refuse(*_, **__): raise AssertionError('a connection')\n"
        "socket.socket.connect = refuse\n"
        "from edgewright.cli.main import main\n"
        f"code = main(['validate', '--root', {str(BASE)!r}])\n"
        "heavy = {'boto3', 'botocore', 'pulumi', 'pulumi_aws', 'moto', 'onnxruntime', 'numpy', 'ruamel', 'grpc'}\n"
        "print(code, sorted(heavy & {name.partition('.')[0] for name in sys.modules}))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "0 []"


def test_the_sample_of_this_project_is_good(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", "--root", str(ROOT)]) == ExitCode.OK
    assert "warning" not in capsys.readouterr().out
