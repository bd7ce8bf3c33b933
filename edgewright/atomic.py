"""Files that are written whole or not at all: a temporary file beside the target, then a rename.

What reads a file while it is written, or after a power cut, finds the old content or the new, never half of it.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_NEW = 0o644


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Give a temporary path to write to; it becomes ``target`` when the block ends without an error.

    The mode of a file that is replaced stays; a new one is readable for all.

    Raises:
        OSError: the folder of the target cannot be written.
    """
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        adopt(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)


def adopt(written: Path, target: Path) -> None:
    """Make a file that is complete the target, in one step; both are on one file system.

    Raises:
        OSError: the folder of the target cannot be written.
    """
    written.chmod(target.stat().st_mode & 0o7777 if target.exists() else _NEW)
    written.replace(target)


def write_bytes(target: Path, content: bytes) -> None:
    """Write a file whole or not at all.

    Raises:
        OSError: the folder of the target cannot be written.
    """
    with replacing(target) as temporary:
        temporary.write_bytes(content)


def write_text(target: Path, text: str) -> None:
    """Write a text in UTF-8, its line ends as they are, whole or not at all.

    Raises:
        OSError: the folder of the target cannot be written.
    """
    write_bytes(target, text.encode())
