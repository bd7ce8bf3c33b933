"""`edgewright component images`: what containers devices run, and for how long the catalog has had their images."""

from __future__ import annotations

import argparse

from edgewright import output
from edgewright.errors import EdgewrightError, ExitCode


def declare(action: argparse.ArgumentParser) -> None:
    """Declare what `images` is asked."""
    action.add_argument(
        "--older-than",
        metavar="AGE",
        help="only those that the catalog has had for longer, such as 90d; 2 if there are any",
    )


def images(args: argparse.Namespace) -> int:
    """List images, the oldest first; with ``--older-than`` those only, and 2 when there is one.

    Raises:
        EdgewrightError: the age is none, or the history cannot be read.
    """
    from datetime import UTC, datetime, timedelta  # noqa: PLC0415 -- start-up

    from edgewright.cli.repository import repository  # noqa: PLC0415 -- start-up
    from edgewright.gitops.images import images_in_use  # noqa: PLC0415 -- start-up
    from edgewright.manifest.load import load_project  # noqa: PLC0415 -- start-up
    from edgewright.manifest.types import parse_duration  # noqa: PLC0415 -- start-up

    limit = None
    if args.older_than is not None:
        try:
            limit = timedelta(seconds=parse_duration(args.older_than))
        except (ValueError, OverflowError) as error:
            message = f"--older-than {args.older_than!r} {error}"
            raise EdgewrightError(message) from error
    found = images_in_use(load_project(args.root), repository(args))
    now = datetime.now(UTC)
    shown = [each for each in found if limit is None or each.older(limit, now)]
    if args.json:
        output.data(
            [
                {
                    "image": each.image,
                    "since": each.since.strftime("%Y-%m-%dT%H:%M:%SZ") if each.since else None,
                    "days": each.days(now),
                    "versions": list(each.versions),
                    "rings": list(each.rings),
                }
                for each in shown
            ]
        )
    else:
        for each in shown:
            age = "not committed yet" if each.since is None else f"{each.days(now)} d, since {each.since:%Y-%m-%d}"
            output.line(f"{each.image}  {age}")
            output.line(f"    {', '.join(each.versions)}  in {', '.join(each.rings)}")
        if not shown:
            which = (
                f"no image is older than {args.older_than}" if limit is not None and found else "no ring has an image"
            )
            output.line(which)
    return ExitCode.REFUSED if limit is not None and shown else ExitCode.OK
