"""`edgewright release`: a hold or a quarantine is lifted, with the reason."""

from __future__ import annotations

import argparse

from edgewright.cli.control import add_control, commit
from edgewright.cli.repository import repository
from edgewright.errors import EdgewrightError

HELP = "lift a hold, or a quarantine"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what is lifted."""
    parser.add_argument(
        "what", metavar="FLEET|DIGEST", help="the fleet whose holds are lifted, or the release that is in quarantine"
    )
    parser.add_argument("ring", metavar="STAGE/RING", nargs="?", help="of a fleet: only this ring's holds")
    parser.add_argument("--release", metavar="DIGEST", help="of a fleet: only the hold of this release")
    add_control(parser)


def run(args: argparse.Namespace) -> int:
    """Take the files away and commit that."""
    from edgewright.gitops import controlling, releases
    from edgewright.manifest.controls import short

    here = repository(args)
    controls = controlling.current(here)
    fleets = {path.name for path in (here.root / "fleets").iterdir() if path.is_dir()}
    if args.what in fleets:
        holds = controlling.holds_of(controls, args.what, args.ring, args.release)
        lines = [f"{short(hold.release)} may be promoted into {hold.ring} of {hold.fleet} again" for hold in holds]
        subject = f"Release what is held back in {args.what}"
        return commit(args, here, dict.fromkeys([hold.file for hold in holds]), subject, "\n".join(lines))
    if args.ring or args.release:
        msg = f"there is no fleet {args.what!r}: the fleets are {', '.join(sorted(fleets))}"
        raise EdgewrightError(msg)
    if not controls.quarantines:
        msg = f"{args.what!r} is no fleet, and no release is in quarantine: the fleets are {', '.join(sorted(fleets))}"
        raise EdgewrightError(msg)
    release = releases.whole_digest(args.what, controls.quarantines)
    if release not in controls.quarantines:
        msg = f"{short(release)} is not in quarantine; these are: {', '.join(map(short, controls.quarantines))}"
        raise EdgewrightError(msg)
    told = f"{short(release)} may be promoted and deployed again"
    files = {controls.quarantines[release].file: None}
    return commit(args, here, files, f"Release {short(release)} from quarantine", told)
