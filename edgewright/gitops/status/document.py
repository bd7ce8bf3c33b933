"""The status as JSON for machines. Times are RFC 3339 in UTC; a number that could not be read is null."""

from __future__ import annotations

from typing import Any

from edgewright.aws.reading import Device, Installed, RingReading
from edgewright.gitops.status.model import RingStatus, Status
from edgewright.gitops.words import moment


def document(status: Status, *, devices: bool = False) -> dict[str, Any]:
    """Return the whole status; with ``devices`` every device of every ring, too."""
    return {
        "at": moment(status.at),
        "complete": status.complete,
        "rings": [ring_document(ring) | ({"members": _members(ring)} if devices else {}) for ring in status.rings],
    }


def ring_document(ring: RingStatus) -> dict[str, Any]:
    """Return one ring: what Git wants, what is deployed, devices by number and stragglers by name."""
    reading = ring.reading
    share = reading.healthy_share()
    return {
        "fleet": reading.fleet,
        "ring": ring.path,
        "release": ring.wanted,
        "standing": ring.standing.name.lower(),
        "up": reading.exists,
        "deployment": _deployment(reading),
        "devices": {
            "things": len(reading.devices) if ring.known else None,
            "online": ring.online if ring.known else None,
            "took": len(reading.taken) if ring.known else None,
            "healthy": ring.healthy if ring.known else None,
            "healthyShare": None if share is None else round(share, 4),
            "takenAt": moment(reading.taken_at),
        },
        "job": _job(reading),
        "components": [
            {
                "name": each.name,
                "wanted": each.wanted,
                "devices": each.devices,
                "running": each.running,
                "healthy": each.healthy,
                "others": dict(each.others),
            }
            for each in ring.components
        ],
        "stragglers": [
            {
                "thing": each.thing,
                "kind": str(each.kind),
                "why": each.why,
                "since": moment(each.since),
                "online": each.online,
            }
            for each in ring.stragglers
        ],
        "controls": [{"kind": each.kind, "told": each.told, "until": moment(each.until)} for each in ring.controls],
        "gaps": [{"what": gap.what, "why": gap.why, "things": list(gap.things)} for gap in reading.gaps],
    }


def _members(ring: RingStatus) -> list[dict[str, Any]]:
    return [device_document(device, ring.reading) for device in ring.reading.devices]


def device_document(device: Device, reading: RingReading) -> dict[str, Any]:
    """Return one device as it was read."""
    return {
        "thing": device.thing,
        "online": device.online(reading.at),
        "health": device.health,
        "reported": moment(device.reported),
        "platform": device.platform,
        "architecture": device.architecture,
        "runtime": device.runtime,
        "execution": None if device.execution is None else device.execution.status,
        "tookAt": moment(device.took_at),
        "components": (
            None if device.installed is None else [_installed(each) for _, each in sorted(device.installed.items())]
        ),
    }


def _installed(component: Installed) -> dict[str, Any]:
    return {
        "name": component.name,
        "version": component.version,
        "state": component.state,
        "root": component.root,
        "source": component.source,
        "changed": moment(component.changed),
    }


def _deployment(reading: RingReading) -> dict[str, Any] | None:
    latest = reading.deployment
    if latest is None:
        return None
    return {
        "id": latest.id,
        "revision": latest.revision,
        "release": latest.release,
        "owner": latest.owner,
        "created": moment(latest.created),
        "status": latest.status,
        "components": dict(sorted(latest.components.items())),
    }


def _job(reading: RingReading) -> dict[str, Any] | None:
    job = reading.job
    if job is None:
        return None
    counts = ("queued", "in_progress", "succeeded", "failed", "rejected", "timed_out", "canceled", "removed")
    named = {_camel(name): getattr(job, name) for name in counts}
    return {"id": job.id, "status": job.status, **named}


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest)
