"""`edgewright trace`: from a device to its deployment, release, components, models, data and people."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from edgewright import output
from edgewright.cli.repository import add_role, add_root, repository
from edgewright.errors import ExitCode
from edgewright.source import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from edgewright.gitops.events import AnyEvent
    from edgewright.gitops.trace import Chain, Part

HELP = "where what a device runs comes from, down to data and people"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the device."""
    parser.add_argument("thing", metavar="THING", help="the device")
    parser.add_argument("--fleet", metavar="FLEET", help="its fleet, to look in no other")
    parser.add_argument("--offline", action="store_true", help="ask Git and the ledger only")
    parser.add_argument("--json", action="store_true", help="print the chain as JSON")
    add_role(parser)
    add_root(parser)


def run(args: argparse.Namespace) -> int:
    """Print the chain."""
    from edgewright.gitops.merged import Merged
    from edgewright.gitops.trace import chain

    output.status("following the device")
    merged = Merged(repository(args))
    found = chain(merged, args.thing, None if args.offline else merged.sessions(role=args.role), fleet=args.fleet)
    output.status("")
    if args.json:
        output.data(as_document(found))
    else:
        for line in lines(found):
            output.line(line)
    return ExitCode.OK


def lines(found: Chain) -> Iterator[str]:
    """Yield the chain for people."""
    from edgewright.manifest.controls import short

    seen = found.seen
    health = (
        f"{seen.health}, reported {seen.reported:%Y-%m-%dT%H:%MZ}" if seen and seen.reported else "AWS was not asked"
    )
    if seen is None and found.deployment is None:
        health = "not known to Greengrass, or AWS was not asked"
    yield f"device      {found.thing} ({health})"
    yield f"ring        {found.fleet} {found.ring}"
    yield f"deployment  {found.deployment or 'not known'}"
    differs = "" if found.release == found.wanted else f"; Git says {short(found.wanted)}"
    yield f"release     {found.release}{differs}"
    for change in found.changes:
        commit = change.commit
        yield f"  commit      {commit.id[:10]} {commit.at:%Y-%m-%d} {commit.author}: {commit.subject}"
    yield f"  written by  {', '.join(sorted(found.authors)) or 'not known here'}"
    for promotion in found.promotions:
        yield f"  promoted    {promotion.source} -> {promotion.ring} by {promotion.by} at {promotion.at}"
    for test in found.tests:
        yield f"  tested      {test.name} {'passed' if test.passed else 'failed'} in {test.ring} at {test.at}"
    for approval in found.approvals:
        yield f"  approved    by {approval.by} at {approval.at} to leave {approval.ring}" + (
            f": {approval.note}" if approval.note else ""
        )
    if not found.approvals:
        yield "  approved    by nobody in the ledger"
    for part in found.parts:
        yield from _part(part)


def _part(part: Part) -> Iterator[str]:
    version = part.runs or part.wanted or ""
    state = f" {part.state}" if part.state else ""
    other = f" (Git says {part.wanted or 'nothing'})" if part.runs and part.runs != part.wanted else ""
    kind = f" [{part.kind}]" if part.kind else ""
    yield f"component   {part.name} {version}{state}{kind}{other}"
    if part.digest:
        yield f"  digest      {part.digest}"
    for key, value in flat(part.provenance or {}):
        yield f"  {key:<11} {value}"


def flat(values: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    """Yield a provenance as lines: nested keys with dots, lists in one line."""
    for key, value in values.items():
        name = f"{above}{key}"
        if isinstance(value, dict):
            yield from flat(value, f"{name}.")
        else:
            shown = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
            yield printable(name), printable(" ".join(shown.split()))


def as_document(found: Chain) -> dict[str, Any]:
    """Return the chain for machines."""
    from edgewright.gitops.events import as_document as event_document

    events: list[AnyEvent] = [*found.promotions, *found.tests, *found.approvals, *found.outcomes]
    return {
        "thing": found.thing,
        "fleet": found.fleet,
        "ring": found.ring,
        "deployment": found.deployment,
        "release": found.release,
        "wanted": found.wanted,
        "health": found.seen.health if found.seen else None,
        "authors": sorted(found.authors),
        "commits": [
            {
                "commit": each.commit.id,
                "at": each.commit.at.isoformat(),
                "author": each.commit.author,
                "subject": each.commit.subject,
            }
            for each in found.changes
        ],
        "events": [event_document(event) for event in events],
        "components": [
            {
                "name": part.name,
                "wanted": part.wanted,
                "runs": part.runs,
                "state": part.state,
                "kind": part.kind,
                "digest": part.digest,
                "provenance": part.provenance,
            }
            for part in found.parts
        ],
    }
