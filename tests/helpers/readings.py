"""Readings of rings for tests: small builders, all times relative to one moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from edgewright.aws.reading import Deployment, Device, Execution, Facet, Installed, Job, RingReading
from edgewright.manifest.model import Ring

AT = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
"""When everything here was read."""


def ago(**length: float) -> datetime:
    return AT - timedelta(**length)


def deployment(ring: Ring, **changes: Any) -> Deployment:
    """The deployment that `pulumi up` makes of a ring, three hours old."""
    values: dict[str, Any] = {
        "id": "d-1",
        "revision": "7",
        "name": "line-inspection/staging/twins",
        "created": ago(hours=3),
        "status": "ACTIVE",
        "job_id": "j-1",
        "components": {name: component.version for name, component in ring.components.items()},
        "release": ring.release,
        "owner": "edgewright/staging/line-inspection/twins",
    }
    return Deployment(**{**values, **changes})


def installed(name: str, version: str, state: str = "RUNNING", **changes: Any) -> Installed:
    values: dict[str, Any] = {
        "details": "",
        "codes": (),
        "root": True,
        "source": "d-1",
        "changed": ago(hours=2),
        "reported": ago(minutes=5),
    }
    return Installed(name=name, version=version, state=state, **{**values, **changes})


def device(thing: str, status: str | None = "SUCCEEDED", **changes: Any) -> Device:
    """A device that took the deployment two hours ago, and reported five minutes ago that it is well."""
    values: dict[str, Any] = {
        "health": "HEALTHY",
        "reported": ago(minutes=5),
        "platform": "linux",
        "architecture": "aarch64",
        "runtime": "aws_nucleus_classic",
        "execution": None if status is None else Execution(status=status, queued=ago(hours=3), updated=ago(hours=2)),
    }
    return Device(thing=thing, **{**values, **changes})


def holding(thing: str, components: Mapping[str, str], status: str | None = "SUCCEEDED", **changes: Any) -> Device:
    """A device that says itself what it has: versions, with a state after a space where it is not RUNNING."""
    there = {}
    for name, text in components.items():
        version, _, state = text.partition(" ")
        there[name] = installed(name, version, state or "RUNNING")
    return device(thing, status, **{"installed": there, **changes})


def offline(thing: str, **changes: Any) -> Device:
    """A device to which the deployment was offered three hours ago, heard of two days ago."""
    return device(thing, "QUEUED", **{"reported": ago(days=2), **changes})


def reading(devices: Sequence[Device] = (), latest: Deployment | None = None, **changes: Any) -> RingReading:
    """A whole reading of line-inspection's staging/twins."""
    by_status = [each.execution.status for each in devices if each.execution is not None]
    job = Job(
        id="j-1",
        status="IN_PROGRESS",
        queued=by_status.count("QUEUED"),
        in_progress=by_status.count("IN_PROGRESS"),
        succeeded=by_status.count("SUCCEEDED"),
        failed=by_status.count("FAILED"),
    )
    values: dict[str, Any] = {
        "fleet": "line-inspection",
        "stage": "staging",
        "ring": "twins",
        "target": "arn:aws:iot:eu-west-1:222222222222:thinggroup/line-inspection-staging-twins",
        "at": AT,
        "exists": True,
        "known": frozenset(Facet),
        "deployment": latest,
        "job": job if latest is not None else None,
        "devices": tuple(sorted(devices, key=lambda each: each.thing)),
    }
    return RingReading(**{**values, **changes})
