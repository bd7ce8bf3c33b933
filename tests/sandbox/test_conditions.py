"""The condition block of a statement, by the tables of the IAM user guide."""

from __future__ import annotations

from typing import Any

import pytest

from edgewright.sandbox.authorization.conditions import arn_like, satisfied, substitute

CONTEXT = {
    "aws:PrincipalArn": "arn:aws:iam::222222222222:role/edgewright-deploy-staging",
    "aws:PrincipalTag/fleet": "line-inspection",
    "aws:SourceIp": "203.0.113.7",
    "aws:CurrentTime": "2026-11-21T06:00:00Z",
    "aws:SecureTransport": "true",
    "s3:max-keys": "10",
    "aws:TagKeys": ["fleet", "ring"],
    "credentials-iot:ThingName": "cam-001",
}


@pytest.mark.parametrize(
    ("block", "holds"),
    [
        pytest.param({}, True, id="no condition"),
        pytest.param({"StringEquals": {"aws:PrincipalTag/fleet": "line-inspection"}}, True, id="equal"),
        pytest.param({"StringEquals": {"aws:PrincipalTag/fleet": "Line-Inspection"}}, False, id="case counts"),
        pytest.param({"StringEquals": {"AWS:principaltag/FLEET": "line-inspection"}}, True, id="key's case does not"),
        pytest.param({"StringEquals": {"aws:PrincipalTag/fleet": ["x", "line-inspection"]}}, True, id="one of many"),
        pytest.param({"StringEquals": {"aws:absent": "x"}}, False, id="absent key"),
        pytest.param({"StringEqualsIfExists": {"aws:absent": "x"}}, True, id="absent key, if it exists"),
        pytest.param({"StringNotEquals": {"aws:absent": "x"}}, True, id="absent key, negated"),
        pytest.param({"StringNotEquals": {"aws:PrincipalTag/fleet": ["line-inspection", "x"]}}, False, id="none of"),
        pytest.param({"StringEqualsIgnoreCase": {"aws:PrincipalTag/fleet": "LINE-inspection"}}, True, id="ignore case"),
        pytest.param({"StringLike": {"aws:PrincipalTag/fleet": "line-*"}}, True, id="like"),
        pytest.param({"StringLike": {"aws:PrincipalTag/fleet": "line-?"}}, False, id="one character"),
        pytest.param({"StringNotLike": {"aws:PrincipalTag/fleet": "line-*"}}, False, id="not like"),
        pytest.param(
            {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/edgewright-*-staging"}}, True, id="ARN pattern"
        ),
        pytest.param({"ArnEquals": {"aws:PrincipalArn": "arn:aws:iam::222222222222:role/*"}}, True, id="ARN equals"),
        pytest.param({"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::3*:role/*"}}, True, id="ARN not like"),
        pytest.param({"Bool": {"aws:SecureTransport": "false"}}, False, id="boolean"),
        pytest.param({"Bool": {"aws:SecureTransport": True}}, True, id="JSON boolean"),
        pytest.param({"Null": {"s3:if-none-match": "true"}}, True, id="null, absent"),
        pytest.param({"Null": {"aws:SourceIp": "true"}}, False, id="null, present"),
        pytest.param({"Null": {"aws:SourceIp": False}}, True, id="not null, present"),
        pytest.param({"NumericLessThanEquals": {"s3:max-keys": 10}}, True, id="number"),
        pytest.param({"NumericGreaterThan": {"s3:max-keys": "10"}}, False, id="greater number"),
        pytest.param({"DateGreaterThan": {"aws:CurrentTime": "2026-01-01T00:00:00Z"}}, True, id="date"),
        pytest.param({"DateLessThan": {"aws:CurrentTime": "2026-01-01T00:00:00Z"}}, False, id="earlier date"),
        pytest.param({"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}, True, id="network"),
        pytest.param({"NotIpAddress": {"aws:SourceIp": ["203.0.113.0/24", "10.0.0.0/8"]}}, False, id="no network"),
        pytest.param({"ForAllValues:StringEquals": {"aws:TagKeys": ["fleet", "ring", "x"]}}, True, id="all values"),
        pytest.param({"ForAllValues:StringEquals": {"aws:TagKeys": ["fleet"]}}, False, id="not all values"),
        pytest.param({"ForAllValues:StringEquals": {"aws:absent": ["x"]}}, True, id="all of none"),
        pytest.param({"ForAnyValue:StringEquals": {"aws:TagKeys": "ring"}}, True, id="any value"),
        pytest.param({"ForAnyValue:StringEquals": {"aws:absent": "ring"}}, False, id="any of none"),
        pytest.param(
            {"StringEquals": {"aws:PrincipalTag/fleet": "line-inspection"}, "Bool": {"aws:SecureTransport": "false"}},
            False,
            id="operators are joined by and",
        ),
        pytest.param(
            {"StringLike": {"credentials-iot:ThingName": "${credentials-iot:ThingName}"}}, True, id="a variable"
        ),
        pytest.param(
            {"StringEquals": {"aws:PrincipalTag/fleet": "${aws:absent}"}}, False, id="a variable without value"
        ),
    ],
)
def test_a_condition_holds_as_the_guide_says(block: dict[str, dict[str, object]], holds: Any) -> None:
    assert satisfied(block, CONTEXT) is holds


def test_an_operator_that_is_not_known_is_no_silent_answer() -> None:
    with pytest.raises(NotImplementedError, match="StringSounds is not in the sandbox"):
        satisfied({"StringSounds": {"aws:SourceIp": "x"}}, CONTEXT)


@pytest.mark.parametrize(
    ("pattern", "arn", "fits"),
    [
        ("arn:aws:s3:::bucket/*", "arn:aws:s3:::bucket/a/b", True),
        ("arn:aws:s3:::bucket/*", "arn:aws:s3:::bucket", False),
        ("arn:aws:iot:*:*:thing/cam-*", "arn:aws:iot:eu-west-1:222222222222:thing/cam-001", True),
        ("arn:aws:iot:*", "arn:aws:iot:eu-west-1:222222222222:thing/cam-001", False),
        ("arn:aws:greengrass:r:1:components:*", "arn:aws:greengrass:r:1:components:a:versions:1.0.0", True),
        ("*", "arn:aws:s3:::bucket", True),
    ],
)
def test_a_wildcard_stays_within_its_part_of_an_arn(pattern: str, arn: str, fits: Any) -> None:
    assert arn_like(pattern, arn) is fits


def test_variables_fill_in_and_a_value_cannot_be_a_wildcard() -> None:
    assert substitute("b/${credentials-iot:ThingName}/*", CONTEXT) == "b/cam-001/*"
    assert substitute("b/${*}${?}${$}", CONTEXT) == "b/*?$"
    assert substitute("b/${aws:PrincipalTag/none, 'guest'}", CONTEXT) == "b/guest"
    assert substitute("b/${credentials-iot:ThingName}", {"credentials-iot:ThingName": "*"}) is None
