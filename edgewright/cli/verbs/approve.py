"""`edgewright approve`: somebody who did not write a release lets it leave a ring."""

from __future__ import annotations

import argparse

from edgewright import output
from edgewright.cli.repository import add_root, repository
from edgewright.errors import ExitCode

HELP = "approve that a release leaves a ring for the next"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the ring and the release."""
    parser.add_argument("fleet", metavar="FLEET")
    parser.add_argument("ring", metavar="STAGE/RING", help="the ring whose gate asks for the approval")
    parser.add_argument("--release", metavar="DIGEST", help="the release (default: what the ring has in Git)")
    parser.add_argument("--note", default="", help="what you looked at")
    add_root(parser)


def run(args: argparse.Namespace) -> int:
    """Append the approval to the ledger.

    Returns:
        0 approved; 2 when the user wrote the release.
    """
    from edgewright.gitops import recording, releases
    from edgewright.gitops.merged import Merged
    from edgewright.manifest.controls import short

    merged = Merged(repository(args))
    release = releases.whole_digest(args.release, merged.known_releases(args.fleet)) if args.release else None
    event = recording.approval(merged, args.fleet, args.ring, release, args.note)
    merged.ledger.append([event])
    output.line(f"{event.by} approves that {short(event.release)} leaves {args.ring} of {args.fleet}")
    return ExitCode.OK
