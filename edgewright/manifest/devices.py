"""The kinds of devices that a ring may have: its fleet's platforms, or the hardware profiles that the fleet names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from edgewright.manifest.context import Context, RingPlace
from edgewright.manifest.hardware import HardwareProfile
from edgewright.manifest.model import Component
from edgewright.manifest.public import NUCLEUS, NUCLEUS_LITE


@dataclass(frozen=True)
class DeviceKind:
    """A kind of device, as a recipe's ``Platform`` is held against it."""

    attributes: Mapping[str, str]
    title: str
    """In a sentence."""
    what: str
    """``platform`` or ``hardware profile``."""
    name: str | None = None
    """Of the profile."""
    profile: HardwareProfile | None = None


def override_of(place: RingPlace) -> Mapping[str, str]:
    """Return the platform attributes that a ring's nucleus is configured to have; empty where there are none."""
    return override_in(place.ring.components)


def override_in(components: Mapping[str, Component]) -> Mapping[str, str]:
    """Return the platform attributes that a release gives to its devices; empty where there are none."""
    for nucleus in (NUCLEUS, NUCLEUS_LITE):
        if nucleus in components:
            said = components[nucleus].config.get("platformOverride")
            return {str(key): str(value) for key, value in said.items()} if isinstance(said, Mapping) else {}
    return {}


def profiles_of(context: Context, place: RingPlace) -> Mapping[str, HardwareProfile]:
    """Return the profiles of a ring's devices, by name: its own, or all of the fleet's; unknown ones are left out."""
    organisation = context.organisation.model
    if organisation is None or place.fleet is None:
        return {}
    own = place.ring.hardware
    names = [name for name in place.fleet.hardware if own in (None, name)]
    return {name: organisation.hardware[name] for name in names if name in organisation.hardware}


def devices_of(context: Context, place: RingPlace) -> tuple[DeviceKind, ...]:
    """Return the kinds of devices of a ring; none where the fleet could not be read."""
    if place.fleet is None:
        return ()
    runtime = {"runtime": "aws_nucleus_lite"} if NUCLEUS_LITE in place.ring.components else {}
    more = {**runtime, **override_of(place)}
    profiles = profiles_of(context, place)
    if profiles:
        return tuple(
            DeviceKind({**profile.platform, **more}, _title(name, profile), "hardware profile", name, profile)
            for name, profile in profiles.items()
        )
    return tuple(
        DeviceKind(
            {"os": each.os, "architecture": each.architecture, **more},
            f"{each.os}/{each.architecture}, a platform of the fleet",
            "platform",
        )
        for each in place.fleet.platforms
    )


def _title(name: str, profile: HardwareProfile) -> str:
    more = "".join(f", {key} {value}" for key, value in sorted(profile.attributes.items()))
    return f"the hardware profile {name} ({profile.os}/{profile.architecture}{more})"
