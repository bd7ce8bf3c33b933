"""A new fleet: valid unedited, and nothing half-written."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgewright.cli.main import main
from edgewright.manifest.load import check_project, load_project
from tests.helpers.repositories import sample_copy

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A copy of the sample organisation."""
    return sample_copy(tmp_path)


def test_a_new_fleet_is_valid_unedited_and_runs_a_release_that_runs_elsewhere(root: Path, capsys: Capture) -> None:
    words = ["fleet", "new", "weld-checking", "--like", "line-inspection", "--owner", "@acme/welding"]
    assert main([*words, "--root", str(root)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"fleets/weld-checking/{each}.yaml" for each in ("fleet", "staging", "prod")
    ]
    assert check_project(root).problems == ()
    project = load_project(root)
    assert project.fleets["weld-checking"].promotion.path == ("staging/twins", "prod/canary", "prod/main")
    assert project.fleets["weld-checking"].owners == ("@acme/welding",)
    model = next(each for each in project.stages["line-inspection", "prod"].rings if each.name == "main")
    rings = [*project.stages["weld-checking", "staging"].rings, *project.stages["weld-checking", "prod"].rings]
    assert {ring.release for ring in rings} == {model.release}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["Weld"], "the fleet 'Weld' must be a name of lower-case letters"),
        (["../weld"], "the fleet '../weld' must be"),
        (["line-inspection"], "is there already; choose another name"),
        (["weld", "--like", "nothing"], "there is no fleet 'nothing'; there are label-reading, line-inspection"),
        (["weld", "--owner", "a: b"], "the owner 'a: b'"),
    ],
)
def test_what_cannot_be_made_is_told_and_nothing_is_left(
    words: list[str], said: str, root: Path, capsys: Capture
) -> None:
    before = sorted(root.rglob("*"))
    assert main(["fleet", "new", *words, "--root", str(root)]) == 1
    assert said in capsys.readouterr().err
    assert sorted(root.rglob("*")) == before
