"""Rules about a rollout that could not stop by itself. They warn: how much to risk is the fleet's own decision."""

from __future__ import annotations

from collections.abc import Iterator

from edgewright.manifest.context import Context
from edgewright.source import Problem


def production_stops_by_itself(context: Context) -> Iterator[Problem]:
    """Without an abort criterion a bad release reaches every device of the ring before anybody looks."""
    for place in context.rings:
        things = place.ring.members.things
        alone = things is not None and len(things) <= 1
        if place.production and not place.ring.rollout.abort and not alone:
            yield place.problem(
                ("rollout",),
                "has no abort, so a bad release would reach every device of the ring",
                remedy="add abort: [{on: failed, above: 5%, after: 10}]",
                severity="warning",
            )


def aborts_can_come_true(context: Context) -> Iterator[Problem]:
    """A criterion that waits for more devices than there are never stops anything."""
    for place in context.rings:
        things = place.ring.members.things
        for index, abort in enumerate(place.ring.rollout.abort):
            path = ("rollout", "abort", index)
            if things is not None and 0 < len(things) < abort.after:
                yield place.problem(
                    (*path, "after"),
                    f"waits for more devices than the ring has, {len(things)}, so it never stops the rollout",
                    got=place.shown((*path, "after")),
                    remedy=f"write {len(things)} or less",
                    severity="warning",
                )
            if abort.above >= 1:
                yield place.problem(
                    (*path, "above"),
                    "is never exceeded, so it never stops the rollout",
                    got=place.shown((*path, "above")),
                    remedy="write a lower share, such as 5%",
                    severity="warning",
                )


RULES = (production_stops_by_itself, aborts_can_come_true)
