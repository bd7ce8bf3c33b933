"""`edgewright hold`: a release is not promoted into a ring until somebody releases it."""

from __future__ import annotations

import argparse
import itertools

from edgewright.cli.control import add_control, commit
from edgewright.cli.repository import repository
from edgewright.errors import RefusedError

HELP = "keep a release out of a ring"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the fleet, the ring and the release."""
    parser.add_argument("fleet", metavar="FLEET")
    parser.add_argument("ring", metavar="STAGE/RING", help="the ring that must not get it")
    parser.add_argument("--release", metavar="DIGEST", help="the release (default: what the ring before it has)")
    add_control(parser)


def run(args: argparse.Namespace) -> int:
    """Write and commit the hold."""
    from edgewright.gitops import controlling, releases
    from edgewright.gitops.merged import Merged
    from edgewright.manifest.controls import short

    here = repository(args)
    merged = Merged(here, here=True)
    merged.project.ring(args.fleet, args.ring)
    if args.release:
        release = releases.whole_digest(args.release, merged.known_releases(args.fleet))
    else:
        path = [(f"{stage}/{ring.name}", ring) for stage, ring in merged.project.path(args.fleet)]
        before = next((ring for (_, ring), (name, _) in itertools.pairwise(path) if name == args.ring), None)
        if before is None:
            msg = f"{args.ring} is the first ring of {args.fleet}, which nothing is promoted into: name a --release"
            raise RefusedError(msg)
        release = before.release
    there = controlling.current(here).hold(args.fleet, args.ring, release)
    file, hold = controlling.hold(args.fleet, args.ring, release, args.reason, here.user())
    controlling.refuse_existing(file, there)
    subject = f"Hold {args.fleet} {short(release)} back from {args.ring}"
    told = f"{short(release)} is held back from {args.ring} of {args.fleet}"
    return commit(args, here, {file: controlling.render(hold)}, subject, told)
