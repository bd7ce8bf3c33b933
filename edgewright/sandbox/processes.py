"""Processes of a sandbox: started in groups of their own, found again by id and start time, stopped and nobody else.

The only place of the sandbox's control that starts programs.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import subprocess  # noqa: TID251 -- see above
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from edgewright.errors import EdgewrightError

STOP_PATIENCE = 10.0  # seconds for a process to end by itself before it is killed
_PROC = Path("/proc")


def start_time(pid: int) -> str | None:
    """When a process was started, in the machine's own terms; None when there is no such process.

    A process id is used again after its process has ended; together with the start time it is unique.
    """
    if _PROC.is_dir():
        try:
            stat = (_PROC / str(pid) / "stat").read_text("ascii", "replace")
        except OSError:
            return None
        fields = stat.rpartition(")")[2].split()
        return None if fields[0] == "Z" else fields[19]
    shown = subprocess.run(  # noqa: S603 -- a list, no shell
        ["ps", "-o", "lstart=", "-p", str(pid)],  # noqa: S607 -- of the system
        capture_output=True,
        text=True,
        check=False,
    )
    return shown.stdout.strip() or None


@contextlib.contextmanager
def exclusive(directory: Path) -> Iterator[None]:
    """Let one command at a time start or stop what is in ``directory``; the others wait."""
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / "lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield  # the lock ends with the file


class Process:
    """A background process with a pid file and a log file."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._child: subprocess.Popen[bytes] | None = None

    @classmethod
    def spawn(
        cls,
        command: Sequence[str],
        file: Path,
        log: Path,
        *,
        environment: Mapping[str, str] | None = None,
        descriptors: Sequence[int] = (),
        cwd: Path | None = None,
    ) -> Process:
        """Start ``command`` in a group of its own and write its pid file."""
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as out:
            child = subprocess.Popen(  # noqa: S603 -- a list, no shell
                command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env=None if environment is None else dict(environment),
                cwd=cwd,
                start_new_session=True,
                pass_fds=tuple(descriptors),
            )
        file.write_text(json.dumps({"pid": child.pid, "started": start_time(child.pid)}), "utf-8")
        process = cls(file)
        process._child = child
        return process

    @property
    def pid(self) -> int | None:
        """The id of the process while it runs, and None afterwards."""
        if self._child is not None:
            return self._child.pid if self._child.poll() is None else None
        record = self._record()
        if record is None:
            return None
        pid = int(record["pid"])
        return pid if record["started"] is not None and start_time(pid) == record["started"] else None

    def stop(self, patience: float = STOP_PATIENCE) -> bool:
        """End the process and all of its group; say whether there was anything to end."""
        pid = self.pid
        if pid is None:
            self.file.unlink(missing_ok=True)
            return False
        self._signal(pid, signal.SIGTERM)
        deadline = time.monotonic() + patience
        while self.pid is not None and time.monotonic() < deadline:
            if self._child is not None:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._child.wait(deadline - time.monotonic())
            else:
                time.sleep(0.02)  # not our child: nothing to wait on
        if self.pid is not None:
            self._signal(pid, signal.SIGKILL)
            if self._child is not None:
                self._child.wait()
        self.file.unlink(missing_ok=True)
        return True

    def _signal(self, pid: int, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, number)

    def _record(self) -> dict[str, Any] | None:
        try:
            record = json.loads(self.file.read_text("utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            msg = f"{self.file} is not a pid file of the sandbox ({error}); remove it if no sandbox runs"
            raise EdgewrightError(msg) from error
        return record if isinstance(record, dict) else None


def run(command: Sequence[str], environment: Mapping[str, str], cwd: Path) -> tuple[int, str]:
    """Run a program to its end; return its exit code and what it said."""
    done = subprocess.run(  # noqa: S603 -- a list, no shell
        command,
        env=dict(environment),
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout
