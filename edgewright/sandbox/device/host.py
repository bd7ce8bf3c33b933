"""All simulated core devices of a sandbox in one process: who is registered runs, who is not stops.

The registry is watched by long poll. A device whose identity, platform or nucleus has changed is stopped and started
again; turned knobs take effect at once. When the process is asked to stop it stops every device, and a guardian
process sees to it that no script outlives it, however it dies.
"""

from __future__ import annotations

import os
import secrets
import subprocess  # noqa: TID251 -- the guardian is a process of its own
import sys
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from edgewright import output
from edgewright.sandbox.device import guardian, settings
from edgewright.sandbox.device.cloud import CloudError, UnreachableError
from edgewright.sandbox.device.connection import Connection, ask
from edgewright.sandbox.device.http_cloud import HttpCloud
from edgewright.sandbox.device.logs import BoundedLog
from edgewright.sandbox.device.machine import Launcher
from edgewright.sandbox.device.nucleus import CoreDevice
from edgewright.sandbox.device.paths import DevicePaths, safe_name
from edgewright.sandbox.device.process import Monitor, Script
from edgewright.sandbox.device.settings import Knobs, Settings
from edgewright.sandbox.device.token_exchange import TokenExchange

STOP_LIMIT: Final = 5.0
"""Seconds that the components of all devices get to stop when the host stops."""
_POLL: Final = 20.0  # seconds of a long poll
_RETRY: Final = 0.5  # seconds before the registry is asked again after a failure


class Guarded:
    """Starts scripts and tells the guardian of each group, so that none outlives this process.

    Args:
        monitor: does the starting.
        token: marks every process of this host.
    """

    def __init__(self, monitor: Monitor, token: str) -> None:
        self._monitor = monitor
        self._lock = threading.Lock()
        self._guardian = subprocess.Popen(  # noqa: S603 -- our own module
            [sys.executable, "-I", "-S", guardian.__file__, token],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )

    def start(self, script: str, **how: Any) -> Script:
        """Start a script; see ``Monitor.start``."""
        running = self._monitor.start(script, **how)
        self._say(f"+{running.pid}\n")
        running.on_reaped(lambda: self._say(f"-{running.pid}\n"))
        return running

    def close(self) -> None:
        """Let the guardian make its last round and end."""
        if self._guardian.stdin is not None:
            with suppress(OSError):
                self._guardian.stdin.close()
        self._guardian.wait()

    def _say(self, line: str) -> None:
        with self._lock, suppress(OSError, ValueError):
            if self._guardian.stdin is not None:
                self._guardian.stdin.write(line.encode())
                self._guardian.stdin.flush()


@dataclass(frozen=True)
class _Shared:
    """What all devices of a host use together."""

    launcher: Launcher
    exchange: TokenExchange
    token: str


class Host:
    """Runs the registered devices until it is asked to stop.

    Args:
        server: the sandbox's URL.
        directory: devices get folders below ``devices/<account>/<thing>``.
        patience: seconds without an answer from the server after which the host gives up; None: never.
    """

    def __init__(self, server: str, directory: Path, patience: float | None = None) -> None:
        self._server = server
        self._directory = directory
        self._patience = patience
        self._stopping = threading.Event()
        self._connection = Connection(server)
        self._devices: dict[tuple[str, str], CoreDevice] = {}
        directory.mkdir(parents=True, exist_ok=True)
        self._log = BoundedLog(directory / "device-host.log")

    def ask_to_stop(self) -> None:
        """Make ``run`` return soon; may be called from a signal handler."""
        self._stopping.set()
        self._connection.abort()

    def run(self) -> None:
        """Watch the registry and run its devices; returns when asked to stop, or when the server is gone for good."""
        token = secrets.token_hex(16)
        monitor = Monitor()
        launcher = Guarded(monitor, token)
        exchange = TokenExchange()
        self._log.line(f"watching the registry of {self._server}")
        with ThreadPoolExecutor(max_workers=16, thread_name_prefix="devices") as pool:
            try:
                self._watch(_Shared(launcher, exchange, token), pool)
            finally:
                self._log.line("stopping")
                for device in self._devices.values():
                    device.ask_to_stop()
                list(pool.map(lambda device: device.stop(STOP_LIMIT), self._devices.values()))
                exchange.close()
                launcher.close()
                guardian.sweep(guardian.TOKEN_VARIABLE, token)
                monitor.close()
                self._connection.close()
                self._log.line("stopped")

    def _watch(self, shared: _Shared, pool: ThreadPoolExecutor) -> None:
        sequence, waited = 0, 0.0
        path = "/_edgewright/devices"
        while not self._stopping.is_set():
            try:
                question = f"{path}?since={sequence}&timeout={_POLL:g}" if sequence else path
                answer = ask(self._connection, "GET", question, _POLL)
            except (UnreachableError, CloudError) as error:
                if self._stopping.is_set():
                    return
                if waited == 0.0:
                    self._log.line(f"the registry does not answer: {error}")
                if self._patience is not None and waited >= self._patience:
                    output.note(f"the sandbox at {self._server} is gone; its devices stop")
                    return
                self._stopping.wait(_RETRY)
                sequence, waited = 0, waited + _RETRY
                continue
            waited = 0.0
            if int(answer["sequence"]) != sequence:
                sequence = int(answer["sequence"])
                self._take(answer["devices"], float(answer.get("speed") or 1.0), shared, pool)

    def _take(self, entries: list[Mapping[str, Any]], speed: float, shared: _Shared, pool: ThreadPoolExecutor) -> None:
        """Make the devices be those of the registry."""
        wanted: dict[tuple[str, str], Settings] = {}
        for entry in entries:
            try:
                parsed = settings.parse(entry, speed)
                safe_name(parsed.identity.account)
                safe_name(parsed.identity.thing)
            except ValueError as error:
                self._log.line(str(error))
                continue
            wanted[parsed.key] = parsed
        gone = [key for key, device in self._devices.items() if _changed(device, wanted.get(key))]
        list(pool.map(lambda key: self._devices[key].stop(STOP_LIMIT), gone))
        for key in gone:
            del self._devices[key]
        new = [parsed for key, parsed in wanted.items() if key not in self._devices]
        for device in pool.map(lambda parsed: self._start(parsed, shared, same=parsed.key in gone), new):
            if device is not None:
                self._devices[device.settings.key] = device
        for key, parsed in wanted.items():
            if key in self._devices:
                self._devices[key].turn(parsed.knobs)

    def _start(self, parsed: Settings, shared: _Shared, *, same: bool) -> CoreDevice | None:
        folder = self._directory / "devices" / parsed.identity.account / parsed.identity.thing
        try:
            device = CoreDevice(
                parsed,
                DevicePaths(folder),
                HttpCloud(self._server, parsed.identity),
                shared.launcher,
                token=shared.token,
                extra={"AWS_ENDPOINT_URL": self._server},
                exchange=shared.exchange,
                same=same,
            )
            device.start()
        except (OSError, ValueError) as error:
            self._log.line(f"{parsed.identity.thing} cannot start: {error}")
            return None
        self._log.line(f"{parsed.identity.thing} starts in {folder}")
        return device


def _changed(device: CoreDevice, wanted: Settings | None) -> bool:
    """Whether a device must stop: it is gone, or is another one now; knobs alone do not count."""
    if wanted is None:
        return True
    return replace(device.settings, knobs=Knobs()) != replace(wanted, knobs=Knobs())


def watch_parent(pid: int, host: Host) -> None:
    """Stop the host when the process ``pid`` ends: who started it will not do it any more."""

    def wait() -> None:
        try:
            descriptor = os.pidfd_open(pid)
        except ProcessLookupError:
            host.ask_to_stop()
            return
        import select  # noqa: PLC0415 -- only on this path

        select.select([descriptor], [], [])
        os.close(descriptor)
        host.ask_to_stop()

    def poll() -> None:
        pause = threading.Event()
        while _lives(pid):
            pause.wait(1.0)
        host.ask_to_stop()

    body = wait if hasattr(os, "pidfd_open") else poll
    threading.Thread(target=body, name="parent", daemon=True).start()


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
