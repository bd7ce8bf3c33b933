"""What others wrote is text in Markdown, whatever it holds."""

from __future__ import annotations

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgewright.gitops.markdown import code, prose

HOSTILE = (
    "`</code><img src=x onerror=alert(1)>", "| a | b |", "@acme/vision", "[x](https://evil.example)", "a\n\n# heading",
    "\u202egnp.exe", "``` x", "www.evil.example", "https://evil.example", "#1", "&lt;", "\\`", "<!-- x -->", "~~a~~",
)  # fmt: skip


def text_of(markdown: str) -> str:
    """What a reader sees of what code() or prose() made: references resolved, invisible spaces out."""
    inner = re.sub(r"^(?:`(.*)`|<code>(.*)</code>)$", lambda m: m[1] or m[2] or "", markdown)
    return html.unescape(inner).replace("\u200b", "")


@pytest.mark.parametrize("text", HOSTILE)
def test_foreign_text_is_shown_and_does_nothing(text: str) -> None:
    inside = code(text).removeprefix("<code>").removesuffix("</code>").strip("`")
    said = prose(text)
    for made in (inside, said):
        assert not set(re.sub(r"&#\d+;", "", made)) & set("<`|@#[]*~\\\n!&")
    assert "://" not in said
    assert "www." not in said


@given(st.text())
def test_nothing_ends_a_cell_or_begins_an_element(text: str) -> None:
    for made in (code(text), prose(text)):
        assert "\n" not in made
        assert "|" not in made
        assert not re.search(r"<(?!/?code>)", made)


@given(st.text(alphabet=st.characters(categories=("L", "N", "P", "S"))).filter(lambda text: text == text.strip()))
def test_a_reader_sees_what_was_written(text: str) -> None:
    assert text_of(code(text)) == text
    assert text_of(prose(text)) == text


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("- x", "&#45; x"),
        ("> x", "&#62; x"),
        ("12. x", "12&#46; x"),
        ("0.91 of 1", "0.91 of 1"),
        ("-0.5", "-0.5"),
        ("---", "&#45;--"),
        ("a - b", "a - b"),
    ],
)
def test_a_sentence_does_not_begin_a_list_or_a_quotation(text: str, made: str) -> None:
    assert prose(text) == made
