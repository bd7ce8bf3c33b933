"""The ONNX file in a model's artifact: the file itself, or the one in a tar or ZIP archive. Nothing is executed."""

from __future__ import annotations

import gzip
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from edgewright.errors import EdgewrightError, RefusedError

LARGEST_MODEL = 2 << 30  # bytes, unpacked
MOST_ENTRIES = 10_000
_BLOCK = 1 << 20
_BROKEN = (tarfile.TarError, zipfile.BadZipFile, gzip.BadGzipFile, zlib.error, EOFError, OSError, NotImplementedError)
# What holds code when it is read: refused even as a neighbour, so that nobody believes it was looked at.
_CODE = (".pkl", ".pickle", ".joblib", ".pt", ".pth")


def find_onnx(artifact: Path, target: Path) -> None:
    """Write the one ONNX file of an artifact to ``target``.

    Only the content of that entry is read; its name never becomes a path, so an archive cannot reach outside.

    Raises:
        RefusedError: the archive is too large, or holds none or several models, or code in place of one.
        EdgewrightError: it is no archive that can be read.
    """
    try:
        if tarfile.is_tarfile(artifact):
            with tarfile.open(artifact) as archive:
                _take(((each.name, _of_tar(archive, each)) for each in archive if each.isfile()), target)
        elif zipfile.is_zipfile(artifact):
            with zipfile.ZipFile(artifact) as packed:
                files = (each for each in packed.infolist() if not each.is_dir())
                _take(((each.filename, _of_zip(packed, each)) for each in files), target)
        else:
            shutil.copyfile(artifact, target)
    except _BROKEN as error:
        msg = f"the model's artifact cannot be unpacked: {error}"
        raise EdgewrightError(msg) from error


def _of_tar(archive: tarfile.TarFile, member: tarfile.TarInfo) -> Callable[[], IO[bytes]]:
    def opened() -> IO[bytes]:
        stream = archive.extractfile(member)
        if stream is None:
            msg = f"{member.name!r} in the model's artifact is no plain file"
            raise EdgewrightError(msg)
        return stream

    return opened


def _of_zip(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Callable[[], IO[bytes]]:
    return lambda: archive.open(member)


def _take(entries: Iterator[tuple[str, Callable[[], IO[bytes]]]], target: Path) -> None:
    found: list[str] = []
    code: list[str] = []
    for count, (name, opened) in enumerate(entries, start=1):
        if count > MOST_ENTRIES:
            msg = f"the model's artifact has more than {MOST_ENTRIES} files; that is not taken"
            raise RefusedError(msg)
        if name.lower().endswith(".onnx"):
            found.append(name)
            if len(found) == 1:
                with opened() as stream:
                    _copy(stream, target)
        elif name.lower().endswith(_CODE):
            code.append(name)
    if len(found) > 1:
        msg = f"the model's artifact has {len(found)} ONNX files ({found[0]!r}, {found[1]!r}); keep one"
        raise RefusedError(msg)
    if not found:
        why = f"; {code[0]!r} would be executed when it is read, export the model to ONNX" if code else ""
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
