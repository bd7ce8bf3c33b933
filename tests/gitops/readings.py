"""Readings of rings as AWS would give them, built by hand, for tests of what is concluded from them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from edgewright.aws.reading import Deployment, Device, Execution, Facet, RingReading

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def device(thing: str, *, took: timedelta = timedelta(hours=2), **changes: Any) -> Device:
    """A healthy device that took the deployment so long ago."""
    values: dict[str, Any] = {
        "thing": thing,
        "health": "HEALTHY",
        "reported": NOW - timedelta(minutes=5),
        "execution": Execution(status="SUCCEEDED", queued=NOW - took, updated=NOW - took),
    }
    return Device(**{**values, **changes})


def reading(release: str | None, *devices: Device, **changes: Any) -> RingReading:
    """A ring that was read whole, and whose latest deployment carries a release."""
    latest = Deployment(
        id="d-1",
        revision="1",
        name="line/staging/twins",
        created=NOW - timedelta(hours=3),
        status="ACTIVE",
        job_id="j-1",
        components={},
        release=release,
        owner=None,
        tags={},
    )
    values: dict[str, Any] = {
        "fleet": "line-inspection",
        "stage": "staging",
        "ring": "twins",
        "target": "arn",
        "at": NOW,
        "exists": True,
        "known": frozenset(Facet),
        "deployment": latest,
        "job": None,
        "devices": devices or (device("twin-001"), device("twin-002")),
    }
    return RingReading(**{**values, **changes})
