"""Policies are compared by what they say."""

from __future__ import annotations

import json
from typing import Any

import pytest

from edgewright.standin.policies import plain, same_json, same_policy


def policy(**changes: Any) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::b/*"], **changes}
    return {"Version": "2012-10-17", "Statement": [statement]}


SAME = [
    (policy(), {"Statement": policy()["Statement"], "Version": "2012-10-17"}),
    (policy(), policy(Action="s3:GetObject")),
    (policy(), policy(Action="S3:GETOBJECT")),
    (policy(Action=["a:b", "a:c"]), policy(Action=["a:c", "a:b", "a:b"])),
    (policy(), {"Version": "2012-10-17", "Statement": policy()["Statement"][0]}),
    (policy(Principal={"AWS": "111111111111"}), policy(Principal={"AWS": "arn:aws:iam::111111111111:root"})),
    (policy(Principal={"AWS": ["*"]}), policy(Principal="*")),
    (policy(Condition={"Bool": {"a": "true"}}), policy(Condition={"Bool": {"a": True}})),
    (policy(Condition={"StringLike": {"a": ["x", "y"]}}), policy(Condition={"StringLike": {"a": ["y", "x"]}})),
    (policy(), policy(Condition={})),
    (policy(), policy(Sid="")),
]
DIFFERENT = [
    (policy(), policy(Effect="Deny")),
    (policy(), policy(Action="s3:PutObject")),
    (policy(), policy(Resource="arn:aws:s3:::B/*")),
    (policy(), policy(Sid="One")),
    (policy(), policy(Condition={"Bool": {"a": "true"}})),
    (policy(Action="a:b"), {**policy(), "Statement": [{"Effect": "Allow", "NotAction": "a:b", "Resource": "*"}]}),
    (policy(Principal={"AWS": "111111111111"}), policy(Principal={"AWS": "222222222222"})),
    (policy(Principal={"AWS": "*"}), policy(Principal={"Service": "*"})),
    (policy(Condition={"StringEquals": {"a": "x"}}), policy(Condition={"StringLike": {"a": "x"}})),
    (policy(), {**policy(), "Version": "2008-10-17"}),
]


@pytest.mark.parametrize(("left", "right"), SAME)
def test_policies_that_say_the_same(left: dict[str, Any], right: dict[str, Any]) -> None:
    assert same_policy(json.dumps(left), json.dumps(right))
    assert same_policy(json.dumps(right, indent=2), json.dumps(left))


@pytest.mark.parametrize(("left", "right"), DIFFERENT)
def test_policies_that_say_something_else(left: dict[str, Any], right: dict[str, Any]) -> None:
    assert not same_policy(json.dumps(left), json.dumps(right))


def test_the_order_of_statements_means_nothing() -> None:
    first, second = policy()["Statement"][0], policy(Effect="Deny")["Statement"][0]
    left = {"Version": "2012-10-17", "Statement": [first, second]}
    right = {"Version": "2012-10-17", "Statement": [second, first]}
    assert same_policy(json.dumps(left), json.dumps(right))


@pytest.mark.parametrize(
    "text", ["", "x", "[1]", '{"Statement": 5}', '{"Statement": [5]}', '{"Statement": [{"Action": [{}]}]}']
)
def test_what_is_no_policy_is_compared_as_text(text: str) -> None:
    assert same_policy(text, text)
    assert not same_policy(text, json.dumps(policy()))


def test_json_is_the_same_whatever_its_spelling_and_lists_keep_their_order() -> None:
    assert same_json('{"a": 1, "b": [1, 2]}', '{"b":[1,2],"a":1}')
    assert not same_json('{"b": [1, 2]}', '{"b": [2, 1]}')
    assert not same_json("{", "{}")


def test_plain_text_is_canonical_json_or_what_it_was() -> None:
    assert plain('{ "b": 1, "a": [ 2 ] }') == '{"a":[2],"b":1}'
    assert plain("no json") == "no json"
