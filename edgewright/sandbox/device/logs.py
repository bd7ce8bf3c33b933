"""Logs with a bound: a file and the one before it, so that a chatty component never fills the disk."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Final

LIMIT: Final = 1_000_000
"""Bytes after which a log is moved to ``<name>.1`` and begun anew; so at most twice this is kept."""


class BoundedLog:
    """Appends bytes to a file; safe to call from several threads.

    Args:
        path: the log; its folder must exist.
        limit: bytes after which it is rotated.
    """

    def __init__(self, path: Path, limit: int = LIMIT) -> None:
        self.path = path
        self._limit = limit
        self._lock = threading.Lock()
        self._size = path.stat().st_size if path.exists() else 0

    def write(self, data: bytes) -> None:
        """Append ``data``; a log that cannot be written is given up quietly, as a device with a full disk would."""
        with self._lock:
            try:
                if self._size and self._size + len(data) > self._limit:
                    self.path.replace(self.path.with_name(self.path.name + ".1"))
                    self._size = 0
                with self.path.open("ab") as file:
                    file.write(data)
                self._size += len(data)
            except OSError:
                return

    def line(self, text: str) -> None:
        """Append a line of the nucleus's own, with the time (UTC)."""
        now = time.time()
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + f".{int(now * 1000) % 1000:03d}Z"
        self.write(f"{stamp} {text}\n".encode("utf-8", "replace"))

    def tail(self, count: int) -> str:
        """Return the last ``count`` lines."""
        try:
            text = self.path.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""
        return "\n".join(text.splitlines()[-count:])
