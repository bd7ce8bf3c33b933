"""The lock: readable, mergeable, and never in doubt."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgewright.catalog.lock import Entry, parse_lock, read_lock, render_lock, write_lock
from edgewright.errors import EdgewrightError

A, B = "sha256:" + "a" * 64, "sha256:" + "b" * 64


def test_a_lock_is_one_sorted_block_a_version() -> None:
    entries = [
        Entry("com.acme.b", "1.10.0", A, {"recipe.yaml": B, "a file": A}),
        Entry("com.acme.b", "1.9.0", A, {"recipe.yaml": B}),
        Entry("com.acme.a", "1.0.0", B, {"recipe.yaml": A}),
    ]
    assert render_lock(entries) == (
        "# Published component versions. They never change; new ones are added by: edgewright component lock\n"
        f"\ncom.acme.a@1.0.0 {B}\n  {A} recipe.yaml\n"
        f"\ncom.acme.b@1.9.0 {A}\n  {B} recipe.yaml\n"
        f"\ncom.acme.b@1.10.0 {A}\n  {A} a file\n  {B} recipe.yaml\n"
    )


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (f"com.acme.a@1.0.0 {A}\n<<<<<<< HEAD\n", 2, "is not a line of a lock (got <<<<<<< HEAD)"),
        (f"com.acme.a@1.0.0 {A}\n  {A} x\n\ncom.acme.a@1.0.0 {B}\n", 4, "is locked twice, first in line 1"),
        (f"com.acme.a@1.0.0 {A}\n  {A} x\n  {B} x\n", 3, "is not a line of a lock"),
        (f"  {A} orphan\n", 1, "is not a line of a lock"),
        (f"com.acme.a@1.0 {A}\n", 1, "is not a line of a lock"),
        ("garbage\nand more\n", 1, "is not a line of a lock, the first of 2 such lines (got garbage)"),
        ("com.acme.a@1.0.0 sha256:abc\n", 1, "is not a line of a lock"),
    ],
)
def test_a_lock_that_was_edited_badly_is_told_by_line(text: str, line: int, words: str) -> None:
    first = parse_lock(text).problems[0]
    assert (first.file, first.line) == ("catalog.lock", line)
    assert words in str(first)


def test_a_project_without_a_lock_has_published_nothing(tmp_path: Path) -> None:
    assert read_lock(tmp_path).entries == {}
    assert read_lock(tmp_path).problems == ()


def test_a_lock_that_is_no_text_is_a_problem_and_no_crash(tmp_path: Path) -> None:
    (tmp_path / "catalog.lock").write_bytes(b"\xff\xfe")
    assert "cannot be read" in str(read_lock(tmp_path).problems[0])


def test_writing_is_whole_and_leaves_nothing_else(tmp_path: Path) -> None:
    entries = [Entry("com.acme.a", "1.0.0", A, {"recipe.yaml": B})]
    assert write_lock(tmp_path, entries)
    assert not write_lock(tmp_path, entries)
    assert [each.name for each in tmp_path.iterdir()] == ["catalog.lock"]


def test_a_lock_that_cannot_be_written_is_an_error_of_the_user(tmp_path: Path) -> None:
    (tmp_path / "catalog.lock").mkdir()
    with pytest.raises(EdgewrightError, match=r"catalog\.lock cannot be written"):
        write_lock(tmp_path, [])


def test_the_digest_is_of_what_devices_get() -> None:
    """The text of the recipe and the sidecar may not change once published, but no device sees them."""
    entry = Entry("n", "1.0.0", A, {"recipe.yaml": A, "component.yaml": A, "model.onnx": A})
    assert entry.digest == Entry("n", "1.0.0", A, {"recipe.yaml": B, "model.onnx": A}).digest
    assert entry.digest != Entry("n", "1.0.0", A, {"recipe.yaml": A, "model.onnx": B}).digest
    assert entry.digest != Entry("n", "1.0.0", B, {"recipe.yaml": A, "model.onnx": A}).digest


HEX = st.text("0123456789abcdef", min_size=64, max_size=64).map("sha256:{}".format)
FILES = st.dictionaries(st.from_regex(r"[a-z][a-z0-9 ./_-]{0,20}[a-z]", fullmatch=True), HEX, max_size=4)
NAMES = st.from_regex(r"com\.acme\.[a-z][a-z0-9-]{0,10}", fullmatch=True)
VERSIONS = st.builds("{}.{}.{}".format, st.integers(0, 20), st.integers(0, 20), st.integers(0, 20))


@given(st.dictionaries(st.tuples(NAMES, VERSIONS), st.tuples(HEX, FILES), max_size=5))
def test_what_is_written_is_read_back(content: dict[tuple[str, str], tuple[str, dict[str, str]]]) -> None:
    entries = [Entry(name, version, recipe, files) for (name, version), (recipe, files) in content.items()]
    lock = parse_lock(render_lock(entries))
    assert lock.problems == ()
    assert len(lock.entries) == len(entries)
    assert all(lock.entries[each.name, each.version].same(each) for each in entries)
    assert render_lock(lock.entries.values()) == render_lock(entries)
