"""What of a configuration is shown, and how two configurations differ."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgewright.gitops.diff.values import HIDDEN, LONGEST, changes, is_secret_key, shown

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=20,
)


@given(JSON)
def test_a_value_does_not_differ_from_itself(value: Any) -> None:
    assert changes(value, value) == []


@given(JSON, JSON)
def test_values_that_differ_have_a_change(old: Any, new: Any) -> None:
    same = json.dumps(old, sort_keys=True) == json.dumps(new, sort_keys=True)
    # a key that holds an empty object is a change as well
    assert (changes(old, new) == []) == same


def test_changes_name_each_key_and_both_values() -> None:
    old = {"threshold": 0.8, "mqtt": {"port": 8883}, "gone": True}
    new = {"threshold": 0.9, "mqtt": {"port": 443, "odd.key": "x"}}
    assert [(each.path, each.kind, each.before, each.after) for each in changes(old, new)] == [
        ("gone", "removed", "true", None),
        ('mqtt."odd.key"', "added", None, "x"),
        ("mqtt.port", "changed", "8883", "443"),
        ("threshold", "changed", "0.8", "0.9"),
    ]  # fmt: skip


def test_lists_differ_by_their_items_and_by_their_order() -> None:
    assert [(each.path, each.kind, each.before, each.after) for each in changes({"a": [1, 2, 2]}, {"a": [2, 3]})] == [
        ("a[]", "removed", "1", None),
        ("a[]", "removed", "2", None),
        ("a[]", "added", None, "3"),
    ]
    (order,) = changes({"a": [1, 2]}, {"a": [2, 1]})
    assert (order.before, order.after) == ("[1, 2]", "[2, 1]")


def test_an_item_behind_an_argument_that_announces_it_is_hidden() -> None:
    (change,) = changes({"args": ["--password", "one-1"]}, {"args": ["--password", "two-2", "one-1"]})
    assert change.after == HIDDEN


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("8883", '"8883"'),
        (8883, "8883"),
        ("true", '"true"'),
        (True, "true"),
        ("30m", "30m"),
        ("", '""'),
        ("eu west", "eu west"),
    ],
)
def test_texts_have_quotes_where_they_could_be_taken_for_something_else(value: Any, text: str) -> None:
    assert shown(value) == text


def test_one_and_one_point_zero_differ_because_devices_tell_them_apart() -> None:
    (change,) = changes({"n": 1}, {"n": 1.0})
    assert (change.before, change.after) == ("1", "1.0")


SECRET = "hunter2-Zk9"


@pytest.mark.parametrize(
    "config",
    [
        {"password": SECRET},
        {"dbPassword": SECRET},
        {"DB_PASSWD": SECRET},
        {"db": {"credentials": {"user": SECRET, "key": SECRET}}},
        {"apiToken": SECRET},
        {"api-key": SECRET},
        {"clientSecret": {"deep": [SECRET]}},
        {"pin": SECRET},
        {"Authorization": SECRET},
        {"proxy": {"url": f"http://ada:{SECRET}@proxy.acme.example:3128"}},
        {"url": f"mqtts://:{SECRET}@broker"},
        {"env": [{"name": "DB_PASSWORD", "value": SECRET}]},
        {"args": ["--token", SECRET]},
        {"args": [f"--password={SECRET}"]},
        {"script": f"PASSWORD={SECRET} ./run"},
        {"script": f"export api_key: {SECRET}"},
        {"text": json.dumps({"secret": SECRET})},
        {"pem": f"-----BEGIN EC PRIVATE KEY-----\n{SECRET}"},
        {"header": f"Bearer {SECRET}"},
    ],
    ids=lambda config: next(iter(config)),
)
def test_a_secret_is_never_shown(config: dict[str, Any]) -> None:
    for old, new in ((config, {}), ({}, config), (config, {"other": config})):
        text = " ".join(f"{each.before} {each.after} {each.path}" for each in changes(old, new))
        assert SECRET not in text
        assert HIDDEN in text


@pytest.mark.parametrize(
    "value",
    [
        "AKIA" + "IOSFODNN7EXAMPLE",
        "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "ghp_" + "a1B2" * 9,
        "glpat-" + "x" * 20,
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc",
    ],
)
def test_what_looks_like_a_secret_is_hidden_whatever_its_key(value: str) -> None:
    assert shown({"plain": [value]}, ("setting",)) == json.dumps({"plain": [HIDDEN]})


@pytest.mark.parametrize(
    "value",
    [
        0.85,
        "eu-west-1",
        "ggc_user:ggc_group",
        "sha256:" + "0123456789abcdef" * 4,
        "/var/lib/greengrass/com.acme.parts-inference",
        "com.acme.parts-inference",
        "s3://acme-line-inspection-prod-333333333333/captures",
        ["INFO", "JSON"],
    ],
    ids=str,
)
def test_ordinary_values_are_shown(value: Any) -> None:
    assert HIDDEN not in shown(value, ("logging", "level"))


def test_references_to_secrets_are_shown_because_they_are_none() -> None:
    arn = "arn:aws:secretsmanager:eu-west-1:333333333333:secret:line/db-AbCdEf"
    (change,) = changes({"dbPassword": arn}, {"dbPassword": "${capture.bucket}"})
    assert (change.before, change.after) == (arn, '"${capture.bucket}"')


@given(st.text())
def test_what_is_shown_is_one_short_text(value: str) -> None:
    text = shown(value)
    assert len(text) <= LONGEST
    assert "\n" not in text


@pytest.mark.parametrize(
    "key", ["compass", "passenger", "authority", "author", "keyboard", "monkey", "pins", "maxSizeKB"]
)
def test_keys_that_only_sound_like_it_are_no_secrets(key: str) -> None:
    assert not is_secret_key(key)
