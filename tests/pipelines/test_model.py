"""The job that a decision about a model package starts, with a verb that keeps what it is told."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.functions.test_model_events import HOSTILE

ROOT = Path(__file__).resolve().parents[2]
ARN = "arn:aws:sagemaker:eu-west-1:111111111111:model-package/parts-model/7"
FAKE = """#!/bin/sh
for each in "$@"; do printf '[%s]' "$each" >> "$HEARD"; done
echo >> "$HEARD"
exit "${SAYS:-0}"
"""


@dataclass
class Job:
    folder: Path

    def run(self, approval: str, package: str = ARN, **variables: str) -> subprocess.CompletedProcess[str]:
        environment = {
            "PATH": f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "HEARD": str(self.folder / "heard"),
            "EDGEWRIGHT_APPROVAL": approval,
            "EDGEWRIGHT_MODEL_ARN": package,
            **variables,
        }
        return subprocess.run(
            [".ci/model"], cwd=self.folder, env=environment, capture_output=True, text=True, check=False
        )

    @property
    def heard(self) -> list[str]:
        file = self.folder / "heard"
        return file.read_text("utf-8").splitlines() if file.exists() else []


@pytest.fixture
def job(tmp_path: Path) -> Job:
    (tmp_path / ".ci").mkdir()
    shutil.copy2(ROOT / ".ci" / "model", tmp_path / ".ci")
    (tmp_path / "catalog").mkdir()
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "edgewright"
    program.write_text(FAKE)
    program.chmod(0o755)
    return Job(tmp_path)


@pytest.mark.parametrize(("approval", "verb"), [("Approved", "import"), ("Rejected", "reject")])
def test_a_decision_becomes_what_it_says_about_its_package_and_no_other(job: Job, approval: str, verb: str) -> None:
    assert job.run(approval).returncode == 0
    assert job.heard == [f"[model][{verb}][{ARN}]"]


def test_what_is_refused_fails_the_job(job: Job) -> None:
    assert job.run("Approved", SAYS="2").returncode == 2


@pytest.mark.parametrize("text", [*HOSTILE, "", f"{ARN}\n{ARN}", f"{ARN} --worse", ARN.replace("/7", "/../7")])
def test_hostile_text_starts_nothing(job: Job, text: str) -> None:
    for package in (text, ARN.replace("parts-model", text) if text else text):
        assert job.run("Approved", package).returncode == 1
    assert job.run(f"Approved{text or ' '}").returncode == 1
    assert job.heard == []
    assert sorted(path.name for path in job.folder.iterdir()) == [".ci", "bin", "catalog"]
