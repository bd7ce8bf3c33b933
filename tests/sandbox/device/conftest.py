"""A device with its cloud in memory, for tests of single devices."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sandbox.device.box import Box


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    made = Box(tmp_path / "device")
    try:
        yield made
    finally:
        made.stop()
        made.monitor.close()


@pytest.fixture
def running(box: Box) -> Box:
    box.start()
    return box
