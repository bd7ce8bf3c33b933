"""The label in the log: once in a run, however many providers a program has.

Each provider instance is a process of its own, started by the same engine. The first of them that takes the lock named
after the engine's process says the line; the lock ends with the process that holds it, so nothing is left behind that
could silence a later run.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
from pathlib import Path

from edgewright.standin.wording import LABEL

_held: list[int] = []


def label(engine: int | None = None, folder: Path | None = None) -> str:
    """Return the label, or nothing when another plugin of the same engine has said it.

    Args:
        engine: The engine's process id; that of the parent by default.
        folder: Where locks are; a folder of this user in the system's temporary one by default.
    """
    own = folder or Path(tempfile.gettempdir()) / f"edgewright-standin-{os.getuid()}"
    try:
        own.mkdir(mode=0o700, exist_ok=True)
        _tidy(own)
        lock = os.open(own / str(engine or os.getppid()), os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except OSError:
        return LABEL  # said too often is better than not said
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        return ""
    _held.append(lock)
    return LABEL


def _tidy(folder: Path) -> None:
    for file in folder.iterdir():
        try:
            os.kill(int(file.name), 0)
        except (ProcessLookupError, ValueError):
            file.unlink(missing_ok=True)
        except OSError:
            continue
