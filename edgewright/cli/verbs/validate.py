"""`edgewright validate`: every manifest, the catalog and the policies that follow from them, offline, in one run."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from edgewright import output
from edgewright.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgewright.manifest.load import Project
    from edgewright.source import Problem

HELP = "check every manifest and the catalog, offline"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare --root and --json."""
    parser.add_argument("--root", type=Path, default=Path(), help="the folder with edgewright.yaml (default: this one)")
    parser.add_argument("--json", action="store_true", help="print the problems as a JSON list")


def run(args: argparse.Namespace) -> int:
    """Print every problem, then one line that sums up.

    Returns:
        0 when there is no error (warnings are allowed), 1 otherwise.
    """
    from edgewright.manifest.load import check_project

    checked = check_project(args.root)
    project, problems = checked.project, list(checked.problems)
    if project is not None:
        from edgewright.documents import findings
        from edgewright.manifest.rules.files import named_files_are_there

        # The policies that follow from the manifests are judged once these are good.
        problems += findings.problems(project, checked.context)
        problems += named_files_are_there(checked.context, args.root)
        problems.sort(key=lambda problem: problem.order)
        if any(problem.severity == "error" for problem in problems):
            project = None
    if args.json:
        output.data([problem.as_json() for problem in problems])
    else:
        for problem in problems:
            output.line(str(problem))
        output.line(summary(project, problems))
    return ExitCode.OK if project is not None else ExitCode.USER


def summary(project: Project | None, problems: Sequence[Problem]) -> str:
    """What the run amounts to, in one line."""
    warnings = sum(problem.severity == "warning" for problem in problems)
    warned = f", {_count(warnings, 'warning')}" if warnings else ""
    if project is None:
        return f"{_count(len(problems) - warnings, 'error')}{warned}"
    rings = sum(len(stage.rings) for stage in project.stages.values())
    counts = (
        _count(len(project.fleets), "fleet"),
        _count(rings, "ring"),
        _count(len(project.catalog), "component version"),
    )
    return f"{', '.join(counts)}: fine{warned}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
