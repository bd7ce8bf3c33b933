"""Drift as lines for people, and as JSON for machines."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from edgewright.gitops.drift.model import DeviceDrift, Drift
from edgewright.gitops.words import age, count, moment, plain

NAMED = 20
"""Devices that are named, unless all are asked for."""
Paint = Callable[[str, str], str]


def lines(drift: Drift, paint: Paint, *, everybody: bool) -> Iterator[str]:
    """Yield the lines."""
    if drift.resources:
        yield paint("cloud", "bold")
        for resource in drift.resources:
            what = paint("gone", "red") if resource.gone else paint("changed", "yellow")
            yield f"  {resource.stack}  {resource.name}  {paint(resource.type, 'dim')}  {what}"
            yield from (f"    {change}" for change in resource.changes)
    if drift.rings:
        yield paint("rings", "bold")
        for ring in drift.rings:
            yield f"  {ring.fleet} {ring.ring}  {paint(str(ring.standing), 'yellow')}"
            yield f"    {ring.told}"
    yield from _devices("devices", drift.devices, drift, paint, everybody=everybody)
    title = "offline devices, which can take the release when they come back"
    yield from _devices(title, drift.offline, drift, paint, everybody=everybody)
    if drift.unread:
        yield paint("not compared", "bold")
        yield from (f"  {each.what}: {plain(each.why)}" for each in drift.unread)
    yield summary(drift)


def summary(drift: Drift) -> str:
    """What it amounts to, in one line."""
    compared = []
    if drift.stacks:
        compared.append(count(len(drift.stacks), "stack"))
    if drift.status is not None:
        compared += [count(len(drift.status.rings), "ring"), count(drift.compared, "device")]
    parts = [
        count(len(found), noun)
        for found, noun in ((drift.resources, "resource"), (drift.rings, "ring"), (drift.devices, "device"))
        if found
    ]
    text = f"drift: {', '.join(parts)}" if parts else "no drift"
    text += f" ({', '.join(compared)} compared"
    text += f", {count(drift.underway, 'device')} under way" if drift.underway else ""
    text += f", {count(len(drift.offline), 'offline device')} behind" if drift.offline else ""
    text += ")"
    return f"{text}; not everything could be compared" if drift.unread else text


def _devices(title: str, found: Sequence[DeviceDrift], drift: Drift, paint: Paint, *, everybody: bool) -> Iterator[str]:
    if not found:
        return
    yield paint(title, "bold")
    shown = found if everybody else found[:NAMED]
    for each in shown:
        heard = f"  heard of {age(each.reported, drift.at)} ago" if each.reported is not None else ""
        yield f"  {each.fleet} {each.ring}  {paint(each.thing, 'bold')}{paint(heard, 'dim')}"
        if each.why:
            yield f"    it did not take the deployment: {each.why}"
        yield from (f"    {difference}" for difference in each.differences)
    if len(found) > len(shown):
        yield f"  and {count(len(found) - len(shown), 'more device')}; --all names them"


def document(drift: Drift) -> dict[str, Any]:
    """Return everything as JSON. Times are RFC 3339 in UTC."""
    return {
        "at": moment(drift.at),
        "drift": drift.any,
        "complete": not drift.unread,
        "compared": {
            "stacks": list(drift.stacks),
            "rings": 0 if drift.status is None else len(drift.status.rings),
            "devices": drift.compared,
            "underway": drift.underway,
        },
        "resources": [
            {
                "stack": each.stack,
                "type": each.type,
                "name": each.name,
                "urn": each.urn,
                "gone": each.gone,
                "changes": list(each.changes),
            }
            for each in drift.resources
        ],
        "rings": [
            {"fleet": each.fleet, "ring": each.ring, "standing": each.standing.name.lower(), "told": each.told}
            for each in drift.rings
        ],
        "devices": [_device(each) for each in drift.devices],
        "offline": [_device(each) for each in drift.offline],
        "unread": [{"what": each.what, "why": each.why} for each in drift.unread],
    }


def _device(device: DeviceDrift) -> dict[str, Any]:
    return {
        "fleet": device.fleet,
        "ring": device.ring,
        "thing": device.thing,
        "reported": moment(device.reported),
        "why": device.why or None,
        "differences": [
            {
                "component": each.component,
                "kind": each.kind,
                "wanted": each.wanted,
                "found": each.found,
                "source": each.source,
            }
            for each in device.differences
        ],
    }
