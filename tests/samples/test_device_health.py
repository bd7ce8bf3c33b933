"""com.acme.device-health for real."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.lifecycle import Device

HEALTH = "com.acme.device-health"


def lines(file: Path, count: int) -> list[dict[str, Any]]:
    """Wait until a file has so many lines; the time is a limit."""
    deadline = time.monotonic() + 90
    while True:
        found = file.read_text().splitlines() if file.exists() else []
        if len(found) >= count:
            return [json.loads(line) for line in found]
        assert time.monotonic() < deadline, "nothing was written in time"
        time.sleep(0.02)


def test_it_measures_until_it_is_told_to_stop(device: Device) -> None:
    device.configuration = {"intervalSeconds": 0.05}
    device.install(HEALTH, "1.0.0")
    service = device.start(HEALTH, "run")
    try:
        measured = lines(device.work(HEALTH) / "health.jsonl", 3)
    finally:
        service.terminate()
        said, complained = service.communicate(timeout=90)
    assert service.returncode == 0
    assert (complained, said.count("\n")) == ("", 1)
    assert set(measured[0]) == {"time", "load1m", "diskFree", "diskTotal", "memoryAvailable", "memoryTotal", "uptime"}
    assert 0 < measured[0]["diskFree"] <= measured[0]["diskTotal"]
    assert 0 < measured[0]["memoryAvailable"] <= measured[0]["memoryTotal"]
    assert measured[-1]["uptime"] >= measured[0]["uptime"] > 0


def test_its_file_is_bounded(device: Device) -> None:
    device.configuration = {"intervalSeconds": 0.05, "maxKilobytes": 1}
    device.install(HEALTH, "1.0.0")
    service = device.start(HEALTH, "run")
    try:
        lines(device.work(HEALTH) / "health.1.jsonl", 2)
    finally:
        service.terminate()
        service.communicate(timeout=90)
    assert all(each.stat().st_size <= 1024 for each in device.work(HEALTH).glob("health*.jsonl"))


@pytest.mark.parametrize(("key", "value"), [("intervalSeconds", "soon"), ("intervalSeconds", 0), ("maxKilobytes", -1)])
def test_it_names_the_configuration_that_is_wrong(device: Device, key: str, value: Any) -> None:
    device.configuration = {key: value}
    device.install(HEALTH, "1.0.0")
    done = device.run(HEALTH, "run")
    assert done.returncode == 1
    assert f"configuration {key} must be a number" in done.stderr
    assert "Traceback" not in done.stderr
