from __future__ import annotations

from pathlib import Path

import pytest

from edgewright import atomic


def test_a_write_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    target = tmp_path / "file"
    target.write_text("old")
    with pytest.raises(RuntimeError, match="halfway"), atomic.replacing(target) as temporary:  # noqa: PT012
        temporary.write_text("ne")
        msg = "halfway"
        raise RuntimeError(msg)
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_the_mode_of_a_file_stays_and_a_new_one_is_readable(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    old.touch()
    old.chmod(0o600)
    atomic.write_text(old, "x\r\n")
    atomic.write_text(new, "x\r\n")
    assert (old.stat().st_mode & 0o777, new.stat().st_mode & 0o777) == (0o600, 0o644)
    assert old.read_bytes() == new.read_bytes() == b"x\r\n"
