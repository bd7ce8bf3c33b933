"""Numbers, ages and other people's words as lines of text."""

from __future__ import annotations

import unicodedata
from datetime import datetime, timedelta

_LONGEST = 400
_UNITS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def plain(text: str, longest: int = _LONGEST) -> str:
    """Return what a device or a person wrote as one harmless line.

    Control characters (escape sequences of a terminal, line breaks) and those that turn the direction of writing
    become spaces; what is longer than ``longest`` characters is cut, visibly.
    """
    kept = "".join(" " if unicodedata.category(each) in {"Cc", "Cf", "Zl", "Zp"} else each for each in text)
    line = " ".join(kept.split())
    return line if len(line) <= longest else line[: longest - 3] + "..."


def age(since: datetime | None, now: datetime) -> str:
    """Return how long ago something was: ``3 h``, ``2 d``; empty when nobody knows."""
    return "" if since is None else span(now - since)


def span(length: timedelta) -> str:
    """Return a length of time in its largest whole unit; what is below a second is ``0 s``."""
    seconds = max(int(length.total_seconds()), 0)
    for size, unit in _UNITS:
        # 90 min says more than 1 h, and 36 h more than 1 d.
        if seconds >= (size if unit == "s" else 2 * size):
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def count(number: int, noun: str, plural: str = "") -> str:
    """Return ``1 ring`` or ``2 rings``."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def moment(value: datetime | None) -> str | None:
    """Return a time as RFC 3339 in UTC, whole seconds; None stays None."""
    if value is None:
        return None
    return value.replace(microsecond=0).isoformat().replace("+00:00", "Z")


def short(release: str) -> str:
    """Return the twelve digits by which people call a release."""
    return release.removeprefix("sha256:")[:12]
