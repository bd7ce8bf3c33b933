"""The Pulumi engine, run as the command that a user would type; its event log says what it did.

One of the two places that start programs (`git.py` is the other).
"""

from __future__ import annotations

import json
import os
import signal
import subprocess  # noqa: TID251 -- the engine is a program
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edgewright.errors import EdgewrightError

# Operations in the engine's events that leave a resource as it is.
_UNCHANGED = {"same", "read", "refresh", "read-discard"}


class EngineError(EdgewrightError):
    """The engine could not be started."""


@dataclass(frozen=True)
class Step:
    """One planned or done operation on a resource."""

    operation: str
    urn: str
    detail: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The logical name."""
        return self.urn.rsplit("::", 1)[-1]

    @property
    def type(self) -> str:
        """The type token, without its parents."""
        return self.urn.split("::")[-2].rsplit("$", 1)[-1]


@dataclass(frozen=True)
class Run:
    """What one run of the engine said and did."""

    command: str
    exit_code: int
    output: str
    steps: tuple[Step, ...]
    diagnostics: tuple[str, ...] = field(default=())

    @property
    def ok(self) -> bool:
        """Whether the engine was content."""
        return self.exit_code == 0

    @property
    def changes(self) -> tuple[Step, ...]:
        """The operations that change something."""
        return tuple(step for step in self.steps if step.operation not in _UNCHANGED)


@dataclass(frozen=True)
class Engine:
    """The `pulumi` of an environment, in a project's folder."""

    root: Path
    environment: Mapping[str, str]
    on_line: Callable[[str], None] = lambda _line: None

    def preview(self, stack: str, *, diff: bool = False, refresh: bool = False) -> Run:
        """Run `pulumi preview`."""
        options = [*(["--diff"] if diff else []), *(["--refresh"] if refresh else [])]
        return self._run(["preview", "--stack", stack, *options])

    def up(self, stack: str, *, refresh: bool = False) -> Run:
        """Run `pulumi up`, without the preview that a person would be asked about."""
        options = ["--yes", "--skip-preview", *(["--refresh"] if refresh else [])]
        return self._run(["up", "--stack", stack, *options])

    def _run(self, arguments: Sequence[str]) -> Run:
        command = ["pulumi", *arguments, "--non-interactive", "--color", "never"]
        with tempfile.TemporaryDirectory(prefix="edgewright-") as folder:
            log = Path(folder) / "events.json"
            # PULUMI_DEBUG_COMMANDS only makes --event-log visible.
            environment = {**self.environment, "PULUMI_DEBUG_COMMANDS": "true"}
            try:
                process = subprocess.Popen(  # noqa: S603 -- a list, no shell
                    [*command, "--event-log", str(log)],
                    cwd=self.root,
                    env=environment,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    text=True,
                )
            except FileNotFoundError as error:
                msg = "pulumi is not on PATH; run `make setup`, or install it"
                raise EngineError(msg) from error
            lines = []
            with process:
                try:
                    for line in process.stdout or ():
                        lines.append(line)
                        self.on_line(line.rstrip("\n"))
                except BaseException:
                    # The engine saves what it knows when it is interrupted once.
                    process.send_signal(signal.SIGINT)
                    raise
            steps, diagnostics = _read_events(log)
        shown = "pulumi " + " ".join(arguments)
        return Run(shown, process.returncode, "".join(lines), tuple(steps), tuple(diagnostics))


def environment(extra: Mapping[str, str]) -> dict[str, str]:
    """Return this process's environment with ``extra`` on top."""
    return {**os.environ, **extra}


def _read_events(log: Path) -> tuple[list[Step], list[str]]:
    steps: list[Step] = []
    diagnostics: list[str] = []
    for event in _events(log):
        if "resourcePreEvent" in event:
            metadata = event["resourcePreEvent"]["metadata"]
            if not metadata["type"].startswith("pulumi:pulumi:Stack"):
                detail = tuple(sorted(metadata.get("detailedDiff") or {}))
                steps.append(Step(metadata["op"], metadata["urn"], detail))
        elif "diagnosticEvent" in event:
            diagnostic = event["diagnosticEvent"]
            if diagnostic.get("severity") == "error" and not diagnostic.get("ephemeral"):
                diagnostics.append(str(diagnostic["message"]).strip())
    return steps, diagnostics


def _events(log: Path) -> Iterator[dict[str, Any]]:
    if not log.exists():
        return
    for line in log.read_text(encoding="utf-8").splitlines():
        # An interrupted engine leaves half a line at the end.
        try:
            yield json.loads(line)
        except json.JSONDecodeError:
            return
