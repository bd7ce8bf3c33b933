"""What a device is to run: one frozen record per component, with every recipe variable filled in."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final, Literal

from edgewright.sandbox.device.recipes import Step

_SKIP_IF: Final = re.compile(r"(?P<operator>onpath|exists) +(?P<operand>.+)")


class State(StrEnum):
    """The lifecycle states, as a device reports them."""

    NEW = "NEW"
    INSTALLED = "INSTALLED"
    STARTING = "STARTING"
    RUNNING = "RUNNING"
    STOPPING = "STOPPING"
    ERRORED = "ERRORED"
    BROKEN = "BROKEN"
    FINISHED = "FINISHED"


Change = Literal["none", "take", "restart", "reinstall"]
"""What a new record asks of a component: nothing, only to remember it, to restart, or to begin at ``install``."""


@dataclass(frozen=True)
class Spec:
    """One component of a device.

    Args:
        name: the component's name.
        version: its version.
        steps: its lifecycle scripts, variables filled in.
        environment: ``Setenv`` of the whole lifecycle.
        dependencies: name -> whether it is a hard one.
        settles_as: the state of a component without ``startup`` and ``run``.
        fingerprint: digest of what is not in the scripts but restarts the component: configuration and artifacts.
        run_with: the user that the deployment names; noted, never switched to.
    """

    name: str
    version: str
    steps: Mapping[str, Step] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    dependencies: Mapping[str, bool] = field(default_factory=dict)
    settles_as: State = State.FINISHED
    fingerprint: str = ""
    run_with: str | None = None

    def change_from(self, before: Spec) -> Change:
        """What ``before`` must do to become this (``GenericExternalService``: which keys reinstall, which restart)."""
        if self == before:
            return "none"
        if (
            self.version != before.version
            or self.steps.get("install") != before.steps.get("install")
            or self.run_with != before.run_with
        ):
            return "reinstall"
        without = [{**spec.steps, "shutdown": None} for spec in (self, before)]
        same = without[0] == without[1] and (self.environment, self.fingerprint) == (
            before.environment,
            before.fingerprint,
        )
        return "take" if same else "restart"


@dataclass(frozen=True)
class Status:
    """What is known of a component: for reports, and for whoever waits.

    ``changed`` counts all state changes of the device, so that a state can be told to be younger than a moment.
    """

    name: str
    version: str
    state: State
    code: str
    reason: str
    changed: int
    settled: bool


def skips(step: Step, environment: Mapping[str, str], folder: Path) -> bool:
    """Whether ``Skipif`` says to skip the step.

    Raises:
        ValueError: the condition is not ``[!] onpath NAME`` or ``[!] exists PATH``.
    """
    if step.skip_if is None:
        return False
    text = step.skip_if.strip()
    negated = text.startswith("!")
    found = _SKIP_IF.fullmatch(text.removeprefix("!").strip())
    if found is None:
        msg = f"Skipif must be 'onpath NAME' or 'exists PATH', with '!' before it or not (got {step.skip_if!r})"
        raise ValueError(msg)
    operand = found["operand"].strip()
    if found["operator"] == "onpath":
        holds = shutil.which(operand, path=environment.get("PATH", "")) is not None
    else:
        home = environment.get("HOME", "")
        path = home + operand.removeprefix("~") if operand == "~" or operand.startswith("~/") else operand
        holds = os.path.exists(folder / path)  # noqa: PTH110 -- never raises, whatever the operand holds
    return holds != negated
