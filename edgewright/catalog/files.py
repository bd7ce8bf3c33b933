"""The files of a version folder, and archives of folders that come out the same on every machine.

What Python and file managers leave behind (``__pycache__``, ``*.pyc``, ``.DS_Store``) is no part of a component.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from edgewright import atomic
from edgewright.errors import EdgewrightError

# Other names are stored differently by file systems (accents, case of drives), so digests would depend on the machine.
_SEGMENT = re.compile(r"[A-Za-z0-9_@+=,.~ -]{1,255}")
_LEFT_BEHIND = frozenset(("__pycache__", ".DS_Store", ".pytest_cache", ".mypy_cache", ".ruff_cache"))
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time a ZIP archive can hold
_UNIX = 3


@dataclass
class Folder:
    """The regular files of a folder by path with ``/``, and what else is in it and should not be."""

    path: Path
    files: dict[str, Path] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    """Path -> why it cannot be part of a component."""


def read_folder(path: Path) -> Folder:
    """List a folder. Links are never followed: what they lead to is not under version control."""
    folder = Folder(path)
    _walk(path, "", folder)
    return folder


def _walk(path: Path, prefix: str, folder: Folder) -> None:
    for entry in sorted(os.scandir(path), key=lambda each: each.name):
        if entry.name in _LEFT_BEHIND or entry.name.endswith((".pyc", ".pyo")):
            continue
        name = prefix + entry.name
        if not _SEGMENT.fullmatch(entry.name):
            folder.refused[ascii(name)[1:-1]] = "has a name that not every file system keeps as it is"
        elif entry.is_symlink():
            folder.refused[name] = "is a symbolic link"
        elif entry.is_dir():
            _walk(Path(entry.path), name + "/", folder)
        elif entry.is_file():
            folder.files[name] = Path(entry.path)
        else:
            folder.refused[name] = "is not a regular file"


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file as 64 hexadecimal digits, without holding the file in memory."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def pack(files: Mapping[str, Path], target: Path) -> None:
    """Write a ZIP archive whose bytes depend on names and contents only.

    Not on the time, the umask, the user, the locale, the order of the folder or the version of zlib: entries are
    sorted, stored without compression, dated 1980, and readable for all; a file that begins with ``#!`` is executable.
    """
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            content = files[name].read_bytes()
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.create_system = _UNIX
            mode = 0o755 if content.startswith(b"#!") else 0o644
            entry.external_attr = (stat.S_IFREG | mode) << 16
            archive.writestr(entry, content)


def build_archive(files: Mapping[str, Path], store: Path, file: str) -> tuple[Path, str]:
    """Pack ``files`` into ``store/<sha256>/<file>``, whole or not at all; return the path and the SHA-256.

    Raises:
        EdgewrightError: the store cannot be written.
    """
    try:
        store.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=store, prefix=".building-") as scratch:
            built = Path(scratch) / "archive"
            pack(files, built)
            digest = sha256_of(built)
            target = store / digest / file
            target.parent.mkdir(exist_ok=True)
            atomic.adopt(built, target)
    except OSError as error:
        message = f"the archive {file} cannot be built in {store}: {error.strerror or error}; make the folder writable"
        raise EdgewrightError(message) from error
    return target, digest
