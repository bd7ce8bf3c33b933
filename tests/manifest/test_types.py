from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from edgewright.manifest import types

DURATIONS = {"30s": 30, "15m": 900, "24h": 86_400, "7d": 604_800, "1s": 1}
VERSIONS = ["0.0.0", "1.10.0", "1.0.0-rc.1", "1.0.0+build.5", "999999.0.0"]
NOT_VERSIONS = [
    "1",
    "1.1",
    "v1.1.0",
    "^1.1.0",
    "1.1.x",
    "01.1.0",
    "1.1.0-01",
    "1000000.0.0",
    "1.1.0\n",
    "",
    "1.0.0-" + "a" * 60,
]


def valid(type_: object, value: object) -> bool:
    try:
        TypeAdapter(type_).validate_python(value, strict=True)
    except ValidationError:
        return False
    return True


@pytest.mark.parametrize(("text", "seconds"), DURATIONS.items())
def test_a_duration_is_its_seconds(text: str, seconds: int) -> None:
    assert types.parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "0s", "-1s", "1.5h", "1 h", "1H", "h", "30", 30, None, "\u0661s", "1h\n", "9" * 11 + "s"]
)
def test_what_is_no_duration_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match="must be a whole number with a unit; write it like 30s, 15m, 24h or 7d"):
        types.parse_duration(text)


@given(st.integers(1, 10**9))
def test_a_duration_is_written_and_read_back(seconds: int) -> None:
    assert types.parse_duration(types.format_duration(seconds)) == seconds


@given(st.integers(0, 10_000))
def test_a_percentage_is_written_and_read_back(hundredths: int) -> None:
    share = hundredths / 10_000
    assert types.parse_percent(types.format_percent(share)) == share


@pytest.mark.parametrize("text", ["", "95", "95 %", "101%", "100.01%", "-1%", "5.125%", "1e1%", 0.95, None, "95%\n"])
def test_what_is_no_percentage_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match="must be a percentage from 0% to 100% with at most two decimals"):
        types.parse_percent(text)


@pytest.mark.parametrize("text", VERSIONS)
def test_an_exact_version_is_taken(text: str) -> None:
    assert valid(types.Version, text)


@pytest.mark.parametrize("text", [*NOT_VERSIONS, 1, 1.1, None, True, ["1.0.0"]])
def test_what_is_no_exact_version_is_refused(text: object) -> None:
    assert not valid(types.Version, text)


@pytest.mark.parametrize(
    ("type_", "good", "bad"),
    [
        pytest.param(
            types.Name,
            ["a", "line-2", "a" * 48],
            ["", "A", "a--b", "-a", "a-", "2a", "a_b", "a" * 49, "a\n"],
            id="name",
        ),
        pytest.param(types.RingPath, ["prod/main"], ["prod", "prod/", "/main", "prod/main/x", "Prod/main"], id="path"),
        pytest.param(types.AccountId, ["012345678901"], ["12345678901", "1234567890123", "\u0661" * 12], id="account"),
        pytest.param(types.Region, ["eu-west-1", "us-gov-east-1"], ["EU-WEST-1", "eu-west", "euwest1"], id="region"),
        pytest.param(
            types.ThingName, ["cam-001", "A:b_c", "a" * 128], ["", "a b", "a/b", "a.b", "a" * 129], id="thing"
        ),
        pytest.param(types.ComponentName, ["com.acme.x_1-2"], ["", "com acme", "com/acme", "ä"], id="component"),
        pytest.param(
            types.Owner, ["@acme", "@acme/vision/team", "a.b@acme.example"], ["acme", "@", "a@b", "@a b"], id="owner"
        ),
        pytest.param(
            types.Action, ["s3:GetObject", "s3:Get*", "*"], ["S3:Get", "s3", "s3:", "s3:Get Object"], id="action"
        ),
        pytest.param(types.Resource, ["*", "arn:aws:s3:::a/*"], ["bucket", "arn:", "arn:aws:s3:::a b"], id="resource"),
        pytest.param(types.PosixUser, ["ggc_user", "a:b"], ["", "a:b:c", "a b", ":a"], id="user"),
        pytest.param(types.Pointer, ["", "/", "/a/0", "/a~0b~1c"], ["a", "/a~", "/a~2", "/" + "a" * 256], id="pointer"),
    ],
)
def test_a_type_takes_what_aws_takes(type_: object, good: list[str], bad: list[str]) -> None:
    assert [value for value in good if not valid(type_, value)] == []
    assert [value for value in bad if valid(type_, value)] == []
    assert not valid(type_, 5)


@given(st.text(max_size=60))
def test_a_name_that_is_taken_composes_into_lower_case_aws_names(text: str) -> None:
    if valid(types.Name, text):
        assert text.isascii()
        assert text == text.lower()
        assert "--" not in f"x-{text}-y"
