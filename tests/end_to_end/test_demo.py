from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPTS = Path(sys.executable).parent

TOOLS = [str(SCRIPTS), str(ROOT / ".tools" / "bin")]
PLUGIN = os.environ.get("EDGEWRIGHT_AWS_PLUGIN")
WHOLE = ("-m", "edgewright.cli", "demo", "--directory")
SHORT = (
    "-c",
    (
        "import sys; from pathlib import Path; from edgewright.gitops.demo.story import SHORT, tell; "
        "sys.exit(tell(Path.cwd(), Path(sys.argv[1]), chapters=SHORT))"
    ),
)

pytestmark = [pytest.mark.engine, pytest.mark.timeout(900)]


def run_demo(
    what: tuple[str, ...], directory: Path, path: list[str], **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *what, directory],
        cwd=ROOT,
        env={**os.environ, "PATH": os.pathsep.join([*path, os.environ["PATH"]]), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def assert_that_it_holds(demo: subprocess.CompletedProcess[str], *claims: str) -> None:
    assert demo.returncode == 0, demo.stdout[-6000:] + demo.stderr[-3000:]
    assert re.search(r"^(\d+) of \1 checks hold", demo.stdout, re.MULTILINE), demo.stdout[-3000:]
    assert "FALSE" not in demo.stdout
    for claim in ("every online device predicts with model 1.0.0", "the preview shows exactly one update", *claims):
        assert claim in demo.stdout


def assert_that_all_of_it_holds(demo: subprocess.CompletedProcess[str]) -> None:
    assert_that_it_holds(
        demo,
        "Rolled back to the release before",
        "is held back from staging/twins until edgewright release",
        "drift names the ring and the component",
        "promoted: branch edgewright/promote/line-inspection/prod-main/",
        "%, wanted is 90.0%",
        "NOT MET test golden-set: golden-set failed",
        "is gone from the device",
        "the report has fleets, devices and history",
    )


def test_the_main_job_holds_with_the_stand_in(tmp_path: Path) -> None:
    """All of it; where a real plugin does all of it, the stand-in does what is the aws plugin's to do."""
    demo = run_demo(SHORT if PLUGIN else WHOLE, tmp_path / "a demo", TOOLS)
    (assert_that_it_holds if PLUGIN else assert_that_all_of_it_holds)(demo)


@pytest.mark.skipif(PLUGIN is None, reason="EDGEWRIGHT_AWS_PLUGIN names no folder with an aws plugin")
def test_the_main_job_holds_with_a_real_aws_plugin(tmp_path: Path) -> None:
    assert PLUGIN is not None
    assert (Path(PLUGIN) / "pulumi-resource-aws").exists()
    assert_that_all_of_it_holds(run_demo(WHOLE, tmp_path / "demo", [*TOOLS, PLUGIN], REALAWS_FAST="1"))
