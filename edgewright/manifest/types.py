"""The vocabulary of scalars that manifests are written in, each with AWS's own limits.

The error text of a type is what a user reads: what the value must be, then, after ``; ``, what to do. Each type
carries its JSON Schema, so that editors complete and check what pydantic's validators do in Python.

Longer than other modules, because it is a list of words: a type, its check and its schema for each.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from edgewright import versions
from edgewright.manifest.query import parse

T = TypeVar("T")
Items = Annotated[tuple[T, ...], Field(strict=False)]
"""A list in YAML, a tuple here; the items stay strict."""

_DURATION = re.compile(r"(?P<number>[1-9]\d{0,9})(?P<unit>[smhd])\Z", re.ASCII)
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_PERCENT = re.compile(r"(?P<number>\d{1,3}(?:\.\d{1,2})?)%\Z", re.ASCII)


def _version(value: Any) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        msg = 'must be a quoted version, because YAML reads this as a number; write it like "1.10.0"'
        raise ValueError(msg)  # noqa: TRY004 -- pydantic locates ValueError only
    if isinstance(value, str) and value[:1] in {"v", "V"} and versions.is_version(value[1:]):
        msg = f'must be a version without a letter before it; drop the {value[0]} and write "{value[1:]}"'
        raise ValueError(msg)
    if not versions.is_version(value):
        msg = 'must be one exact version, not a range; write MAJOR.MINOR.PATCH in quotes, such as "1.10.0"'
        raise ValueError(msg)
    return str(value)


def parse_duration(value: Any) -> int:
    """Return the seconds of a duration such as ``30s``, ``15m``, ``24h`` or ``7d``.

    Raises:
        ValueError: anything else, zero included.
    """
    match = _DURATION.match(value) if isinstance(value, str) else None
    if match is None:
        msg = "must be a whole number with a unit; write it like 30s, 15m, 24h or 7d"
        raise ValueError(msg)
    return int(match["number"]) * _SECONDS[match["unit"]]


def format_duration(seconds: int) -> str:
    """Return the shortest text that ``parse_duration`` reads as ``seconds`` (one or more)."""
    unit = next(unit for unit in "dhms" if seconds % _SECONDS[unit] == 0)
    return f"{seconds // _SECONDS[unit]}{unit}"


def duration(minimum: int, maximum: int, *, whole_minutes: bool = False) -> Any:
    """A validator of durations within limits (seconds), as AWS has them for the field."""

    def check(value: Any) -> int:
        seconds = parse_duration(value)
        if not minimum <= seconds <= maximum:
            limits = f"{format_duration(minimum)} to {format_duration(maximum)}"
            msg = f"must be from {limits}; choose a duration in that range"
            raise ValueError(msg)
        if whole_minutes and seconds % 60:
            msg = "must be in whole minutes; write it like 30m"
            raise ValueError(msg)
        return seconds

    return BeforeValidator(check)


def parse_percent(value: Any) -> float:
    """Return the share (0 to 1) of a percentage such as ``95%`` (at most two decimals, as AWS has it).

    Raises:
        ValueError: anything else.
    """
    match = _PERCENT.match(value) if isinstance(value, str) else None
    if match is None or float(match["number"]) > 100:
        msg = "must be a percentage from 0% to 100% with at most two decimals; write it like 95%"
        raise ValueError(msg)
    return round(float(match["number"]) / 100, 6)


def format_percent(share: float) -> str:
    """Return the text that ``parse_percent`` reads as ``share`` (0 to 1)."""
    return f"{round(share * 100, 2):g}%"


def _text(pattern: str, limit: int, what: str, example: str) -> tuple[Any, Any]:
    """Validator and JSON Schema of a string that matches ``pattern`` as a whole."""
    compiled = re.compile(pattern)

    def check(value: Any) -> str:
        if not isinstance(value, str):
            msg = f"must be {what}; write it as text, such as {example}"
            raise ValueError(msg)  # noqa: TRY004 -- pydantic locates ValueError only
        if len(value) > limit or not compiled.fullmatch(value):
            msg = f"must be {what}, at most {limit} characters; write it like {example}"
            raise ValueError(msg)
        return value

    return BeforeValidator(check), _schema(pattern, example, limit)


def _schema(pattern: str, example: str, limit: int | None = None) -> Any:
    schema: dict[str, Any] = {"type": "string", "pattern": f"^(?:{pattern})$", "examples": [example]}
    if limit is not None:
        schema["maxLength"] = limit
    return WithJsonSchema(schema)


DURATION_SCHEMA = _schema(r"[1-9][0-9]{0,9}[smhd]", "30m")
_PERCENT_SCHEMA = _schema(r"(?:100(?:\.00?)?|[0-9]{1,2}(?:\.[0-9]{1,2})?|0[0-9]{2}(?:\.[0-9]{1,2})?)%", "95%")

Version = Annotated[str, BeforeValidator(_version), _schema(versions.PATTERN, '"1.10.0"', versions.MAX_LENGTH)]
"""One exact component version, quoted."""
Seconds = Annotated[int, BeforeValidator(parse_duration), DURATION_SCHEMA]
"""A duration; written ``30m``, held in seconds."""
Share = Annotated[float, BeforeValidator(parse_percent), _PERCENT_SCHEMA]
"""A percentage; written ``95%``, held as 0.95."""

_NAME = r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*"
_NAME_CHECK, _NAME_SCHEMA = _text(
    _NAME, 48, "a name of lower-case letters, digits and single dashes", "line-inspection"
)
Name = Annotated[str, _NAME_CHECK, _NAME_SCHEMA]
"""A fleet, stage, ring, account or test: lower case, so that it fits in every AWS name."""

_SHORT_CHECK, _SHORT_SCHEMA = _text(_NAME, 20, "a short name of lower-case letters, digits and single dashes", "acme")
ShortName = Annotated[str, _SHORT_CHECK, _SHORT_SCHEMA]
"""The organisation: a prefix of names that have 63 characters in all."""

_PATH_CHECK, _PATH_SCHEMA = _text(f"{_NAME}/{_NAME}", 97, "a stage and a ring with a slash between", "prod/canary")
RingPath = Annotated[str, _PATH_CHECK, _PATH_SCHEMA]
"""A ring as the promotion path names it: ``stage/ring``."""

_ACCOUNT_CHECK, _ACCOUNT_SCHEMA = _text(r"[0-9]{12}", 12, "twelve digits in quotes", '"111111111111"')
AccountId = Annotated[str, _ACCOUNT_CHECK, _ACCOUNT_SCHEMA]
"""An AWS account id, quoted: twelve digits, some begin with 0."""

_REGION_CHECK, _REGION_SCHEMA = _text(r"[a-z]{2}(?:-[a-z]+)+-[0-9]", 32, "an AWS Region", "eu-west-1")
Region = Annotated[str, _REGION_CHECK, _REGION_SCHEMA]
"""An AWS Region."""

_THING_CHECK, _THING_SCHEMA = _text(r"[a-zA-Z0-9:_-]+", 128, "a thing name of letters, digits and : _ -", "cam-001")
ThingName = Annotated[str, _THING_CHECK, _THING_SCHEMA]
"""An AWS IoT thing name."""

_COMPONENT_CHECK, _COMPONENT_SCHEMA = _text(
    r"[a-zA-Z0-9._-]+", 128, "a component name of letters, digits and . _ -", "com.acme.parts-model"
)
ComponentName = Annotated[str, _COMPONENT_CHECK, _COMPONENT_SCHEMA]
"""A Greengrass component name (case matters)."""

_GROUP_CHECK, _GROUP_SCHEMA = _text(
    r"[a-zA-Z0-9](?:-*[a-zA-Z0-9]){0,62}", 63, "a model package group of letters, digits and dashes", "parts-model"
)
PackageGroup = Annotated[str, _GROUP_CHECK, _GROUP_SCHEMA]
"""A model package group of SageMaker (botocore's model, ModelPackageGroupName)."""

_PROJECT_FILE_CHECK, _PROJECT_FILE_SCHEMA = _text(
    r"(?!.*(?:^|/)\.)[A-Za-z0-9._-]+(?:/[A-Za-z0-9._-]+)*",
    255,
    "a file of the project, relative and without . or ..",
    "golden/parts.json",
)
ProjectFile = Annotated[str, _PROJECT_FILE_CHECK, _PROJECT_FILE_SCHEMA]
"""A file that is under version control with the manifests."""

_OWNER_CHECK, _OWNER_SCHEMA = _text(
    r"@[A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.-]+)*|[A-Za-z0-9_.+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+",
    254,
    "an @user, an @organisation/team or a mail address",
    '"@acme/vision"',
)
Owner = Annotated[str, _OWNER_CHECK, _OWNER_SCHEMA]
"""Who answers for a fleet, as CODEOWNERS has it."""

_ACTION_CHECK, _ACTION_SCHEMA = _text(
    r"\*|[a-z0-9-]+:[A-Za-z0-9*?]+", 128, "an IAM action, a service and its call", '"s3:GetObject"'
)
Action = Annotated[str, _ACTION_CHECK, _ACTION_SCHEMA]
"""An IAM action. Whether it is too wide is a rule's business."""

_RESOURCE_CHECK, _RESOURCE_SCHEMA = _text(
    r"\*|arn:[!-~]+", 2048, "an ARN, or * where an action knows no resources", '"arn:aws:s3:::acme-data/*"'
)
Resource = Annotated[str, _RESOURCE_CHECK, _RESOURCE_SCHEMA]
"""What an IAM statement is about."""

_OBJECTS_CHECK, _OBJECTS_SCHEMA = _text(
    r"arn:aws[a-z-]*:s3:::[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/[A-Za-z0-9_.=@+/-]*\*?",
    1024,
    "the ARN of objects of one bucket",
    '"arn:aws:s3:::acme-training/models/*"',
)
BucketObjects = Annotated[str, _OBJECTS_CHECK, _OBJECTS_SCHEMA]
"""Objects in S3 by the beginning of their keys."""

_USER_CHECK, _USER_SCHEMA = _text(r"[^\s:]+(?::[^\s:]+)?", 255, "a user, or user:group", "ggc_user:ggc_group")
PosixUser = Annotated[str, _USER_CHECK, _USER_SCHEMA]
"""``user`` or ``user:group`` of the Linux system user that runs a component."""

_POINTER_CHECK, _POINTER_SCHEMA = _text(
    r"(?:/(?:[^~/]|~[01])*)*", 256, "a JSON pointer (RFC 6901), which begins with a slash", "/mqtt/port"
)
Pointer = Annotated[str, _POINTER_CHECK, _POINTER_SCHEMA]
"""A JSON pointer into a component's configuration; AWS takes 256 characters."""


def _fleet_query(value: str) -> str:
    parse(value)
    return value


FleetQuery = Annotated[str, Field(min_length=1, max_length=1000), AfterValidator(_fleet_query)]
"""A fleet indexing query that can be read."""

_PRINCIPAL_CHECK, _PRINCIPAL_SCHEMA = _text(
    r"arn:aws[a-z-]*:(?:iam|sts)::[0-9]{12}:(?:role|user|assumed-role)/[A-Za-z0-9_+=,.@/*?-]+",
    2048,
    "the ARN of a role or a user, which may have wildcards after its account",
    '"arn:aws:iam::111111111111:role/ci-*"',
)
PrincipalPattern = Annotated[str, _PRINCIPAL_CHECK, _PRINCIPAL_SCHEMA]
"""What aws:PrincipalArn must be like; the account is always named."""

_PROJECT_CHECK, _PROJECT_SCHEMA = _text(
    r"[A-Za-z0-9_][A-Za-z0-9_.-]*(?:/[A-Za-z0-9_][A-Za-z0-9_.-]*)+",
    255,
    "a repository as OWNER/NAME",
    "acme/edge-fleets",
)
ProjectPath = Annotated[str, _PROJECT_CHECK, _PROJECT_SCHEMA]
"""A repository on a forge. No wildcard: it goes into the conditions of trust policies."""

_HOST_CHECK, _HOST_SCHEMA = _text(
    r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+", 253, "the name of a host", "gitlab.com"
)
Host = Annotated[str, _HOST_CHECK, _HOST_SCHEMA]
"""A host, without scheme, port or path."""

_MAIL_CHECK, _MAIL_SCHEMA = _text(
    r"[A-Za-z0-9_.+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+", 254, "a mail address", "mlops@acme.example"
)
MailAddress = Annotated[str, _MAIL_CHECK, _MAIL_SCHEMA]
"""A mail address."""

_API_CHECK, _API_SCHEMA = _text(
    r"(?:https://[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|http://127\.0\.0\.1)(?::[0-9]{1,5})?(?:/[A-Za-z0-9._-]+)*",
    253,
    "an https address without a slash at the end (http for 127.0.0.1 only)",
    "https://github.acme.example/api/v3",
)
ApiAddress = Annotated[str, _API_CHECK, _API_SCHEMA]
"""The base address of an API, without TLS on the same machine only."""

_BRANCH_CHECK, _BRANCH_SCHEMA = _text(
    r"[A-Za-z0-9_](?:[A-Za-z0-9_./-]*[A-Za-z0-9_-])?", 200, "the name of one branch", "main"
)
Branch = Annotated[str, _BRANCH_CHECK, _BRANCH_SCHEMA]
"""A branch. No wildcard: it goes into the conditions of trust policies."""

_REPOSITORY_CHECK, _REPOSITORY_SCHEMA = _text(
    r"[1-9][0-9]{0,17}", 18, "the number of a repository in quotes", '"123456"'
)
RepositoryId = Annotated[str, _REPOSITORY_CHECK, _REPOSITORY_SCHEMA]
"""The number of a repository on GitHub, quoted."""

_SERIAL_CHECK, _SERIAL_SCHEMA = _text(
    r"[a-zA-Z0-9_-]+", 128, "a serial number of letters, digits, _ and -", "SN-000123"
)
SerialNumber = Annotated[str, _SERIAL_CHECK, _SERIAL_SCHEMA]
"""A device's serial number, which becomes the name of its thing. No colon: SageMaker and shells stumble over it."""

_INSTANCE_CHECK, _INSTANCE_SCHEMA = _text(r"[a-z][a-z0-9-]*\.[a-z0-9-]+", 32, "an EC2 instance type", "t3.small")
InstanceType = Annotated[str, _INSTANCE_CHECK, _INSTANCE_SCHEMA]
"""An EC2 instance type."""

_PARAMETER_CHECK, _PARAMETER_SCHEMA = _text(
    r"/[A-Za-z0-9_./-]+",
    1011,
    "the name of a parameter of Systems Manager that holds an image, which begins with a slash",
    "/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id",
)
ImageParameter = Annotated[str, _PARAMETER_CHECK, _PARAMETER_SCHEMA]
"""Where the id of a machine image is kept: the image follows its publisher, and the manifest stays."""

_SUBNET_CHECK, _SUBNET_SCHEMA = _text(r"subnet-[0-9a-f]{8,17}", 24, "the id of a subnet", "subnet-0a1b2c3d4e5f60718")
SubnetId = Annotated[str, _SUBNET_CHECK, _SUBNET_SCHEMA]
_VPC_CHECK, _VPC_SCHEMA = _text(r"vpc-[0-9a-f]{8,17}", 21, "the id of a VPC", "vpc-0a1b2c3d4e5f60718")
VpcId = Annotated[str, _VPC_CHECK, _VPC_SCHEMA]

_EXTERNAL_CHECK, _EXTERNAL_SCHEMA = _text(
    r"[A-Za-z0-9_+=,.@:/-]{2,}", 1224, "two or more letters, digits and _ + = , . @ : / -", "acme-edge"
)
ExternalId = Annotated[str, _EXTERNAL_CHECK, _EXTERNAL_SCHEMA]
"""What sts:ExternalId must be; no secret, and no wildcard."""
