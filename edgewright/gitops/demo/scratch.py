"""The scratch copy: the demo commits, breaks and reverts there, never in the user's checkout."""

from __future__ import annotations

import shutil
from pathlib import Path

from edgewright.errors import EdgewrightError
from edgewright.gitops.git import Repository, is_work_tree

# What a run makes and git ignores; only needed where the project is not a git checkout.
_NOT_COPIED = {".git", ".venv", ".tools", ".edgewright", "__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache"}


def project_root(start: Path) -> Path:
    """Return the folder at or above ``start`` that holds the project.

    Raises:
        EdgewrightError: there is none.
    """
    for folder in (start, *start.parents):
        if (folder / "edgewright.yaml").is_file() and (folder / "Pulumi.yaml").is_file():
            return folder
    msg = f"no edgewright.yaml and Pulumi.yaml at or above {start}; go to the project's folder"
    raise EdgewrightError(msg)


def make_scratch(root: Path, target: Path) -> Repository:
    """Copy the project, as git would see it, to a new repository at ``target`` with one commit."""
    if target.exists():
        shutil.rmtree(target)
    target.mkdir(parents=True)
    for name in _files(root):
        destination = target / name
        destination.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(root / name, destination, follow_symlinks=False)
    repository = Repository.create(target, author="Ada of Acme", email="ada@acme.example")
    repository.commit("The organisation as it is today")
    return repository


def _files(root: Path) -> list[str]:
    if is_work_tree(root):
        return Repository(root).tracked()
    return sorted(
        str(path.relative_to(root))
        for path in root.rglob("*")
        if path.is_file() and not _NOT_COPIED.intersection(path.relative_to(root).parts)
    )
