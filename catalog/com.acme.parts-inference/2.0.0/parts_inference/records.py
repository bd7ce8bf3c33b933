"""Files that others read while they are written: whole or not at all, and bounded."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path


def write_json(file: Path, value: Any) -> None:
    """Write JSON so that a reader sees the old content or the new, never a part."""
    temporary = file.with_name(f".{file.name}.{os.getpid()}")
    temporary.write_text(json.dumps(value) + "\n", encoding="utf-8")
    temporary.replace(file)


class Lines:
    """JSON lines with at most ``limit`` bytes in the file, and as many again in the one before it."""

    def __init__(self, file: Path, limit: int) -> None:
        self._file = file
        self._before = file.with_name(f"{file.stem}.1{file.suffix}")
        self._limit = limit

    def append(self, value: Any) -> None:
        """Append one object as a line, in a single write."""
        line = (json.dumps(value, separators=(",", ":")) + "\n").encode()
        if self._file.exists() and self._file.stat().st_size + len(line) > self._limit:
            self._file.replace(self._before)
        with self._file.open("ab", buffering=0) as stream:
            stream.write(line)


class Sampler:
    """Takes an even share: with 0.25 every fourth, never four in a row by chance."""

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._due = 0.0

    def take(self) -> bool:
        """Whether the next one is taken."""
        self._due += self._rate
        if self._due < 1 - 1e-9:
            return False
        self._due -= 1
        return True
