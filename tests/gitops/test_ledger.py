from __future__ import annotations

import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from edgewright.gitops.git import Repository
from edgewright.gitops.ledger import BRANCH, Ledger
from tests.gitops.events import bare, clone, event, git


@pytest.fixture
def remote(tmp_path: Path) -> Path:
    """A bare remote with one commit on main."""
    remote = bare(tmp_path / "the remote.git")
    first = clone(remote, tmp_path / "first")
    (first.root / "file").write_text("one\n")
    first.commit("First")
    git("push", "--quiet", "origin", "main", at=first.root)
    return remote


@pytest.fixture
def repository(remote: Path, tmp_path: Path) -> Repository:
    return clone(remote, tmp_path / "a clone")


def test_what_was_appended_is_read_back_oldest_first(repository: Repository) -> None:
    ledger = Ledger(repository)
    later, earlier = event(at="2026-03-02T09:30:00Z"), event("Promoted", at="2026-03-02T10:00:00+02:00")
    other = event(fleet="labels")
    ledger.append([later, earlier, other])
    assert ledger.events() == [other, earlier, later]
    assert ledger.events("line") == [earlier, later]
    assert ledger.events("lab") == []


def test_the_users_work_tree_and_index_are_left_alone(repository: Repository) -> None:
    (repository.root / "file").write_text("mine, not staged\n")
    (repository.root / "new").write_text("mine, staged\n")
    git("add", "new", at=repository.root)
    before = git("status", "--porcelain=v2", "--branch", at=repository.root)
    Ledger(repository).append([event()])
    assert git("status", "--porcelain=v2", "--branch", at=repository.root) == before
    shown = git("log", "--format=%s", BRANCH, at=repository.root)
    assert shown == "Record Approved\n"


def test_the_same_event_twice_is_one_file_and_one_commit(repository: Repository) -> None:
    ledger = Ledger(repository)
    assert ledger.append([event()]) == ledger.append([event()])
    assert len(ledger.events()) == 1
    assert git("rev-list", "--count", BRANCH, at=repository.root).strip() == "1"


def test_many_writers_at_once_lose_nothing(remote: Path, tmp_path: Path) -> None:
    """Three clones and, in each, two processes: pushes are refused and repeated, the local branch moves under them."""
    clones = [clone(remote, tmp_path / f"clone-{number}") for number in range(3)]
    written = [event(note=f"{number}") for number in range(6)]

    def append(number: int) -> None:
        Ledger(clones[number % 3]).append([written[number]])

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(append, range(6)))
    fresh = Ledger(clone(remote, tmp_path / "fresh"))
    assert sorted(each.model_dump_json() for each in fresh.events()) == sorted(
        each.model_dump_json() for each in written
    )


def test_what_could_not_be_pushed_goes_along_with_the_next(
    remote: Path, repository: Repository, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    away = remote.rename(tmp_path / "away.git")
    Ledger(repository).append([event(note="offline")])
    assert "the ledger may be old" in capsys.readouterr().err
    away.rename(remote)
    other = Ledger(clone(remote, tmp_path / "other"))
    other.append([event(note="meanwhile")])
    Ledger(repository).append([event(note="online")])
    assert sorted(each.note for each in other.events()) == ["meanwhile", "offline", "online"]  # type: ignore[union-attr]


def test_a_ledger_that_was_reset_on_the_remote_gets_back_what_is_known_here(
    repository: Repository, remote: Path, tmp_path: Path
) -> None:
    ledger = Ledger(repository)
    ledger.append([event(note="first")])
    first = repository.resolve(BRANCH)
    ledger.append([event(note="second")])
    git("update-ref", f"refs/heads/{BRANCH}", str(first), at=remote)
    ledger.append([event(note="third")])
    fresh = Ledger(clone(remote, tmp_path / "fresh"))
    assert sorted(each.note for each in fresh.events()) == ["first", "second", "third"]  # type: ignore[union-attr]


def test_a_repository_without_a_remote_keeps_its_own(tmp_path: Path) -> None:
    root = tmp_path / "alone"
    root.mkdir()
    ledger = Ledger(Repository.create(root, author="Ada", email="ada@acme.example"))
    assert ledger.events() == []
    ledger.append([event()])
    assert ledger.events() == [event()]


def test_a_machine_without_an_author_can_write(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As a fresh CI runner is."""
    git("config", "--unset", "user.name", at=repository.root)
    git("config", "--unset", "user.email", at=repository.root)
    git("config", "user.useConfigOnly", "true", at=repository.root)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", "/dev/null")
    Ledger(repository).append([event()])
    assert git("log", "-1", "--format=%an", BRANCH, at=repository.root) == "Edgewright\n"


def test_an_event_of_another_version_is_left_out_and_told(
    repository: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    ledger = Ledger(repository)
    ledger.append([event()])
    blob = subprocess.run(
        ["git", "hash-object", "-w", "--stdin"],
        cwd=repository.root, input='{"kind": "Teleported"}', capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    index = {"GIT_INDEX_FILE": str(repository.root / ".git" / "other-index")}
    repository.plumb(["read-tree", BRANCH], environment=index)
    repository.plumb(
        ["update-index", "--add", "--cacheinfo", f"100644,{blob},events/line/2026/x.json"], environment=index
    )
    tree = repository.plumb(["write-tree"], environment=index).strip()
    commit = repository.plumb(["commit-tree", tree, "-p", BRANCH, "-m", "odd"]).strip()
    repository.plumb(["update-ref", f"refs/heads/{BRANCH}", commit])
    assert ledger.events() == [event()]
    assert "events/line/2026/x.json cannot be read" in capsys.readouterr().err
