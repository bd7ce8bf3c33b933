"""What a ring runs against what Git wants of it. Pure: manifests and a reading in, an assessment out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property

from edgewright.aws.reading import RUNNING, Device, Facet, RingReading, Straggler
from edgewright.gitops.words import moment, plain
from edgewright.manifest.load import Project
from edgewright.manifest.model import Ring
from edgewright.manifest.windows import frozen


class Standing(StrEnum):
    """How the latest deployment of a ring stands to the ring's release in Git."""

    LEVEL = "as Git says"
    BEHIND = "not what Git says"
    """Edgewright deployed another release: the update has not run, or the ring was rolled back."""
    FOREIGN = "not from Git"
    """Somebody else made the latest deployment, or changed it."""
    ABSENT = "not deployed"
    UNKNOWN = "not known"


@dataclass(frozen=True, kw_only=True)
class ComponentStatus:
    """A component of the release that Git wants, on the devices of a ring that have ever reported."""

    name: str
    wanted: str
    devices: int
    """The devices that are counted."""
    running: int | None
    """How many have the wanted version; None when nobody can say."""
    healthy: int | None
    """How many of these have it running, or ended well where it is to end."""
    others: Mapping[str, int]
    """Devices by the other version that they have."""


@dataclass(frozen=True, kw_only=True)
class InForce:
    """A control that holds back the ring, or its release."""

    kind: str
    """stop, hold, quarantine or window."""
    told: str
    until: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class RingStatus:
    """A ring: what is wanted, what is there."""

    wanted: str
    """The digest of the release in Git."""
    standing: Standing
    reading: RingReading
    components: tuple[ComponentStatus, ...]
    controls: tuple[InForce, ...]

    @property
    def path(self) -> str:
        """``stage/ring``."""
        return self.reading.path

    @cached_property
    def online(self) -> int:
        """Members that are online."""
        return len(self.reading.online())

    @cached_property
    def healthy(self) -> int:
        """Online members that run the latest deployment well."""
        return len(self.reading.healthy())

    @cached_property
    def stragglers(self) -> tuple[Straggler, ...]:
        """Members that do not run the latest deployment well."""
        return self.reading.stragglers()

    @property
    def known(self) -> bool:
        """Whether the numbers of devices can be said."""
        return {Facet.MEMBERS, Facet.REPORTS, Facet.EXECUTIONS} <= self.reading.known

    @property
    def well(self) -> bool:
        """Whether the ring is as Git says, and nobody who is online is behind."""
        return self.standing is Standing.LEVEL and self.reading.complete and not any(s.online for s in self.stragglers)


@dataclass(frozen=True, kw_only=True)
class Status:
    """The rings that were asked for, fleet by fleet, in promotion order."""

    at: datetime
    rings: tuple[RingStatus, ...]

    @property
    def complete(self) -> bool:
        """Whether everything could be read."""
        return all(ring.reading.complete for ring in self.rings)

    @property
    def fleets(self) -> tuple[str, ...]:
        """The fleets, in order."""
        return tuple(dict.fromkeys(ring.reading.fleet for ring in self.rings))

    def of(self, fleet: str) -> tuple[RingStatus, ...]:
        """The rings of a fleet."""
        return tuple(ring for ring in self.rings if ring.reading.fleet == fleet)


def assess(project: Project, readings: Sequence[RingReading], at: datetime) -> Status:
    """Return what the readings amount to against the manifests."""
    return Status(at=at, rings=tuple(_ring(project, reading, at) for reading in readings))


def standing(ring: Ring, reading: RingReading) -> Standing:
    """Return how the latest deployment of a ring stands to its release in Git."""
    if Facet.DEPLOYMENT not in reading.known:
        return Standing.UNKNOWN
    latest = reading.deployment
    if latest is None:
        return Standing.ABSENT
    if latest.release is None:
        return Standing.FOREIGN
    if latest.release != ring.release:
        return Standing.BEHIND
    # Tags can be copied, with the CLI for instance: the components must be those of the release.
    wanted = {name: component.version for name, component in ring.components.items()}
    return Standing.LEVEL if dict(latest.components) == wanted else Standing.FOREIGN


def _ring(project: Project, reading: RingReading, at: datetime) -> RingStatus:
    stage = project.stages[reading.fleet, reading.stage]
    ring = next(each for each in stage.rings if each.name == reading.ring)
    return RingStatus(
        wanted=ring.release,
        standing=standing(ring, reading),
        reading=reading,
        components=tuple(
            _component(name, component.version, reading) for name, component in sorted(ring.components.items())
        ),
        controls=in_force(project, reading.fleet, reading.path, ring.release, at),
    )


def _component(name: str, wanted: str, reading: RingReading) -> ComponentStatus:
    devices = [device for device in reading.devices if device.health is not None]
    versions = {device.thing: _version(device, name, reading) for device in devices}
    known = all(each is not None for each in versions.values()) and {Facet.MEMBERS, Facet.REPORTS} <= reading.known
    having = [device for device in devices if versions[device.thing] == wanted]
    others = Counter(version for version in versions.values() if version not in (None, "", wanted))
    return ComponentStatus(
        name=name,
        wanted=wanted,
        devices=len(devices),
        running=len(having) if known else None,
        healthy=sum(_well(device, name) for device in having) if known else None,
        others={str(version): number for version, number in sorted(others.items(), key=lambda each: str(each[0]))},
    )


def _version(device: Device, name: str, reading: RingReading) -> str | None:
    """The version that a device has, empty when it has none; None when nobody can say.

    A device that was not asked for its components has those of the latest deployment if the job says that it took it.
    """
    if device.installed is not None:
        found = device.installed.get(name)
        return found.version if found is not None else ""
    if Facet.EXECUTIONS not in reading.known or reading.deployment is None or not device.took:
        return "" if Facet.EXECUTIONS in reading.known else None
    return reading.deployment.components.get(name, "")


def _well(device: Device, name: str) -> bool:
    if device.installed is not None:
        return device.installed[name].state in RUNNING
    return device.health == "HEALTHY"


def in_force(project: Project, fleet: str, ring: str, release: str, at: datetime) -> tuple[InForce, ...]:
    """Return the controls that hold back a ring (``stage/ring``) or the release that Git wants in it."""
    found = []
    controls = project.controls
    if (stop := controls.stop(fleet)) is not None:
        found.append(InForce(kind="stop", told=plain(str(stop))))
    if (quarantine := controls.quarantine(release)) is not None:
        found.append(InForce(kind="quarantine", told=plain(str(quarantine))))
    found += [
        InForce(kind="hold", told=plain(f"release {hold.release.removeprefix('sha256:')[:12]}: {hold}"))
        for hold in controls.holds
        if (hold.fleet, hold.ring) == (fleet, ring)
    ]
    freeze = frozen(project.organisation.windows, fleet=fleet, stage=ring.partition("/")[0], at=at)
    if freeze is not None:
        until = f", until {moment(freeze.until)}" if freeze.until is not None else ""
        found.append(InForce(kind="window", told=plain(freeze.reason) + until, until=freeze.until))
    return tuple(found)
