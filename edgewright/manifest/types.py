"""The vocabulary of scalars that manifests are written in, each with AWS's own limits.

The error text of a type is what a user reads, so each says what the value must look like and gives an example.
"""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator

_DURATION = re.compile(r"(?P<number>[1-9]\d*)(?P<unit>[smhd])\Z")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_PERCENT = re.compile(r"(?P<number>\d{1,3}(?:\.\d{1,2})?)%\Z")
# SemVer 2.0.0, as Greengrass reads it: three numbers of at most six digits (the nucleus's own limit).
_SEMVER = re.compile(
    r"(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})"
    r"(?:-(?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*)(?:\.(?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*))*)?"
    r"(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?\Z"
)


def _string(value: Any, example: str) -> str:
    if not isinstance(value, str):
        msg = f"must be a quoted string such as {example}; put quotes around it"
        raise ValueError(msg)  # noqa: TRY004 -- pydantic turns ValueError, not TypeError, into a located error
    return value


def _version(value: Any) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        msg = 'a version must be a quoted string such as "1.10.0"; YAML reads it as a number without quotes'
        raise ValueError(msg)  # noqa: TRY004 -- pydantic locates ValueError only
    text = _string(value, '"1.10.0"')
    if len(text) > 64 or not _SEMVER.match(text):
        msg = 'must be one exact version, MAJOR.MINOR.PATCH, such as "1.10.0"'
        raise ValueError(msg)
    return text


def parse_duration(value: Any) -> int:
    """Return the seconds of a duration such as ``30s``, ``15m``, ``24h`` or ``7d``.

    Raises:
        ValueError: anything else, zero included.
    """
    match = _DURATION.match(value) if isinstance(value, str) else None
    if match is None:
        msg = "must be a whole number with a unit, such as 30s, 15m, 24h or 7d"
        raise ValueError(msg)
    return int(match["number"]) * _SECONDS[match["unit"]]


def parse_percent(value: Any) -> float:
    """Return the share (0 to 1) of a percentage such as ``95%`` (at most two decimals, as AWS has it).

    Raises:
        ValueError: anything else.
    """
    match = _PERCENT.match(value) if isinstance(value, str) else None
    if match is None or float(match["number"]) > 100:
        msg = "must be a percentage from 0% to 100% with at most two decimals, such as 95%"
        raise ValueError(msg)
    return round(float(match["number"]) / 100, 6)


def _pattern(pattern: str, example: str, limit: int) -> Any:
    compiled = re.compile(pattern)

    def check(value: Any) -> str:
        text = _string(value, example)
        if len(text) > limit or not compiled.fullmatch(text):
            msg = f"must match {pattern} and have at most {limit} characters, such as {example}"
            raise ValueError(msg)
        return text

    return BeforeValidator(check)


Version = Annotated[str, BeforeValidator(_version)]
"""One exact component version, quoted."""
Seconds = Annotated[int, BeforeValidator(parse_duration)]
"""A duration; written ``30m``, held in seconds."""
Share = Annotated[float, BeforeValidator(parse_percent)]
"""A percentage; written ``95%``, held as 0.95."""
Name = Annotated[str, _pattern(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", "line-inspection", 48)]
"""A fleet, stage, ring, account or organisation: lower case, so that it fits in every AWS name."""
AccountId = Annotated[str, _pattern(r"[0-9]{12}", '"111111111111"', 12)]
"""An AWS account id, quoted: twelve digits, some begin with 0."""
Region = Annotated[str, _pattern(r"[a-z]{2}(-[a-z]+)+-[0-9]", "eu-west-1", 32)]
"""An AWS Region."""
ThingName = Annotated[str, _pattern(r"[a-zA-Z0-9:_-]+", "cam-001", 128)]
"""An AWS IoT thing name."""
ComponentName = Annotated[str, _pattern(r"[a-zA-Z0-9._-]+", "com.acme.parts-model", 128)]
"""A Greengrass component name (case matters)."""


def _posix_user(value: str) -> str:
    if not re.fullmatch(r"[^\s:]+(:[^\s:]+)?", value):
        msg = "must be a user, or user:group, such as ggc_user:ggc_group"
        raise ValueError(msg)
    return value


PosixUser = Annotated[str, AfterValidator(_posix_user)]
"""``user`` or ``user:group`` of the Linux system user that runs a component."""
