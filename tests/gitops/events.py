"""Events and repositories for tests of what the ledger says."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from edgewright.gitops.events import AnyEvent, read_event
from edgewright.gitops.git import Repository

RELEASE = "sha256:" + "ab" * 32
OTHER = "sha256:" + "cd" * 32


def event(kind: str = "Approved", **changes: Any) -> AnyEvent:
    """An event, with what is given on top of what is usual."""
    usual: dict[str, dict[str, Any]] = {
        "TestRecorded": {"name": "smoke", "passed": True, "resultSha256": "0" * 64},
        "Deployed": {"deployment": "d-1", "outcome": "succeeded"},
        "Promoted": {"source": "staging/twins", "previous": OTHER},
        "RolledBack": {"restores": OTHER},
    }
    document: dict[str, Any] = {
        "apiVersion": "edgewright/v1",
        "kind": kind,
        "at": "2026-03-01T09:30:00Z",
        "by": "ada@acme.example",
        "fleet": "line",
        "ring": "staging/twins",
        "release": RELEASE,
        **usual.get(kind, {}),
    }
    return read_event(json.dumps({**document, **changes}))


def bare(path: Path) -> Path:
    """An empty remote."""
    git("init", "--quiet", "--bare", "--initial-branch=main", str(path), at=path.parent)
    return path


def clone(remote: Path, path: Path, *, author: str = "Ada") -> Repository:
    """A clone with an author of its own."""
    git("clone", "--quiet", str(remote), str(path), at=remote.parent)
    for key, value in (("user.name", author), ("user.email", f"{author.lower()}@acme.example")):
        git("config", key, value, at=path)
    return Repository(path)


def git(*arguments: str, at: Path) -> str:
    """Run git, as a person would."""
    done = subprocess.run(["git", *arguments], cwd=at, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
