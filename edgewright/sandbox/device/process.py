"""Lifecycle scripts as real child processes: a group each, output to a bounded log, and never left behind.

One thread watches all children of all devices: it moves their output to the logs and says when a script has ended and
when the last process of its group has let go of its output. Nothing polls. A leader that has ended stays unreaped
until its group is stopped, so that its number, which names the group, cannot come to mean somebody else's processes.
"""

from __future__ import annotations

import os
import selectors
import signal
import socket
import subprocess  # noqa: TID251 -- the sandbox's devices run lifecycle scripts
import threading
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from io import BufferedReader
from pathlib import Path
from typing import Final

from edgewright.sandbox.device.logs import BoundedLog

_CHUNK: Final = 1 << 16  # bytes of output moved at once


class Script:
    """A running script and its process group."""

    def __init__(self, process: subprocess.Popen[bytes], log: BoundedLog, changed: Callable[[], None]) -> None:
        self._process = process
        self._log = log
        self._changed = changed
        self._lock = threading.Lock()
        self._reaped = False
        self._after: list[Callable[[], None]] = []
        self.exit_code: int | None = None
        """What the leader returned (negative: the signal that ended it); None while it runs."""
        self.silent = False
        """Whether no process of the group holds the script's output any more."""

    @property
    def pid(self) -> int:
        """The leader's process id, which is also the group's."""
        return self._process.pid

    @property
    def gone(self) -> bool:
        """Whether the leader has ended and nobody holds its output: normally the whole group is gone."""
        return self.exit_code is not None and self.silent

    def signal(self, number: int) -> None:
        """Send a signal to the whole group; a group that is gone is fine."""
        with self._lock:
            if not self._reaped:
                with suppress(ProcessLookupError, PermissionError):  # macOS answers EPERM for a group of zombies
                    os.killpg(self.pid, number)

    def reap(self) -> None:
        """Kill what is left of the group and collect the leader, which must have ended or ends by this."""
        self.signal(signal.SIGKILL)
        with self._lock:
            if self._reaped:
                return
            self._process.wait()
            self._reaped = True
        for action in self._after:
            action()

    def on_reaped(self, action: Callable[[], None]) -> None:
        """Call ``action`` once the group is gone and its number may be used again."""
        self._after.append(action)

    def _ended(self, exit_code: int) -> None:
        self.exit_code = exit_code
        self._changed()

    def _output(self, data: bytes) -> None:
        if data:
            self._log.write(data)
        else:
            self.silent = True
            self._changed()


class Monitor:
    """Starts scripts and watches them; one per process, shared by all devices."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._wake_up, self._woken = socket.socketpair()
        self._woken.setblocking(False)  # noqa: FBT003 -- the standard library's signature
        self._pending: deque[Callable[[], None]] = deque()
        self._closed = threading.Event()
        self._selector.register(self._woken, selectors.EVENT_READ, self._drain)
        self._thread = threading.Thread(target=self._watch, name="scripts", daemon=True)
        self._thread.start()

    def start(
        self,
        script: str,
        *,
        folder: Path,
        environment: Mapping[str, str],
        log: BoundedLog,
        changed: Callable[[], None],
    ) -> Script:
        """Run ``script`` with ``sh -c`` in a session of its own.

        Args:
            script: the text of the lifecycle step.
            folder: its working directory.
            environment: its whole environment; nothing is inherited.
            log: takes standard output and standard error.
            changed: called from the monitor's thread when the script has ended or has fallen silent.

        Raises:
            OSError: it cannot be started.
            ValueError: the script or the environment holds a NUL.
        """
        process = subprocess.Popen(  # noqa: S603 -- running the recipe's script is the purpose
            ["/bin/sh", "-c", script],
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        running = Script(process, log, changed)
        self._soon(lambda: self._adopt(process, running))
        return running

    def close(self) -> None:
        """Stop watching; scripts must have been reaped before."""
        self._closed.set()
        self._soon(lambda: None)
        self._thread.join()
        for key in list(self._selector.get_map().values()):
            if isinstance(key.fileobj, int):
                os.close(key.fileobj)
            elif isinstance(key.fileobj, BufferedReader):
                key.fileobj.close()
        self._selector.close()
        self._wake_up.close()
        self._woken.close()

    def _soon(self, action: Callable[[], None]) -> None:
        self._pending.append(action)
        with suppress(OSError):
            self._wake_up.send(b"\0")

    def _drain(self) -> None:
        with suppress(BlockingIOError):
            while self._woken.recv(4096):
                pass

    def _watch(self) -> None:
        while not self._closed.is_set():
            for key, _ in self._selector.select():
                key.data()
            while self._pending:
                self._pending.popleft()()

    def _adopt(self, process: subprocess.Popen[bytes], script: Script) -> None:
        output = process.stdout
        if output is not None:
            os.set_blocking(output.fileno(), False)

            def move() -> None:
                try:
                    data = os.read(output.fileno(), _CHUNK)
                except BlockingIOError:
                    return
                if not data:
                    self._selector.unregister(output)
                    output.close()
                script._output(data)  # noqa: SLF001 -- the two classes are one mechanism

            self._selector.register(output, selectors.EVENT_READ, move)
        self._watch_end(process.pid, script)

    def _watch_end(self, pid: int, script: Script) -> None:
        """Learn of the leader's end without collecting it: by a descriptor on Linux, by a thread elsewhere."""
        if hasattr(os, "pidfd_open"):
            try:
                descriptor = os.pidfd_open(pid)
            except ProcessLookupError:  # ended and was collected before its turn came
                script._ended(_exit_code(pid))  # noqa: SLF001
                return

            def ended() -> None:
                self._selector.unregister(descriptor)
                os.close(descriptor)
                script._ended(_exit_code(pid))  # noqa: SLF001

            self._selector.register(descriptor, selectors.EVENT_READ, ended)
        else:
            threading.Thread(
                target=lambda: script._ended(_exit_code(pid)),  # noqa: SLF001
                name=f"script-{pid}",
                daemon=True,
            ).start()


def _exit_code(pid: int) -> int:
    """The leader's exit code, negative for a signal; it stays to be collected."""
    try:
        result = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    except ChildProcessError:
        return -signal.SIGKILL  # collected meanwhile by Script.reap, which had killed it
    if result is None:
        return -signal.SIGKILL
    return result.si_status if result.si_code == os.CLD_EXITED else -result.si_status
