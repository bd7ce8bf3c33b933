from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tests.helpers.order import LONG, in_shares


@dataclass(frozen=True)
class Named:
    nodeid: str


def test_what_is_long_is_there(project_root: Path) -> None:
    """A name that nobody has any more is a number that nobody reads."""
    for name in LONG:
        file, _, test = name.partition("::")
        text = (project_root / file).read_text(encoding="utf-8")
        assert not test or f"def {test.partition('[')[0]}(" in text, name


def test_each_worker_begins_with_its_share_of_the_long_tests() -> None:
    items = [Named(f"{name}{n}") for name in ("a", "b", "c", "d", "e") for n in range(4)]
    ordered = [item.nodeid for item in in_shares(items, 2, {"b1": 50, "c2": 30, "d": 40})]
    assert (ordered[0], ordered[10:14]) == ("b1", ["d0", "d1", "d2", "d3"])
    assert ordered[1] == "c2" or ordered[14] == "c2"


@given(
    st.lists(st.text("ab/", max_size=4).map(Named), max_size=40),
    st.integers(1, 6),
    st.dictionaries(st.text("ab/", max_size=3), st.integers(1, 100).map(float), max_size=4),
)
def test_no_test_is_lost_or_run_twice(items: list[Named], workers: int, long: dict[str, float]) -> None:
    ordered = in_shares(items, workers, long)
    assert sorted(ordered, key=id) == sorted(items, key=id)
    assert in_shares(items, workers, long) == ordered, "every worker must come to the same order"
