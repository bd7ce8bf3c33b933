"""`edgewright promote`: the gates of a ring, and the commit that carries its release to the next."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from edgewright import output
from edgewright.cli.repository import add_here, add_role, add_root, repository
from edgewright.errors import EdgewrightError, ExitCode

if TYPE_CHECKING:
    from edgewright.gitops.gates import Verdict
    from edgewright.gitops.merged import Merged, Step
    from edgewright.gitops.promote import Decision

HELP = "carry a release to the next ring, when its gates are met"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the fleet, the ring and how to go about it."""
    parser.add_argument("fleet", metavar="FLEET", nargs="?", help="the fleet; every fleet with --all")
    parser.add_argument(
        "--to", metavar="STAGE/RING", help="the ring that gets the release (default: the first that can get one)"
    )
    parser.add_argument("--all", action="store_true", help="every step of the fleet, or of every fleet, that is open")
    parser.add_argument("--dry-run", action="store_true", help="ask the gates and write nothing")
    parser.add_argument("--json", action="store_true", help="print the decisions as JSON")
    add_here(parser)
    add_role(parser)
    add_root(parser)


def run(args: argparse.Namespace) -> int:
    """Ask the gates and promote what they let go.

    Returns:
        0 promoted, or open already, or (with --all) nothing to do; 2 a gate said no. With --all, unmet gates are no
        failure: the next run asks again.
    """
    if not args.fleet and not args.all:
        msg = "name a fleet, or give --all for every fleet"
        raise EdgewrightError(msg)
    if args.all and (args.to or args.here):
        msg = "--all takes every step there is, each on a branch of its own: leave --to and --here out"
        raise EdgewrightError(msg)
    from edgewright.gitops.merged import Merged
    from edgewright.gitops.promote import carry_out, choose, examine

    output.status("reading what is merged")
    merged = Merged(repository(args), here=args.here)
    steps = _all_steps(merged, args.fleet) if args.all else [choose(merged, args.fleet, args.to)]
    events = merged.ledger.events()
    sessions = merged.sessions(role=args.role)
    decisions = []
    for step in steps:
        output.status(f"asking the gates of {step.fleet} {step.source}")
        decision = examine(merged, step, events, sessions, automation=args.all)
        if decision.allowed and not args.dry_run:
            output.status(f"proposing {step.title}")
            decision = carry_out(merged, decision, here=args.here)
        output.status("")
        decisions.append(decision)
        if not args.json:
            show(decision, dry_run=args.dry_run)
    if args.json:
        output.data([as_document(decision) for decision in decisions])
    elif not decisions:
        output.line("nothing to promote: every ring has the release of the ring before it")
    refused = not args.all and not all(decision.allowed for decision in decisions)
    return ExitCode.REFUSED if refused else ExitCode.OK


def _all_steps(merged: Merged, fleet: str | None) -> list[Step]:
    names = [fleet] if fleet else sorted(merged.project.fleets)
    return [step for name in names for step in merged.steps(name)]


def show(decision: Decision, *, dry_run: bool) -> None:
    """Print a decision for people: each gate with its number, then what follows."""
    from edgewright.manifest.controls import short

    step = decision.step
    output.line(
        output.paint(f"{step.fleet}: {step.source} -> {step.target}", "bold")
        + f"  {short(step.previous)} -> {short(step.release)}"
    )
    total = len(decision.verdicts)
    for number, verdict in enumerate(decision.verdicts, start=1):
        output.line(f"  {number:>2}/{total} {_mark(verdict)} {verdict.gate}: {verdict.told}")
        if verdict.passed_over:
            output.line(f"              passed over: {verdict.passed_over}")
        if not verdict.open and verdict.when is not None:
            output.line(f"              can be met from {_clock(verdict.when)}")
        elif not verdict.open and verdict.remedy:
            output.line(f"              to do: {verdict.remedy}")
    closed = sum(not verdict.open for verdict in decision.verdicts)
    if closed:
        words = "1 gate is" if closed == 1 else f"{closed} gates are"
        soonest = f"; it can go on from {_clock(decision.when)}, by waiting alone" if decision.when else ""
        output.line(output.paint(f"  not promoted: {words} not met{soonest}", "red"))
    elif decision.proposed is not None:
        done = "promoted" if decision.proposed.new else "open already"
        output.line(output.paint(f"  {done}: {decision.proposed.told}", "green"))
    elif dry_run:
        output.line("  every gate is open; without --dry-run this would be promoted")


def _mark(verdict: Verdict) -> str:
    if verdict.met:
        return output.paint("met    ", "green")
    return output.paint("passed ", "yellow") if verdict.open else output.paint("NOT MET", "red")


def _clock(moment: Any) -> str:
    return str(moment.isoformat(timespec="minutes")).replace("+00:00", "Z")


def as_document(decision: Decision) -> dict[str, Any]:
    """Return a decision for machines."""
    step, proposed = decision.step, decision.proposed
    return {
        "fleet": step.fleet,
        "from": step.source,
        "to": step.target,
        "release": step.release,
        "previous": step.previous,
        "deployment": decision.deployment,
        "allowed": decision.allowed,
        "when": _clock(decision.when) if decision.when else None,
        "gates": [
            {
                "gate": each.gate,
                "met": each.met,
                "open": each.open,
                "told": each.told,
                "when": _clock(each.when) if each.when else None,
                "remedy": each.remedy or None,
                "passedOver": each.passed_over,
            }
            for each in decision.verdicts
        ],
        "proposed": None
        if proposed is None
        else {
            "commit": proposed.commit,
            "branch": proposed.branch,
            "pushed": proposed.pushed,
            "request": proposed.request,
            "new": proposed.new,
        },
    }
