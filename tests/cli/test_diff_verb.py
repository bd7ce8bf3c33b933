"""`edgewright diff` as a person and as a workflow type it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edgewright.cli.main import main
from edgewright.gitops.git import Repository
from tests.helpers.repositories import change_text, sample_repository

CANARY = "fleets/line-inspection/prod.yaml"


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """On a branch, with another model in prod/canary that is not committed yet."""
    repository = sample_repository(tmp_path / "a project")
    repository._git(["checkout", "-q", "-b", "feature"])
    change_text(repository, CANARY, 'parts-model: {version: "1.0.0"}', 'parts-model: {version: "1.1.0"}')
    return repository


def test_the_work_tree_and_commits_are_compared_with_where_the_branch_began(
    repository: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    root = ["--root", str(repository.root)]
    assert main(["diff", *root]) == 0
    shown = capsys.readouterr().out
    assert "com.acme.parts-model  1.0.0 -> 1.1.0" in shown
    assert "line-inspection/prod/canary: is ahead of staging/twins" in shown
    assert main(["diff", "main", "HEAD", *root]) == 0
    assert "no change for devices or AWS" in capsys.readouterr().out
    repository.commit("Another model")
    assert main(["diff", "main..HEAD", "--json", *root]) == 0
    document = json.loads(capsys.readouterr().out)
    (ring,) = document["fleets"][0]["rings"]
    assert (ring["stage"], ring["name"], ring["deploys"]) == ("prod", "canary", True)
    assert [(each["name"], each["before"], each["after"]) for each in ring["components"]] == [
        ("com.acme.parts-model", "1.0.0", "1.1.0")
    ]
    comment = repository.root / "out" / "comment.md"
    assert main(["diff", "--markdown", "--output", str(comment), *root]) == 0
    assert comment.read_text("utf-8").startswith("<!-- edgewright diff -->\n")
    assert capsys.readouterr().out == ""


def test_a_head_that_is_not_valid_is_told_as_validate_tells_it(
    repository: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    change_text(repository, CANARY, '"1.1.0"', '"9.9.9"')
    assert main(["diff", "--root", str(repository.root)]) == 1
    assert f"{CANARY}:15:" in capsys.readouterr().err


def test_a_base_that_was_not_valid_is_compared_as_far_as_it_goes(
    repository: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    good = (repository.root / "fleets/label-reading/prod.yaml").read_text("utf-8")
    (repository.root / "fleets/label-reading/prod.yaml").write_text("rings: [\n", "utf-8")
    repository.commit("Broken")
    broken = repository.head()
    (repository.root / "fleets/label-reading/prod.yaml").write_text(good, "utf-8")
    assert main(["diff", broken, "--root", str(repository.root)]) == 0
    shown = capsys.readouterr().out
    assert "the base's fleets/label-reading/prod.yaml cannot be read as what it is" in shown
    assert "prod/pilot added" in shown


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere"], "there is no commit 'nowhere'"),
        (["main", "--upload-pack=x"], "unrecognized arguments"),
        (["main", "HEAD", "--json", "--markdown"], "not allowed with"),
    ],
)
def test_a_wrong_call_is_one_clear_error(
    repository: Repository, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    try:
        code = main(["diff", *arguments, "--root", str(repository.root)])
    except SystemExit as error:
        code = int(str(error.code))
    assert code == 1
    assert said in capsys.readouterr().err


def test_outside_of_git_it_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", "--root", str(tmp_path)]) == 1
    assert "is in no git repository" in capsys.readouterr().err
