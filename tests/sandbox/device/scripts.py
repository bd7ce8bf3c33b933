"""Surroundings and waiting for tests that run real lifecycle scripts."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from edgewright.sandbox.device.components import Spec, State, Status
from edgewright.sandbox.device.logs import BoundedLog
from edgewright.sandbox.device.machine import Machine
from edgewright.sandbox.device.process import Monitor
from edgewright.sandbox.device.recipes import TIMEOUTS, Step

LONG = 20.0  # seconds after which a test that waits has failed


class Folders:
    """A device's folders in a temporary directory."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.extra: dict[str, str] = {}

    def folder(self, name: str) -> Path:
        folder = self.root / "work" / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def environment(self, spec: Spec) -> dict[str, str]:
        return {"PATH": os.environ["PATH"], "HOME": str(self.folder(spec.name)), **self.extra}

    def log(self, name: str) -> BoundedLog:
        (self.root / "logs").mkdir(exist_ok=True)
        return BoundedLog(self.root / "logs" / f"{name}.log")


class Device:
    """A machine with what it did."""

    def __init__(self, root: Path) -> None:
        self.folders = Folders(root)
        self.monitor = Monitor()
        self.history: list[tuple[str, State]] = []
        self._changed = threading.Condition()
        self._latest: dict[str, Status] = {}
        self.machine = Machine(self.monitor, self.folders, self._note)

    def _note(self, status: Status, _before: State) -> None:
        with self._changed:
            self.history.append((status.name, status.state))
            self._latest[status.name] = status
            self._changed.notify_all()

    def states(self, name: str) -> list[State]:
        return [state for component, state in self.history if component == name]

    def await_state(self, name: str, state: State) -> Status:
        with self._changed:
            assert self._changed.wait_for(lambda: name in self._latest and self._latest[name].state is state, LONG), (
                f"{name} never became {state}: {self.history}"
            )
            return self._latest[name]

    def await_(self, condition: Callable[[], bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(condition, LONG), self.history

    def up(self, *specs: Spec) -> str | None:
        since = self.machine.apply(specs)
        return self.machine.wait_until_up([spec.name for spec in specs], since, lambda: False)

    def output(self, name: str) -> str:
        path = self.folders.root / "logs" / f"{name}.log"
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def close(self) -> None:
        self.machine.stop(5)
        self.machine.close()
        self.monitor.close()


@contextmanager
def device(root: Path) -> Iterator[Device]:
    made = Device(root)
    try:
        yield made
    finally:
        made.close()


def spec(
    name: str,
    version: str = "1.0.0",
    *,
    hard: tuple[str, ...] = (),
    soft: tuple[str, ...] = (),
    timeout: Mapping[str, float] | None = None,
    skip: Mapping[str, str] | None = None,
    fingerprint: str = "",
    environment: Mapping[str, str] | None = None,
    **scripts: str,
) -> Spec:
    """A component whose lifecycle is ``scripts``."""
    return Spec(
        name=name,
        version=version,
        steps={
            step: Step(script, (timeout or {}).get(step, TIMEOUTS[step]), (skip or {}).get(step))
            for step, script in scripts.items()
        },
        dependencies={**dict.fromkeys(hard, True), **dict.fromkeys(soft, False)},
        fingerprint=fingerprint,
        environment=environment or {},
    )


def ends(pid: int) -> bool:
    """Whether a process has ended, or is about to: a killed process needs a moment to be gone."""
    for _ in range(1000):
        if not alive(pid):
            return True
        time.sleep(0.002)
    return False


def alive(pid: int) -> bool:
    """Whether a process lives (a zombie does not)."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in {"Z", "X"}
