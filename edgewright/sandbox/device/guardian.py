"""The last one out: kills every script of a device host that has died, however it died.

Runs as a program of its own, with nothing but the standard library, in its own session. Its standard input is a pipe
whose other end only the device host holds: when that end closes, the host is gone. Scripts carry a token of their
host in their environment; where the system shows environments (Linux), even those that left their group are found.
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

TOKEN_VARIABLE = "EDGEWRIGHT_DEVICE_HOST"  # noqa: S105 -- a name, not a secret
_PASSES = 20  # a script may start others while they are being killed; this many rounds outrun any that ends


def main() -> int:
    """Take lines ``+<group>`` and ``-<group>`` until the pipe closes, then kill what is left."""
    token = sys.argv[1]
    groups = set[int]()
    for line in sys.stdin.buffer:
        number = int(line[1:])
        if line.startswith(b"+"):
            groups.add(number)
        else:
            groups.discard(number)
    for group in groups:
        with suppress(OSError):
            os.killpg(group, signal.SIGKILL)
    sweep(TOKEN_VARIABLE, token)
    return 0


def sweep(variable: str, value: str) -> int:
    """Kill every process that has ``variable=value`` in its environment; returns how many (0 without /proc)."""
    killed = 0
    for _ in range(_PASSES):
        found = [pid for pid in _processes() if _carries(pid, f"{variable}={value}".encode())]
        if not found:
            break
        for pid in found:
            with suppress(OSError):
                os.kill(pid, signal.SIGKILL)
                killed += 1
    return killed


def _processes() -> list[int]:
    try:
        return [int(name) for name in os.listdir("/proc") if name.isdigit() and int(name) != os.getpid()]  # noqa: PTH208 -- a light start matters here
    except OSError:
        return []


def _carries(pid: int, assignment: bytes) -> bool:
    """Whether a living process has the assignment; zombies have no environment left."""
    try:
        environment = Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return False
    return assignment in environment.split(b"\0")


if __name__ == "__main__":
    raise SystemExit(main())
