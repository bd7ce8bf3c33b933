from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgewright import source
from edgewright.source import Document, Position, Problem, load_file, load_yaml, render_path


def problems(text: str) -> list[str]:
    return [str(problem) for problem in load_yaml(text, "f.yaml").problems]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        pytest.param("true", True, id="true"),
        pytest.param("False", False, id="False"),
        pytest.param("yes", "yes", id="yes-is-text"),
        pytest.param("on", "on", id="on-is-text"),
        pytest.param("off", "off", id="off-is-text"),
        pytest.param("~", None, id="tilde"),
        pytest.param("", None, id="nothing"),
        pytest.param("0x1F", 31, id="hexadecimal"),
        pytest.param("0o17", 15, id="octal"),
        pytest.param("1_000", "1_000", id="underscore-is-text"),
        pytest.param("12:30:45", "12:30:45", id="sexagesimal-is-text"),
        pytest.param("2020-01-25", "2020-01-25", id="date-is-text"),
        pytest.param("+5", 5, id="plus"),
        pytest.param("-.5e3", -500.0, id="float"),
        pytest.param("1.10", 1.1, id="float-that-looks-like-a-version"),
        pytest.param("1.10.0", "1.10.0", id="version-without-quotes"),
        pytest.param("0", 0, id="zero"),
        pytest.param("'0'", "0", id="quoted-zero"),
        pytest.param("!!str 0", "0", id="tagged-text"),
        pytest.param("9007199254740991", 9007199254740991, id="largest-integer"),
    ],
)
def test_scalars_mean_what_yaml_1_2_says(written: str, value: object) -> None:
    document = load_yaml(f"a: {written}", "f.yaml")
    assert (document.problems, document.value) == ((), {"a": value})
    assert type(document.value["a"]) is type(value)


@pytest.mark.parametrize(
    "written", ["0644", "-007", ".inf", "-.INF", ".nan", "1e999", "9007199254740992", "0x40000000000000", "9" * 5000]
)
def test_a_number_that_json_cannot_keep_must_be_quoted(written: str) -> None:
    document = load_yaml(f"a: {written}", "f.yaml")
    assert [(problem.path, problem.severity) for problem in document.problems] == [("a", "error")]
    assert document.value == {"a": written}
    assert load_yaml(f'a: "{written}"', "f.yaml").problems == ()


TEXT = """\
name: line
rings:
  - name: canary
    components: &release
      com.acme.model: {version: 1.10}
  - name: main
    components:
      <<: *release
      com.acme.app: {version: "2.0.0"}
  - [a, b]
"""


@pytest.mark.parametrize(
    ("path", "position", "shown"),
    [
        pytest.param((), (1, 1), "a mapping", id="root"),
        pytest.param(("name",), (1, 1), "line", id="key"),
        pytest.param(("rings",), (2, 1), "a list", id="list"),
        pytest.param(("rings", 0), (3, 5), "a mapping", id="item"),
        pytest.param(("rings", 0, "components", "com.acme.model", "version"), (5, 24), "1.10", id="as-written"),
        pytest.param(("rings", 1, "components", "com.acme.model", "version"), (5, 24), "1.10", id="merged"),
        pytest.param(("rings", 1, "components", "com.acme.app", "version"), (9, 22), '"2.0.0"', id="quoted"),
        pytest.param(("rings", 2, 1), (10, 9), "b", id="nested-item"),
        pytest.param(("rings", 1, "members", "things"), (6, 5), "nothing", id="missing-is-at-its-ancestor"),
        pytest.param(("rings", 7, "name"), (2, 1), "nothing", id="missing-item"),
        pytest.param(("name", "inside"), (1, 1), "nothing", id="below-a-scalar"),
    ],
)
def test_everything_is_found_where_it_is_written(
    path: tuple[str | int, ...], position: tuple[int, int], shown: str
) -> None:
    document = load_yaml(TEXT, "f.yaml")
    assert document.problems == ()
    assert document.where(path) == Position(*position)
    assert document.shown(path) == shown


def test_quotes_are_remembered() -> None:
    document = load_yaml(TEXT, "f.yaml")
    assert document.quoted(("rings", 1, "components", "com.acme.app", "version"))
    assert not document.quoted(("rings", 0, "components", "com.acme.model", "version"))


def test_a_merge_gives_way_to_what_is_written_and_to_earlier_anchors() -> None:
    text = "a: &a {x: 1, y: 1}\nb: &b {y: 2, z: 2}\nc: {<<: [*a, *b], x: 3}\n"
    assert load_yaml(text, "f.yaml").value["c"] == {"x": 3, "y": 1, "z": 2}


def test_a_path_names_items_by_their_name_and_quotes_odd_keys() -> None:
    value = {"rings": [{"name": "canary"}, {"role": "reader"}, 3], "a b": {"\n": 1}}
    assert render_path(value, ("rings", 0, "x")) == "rings[canary].x"
    assert render_path(value, ("rings", 1)) == "rings[reader]"
    assert render_path(value, ("rings", 2)) == "rings[2]"
    assert render_path(value, ("a b", "\n")) == '"a b"."\\\\n"'


def test_a_problem_reads_as_file_place_path_what_and_remedy() -> None:
    problem = Problem("f.yaml", 3, 7, "a.b", "is wrong", "1", "write 2")
    assert str(problem) == "f.yaml:3:7: a.b: is wrong (got 1); write 2"
    assert str(Problem("f.yaml", 1, 1, "", "is empty", None, None, "warning")) == "f.yaml:1:1: warning: is empty"


def test_a_problem_cannot_forge_a_second_line() -> None:
    problem = Problem("f\n.yaml", 1, 1, "", "is wrong", source.shorten("a\x1b[31m\nb"), None)
    assert str(problem) == "f\\n.yaml:1:1: is wrong (got a\\x1b[31m\\nb)"


def test_every_duplicate_is_told_and_the_first_value_stays() -> None:
    document = load_yaml("a: 1\nb: {c: 1, c: 2}\na: 2\na: 3\n", "f.yaml")
    assert document.value == {"a": 1, "b": {"c": 1}}
    assert [str(problem) for problem in document.problems] == [
        "f.yaml:2:11: b.c: is given twice, first in line 2; keep one of the two",
        "f.yaml:3:1: a: is given twice, first in line 1; keep one of the two",
        "f.yaml:4:1: a: is given twice, first in line 1; keep one of the two",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "a: 1\n---\nb: 2\n", "f.yaml:2:1: starts a second document; keep one document in a file", id="two"
        ),
        pytest.param("", "f.yaml:1:1: is empty; describe the manifest, or delete the file", id="empty"),
        pytest.param("a: [1, 2\nb: 3\n", "f.yaml:1:4: has a [ ] that is not closed", id="bracket"),
        pytest.param(
            "a: &a [*a]\n", "f.yaml:1:8: a[0]: *a stands inside what it names; write the value out", id="self"
        ),
        pytest.param("? [a]\n: 1\n", "f.yaml:1:3: a key must be a string (got a list)", id="key-list"),
        pytest.param("a: @b\n", "f.yaml:1:4: a value cannot begin with '@' without quotes", id="at"),
        pytest.param('a: "\\q"\n', "f.yaml:1:5: has an unknown escape after a backslash", id="escape"),
        pytest.param("a: b\nc\n", "f.yaml:2:1: is a line without a ':'", id="no-colon"),
        pytest.param("a: \ud800\n", "f.yaml:1:4: holds a control character (got U+D800)", id="surrogate"),
    ],
)
def test_a_slip_of_syntax_is_one_line_with_its_place(text: str, expected: str) -> None:
    (problem,) = problems(text)
    assert problem.startswith(expected)


def test_both_parsers_of_pyyaml_tell_a_slip_in_the_same_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """The words do not depend on whether PyYAML was built with libyaml."""
    texts = ["a: b: c", "a:\n\tb: 1", "a: @b", "{a: 1", "[a", "a: *x", "a: 'x", "- a\nb: c", "a\nb: 1"]
    fast = [problems(text)[0].partition(": ")[2] for text in texts]
    monkeypatch.setattr(source, "_Parser", source._PythonParser)
    assert [problems(text)[0].partition(": ")[2] for text in texts] == fast
    assert load_yaml(TEXT, "f.yaml").problems == ()


def test_an_expansion_of_aliases_is_refused_before_it_takes_memory() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 40)]
    (problem,) = problems("\n".join(lines))
    assert "its aliases expand to more than a manifest can hold" in problem


def test_an_expansion_of_long_texts_is_refused_too() -> None:
    text = f"a: &a {'x' * 1_000_000}\nb: [{', '.join(['*a'] * 40)}]\n"
    (problem,) = problems(text)
    assert "its aliases expand to more than a manifest can hold" in problem


@pytest.mark.parametrize("text", ["[" * 100_000, "".join(f"{' ' * n}a:\n" for n in range(500))])
def test_nesting_is_bounded(text: str) -> None:
    assert "is nested deeper than 64 levels" in problems(text)[0]


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "f.yaml"
    path.write_bytes(b"a: " + b"x" * source.MAX_BYTES)
    (problem,) = load_file(path, "f.yaml").problems
    assert str(problem) == "f.yaml:1:1: is larger than 2097152 bytes; move what is not a manifest out of it"


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path: Path) -> None:
    path = tmp_path / "f.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\r\nb: 2\r\n")
    document = load_file(path, "f.yaml")
    assert (document.value, document.problems) == ({"a": 1, "b": 2}, ())


def test_what_cannot_be_read_is_a_problem(tmp_path: Path) -> None:
    assert str(load_file(tmp_path, "f.yaml").problems[0]) == (
        "f.yaml:1:1: cannot be read (got Is a directory); make it a readable file"
    )
    assert load_file(tmp_path / "none.yaml", "f.yaml").value is None


YAML_LIKE = st.text(alphabet=st.sampled_from(list("ab:-[]{}&*!|>'\"%@`#,?\n\t 01.<~\\\x00é\u2028\ufeff")), max_size=80)


@given(st.one_of(st.text(max_size=200), YAML_LIKE))
def test_any_text_gives_a_value_or_problems_and_never_an_exception(text: str) -> None:
    document = load_yaml(text, "f.yaml")
    assert isinstance(document, Document)
    assert document.value is not None or document.problems or _is_null(text)
    lines = text.count("\n") + len(text.splitlines()) + 1
    for problem in document.problems:
        assert problem.remedy
        assert "\n" not in str(problem)
        assert 1 <= problem.line <= lines
        assert problem.column >= 1


def _is_null(text: str) -> bool:
    return load_yaml(f"{text}", "f.yaml").shown(()) in ("nothing", "~", "null", "Null", "NULL")


@given(st.binary(max_size=200))
def test_any_bytes_give_a_value_or_problems(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_bytes(data)
    document = load_file(path, "any.yaml")
    assert document.value is not None or document.problems or document.shown(()) in ("nothing", "~", "null")


PRINTABLE = st.text(st.characters(exclude_categories=("Cs", "Cc", "Cn")), max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | PRINTABLE,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(PRINTABLE, inner, max_size=4),
    max_leaves=20,
)


@given(JSON)
def test_json_is_read_as_json(value: object) -> None:
    """JSON is YAML, but for its escapes of what is beyond the first plane; every value comes back as it was."""
    document = load_yaml(json.dumps({"value": value}, ensure_ascii=False), "f.yaml")
    assert (document.problems, document.value) == ((), {"value": value})
