"""`edgewright record`: results of tests and outcomes of updates, as evidence in the ledger."""

from __future__ import annotations

import argparse
from pathlib import Path

from edgewright import output
from edgewright.cli.repository import add_role, add_root, repository
from edgewright.errors import ExitCode

HELP = "write the result of a test, or the outcome of an update, to the ledger"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what is recorded."""
    kinds = parser.add_subparsers(dest="what", metavar="WHAT", required=True)
    test = kinds.add_parser("test", help="the result of a named test", description="The result of a named test.")
    test.add_argument("fleet", metavar="FLEET")
    test.add_argument("ring", metavar="STAGE/RING", help="the ring that it ran against")
    test.add_argument("name", metavar="NAME", help="the test, as the gate of the ring names it")
    test.add_argument("--file", type=Path, required=True, help='JSON with "passed": true or false, and a "summary"')
    test.add_argument("--release", metavar="DIGEST", help="the release it ran against (default: what the ring runs)")
    test.add_argument("--deployment", metavar="ID", help="the deployment that carried it (default: the latest)")
    deployment = kinds.add_parser(
        "deployment", help="what became of the releases of rings", description="What became of the releases of rings."
    )
    deployment.add_argument("fleet", metavar="FLEET", nargs="?", help="default: every fleet")
    deployment.add_argument("--stage", metavar="STAGE", help="only the rings of this stage")
    for each in (test, deployment):
        add_role(each)
        add_root(each)


def run(args: argparse.Namespace) -> int:
    """Read, and append to the ledger.

    Returns:
        0 recorded, whether the test passed or not.
    """
    from edgewright.gitops import recording, releases
    from edgewright.gitops.merged import Merged
    from edgewright.manifest.controls import short

    merged = Merged(repository(args))
    sessions = merged.sessions(role=args.role)
    if args.what == "test":
        release = releases.whole_digest(args.release, merged.known_releases(args.fleet)) if args.release else None
        event = recording.test_result(
            merged,
            args.fleet,
            args.ring,
            args.name,
            recording.read_result(args.file),
            release=release,
            deployment=args.deployment,
            sessions=sessions,
        )
        merged.ledger.append([event])
        word = "passed" if event.passed else "failed"
        where = f" in deployment {event.deployment}" if event.deployment else ""
        output.line(f"recorded: {args.name} {word} for {short(event.release)} in {args.fleet} {args.ring}{where}")
        return ExitCode.OK
    fleets = [args.fleet] if args.fleet else sorted(merged.project.fleets)
    rings = [
        (fleet, f"{stage}/{ring.name}")
        for fleet in fleets
        for stage, ring in merged.project.path(fleet)
        if args.stage in (None, stage)
    ]
    found, silent = recording.outcomes(merged, rings, sessions, merged.ledger.events(args.fleet))
    merged.ledger.append(found)
    for each in found:
        output.line(
            f"recorded: {each.fleet} {each.ring} {short(each.release)} {each.outcome}, "
            f"deployment {each.deployment}: {each.told}"
        )
    for told in silent:
        output.line(f"nothing new: {told}")
    return ExitCode.OK
