from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgewright.documents import references
from edgewright.errors import EdgewrightError
from edgewright.manifest import references as manifest_references
from edgewright.manifest.model import Capture
from tests.helpers import places

KNOWN = references.values(places.fleet(), ring="canary", capture=Capture(enabled=True, sample_rate=0.25))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("${capture.bucket}", "acme-line-inspection-prod-333333333333", id="alone"),
        pytest.param("s3://${capture.bucket}/x", "s3://acme-line-inspection-prod-333333333333/x", id="within"),
        pytest.param("${fleet}/${stage}/${ring}", "line-inspection/prod/canary", id="several"),
        pytest.param("${account.id} ${region}", "333333333333 eu-west-1", id="account"),
        pytest.param("${artifacts.bucket}", "acme-artifacts-111111111111-eu-west-1", id="artifacts"),
        pytest.param("${roleAlias}", "edgewright-line-inspection-prod", id="role alias"),
        pytest.param("${capture.prefix}/a", "{iot:thingName}/a", id="the nucleus fills in the thing"),
        pytest.param("at ${capture.sampleRate}", "at 0.25", id="a number within text"),
        pytest.param("$${fleet}", "${fleet}", id="escaped"),
        pytest.param("$$${fleet}", "$${fleet}", id="escaped after a dollar"),
        pytest.param("$${HOME", "${HOME", id="escaped and never closed"),
        pytest.param("$${", "${", id="escaped alone"),
        pytest.param("$fleet {fleet} $", "$fleet {fleet} $", id="no reference"),
        pytest.param("", "", id="empty"),
    ],
)
def test_references_become_text(text: str, expected: str) -> None:
    assert references.resolve(text, KNOWN) == expected


def test_a_number_that_stands_alone_stays_a_number() -> None:
    assert references.resolve({"sampleRate": "${capture.sampleRate}"}, KNOWN) == {"sampleRate": 0.25}
    whole = references.values(places.fleet(), ring="canary", capture=Capture(enabled=True))
    found = references.resolve("${capture.sampleRate}", whole)
    assert (found, type(found)) == (1, int)


def test_references_are_resolved_wherever_there_is_a_string() -> None:
    value = {"a": ["${fleet}", {"b": "${ring}"}], "n": 1, "t": True, "none": None, "${fleet}": 1.5}
    assert references.resolve(value, KNOWN) == {
        "a": ["line-inspection", {"b": "canary"}],
        "n": 1,
        "t": True,
        "none": None,
        "${fleet}": 1.5,
    }


@pytest.mark.parametrize("name", ["capture.buckets", "", " fleet", "Fleet", "secret"])
def test_an_unknown_reference_is_refused_with_the_known_ones(name: str) -> None:
    with pytest.raises(EdgewrightError, match=r"there is no reference \$\{.*use one of account.id, artifacts.bucket"):
        references.resolve(f"${{{name}}}", KNOWN)


def test_a_reference_that_is_never_closed_is_refused() -> None:
    with pytest.raises(EdgewrightError, match="a reference is never closed"):
        references.resolve("a ${fleet b", KNOWN)


def test_validation_and_the_program_know_the_same_references() -> None:
    """What validation lets through, the program resolves; what it does not know, it refuses."""
    assert set(manifest_references.REFERENCES) == set(KNOWN)


@given(st.text(alphabet="${}fleturing.", max_size=20))
def test_validation_and_the_program_read_the_same_references(text: str) -> None:
    found = list(manifest_references.references(text))
    if all(name in KNOWN for name in found):
        references.resolve(text, KNOWN)
    else:
        with pytest.raises(EdgewrightError):
            references.resolve(text, KNOWN)


def test_without_capture_there_is_no_bucket_to_refer_to() -> None:
    known = references.values(places.fleet(), ring="canary", capture=Capture(enabled=False))
    with pytest.raises(EdgewrightError, match=r"there is no reference \$\{capture.bucket\} here"):
        references.resolve("${capture.bucket}", known)


@given(st.text(alphabet="${}ab.", max_size=30))
def test_text_without_a_reference_is_left_as_it_is(text: str) -> None:
    if "${" not in text:
        assert references.resolve(text, KNOWN) == text


@given(st.sampled_from(sorted(KNOWN)), st.text(alphabet="xyz ", max_size=10))
def test_what_a_reference_stands_for_is_not_read_again(name: str, around: str) -> None:
    """A value that itself looks like a reference stays text."""
    known = {**KNOWN, name: "${fleet}"}
    assert references.resolve(f"{around}${{{name}}}", known) == f"{around}${{fleet}}"
