"""The ONNX file in a model's artifact: the file itself, or the one in a tar or ZIP archive. Nothing is executed.

    python -m edgewright.gitops.models.archive ARTIFACT TARGET

writes it, and prints one JSON document that is empty when all is well: an archive that was made to fill a memory or a
disk fills this process's share of them, and no more.
"""

from __future__ import annotations

import gzip
import json
import lzma
import shutil
import stat
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from edgewright.errors import EdgewrightError, RefusedError
from edgewright.gitops.models import apart

LARGEST_MODEL = 2 << 30  # bytes, unpacked
MOST_ENTRIES = 10_000
LARGEST_UNPACKED = 8 << 30
"""Bytes of all files of an archive: a tar archive is read through to its end."""
MEMORY = 2 << 30  # bytes of address space
_BLOCK = 1 << 20
_BROKEN = (
    tarfile.TarError, zipfile.BadZipFile, gzip.BadGzipFile, zlib.error, lzma.LZMAError, EOFError, OSError,
    NotImplementedError, RuntimeError,  # an encrypted entry
)  # fmt: skip
# What holds code when it is read: refused even as a neighbour, so that nobody believes it was looked at.
_CODE = (".pkl", ".pickle", ".joblib", ".pt", ".pth")


def unpack(artifact: Path, target: Path) -> None:
    """Do what ``find_onnx`` does, in a process of its own.

    Raises:
        RefusedError: the archive is too large, or holds none or several models, or code in place of one.
        EdgewrightError: it is no archive that can be read.
    """
    arguments = [str(artifact), str(target)]
    said = apart.ask("edgewright.gitops.models.archive", arguments, cwd=target.parent, what="the model's artifact")
    if "refused" in said:
        raise RefusedError(said["refused"])
    if "error" in said:
        raise EdgewrightError(said["error"])


def main(arguments: list[str]) -> int:
    """Unpack within limits; 0 with an empty document, 2 with one that says what is wrong."""
    apart.confine(memory=MEMORY, file=LARGEST_MODEL + _BLOCK)
    said = {}
    try:
        find_onnx(Path(arguments[0]), Path(arguments[1]))
    except RefusedError as error:
        said = {"refused": str(error)}
    except EdgewrightError as error:
        said = {"error": str(error)}
    except MemoryError:
        said = {
            "refused": f"the model's artifact needs more than {MEMORY} bytes of memory to unpack; that is not taken"
        }
    sys.stdout.write(json.dumps(said))
    return 2 if said else 0


def find_onnx(artifact: Path, target: Path) -> None:
    """Write the one ONNX file of an artifact to ``target``.

    Only the content of that entry is read; its name never becomes a path, so an archive cannot reach outside.

    Raises:
        RefusedError: the archive is too large, or holds none or several models, or code in place of one.
        EdgewrightError: it is no archive that can be read.
    """
    if artifact.stat().st_size == 0:
        msg = "the model's artifact is empty"
        raise RefusedError(msg)
    try:
        if tarfile.is_tarfile(artifact):
            with tarfile.open(artifact) as archive:
                _take((_of_tar(archive, each) for each in archive if not each.isdir()), target)
        elif zipfile.is_zipfile(artifact):
            with zipfile.ZipFile(artifact) as packed:
                _take((_of_zip(packed, each) for each in packed.infolist() if not each.is_dir()), target)
        else:
            shutil.copyfile(artifact, target)
    except _BROKEN as error:
        msg = f"the model's artifact cannot be unpacked: {error}"
        raise EdgewrightError(msg) from error


@dataclass(frozen=True)
class _Entry:
    """What an archive says of one of its files."""

    name: str
    size: int
    """Bytes, unpacked."""
    open: Callable[[], IO[bytes]] | None
    """None of a link or a device: what they lead to is not in the archive."""


def _of_tar(archive: tarfile.TarFile, member: tarfile.TarInfo) -> _Entry:
    def opened() -> IO[bytes]:
        stream = archive.extractfile(member)
        assert stream is not None  # noqa: S101 -- a plain file has content
        return stream

    return _Entry(member.name, member.size, opened if member.isreg() else None)


def _of_zip(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> _Entry:
    linked = stat.S_ISLNK(member.external_attr >> 16)
    return _Entry(member.filename, member.file_size, None if linked else lambda: archive.open(member))


def _take(entries: Iterator[_Entry], target: Path) -> None:
    found: list[str] = []
    code: list[str] = []
    links: list[str] = []
    total = 0
    for count, entry in enumerate(entries, start=1):
        total += entry.size
        if count > MOST_ENTRIES or total > LARGEST_UNPACKED:
            what = f"{MOST_ENTRIES} files" if count > MOST_ENTRIES else f"{LARGEST_UNPACKED} bytes unpacked"
            msg = f"the model's artifact has more than {what}; that is not taken"
            raise RefusedError(msg)
        name = entry.name.lower()
        if name.endswith(".onnx") and entry.open is None:
            links.append(entry.name)
        elif name.endswith(".onnx"):
            found.append(entry.name)
            if len(found) == 1 and entry.open is not None:
                with entry.open() as stream:
                    _copy(stream, target)
        elif name.endswith(_CODE):
            code.append(entry.name)
    if len(found) > 1:
        msg = f"the model's artifact has {len(found)} ONNX files ({found[0]!r}, {found[1]!r}); keep one"
        raise RefusedError(msg)
    if not found:
        why = f"; {code[0]!r} would be executed when it is read, export the model to ONNX" if code else ""
        why = f"; {links[0]!r} is a link, which is not followed, pack the file itself" if links else why
        msg = f"the model's artifact has no ONNX file{why}"
        raise RefusedError(msg)


def _copy(stream: IO[bytes], target: Path) -> None:
    size = 0
    with target.open("wb") as file:
        while block := stream.read(_BLOCK):
            size += len(block)
            if size > LARGEST_MODEL:
                msg = f"the model has more than {LARGEST_MODEL} bytes unpacked; that is not taken"
                raise RefusedError(msg)
            file.write(block)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
