"""Rules about what holds releases back: a control or a window with a misspelt name would hold back nothing."""

from __future__ import annotations

from collections.abc import Iterator

from edgewright.manifest.context import Context
from edgewright.manifest.controls import ALL, short
from edgewright.source import Problem
from edgewright.validation import one_of


def windows_are_for_what_is_there(context: Context) -> Iterator[Problem]:
    """A freeze window for a stage or a fleet that is not there freezes nothing."""
    organisation = context.organisation.model
    if organisation is None:
        return
    for index, window in enumerate(organisation.windows):
        for key, names, known in (
            ("stages", window.stages, list(organisation.stages)),
            ("fleets", window.fleets, sorted(context.fleets)),
        ):
            if key == "stages" and not context.organisation.whole(("stages",)):
                continue
            for place, name in enumerate(names or ()):
                if name not in known:
                    yield context.organisation.problem(
                        ("windows", index, key, place),
                        f"is not one of the {key}",
                        got=name,
                        remedy=one_of(name, known, f"the {key} are"),
                    )


def controls_are_for_fleets_that_are_there(context: Context) -> Iterator[Problem]:
    """A stop or a hold of a fleet that was renamed, or never was, would protect nothing."""
    fleets = sorted(context.fleets)
    for name, stop in context.controls.stops.items():
        if name != ALL and name not in fleets:
            remedy = f"rename the file to a fleet, or to {ALL}.yaml: {one_of(name, fleets, 'the fleets are')}"
            yield stop.problem((), "stops a fleet that is not there", got=name, remedy=remedy)
    for hold in context.controls.holds:
        if hold.model is not None and hold.model.fleet not in fleets:
            listed = one_of(hold.model.fleet, fleets, "the fleets are")
            yield hold.problem(
                ("fleet",),
                "is not a fleet; a fleet that was renamed takes its holds along",
                got=hold.model.fleet,
                remedy=f"move the file and correct it, or remove it: {listed}",
            )


def no_fleet_is_called_all(context: Context) -> Iterator[Problem]:
    """The stop of all fleets is called so."""
    parsed = context.fleets.get(ALL)
    if parsed is not None:
        yield parsed.problem(
            ("name",), "is what the stop of all fleets is called", got=ALL, remedy="rename the fleet and its folder"
        )


def no_ring_has_a_release_in_quarantine(context: Context) -> Iterator[Problem]:
    """What is in quarantine is not deployed again, so a device that joins the ring would not get it."""
    controls = context.controls.controls
    for place in context.rings:
        found = controls.quarantine(place.ring.release)
        if found is not None:
            yield place.problem(
                ("components",),
                f"are release {short(found.release)}, which is in quarantine: {found}",
                remedy=f"edgewright rollback {place.fleet_name} --ring {place.name}, or edit the release",
                severity="warning",
            )


RULES = (windows_are_for_what_is_there, controls_are_for_fleets_that_are_there, no_fleet_is_called_all)
ADVICE = (no_ring_has_a_release_in_quarantine,)
