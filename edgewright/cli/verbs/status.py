"""`edgewright status`: what rings run against what Git wants, from AWS."""

from __future__ import annotations

import argparse
from pathlib import Path

from edgewright import output
from edgewright.errors import EdgewrightError, ExitCode

HELP = "what the rings of fleets run, against what Git wants of them"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's own arguments."""
    parser.add_argument(
        "fleet", nargs="?", metavar="FLEET", help="one fleet, with its components (default: all fleets)"
    )
    add_scope(parser)
    parser.add_argument("--components", action="store_true", help="list the components of every fleet's rings")
    parser.add_argument(
        "--deep",
        action="store_true",
        help="ask every device for its components; by default only those in trouble, in rings of more than 250 things",
    )
    parser.add_argument(
        "--devices", action="store_true", help="with --json: every device of every ring, with what it has installed"
    )
    parser.add_argument("--all", action="store_true", help="name every straggler, however many")
    parser.add_argument("--json", action="store_true", help="for machines")


def add_scope(parser: argparse.ArgumentParser) -> None:
    """Declare what all verbs that read AWS have in common."""
    parser.add_argument("--stage", help="only the rings of this stage")
    parser.add_argument("--root", type=Path, default=Path(), help="the folder with edgewright.yaml (default: this one)")
    parser.add_argument(
        "--deadline",
        type=seconds,
        default=120.0,
        metavar="SECONDS",
        help="wait so long for AWS, then name what is missing (default: 120)",
    )
    parser.add_argument(
        "--role",
        help="name of the role in each stage's account to read with, such as edgewright-preview-{stage} "
        "(default: the stage's deploy role; an empty name reads with the environment's own credentials)",
    )


def run(args: argparse.Namespace) -> int:
    """Print the status.

    Returns:
        0 when everything could be read, whatever it says; 1 when something could not.
    """
    from edgewright.aws.fleet import Depth, Question
    from edgewright.gitops.status.document import document
    from edgewright.gitops.status.read import Scope, status
    from edgewright.gitops.status.text import lines
    from edgewright.manifest.load import load_project

    if args.devices and not args.json:
        message = "--devices is for machines: give --json as well (people read the page of edgewright report)"
        raise EdgewrightError(message)
    project = load_project(args.root)
    depth = Depth.ALL if args.deep else Depth.SUSPECTS
    scope = Scope(args.fleet, args.stage, args.role, Question(depth=depth, deadline=args.deadline))
    found = status(project, scope, on_progress=progress)
    output.status("")
    if args.json:
        output.data(document(found, devices=args.devices))
    else:
        components = args.components or args.fleet is not None
        for line in lines(found, output.paint, components=components, everybody=args.all):
            output.line(line)
    return ExitCode.OK if found.complete else ExitCode.USER


def progress(done: int, known: int) -> None:
    """Show how far the reading is."""
    output.status(f"reading AWS: {done:,} of {known:,} questions answered")


def seconds(text: str) -> float:
    """Return the seconds that an argument says.

    Raises:
        ArgumentTypeError: it is no number of seconds.
    """
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 < number < 86400:
        message = f"{text!r} is no number of seconds (above 0, below a day)"
        raise argparse.ArgumentTypeError(message)
    return number
