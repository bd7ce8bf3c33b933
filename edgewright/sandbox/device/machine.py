"""The lifecycle of a device's components: which scripts run, in which order, and what their ends mean.

Follows ``Lifecycle`` and ``GenericExternalService``: ``install`` once per version, then ``startup`` or ``run`` when
the dependencies are ready; ``run`` counts as running at once, ``startup`` when it has returned 0; an error runs
``recover`` and tries again; the third error in a row from one state breaks the component until a deployment changes
it. Starts follow the dependencies, stops go the other way round, and a hard dependency that goes down takes its
dependents with it.

The longest module of the room, because it is one mechanism: one thread, one lock, and one method per state. The thread
looks at all components whenever a script ends, a time limit passes or somebody changes what is wanted; it never polls.
"""

from __future__ import annotations

import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, Protocol

from edgewright.sandbox.device.components import Change, Spec, State, Status, skips
from edgewright.sandbox.device.logs import BoundedLog
from edgewright.sandbox.device.process import Script
from edgewright.sandbox.device.recipes import Step

_ERRORS_TO_BREAK: Final = 3
_ERRORS_FORGOTTEN_AFTER: Final = 3600.0
"""Seconds after which an error no longer counts towards breaking (``DEFAULT_ERROR_RESET_TIME_IN_SEC``)."""
_GRACE: Final = 5.0
"""Seconds between SIGTERM and SIGKILL (the nucleus's ``Exec`` has the same)."""
_SETTLED: Final = frozenset({State.RUNNING, State.FINISHED, State.BROKEN})
_UP: Final = frozenset({State.RUNNING, State.FINISHED})
_DOWN: Final = frozenset({State.NEW, State.INSTALLED, State.FINISHED, State.BROKEN})

_STEP_OF: Final = {State.NEW: "INSTALL", State.STARTING: "STARTUP", State.RUNNING: "RUN"}
_STATUS: Final = {
    "ERRORED": "Error during {step}",
    "TIMEOUT": "Timeout during {step}",
    "IO_ERROR": "I/O error during {step}",
    "INVALID_CONFIG": "Invalid configuration for {step}",
}
"""Status codes and reasons of ``ComponentStatusCode``; the code is ``<STEP>_<key>``."""

Goal = Literal["run", "stop", "remove"]
Stage = Literal["script", "terminate", "done"]
Progress = Literal["moved", "waiting", "done"]


class Launcher(Protocol):
    """Starts scripts: ``process.Monitor``, or a stand-in for tests."""

    def start(
        self,
        script: str,
        *,
        folder: Path,
        environment: Mapping[str, str],
        log: BoundedLog,
        changed: Callable[[], None],
    ) -> Script:
        """Run ``script``; see ``process.Monitor.start``."""


class Surroundings(Protocol):
    """What a component's scripts find on the device."""

    def folder(self, name: str) -> Path:
        """Its working directory, which exists."""

    def environment(self, spec: Spec) -> dict[str, str]:
        """Its environment before ``Setenv``."""

    def log(self, name: str) -> BoundedLog:
        """Where its output goes."""


@dataclass
class _Phase:
    """The script that a state waits for; ``deadline`` on the machine's clock."""

    step: str
    script: Script
    deadline: float | None


@dataclass
class _Component:
    spec: Spec
    goal: Goal = "run"
    state: State = State.NEW
    code: str = "NONE"
    reason: str = ""
    changed: int = 0
    wanted: Spec | None = None
    again: Change = "none"
    phase: _Phase | None = None
    scripts: list[Script] = field(default_factory=list)
    stage: Stage | None = None
    stage_deadline: float | None = None
    after_stop: State = State.FINISHED
    erred_from: State = State.NEW
    recovered: bool = False
    errors: dict[State, deque[float]] = field(default_factory=dict)

    @property
    def settled(self) -> bool:
        """Whether it is where its goal takes it, for now."""
        if self.goal == "run":
            return self.again == "none" and (self.state in _UP or (self.state is State.BROKEN and self.still))
        return self.state in _DOWN and self.still

    @property
    def still(self) -> bool:
        """Whether no script of it runs or has to be collected."""
        return not self.scripts and self.phase is None and self.stage is None


class Machine:
    """Runs the components of one device.

    Args:
        launcher: starts the scripts.
        surroundings: folders, environment and logs.
        on_change: called with the status and the state before, in the machine's thread and under its lock: be quick.
        clock: seconds that only grow.
    """

    def __init__(
        self,
        launcher: Launcher,
        surroundings: Surroundings,
        on_change: Callable[[Status, State], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._launcher = launcher
        self._surroundings = surroundings
        self._on_change = on_change
        self._clock = clock
        self._components: dict[str, _Component] = {}
        self._sequence = 0
        self._closed = False
        self._hurry = False
        self._condition = threading.Condition()
        self._thread = threading.Thread(target=self._loop, name="lifecycle", daemon=True)
        self._thread.start()

    # What others ask for.

    def apply(self, specs: Iterable[Spec]) -> int:
        """Make the components be as ``specs`` say; others stay. A broken one gets a new chance.

        Returns:
            The count of state changes so far, for ``wait_until_up``.
        """
        with self._condition:
            for spec in specs:
                component = self._components.get(spec.name)
                if component is None:
                    self._components[spec.name] = _Component(spec, changed=self._sequence)
                    continue
                change = spec.change_from(component.wanted or component.spec)
                if component.state is State.BROKEN or (component.goal != "run" and change != "reinstall"):
                    change = "reinstall" if component.state is State.BROKEN else "restart"
                component.goal = "run"
                if change == "take" and component.wanted is None:
                    component.spec = spec
                elif change == "take":
                    component.wanted = spec
                elif change != "none":
                    component.wanted = spec
                    component.again = "reinstall" if "reinstall" in {change, component.again} else change
            self._condition.notify_all()
            return self._sequence

    def remove(self, names: Iterable[str]) -> None:
        """Stop components and forget them; returns at once (``wait_until_gone`` waits)."""
        with self._condition:
            for name in names:
                if name in self._components:
                    self._components[name].goal = "remove"
            self._condition.notify_all()

    def stop(self, limit: float) -> None:
        """Stop every component, dependents first; after ``limit`` seconds, kill what is left."""
        with self._condition:
            for component in self._components.values():
                component.goal = "stop"
            self._condition.notify_all()
            if not self._condition.wait_for(self._all_settled, limit):
                self._hurry = True
                self._condition.notify_all()
                self._condition.wait_for(self._all_settled)
                self._hurry = False

    def start(self) -> int:
        """Start every component again after ``stop``; returns what ``apply`` does."""
        return self.apply([component.spec for component in self._all()])

    def close(self) -> None:
        """End the machine's thread; ``stop`` must have been called."""
        with self._condition:
            self._closed = True
            self._condition.notify_all()
        self._thread.join()

    def statuses(self) -> dict[str, Status]:
        """What is known of every component now."""
        with self._condition:
            return {name: self._status(component) for name, component in self._components.items()}

    def wait_until_up(self, names: Iterable[str], since: int, cancelled: Callable[[], bool]) -> str | None:
        """Wait until the components run or have finished.

        Args:
            names: the components to wait for.
            since: what ``apply`` returned; a component that broke before does not count.
            cancelled: asked whenever something changes (``wake`` makes it be asked now).

        Returns:
            The name of the first component that broke, or None when all are up or the wait was cancelled.
        """
        wanted = list(names)
        broken: str | None = None

        def decided() -> bool:
            nonlocal broken
            if cancelled():
                return True
            up = True
            for name in wanted:
                component = self._components.get(name)
                if component is None:
                    continue
                if component.state is State.BROKEN and component.changed > since and component.again == "none":
                    broken = name
                    return True
                up = up and component.settled and component.state in _UP
            return up

        with self._condition:
            self._condition.wait_for(decided)
        return broken

    def wait_until_gone(self, names: Iterable[str]) -> None:
        """Wait until removed components have stopped."""
        wanted = list(names)
        with self._condition:
            self._condition.wait_for(lambda: not any(name in self._components for name in wanted))

    def kill(self, name: str) -> None:
        """Kill all processes of a component, as a crash would: only what its lifecycle waits for notices."""
        with self._condition:
            component = self._components.get(name)
            for script in component.scripts if component is not None else ():
                script.signal(signal.SIGKILL)

    def wake(self) -> None:
        """Make everybody who waits look again."""
        with self._condition:
            self._condition.notify_all()

    # The thread.

    def _all(self) -> list[_Component]:
        with self._condition:
            return list(self._components.values())

    def _all_settled(self) -> bool:
        return all(component.settled for component in self._components.values())

    def _loop(self) -> None:
        with self._condition:
            while not self._closed:
                looked = self._clock()
                if any([self._advance(component) for component in list(self._components.values())]):  # noqa: C419 -- each takes its step
                    self._condition.notify_all()
                else:
                    self._condition.wait(self._until_deadline_after(looked))

    def _until_deadline_after(self, looked: float) -> float | None:
        """Seconds to the next time limit; one that had passed when all were looked at has had its effect."""
        deadlines = [
            deadline
            for component in self._components.values()
            for deadline in (component.phase.deadline if component.phase else None, component.stage_deadline)
            if deadline is not None and deadline > looked
        ]
        return max(0.0, min(deadlines) - self._clock()) if deadlines else None

    def _advance(self, component: _Component) -> bool:
        """Take one step with a component when one can be taken."""
        if component.goal == "remove" and component.settled:
            del self._components[component.spec.name]
            return True
        match component.state:
            case State.NEW:
                return self._new(component)
            case State.INSTALLED:
                return self._installed(component)
            case State.STARTING:
                return self._starting(component)
            case State.RUNNING:
                return self._running(component)
            case State.STOPPING:
                return self._stopping(component)
            case State.ERRORED:
                return self._errored(component)
            case State.BROKEN:
                return self._broken(component)
            case State.FINISHED:
                return self._finished(component)

    def _new(self, component: _Component) -> bool:
        if component.goal != "run" or component.again != "none" or component.stage is not None:
            if component.still:
                return self._take(component)
            return self._stop_scripts(component, shutdown=False) != "waiting"
        if component.phase is None:
            return self._begin(component, "install", otherwise=State.INSTALLED)
        return self._judge(component, passed=State.INSTALLED)

    def _installed(self, component: _Component) -> bool:
        if component.goal != "run":
            return self._set(component, State.FINISHED)
        if component.again != "none":
            reinstall = component.again == "reinstall"
            self._take(component)
            return self._set(component, State.NEW) if reinstall else True
        if not component.still:  # what install left is ended before the start
            return self._stop_scripts(component, shutdown=False) != "waiting"
        return self._dependencies_ready(component) and self._set(component, State.STARTING)

    def _starting(self, component: _Component) -> bool:
        if component.goal != "run" or component.again != "none" or not self._dependencies_up(component):
            return self._go_down(component)
        if component.phase is not None:
            return self._judge(component, passed=State.RUNNING)
        steps = component.spec.steps
        if "startup" in steps:
            return self._begin(component, "startup", otherwise=State.RUNNING)
        if "run" in steps:
            began = self._begin(component, "run", otherwise=State.RUNNING)
            return self._set(component, State.RUNNING) if component.state is State.STARTING else began
        return self._set(component, component.spec.settles_as)

    def _running(self, component: _Component) -> bool:
        if component.goal != "run" or component.again != "none" or not self._dependencies_up(component):
            return self._go_down(component)
        if component.phase is None:
            return False
        if component.phase.script.exit_code == 0:
            self._surroundings.log(component.spec.name).line("run: exit code 0")
            component.after_stop = State.FINISHED
            component.phase = None
            return self._set(component, State.STOPPING)
        return self._judge(component, passed=State.FINISHED)

    def _stopping(self, component: _Component) -> bool:
        progress = self._stop_scripts(component, shutdown=True)
        if progress != "done":
            return progress == "moved"
        after = State.FINISHED if component.goal != "run" else component.after_stop
        if component.goal == "run" and component.again != "none":
            after = State.NEW if component.again == "reinstall" else State.INSTALLED
            self._take(component)
        component.after_stop = State.FINISHED
        return self._set(component, after)

    def _errored(self, component: _Component) -> bool:
        """Recover, then try again: the install step anew, or the start after everything has stopped."""
        step = component.spec.steps.get("recover")
        if step is not None and component.goal == "run" and not component.recovered:
            component.recovered = True
            component.phase = self._launch(component, "recover", step)
            return True
        phase = component.phase
        if phase is not None and component.goal == "run" and phase.script.exit_code is None and not self._late(phase):
            return False
        component.phase = None
        if component.erred_from is State.NEW:
            if not component.still:
                return self._stop_scripts(component, shutdown=False) != "waiting"
            return self._set(component, State.NEW, component.code, component.reason)
        component.after_stop = State.INSTALLED
        return self._set(component, State.STOPPING, component.code, component.reason)

    def _broken(self, component: _Component) -> bool:
        if not component.still:
            return self._stop_scripts(component, shutdown=component.erred_from is not State.NEW) != "waiting"
        if component.goal == "run" and component.again != "none":
            component.errors.clear()
            self._take(component)
            return self._set(component, State.NEW)
        return False

    def _finished(self, component: _Component) -> bool:
        if component.goal != "run" or component.again == "none":
            return False
        after = State.NEW if component.again == "reinstall" else State.INSTALLED
        self._take(component)
        return self._set(component, after)

    # What the states share.

    def _take(self, component: _Component) -> bool:
        """Take over the record that waits, if one does."""
        if component.goal != "run" or component.again == "none":
            return False
        component.spec = component.wanted or component.spec
        component.wanted, component.again = None, "none"
        return True

    def _go_down(self, component: _Component) -> bool:
        """Stop a component that starts or runs; when all stop, its dependents go first."""
        if component.goal != "run" and any(
            component.spec.name in other.spec.dependencies and other.goal != "run" and not other.settled
            for other in self._components.values()
        ):
            return False
        component.after_stop = State.INSTALLED
        component.phase = None
        return self._set(component, State.STOPPING)

    def _dependencies_ready(self, component: _Component) -> bool:
        """Hard dependencies are up; soft ones have at least come to rest."""
        for name, hard in component.spec.dependencies.items():
            other = self._components.get(name)
            if other is None:
                continue
            if other.again != "none" or other.state not in (_UP if hard else _SETTLED):
                return False
        return True

    def _dependencies_up(self, component: _Component) -> bool:
        """Whether no hard dependency has gone down under the component."""
        return all(
            self._components[name].state in _UP
            for name, hard in component.spec.dependencies.items()
            if hard and name in self._components
        )

    def _begin(self, component: _Component, name: str, *, otherwise: State) -> bool:
        """Start a step; a component without it, or that skips it, goes on to ``otherwise``."""
        step = component.spec.steps.get(name)
        if step is None:
            return self._set(component, otherwise)
        try:
            environment = self._environment(component.spec, step)
            if skips(step, environment, self._surroundings.folder(component.spec.name)):
                self._surroundings.log(component.spec.name).line(f"{name}: skipped ({step.skip_if})")
                return self._set(component, otherwise)
        except ValueError as error:
            self._surroundings.log(component.spec.name).line(f"{name}: {error}")
            return self._error(component, "INVALID_CONFIG", name)
        except OSError as error:
            self._surroundings.log(component.spec.name).line(f"{name}: {error}")
            return self._error(component, "IO_ERROR", name)
        component.phase = self._launch(component, name, step)
        return True if component.phase is not None else self._error(component, "IO_ERROR", name)

    def _launch(self, component: _Component, name: str, step: Step) -> _Phase | None:
        spec = component.spec
        log = self._surroundings.log(spec.name)
        who = " (privileged)" if step.privileged else f" (as {spec.run_with})" if spec.run_with else ""
        log.line(f"{name}{who}: {step.script.strip()}")
        try:
            script = self._launcher.start(
                step.script,
                folder=self._surroundings.folder(spec.name),
                environment=self._environment(spec, step),
                log=log,
                changed=self.wake,
            )
        except (OSError, ValueError) as error:
            log.line(f"{name}: cannot be started: {error}")
            return None
        component.scripts.append(script)
        return _Phase(name, script, None if step.timeout is None else self._clock() + step.timeout)

    def _environment(self, spec: Spec, step: Step) -> dict[str, str]:
        return {**self._surroundings.environment(spec), **spec.environment, **step.environment}

    def _late(self, phase: _Phase) -> bool:
        return self._hurry or (phase.deadline is not None and self._clock() >= phase.deadline)

    def _judge(self, component: _Component, *, passed: State) -> bool:
        """Look at the script that the state waits for: go on, go wrong, or keep waiting."""
        phase = component.phase
        if phase is None:
            return False
        code = phase.script.exit_code
        if code is None:
            return self._late(phase) and self._error(component, "TIMEOUT", phase.step)
        component.phase = None
        shown = code if code >= 0 else 128 - code
        self._surroundings.log(component.spec.name).line(f"{phase.step}: exit code {shown}")
        if code != 0:
            return self._error(component, "ERRORED", phase.step, shown)
        return self._set(component, passed)

    def _error(self, component: _Component, kind: str, step: str, exit_code: int | None = None) -> bool:
        """Note an error of the present state; the third in a row breaks the component."""
        came_from, now = component.state, self._clock()
        recent = component.errors.setdefault(came_from, deque())
        if recent and now - recent[-1] >= _ERRORS_FORGOTTEN_AFTER:
            recent.clear()
        recent.append(now)
        reason = _STATUS[kind].format(step=step) + ("" if exit_code is None else f": exit code {exit_code}")
        component.erred_from, component.recovered = came_from, False
        component.phase = None
        broken = len(recent) >= _ERRORS_TO_BREAK
        return self._set(component, State.BROKEN if broken else State.ERRORED, f"{_STEP_OF[came_from]}_{kind}", reason)

    def _stop_scripts(self, component: _Component, *, shutdown: bool) -> Progress:
        """Run ``shutdown``, ask all scripts to end, then make them; each call takes one step of it.

        "done" comes once; a component that is ``still`` afterwards needs no further call.
        """
        if component.stage is None:
            component.phase = None
            step = component.spec.steps.get("shutdown") if shutdown else None
            if step is not None and not self._hurry and self._wanted(component, step):
                component.phase = self._launch(component, "shutdown", step)
            if not component.scripts:
                return "done"
            component.stage = "script"
            return "moved"
        if component.stage == "script":
            return self._end_shutdown(component)
        if component.stage == "terminate":
            late = self._hurry or self._clock() >= (component.stage_deadline or 0.0)
            if not late and not all(script.gone for script in component.scripts):
                return "waiting"
            for script in component.scripts:
                script.reap()
            component.scripts.clear()
            component.stage, component.stage_deadline = "done", None
            return "moved"
        component.stage = None
        return "done"

    def _end_shutdown(self, component: _Component) -> Progress:
        """Wait for the shutdown script, within its limit; then every script is asked to end."""
        phase = component.phase
        if phase is not None and phase.script.exit_code is None:
            if not self._late(phase):
                return "waiting"
            self._surroundings.log(component.spec.name).line("shutdown: time is up")
        component.phase = None
        component.stage, component.stage_deadline = "terminate", self._clock() + _GRACE
        for script in component.scripts:
            script.signal(signal.SIGTERM)
        return "moved"

    def _wanted(self, component: _Component, step: Step) -> bool:
        try:
            folder = self._surroundings.folder(component.spec.name)
            return not skips(step, self._environment(component.spec, step), folder)
        except (OSError, ValueError):
            return False

    def _set(self, component: _Component, state: State, code: str = "NONE", reason: str = "") -> bool:
        before, component.state = component.state, state
        if state is not State.ERRORED and state is not State.BROKEN and before in component.errors:
            component.errors.pop(before)  # leaving a state for another reason than an error forgives its errors
        self._sequence += 1
        component.changed = self._sequence
        component.code, component.reason = code, reason
        because = f" ({reason})" if reason else ""
        self._surroundings.log(component.spec.name).line(f"state: {before} -> {state}{because}")
        self._on_change(self._status(component), before)
        return True

    def _status(self, component: _Component) -> Status:
        return Status(
            name=component.spec.name,
            version=component.spec.version,
            state=component.state,
            code=component.code,
            reason=component.reason,
            changed=component.changed,
            settled=component.settled,
        )
