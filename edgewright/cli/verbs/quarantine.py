"""`edgewright quarantine`: a release can no longer be promoted or deployed, anywhere."""

from __future__ import annotations

import argparse

from edgewright.cli.control import add_control, commit
from edgewright.cli.repository import repository

HELP = "a release is neither promoted nor deployed any more"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the release."""
    parser.add_argument("release", metavar="DIGEST", help="the release; its first eight digits are enough")
    add_control(parser)


def run(args: argparse.Namespace) -> int:
    """Write and commit the quarantine; name the rings that have the release now."""
    from edgewright.gitops import controlling, releases
    from edgewright.gitops.merged import Merged
    from edgewright.manifest.controls import short

    here = repository(args)
    merged = Merged(here, here=True)
    release = releases.whole_digest(args.release, merged.known_releases())
    file, quarantine = controlling.quarantine(release, args.reason, here.user())
    controlling.refuse_existing(file, controlling.current(here).quarantine(release))
    told = [f"{short(release)} is in quarantine: {args.reason}"]
    for fleet in sorted(merged.project.fleets):
        for stage, ring in merged.project.path(fleet):
            if ring.release == release:
                where = f"{fleet} {stage}/{ring.name}"
                told.append(f"  {where} has it: edgewright rollback {fleet} --ring {stage}/{ring.name}")
    subject = f"Put {short(release)} in quarantine"
    return commit(args, here, {file: controlling.render(quarantine)}, subject, "\n".join(told))
