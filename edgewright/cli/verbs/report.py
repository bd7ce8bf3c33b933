"""`edgewright report`: one self-contained HTML page of fleets, rings, releases, devices and history."""

from __future__ import annotations

import argparse
from pathlib import Path

from edgewright import output
from edgewright.cli.verbs import status as status_verb
from edgewright.errors import EdgewrightError, ExitCode

HELP = "one page of fleets, rings, releases, devices and history, for a browser"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's own arguments."""
    parser.add_argument("fleet", nargs="?", metavar="FLEET", help="one fleet (default: all of them)")
    parser.add_argument("--html", type=Path, required=True, metavar="FILE", help="where the page is written")
    parser.add_argument(
        "--offline", action="store_true", help="ask neither AWS nor the remote: what Git says, and its history"
    )
    status_verb.add_scope(parser)


def run(args: argparse.Namespace) -> int:
    """Write the page, whole or not at all.

    Returns:
        0 when everything could be read; 1 when something could not, which the page names.
    """
    from edgewright.atomic import write_text
    from edgewright.aws.fleet import Depth, Question
    from edgewright.gitops.report.gather import gather
    from edgewright.gitops.report.page import render
    from edgewright.gitops.status.read import Scope
    from edgewright.manifest.load import load_project

    if args.html.is_dir() or not args.html.absolute().parent.is_dir():
        message = f"--html {args.html} is no file in a folder that is there; name one, such as report.html"
        raise EdgewrightError(message)
    project = load_project(args.root.resolve())
    scope = Scope(args.fleet, args.stage, args.role, Question(depth=Depth.SUSPECTS, deadline=args.deadline))
    report = gather(project, scope, live=not args.offline, on_progress=status_verb.progress)
    output.status("")
    try:
        write_text(args.html, render(report))
    except OSError as error:
        message = f"{args.html} cannot be written: {error.strerror or error}; choose another place with --html"
        raise EdgewrightError(message) from error
    output.line(f"wrote {args.html}: {len(report.fleets)} fleets, {len(report.history)} entries of history")
    for line in report.missing:
        output.note(f"not read: {line}")
    return ExitCode.USER if report.missing else ExitCode.OK
