"""The worker as a process: recorded so that another process can stop it, and only it.

A process id is reused, so the time at which the process began is recorded with it and compared before a signal is sent.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess  # noqa: TID251 -- ps, where there is no /proc
import time
from pathlib import Path

from parts_inference.records import write_json

PATIENCE = 10.0  # seconds from SIGTERM to SIGKILL
BOOT = Path("/proc/sys/kernel/random/boot_id")


def record(work: Path) -> None:
    """Write who the worker is: this process."""
    write_json(work / "worker.json", {"pid": os.getpid(), "began": began(os.getpid())})


def forget(work: Path) -> None:
    """Take back what the worker said of itself."""
    for name in ("ready.json", "worker.json"):
        (work / name).unlink(missing_ok=True)


def began(pid: int) -> str:
    """When a process began, in a form that no other process has; empty when it does not run (a zombie does not)."""
    if BOOT.exists():
        try:
            status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""
        fields = status.rpartition(")")[2].split()  # the name before may hold spaces
        return "" if fields[0] in "ZX" else f"{BOOT.read_text(encoding='ascii').strip()}/{fields[19]}"
    listed = subprocess.run(  # noqa: S603 -- a number, no shell
        ["/bin/ps", "-o", "state=,lstart=", "-p", str(pid)],
        capture_output=True,
        text=True,
        check=False,
    )
    state, _, start = listed.stdout.strip().partition(" ")
    return "" if not state or state.startswith("Z") else start.strip()


def stop(work: Path) -> str:
    """Stop the worker of a work folder and say what was done. No worker is no error."""
    try:
        recorded = json.loads((work / "worker.json").read_text(encoding="utf-8"))
        pid, start = int(recorded["pid"]), str(recorded["began"])
    except (OSError, ValueError, KeyError, TypeError):
        forget(work)
        return "no worker was running"
    if not start or began(pid) != start:
        forget(work)
        return "the worker had already ended"
    said = f"worker {pid} stopped"
    os.kill(pid, signal.SIGTERM)
    if not _gone(pid, start, PATIENCE):
        os.kill(pid, signal.SIGKILL)
        said = f"worker {pid} killed: it did not stop within {PATIENCE:g} s"
        _gone(pid, start, PATIENCE)
    forget(work)
    return said


def _gone(pid: int, start: str, patience: float) -> bool:
    deadline = time.monotonic() + patience
    while began(pid) == start:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
