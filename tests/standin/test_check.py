"""Inputs: what is refused, with which words, and what is filled in."""

from __future__ import annotations

from typing import Any

import pytest

from edgewright.provider.plugin import UNKNOWN
from tests.standin import scenarios as s
from tests.standin.conftest import Hand

REMEDY = "install the official plugin: pulumi plugin install resource aws 7.51.1"
REFUSED: list[tuple[str, dict[str, Any], list[str]]] = [
    (s.BUCKET, {"bukcet": "x"}, ["Invalid or unknown key. Examine values at 'r.bukcet'."]),
    (
        s.BUCKET,
        {"acl": "private"},
        [f"The stand-in does not serve this property; {REMEDY}. Examine values at 'r.acl'."],
    ),
    (
        s.BUCKET,
        {"tags": {"a": 5}},
        ["Unexpected type: expected string type, got 5 of type number. Examine values at 'r.tags.a'."],
    ),
    (
        s.ROLE,
        {"name": "a b", "maxSessionDuration": 60},
        [
            (
                'Missing required argument. The argument "assumeRolePolicy" is required, but no definition was found. '
                "Examine values at 'r.assumeRolePolicy'."
            ),
            (
                "expected maxSessionDuration to be in the range (3600 - 43200), got 60. "
                "Examine values at 'r.maxSessionDuration'."
            ),
            r"invalid value for name (must match [\w+=,.@-]). Examine values at 'r.name'.",
        ],
    ),
    (
        s.ROLE,
        {"assumeRolePolicy": "x"},
        [
            (
                '"assumeRolePolicy" contains an invalid JSON policy: not a JSON object. '
                "Examine values at 'r.assumeRolePolicy'."
            )
        ],
    ),
    (
        s.ROLE,
        {"assumeRolePolicy": "{}", "permissionsBoundary": "boundary"},
        [
            (
                '"permissionsBoundary" (boundary) is an invalid ARN: arn: invalid prefix. '
                "Examine values at 'r.permissionsBoundary'."
            )
        ],
    ),
    (
        s.ROLE_ALIAS,
        {"alias": "x", "roleArn": "y", "credentialDuration": 60},
        [
            (
                "expected credentialDuration to be in the range (900 - 43200), got 60. "
                "Examine values at 'r.credentialDuration'."
            )
        ],
    ),
    (
        s.VERSIONING,
        {"bucket": "x", "versioningConfiguration": {"status": "On"}},
        [
            (
                'expected status to be one of ["Enabled" "Suspended" "Disabled"], got On. '
                "Examine values at 'r.versioningConfiguration.status'."
            )
        ],
    ),
    (
        s.LIFECYCLE,
        {"bucket": "x", "rules": [s.rule("a"), {"id": "b", "status": "On", "expiraton": {}}]},
        ["Invalid or unknown key. Examine values at 'r.rules[1].expiraton'."],
    ),
    (
        s.ENCRYPTION,
        {"bucket": "x", "rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES"}}]},
        [
            (
                'expected sseAlgorithm to be one of ["AES256" "aws:fsx" "aws:kms" "aws:kms:dsse"], got AES. '
                "Examine values at 'r.rules[0].applyServerSideEncryptionByDefault.sseAlgorithm'."
            )
        ],
    ),
    (
        s.THING_GROUP,
        {"properties": {"attributePayload": {"attributes": {"a.b": True}}}},
        [
            (
                "Unexpected type: expected string type, got true of type boolean. "
                "Examine values at 'r.properties.attributePayload.attributes[\"a.b\"]'."
            )
        ],
    ),
]


@pytest.mark.parametrize(("token", "inputs", "expected"), REFUSED)
def test_bad_inputs_are_refused_at_their_place(
    token: str, inputs: dict[str, Any], expected: list[str], offline: Hand
) -> None:
    _, failures = offline.check(token, inputs)
    assert [failure.reason for failure in failures] == expected


def test_unknown_values_are_not_judged(offline: Hand) -> None:
    inputs = offline.inputs(
        s.ROLE, {"assumeRolePolicy": UNKNOWN, "maxSessionDuration": UNKNOWN, "name": UNKNOWN, "tags": UNKNOWN}
    )
    assert inputs["assumeRolePolicy"] is UNKNOWN
    assert inputs["tagsAll"] is UNKNOWN


def test_a_document_given_as_an_object_becomes_text(offline: Hand) -> None:
    inputs = offline.inputs(s.ROLE, {"assumeRolePolicy": {"Version": "2012-10-17", "Statement": []}})
    assert inputs["assumeRolePolicy"] == '{"Statement":[],"Version":"2012-10-17"}'


def test_a_document_with_an_unknown_part_is_unknown(offline: Hand) -> None:
    inputs = offline.inputs(s.ROLE, {"assumeRolePolicy": {"Version": "2012-10-17", "Statement": [UNKNOWN]}})
    assert inputs["assumeRolePolicy"] is UNKNOWN


def test_defaults_are_filled_in_and_listed(offline: Hand) -> None:
    inputs = offline.inputs(s.ROLE, {"assumeRolePolicy": "{}"}, name="Tower")
    assert inputs["maxSessionDuration"] == 3600
    assert inputs["path"] == "/"
    assert inputs["name"].startswith("Tower-")
    assert inputs["__defaults"] == ["maxSessionDuration", "name", "path"]


def test_an_automatic_name_is_the_same_in_preview_and_update(offline: Hand) -> None:
    first, second = (offline.inputs(s.THING_GROUP, {}, name="ring")["name"] for _ in range(2))
    assert first == second
    assert len(first) == len("ring-1234567")


def test_an_automatic_name_is_kept_for_life(offline: Hand) -> None:
    olds = {"name": "ring-0000001", "__defaults": ["name"]}
    assert offline.inputs(s.THING_GROUP, {}, olds)["name"] == "ring-0000001"


def test_a_given_name_that_goes_away_is_replaced_by_an_automatic_one(offline: Hand) -> None:
    olds = {"name": "by-hand", "__defaults": []}
    assert offline.inputs(s.THING_GROUP, {}, olds, name="ring")["name"].startswith("ring-")


def test_bucket_names_are_made_in_lower_case(offline: Hand) -> None:
    assert offline.inputs(s.BUCKET, {}, name="My_Bucket")["bucket"].startswith("my_bucket-")


def test_an_automatic_name_that_is_too_long_is_refused_with_the_way_out(offline: Hand) -> None:
    _, failures = offline.check(s.BUCKET, {}, name="x" * 60)
    (failure,) = failures
    assert "is longer than maximum length 63; set bucket, or give the resource a shorter name" in failure.reason


def test_the_region_of_the_provider_is_the_default(offline: Hand) -> None:
    assert offline.inputs(s.THING, {"name": "cam"})["region"] == "eu-west-1"
    assert offline.inputs(s.THING, {"name": "cam", "region": "eu-central-1"})["region"] == "eu-central-1"
    assert "region" not in offline.inputs(s.ROLE, {"assumeRolePolicy": "{}"})


def test_nulls_are_as_good_as_absent(offline: Hand) -> None:
    inputs = offline.inputs(s.THING_GROUP, {"name": "g", "tags": None, "properties": {"description": None}})
    assert "tags" not in inputs
    assert inputs["properties"] == {}


def test_checking_twice_changes_nothing(offline: Hand) -> None:
    """The engine checks the checked inputs again when it imports."""
    once = offline.inputs(s.ROLE, {"assumeRolePolicy": "{}", "name": "r", "tags": {"a": "b"}})
    assert offline.inputs(s.ROLE, once) == {**once, "__defaults": []}
