"""Rules about the way of a release from ring to ring."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping

from edgewright.manifest.context import Context, RingPlace
from edgewright.source import Problem
from edgewright.validation import did_you_mean, one_of


def _rings(context: Context, folder: str) -> dict[str, RingPlace]:
    """The rings of a fleet by their name on the path, where that is known."""
    return {place.name: place for place in context.rings_by_fleet.get(folder, ()) if place.placed}


def path_names_every_ring_once(context: Context) -> Iterator[Problem]:
    """A ring that is not on the path never gets a release; one that is there twice gets it in a circle."""
    for folder in context.fleets:
        yield from _of_path(context, folder)


def _of_path(context: Context, folder: str) -> Iterator[Problem]:
    parsed = context.fleets[folder]
    if parsed.model is None or not parsed.whole(("promotion", "path")):
        return
    rings = _rings(context, folder)
    path = parsed.model.promotion.path
    left = [name for name in rings if name not in path]
    complete = context.complete(folder)
    for index, name in enumerate(path):
        if name in path[:index]:
            yield parsed.problem(("promotion", "path", index), "is on the path twice", got=name, remedy="keep it once")
        elif name not in rings and complete:
            meant = did_you_mean(name, left)
            if meant is not None:
                left.remove(meant)
            listed = f"the fleet's rings are {', '.join(rings) or 'none yet'}"
            yield parsed.problem(
                ("promotion", "path", index),
                "is not a ring of the fleet",
                got=name,
                remedy=f"did you mean {meant}? ({listed})" if meant else one_of(name, rings, "the fleet's rings are"),
            )
    for name in left:
        yield rings[name].problem(
            ("name",),
            "is not on the promotion path, so no release would reach it",
            got=name,
            remedy=f"add {name} to promotion.path in {parsed.file}",
        )


def production_comes_last(context: Context) -> Iterator[Problem]:
    """A release is tried before it reaches production."""
    for folder, parsed in context.fleets.items():
        if parsed.model is None:
            continue
        rings = _rings(context, folder)
        earlier = ""
        for index, name in enumerate(parsed.model.promotion.path):
            if name not in rings or name in parsed.model.promotion.path[:index]:
                continue
            if rings[name].production:
                earlier = earlier or name
            elif earlier:
                yield parsed.problem(
                    ("promotion", "path", index),
                    f"comes after {earlier}, which is production",
                    got=name,
                    remedy="put the rings of production last",
                )


def gates_belong_to_the_path(context: Context) -> Iterator[Problem]:
    """A gate stands behind a ring of the path, and before production there is one."""
    for folder, parsed in context.fleets.items():
        if parsed.model is None or not parsed.whole(("promotion",)):
            continue
        rings = _rings(context, folder)
        path, gates = parsed.model.promotion.path, parsed.model.promotion.gates
        # a gate for a ring that the path leaves out, or calls by another name, is told at the path
        strange = [name for name in gates if name not in path and name not in rings]
        meant = {name: did_you_mean(name, path) for name in strange}
        for name in strange:
            yield parsed.problem(
                ("promotion", "gates", name),
                "is not on the promotion path",
                got=name,
                remedy=one_of(name, path, "the path is"),
            )
        if not context.complete(folder) or any(True for _ in _of_path(context, folder)):
            continue  # which ring comes before which is not known
        if path[-1] in gates:
            yield parsed.problem(
                ("promotion", "gates", path[-1]),
                "is a gate behind the last ring, where nothing follows",
                remedy="remove it",
                severity="warning",
            )
        for index, (name, following) in enumerate(itertools.pairwise(path)):
            gate = gates.get(name)
            if rings[following].production and (gate is None or gate.empty) and name not in meant.values():
                yield parsed.problem(
                    ("promotion", "path", index),
                    f"has no gate, and what follows is {following}, production",
                    got=name,
                    remedy=f"add a gate, such as {name}: {{bake: 1h, healthy: 100%}}",
                    severity="warning",
                )


def production_pins_what_staging_has(context: Context) -> Iterator[Problem]:
    """Where a ring of production differs from the last ring before production, that is worth a line."""
    for folder, parsed in context.fleets.items():
        if parsed.model is None:
            continue
        rings = _rings(context, folder)
        path = [rings[name] for name in parsed.model.promotion.path if name in rings]
        tried = next((place for place in reversed(path) if not place.production), None)
        for place in path:
            if tried is None or not place.production:
                continue
            differing = _differing(place, tried)
            if not differing:
                continue
            listed = ", ".join(f"{name} {here} ({there} in {tried.name})" for name, (here, there) in differing.items())
            yield place.problem(
                ("components",),
                f"differ from {tried.name}: {listed}{_since(context, place, next(iter(differing)))}",
                remedy=f"promote {place.fleet_name} when its gates are met",
                severity="warning",
            )


def _differing(place: RingPlace, tried: RingPlace) -> Mapping[str, tuple[str, str]]:
    ours, theirs = place.ring.components, tried.ring.components
    versions = {
        name: (
            ours[name].version if name in ours else "not there",
            theirs[name].version if name in theirs else "not there",
        )
        for name in (*ours, *(name for name in theirs if name not in ours))
    }
    return {name: (here, there) for name, (here, there) in versions.items() if here != there}


def _since(context: Context, place: RingPlace, name: str) -> str:
    if context.since is None:
        return ""
    path = ("rings", place.index, "components", name, "version")
    since = context.since(place.file.parsed.file, place.file.parsed.document.where(path).line)
    return f", since {since}" if since else ""


RULES = (
    path_names_every_ring_once,
    production_comes_last,
    gates_belong_to_the_path,
)
ADVICE = (production_pins_what_staging_has,)
