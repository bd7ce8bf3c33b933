"""A project in a real repository with a bare remote, its rings' readings by hand: for tests of promotion."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edgewright.aws.reading import RingReading
from edgewright.cli.main import main
from edgewright.gitops.git import Repository
from tests.gitops.events import git
from tests.gitops.readings import reading
from tests.helpers.repositories import change_text

FLEET = "line-inspection"
STAGING, PROD = f"fleets/{FLEET}/staging.yaml", f"fleets/{FLEET}/prod.yaml"


@dataclass
class World:
    """A clone of the project, and what AWS says of its rings."""

    repository: Repository
    remote: Path
    live: dict[str, RingReading] = field(default_factory=dict)
    """By ``stage/ring``; a ring that is not here cannot be read."""

    def edgewright(self, *arguments: str) -> int:
        """Run a verb in the clone."""
        verb, *rest = arguments
        return main([verb, *rest, "--root", str(self.repository.root)])

    def bump(self, version: str = "1.1.0", *, file: str = STAGING, push: bool = True) -> str:
        """Merge a commit that gives the twins another version of the model."""
        path = self.repository.root / file
        before = path.read_text("utf-8").partition('parts-model: {version: "')[2].partition('"')[0]
        change_text(
            self.repository, file, f'parts-model: {{version: "{before}"', f'parts-model: {{version: "{version}"'
        )
        commit = self.repository.commit(f"Release model {version}")
        if push:
            self.push()
        return commit

    def push(self) -> None:
        """Push main."""
        git("push", "--quiet", "origin", "HEAD:main", at=self.repository.root)

    def release(self, ring: str, revision: str = "HEAD") -> str:
        """The release of a ring at a commit."""
        from edgewright.gitops.releases import History, stage_file

        stage, _, name = ring.partition("/")
        commit = self.repository.resolve(revision)
        found = History(self.repository, commit).release(commit, stage_file(FLEET, stage), name)
        assert found is not None
        return found

    def deploy(self, ring: str, release: str | None = None, **changes: Any) -> None:
        """Say that a ring's latest deployment carries a release, and that its devices are well."""
        stage, _, name = ring.partition("/")
        carried = release or self.release(ring)
        self.live[ring] = reading(carried, stage=stage, ring=name, **changes)

    def merge(self, branch: str) -> None:
        """Merge a pushed branch into main and push, as a forge does."""
        root = self.repository.root
        git("fetch", "--quiet", "origin", at=root)
        git("merge", "--quiet", "--no-edit", f"origin/{branch}", at=root)
        self.push()

    def branches(self) -> list[str]:
        """The branches of the remote, without main and the ledger."""
        listing = git("for-each-ref", "--format=%(refname:short)", "refs/heads", at=self.remote).split()
        return [name for name in listing if name not in ("main", "edgewright/ledger")]
