from __future__ import annotations

from pathlib import Path

import pytest

from edgewright.gitops.git import GitError, Repository


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    root = tmp_path / "a folder with spaces"
    root.mkdir()
    repository = Repository.create(root, author="Ada", email="ada@acme.example")
    (root / "file").write_text("one\n")
    repository.commit("First")
    return repository


def test_commit_carries_its_trailers(repository: Repository) -> None:
    (repository.root / "file").write_text("two\n")
    commit = repository.commit("Promote", trailers={"Edgewright-Fleet": "line-inspection"})
    message = repository._git(["log", "-1", "--format=%B", commit])
    assert message.strip() == "Promote\n\nEdgewright-Fleet: line-inspection"
    assert repository.clean()


def test_revert_brings_the_bytes_back(repository: Repository) -> None:
    (repository.root / "file").write_text("two\n")
    second = repository.commit("Second")
    repository.revert(second)
    assert (repository.root / "file").read_text() == "one\n"
    assert repository.subject() == 'Revert "Second"'


def test_revert_that_conflicts_leaves_the_work_tree_as_it_was(repository: Repository) -> None:
    (repository.root / "file").write_text("two\n")
    second = repository.commit("Second")
    (repository.root / "file").write_text("three\n")
    third = repository.commit("Third")
    with pytest.raises(GitError, match="git revert failed"):
        repository.revert(second)
    assert repository.clean()
    assert repository.head() == third
    assert (repository.root / "file").read_text() == "three\n"


def test_commit_of_nothing_is_an_error(repository: Repository) -> None:
    with pytest.raises(GitError, match="nothing to commit"):
        repository.commit("Empty")


def test_a_subject_is_never_an_option(repository: Repository) -> None:
    (repository.root / "--amend").write_text("x\n")
    repository.commit("--amend")
    assert repository.subject() == "--amend"


def test_tracked_leaves_out_what_is_ignored_and_what_is_gone(repository: Repository) -> None:
    (repository.root / ".gitignore").write_text("ignored\n")
    (repository.root / "ignored").write_text("x")
    (repository.root / "néw file").write_text("x")
    (repository.root / "file").unlink()
    assert repository.tracked() == [".gitignore", "néw file"]


def test_who_runs_a_job_is_who_set_it_off_where_git_knows_nobody(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert repository.operator() == "ada@acme.example"
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(name, "/dev/null")
    repository.plumb(["config", "--unset", "user.email"])
    repository.plumb(["config", "user.useConfigOnly", "true"])
    monkeypatch.setenv("GITHUB_ACTOR", "ada-of-acme")
    assert (repository.operator(), repository.user()) == ("ada-of-acme", "edgewright@localhost")
