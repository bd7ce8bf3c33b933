"""`edgewright diff [BASE] [HEAD]`: what a change means for devices, permissions and settings."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from edgewright import output
from edgewright.cli.verbs.status import progress, seconds
from edgewright.errors import ExitCode

HELP = "what a change means: releases, configuration, permissions, devices"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the two sides, the form of the answer, and where it goes."""
    parser.add_argument(
        "base", nargs="?", help="a commit, or A..B (default: where this branch left the default branch)"
    )
    parser.add_argument("head", nargs="?", help="a commit (default: the work tree)")
    parser.add_argument("--root", type=Path, default=Path(), help="the folder with edgewright.yaml (default: this one)")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print the comparison as JSON")
    form.add_argument("--markdown", action="store_true", help="print one comment of a pull or merge request")
    aws = parser.add_mutually_exclusive_group()
    aws.add_argument("--live", action="store_true", help="fail where AWS cannot be asked for devices and health")
    aws.add_argument("--offline", action="store_true", help="do not ask AWS, whatever credentials there are")
    parser.add_argument(
        "--role",
        help="name of the role in each stage's account to read with, such as edgewright-preview-{stage} "
        "(default: the stage's deploy role; an empty name reads with the environment's own credentials)",
    )
    parser.add_argument(
        "--deadline", type=seconds, default=30.0, metavar="SECONDS", help="wait so long for AWS (default: 30)"
    )
    parser.add_argument(
        "--plans",
        type=Path,
        action="append",
        default=[],
        metavar="PATH",
        help="plans that `edgewright plan --record` made of the head, to be shown with it (files, or folders of them)",
    )
    parser.add_argument("--output", type=Path, metavar="FILE", help="write it to a file in place of printing it")


def run(args: argparse.Namespace) -> int:
    """Compare, and show.

    Returns:
        0, whether anything differs or not.
    """
    import json
    from dataclasses import replace

    from edgewright.atomic import write_text
    from edgewright.gitops.diff import markdown, text
    from edgewright.gitops.diff.between import Live, between, with_live
    from edgewright.gitops.diff.live import Look
    from edgewright.gitops.diff.model import PlanInfo
    from edgewright.gitops.git import Repository
    from edgewright.gitops.plan import read_plans

    diff, project = between(Repository(args.root), args.base, args.head)
    live: Live = "yes" if args.live else "no" if args.offline else "if it can be"
    diff = with_live(diff, project, live, Look(args.role, args.deadline), on_progress=progress)
    output.status("")
    plans = read_plans(args.plans)
    diff = replace(diff, plans=tuple(PlanInfo(each.stack, each.fingerprint, each.counts) for each in plans))
    if args.json:
        shown = json.dumps(diff.as_json(), indent=2, ensure_ascii=False) + "\n"
    elif args.markdown:
        shown = markdown.render(diff)
    elif args.output is None:
        shown = text.render(diff, lambda words, colour: output.paint(words, colour, sys.stdout))
    else:
        shown = text.render(diff)
    if args.output is None:
        output.line(shown.removesuffix("\n"))
    else:
        args.output.parent.mkdir(parents=True, exist_ok=True)
        write_text(args.output, shown)
    return ExitCode.OK
