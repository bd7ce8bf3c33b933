"""What a person does in a shell: `eval "$(edgewright sandbox env)"` and then plain commands."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edgewright.gitops.git import Repository
from edgewright.sandbox.control import Sandbox

ROOT = Path(__file__).parents[2]
SCRIPTS = Path(sys.executable).parent

pytestmark = pytest.mark.engine

Shell = Callable[[str], subprocess.CompletedProcess[str]]


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    """A shell in a copy of the project, in a folder with a space, with a sandbox that is up."""
    root = tmp_path / "a copy"
    for name in Repository(ROOT).tracked():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, root / name)
    Repository.create(root, author="Ada", email="ada@acme.example").commit("As it is")
    path = os.pathsep.join([str(SCRIPTS), str(ROOT / ".tools" / "bin"), os.environ["PATH"]])

    def run(script: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["sh", "-c", script],
            cwd=root,
            env={**os.environ, "PATH": path},
            capture_output=True,
            text=True,
            check=False,
        )

    up = run("edgewright sandbox up")
    assert up.returncode == 0, up.stderr
    try:
        yield run
    finally:
        Sandbox.stop_any(root / ".edgewright" / "sandbox")


@pytest.mark.timeout(600)
def test_the_environment_is_enough_and_the_checkout_stays_clean(shell: Shell) -> None:
    """And a destroy of the root of trust is refused before anything is gone."""
    inside = 'eval "$(edgewright sandbox env)" && '
    up = shell(inside + "pulumi up -s tooling --yes --skip-preview")
    assert up.returncode == 0, up.stdout
    seen = shell(
        inside + "python -c \"import boto3; print(*[b['Name'] for b in boto3.client('s3').list_buckets()['Buckets']])\""
    )
    assert seen.stdout.split() == ["acme-artifacts-111111111111-eu-west-1"], seen.stderr
    destroy = shell(inside + "pulumi destroy -s tooling --yes")
    assert destroy.returncode != 0
    assert "protect" in destroy.stdout
    again = shell(inside + "pulumi preview -s tooling --expect-no-changes")
    assert again.returncode == 0, again.stdout
    assert shell("git status --porcelain").stdout == ""
