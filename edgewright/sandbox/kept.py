"""The file in which a sandbox's world waits for the next ``sandbox up``: a line of JSON about it, then the world.

The control process reads the line only. The rest is a pickle, which runs code of whoever wrote it when it is read: the
file is the user's own, in the project's folder, and is refused when somebody else may have written it.
"""

from __future__ import annotations

import json
import os
import platform
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgewright import __version__
from edgewright.errors import EdgewrightError

NAME = "world.kept"
FORMAT = 1
_WRITABLE = stat.S_IWGRP | stat.S_IWOTH
FORGET = "`edgewright sandbox down` forgets it"


@dataclass(frozen=True)
class Kept:
    """What a kept world is, without the world."""

    file: Path
    accounts: Mapping[str, str]
    region: str
    port: int
    devices: int
    administrator: Mapping[str, str]


def _this() -> str:
    return f"edgewright {__version__} on Python {platform.python_version()}"


def read(directory: Path) -> Kept | None:
    """The kept world of a sandbox's directory; None without one.

    Raises:
        EdgewrightError: it is damaged, somebody else's, or of another version of this tool.
    """
    file = directory / NAME
    try:
        with file.open("rb") as opened:
            status, line = os.fstat(opened.fileno()), opened.readline()
    except FileNotFoundError:
        return None
    if status.st_uid != os.getuid() or status.st_mode & _WRITABLE:
        msg = f"{file} is another user's, or others may write to it, so it is not read; {FORGET}"
        raise EdgewrightError(msg)
    try:
        about = json.loads(line)
        if (about["format"], about["by"]) != (FORMAT, _this()):
            msg = f"{file} was kept by {about['by']}, this is {_this()}; {FORGET}"
            raise EdgewrightError(msg)
        return Kept(file, about["accounts"], about["region"], about["port"], about["devices"], about["administrator"])
    except (ValueError, KeyError, TypeError) as error:
        msg = f"{file} is damaged ({error!r}); {FORGET}"
        raise EdgewrightError(msg) from error


def payload(file: Path) -> bytes:
    """What comes after the line."""
    return file.read_bytes().partition(b"\n")[2]


def write(directory: Path, about: Mapping[str, Any], world: bytes) -> Path:
    """Write the file whole, or not at all."""
    file = directory / NAME
    temporary = file.with_suffix(".new")
    line = json.dumps({"format": FORMAT, "by": _this(), **about}).encode()
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as opened:
        opened.write(line + b"\n" + world)
    temporary.replace(file)
    return file
