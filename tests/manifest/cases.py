"""The example projects: a small good base, and folders of changed files that are laid over it."""

from __future__ import annotations

import shutil
from pathlib import Path

HERE = Path(__file__).resolve().parent
BASE = HERE / "base"
EXPECTED = "expected.txt"
REMOVED = "removed.txt"


def cases(kind: str) -> list[Path]:
    """The case folders of a kind, ``good`` or ``bad``, by name."""
    return sorted(path for path in (HERE / kind).iterdir() if path.is_dir())


def project_of(case: Path, target: Path) -> Path:
    """Make the project of a case in ``target``: the base, without what removed.txt lists, with the case's files."""
    shutil.copytree(BASE, target)
    removed = case / REMOVED
    for line in removed.read_text(encoding="utf-8").split() if removed.is_file() else ():
        path = target / line
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    for source in sorted(case.rglob("*")):
        relative = source.relative_to(case)
        if source.is_file() and relative.as_posix() not in (EXPECTED, REMOVED):
            (target / relative).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target / relative)
    return target
