"""`edgewright plan [STACK ...]`: what each stack's preview would do, as a fingerprint that a later run is held to."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from edgewright import output
from edgewright.errors import EdgewrightError, ExitCode

if TYPE_CHECKING:
    from edgewright.gitops.plan import Beyond, Plan

HELP = "what a preview of each stack would do, recorded or held to what was reviewed"
_NAMED = 30


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the stacks, and what is done with their plans."""
    parser.add_argument("stacks", nargs="*", metavar="STACK", help="stacks to preview (default: all of this folder)")
    parser.add_argument("--root", type=Path, default=Path(), help="the folder with Pulumi.yaml (default: this one)")
    parser.add_argument(
        "--record", type=Path, metavar="FOLDER", help="write each plan to FOLDER/<stack>.json; without any value"
    )
    parser.add_argument(
        "--check",
        type=Path,
        action="append",
        default=[],
        metavar="PATH",
        help="refuse what none of these recorded plans has (files, or folders of them); may be given more than once",
    )
    parser.add_argument("--refresh", action="store_true", help="look at what is really there before")
    parser.add_argument("--verbose", action="store_true", help="show what the engine says while it runs")
    parser.add_argument("--json", action="store_true", help="print the plans as JSON")


def run(args: argparse.Namespace) -> int:
    """Preview, record, compare.

    Returns:
        0; 1 when a preview fails or a recorded plan cannot be read; 2 when a plan is wider than what was reviewed.
    """
    from edgewright.gitops.plan import beyond, read_plans

    reviewed = read_plans(args.check)
    plans = [_preview(args, stack) for stack in args.stacks or _stacks(args.root)]
    wider = {plan.stack: beyond(plan, reviewed) for plan in plans} if args.check else {}
    # Recorded even when it is refused: whoever reviews it anew needs it.
    for plan in plans if args.record is not None else ():
        _write(args.record / f"{plan.stack.rpartition('/')[2]}.json", plan)
    if args.json:
        output.data([{**plan.as_document(), "wider": _document(plan, wider)} for plan in plans])
    else:
        for plan in plans:
            for line in _lines(plan, reviewed, wider.get(plan.stack)):
                output.line(line)
    return ExitCode.REFUSED if any(wider.values()) else ExitCode.OK


def _preview(args: argparse.Namespace, stack: str) -> Plan:
    from edgewright.gitops.engine import Engine, environment
    from edgewright.gitops.git import GitError, Repository
    from edgewright.gitops.plan import plan_of

    repository = Repository(args.root)
    try:
        commit = repository.head() if repository.clean() else None
    except GitError:
        commit = None

    def said(line: str) -> None:
        if args.verbose:
            output.note(line)
        else:
            output.status(f"previewing {stack}: {line.strip()}")

    run = Engine(args.root, environment({}), said).preview(stack, refresh=args.refresh)
    output.status("")
    if not run.ok:
        told = "\n".join(run.diagnostics) or run.output.strip()
        msg = f"the preview of stack {stack} failed:\n{told}"
        raise EdgewrightError(msg)
    return plan_of(run, stack, commit=commit)


def _stacks(root: Path) -> list[str]:
    found = sorted(path.name.removeprefix("Pulumi.").removesuffix(".yaml") for path in root.glob("Pulumi.*.yaml"))
    if not found:
        msg = f"{root} has no Pulumi.<stack>.yaml: run this in the project's folder, or name it with --root"
        raise EdgewrightError(msg)
    return found


def _write(file: Path, plan: Plan) -> None:
    import json

    from edgewright.atomic import write_text

    file.parent.mkdir(parents=True, exist_ok=True)
    write_text(file, json.dumps(plan.as_document(), indent=2) + "\n")


def _document(plan: Plan, wider: dict[str, list[Beyond]]) -> list[dict[str, str]] | None:
    if plan.stack not in wider:
        return None
    return [
        {"urn": each.operation.urn, "operation": each.operation.operation, "why": each.why}
        for each in wider[plan.stack]
    ]


def _lines(plan: Plan, reviewed: Sequence[Plan], wider: Sequence[Beyond] | None) -> list[str]:
    counts = ", ".join(f"{number} {operation}" for operation, number in plan.counts.items()) or "no change"
    lines = [f"{plan.stack}: {counts}; fingerprint {plan.fingerprint.removeprefix('sha256:')[:12]}"]
    if wider is None:
        return lines
    there = [each for each in reviewed if each.stack == plan.stack]
    if wider:
        refused = output.paint("wider than what was reviewed", "red")
        if not there:
            refused = output.paint("no plan of this stack was reviewed", "red")
        lines.append(f"  {refused}; review it anew, nothing was changed:")
        lines += [f"    {each}" for each in wider[:_NAMED]]
        if len(wider) > _NAMED:
            lines.append(f"    and {len(wider) - _NAMED} more")
    elif any(each.fingerprint == plan.fingerprint for each in there):
        lines.append("  as it was reviewed")
    else:
        lines.append("  nothing beyond what was reviewed")
    return lines
