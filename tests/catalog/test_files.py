"""Archives come out the same everywhere; folders hold plain files only."""

from __future__ import annotations

import hashlib
import os
import time
import zipfile
from pathlib import Path

import pytest

from edgewright.catalog.files import build_archive, pack, read_folder
from edgewright.errors import EdgewrightError

# Of the archive that ``write`` makes. It must never change: locks of the whole world would break.
KNOWN = "2e87fdab3e8ef08117cba24cce0a9fed61dc62cc50eeb91bf55471aff8d0c65b"


def write(folder: Path) -> dict[str, Path]:
    """A folder with a script, text and bytes, made in an order that is not the sorted one."""
    (folder / "z").mkdir(parents=True)
    (folder / "z" / "data.bin").write_bytes(bytes(range(256)))
    (folder / "run.sh").write_bytes(b"#!/bin/sh\nexit 0\n")
    (folder / "a.txt").write_bytes(b"text\r\n")
    return read_folder(folder).files


def packed(files: dict[str, Path], target: Path) -> bytes:
    pack(files, target)
    return target.read_bytes()


def test_the_bytes_of_an_archive_are_known(tmp_path: Path) -> None:
    content = packed(write(tmp_path / "folder"), tmp_path / "archive.zip")
    assert hashlib.sha256(content).hexdigest() == KNOWN


def test_time_umask_modes_and_place_make_no_difference(tmp_path: Path) -> None:
    first = packed(write(tmp_path / "one"), tmp_path / "one.zip")
    before = os.umask(0o077)
    try:
        files = write(tmp_path / "some where" / "else")
        for file in files.values():
            os.utime(file, (1, time.time()))
            file.chmod(0o700)
        assert packed(dict(reversed(files.items())), tmp_path / "two.zip") == first
    finally:
        os.umask(before)


def test_scripts_are_executable_and_all_can_read(tmp_path: Path) -> None:
    pack(write(tmp_path / "folder"), tmp_path / "archive.zip")
    with zipfile.ZipFile(tmp_path / "archive.zip") as archive:
        modes = {each.filename: oct(each.external_attr >> 16) for each in archive.infolist()}
        assert archive.read("z/data.bin") == bytes(range(256))
    assert modes == {"a.txt": "0o100644", "run.sh": "0o100755", "z/data.bin": "0o100644"}


def test_an_archive_is_stored_under_its_own_digest(tmp_path: Path) -> None:
    path, digest = build_archive(write(tmp_path / "folder"), tmp_path / "store", "app.zip")
    assert path == tmp_path / "store" / digest / "app.zip"
    assert hashlib.sha256(path.read_bytes()).hexdigest() == digest
    assert build_archive(write(tmp_path / "again"), tmp_path / "store", "app.zip") == (path, digest)
    assert [each.name for each in (tmp_path / "store").iterdir()] == [digest]


def test_a_store_that_cannot_be_written_is_an_error_of_the_user(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("a file")
    with pytest.raises(EdgewrightError, match=r"app\.zip cannot be built"):
        build_archive({}, tmp_path / "store", "app.zip")


def test_what_python_leaves_behind_is_no_part_of_a_component(tmp_path: Path) -> None:
    files = set(write(tmp_path / "folder"))
    (tmp_path / "folder" / "__pycache__").mkdir()
    (tmp_path / "folder" / "__pycache__" / "x.cpython-311.pyc").write_bytes(b"")
    (tmp_path / "folder" / "z" / "old.pyc").write_bytes(b"")
    (tmp_path / "folder" / ".DS_Store").write_bytes(b"")
    found = read_folder(tmp_path / "folder")
    assert set(found.files) == files
    assert found.refused == {}


def test_links_and_odd_names_are_refused_and_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_text("x")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "link").symlink_to(outside / "secret")
    (folder / "links").symlink_to(outside)
    (folder / "caf\u00e9").write_text("x")
    (folder / "two\nlines").write_text("x")
    os.mkfifo(folder / "pipe")
    found = read_folder(folder)
    assert found.files == {}
    assert found.refused == {
        "link": "is a symbolic link",
        "links": "is a symbolic link",
        "caf\\xe9": "has a name that not every file system keeps as it is",
        "two\\nlines": "has a name that not every file system keeps as it is",
        "pipe": "is not a regular file",
    }
