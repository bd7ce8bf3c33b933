"""Sandboxes for tests: ``pytest_plugins = ["edgewright.sandbox.pytest_plugin"]``.

One server serves the tests of a worker process one after another and is emptied in between, which takes milliseconds;
a test that needs a server of its own, or several at once, asks for ``sandboxes``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from edgewright.sandbox import control
from edgewright.sandbox.control import Sandbox


@pytest.fixture(scope="session")
def _shared_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with control.start(tmp_path_factory.mktemp("sandbox")) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(_shared_sandbox: Sandbox) -> Iterator[Sandbox]:
    """An empty sandbox with three accounts and no devices."""
    _shared_sandbox.reset()
    yield _shared_sandbox
    _shared_sandbox.stop_devices()
    _shared_sandbox.set_speed(1.0)


@pytest.fixture
def sandboxes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Sandbox]]:
    """Start sandboxes with servers of their own; all are stopped after the test."""
    started: list[Sandbox] = []

    def start(**options: object) -> Sandbox:
        made = control.start(tmp_path_factory.mktemp("sandbox"), **options)  # type: ignore[arg-type]
        started.append(made)
        return made

    yield start
    for each in started:
        each.stop()
