from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPTS = Path(sys.executable).parent

pytestmark = pytest.mark.engine


def run_demo(directory: Path, path: list[str], **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [SCRIPTS / "edgewright", "demo", "--directory", directory],
        cwd=ROOT,
        env={**os.environ, "PATH": os.pathsep.join([*path, os.environ["PATH"]]), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.timeout(900)
def test_the_main_job_holds_with_the_stand_in(tmp_path: Path) -> None:
    demo = run_demo(tmp_path / "a demo", [str(SCRIPTS), str(ROOT / ".tools" / "bin")])
    assert demo.returncode == 0, demo.stdout[-6000:] + demo.stderr[-3000:]
    assert re.search(r"^(\d+) of \1 checks hold", demo.stdout, re.MULTILINE), demo.stdout[-3000:]
    assert "FALSE" not in demo.stdout
    claims = (
        "promoted: branch edgewright/promote/line-inspection/prod-main/",
        "%, wanted is 90.0%",
        "NOT MET test golden-set: golden-set failed",
        "is held back from staging/twins until edgewright release",
        "Rolled back to the release before",
        "is gone from the device",
        "drift names the ring and the component",
    )
    for claim in claims:
        assert claim in demo.stdout


@pytest.mark.timeout(900)
@pytest.mark.skipif(
    "EDGEWRIGHT_AWS_PLUGIN" not in os.environ, reason="EDGEWRIGHT_AWS_PLUGIN names no folder with an aws plugin"
)
def test_the_main_job_holds_with_a_real_aws_plugin(tmp_path: Path) -> None:
    plugin = os.environ["EDGEWRIGHT_AWS_PLUGIN"]
    assert (Path(plugin) / "pulumi-resource-aws").exists()
    demo = run_demo(tmp_path / "demo", [str(SCRIPTS), str(ROOT / ".tools" / "bin"), plugin], REALAWS_FAST="1")
    assert demo.returncode == 0, demo.stdout[-6000:] + demo.stderr[-3000:]
    assert re.search(r"^(\d+) of \1 checks hold", demo.stdout, re.MULTILINE), demo.stdout[-3000:]
