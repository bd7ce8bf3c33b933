"""Foreign files are read in a process of its own: without credentials, within limits, its answer one JSON document.

What an archive or a native library does with a file that was made to harm ends that process, and is one sentence here.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from edgewright.errors import RefusedError
from edgewright.gitops.process import capture

CPU_SECONDS = 120
# Of the parent's environment, what a Python needs to start; no credentials, no proxy.
_KEPT = ("PATH", "LANG", "LC_ALL", "TMPDIR", "VIRTUAL_ENV")


def ask(module: str, arguments: Sequence[str], *, cwd: Path, what: str) -> dict[str, Any]:
    """Run ``python -m module`` and return its answer.

    Raises:
        RefusedError: it ended without one.
    """
    environment = {key: os.environ[key] for key in _KEPT if key in os.environ}
    code, text, errors = capture([sys.executable, "-m", module, *arguments], cwd=cwd, environment=environment)
    try:
        said = json.loads(text)
    except ValueError:
        raise RefusedError(f"{what} {_end(code, errors)}") from None
    if not isinstance(said, dict):
        msg = f"{what} {_end(code, errors)}"
        raise RefusedError(msg)
    return said


def _end(code: int, errors: str) -> str:
    if code == -signal.SIGXCPU:
        return f"takes more than {CPU_SECONDS} s of a processor to look at; that is not taken"
    if code == -signal.SIGKILL:
        return "was too much for this machine to look at: it ended the process that tried, by its time or memory"
    last = (errors.strip().splitlines() or [f"exit code {code}"])[-1]
    return f"ended the process that tried it: {last}"


def confine(*, memory: int, file: int) -> None:
    """Set the limits of this process.

    Args:
        memory: Bytes of address space.
        file: Bytes that a file which it writes may have.
    """
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 5))
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (file, file))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
