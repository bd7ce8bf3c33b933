"""docs/requirements.md names tests, and they are there: a row cannot be shown by what was renamed or deleted."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "requirements.md"
TEST = re.compile(r"`(?P<path>tests/[\w/]+\.py)::(?P<name>\w+)(?:\[(?P<case>[^\]`]+)\])?`")
WITHOUT = "No test: "


@dataclass(frozen=True)
class Row:
    number: str
    says: str
    shown: str


def rows(text: str) -> list[Row]:
    found = []
    for line in text.splitlines():
        if re.match(r"\| *\d", line):
            cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
            found.append(Row(*cells))
    return found


@cache
def functions(path: Path) -> frozenset[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return frozenset(each.name for each in ast.walk(tree) if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef))


def missing(row: Row) -> list[str]:
    """The tests of a row that are not there; a case is a folder beside the test, or text in its file."""
    return [
        match[0] for match in TEST.finditer(row.shown) if not exists(ROOT / match["path"], match["name"], match["case"])
    ]


def exists(path: Path, name: str, case: str | None) -> bool:
    if not path.is_file() or not name.startswith("test_") or name not in functions(path):
        return False
    return case is None or any(path.parent.glob(f"*/{case}")) or case in path.read_text(encoding="utf-8")


def test_every_row_has_a_test_that_exists_or_says_why_not() -> None:
    listed = rows(PAGE.read_text(encoding="utf-8"))
    assert len(listed) >= 40
    for row in listed:
        if row.shown.startswith(WITHOUT):
            assert len(row.shown) > len(WITHOUT) + 20, f"row {row.number} says too little"
        else:
            assert TEST.search(row.shown), f"row {row.number} names no test"
            rest = TEST.sub("", row.shown).replace(",", "").strip()
            assert "::" not in rest, f"row {row.number} names a test in a form that is not checked: {rest}"
        assert missing(row) == [], f"row {row.number}"


def test_every_row_is_there_once_and_in_order() -> None:
    numbers = [int(row.number) for row in rows(PAGE.read_text(encoding="utf-8"))]
    assert numbers == sorted(set(numbers))
    assert numbers[:40] == list(range(1, 41))


@pytest.mark.parametrize(
    "shown",
    [
        "`tests/architecture/test_gone.py::test_x`",
        "`tests/architecture/test_requirements.py::test_gone`",
        "`tests/architecture/test_requirements.py::missing`",
        "`tests/manifest/test_cases.py::test_the_base_is_good[no-such-case]`",
    ],
    ids=["file", "function", "not-a-test", "case"],
)
def test_a_test_that_is_not_there_is_seen(shown: str) -> None:
    assert missing(Row("1", "something", shown)) == [shown]
