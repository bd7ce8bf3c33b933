"""Where what a device runs comes from: device, deployment, release, components, models, training data, people."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from edgewright.aws.device import Seen, look
from edgewright.aws.session import Session
from edgewright.catalog.catalog import CATALOG
from edgewright.catalog.component import CatalogVersion
from edgewright.errors import EdgewrightError
from edgewright.gitops.events import Approved, Deployed, Promoted, TestRecorded
from edgewright.gitops.merged import Merged
from edgewright.gitops.releases import Change
from edgewright.manifest.model import Ring
from edgewright.source import load_yaml

PROVENANCE = ("metrics.json",)
"""Beside a recipe: where a model comes from (data, training run, metrics); the first that is there."""


@dataclass(frozen=True)
class Part:
    """A component of the chain."""

    name: str
    wanted: str | None
    """Version in the release; None when the release does not name it."""
    runs: str | None
    """Version on the device; None when it is not there, or AWS was not asked."""
    state: str | None
    kind: str | None
    digest: str | None
    """Of the catalog's entry; None for a component of AWS."""
    provenance: Mapping[str, Any] | None


@dataclass(frozen=True)
class Chain:
    """Everything from a device to the people behind what it runs."""

    thing: str
    fleet: str
    ring: str
    release: str
    """What it runs, if AWS was asked; else what Git says."""
    wanted: str
    """What Git says."""
    seen: Seen | None
    deployment: str | None
    parts: tuple[Part, ...]
    changes: tuple[Change, ...]
    """By which commits the ring got the release, newest first."""
    authors: frozenset[str]
    promotions: tuple[Promoted, ...]
    approvals: tuple[Approved, ...]
    tests: tuple[TestRecorded, ...]
    outcomes: tuple[Deployed, ...]


def chain(merged: Merged, thing: str, sessions: Callable[[str], Session] | None, *, fleet: str | None = None) -> Chain:
    """Return the chain of a device.

    Args:
        merged: What is merged.
        thing: The device.
        sessions: How stages are reached; None to stay offline.
        fleet: Its fleet, where the manifests do not name it.

    Raises:
        EdgewrightError: no ring has such a device.
        AwsError: AWS cannot be asked.
    """
    name, where, ring = _home(merged, thing, sessions, fleet)
    stage = where.partition("/")[0]
    seen = look(sessions(stage), thing) if sessions is not None else None
    carried = next((each for each in seen.deployments if each.release), None) if seen else None
    release = carried.release if carried is not None and carried.release else ring.release
    events = [event for event in merged.ledger.events(name) if event.release == release]
    path = [(at, each.name) for at, each in merged.project.path(name)]
    changes = tuple(each for each in merged.history.changes(name, stage, ring.name) if each.after == release)
    return Chain(
        thing=thing,
        fleet=name,
        ring=where,
        release=release,
        wanted=ring.release,
        seen=seen,
        deployment=carried.id if carried is not None else None,
        parts=tuple(_parts(merged, ring, seen)),
        changes=changes,
        authors=merged.history.writers(name, path, release),
        promotions=tuple(event for event in events if isinstance(event, Promoted)),
        approvals=tuple(event for event in events if isinstance(event, Approved)),
        tests=tuple(event for event in events if isinstance(event, TestRecorded)),
        outcomes=tuple(event for event in events if isinstance(event, Deployed)),
    )


def _home(
    merged: Merged, thing: str, sessions: Callable[[str], Session] | None, fleet: str | None
) -> tuple[str, str, Ring]:
    """The fleet and the ring of a device: as the manifests name it, or else as the thing groups have it."""
    names = [fleet] if fleet else sorted(merged.project.fleets)
    places = [(name, f"{stage}/{ring.name}", ring) for name in names for stage, ring in merged.project.path(name)]
    for place in places:
        if thing in (place[2].members.things or ()):
            return place
    unnamed = [place for place in places if place[2].members.things is None]
    for name, where, ring in unnamed if sessions is not None else ():
        reading = merged.read_ring(name, where, sessions)  # type: ignore[arg-type]
        if thing in reading.by_thing:
            return name, where, ring
    looked = "the manifests name it nowhere"
    if unnamed:
        looked += ", and no ring that is filled by a query or by provisioning was asked" if sessions is None else ""
        looked += ", and no ring that is filled by a query or by provisioning has it" if sessions is not None else ""
    msg = f"no ring has a device {thing!r}: {looked}"
    raise EdgewrightError(msg)


def _parts(merged: Merged, ring: Ring, seen: Seen | None) -> list[Part]:
    names = sorted({*ring.components, *(seen.installed if seen else ())})
    parts = []
    for name in names:
        pin = ring.components.get(name)
        there = seen.installed.get(name) if seen else None
        version = there.version if there else pin.version if pin else ""
        entry = merged.project.catalog.get(name, version)
        # the tree was read without the content of models and archives: only the lock knows what they amount to
        locked = merged.project.catalog.lock.entries.get((name, version))
        parts.append(
            Part(
                name=name,
                wanted=pin.version if pin else None,
                runs=there.version if there else None,
                state=there.state if there else None,
                kind=entry.kind if entry else None,
                digest=locked.digest if locked else None,
                provenance=_provenance(merged, entry) if entry else None,
            )
        )
    return parts


def _provenance(merged: Merged, entry: CatalogVersion) -> Mapping[str, Any] | None:
    """Where a version comes from: its component.yaml, or else what lies beside its recipe; None when neither says."""
    if entry.sidecar is not None and entry.sidecar.provenance is not None:
        return entry.sidecar.provenance.model_dump(mode="json", by_alias=True, exclude_none=True)
    for file in PROVENANCE:
        text = merged.history.text(merged.base.commit, f"{CATALOG}/{entry.name}/{entry.version}/{file}")
        if text is not None:
            value = load_yaml(text, file).value
            return value if isinstance(value, dict) else None
    return None
