"""Programs that are started, shown line by line while they run. With `git.py`, the only places that start one.

A command is a list, never a line for a shell, so that no name from a manifest or a payload is ever interpreted.
"""

from __future__ import annotations

import signal
import subprocess  # noqa: TID251 -- see above
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from edgewright.errors import EdgewrightError


def stream(
    command: Sequence[str], *, cwd: Path, environment: Mapping[str, str], on_line: Callable[[str], None]
) -> tuple[int, str]:
    """Run a command to its end; return its exit code and all it said (both streams, in order).

    Raises:
        EdgewrightError: there is no such program on the environment's PATH.
    """
    lines = []
    try:
        process = subprocess.Popen(  # noqa: S603 -- a list, no shell
            command,
            cwd=cwd,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
    except FileNotFoundError as error:
        msg = f"{command[0]} is not on PATH; run `make setup`, or install it"
        raise EdgewrightError(msg) from error
    with process:
        try:
            for line in process.stdout or ():
                lines.append(line)
                on_line(line.rstrip("\n"))
        except BaseException:
            # Interrupted once, a program still saves what it knows (the engine: its state).
            process.send_signal(signal.SIGINT)
            raise
    return process.returncode, "".join(lines)


def capture(
    command: Sequence[str], *, cwd: Path, environment: Mapping[str, str], given: str = ""
) -> tuple[int, str, str]:
    """Run a command to its end, with ``given`` on its standard input; return its exit code and what it said.

    Raises:
        EdgewrightError: there is no such program on the environment's PATH.
    """
    try:
        done = subprocess.run(  # noqa: S603 -- a list, no shell
            command,
            cwd=cwd,
            env=dict(environment),
            input=given,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
    except FileNotFoundError as error:
        msg = f"{command[0]} is not on PATH; install it"
        raise EdgewrightError(msg) from error
    return done.returncode, done.stdout, done.stderr
