"""`edgewright rollback`: a ring goes back to the release before, as a commit, and the one it leaves is held back."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from edgewright import output
from edgewright.cli.repository import add_here, add_role, add_root, repository
from edgewright.errors import EdgewrightError, ExitCode

if TYPE_CHECKING:
    from edgewright.gitops.proposal import Proposed
    from edgewright.gitops.rollback_plan import Plan

HELP = "take a ring back to the release before, as a commit"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the fleet, the ring and how to go about it."""
    parser.add_argument("fleet", metavar="FLEET")
    parser.add_argument("--ring", metavar="STAGE/RING", help="the ring (default: the one whose release changed last)")
    parser.add_argument("--reason", default="rolled back", help="why; it stands in the commit and in the hold")
    parser.add_argument(
        "--fast-track",
        action="store_true",
        help="every ring that has the release goes back at once, and what comes back need not bake again; "
        "rollout rates and abort thresholds stay as they are",
    )
    parser.add_argument(
        "--failed",
        action="store_true",
        help="an update failed and the ring was rolled back on AWS: make Git say what its devices run",
    )
    parser.add_argument("--dry-run", action="store_true", help="say what would be done and write nothing")
    parser.add_argument("--json", action="store_true", help="print what was done as JSON")
    add_here(parser)
    add_role(parser)
    add_root(parser)


def run(args: argparse.Namespace) -> int:
    """Plan the rollback and propose it.

    Returns:
        0 done, or open already; 2 refused: nothing to go back to, a revert of a revert, a stop or a freeze.
    """
    if args.failed and args.fast_track:
        msg = "--failed only writes down what AWS did already, so there is nothing to speed up: leave --fast-track out"
        raise EdgewrightError(msg)
    from edgewright.gitops.merged import Merged
    from edgewright.gitops.rollback import carry_out
    from edgewright.gitops.rollback_plan import plan, plan_after_failure

    output.status("reading what is merged")
    merged = Merged(repository(args), here=args.here)
    if args.failed:
        sessions = merged.sessions(role=args.role)
        output.status("reading what the rings run")
        wanted = plan_after_failure(merged, args.fleet, sessions, ring=args.ring, reason=args.reason)
    else:
        wanted = plan(merged, args.fleet, ring=args.ring, reason=args.reason, fast_track=args.fast_track)
    proposed = None if args.dry_run else carry_out(merged, wanted, here=args.here)
    output.status("")
    if args.json:
        output.data(as_document(wanted, proposed))
    else:
        show(wanted, proposed)
    return ExitCode.OK


def show(wanted: Plan, proposed: Proposed | None) -> None:
    """Print a rollback for people."""
    from edgewright.manifest.controls import short

    for undo in wanted.undos:
        output.line(
            output.paint(f"{wanted.fleet}: {undo.ring}", "bold") + f"  {short(undo.leaves)} -> {short(undo.restores)}"
        )
        output.line(f"  undoes {undo.change.commit.id[:10]} {undo.change.commit.subject}")
        if undo.deployment:
            output.line(f"  deployment {undo.deployment} failed, and the devices run {short(undo.restores)} again")
        output.line(f"  {short(undo.leaves)} is held back from {undo.ring} until edgewright release")
    for each in wanted.passed:
        output.line(f"  passes {each}")
    if wanted.fast_track:
        output.line("  fast track: no bake; rollout rates and abort thresholds stay")
    for each in wanted.still:
        output.line(output.paint(f"  note: {each} still has {short(wanted.first.leaves)}", "yellow"))
    if proposed is None:
        output.line("  nothing was written (--dry-run)")
    else:
        done = "rolled back" if proposed.new else "open already"
        output.line(output.paint(f"  {done}: {proposed.told}", "green"))


def as_document(wanted: Plan, proposed: Proposed | None) -> dict[str, Any]:
    """Return a rollback for machines."""
    return {
        "fleet": wanted.fleet,
        "reason": wanted.reason,
        "rings": [
            {
                "ring": undo.ring,
                "leaves": undo.leaves,
                "restores": undo.restores,
                "undoes": undo.change.commit.id,
                "failedDeployment": undo.deployment,
            }
            for undo in wanted.undos
        ],
        "fastTrack": wanted.fast_track,
        "failed": wanted.failed,
        "passed": list(wanted.passed),
        "still": list(wanted.still),
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
