"""Fleet indexing queries: what they find, and what cannot be one."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgewright.manifest.query import QueryError, parse

THINGS = {
    "cam-001": {"attributes.line": "1", "attributes.site": "berlin mitte", "thingTypeName": "camera"},
    "cam-002": {"attributes.line": "2", "attributes.site": "berlin", "thingTypeName": "camera"},
    "arm-001": {"attributes.line": "10", "thingTypeName": "robot", "attributes.note": "AND"},
}


def found(text: str) -> list[str]:
    query = parse(text)

    def look(thing: str) -> Iterable[str]:
        return lambda field: (  # type: ignore[return-value]
            [thing, *THINGS[thing].values()]
            if field == ""
            else [thing]
            if field == "thingName"
            else [value for key, value in THINGS[thing].items() if key == field]
        )

    return [thing for thing in THINGS if query.matches(look(thing))]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        pytest.param("*", ["cam-001", "cam-002", "arm-001"], id="everything"),
        pytest.param("thingName:cam-*", ["cam-001", "cam-002"], id="wildcard"),
        pytest.param("thingName:cam-00?", ["cam-001", "cam-002"], id="one character"),
        pytest.param("attributes.line:1", ["cam-001"], id="attribute"),
        pytest.param('attributes.site:"berlin mitte"', ["cam-001"], id="phrase"),
        pytest.param("attributes.line:1 OR attributes.line:2", ["cam-001", "cam-002"], id="or"),
        pytest.param("thingTypeName:camera attributes.line:2", ["cam-002"], id="side by side is and"),
        pytest.param("thingTypeName:camera AND NOT attributes.line:2", ["cam-001"], id="and not"),
        pytest.param("thingTypeName:camera -attributes.line:2", ["cam-001"], id="minus"),
        pytest.param("-(thingTypeName:camera)", ["arm-001"], id="minus before a group"),
        pytest.param("thingTypeName:(camera OR robot) attributes.line>1", ["cam-002", "arm-001"], id="values"),
        pytest.param("attributes.line>=2", ["cam-002", "arm-001"], id="numbers compare as numbers"),
        pytest.param("attributes.line:<2", ["cam-001"], id="comparison after a colon"),
        pytest.param("attributes.line:[2 TO 10]", ["cam-002", "arm-001"], id="range"),
        pytest.param("attributes.line:{2 TO 10]", ["arm-001"], id="half open range"),
        pytest.param("attributes.line:[2 TO *]", ["cam-002", "arm-001"], id="range without an end"),
        pytest.param("robot", ["arm-001"], id="any field"),
        pytest.param('attributes.note:"AND"', ["arm-001"], id="an operator in quotes is a value"),
        pytest.param(r"thingName:cam\-001", ["cam-001"], id="escaped"),
        pytest.param("thingName:arm* OR thingName:cam* AND attributes.line:1", ["cam-001", "arm-001"], id="and first"),
    ],
)  # fmt: skip
def test_what_a_query_finds(text: str, names: list[str]) -> None:
    assert found(text) == names


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("", "is empty", id="empty"),
        pytest.param("   ", "is empty", id="blank"),
        pytest.param("thingname:x", "unknown field 'thingname' at character 1; did you mean 'thingName'?", id="case"),
        pytest.param("attribute.line:1", "did you mean 'attributes'?", id="near"),
        pytest.param("zzz:1", "there are thingName", id="unknown"),
        pytest.param("attributes:1", "without its part; write attributes.<name>", id="no part"),
        pytest.param("attributes.line:", "has no value after 'attributes.line:'", id="no value"),
        pytest.param("attributes.line>", "has no value after 'attributes.line>'", id="no bound"),
        pytest.param("(thingName:a", "a parenthesis at character 1 that is never closed", id="open"),
        pytest.param("thingName:a)", "a ')' at character 12 that closes nothing", id="closed"),
        pytest.param("thingName:a AND", "ends after 'AND'", id="dangling"),
        pytest.param("OR thingName:a", "'OR' at character 1 with nothing before it", id="leading"),
        pytest.param('thingName:"a', "a quote that is never closed at character 11", id="quote"),
        pytest.param("thingName:a AND OR thingName:b", "'OR' at character 17 with nothing before it", id="two"),
        pytest.param("()", "')' at character 2 with nothing before it", id="nothing in parentheses"),
        pytest.param("[1 TO 2]", "a range at character 1 without a field", id="range without a field"),
    ],
)  # fmt: skip
def test_what_cannot_be_a_query_is_told_with_its_place(text: str, message: str) -> None:
    with pytest.raises(QueryError) as caught:
        parse(text)
    assert message in str(caught.value)


@given(st.text(alphabet='ab:."()[]{}<>=*?\\- ANDORTO', max_size=30))
def test_any_text_is_a_query_or_an_error_in_words(text: str) -> None:
    try:
        query = parse(text)
    except QueryError:
        return
    assert query.matches(lambda _field: ["a"]) in {True, False}
