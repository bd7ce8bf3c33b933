"""Writes load, disk, memory and uptime of the device as JSON lines, until SIGTERM. Standard library only."""

from __future__ import annotations

import json
import math
import os
import shutil
import signal
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

LOOK = 0.2  # seconds between two looks for SIGTERM


def main() -> int:
    """Write a line now and then every interval; return 0 after SIGTERM, 1 when the configuration is wrong."""
    try:
        work = Path(os.environ["HEALTH_WORK"])
        interval = number("HEALTH_INTERVAL_SECONDS", "intervalSeconds", 0.05, 86400)
        limit = 1024 * int(number("HEALTH_MAX_KILOBYTES", "maxKilobytes", 1, 1024 * 1024))
    except (KeyError, ValueError) as error:
        print(f"device-health: {error}", file=sys.stderr)
        return 1
    signals: list[int] = []  # a plain list: an Event could lock up when its own waiter is interrupted
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda received, _: signals.append(received))
    work.mkdir(parents=True, exist_ok=True)
    print(f"device-health writes {work / 'health.jsonl'} every {interval:g} s", flush=True)
    due = time.monotonic()
    while not signals:
        if time.monotonic() >= due:
            append(work / "health.jsonl", measure(work), limit)
            due = max(due + interval, time.monotonic())
        time.sleep(min(LOOK, max(0.0, due - time.monotonic())))
    return 0


def number(variable: str, key: str, least: float, most: float) -> float:
    """Return a number of the configuration.

    Raises:
        KeyError: the recipe does not hand it over.
        ValueError: it is none, or out of bounds.
    """
    text = os.environ[variable]
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not least <= value <= most:
        message = f"configuration {key} must be a number from {least:g} to {most:g} (got {text!r})"
        raise ValueError(message)
    return value


def measure(folder: Path) -> dict[str, object]:
    """Measure the device; what it does not tell is null. Units: processes, bytes, seconds."""
    disk = shutil.disk_usage(folder)
    memory = memory_bytes()
    return {
        "time": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "load1m": round(os.getloadavg()[0], 2),
        "diskFree": disk.free,
        "diskTotal": disk.total,
        "memoryAvailable": memory.get("MemAvailable"),
        "memoryTotal": memory.get("MemTotal"),
        "uptime": uptime(),
    }


def memory_bytes() -> dict[str, int]:
    """Return the entries of /proc/meminfo in bytes; empty where there is none."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return {}
    pairs = (line.split() for line in lines)
    return {words[0].rstrip(":"): int(words[1]) * 1024 for words in pairs if words[2:] == ["kB"]}


def uptime() -> float | None:
    """Return the seconds since the device began; None where /proc does not say."""
    try:
        return float(Path("/proc/uptime").read_text(encoding="ascii").split()[0])
    except OSError:
        return None


def append(file: Path, value: dict[str, object], limit: int) -> None:
    """Append a line; a file that would pass ``limit`` bytes becomes <name>.1.jsonl first."""
    line = (json.dumps(value) + "\n").encode()
    if file.exists() and file.stat().st_size + len(line) > limit:
        file.replace(file.with_name(f"{file.stem}.1{file.suffix}"))
    with file.open("ab", buffering=0) as stream:
        stream.write(line)


if __name__ == "__main__":
    sys.exit(main())
