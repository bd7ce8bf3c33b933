"""`edgewright stop`: no update and no promotion for a fleet, or for all, until `edgewright resume`."""

from __future__ import annotations

import argparse

from edgewright.cli.control import add_control, commit, fleet_or_all
from edgewright.cli.repository import repository

HELP = "stop the line: no update and no promotion, for a fleet or for all"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare whom it stops."""
    parser.add_argument("fleet", metavar="FLEET", nargs="?", help="the fleet")
    parser.add_argument("--all", action="store_true", help="every fleet")
    parser.add_argument("--rollbacks-pass", action="store_true", help="rollbacks go on; each one is recorded")
    add_control(parser)


def run(args: argparse.Namespace) -> int:
    """Write and commit the stop."""
    from edgewright.gitops import controlling

    here = repository(args)
    fleet = fleet_or_all(args, here)
    file, stop = controlling.stop(fleet, args.reason, here.user(), rollbacks=args.rollbacks_pass)
    controlling.refuse_existing(file, controlling.current(here).stops.get(fleet))
    whom = "all fleets" if args.all else fleet
    told = f"the line of {whom} is stopped: {args.reason}"
    return commit(args, here, {file: controlling.render(stop)}, f"Stop the line of {whom}", told)
