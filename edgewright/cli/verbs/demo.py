"""`edgewright demo`: the main job, end to end, on a sandbox of its own."""

from __future__ import annotations

import argparse
from pathlib import Path

HELP = "the main job, end to end, on a sandbox of its own"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's own arguments."""
    parser.add_argument("--verbose", action="store_true", help="show all that the commands print")
    parser.add_argument("--keep", action="store_true", help="leave the sandbox and its devices running at the end")
    parser.add_argument(
        "--directory", type=Path, help="where the scratch copy goes (default: .edgewright/demo in the project)"
    )


def run(args: argparse.Namespace) -> int:
    """Run the story; 0 when every check holds, 2 when one does not."""
    from edgewright.gitops.demo.scratch import project_root
    from edgewright.gitops.demo.story import tell

    root = project_root(Path.cwd())
    directory = args.directory or root / ".edgewright" / "demo"
    return tell(root, directory.resolve(), verbose=args.verbose, keep=args.keep)
