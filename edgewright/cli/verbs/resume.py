"""`edgewright resume`: the line that was stopped runs again."""

from __future__ import annotations

import argparse

from edgewright import output
from edgewright.cli.control import add_control, commit, fleet_or_all
from edgewright.cli.repository import repository
from edgewright.errors import EdgewrightError

HELP = "let a line that was stopped run again"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare whose stop is lifted."""
    parser.add_argument("fleet", metavar="FLEET", nargs="?", help="the fleet")
    parser.add_argument("--all", action="store_true", help="the stop of every fleet")
    add_control(parser)


def run(args: argparse.Namespace) -> int:
    """Take the file away and commit that."""
    from edgewright.gitops import controlling
    from edgewright.manifest.controls import ALL, stop_file

    here = repository(args)
    fleet = fleet_or_all(args, here)
    stops = controlling.current(here).stops
    whom = "all fleets" if args.all else fleet
    if fleet not in stops:
        there = ", ".join(sorted(stops)) or "none"
        msg = f"the line of {whom} is not stopped; stopped are: {there}"
        raise EdgewrightError(msg)
    told = f"the line of {whom} runs again"
    code = commit(args, here, {stop_file(fleet): None}, f"Let the line of {whom} run again", told)
    if fleet != ALL and ALL in stops:
        output.line(f"note: all fleets are stopped as well: {stops[ALL]}")
    return code
