"""Who gave which release to which ring, when, on what evidence: Git's own history with what the ledger adds to it.

Git says what a ring had and who changed it; that is the whole truth of what was wanted. The ledger says what gates
said, what was tested, approved and deployed, and what is proposed and not merged.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from edgewright.gitops.events import AnyEvent, Approved, Deployed, Promoted, RolledBack, TestRecorded, as_document
from edgewright.gitops.merged import Merged
from edgewright.gitops.releases import FROM


@dataclass(frozen=True)
class Row:
    """One thing that happened."""

    at: datetime
    ring: str
    what: str
    """promotion, edit, rollback, begin, proposal, test, approval, deployment."""
    release: str
    previous: str | None
    by: str
    told: str
    commit: str | None = None
    evidence: tuple[AnyEvent, ...] = field(default=())
    """What the ledger knows of it."""

    def as_json(self) -> dict[str, Any]:
        """For machines."""
        return {
            "at": self.at.isoformat().replace("+00:00", "Z"),
            "ring": self.ring,
            "what": self.what,
            "release": self.release,
            "previous": self.previous,
            "by": self.by,
            "told": self.told,
            "commit": self.commit,
            "evidence": [as_document(event) for event in self.evidence],
        }


def rows(merged: Merged, fleet: str, *, ring: str | None = None) -> list[Row]:
    """Return what happened to the releases of a fleet, newest first.

    Args:
        merged: What is merged.
        fleet: The fleet; what it did under a former name is there too.
        ring: Only this ring (``stage/ring``).

    Raises:
        EdgewrightError: there is no such fleet or ring.
    """
    if ring is not None:
        merged.project.ring(fleet, ring)
    path = [(stage, each.name) for stage, each in merged.project.path(fleet)]
    names = {name for stage, _ in path for name in merged.history.former_names(fleet, stage)}
    events = [event for event in merged.ledger.events() if event.fleet in names and ring in (None, event.ring)]
    found: list[Row] = []
    used: set[int] = set()
    for stage, name in path:
        where = f"{stage}/{name}"
        if ring not in (None, where):
            continue
        for change in merged.history.changes(fleet, stage, name):
            evidence = tuple(
                event
                for event in events
                if isinstance(event, Promoted | RolledBack)
                and event.ring == where
                and _is_of(event, change.before, change.after)
            )
            used |= {id(event) for event in evidence}
            commit = change.commit
            told = f"{commit.subject}"
            if change.before is None:
                what = "begin"
            elif merged.history.rollback_of(change):
                what = "rollback"
            elif merged.history.is_promotion(change):
                what = "promotion"
                source = commit.trailers.get(FROM) or _source(evidence)
                told = f"from {source}: {commit.subject}" if source and source not in commit.subject else commit.subject
            else:
                what = "edit"
            found.append(
                Row(
                    commit.at.astimezone(UTC),
                    where,
                    what,
                    change.after,
                    change.before,
                    commit.author,
                    told,
                    commit.id,
                    evidence,
                )
            )
    found += [_row(event) for event in events if id(event) not in used]
    return sorted(found, key=lambda row: row.at, reverse=True)


def _is_of(event: Promoted | RolledBack, before: str | None, after: str) -> bool:
    if isinstance(event, Promoted):
        return (event.previous, event.release) == (before, after)
    return (event.release, event.restores) == (before, after)


def _source(evidence: tuple[AnyEvent, ...]) -> str | None:
    return next((event.source for event in evidence if isinstance(event, Promoted)), None)


def _row(event: AnyEvent) -> Row:
    """What only the ledger knows."""
    release, previous = event.release, None
    if isinstance(event, Promoted):
        what, previous = "proposal", event.previous
        told = f"from {event.source}, not merged: {event.request or event.branch or event.commit}"
    elif isinstance(event, RolledBack):
        what, release, previous = "proposal", event.restores, event.release
        told = f"rollback, not merged: {event.request or event.commit}: {event.reason}"
    elif isinstance(event, TestRecorded):
        what = "test"
        told = f"{event.name} {'passed' if event.passed else 'failed'}" + (
            f": {event.summary}" if event.summary else ""
        )
    elif isinstance(event, Approved):
        what, told = "approval", event.note or "may leave the ring"
    else:
        what, told = "deployment", f"{event.outcome}, deployment {event.deployment}: {event.told}"
    return Row(
        event.instant.astimezone(UTC), event.ring, what, release, previous, event.by, told, event.commit, (event,)
    )


def deployments(merged: Merged, fleet: str, ring: str, release: str) -> list[Deployed]:
    """Return the recorded deployments of a release to a ring, oldest first."""
    return [
        event
        for event in merged.ledger.events(fleet, fetch=False)
        if isinstance(event, Deployed) and (event.ring, event.release) == (ring, release)
    ]
