"""What the verbs that set and lift controls have in common."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING

from edgewright import output
from edgewright.cli.repository import add_root
from edgewright.errors import EdgewrightError, ExitCode

if TYPE_CHECKING:
    from edgewright.gitops.git import Repository


def add_control(parser: argparse.ArgumentParser) -> None:
    """Declare --reason, --no-push and --root."""
    parser.add_argument("--reason", required=True, help="why, for those who meet it")
    parser.add_argument("--no-push", action="store_true", help="commit only")
    add_root(parser)


def fleet_or_all(args: argparse.Namespace, here: Repository) -> str:
    """Return the fleet that is named, or ``all``.

    Raises:
        EdgewrightError: none, both, or a fleet that is not there.
    """
    from edgewright.manifest.controls import ALL  # noqa: PLC0415 -- start-up

    if bool(args.fleet) == args.all:
        msg = "name a fleet, or give --all for every fleet"
        raise EdgewrightError(msg)
    if args.all:
        return ALL
    fleets = sorted(path.name for path in (here.root / "fleets").glob("*") if path.is_dir())
    if args.fleet not in fleets:
        msg = f"there is no fleet {args.fleet!r}: the fleets are {', '.join(fleets)}"
        raise EdgewrightError(msg)
    return str(args.fleet)


def commit(args: argparse.Namespace, here: Repository, files: Mapping[str, str | None], subject: str, told: str) -> int:
    """Commit files of controls, say what was done and where that is now; return the exit code.

    A control that stays in this clone holds nobody else back, so that is not success, unless it was asked for or there
    are no others.

    Args:
        args: With what `add_control` declares.
        here: The repository.
        files: As `controlling.commit` takes them.
        subject: Of the commit.
        told: What was done, for people; one line or more.

    Raises:
        EdgewrightError: the reason is none, or the work tree is in the way.
    """
    from edgewright.gitops import controlling  # noqa: PLC0415 -- start-up

    done = controlling.commit(here, files, subject, args.reason, push=not args.no_push)
    output.note(f"commit {done.commit[:10]}" if done.kept else f"commit {done.commit[:10]} ({done.told})")
    output.line(told)
    if done.kept:
        output.note(f"warning: that is so nowhere but in this clone: {done.told}")
    return ExitCode.USER if done.kept else ExitCode.OK
