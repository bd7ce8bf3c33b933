"""The only printing: results on standard output, everything else on standard error, colour on a terminal only."""

from __future__ import annotations

import json
import os
import shutil
import sys
from typing import Any, TextIO

_CODES = {"red": "31", "green": "32", "yellow": "33", "blue": "34", "bold": "1", "dim": "2"}


def coloured(stream: TextIO) -> bool:
    """Whether colour is wanted on ``stream``: a terminal, and NO_COLOR (no-color.org) is not set."""
    return stream.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"


def paint(text: str, colour: str, stream: TextIO | None = None) -> str:
    """Return ``text`` in ``colour`` when the stream (standard output by default) shows colour."""
    return f"\033[{_CODES[colour]}m{text}\033[0m" if coloured(stream or sys.stdout) else text


def line(text: str = "") -> None:
    """Print a line of result on standard output."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def note(text: str) -> None:
    """Print a line of progress or advice on standard error."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def data(value: Any) -> None:
    """Print JSON for machines on standard output."""
    line(json.dumps(value, indent=2, ensure_ascii=False))


def status(text: str) -> None:
    """Show what goes on now, in place, on a terminal; elsewhere nothing. An empty text takes it away."""
    if sys.stderr.isatty() and os.environ.get("TERM") != "dumb":
        width = shutil.get_terminal_size().columns - 1
        shown = paint(text[:width], "dim", sys.stderr)
        sys.stderr.write(f"\r\033[K{shown}")
        sys.stderr.flush()
