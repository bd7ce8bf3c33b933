"""The rings of a fleet, in the order in which a release goes through them."""

from __future__ import annotations

from edgewright.manifest.load import Project
from edgewright.manifest.model import Ring


def rings_of(project: Project | None, fleet: str) -> dict[str, Ring]:
    """Return the rings of a fleet by their path (stage/ring), in promotion order; those off the path come last."""
    if project is None or fleet not in project.fleets:
        return {}
    found = {
        f"{stage}/{ring.name}": ring
        for stage in sorted(project.organisation.stages)
        if (fleet, stage) in project.stages
        for ring in project.stages[fleet, stage].rings
    }
    order = list(project.fleets[fleet].promotion.path)
    return dict(sorted(found.items(), key=lambda each: order.index(each[0]) if each[0] in order else len(order)))
