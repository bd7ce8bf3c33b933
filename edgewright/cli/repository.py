"""What the verbs that work on Git have in common: the project's folder, and the repository that it is in."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from edgewright.errors import EdgewrightError

if TYPE_CHECKING:
    from edgewright.gitops.git import Repository


def add_root(parser: argparse.ArgumentParser) -> None:
    """Declare --root."""
    parser.add_argument("--root", type=Path, default=Path(), help="the folder with edgewright.yaml (default: this one)")


def add_role(parser: argparse.ArgumentParser) -> None:
    """Declare --role."""
    parser.add_argument(
        "--role",
        metavar="NAME",
        help="the role in the stage's account to read by, such as edgewright-preview-{stage} "
        "(default: its deploy role); '' for your own credentials",
    )


def add_here(parser: argparse.ArgumentParser) -> None:
    """Declare --here."""
    parser.add_argument(
        "--here", action="store_true", help="commit on the current branch, in place of a branch and a request"
    )


def repository(args: argparse.Namespace) -> Repository:
    """Return the repository of --root.

    Raises:
        EdgewrightError: the folder is in none, or is no project.
    """
    from edgewright.gitops.git import GitError, Repository  # noqa: PLC0415 -- start-up
    from edgewright.manifest.load import ORGANISATION  # noqa: PLC0415 -- start-up

    root: Path = args.root.resolve()
    if not (root / ORGANISATION).exists():
        msg = f"{root} has no {ORGANISATION}: run this in the project's folder, or name that folder with --root"
        raise EdgewrightError(msg)
    found = Repository(root)
    try:
        found.prefix()
    except GitError as error:
        msg = f"{root} is in no git repository, and promotions are commits: git init, or clone the project ({error})"
        raise EdgewrightError(msg) from error
    return found
