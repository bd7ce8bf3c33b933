"""What the demo shows: each step with the commands it ran, what they prove, and the table at the end."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field

from edgewright import output
from edgewright.errors import EdgewrightError


class CheckError(EdgewrightError):
    """A check of the demo does not hold, and nothing that follows could be believed."""


@dataclass(frozen=True)
class Check:
    """One row of the final table."""

    claim: str
    holds: bool
    evidence: str


@dataclass
class Narration:
    """Prints the story as it happens and keeps the checks."""

    verbose: bool = False
    checks: list[Check] = field(default_factory=list)
    _step: int = 0
    _started: float = field(default_factory=time.monotonic)

    def step(self, title: str) -> None:
        """Begin a step."""
        output.status("")
        self._step += 1
        elapsed = output.paint(f"{time.monotonic() - self._started:5.0f} s", "dim")
        output.line(f"\n{output.paint(f'{self._step}. {title}', 'bold')}  {elapsed}")

    def command(self, command: str) -> None:
        """Show a command before it runs."""
        output.status("")
        output.line(f"   {output.paint('$', 'blue')} {command}")

    def said(self, line: str) -> None:
        """Show a line that a command printed: in full when asked for everything, else in passing."""
        if self.verbose:
            output.line(output.paint(f"     {line}", "dim"))
        elif line.strip():
            output.status(f"     {line.strip()}")

    def quote(self, text: str) -> None:
        """Show the lines of a command's output that matter."""
        output.status("")
        for line in text.splitlines():
            output.line(f"     {line}")

    def check(self, claim: str, holds: bool, evidence: str, *, needed: bool = True) -> None:  # noqa: FBT001 -- reads as a sentence
        """Record a check and show it.

        Raises:
            CheckError: it does not hold and is needed by what follows.
        """
        output.status("")
        self.checks.append(Check(claim, holds, evidence))
        mark = output.paint("✓", "green") if holds else output.paint("✗", "red")
        output.line(f"   {mark} {claim}: {evidence}")
        if needed and not holds:
            raise CheckError(f"{claim}: {evidence}")

    def table(self) -> bool:
        """Print all checks; return whether all hold."""
        width = max((len(check.claim) for check in self.checks), default=0)
        output.line(f"\n{output.paint('What was checked', 'bold')}")
        for check in self.checks:
            shown = output.paint("true ", "green") if check.holds else output.paint("FALSE", "red")
            output.line(f"  {shown}  {check.claim:<{width}}  {check.evidence}")
        holding = sum(check.holds for check in self.checks)
        seconds = time.monotonic() - self._started
        output.line(f"\n{holding} of {len(self.checks)} checks hold, in {seconds:.0f} s")
        sys.stdout.flush()
        return bool(self.checks) and holding == len(self.checks)
