"""`edgewright history`: who gave which release to which ring, when, and on what evidence."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from edgewright import output
from edgewright.cli.repository import add_root, repository
from edgewright.errors import ExitCode

if TYPE_CHECKING:
    from edgewright.gitops.history import Row

HELP = "who gave which release to which ring, when, on what evidence"
_COLOURS = {"promotion": "green", "rollback": "red", "proposal": "yellow"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the fleet and the ring."""
    parser.add_argument("fleet", metavar="FLEET")
    parser.add_argument("--ring", metavar="STAGE/RING", help="only this ring")
    parser.add_argument("--limit", type=int, default=0, metavar="N", help="only the newest N lines")
    parser.add_argument("--gates", action="store_true", help="with what every gate said")
    parser.add_argument("--json", action="store_true", help="print everything as JSON")
    add_root(parser)


def run(args: argparse.Namespace) -> int:
    """Print the history, newest first."""
    from edgewright.gitops.history import rows
    from edgewright.gitops.merged import Merged

    output.status("reading the history")
    found = rows(Merged(repository(args)), args.fleet, ring=args.ring)
    output.status("")
    found = found[: args.limit] if args.limit > 0 else found
    if args.json:
        output.data([row.as_json() for row in found])
        return ExitCode.OK
    for row in found:
        show(row, gates=args.gates)
    if not found:
        output.line(f"nothing happened in {args.fleet} yet")
    return ExitCode.OK


def show(row: Row, *, gates: bool) -> None:
    """Print one line, and its gates below it."""
    from edgewright.gitops.events import Promoted, RolledBack
    from edgewright.manifest.controls import short

    what = f"{row.what:<10}"
    what = output.paint(what, _COLOURS[row.what]) if row.what in _COLOURS else what
    releases = (
        f"{short(row.previous) if row.previous else ' ' * 12} -> {short(row.release)}"
        if row.previous
        else f"{'':16}{short(row.release)}"
    )
    commit = row.commit[:10] if row.commit else ""
    output.line(f"{row.at:%Y-%m-%dT%H:%MZ}  {row.ring:<16} {what} {releases}  {commit:<10}  {row.by}  {row.told}")
    told: dict[str, None] = {}
    for event in row.evidence:
        if isinstance(event, RolledBack):
            told |= dict.fromkeys([f"passed {each}" for each in event.passed])
            if row.what == "rollback":
                told[f"because: {event.reason}"] = None
        if isinstance(event, Promoted):
            if event.deployment:
                told[f"proven by deployment {event.deployment} in {event.source}"] = None
            for gate in event.gates if gates else ():
                told[f"{'met' if gate.met else f'passed over ({gate.passed_over})'} {gate.gate}: {gate.told}"] = None
    for line in told:
        output.line(f"{'':19}{line}")
