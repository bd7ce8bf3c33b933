"""Differences: which are none, how they are shown, and when they replace."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgewright.provider.plugin import UNKNOWN, Kind
from edgewright.standin.diff import Shape, differences
from edgewright.standin.served import TYPES
from tests.standin import scenarios as s
from tests.standin.conftest import Hand

SHAPE = Shape(computed=frozenset({"p.daysAfterInitiation"}), sets=frozenset({"set"}))
CASES: list[tuple[str, str, Any, Any, dict[str, Kind]]] = [
    ("p", "string", "a", "a", {}),
    ("p", "string", "a", "b", {"p": Kind.UPDATE}),
    ("p", "string", None, "b", {"p": Kind.ADD}),
    ("p", "string", "", "b", {"p": Kind.UPDATE}),
    ("p", "string", "", None, {}),
    ("p", "string", "a", None, {"p": Kind.DELETE}),
    ("p", "string", "a", UNKNOWN, {"p": Kind.UPDATE}),
    ("p", "boolean", False, None, {}),
    ("p", "boolean", True, None, {"p": Kind.UPDATE}),
    ("p", "{string}", None, {}, {}),
    (
        "p",
        "{string}",
        {"a": "1", "b": "2"},
        {"b": "3", "c": ""},
        {"p.a": Kind.DELETE, "p.b": Kind.UPDATE, "p.c": Kind.ADD},
    ),
    ("p", "{string}", {"a": "1"}, None, {"p.a": Kind.DELETE}),
    ("p", "{string}", {"a": ""}, {"a": ""}, {}),
    ("p", "[string]", ["a", "b"], ["b", "a"], {"p.0": Kind.UPDATE, "p.1": Kind.UPDATE}),
    ("p", "[string]", ["a"], ["a", "b"], {"p.1": Kind.ADD}),
    ("p", "[string]", ["a", "b"], ["a"], {"p.1": Kind.DELETE}),
    ("set", "[string]", ["a", "b"], ["b", "a"], {}),
    (
        "p",
        "#BucketLifecycleConfigurationRuleExpiration",
        {"days": 3, "expiredObjectDeleteMarker": False},
        {"days": 3},
        {},
    ),
    ("p", "#BucketLifecycleConfigurationRuleExpiration", {"days": 3}, {"days": 4}, {"p.days": Kind.UPDATE}),
    ("p", "#BucketLifecycleConfigurationRuleFilter", {"prefix": ""}, None, {}),
    (
        "p",
        "#BucketLifecycleConfigurationRuleAbortIncompleteMultipartUpload",
        {"daysAfterInitiation": 7},
        {},
        {"p": Kind.DELETE},
    ),
]


@pytest.mark.parametrize(("name", "type_", "old", "new", "expected"), CASES)
def test_differences(name: str, type_: str, old: Any, new: Any, expected: dict[str, Kind]) -> None:
    found = {".".join(str(part) for part in at): kind for at, kind in differences(SHAPE, name, type_, old, new)}
    if name == "p" and isinstance(new, dict) and new == {} and expected == {"p": Kind.DELETE}:
        expected = {"p": Kind.UPDATE}  # both are written down
    assert found == expected


def test_what_aws_fills_in_is_no_difference() -> None:
    shape = Shape(computed=frozenset({"p.mfaDelete"}))
    type_ = "#BucketVersioningVersioningConfiguration"
    old = {"mfaDelete": "Disabled", "status": "Enabled"}
    assert list(differences(shape, "p", type_, old, {"status": "Enabled"})) == []


texts = st.text(max_size=5)
rules = st.fixed_dictionaries(
    {"id": texts, "status": texts},
    optional={
        "expiration": st.fixed_dictionaries({}, optional={"days": st.integers(0, 9), "date": texts}),
        "filter": st.fixed_dictionaries({}, optional={"prefix": texts}),
        "transitions": st.lists(st.fixed_dictionaries({"storageClass": texts}), max_size=3),
    },
)


@given(st.lists(rules, max_size=3))
def test_nothing_differs_from_itself(value: list[Any]) -> None:
    shape = TYPES[s.LIFECYCLE].shape
    assert list(differences(shape, "rules", "[#BucketLifecycleConfigurationRule]", value, value)) == []


@given(st.dictionaries(texts, texts), st.dictionaries(texts, texts))
def test_maps_differ_exactly_where_their_entries_do(old: dict[str, str], new: dict[str, str]) -> None:
    found = dict(differences(Shape(), "tags", "{string}", old, new))
    assert {at[1] for at in found} == {key for key in old.keys() | new.keys() if old.get(key) != new.get(key)}


def test_a_policy_that_says_the_same_is_no_difference(offline: Hand) -> None:
    old = offline.inputs(s.ROLE_POLICY, {"role": "r", "name": "p", "policy": s.allow("s3:GetObject")})
    text = '{"Statement":{"Action":"s3:getobject","Effect":"Allow","Resource":["*"]},"Version":"2012-10-17"}'
    new = offline.inputs(s.ROLE_POLICY, {"role": "r", "name": "p", "policy": text})
    assert not offline.diff(s.ROLE_POLICY, (old, old), new).changes


def test_a_policy_that_says_something_else_is_an_update_in_place(offline: Hand) -> None:
    old = offline.inputs(s.ROLE_POLICY, {"role": "r", "name": "p", "policy": s.allow("s3:GetObject")})
    new = offline.inputs(s.ROLE_POLICY, {"role": "r", "name": "p", "policy": s.allow("s3:PutObject")})
    assert offline.diff(s.ROLE_POLICY, (old, old), new).detailed == {"policy": Kind.UPDATE}


def test_a_given_name_that_changes_replaces_the_old_one_first(offline: Hand) -> None:
    old = offline.inputs(s.THING, {"name": "cam-1"})
    diff = offline.diff(s.THING, (old, old), offline.inputs(s.THING, {"name": "cam-2"}))
    assert diff.detailed == {"name": Kind.UPDATE_REPLACE}
    assert diff.delete_before_replace


def test_with_an_automatic_name_the_new_one_comes_first(offline: Hand) -> None:
    old = offline.inputs(s.ROLE, {"assumeRolePolicy": "{}"})
    new = offline.inputs(s.ROLE, {"assumeRolePolicy": "{}", "path": "/edge/"})
    diff = offline.diff(s.ROLE, (old, old), new)
    assert diff.detailed == {"path": Kind.UPDATE_REPLACE}
    assert not diff.delete_before_replace


def test_another_region_replaces(offline: Hand) -> None:
    old = offline.inputs(s.THING_GROUP, {"name": "g"})
    new = offline.inputs(s.THING_GROUP, {"name": "g", "region": "eu-central-1"})
    assert offline.diff(s.THING_GROUP, (old, old), new).detailed == {"region": Kind.UPDATE_REPLACE}
