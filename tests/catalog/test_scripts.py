"""Scripts that a version ships are held to what a step is held to, when a step names them."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgewright.catalog.catalog import Catalog
from edgewright.catalog.lint import CREDENTIALS
from edgewright.catalog.placeholder_model import placeholder_model
from edgewright.catalog.scaffold import NewComponent, new_component
from edgewright.errors import EdgewrightError

RECIPE = """\
RecipeFormatVersion: "2020-01-25"
ComponentName: com.acme.reader
ComponentVersion: "1.0.0"
Manifests:
  - Lifecycle:
      Setenv: {{HOME_OF_IT: "{{artifacts:decompressedPath}}/app"}}
      run: {script}
    Artifacts:
      - {{URI: "catalog:app.zip", Unarchive: ZIP}}
"""


def lint(root: Path, files: dict[str, str | bytes], script: str = "sh $HOME_OF_IT/run.sh", more: str = "") -> list[str]:
    """What is said of a version that ships an archive with these files."""
    folder = root / "catalog/com.acme.reader/1.0.0"
    (folder / "app").mkdir(parents=True)
    (folder / "recipe.yaml").write_text(RECIPE.format(script=f"'{script}'"))
    (folder / "component.yaml").write_text(f"kind: service\ndraft: true\n{more}")
    for name, content in {"app/main.py": "pass\n", **files}.items():
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    said = [str(each) for each in Catalog.load(root).problems if "catalog.lock" not in each.file]
    return [each.removeprefix("catalog/com.acme.reader/1.0.0/") for each in said]


@pytest.mark.parametrize(
    ("command", "rule"),
    [
        ("/usr/bin/sudo reboot", "uses sudo"),
        ("echo `sudo id`", "uses sudo"),
        ('"$VENV/bin/pip" install reader', "(got reader)"),
        ("pip install reader==1.*", "(got reader==1.*)"),
        (
            "pip install git+https://code.example.org/reader.git@main",
            "(got git+https://code.example.org/reader.git@main)",
        ),
        ("docker compose -f x.yaml up --detach", "ends while what it began runs on"),
        ("/usr/local/bin/aws s3 cp s3://bucket/file .", "calls AWS"),
    ],
)
def test_other_ways_to_write_a_command_are_found(command: str, rule: str, tmp_path: Path) -> None:
    assert rule in "\n".join(lint(tmp_path, {}, script=command))


def test_a_script_that_a_step_names_is_read_with_what_it_installs(tmp_path: Path) -> None:
    run = "#!/bin/sh\r\n# sudo is not used\r\nsudo modprobe v4l2\r\npip install \\\n  numpy\n"
    run += "pip install -r requirements.txt\n"
    needs = (
        "numpy==2.4.6 \\\n    --hash=sha256:00\n# comment\n-r other.txt\nreader>=1\nlib @ https://x.example/lib.whl\n"
    )
    said = lint(tmp_path, {"app/run.sh": run, "app/requirements.txt": needs})
    assert [each.split(";")[0] for each in said] == [
        "app/requirements.txt:5:1: warning: installs whatever version is newest when a device deploys (got reader>=1)",
        "app/run.sh:3:1: uses sudo, which asks for a password on most devices (got sudo modprobe v4l2)",
        "app/run.sh:4:1: installs whatever version is newest when a device deploys (got numpy)",
    ]


def test_a_script_that_no_step_names_is_left_alone_and_a_reason_excuses_one_that_is(tmp_path: Path) -> None:
    assert lint(tmp_path / "a", {"app/vendored.sh": "sudo make install\n"}) == []
    reason = "justification: {sudo: the image lets this user do it without a password}\n"
    assert lint(tmp_path / "b", {"app/run.sh": "sudo id\n"}, more=reason) == []


def test_imports_say_what_a_device_needs(tmp_path: Path) -> None:
    python = "import os\n    import torch.nn as nn\nfrom torch import cuda\nimport boto3\nimport torchless\n"
    said = lint(tmp_path, {"app/main.py": python, "app/bad.py": b"\xff\x00import boto\n"})
    assert [each.split(";")[0] for each in said] == [
        "app/main.py:2:1: warning: brings a framework for training to devices (got torch)",
        f"app/main.py:4:1: warning: calls AWS, whose credentials come from {CREDENTIALS}, which is no dependency",
    ]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (placeholder_model(), None),
        (b"", "model.onnx:1:1: is empty, and should be a model"),
        (b"<!DOCTYPE html><script>", "warning: is no whole ONNX model"),
        (placeholder_model()[:-3], "warning: is no whole ONNX model"),
        (b"\x08\x08", "warning: is no whole ONNX model"),
        (b"\xff" * 40, "warning: is no whole ONNX model"),
    ],
)
def test_a_model_that_no_device_could_load_is_told(content: bytes, told: str | None, tmp_path: Path) -> None:
    folder = new_component(tmp_path, NewComponent(kind="onnx-model", name="com.acme.digits"))
    (folder / "model.onnx").write_bytes(content)
    said = [str(each) for each in Catalog.load(tmp_path).problems if "catalog.lock" not in each.file]
    assert (said == []) if told is None else (len(said) == 1 and told in said[0]), said


def test_an_empty_file_is_no_model_to_begin_with(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").touch()
    with pytest.raises(EdgewrightError, match=r"model\.onnx is empty"):
        new_component(
            tmp_path, NewComponent(kind="onnx-model", name="com.acme.digits", model_file=tmp_path / "model.onnx")
        )
    assert not (tmp_path / "catalog/com.acme.digits/1.0.0").exists()
