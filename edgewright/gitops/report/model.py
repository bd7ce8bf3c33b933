"""What the page shows, gathered from manifests, AWS, Git and the ledger. Plain values; the template only lays out.

Every text that came from a device, a commit or another tool goes through `plain`: one line, no control characters.
The template escapes all of it once more for HTML.

Longer than other modules, because it is one page: a part of it for each function.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from edgewright.aws.reading import RUNNING, Device
from edgewright.catalog.component import CatalogVersion
from edgewright.gitops.events import AnyEvent, Approved, Deployed, GateEvidence, Promoted, TestRecorded
from edgewright.gitops.releases import Change, History
from edgewright.gitops.status.model import RingStatus, Standing, Status, in_force
from edgewright.gitops.words import age, plain, short
from edgewright.manifest.gates import Gates
from edgewright.manifest.load import Project
from edgewright.manifest.model import Fleet, Ring
from edgewright.manifest.types import format_duration, format_percent

DEVICES = 300
"""Devices of a ring that are listed; stragglers come first, and the page says how many there are."""
METRICS = "metrics.json"
ENTRIES = 200
"""Entries of the history, the newest."""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A component in a ring."""

    version: str
    """What Git wants; empty when the ring's release has no such component."""
    note: str
    """How many devices have it, or what they have in its place."""
    good: bool | None
    """None when nobody can say."""


@dataclass(frozen=True, kw_only=True)
class DeviceRow:
    """A device in the list of a ring."""

    thing: str
    state: str
    good: bool
    heard: str
    platform: str
    components: tuple[str, ...]
    """Private components with their versions, and whatever is not as the release has it."""


@dataclass(frozen=True, kw_only=True)
class RingCard:
    """A ring on its way."""

    path: str
    release: str
    standing: str
    tone: str
    """good, warn, bad or unknown: what the colour says besides the words."""
    deployed: str
    numbers: tuple[tuple[str, str], ...]
    share: int | None
    """Healthy devices among the online ones, in percent."""
    gate: tuple[str, ...]
    """What must hold before the release goes on."""
    notes: tuple[str, ...]
    stragglers: tuple[tuple[str, str, str, str], ...]
    """Thing, kind, why, since."""
    devices: tuple[DeviceRow, ...]
    unlisted: int


@dataclass(frozen=True, kw_only=True)
class FleetView:
    """A fleet: its rings in promotion order, and its components against them."""

    name: str
    description: str
    owners: str
    rings: tuple[RingCard, ...]
    components: tuple[tuple[str, tuple[Cell, ...]], ...]


@dataclass(frozen=True, kw_only=True)
class Entry:
    """Something that happened to a release."""

    at: datetime
    what: str
    fleet: str
    ring: str
    release: str
    by: str
    told: str
    details: tuple[tuple[str, str, str], ...] = ()
    """Gate, met or not, evidence."""


@dataclass(frozen=True, kw_only=True)
class Version:
    """A version in the catalog."""

    version: str
    digest: str
    pinned: str
    """The rings that have it in Git."""
    metrics: tuple[str, ...]
    """Of a model: what its training measured."""


@dataclass(frozen=True, kw_only=True)
class Item:
    """A private component."""

    name: str
    kind: str
    description: str
    versions: tuple[Version, ...]


@dataclass(frozen=True, kw_only=True)
class Report:
    """Everything on the page."""

    organisation: str
    at: datetime
    source: str
    """Which commit the manifests are of."""
    live: bool
    """Whether AWS was asked."""
    missing: tuple[str, ...]
    """What could not be read."""
    tiles: tuple[tuple[str, str, str], ...]
    """Label, value, tone."""
    controls: tuple[tuple[str, str, str], ...]
    """Kind, where, why."""
    fleets: tuple[FleetView, ...]
    history: tuple[Entry, ...]
    older: int
    catalog: tuple[Item, ...]
    fleet: str | None = field(default=None)
    """The one fleet that it is about."""


def fleet_view(project: Project, fleet: Fleet, rings: Sequence[RingStatus] | None, at: datetime) -> FleetView:
    """Return a fleet; without ``rings`` as far as Git knows it."""
    path = project.path(fleet.name)
    live = {ring.path: ring for ring in rings or ()}
    names = sorted({name for _, ring in path for name in ring.components})
    return FleetView(
        name=fleet.name,
        description=plain(fleet.description),
        owners=", ".join(fleet.owners),
        rings=tuple(
            _card(stage, ring, live.get(f"{stage}/{ring.name}"), fleet.promotion.gates, at) for stage, ring in path
        ),
        components=tuple(
            (name, tuple(_cell(name, ring, live.get(f"{stage}/{ring.name}")) for stage, ring in path)) for name in names
        ),
    )


def _card(stage: str, ring: Ring, live: RingStatus | None, gates: dict[str, Gates], at: datetime) -> RingCard:
    path = f"{stage}/{ring.name}"
    gate = tuple(_gate(gates[path])) if path in gates else ()
    if live is None:
        return RingCard(
            path=path, release=short(ring.release), standing="AWS was not asked", tone="unknown", deployed="",
            numbers=(), share=None, gate=gate, notes=(), stragglers=(), devices=(), unlisted=0,
        )  # fmt: skip
    reading = live.reading
    share = reading.healthy_share()
    listed = _listed(live)
    return RingCard(
        path=path,
        release=short(ring.release),
        standing=str(live.standing),
        tone=_tone(live),
        deployed=_deployed(live, at),
        numbers=(
            ("things", _number(live, len(reading.devices))),
            ("online", _number(live, live.online)),
            ("took it", _number(live, len(reading.taken))),
            ("healthy", _number(live, live.healthy)),
        ),
        share=None if share is None else int(share * 100),
        gate=gate,
        notes=tuple(_notes(live)),
        stragglers=tuple(
            (each.thing, str(each.kind), plain(each.why), age(each.since, at)) for each in live.stragglers[:DEVICES]
        ),
        devices=tuple(_row(device, live, at) for device in listed),
        unlisted=len(reading.devices) - len(listed),
    )


def _tone(live: RingStatus) -> str:
    if live.standing is Standing.UNKNOWN or not live.known:
        return "unknown"
    if live.standing is Standing.FOREIGN:
        return "bad"
    return "good" if live.well else "warn"


def _number(live: RingStatus, number: int) -> str:
    return f"{number:,}" if live.known else "?"


def _deployed(live: RingStatus, at: datetime) -> str:
    latest = live.reading.deployment
    if latest is None:
        return ""
    there = short(latest.release) if latest.release else "no release of Git"
    which = "" if live.standing is Standing.LEVEL else f" has {there}"
    return f"revision {plain(latest.revision)}{which}, {age(latest.created, at)} ago"


def _notes(live: RingStatus) -> Iterator[str]:
    if live.reading.exists is False:
        yield "The ring is not up: there is no thing group yet."
    for control in live.controls:
        yield f"{control.kind}: {control.told}"
    for gap in live.reading.gaps:
        yield f"not read: {plain(str(gap))}"


def _gate(gates: Gates) -> Iterator[str]:
    if gates.bake is not None:
        yield f"bakes for {format_duration(gates.bake)}"
    if gates.healthy is not None:
        yield f"{format_percent(gates.healthy)} of the online devices healthy"
    if gates.tests:
        yield f"tests: {', '.join(gates.tests)}"
    for metric in gates.metrics:
        yield f"metric {plain(metric.name)} within bounds"
    if gates.alarms:
        yield f"alarms: {', '.join(map(plain, gates.alarms))}"
    if gates.approvals:
        yield f"approvals: {gates.approvals}"


def _cell(name: str, ring: Ring, live: RingStatus | None) -> Cell:
    wanted = ring.components.get(name)
    if wanted is None:
        return Cell(version="", note="", good=None)
    found = next((each for each in live.components if each.name == name), None) if live is not None else None
    if found is None or found.running is None or found.healthy is None:
        return Cell(version=wanted.version, note="", good=None)
    if not found.devices:
        return Cell(version=wanted.version, note="no devices yet", good=None)
    others = "".join(f"; {plain(version)} on {number:,}" for version, number in found.others.items())
    ill = f", {found.healthy:,} well" if found.healthy != found.running else ""
    return Cell(
        version=wanted.version,
        note=f"{found.running:,} of {found.devices:,}{ill}{others}",
        good=found.healthy == found.devices,
    )


def _listed(live: RingStatus) -> list[Device]:
    """The devices of a ring that are listed, stragglers first."""
    straggling = {each.thing for each in live.stragglers}
    ordered = sorted(live.reading.devices, key=lambda device: (device.thing not in straggling, device.thing))
    return ordered[:DEVICES]


def _row(device: Device, live: RingStatus, at: datetime) -> DeviceRow:
    straggler = next((each for each in live.stragglers if each.thing == device.thing), None)
    wanted = {each.name: each.wanted for each in live.components}
    shown = [
        f"{name} {plain(there.version)}" + ("" if there.state in RUNNING else f" {plain(there.state)}")
        for name, there in sorted((device.installed or {}).items())
        # What AWS makes is on every device; it is listed where it is not as wanted.
        if not name.startswith("aws.") or (name in wanted and wanted[name] != there.version)
    ]
    return DeviceRow(
        thing=device.thing,
        state=str(straggler.kind) if straggler is not None else "well",
        good=straggler is None,
        heard=f"{age(device.reported, at)} ago" if device.reported is not None else "never",
        platform="/".join(filter(None, (device.platform, device.architecture))),
        components=tuple(shown) if device.installed is not None else ("not asked",),
    )


def tiles(status: Status | None) -> tuple[tuple[str, str, str], ...]:
    """Return the numbers at the top of the page."""
    if status is None:
        return ()
    rings = len(status.rings)
    level = sum(ring.standing is Standing.LEVEL for ring in status.rings)
    known = all(ring.known for ring in status.rings)
    things = sum(len(ring.reading.devices) for ring in status.rings)
    online = sum(ring.online for ring in status.rings)
    behind = sum(each.online for ring in status.rings for each in ring.stragglers)
    offline = things - online
    return (
        ("rings as Git says", f"{level} of {rings}", "good" if level == rings else "warn"),
        ("devices online", f"{online:,} of {things:,}" if known else "?", "good" if not offline else "plain"),
        ("online and behind", f"{behind:,}" if known else "?", "warn" if behind else "good"),
        ("offline", f"{offline:,}" if known else "?", "plain"),
    )


def controls(project: Project, fleets: Sequence[str], at: datetime) -> tuple[tuple[str, str, str], ...]:
    """Return the stops, holds, quarantines and freezes that are in force, each once."""
    found: dict[tuple[str, str, str], None] = {}
    for fleet in fleets:
        for stage, ring in project.path(fleet):
            for control in in_force(project, fleet, f"{stage}/{ring.name}", ring.release, at):
                place = f"{fleet} {stage}/{ring.name}" if control.kind in {"hold", "quarantine"} else f"{fleet} {stage}"
                found[control.kind, place, control.told] = None
    return tuple(found)


def from_ledger(events: Sequence[AnyEvent]) -> Iterator[Entry]:
    """Yield the entries of the ledger's events."""
    for event in events:
        what, told, details = _said(event)
        yield Entry(
            at=event.instant, what=what, fleet=event.fleet, ring=event.ring, release=short(event.release),
            by=plain(event.by), told=plain(told), details=details,
        )  # fmt: skip


def _said(event: AnyEvent) -> tuple[str, str, tuple[tuple[str, str, str], ...]]:
    if isinstance(event, TestRecorded):
        return "test", f"{event.name} {'passed' if event.passed else 'failed'}. {event.summary}", ()
    if isinstance(event, Approved):
        return "approval", event.note, ()
    if isinstance(event, Deployed):
        return "deployment", f"{event.outcome}: deployment {event.deployment}. {event.told}", ()
    if isinstance(event, Promoted):
        evidence = tuple(
            (
                plain(each.gate),
                "met" if each.met else "passed over" if each.passed_over else "not met",
                plain(each.told),
            )
            for each in event.gates
        )
        request = f"; request {event.request}" if event.request else ""
        return "promotion", f"from {event.source}, in place of {short(event.previous)}{request}", evidence
    return "rollback", f"back to {short(event.restores)}. {event.reason}", ()


def _verdict(evidence: GateEvidence) -> str:
    if evidence.met:
        return "met"
    return f"passed over ({plain(evidence.passed_over)})" if evidence.passed_over else "not met"


def from_git(history: History, project: Project, fleets: Sequence[str]) -> Iterator[Entry]:
    """Yield the changes of the rings' releases in Git."""
    for fleet in fleets:
        for stage, ring in project.path(fleet):
            for change in history.changes(fleet, stage, ring.name):
                before = f" in place of {short(change.before)}" if change.before else ""
                yield Entry(
                    at=change.commit.at,
                    what=_kind(history, change),
                    fleet=fleet,
                    ring=f"{stage}/{ring.name}",
                    release=short(change.after),
                    by=plain(change.commit.author),
                    told=plain(f"{change.commit.id[:10]} {change.commit.subject}") + before,
                )


def _kind(history: History, change: Change) -> str:
    if history.rollback_of(change):
        return "revert in Git"
    return "promotion in Git" if history.is_promotion(change) else "release in Git"


def catalog(project: Project) -> tuple[Item, ...]:
    """Return the private components, each with its versions and the rings that pin them."""
    pins: dict[tuple[str, str], list[str]] = {}
    for (fleet, stage), found in sorted(project.stages.items()):
        for ring in found.rings:
            for name, component in ring.components.items():
                pins.setdefault((name, component.version), []).append(f"{fleet} {stage}/{ring.name}")
    items = []
    for name in project.catalog.names:
        versions = project.catalog.versions(name)
        newest = project.catalog.get(name, versions[0]) if versions else None
        items.append(
            Item(
                name=name,
                kind=(newest.kind if newest is not None else None) or "",
                description=plain(newest.description) if newest is not None else "",
                versions=tuple(
                    _version(each, pins.get((name, version), ()))
                    for version in versions
                    if (each := project.catalog.get(name, version)) is not None
                ),
            )
        )
    return tuple(items)


def _version(found: CatalogVersion, pinned: Sequence[str]) -> Version:
    return Version(
        version=found.version,
        digest=short(found.digest),
        pinned=", ".join(pinned) or "nowhere",
        metrics=tuple(_metrics(found.folder / METRICS)),
    )


def _metrics(path: Path) -> Iterator[str]:
    """Yield the numbers at the top of a model's metrics, which training writes beside it."""
    try:
        measured = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None
    except (OSError, ValueError):
        return
    for name, value in measured.items() if isinstance(measured, dict) else ():
        # Whole numbers are the sizes and formats of things, not what a model is worth.
        if isinstance(value, float):
            yield f"{plain(str(name), 40)} {value:g}"
