"""Rules about twins and testbeds: where they are, which ring is theirs, and that they run what production runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from edgewright.documents import naming
from edgewright.manifest.context import Context, RingPlace, StageFile
from edgewright.manifest.twins import Difference, Testbed, Twins
from edgewright.source import Problem
from edgewright.validation import one_of


def twins_are_where_they_belong(context: Context) -> Iterator[Problem]:
    """Twins or a testbed, not both; not in production; in a ring of their stage that takes them."""
    for file in context.stages:
        model = file.parsed.model
        if model is None:
            continue
        if model.twins is not None and model.testbed is not None:
            yield file.parsed.problem(
                ("testbed",), "stands beside twins, and a stage has one of the two", remedy="take one of them out"
            )
        places = [place for place in context.rings_by_fleet.get(file.folder, ()) if place.file is file]
        for key, mirror in (("twins", model.twins), ("testbed", model.testbed)):
            if mirror is None:
                continue
            if any(place.production for place in places):
                yield file.parsed.problem(
                    (key,),
                    "stands in for production, and this stage is production",
                    remedy="move it to a stage before this one",
                )
            yield from _ring(file, places, key, mirror)


def _ring(file: StageFile, places: Sequence[RingPlace], key: str, mirror: Twins | Testbed) -> Iterator[Problem]:
    rings = {place.ring.name: place for place in places}
    place = rings.get(mirror.ring)
    if place is None:
        if file.parsed.whole(("rings",)):
            yield file.parsed.problem(
                (key, "ring"),
                "is no ring of this stage",
                got=mirror.ring,
                remedy=one_of(mirror.ring, rings, "the rings are"),
            )
    elif isinstance(mirror, Twins) and not place.ring.members.provisioned:
        yield place.problem(
            ("members",),
            "are not provisioned, and twins join by the provisioning template",
            remedy="write members: {provisioned: true}",
        )
    if isinstance(mirror, Twins) and places:
        fleet = places[0].fleet
        offered = sorted({each.architecture for each in fleet.platforms if each.os == "linux"}) if fleet else []
        if fleet is not None and mirror.architecture not in offered:
            yield file.parsed.problem(
                (key, "architecture"),
                "is none of the fleet's platforms on Linux, so the twins would not be like its devices",
                got=mirror.architecture,
                remedy=one_of(mirror.architecture, offered, "they are"),
            )


def twins_have_names_of_their_own(context: Context) -> Iterator[Problem]:
    """The serial numbers of twins follow from their number; no device may have one of them."""
    for file in context.stages:
        model = file.parsed.model
        if model is None or model.twins is None:
            continue
        own = {naming.twin(model.fleet, model.stage, number + 1) for number in range(model.twins.count)}
        for index, ring in enumerate(model.rings):
            for kind, names in (("things", ring.members.things or ()), ("serials", ring.members.serials)):
                for number, name in enumerate(names):
                    if name in own:
                        yield file.parsed.problem(
                            ("rings", index, "members", kind, number),
                            "is the name of a twin",
                            got=name,
                            remedy="rename the device, or lower twins.count",
                        )


def twins_run_what_production_runs(context: Context) -> Iterator[Problem]:
    """What production runs in a version that a twin has too, it runs with the same configuration.

    A release that is on its way differs in versions, and that is told elsewhere. This is about what never gets the
    same: a component that production has and no twin tries, or a key that was only changed on one side.
    """
    for file in context.stages:
        model = file.parsed.model
        mirror = (model.twins or model.testbed) if model else None
        if model is None or mirror is None or mirror.playground:
            continue
        places = context.rings_by_fleet.get(file.folder, ())
        twin = next((each for each in places if each.file is file and each.ring.name == mirror.ring), None)
        if twin is None:
            continue
        for place in places:
            if place.production:
                yield from _compared(twin, place, mirror.differences)


def _compared(twin: RingPlace, place: RingPlace, allowed: Sequence[Difference]) -> Iterator[Problem]:
    keys = {each.component: each.keys for each in allowed}
    for name, component in place.ring.components.items():
        tried = twin.ring.components.get(name)
        if tried is None:
            if keys.get(name) != ():
                yield place.problem(
                    ("components", name),
                    f"is not in {twin.name}, so nothing has tried it before production",
                    remedy=f"pin it in {twin.name} too, or allow it under differences in {twin.file.parsed.file}",
                    severity="warning",
                )
            continue
        if tried.version != component.version or keys.get(name) == ():
            continue
        differing = [
            pointer
            for pointer in sorted(_differing(tried.config, component.config))
            if not any(pointer == key or pointer.startswith(f"{key}/") for key in keys.get(name, ()))
        ]
        if differing:
            yield place.problem(
                ("components", name, "config") if component.config else ("components", name),
                f"differs from {twin.name} in {', '.join(differing)} with the same version",
                remedy=f"make the two equal, or allow it under differences in {twin.file.parsed.file}",
                severity="warning",
            )


def _differing(one: Any, other: Any, pointer: str = "") -> Iterator[str]:
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        for key in {*one, *other}:
            step = f"{pointer}/{str(key).replace('~', '~0').replace('/', '~1')}"
            if key not in one or key not in other:
                yield step
            else:
                yield from _differing(one[key], other[key], step)
    elif one != other or isinstance(one, bool) != isinstance(other, bool):
        yield pointer


RULES = (twins_are_where_they_belong, twins_have_names_of_their_own)
ADVICE = (twins_run_what_production_runs,)
