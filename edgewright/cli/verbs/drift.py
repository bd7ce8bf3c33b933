"""`edgewright drift`: where the cloud and the devices are not what Git says; with --repair, put right."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from edgewright import output
from edgewright.cli.verbs import status as status_verb
from edgewright.errors import ExitCode

if TYPE_CHECKING:
    from edgewright.gitops.drift.find import Where
    from edgewright.gitops.drift.model import Drift
    from edgewright.gitops.engine import Engine
    from edgewright.manifest.load import Project

HELP = "where the cloud and the devices are not what Git says"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's own arguments."""
    parser.add_argument("fleet", nargs="?", metavar="FLEET", help="one fleet (default: everything, tooling included)")
    status_verb.add_scope(parser)
    parser.add_argument(
        "--only",
        choices=["cloud", "devices"],
        help="cloud: the stacks against their state; devices: what rings and devices run against Git",
    )
    parser.add_argument("--repair", action="store_true", help="put back what Git says, unless a gate says no")
    parser.add_argument(
        "--wait",
        type=status_verb.seconds,
        default=300.0,
        metavar="SECONDS",
        help="with --repair: wait so long for devices to take their release again (default: 300)",
    )
    parser.add_argument("--all", action="store_true", help="name every device, however many")
    parser.add_argument("--json", action="store_true", help="for machines")


def run(args: argparse.Namespace) -> int:
    """Compare, and repair when asked to.

    Returns:
        0 without drift, 2 when there is any (or when a gate keeps it from being repaired), 1 when there is none but
        not everything could be compared.
    """
    from edgewright.aws.fleet import Depth, Question
    from edgewright.gitops.drift.find import Where, find
    from edgewright.gitops.drift.text import document, lines
    from edgewright.gitops.engine import Engine, environment
    from edgewright.gitops.status.read import Scope
    from edgewright.manifest.load import load_project

    project = load_project(args.root.resolve())
    scope = Scope(args.fleet, args.stage, args.role, Question(depth=Depth.ALL, deadline=args.deadline))
    where = Where(scope, cloud=args.only != "devices", devices=args.only != "cloud")
    engine = Engine(project.root, environment({}), lambda line: output.status(line.strip()))
    drift = find(project, where, engine, on_progress=status_verb.progress)
    output.status("")
    if args.repair and drift.any:
        drift = _repaired(project, where, drift, engine, wait=args.wait, everybody=args.all)
    if args.json:
        output.data(document(drift))
    else:
        for line in lines(drift, output.paint, everybody=args.all):
            output.line(line)
    if drift.any:
        return ExitCode.REFUSED
    return ExitCode.USER if drift.unread else ExitCode.OK


def _repaired(project: Project, where: Where, drift: Drift, engine: Engine, *, wait: float, everybody: bool) -> Drift:
    """Show what was found and what is done about it; return what is left."""
    from edgewright.gitops.drift.repair import plan, repair, told
    from edgewright.gitops.drift.text import lines

    def say(text: str) -> None:
        output.status("")
        output.note(text)

    for line in lines(drift, lambda text, _colour: text, everybody=everybody):
        say(line)
    say(f"repair: {told(plan(project, where, drift))}")
    left = repair(project, where, drift, engine, wait=wait, say=say)
    output.status("")
    return left
