"""The same program with the stand-in and with the real provider's logic: the same AWS, outputs and plans."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edgewright.sandbox.control import Sandbox
from tests.standin import scenarios as s
from tests.standin.project import Project
from tests.standin.snapshot import aws_state
from tests.standin.wire import STANDIN

REAL = os.environ.get("EDGEWRIGHT_AWS_PLUGIN")
pytestmark = [
    pytest.mark.engine,
    pytest.mark.skipif(not REAL, reason="EDGEWRIGHT_AWS_PLUGIN names no folder with a real aws plugin"),
]
_SUFFIX = re.compile(r"-[0-9a-f]{7}\b")
CHANGED = {
    "actions": ["s3:GetObject", "s3:PutObject"],
    "attributes": {"hall": "2"},
    "duration": 900,
    "group": "shop-all",
    "tags": {"team": "vision"},
    "things": ["cam-2", "cam-3"],
    "uploads": 3,
}


def test_both_make_the_same_of_a_program(tmp_path: Path, sandboxes: Callable[..., Sandbox]) -> None:
    """Made, changed, looked at anew; then each takes over the other's state and finds nothing to do."""
    real = Path(str(REAL))
    ours = Project.make(tmp_path / "ours", mine := sandboxes(), STANDIN.parent, {})
    theirs = Project.make(tmp_path / "theirs", other := sandboxes(), real, {})
    sides = ((ours, mine), (theirs, other))
    for wanted in ({}, CHANGED):
        told = []
        for project, sandbox in sides:
            project.want(wanted)
            run = project.up()
            assert run.ok, run.output
            steps = sorted((step.operation, step.type, step.name) for step in run.changes)
            told.append((steps, _plain(project.outputs()), _aws(project, sandbox)))
            for refresh in (False, True):
                again = project.preview(refresh=refresh, expect_no_changes=True)
                assert again.ok, again.output
        assert told[0] == told[1]
    for project, plugin in ((ours, real), (theirs, STANDIN.parent)):
        taken_over = project.with_plugin(plugin).preview(refresh=True, expect_no_changes=True)
        assert taken_over.ok, taken_over.output


def _aws(project: Project, sandbox: Sandbox) -> Any:
    """Return what AWS says of every resource in the state."""
    found = {
        (each["type"], _plain(each["id"])): aws_state(sandbox, each["type"], each["id"], account="staging")
        for each in project.resources()
    }
    assert {token for token, _ in found} <= {life.token for life in s.LIVES}
    assert found
    return _plain(found)


def _plain(value: Any) -> Any:
    """Return ``value`` without automatic suffixes."""
    if isinstance(value, dict):
        return {_plain(key) if isinstance(key, str) else key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return _SUFFIX.sub("-#######", value) if isinstance(value, str) else value
