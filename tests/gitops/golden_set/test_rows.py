"""Golden sets as requests, answers as measurements, measurements against bounds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgewright.catalog.requests import Requests
from edgewright.errors import EdgewrightError
from edgewright.gitops.golden import answers
from edgewright.gitops.golden.ring import faults
from edgewright.gitops.golden.rows import GoldenSet, Measured, measure
from edgewright.manifest.registry import ModelBounds

JSON = Requests()
IMAGE = Requests(format="pgm", width=2, brightest=16, answers="responses", prediction="prediction", digest="model")


def golden(**inputs: Any) -> GoldenSet:
    rows = inputs or {"x": [[0, 16, 3, 4], [1, 2, 3, 4]]}
    return GoldenSet.parse(json.dumps({"inputs": rows, "labels": [1, 0]}), "golden/x.json")


def test_a_row_is_a_json_request_with_one_row_or_a_plain_image() -> None:
    assert json.loads(golden().request(0, JSON)) == {"x": [[0, 16, 3, 4]]}
    assert golden().request(0, IMAGE) == "P2\n2 2\n16\n0 16\n3 4\n"
    assert golden().name(7, IMAGE).endswith("-00007.pgm")


@pytest.mark.parametrize(
    ("inputs", "told"),
    [
        ({"x": [[0, 17], [0, 0]]}, "from 0 to 16"),
        ({"x": [[0, 0.5], [0, 0]]}, "whole numbers"),
        ({"x": [[0, 1, 2], [0, 0]]}, "2 in a line"),
        ({"x": [[0, 1], [0, 1]], "y": [[0], [0]]}, "x, y: ask with format json"),
    ],
)
def test_rows_that_are_no_images_are_told(inputs: dict[str, Any], told: str) -> None:
    with pytest.raises(EdgewrightError, match=told):
        golden(**inputs).request(0, IMAGE)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "is no JSON"),
        ("[]", "has no inputs"),
        ('{"inputs": {"x": [1]}}', "has no labels"),
        ('{"inputs": {"x": [1, 2]}, "labels": [1]}', "1 labels, and x 2 rows"),
        ('{"inputs": {"x": [NaN]}, "labels": [1]}', "NaN, which is no number"),
        ('{"inputs": {"x": [1e999]}, "labels": [1]}', "1e999, which is no number"),
        ('{"inputs": {"x": [1]}, "labels": [[1]]}', "neither numbers nor text"),
        ("[" * 100_000, "is no JSON"),
    ],
)
def test_what_is_no_golden_set_is_told(text: str, told: str) -> None:
    with pytest.raises(EdgewrightError, match=rf"golden/x\.json .*{told}"):
        GoldenSet.parse(text, "golden/x.json")


def test_labels_are_the_named_key_or_the_largest_of_the_first_output() -> None:
    one = measure(golden(), JSON, {0: {"outputs": {"y": [[0.1, 0.9]]}}, 1: {"outputs": {"y": [0.2, 0.8]}}}, thing="t")
    assert (one.right, one.accuracy) == (1, 0.5)
    named = {0: {"prediction": "1", "model": "sha256:ab"}, 1: {"prediction": 0, "model": "cd"}}
    other = measure(golden(), IMAGE, named, thing="t", digest="ab")
    assert (other.right, other.others) == (2, ("cd",))


def test_numbers_that_are_none_are_no_answer_and_7_0_is_7() -> None:
    nan = [float("nan")] * 2
    said = measure(golden(), JSON, {0: {"outputs": {"y": nan}}, 1: {"outputs": {"y": nan}}}, thing="t")
    assert said.right == 0  # the first of two NaN would be label 0
    assert measure(golden(), IMAGE, {0: {"prediction": 1.0}, 1: {"prediction": "0"}}, thing="t").right == 2


def test_rows_without_an_answer_are_not_right_and_errors_are_told_once() -> None:
    said = measure(golden(), JSON, {0: {"error": "bad\nrow"}}, thing="t")
    assert (said.accuracy, said.answered, said.errors) == (0.0, 1, ("bad row",))
    assert faults(said, ModelBounds()) == ["t answered 1 of 2 rows", "t said: bad row"]


def test_the_95th_percentile_is_of_all_answers_or_not_said() -> None:
    rows = {"x": [[each] for each in range(40)]}
    forty = GoldenSet.parse(json.dumps({"inputs": rows, "labels": [0] * 40}), "g")
    times: dict[int, Any] = {row: {"outputs": {"y": [1, 0]}, "latencyMs": row + 1} for row in range(40)}
    assert measure(forty, JSON, times, thing="t").latency_p95 == 38
    del times[3]["latencyMs"]
    assert measure(forty, JSON, times, thing="t").latency_p95 is None


MEASURED = Measured("t", rows=10, answered=10, right=9, errors=(), latency_p95=5.0, memory=100_000_000)


@pytest.mark.parametrize(
    ("bounds", "told"),
    [
        ({"accuracy": 0.9, "latency_p95": 5.0, "memory": 100.0}, []),
        ({"accuracy": 0.91}, ["t is right in 90.0%, wanted is 91.0%"]),
        ({"latency_p95": 4.9}, ["t has p95 5 ms, wanted is at most 4.9 ms"]),
        ({"memory": 99.0}, ["t has memory 100 MB, wanted is at most 99 MB"]),
    ],
)
def test_a_bound_is_met_or_told(bounds: dict[str, float], told: list[str]) -> None:
    assert faults(MEASURED, ModelBounds(**bounds)) == told


def test_a_bound_that_cannot_be_measured_is_not_met() -> None:
    blind = Measured("t", rows=1, answered=1, right=1, errors=(), latency_p95=None, memory=None)
    assert faults(blind, ModelBounds(latency_p95=5, memory=9)) == [
        "t: p95 could not be measured, wanted is at most 5 ms",
        "t: memory could not be measured, wanted is at most 9 MB",
    ]


def test_requests_carried_by_hand_find_their_answers(tmp_path: Path) -> None:
    assert answers.write(tmp_path / "out", golden(), JSON) == 2
    names = sorted(each.name for each in (tmp_path / "out").iterdir())
    lines = tmp_path / "predictions.jsonl"
    lines.write_text(
        "no json\n"
        + json.dumps({"request": "another.json", "outputs": {}})
        + "\n"
        + json.dumps({"request": names[1], "outputs": {"y": [3, 1]}})
        + "\n"
    )
    assert answers.carried(lines, golden(), JSON) == {1: {"request": names[1], "outputs": {"y": [3, 1]}}}
    lines.write_text("")
    with pytest.raises(EdgewrightError, match="has no answer to this golden set"):
        answers.carried(lines, golden(), JSON)


@settings(max_examples=40)
@given(st.dictionaries(st.integers(0, 1), st.recursive(st.none() | st.floats() | st.text(), st.lists, max_leaves=6)))
def test_whatever_a_device_answers_is_judged(given_answers: dict[int, Any]) -> None:
    said = measure(golden(), JSON, {row: {"outputs": {"y": value}} for row, value in given_answers.items()}, thing="t")
    assert 0 <= said.right <= said.answered <= said.rows
