"""Real git repositories with the sample organisation in them."""

from __future__ import annotations

import shutil
from pathlib import Path

from edgewright.gitops.git import Repository

ROOT = Path(__file__).resolve().parents[2]
_PARTS = ("edgewright.yaml", "catalog.lock", "fleets", "catalog", "golden")


def sample_copy(target: Path) -> Path:
    """Return ``target`` with the manifests and the catalog of this checkout, without a repository around them."""
    for name in Repository(ROOT).tracked():
        if name.split("/")[0] in _PARTS:
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    return target


def sample_repository(root: Path) -> Repository:
    """Return a new repository at ``root`` with the manifests and the catalog of this checkout, in one commit."""
    root.mkdir(parents=True)
    sample_copy(root)
    repository = Repository.create(root, author="Ada", email="ada@acme.example")
    repository.commit("As it is")
    return repository


def change_text(repository: Repository, file: str, old: str, new: str, *, count: int = 1) -> None:
    """Replace a text that must be in a file."""
    path = repository.root / file
    text = path.read_text("utf-8")
    assert text.count(old) >= count, f"{file} does not have {old!r} {count} times"
    path.write_text(text.replace(old, new, count), "utf-8")
