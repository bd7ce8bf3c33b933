"""Does its work every interval until SIGTERM. Standard library only; put your own work into ``work``."""

from __future__ import annotations

import json
import math
import os
import signal
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path


def main() -> int:
    """Work now and then every interval; return 0 after SIGTERM, 1 when the configuration is wrong."""
    folder = Path(os.environ["SERVICE_WORK"])
    try:
        interval = float(os.environ["SERVICE_INTERVAL_SECONDS"])
    except ValueError:
        interval = math.nan
    if not 0.05 <= interval <= 86400:
        print("configuration intervalSeconds must be a number from 0.05 to 86400", file=sys.stderr)
        return 1
    ended = threading.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda *_: ended.set())
    folder.mkdir(parents=True, exist_ok=True)
    while not ended.is_set():
        work(folder)
        ended.wait(interval)
    return 0


def work(folder: Path) -> None:
    """Append one line to the component's log of work."""
    with (folder / "work.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps({"time": datetime.now(UTC).isoformat(timespec="milliseconds")}) + "\n")


if __name__ == "__main__":
    sys.exit(main())
