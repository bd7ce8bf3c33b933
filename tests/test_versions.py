"""Versions and ranges as Greengrass reads them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgewright.versions import Range, common, is_version, newest_first, parse_version

PARTS = st.integers(0, 999_999)
VERSIONS = st.builds("{}.{}.{}".format, PARTS, PARTS, PARTS)


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("~2.0.0", ("2.0.0", "2.0.99"), ("1.9.9", "2.1.0", "2.0.1-rc.1")),
        ("^1.2.0", ("1.2.0", "1.99.0"), ("1.1.9", "2.0.0", "2.0.0-alpha")),
        ("^0.2.3", ("0.2.3", "0.2.9"), ("0.3.0", "0.2.2")),
        (">=1.0.0 <2.0.0", ("1.0.0", "1.999999.999999"), ("2.0.0", "0.9.9")),
        (">= 1.0.0  < 2.0.0", ("1.0.0",), ("2.0.0",)),
        ("=1.0.0", ("1.0.0",), ("1.0.1",)),
        ("1.0.0", ("1.0.0",), ("1.0.1",)),
        ("1.x", ("1.0.0", "1.9.0"), ("2.0.0",)),
        ("1.2", ("1.2.9",), ("1.3.0",)),
        ("*", ("0.0.0", "999999.0.0"), ("1.0.0-alpha",)),
        (">=0.0.0", ("0.0.0", "7.0.0"), ()),
        ("1.0.0 - 1.4.0", ("1.4.0",), ("1.4.1",)),
        ("^1.0.0 || ^3.0.0", ("1.5.0", "3.1.0"), ("2.0.0", "4.0.0")),
        (">=1.0.0-beta.2 <2.0.0", ("1.0.0-beta.3", "1.5.0"), ("1.0.0-beta.1", "1.5.0-beta.3")),
    ],
)
def test_a_range_allows_what_npm_allows(text: str, inside: tuple[str, ...], outside: tuple[str, ...]) -> None:
    wanted = Range.parse(text)
    assert [each for each in inside if not wanted.allows(each)] == []
    assert [each for each in outside if wanted.allows(each)] == []


@pytest.mark.parametrize(
    "text",
    [
        ">>1", "banana", "", " ", "||", "^1.0.0 ||", "latest", "==1.0.0", "!=1.0.0", "~>1.2", ">=1.0.0,<2.0.0",
        "v1.0.0", "1.0.0 - ", "a - b", "1 - 2 - 3", ">=1.0.0 - 2.0.0", "01.0.0", "1.0.0.0", "1000000.0.0", ">*", "<x",
        "^", "{1}", "\n",
    ],
)  # fmt: skip
def test_what_the_nucleus_cannot_read_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a version range"):
        Range.parse(text)


@pytest.mark.parametrize(
    ("text", "bounded"),
    [
        (">=0.0.0", False),
        ("*", False),
        (">1.0.0", False),
        ("^1.0.0 || >=4.0.0", False),
        ("^1.0.0", True),
        ("<2.0.0", True),
        ("=1.0.0", True),
        ("1.x || 3.x", True),
        ("1.0.0 - 2.0.0", True),
    ],
)
def test_a_range_knows_whether_it_ends(text: str, bounded: bool) -> None:  # noqa: FBT001 -- a table
    assert Range.parse(text).bounded_above is bounded


@pytest.mark.parametrize(
    "text", ["1.0", "1", "v1.0.0", "banana", "1.0.0.0", "01.0.0", "1000000.0.0", "1.0.0-", "", "1.0.0\n"]
)
def test_what_is_no_version_is_refused(text: str) -> None:
    assert not is_version(text)
    with pytest.raises(ValueError, match="is not a version"):
        parse_version(text)


def test_a_number_is_no_version() -> None:
    assert not is_version(1.1)


def test_the_newest_of_what_all_ranges_allow_comes_first() -> None:
    ranges = (Range.parse("^1.0.0"), Range.parse("<1.10.0"), Range.parse(">=1.2.0"))
    assert common(ranges, ["1.1.0", "1.9.0", "1.10.0", "1.2.0", "2.0.0"]) == ("1.9.0", "1.2.0")


def test_ranges_that_share_no_candidate_have_nothing_in_common() -> None:
    assert common((Range.parse("~1.0.0"), Range.parse("~1.1.0")), ["1.0.0", "1.1.0"]) == ()


def test_versions_sort_by_precedence_not_by_text() -> None:
    assert newest_first(["1.9.0", "1.10.0", "1.10.0-rc.1"]) == ("1.10.0", "1.10.0-rc.1", "1.9.0")


@given(VERSIONS)
def test_every_version_is_in_the_ranges_it_begins(version: str) -> None:
    assert all(Range.parse(prefix + version).allows(version) for prefix in ("", "=", "^", "~", ">=", "<="))
    assert not any(Range.parse(prefix + version).allows(version) for prefix in ("<", ">"))


@given(PARTS, PARTS, PARTS, PARTS)
def test_a_tilde_range_is_its_two_bounds(major: int, minor: int, patch: int, other: int) -> None:
    """``~2.0.0`` is ``>=2.0.0 <2.1.0``, as the documentation of Greengrass has it."""
    tilde = Range.parse(f"~{major}.{minor}.{patch}")
    candidate = f"{major}.{minor}.{other}"
    assert tilde.allows(candidate) == (other >= patch)
    assert tilde.bounded_above
    if minor < 999_999:
        assert not tilde.allows(f"{major}.{minor + 1}.0")


@given(st.text(max_size=40))
def test_any_text_is_a_range_or_refused_with_a_message(text: str) -> None:
    try:
        Range.parse(text).allows("1.0.0")
    except ValueError as error:
        assert "is not a version range" in str(error)  # noqa: PT017 -- whether it raises depends on the text


@given(st.text(alphabet="0123456789.<>=^~|x* -", max_size=24))
def test_text_that_looks_like_a_range_never_breaks_the_parser(text: str) -> None:
    try:
        Range.parse(text).allows("1.0.0")
    except ValueError as error:
        assert "is not a version range" in str(error)  # noqa: PT017 -- whether it raises depends on the text
