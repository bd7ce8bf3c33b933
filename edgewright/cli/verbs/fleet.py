"""`edgewright fleet new`: the files of a new fleet."""

from __future__ import annotations

import argparse
from pathlib import Path

from edgewright import output
from edgewright.errors import ExitCode

HELP = "begin a new fleet"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare new."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    summary = "write fleets/NAME/: a ring for each step to production, with a release that runs elsewhere"
    new = actions.add_parser("new", help=summary, description=summary[0].upper() + summary[1:] + ".")
    new.add_argument("name", metavar="NAME", help="of the fleet")
    new.add_argument("--like", metavar="FLEET", help="take platforms and release from it (default: the first fleet)")
    new.add_argument("--owner", metavar="@TEAM", help="who answers for it, as in CODEOWNERS (default: as --like)")
    new.add_argument("--root", type=Path, default=Path(), help="the project's folder (default: this one)")


def run(args: argparse.Namespace) -> int:
    """Write the files and say what comes next."""
    from edgewright.gitops.new_fleet import new_fleet
    from edgewright.manifest.load import load_project

    project = load_project(args.root)
    for path in new_fleet(project, args.root, args.name, like=args.like, owner=args.owner):
        output.line(str(path.relative_to(args.root)))
    output.note("put your devices in, say what the fleet is for, then: edgewright validate && edgewright diff")
    return ExitCode.OK
