"""From arguments to one verb, and from its outcome to an exit code.

Only the module of the verb that was asked for is imported, because start-up is part of the tool: pydantic, boto3,
pulumi and moto wait until a verb needs them.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import tempfile
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn, Protocol, cast

from edgewright import __version__, output
from edgewright.errors import EdgewrightError, ExitCode

# Verb -> what the overview says of it. The module of a verb is edgewright.cli.verbs.<verb>.
VERBS = {
    "validate": "check every manifest and the catalog, offline",
    "bootstrap": "bring the root of trust up: what is made, in which account, with whose rights",
    "diff": "what a change means: releases, configuration, permissions, devices",
    "plan": "what a preview of each stack would do, recorded or held to what was reviewed",
    "promote": "carry a release to the next ring, when its gates are met",
    "rollback": "take a ring back to the release before, as a commit",
    "hold": "keep a release out of a ring",
    "quarantine": "a release is neither promoted nor deployed any more",
    "release": "lift a hold, or a quarantine",
    "stop": "stop the line: no update and no promotion, for a fleet or for all",
    "resume": "let a line that was stopped run again",
    "approve": "approve that a release leaves a ring for the next",
    "test": "ask the devices of a ring what somebody knows the answers to",
    "record": "write the result of a test, or the outcome of an update, to the ledger",
    "history": "who gave which release to which ring, when, on what evidence",
    "trace": "where what a device runs comes from, down to data and people",
    "model": "bring approved models from the registry into the catalog",
    "fleet": "begin a new fleet",
    "device": "configure, provision, renew and retire core devices",
    "component": "begin, take in, lint, lock, publish, list and build the private components of the catalog",
    "local": "try components on one device with greengrass-cli",
    "status": "what the rings of fleets run, against what Git wants of them",
    "drift": "where the cloud and the devices are not what Git says",
    "report": "one page of fleets, rings, releases, devices and history, for a browser",
    "sandbox": "AWS on this machine, with simulated core devices",
    "demo": "the main job, end to end, on a sandbox of its own",
}


class Verb(Protocol):
    """What a module under `verbs` offers."""

    HELP: str

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the verb's own arguments."""

    def run(self, args: argparse.Namespace) -> int:
        """Do it; return the exit code."""


class Parser(argparse.ArgumentParser):
    """argparse leaves with 2 for a wrong word; here 2 means that a gate said no, and 1 that the user can fix it."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong with the arguments and leave with 1."""
        self.print_usage(sys.stderr)
        self.exit(ExitCode.USER, f"{self.prog}: {message}\n")


def main(argv: Sequence[str]) -> int:
    """Run one verb.

    Returns:
        0 fine, 1 the user can fix it, 2 a gate or check said no, 3 a bug (the trace is in a log file),
        130 interrupted.
    """
    try:
        return _dispatch(argv)
    except EdgewrightError as error:
        output.note(f"{output.paint('error:', 'red', sys.stderr)} {error}")
        return error.exit_code
    except KeyboardInterrupt:
        output.note("interrupted")
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        # The reader (head, less) has enough; Python would complain once more while it shuts down.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.OK
    except Exception:  # noqa: BLE001 -- the one boundary: whatever comes here is our bug
        output.note(
            f"{output.paint('bug:', 'red', sys.stderr)} this should not happen; the trace is in {_log_trace(argv)}"
        )
        return ExitCode.BUG


def _dispatch(argv: Sequence[str]) -> int:
    verb = next((word for word in argv if not word.startswith("-")), None)
    parser = Parser(
        prog="edgewright",
        description="GitOps for machine learning at the edge: device fleets in YAML, made real on AWS.",
        epilog="Exit codes: 0 fine, 1 you can fix it, 2 a gate or check said no, 3 a bug, 130 interrupted.",
    )
    parser.add_argument("--version", action="version", version=f"edgewright {__version__}")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB")
    for name, summary in VERBS.items():
        sub = verbs.add_parser(name, help=summary, description=summary[0].upper() + summary[1:] + ".")
        if name == verb:
            module = cast("Verb", importlib.import_module(f"edgewright.cli.verbs.{name.replace('-', '_')}"))
            module.add_arguments(sub)
            sub.set_defaults(run=module.run)
    args = parser.parse_args(argv)
    if args.verb is None:
        parser.print_help()
        return ExitCode.USER
    return int(args.run(args))


def _log_trace(argv: Sequence[str]) -> Path:
    descriptor, name = tempfile.mkstemp(prefix="edgewright-", suffix=".log")
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(f"edgewright {__version__}, Python {sys.version}\nverb: {argv[0] if argv else ''}\n\n")
        file.write(traceback.format_exc())
    return Path(name)
