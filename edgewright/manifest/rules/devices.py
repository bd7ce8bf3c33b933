"""Rules about the device as a whole: its five parts, the user and the limits that components run with."""

from __future__ import annotations

from collections.abc import Iterator

from edgewright.manifest.context import Context, RingPlace
from edgewright.manifest.public import NUCLEUS, NUCLEUS_LITE, TOKEN_EXCHANGE, public_components
from edgewright.manifest.rules.components import missing
from edgewright.source import Problem
from edgewright.versions import parse_version

_PARTS = {
    "nucleus": f"pin {NUCLEUS} or {NUCLEUS_LITE}",
    "runtime": "pin a component with the runtime or agent (provides: [runtime] in its component.yaml)",
    "application": "pin a component with the application (provides: [application] in its component.yaml)",
    "data connection": "enable capture in fleet.yaml, or pin LogManager, SystemLogForwarder or StreamManager",
}
"""What a release must bring, and how. The fifth part, the identity, is ``identity`` in fleet.yaml."""


def device_has_its_five_parts(context: Context) -> Iterator[Problem]:
    """Nucleus, runtime or agent, identity, application, data connection: a device without one does no work."""
    for place in context.rings:
        if not place.whole or place.fleet is None:
            continue
        present = _present(context, place)
        if present is None:
            continue
        lacking = [part for part in _PARTS if part not in present]
        if lacking or TOKEN_EXCHANGE not in place.ring.components:
            coming = set(missing(context, place))  # told as dependencies that are not pinned
            for name in coming:
                present |= _provided(context, name)
        else:
            coming = set()
        for part, remedy in _PARTS.items():
            if part not in present:
                yield place.problem(
                    ("components",), f"lack the {part}, one of the five parts of a device", remedy=remedy
                )
        if "data connection" in present and TOKEN_EXCHANGE not in (*place.ring.components, *coming):
            yield place.problem(
                ("components",),
                "lack the credentials of the data connection, one of the five parts of a device",
                remedy=f"pin {TOKEN_EXCHANGE}",
            )


def _present(context: Context, place: RingPlace) -> set[str] | None:
    """The parts that the release has; None where a component is unknown, which is told elsewhere or meant so."""
    present: set[str] = set()
    for name, component in place.ring.components.items():
        known = public_components().get(name)
        if known is not None:
            present |= set(known.provides)
        else:
            version = context.catalog.get(name, component.version)
            if version is None:
                return None
            present |= {"runtime" if part == "agent" else part for part in version.parts}
    if place.captures is not False:
        present.add("data connection")
    return present


def _provided(context: Context, name: str) -> set[str]:
    """The parts that a component provides in any version."""
    known = public_components().get(name)
    if known is not None:
        return set(known.provides)
    found = (context.catalog.get(name, version) for version in context.catalog.versions(name))
    parts = {part for version in found if version is not None for part in version.parts}
    return {"runtime" if part == "agent" else part for part in parts}


def run_with_fits_the_platforms(context: Context) -> Iterator[Problem]:
    """A user of one system, or limits that only Linux has, on a fleet that does not run that system."""
    for place, name, component in context.components():
        given = component.run_with
        if given is None or place.fleet is None:
            continue
        systems = {platform.os for platform in place.fleet.platforms}
        posix, windows = bool(systems & {"linux", "darwin"}), "windows" in systems
        for key, value, fits, where in (
            ("posixUser", given.posix_user, posix, "Linux"),
            ("windowsUser", given.windows_user, windows, "Windows"),
            ("systemResourceLimits", given.system_resource_limits, "linux" in systems, "Linux"),
        ):
            if value is not None and not fits:
                yield place.problem(
                    ("components", name, "runWith", key),
                    f"is for {where}, and no platform of the fleet is",
                    got=f"platforms on {', '.join(sorted(systems))}",
                    remedy="take it out, or correct the platforms in fleet.yaml",
                )


_SINCE = {"systemResourceLimits": (2, 4), "interpolateComponentConfiguration": (2, 6)}


def nucleus_is_new_enough(context: Context) -> Iterator[Problem]:
    """An older nucleus ignores what it does not know."""
    for place in context.rings:
        nucleus = place.ring.components.get(NUCLEUS)
        if nucleus is None:
            continue
        version = parse_version(nucleus.version)
        uses = [
            (("components", name, "runWith", "systemResourceLimits"), "systemResourceLimits")
            for name, component in place.ring.components.items()
            if component.run_with is not None and component.run_with.system_resource_limits is not None
        ]
        if nucleus.config.get("interpolateComponentConfiguration"):
            key = "interpolateComponentConfiguration"
            uses.append((("components", NUCLEUS, "config", key), key))
        for path, key in uses:
            major, minor = _SINCE[key]
            if (version.major, version.minor) < (major, minor):
                yield place.problem(
                    path,
                    f"needs a nucleus of {major}.{minor} or later",
                    got=f"{NUCLEUS} {nucleus.version}",
                    remedy=f"pin {major}.{minor}.0 or later, or take this out",
                )


RULES = (device_has_its_five_parts, run_with_fits_the_platforms, nucleus_is_new_enough)
