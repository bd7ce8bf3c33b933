"""A project as a commit has it, read from git's objects."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgewright.errors import EdgewrightError
from edgewright.gitops.git import GitError, Repository
from edgewright.gitops.trees import load, side, sides
from tests.helpers.repositories import change_text, sample_repository

STAGING = "fleets/line-inspection/staging.yaml"


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Repository, str]:
    """A repository whose second commit bumps the model of the twins; and the id of the first."""
    repository = sample_repository(tmp_path_factory.mktemp("trees") / "a folder")
    first = repository.head()
    repository._git(["checkout", "-q", "-b", "feature"])
    change_text(repository, STAGING, 'parts-model: {version: "1.0.0"}', 'parts-model: {version: "1.1.0"}')
    repository.commit("Bump the model")
    return repository, first


def _model(repository: Repository, revision: str) -> str:
    project = load(repository, side(repository, revision)).project
    assert project is not None
    (ring,) = project.stages["line-inspection", "staging"].rings
    return ring.components["com.acme.parts-model"].version


def test_each_commit_is_read_as_it_was_and_the_work_tree_stays(changed: tuple[Repository, str]) -> None:
    repository, first = changed
    before = {path: path.stat().st_mtime_ns for path in repository.root.rglob("*") if ".git" not in path.parts}
    assert _model(repository, first) == "1.0.0"
    assert _model(repository, "HEAD") == "1.1.0"
    assert load(repository, side(repository, first)).errors == ()
    after = {path: path.stat().st_mtime_ns for path in repository.root.rglob("*") if ".git" not in path.parts}
    assert before == after
    assert repository.clean()


def test_recipes_of_a_commit_are_read_without_its_models(changed: tuple[Repository, str]) -> None:
    repository, first = changed
    project = load(repository, side(repository, first)).project
    assert project is not None
    version = project.catalog.get("com.acme.parts-model", "1.0.0")
    assert version is not None
    assert version.recipe is not None
    assert version.recipe.ComponentVersion == "1.0.0"


def test_a_project_in_a_folder_of_the_repository_is_read_from_there(tmp_path: Path) -> None:
    inner = sample_repository(tmp_path / "whole" / "edge")
    # the repository is the folder above
    (inner.root / ".git").rename(tmp_path / "whole" / ".git")
    outer = Repository(tmp_path / "whole")
    outer.commit("Move into a folder")
    (tmp_path / "whole" / "edgewright.yaml").write_text("not: ours\n")
    outer.commit("Another file of that name")
    repository = Repository(tmp_path / "whole" / "edge")
    assert _model(repository, "HEAD") == "1.0.0"


def test_the_default_base_is_where_the_branch_left_the_default_branch(changed: tuple[Repository, str]) -> None:
    repository, first = changed
    base, head = sides(repository, None, "HEAD")
    assert base.commit == first
    assert base.name == "where it left main"
    assert head.commit == repository.head()
    assert sides(repository, None, None)[1].commit is None


def test_ranges_mean_what_they_mean_in_git(changed: tuple[Repository, str]) -> None:
    repository, first = changed
    for written in ("main..feature", "main...feature", "main..", "main..."):
        base, head = sides(repository, written, None)
        assert (base.commit, head.commit) == (first, repository.head()), written
    with pytest.raises(EdgewrightError, match="names both sides already"):
        sides(repository, "main..feature", "main")


@pytest.mark.parametrize("revision", ["nowhere", "--output=x", "-1", "HEAD:fleets", ""])
def test_what_is_no_commit_is_one_clear_error(changed: tuple[Repository, str], revision: str) -> None:
    with pytest.raises(GitError, match="there is no commit"):
        side(changed[0], revision)


def test_a_clone_that_is_too_shallow_says_how_to_deepen_it(changed: tuple[Repository, str], tmp_path: Path) -> None:
    repository, first = changed
    aside = repository._git(["commit-tree", f"{first}^{{tree}}", "-p", first, "-m", "Aside"]).strip()
    repository._git(["update-ref", "refs/heads/aside", aside])
    clone = tmp_path / "clone"
    Repository(tmp_path)._git(
        ["clone", "-q", "--depth=1", "--no-single-branch", f"file://{repository.root}", str(clone)]
    )
    shallow = Repository(clone)
    shallow._git(["checkout", "-q", "feature"])
    with pytest.raises(GitError, match="git fetch --unshallow"):
        sides(shallow, "origin/aside...HEAD", None)


def test_links_in_a_commit_lead_nowhere(tmp_path: Path) -> None:
    repository = sample_repository(tmp_path / "linked")
    (repository.root / "fleets" / "line-inspection" / "extra.yaml").symlink_to("/etc/passwd")
    repository.commit("A link")
    assert "fleets/line-inspection/extra.yaml" not in repository.files("HEAD", ["fleets"])


def test_a_commit_before_the_project_began_has_no_project(tmp_path: Path) -> None:
    root = tmp_path / "new"
    root.mkdir()
    repository = Repository.create(root, author="Ada", email="ada@acme.example")
    (root / "README.md").write_text("hello\n")
    repository.commit("Begin")
    glance = load(repository, side(repository, "HEAD"))
    assert glance.project is None
    assert glance.absent
