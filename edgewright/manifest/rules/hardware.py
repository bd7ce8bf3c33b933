"""Rules about hardware: profiles that exist, rings that say what their devices are, and releases that fit into them.

Memory is what is declared: by components, by limits in the release, by the size of models. It is a sum of what each may
take at most, which is what a device must be able to give; nothing here measures.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from edgewright.catalog.catalog import CATALOG, SIDECAR
from edgewright.catalog.component import CatalogVersion
from edgewright.catalog.needs import Needs, disk_of, memory_of
from edgewright.catalog.platforms import matches, select_manifest
from edgewright.catalog.sizes import format_size
from edgewright.manifest.context import Context, RingPlace
from edgewright.manifest.devices import DeviceKind, devices_of, override_of, profiles_of
from edgewright.manifest.public import NUCLEUS, NUCLEUS_LITE
from edgewright.source import Problem, load_file
from edgewright.validation import one_of

_LISTED = 4
"""Components that a message names, the largest first."""
_LIMIT_UNIT = 1024
"""Bytes of what AWS calls a kilobyte in systemResourceLimits: the nucleus multiplies by 1024."""


def hardware_is_known(context: Context) -> Iterator[Problem]:
    """A fleet's profiles are in edgewright.yaml and of its platforms, and a ring's is one of its fleet's."""
    organisation = context.organisation.model
    if organisation is None or not context.organisation.whole(("hardware",)):
        return
    for parsed in context.fleets.values():
        fleet = parsed.model
        if fleet is None:
            continue
        platforms = {(each.os, each.architecture) for each in fleet.platforms}
        for number, name in enumerate(fleet.hardware):
            profile = organisation.hardware.get(name)
            if profile is None:
                yield parsed.problem(
                    ("hardware", number),
                    "is no hardware profile of edgewright.yaml",
                    got=name,
                    remedy=one_of(name, organisation.hardware, "the profiles are")
                    if organisation.hardware
                    else "add it under hardware",
                )
            elif (profile.os, profile.architecture) not in platforms and parsed.whole(("platforms",)):
                yield parsed.problem(
                    ("hardware", number),
                    f"is of {profile.os}/{profile.architecture}, which is no platform of the fleet",
                    got=name,
                    remedy="add it to platforms",
                )
        found = [organisation.hardware[name] for name in fleet.hardware if name in organisation.hardware]
        offered = {(each.os, each.architecture) for each in found}
        for number, platform in enumerate(fleet.platforms if len(found) == len(fleet.hardware) and found else ()):
            if (platform.os, platform.architecture) not in offered:
                yield parsed.problem(
                    ("platforms", number),
                    "is of none of the fleet's hardware profiles, so nothing is checked for it",
                    got=f"{platform.os}/{platform.architecture}",
                    remedy="name a profile that has it under hardware, or remove the platform",
                )
    for place in context.rings:
        own = place.ring.hardware
        if own is not None and place.fleet is not None and own not in place.fleet.hardware:
            yield place.problem(
                ("hardware",),
                "is no hardware profile of the fleet",
                got=own,
                remedy=one_of(own, place.fleet.hardware, "they are")
                if place.fleet.hardware
                else "name it under hardware in fleet.yaml",
            )


def devices_say_what_they_are(context: Context) -> Iterator[Problem]:
    """A device has the attributes of its profile only where its nucleus is told them, by the ring's deployment."""
    for place in context.rings:
        profiles = profiles_of(context, place)
        nucleus = next((each for each in (NUCLEUS, NUCLEUS_LITE) if each in place.ring.components), None)
        wanted = {tuple(sorted(profile.attributes.items())) for profile in profiles.values()}
        if nucleus is None or not any(wanted):
            continue
        if len(wanted) > 1:
            yield place.problem(
                (),
                "has devices of profiles with different attributes, and one deployment gives all its devices the same",
                got=", ".join(profiles),
                remedy="make a ring for each, with hardware: PROFILE",
            )
            continue
        have = override_of(place)
        attributes = dict(next(iter(wanted)))
        if any(have.get(key) != value for key, value in attributes.items()):
            said = ", ".join(f'{key}: "{value}"' for key, value in attributes.items())
            yield place.problem(
                ("components", nucleus),
                f"does not give the devices the attributes of the hardware profile {', '.join(profiles)}",
                remedy=f"add to its config: platformOverride: {{{said}}}",
            )


class _Use(NamedTuple):
    """What a component takes."""

    name: str
    size: int


def releases_fit_into_the_memory(context: Context) -> Iterator[Problem]:
    """What a ring's components may take together is no more than a device of each profile has for them."""
    memory = _Memory(context)
    for place in context.rings:
        for kind in devices_of(context, place):
            room = kind.profile.room if kind.profile is not None else None
            if room is not None:
                yield from _over(place, kind, "memory", room, memory.uses(place, kind))


def releases_fit_onto_the_disk(context: Context) -> Iterator[Problem]:
    """What a ring's components ship, and say that they write, is no more than Greengrass may have of the disk."""
    for place in context.rings:
        for kind in devices_of(context, place):
            disk = kind.profile.disk if kind.profile is not None else None
            if disk is None:
                continue
            uses = []
            for name, version in context.pinned(place):
                manifest = _manifest(version, kind.attributes)
                if manifest is not None:
                    uses.append(_Use(name, disk_of(_needs(version), version.sizes, manifest)))
            yield from _over(place, kind, "disk", disk, uses)


def _over(place: RingPlace, kind: DeviceKind, what: str, room: int, uses: list[_Use]) -> Iterator[Problem]:
    total = sum(each.size for each in uses)
    if total <= room:
        return
    largest = sorted((each for each in uses if each.size), key=lambda each: (-each.size, each.name))
    told = ", ".join(f"{each.name} {format_size(each.size)}" for each in largest[:_LISTED])
    more = f" and {len(largest) - _LISTED} more" if len(largest) > _LISTED else ""
    yield place.problem(
        ("components", largest[0].name),
        f"together the components need {format_size(total)} of {what}, and {kind.name} has {format_size(room)} for it",
        got=told + more,
        remedy="take one out, pin a smaller version, limit it by runWith.systemResourceLimits, or correct the profile"
        if what == "memory"
        else "take one out, pin a smaller version, or correct the profile",
    )


def limits_are_enough(context: Context) -> Iterator[Problem]:
    """A limit below what a component needs ends it as soon as it works."""
    memory = _Memory(context)
    for place in context.rings:
        for name, version in context.pinned(place):
            limit = memory.limit(place, name)
            needs = _needs(version)
            wanted = needs.memory if needs is not None else None
            if limit is not None and wanted is not None and limit < wanted:
                yield place.problem(
                    ("components", name, "runWith", "systemResourceLimits", "memory"),
                    f"is less than the {format_size(wanted)} that {name} {version.version} needs",
                    got=format_size(limit),
                    remedy=f"allow {-(-wanted // _LIMIT_UNIT)} (kilobytes) or more",
                )


def memory_is_declared(context: Context) -> Iterator[Problem]:
    """Where a profile says how much memory there is, a component that says nothing is not counted."""
    memory = _Memory(context)
    for place in context.rings:
        kinds = [each for each in devices_of(context, place) if each.profile and each.profile.room is not None]
        for name, version in context.pinned(place) if kinds else ():
            if all(memory.of(place, name, version, kind) is None for kind in kinds):
                yield place.problem(
                    ("components", name),
                    "does not say how much memory it needs, so nothing is counted for it",
                    got=f"{name} {version.version}",
                    remedy="limit it by runWith.systemResourceLimits.memory, or say it in component.yaml of its next "
                    "version: needs: {memory: 256MiB}",
                    severity="warning",
                )


def components_fit_some_hardware(context: Context) -> Iterator[Problem]:
    """A component that needs more memory than every kind of device that it is for has runs nowhere.

    What is locked cannot be changed, and may be right for devices of another time: it is a warning.
    """
    organisation = context.organisation.model
    profiles = (
        {name: each for name, each in organisation.hardware.items() if each.room is not None} if organisation else {}
    )
    for version in context.catalog if profiles else ():
        rooms: dict[str, tuple[int, int]] = {}
        for name, profile in profiles.items():
            wanted = _memory_needed(version, profile.platform)
            if wanted is not None and profile.room is not None:
                rooms[name] = (wanted, profile.room)
        if not rooms or any(wanted <= room for wanted, room in rooms.values()):
            continue
        name = max(rooms, key=lambda each: (rooms[each][1], each))
        wanted, room = rooms[name]
        locked = (version.name, version.version) in context.catalog.lock.entries
        message = (
            f"needs {format_size(wanted)} of memory, and the largest hardware profile that it runs on, {name}, "
            f"has {format_size(room)} for components"
        )
        yield _at_needs(version, message, "warning" if locked else "error")


def _at_needs(version: CatalogVersion, message: str, severity: str) -> Problem:
    """A problem at the line of component.yaml that says what a version needs; at the recipe where none does."""
    remedy = "make it smaller, or correct what it needs or the profile in edgewright.yaml"
    needs = _needs(version)
    if needs is not None and needs.memory is not None:
        shown = f"{CATALOG}/{version.name}/{version.version}/{SIDECAR}"
        document = load_file(version.folder / SIDECAR, shown)
        return document.problem(("needs", "memory"), message, remedy=remedy, severity=severity)  # type: ignore[arg-type]
    return version.document.problem(("Manifests",), message, remedy=remedy, severity=severity)  # type: ignore[arg-type]


class _Memory:
    """What versions take, asked for once: thousands of rings have the same few."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._known: dict[tuple[str, str, frozenset[tuple[str, str]]], int | None] = {}

    def uses(self, place: RingPlace, kind: DeviceKind) -> list[_Use]:
        """What the components of a ring take, as far as it is known."""
        uses = []
        for name, version in self._context.pinned(place):
            size = self.of(place, name, version, kind)
            if size is not None:
                uses.append(_Use(name, size))
        return uses

    def of(self, place: RingPlace, name: str, version: CatalogVersion, kind: DeviceKind) -> int | None:
        """What a component takes at most: its limit in the release, else what it needs."""
        limit = self.limit(place, name)
        return limit if limit is not None else self._needed(version, kind.attributes)

    @staticmethod
    def limit(place: RingPlace, name: str) -> int | None:
        """Bytes that a release lets a component have; None where it says nothing."""
        run_with = place.ring.components[name].run_with
        limits = run_with.system_resource_limits if run_with is not None else None
        return None if limits is None or limits.memory is None else limits.memory * _LIMIT_UNIT

    def _needed(self, version: CatalogVersion, device: Mapping[str, str]) -> int | None:
        key = (version.name, version.version, frozenset(device.items()))
        if key not in self._known:
            self._known[key] = _memory_needed(version, device)
        return self._known[key]


def _memory_needed(version: CatalogVersion, device: Mapping[str, str]) -> int | None:
    """Bytes that a version needs on a device; None where nobody said it, or it does not run there."""
    manifest = _manifest(version, device)
    if manifest is None:
        return None
    if version.function is not None:
        contained = version.function.parameters.contained_memory
        if contained is not None:
            return contained
    return memory_of(_needs(version), version.kind, version.sizes, manifest)


def _manifest(version: CatalogVersion, device: Mapping[str, str]) -> Mapping[str, Any] | None:
    """What a device takes of a version: a manifest of its recipe; of a Lambda function, its one archive."""
    if version.function is None:
        return select_manifest(version.document.value, device)
    if not any(matches(platform, device) for platform in version.platforms):
        return None
    return {"Artifacts": [{"URI": f"catalog:{file}"} for file in version.sizes]}


def _needs(version: CatalogVersion) -> Needs | None:
    return version.sidecar.needs if version.sidecar is not None else None


RULES = (
    hardware_is_known,
    devices_say_what_they_are,
    releases_fit_into_the_memory,
    releases_fit_onto_the_disk,
    limits_are_enough,
    memory_is_declared,
    components_fit_some_hardware,
)
