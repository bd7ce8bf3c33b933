"""What differs from Git: resources, rings, devices. Pure: what was read in, differences out.

A ring whose latest deployment is not the release of Git is told once; its devices are held against what was deployed
there, for otherwise each of them would say the same again. Devices that are offline are told apart: they can do
nothing about it before they come back. A device on which the rollout is under way is no drift.

Longer than other modules, because the three kinds of difference are told in the same words and counted together.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from edgewright.aws.reading import FAILED, Device, RingReading
from edgewright.gitops.engine import Strayed
from edgewright.gitops.status.model import RingStatus, Standing, Status
from edgewright.gitops.words import plain, short

_LOCAL = "LOCAL"
_LONGEST = 60
_PARTS = 5
_ITEM = re.compile(r"\[\d+\]$")


@dataclass(frozen=True, kw_only=True)
class ResourceDrift:
    """A resource in the cloud that is not what the state of its stack says."""

    stack: str
    type: str
    name: str
    urn: str
    gone: bool
    changes: tuple[str, ...]
    """One line for each property."""


@dataclass(frozen=True, kw_only=True)
class RingDrift:
    """A ring that does not run the release that Git wants."""

    fleet: str
    ring: str
    standing: Standing
    told: str


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A component on a device that is not as the release has it."""

    component: str
    kind: str
    """missing, version, or extra."""
    wanted: str | None
    found: str | None
    source: str | None = None
    """Of what is there: the deployment that installed it, or LOCAL."""

    def __str__(self) -> str:
        """Say it in a few words."""
        if self.kind == "missing":
            return f"{self.component} {self.wanted} is missing"
        local = ", installed locally" if self.source == _LOCAL else ""
        if self.kind == "version":
            return f"{self.component} is {plain(self.found or '')} in place of {self.wanted}{local}"
        return f"{self.component} {plain(self.found or '')} is not in the release{local}"


@dataclass(frozen=True, kw_only=True)
class DeviceDrift:
    """A device whose components are not those of its ring's deployment."""

    fleet: str
    ring: str
    thing: str
    online: bool
    differences: tuple[Difference, ...]
    why: str = ""
    """Why it did not take the deployment, where it says so."""
    reported: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Unread:
    """What could not be compared."""

    what: str
    why: str


@dataclass(frozen=True, kw_only=True)
class Drift:
    """All differences that were found."""

    at: datetime
    stacks: tuple[str, ...]
    """The stacks that were compared."""
    resources: tuple[ResourceDrift, ...]
    rings: tuple[RingDrift, ...]
    devices: tuple[DeviceDrift, ...]
    """Online ones."""
    offline: tuple[DeviceDrift, ...]
    compared: int
    """Devices whose components were compared."""
    underway: int
    """Devices on which a rollout is under way."""
    unread: tuple[Unread, ...] = ()
    status: Status | None = field(default=None, compare=False)

    @property
    def any(self) -> bool:
        """Whether there is drift that something can be done about now."""
        return bool(self.resources or self.rings or self.devices)


def of_resources(stack: str, strayed: Sequence[Strayed], *, fleet: str | None) -> list[ResourceDrift]:
    """Return the drift that a refresh of a stack found; only that of one fleet when one is given."""
    found = []
    for each in strayed:
        name, chain = each.urn.rsplit("::", 1)[-1], each.urn.split("::")[-2]
        if fleet is not None and not _belongs(chain, name, fleet):
            continue
        found.append(
            ResourceDrift(
                stack=stack,
                type=chain.rsplit("$", 1)[-1],
                name=name,
                urn=each.urn,
                gone=each.gone,
                changes=tuple(_told(each)),
            )
        )
    return sorted(found, key=lambda each: (each.stack, each.name, each.type))


def _belongs(chain: str, name: str, fleet: str) -> bool:
    """Whether a resource is one of a fleet: what belongs to it is named for it."""
    return "edgewright:index:EdgeFleet$" in chain and (name == fleet or name.startswith(f"{fleet}/"))


def _told(strayed: Strayed) -> Iterator[str]:
    """Say every change; of a list of names what came and what went, for their places in it mean nothing."""
    lists: set[str] = set()
    for path, kind in sorted(strayed.paths.items()):
        whole = _ITEM.sub("", path)
        names = _names(_at(strayed.before, whole)), _names(_at(strayed.after, whole))
        if None in names or names == ((), ()):
            yield from _changes(path, kind, strayed)
        elif whole not in lists:
            lists.add(whole)
            before, after = (set(each or ()) for each in names)
            yield from (f"+ {whole}{_shown(name)}" for name in sorted(after - before))
            yield from (f"- {whole}{_shown(name)}" for name in sorted(before - after))
            if before == after:
                yield f"~ {whole}: the same, in another order or number"


def _names(value: Any) -> tuple[str, ...] | None:
    """A list of texts; what is not there is an empty one, and anything else is None."""
    listed = [] if value is None else value
    if not isinstance(listed, list) or not all(isinstance(each, str) for each in listed):
        return None
    return tuple(listed)


def _changes(path: str, kind: str, strayed: Strayed) -> Iterator[str]:
    """Say a property's change, with the values where they are short; of a document, the parts that differ."""
    before, after = _at(strayed.before, path), _at(strayed.after, path)
    if kind == "add":
        yield f"+ {path}{_shown(after)}"
    elif kind == "delete":
        yield f"- {path}{_shown(before)}"
    else:
        yield from _update(path, before, after)


def _update(path: str, before: Any, after: Any) -> Iterator[str]:
    documents = _document(before), _document(after)
    if None not in documents:
        # Policies are text to the engine, and their beginnings are all alike.
        old, new = (dict(_leaves(each, path)) for each in documents)
        parts = [part for part in sorted(old.keys() | new.keys()) if old.get(part) != new.get(part)]
        for part in parts[:_PARTS]:
            yield f"~ {part}{_shown(old.get(part, 'none'))} ->{_shown(new.get(part, 'none')).removeprefix(':')}"
        if len(parts) > _PARTS:
            yield f"~ {path}: {len(parts) - _PARTS} more parts"
        return
    old_text, new_text = _shown(before), _shown(after)
    yield f"~ {path}{old_text} ->{new_text.removeprefix(':')}" if old_text and new_text else f"~ {path}"


def _document(value: Any) -> Any:
    """The JSON document that a text is; None when it is none."""
    if not isinstance(value, str) or not value.startswith(("{", "[")):
        return None
    try:
        return json.loads(value)
    except ValueError:
        return None


def _leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping) and value:
        for key, item in value.items():
            yield from _leaves(item, f"{path}.{key}")
    elif isinstance(value, list) and value:
        for number, item in enumerate(value):
            yield from _leaves(item, f"{path}[{number}]")
    else:
        yield path, value


def _at(outputs: Mapping[str, Any], path: str) -> Any:
    value: Any = outputs
    for step in _steps(path):
        if not isinstance(value, Mapping) or step not in value:
            return None
        value = value[step]
    return value


def _shown(value: Any) -> str:
    """A short value behind a colon; nothing for what is long or has parts. A component is shown by its version."""
    if isinstance(value, Mapping):
        value = value.get("componentVersion")
    if not isinstance(value, str | int | float | bool):
        return ""
    return f": {plain(str(value), _LONGEST)}"


def _steps(path: str) -> Iterator[str]:
    """Yield the steps of the engine's property path: ``a.b`` and ``a["x.y"].b``."""
    rest = path
    while rest:
        if rest.startswith('["'):
            step, _, rest = rest[2:].partition('"]')
        else:
            cut = min((place for place in (rest.find("."), rest.find("[")) if place > 0), default=len(rest))
            step, rest = rest[:cut], rest[cut:]
        yield step
        rest = rest.removeprefix(".")


def of_ring(ring: RingStatus) -> RingDrift | None:
    """Return how a ring differs from Git; None when it does not, or that could not be read."""
    latest = ring.reading.deployment
    wanted = short(ring.wanted)
    if ring.standing in {Standing.LEVEL, Standing.UNKNOWN}:
        return None
    if latest is None:
        told = f"Git wants release {wanted}, and nothing is deployed"
    elif ring.standing is Standing.BEHIND:
        told = f"Git wants release {wanted}, and revision {latest.revision} has {short(latest.release or '')}"
    else:
        differences = "; ".join(_against(ring))
        told = f"deployment {latest.id} was made behind Git's back: {differences or 'with the components of Git'}"
    return RingDrift(fleet=ring.reading.fleet, ring=ring.path, standing=ring.standing, told=told)


def _against(ring: RingStatus) -> Iterator[str]:
    assert ring.reading.deployment is not None  # noqa: S101 -- asked for a deployment only
    there = ring.reading.deployment.components
    wanted = {each.name: each.wanted for each in ring.components}
    for name in sorted(wanted.keys() | there.keys()):
        if name not in there:
            yield f"{name} {wanted[name]} is missing"
        elif name not in wanted:
            yield f"{name} {plain(there[name])} is not in the release"
        elif there[name] != wanted[name]:
            yield f"{name} is {plain(there[name])} in place of {wanted[name]}"


def of_devices(reading: RingReading) -> tuple[list[DeviceDrift], int, int]:
    """Return the devices of a ring that differ from its deployment, how many were compared, how many are under way."""
    found: list[DeviceDrift] = []
    compared = underway = 0
    for device in reading.devices:
        if reading.deployment is None or device.installed is None:
            continue
        online = device.online(reading.at)
        status = device.execution.status if device.execution is not None else None
        if online and status in {None, "QUEUED", "IN_PROGRESS"}:
            underway += 1
            continue
        compared += 1
        differences = tuple(_differences(device, reading.deployment.components))
        if differences:
            outcome = device.outcome.reason if device.outcome is not None and status in FAILED else ""
            found.append(
                DeviceDrift(
                    fleet=reading.fleet,
                    ring=reading.path,
                    thing=device.thing,
                    online=online,
                    differences=differences,
                    why=plain(outcome),
                    reported=device.reported,
                )
            )
    return found, compared, underway


def _differences(device: Device, wanted: Mapping[str, str]) -> Iterator[Difference]:
    installed = device.installed or {}
    for name, version in sorted(wanted.items()):
        there = installed.get(name)
        if there is None:
            yield Difference(component=name, kind="missing", wanted=version, found=None)
        elif there.version != version:
            yield Difference(
                component=name, kind="version", wanted=version, found=there.version, source=there.source or None
            )
    for name, there in sorted(installed.items()):
        # What another component needs is there without being asked for; only what was deployed by itself is extra.
        if there.root and name not in wanted:
            yield Difference(
                component=name, kind="extra", wanted=None, found=there.version, source=there.source or None
            )
