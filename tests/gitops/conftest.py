from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edgewright.aws.errors import AwsError
from edgewright.aws.reading import RingReading
from edgewright.gitops.merged import Merged
from tests.gitops.events import bare, clone, git
from tests.gitops.promotions import FLEET, World
from tests.helpers.repositories import change_text, sample_repository


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """The sample organisation, with gates that only ask for health, on a bare remote and in a clone."""
    origin = sample_repository(tmp_path / "origin")
    for old, new in (
        ("{bake: 1h, healthy: 100%, tests: [smoke, golden-set]}", "{healthy: 100%}"),
        ("{bake: 24h, healthy: 95%}", "{healthy: 95%}"),
    ):
        change_text(origin, f"fleets/{FLEET}/fleet.yaml", old, new)
    origin.commit("Light gates")
    remote = bare(tmp_path / "remote.git")
    git("push", "--quiet", str(remote), "HEAD:main", at=origin.root)
    made = World(clone(remote, tmp_path / "a clone"), remote)

    def read_ring(_self: Merged, _fleet: str, path: str, _sessions: Callable[[str], Any]) -> RingReading:
        if path not in made.live:
            message = f"{path} cannot be read"
            raise AwsError(message)
        return made.live[path]

    monkeypatch.setattr(Merged, "read_ring", read_ring)
    return made
