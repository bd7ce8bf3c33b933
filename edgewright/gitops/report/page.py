"""The page itself: one HTML file without a script, an image or anything from a network.

Everything that is put in is escaped by the template engine; nothing is ever marked as safe. A policy in the page
itself (Content-Security-Policy) forbids scripts and any loading, should that ever fail.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import jinja2

from edgewright import __version__
from edgewright.aws.reading import Kind
from edgewright.gitops.report.model import Report
from edgewright.gitops.words import moment, plain

_FOLDER = Path(__file__).parent / "page"
_LONGEST = 2000
_GRAVE = frozenset({Kind.FAILED.value, Kind.BROKEN.value, Kind.OTHER.value})


def render(report: Report) -> str:
    """Return the page."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        # Before it is escaped; escape sequences mean nothing to a browser, but people copy what they read.
        finalize=lambda value: plain(value, _LONGEST) if isinstance(value, str) else value,
        keep_trailing_newline=True,
    )
    environment.filters["moment"] = moment
    environment.filters["clock"] = _clock
    return environment.get_template("report.html").render(report=report, version=__version__, grave=_GRAVE)


def _clock(value: datetime) -> str:
    """A time as people read it: to the minute, in UTC."""
    return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
