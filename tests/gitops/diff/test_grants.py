"""Policies are compared by what they grant, not by how they are written."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgewright.documents.inventory import Policy, policies
from edgewright.gitops.diff.policies import PolicyDiff, compare
from tests.helpers.projects import sample

OWN = "333333333333"


def _policy(*statements: dict[str, Any], part: Any = "permissions") -> Policy:
    return Policy("role r", part, OWN, {"Version": "2012-10-17", "Statement": list(statements)})


def _allow(actions: Any, resources: Any, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": resources, **more}


def _diff(old: Policy, new: Policy) -> PolicyDiff | None:
    found = compare([old], [new])
    return found[0] if found else None


def _both(old: Policy, new: Policy) -> tuple[bool, bool]:
    diff = _diff(old, new)
    return (False, False) if diff is None else (bool(diff.widened), bool(diff.narrowed))


BUCKET = "arn:aws:s3:::b"
READ_WRITE = ["s3:GetObject", "s3:PutObject"]
OTHER = "arn:aws:iam::999999999999:role/y"
CASES = {
    "another order and another split": (
        [_allow(["s3:GetObject", "s3:PutObject"], [f"{BUCKET}/*"], Sid="One")],
        [_allow("s3:PutObject", f"{BUCKET}/*"), _allow("S3:getobject", [f"{BUCKET}/*"])],
        (False, False),
    ),
    "one more action": ([_allow("s3:GetObject", BUCKET)], [_allow(READ_WRITE, BUCKET)], (True, False)),
    "one action less": ([_allow(READ_WRITE, BUCKET)], [_allow("s3:GetObject", BUCKET)], (False, True)),
    "another resource": ([_allow("s3:GetObject", "arn:aws:s3:::a")], [_allow("s3:GetObject", BUCKET)], (True, True)),
    "a pattern in place of a name": (
        [_allow("s3:GetObject", f"{BUCKET}/x")],
        [_allow("s3:GetObject", f"{BUCKET}/*")],
        (True, False),
    ),
    "a name in place of a pattern": ([_allow("s3:Get*", "*")], [_allow("s3:GetObject", f"{BUCKET}/x")], (False, True)),
    "a condition more": (
        [_allow("s3:GetObject", BUCKET)],
        [_allow("s3:GetObject", BUCKET, Condition={"Bool": {"aws:SecureTransport": "true"}})],
        (False, True),
    ),
    "a condition less": (
        [_allow("s3:GetObject", BUCKET, Condition={"Bool": {"aws:SecureTransport": True}})],
        [_allow("s3:GetObject", BUCKET)],
        (True, False),
    ),
    "one more value of a condition": (
        [_allow("s3:GetObject", BUCKET, Condition={"StringEquals": {"k": "a"}})],
        [_allow("s3:GetObject", BUCKET, Condition={"StringEquals": {"K": ["b", "a"]}})],
        (True, False),
    ),
    "one more value of a negated condition": (
        [_allow("s3:GetObject", BUCKET, Condition={"StringNotEquals": {"k": ["a"]}})],
        [_allow("s3:GetObject", BUCKET, Condition={"StringNotEquals": {"k": ["a", "b"]}})],
        (False, True),
    ),
    "a denial gone": (
        [_allow("s3:*", BUCKET), {"Effect": "Deny", "Action": "s3:PutObject", "Resource": BUCKET}],
        [_allow("s3:*", BUCKET)],
        (True, False),
    ),
    "a denial more": (
        [_allow("s3:*", BUCKET)],
        [_allow("s3:*", BUCKET), {"Effect": "Deny", "Action": "s3:PutObject", "Resource": BUCKET}],
        (False, True),
    ),
    "everything but something is told as a whole": (
        [{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}],
        [{"Effect": "Allow", "NotAction": ["iam:*", "s3:*"], "Resource": "*"}],
        (True, True),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_wider_and_narrower(case: str) -> None:
    old, new, expected = CASES[case]
    assert _both(_policy(*old), _policy(*new)) == expected


def _trust(*principals: Any) -> Policy:
    statements = [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": each} for each in principals]
    return _policy(*statements, part="trust")


@pytest.mark.parametrize(
    ("principal", "stranger"),
    [
        ({"AWS": "arn:aws:iam::999999999999:root"}, "arn:aws:iam::999999999999:root"),
        ({"AWS": "999999999999"}, "999999999999"),
        ({"AWS": [f"arn:aws:iam::{OWN}:role/x", OTHER]}, OTHER),
        ("*", "*"),
        ({"AWS": "*"}, "*"),
        ({"Federated": f"arn:aws:iam::{OWN}:oidc-provider/forge"}, f"arn:aws:iam::{OWN}:oidc-provider/forge"),
        ({"AWS": "AIDAJQABLZS4A3QDU576Q"}, "AIDAJQABLZS4A3QDU576Q"),
        ({"Service": "lambda.amazonaws.com"}, None),
        ({"AWS": f"arn:aws:iam::{OWN}:root"}, None),
    ],
)  # fmt: skip
def test_new_principals_of_other_accounts_are_named(principal: Any, stranger: str | None) -> None:
    known = {"Service": "greengrass.amazonaws.com"}
    diff = _diff(_trust(known), _trust(known, principal))
    assert diff is not None
    assert diff.strangers == ((stranger,) if stranger else ())
    assert diff.widened
    again = _diff(_trust(known, principal), _trust(principal, known))
    assert again is None


def test_a_new_role_is_wider_as_a_whole_and_one_that_goes_is_narrower() -> None:
    (added,) = compare([], [_policy(_allow("s3:GetObject", BUCKET))])
    assert (added.kind, bool(added.widened), added.narrowed) == ("added", True, ())
    (removed,) = compare([_policy(_allow("s3:GetObject", BUCKET))], [])
    assert (removed.kind, removed.widened, bool(removed.narrowed)) == ("removed", (), True)


def test_the_policies_of_the_sample_do_not_differ_from_themselves() -> None:
    assert compare(policies(sample()), policies(sample())) == []


ACTIONS = st.lists(
    st.sampled_from(["s3:Get*", "s3:GetObject", "s3:*", "iot:Publish", "s3:PutObject"]), min_size=1, max_size=3
)
RESOURCES = st.lists(
    st.sampled_from(["*", BUCKET, f"{BUCKET}/*", f"{BUCKET}/a", f"{BUCKET}/?"]), min_size=1, max_size=3
)
STATEMENT = st.builds(
    lambda effect, actions, resources: {"Effect": effect, "Action": actions, "Resource": resources},
    st.sampled_from(["Allow", "Deny"]), ACTIONS, RESOURCES,
)  # fmt: skip
DOCUMENT = st.lists(STATEMENT, min_size=1, max_size=4)


@given(DOCUMENT)
def test_the_order_of_statements_makes_no_difference(statements: list[dict[str, Any]]) -> None:
    assert _diff(_policy(*statements), _policy(*reversed(statements))) is None


@given(DOCUMENT, DOCUMENT)
def test_what_widens_one_way_narrows_the_other(old: list[dict[str, Any]], new: list[dict[str, Any]]) -> None:
    there, back = _both(_policy(*old), _policy(*new)), _both(_policy(*new), _policy(*old))
    assert there == (back[1], back[0])


@given(DOCUMENT, STATEMENT)
def test_one_more_allowance_never_narrows(old: list[dict[str, Any]], more: dict[str, Any]) -> None:
    wider, narrower = _both(_policy(*old), _policy(*old, {**more, "Effect": "Allow"}))
    assert not narrower
    del wider
