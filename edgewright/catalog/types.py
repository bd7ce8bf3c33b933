"""The scalars of a recipe, each with AWS's limits. The text of a refusal is what a user reads."""

from __future__ import annotations

import re
from typing import Annotated, Any, NoReturn

from pydantic import BeforeValidator

from edgewright.catalog.platforms import regex
from edgewright.versions import Range, is_version

FORMAT_VERSION = "2020-01-25"
GENERIC = "aws.greengrass.generic"
_NAME = re.compile(r"[a-zA-Z0-9._-]{1,128}")
_SKIP_IF = re.compile(r"(! *)?(onpath|exists) +\S.*")  # the nucleus reads the !, the guide does not name it
_S3_URI = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/\S+")
_DOCKER_URI = re.compile(r"docker:[a-z0-9][a-zA-Z0-9._/:@-]*")
CATALOG_URI = re.compile(r"catalog:(?P<file>.*)")
_DIGEST = re.compile(r"[0-9a-f]{64}|[A-Za-z0-9+/]{43}=")
# A file name that every shell, S3 key and file system takes as it is.
_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,127}")


def refuse(message: str, remedy: str) -> NoReturn:
    """Refuse a value from within a validator; what comes after the semicolon becomes the remedy (validation)."""
    refusal = f"{message}; {remedy}"
    raise ValueError(refusal)


def _name(value: Any) -> str:
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        refuse(
            "must be a component name: letters, digits, dots, - and _, at most 128", "write one such as com.acme.model"
        )
    return value


def _version(value: Any) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        refuse("a version must be text, and YAML reads this as a number", "put quotes around it")
    if not is_version(value):
        refuse("must be one exact version", 'write MAJOR.MINOR.PATCH, such as "1.10.0"')
    return str(value)


def _range(value: Any) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        refuse("a version range must be text, and YAML reads this as a number", "put quotes around it")
    try:
        return Range.parse(str(value)).text
    except ValueError:
        refuse("is not an npm version range, as Greengrass reads them", 'write one such as ^1.2.0 or ">=1.0.0 <2.0.0"')


def _variable(value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", value):
        refuse("cannot be the name of an environment variable", "use letters, digits and _")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        refuse("an environment variable holds text", "put quotes around the value")
    return value


def _skip_if(value: Any) -> str:
    if not isinstance(value, str) or not _SKIP_IF.fullmatch(value.strip()):
        refuse("is not a condition that is known", "write onpath EXECUTABLE or exists PATH")
    return value


def _seconds(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        refuse("must be a whole number of seconds above 0", "write it without quotes, such as 120")
    return value


def _uri(value: Any) -> str:
    if not isinstance(value, str):
        refuse("must be text", "write catalog:FILE for a file beside the recipe")
    catalog = CATALOG_URI.fullmatch(value)
    if catalog and not _FILE.fullmatch(catalog["file"]):
        refuse(
            "does not name a file beside the recipe", "write catalog:FILE without a folder, in letters, digits, . _ + -"
        )
    if re.match(r"s3://[^/]*[A-Z]", value):  # no bucket has capitals
        refuse("still has a placeholder for the bucket", "write catalog:FILE for a file in the catalog")
    if not (catalog or _S3_URI.fullmatch(value) or _DOCKER_URI.fullmatch(value)):
        refuse("is not a URI that Greengrass can fetch", "write catalog:FILE, s3://BUCKET/KEY or docker:IMAGE")
    return value


def _digest(value: Any) -> str:
    if not isinstance(value, str) or not _DIGEST.fullmatch(value):
        refuse("is not a SHA-256", "write 64 hexadecimal digits, or AWS's 44 characters of base64")
    return value


def _attribute(value: Any) -> str:
    if not isinstance(value, str) or not value:
        refuse("a platform attribute must be text", 'write a value such as linux, "*" for any, or /regex/')
    if value.lower() == "all":
        refuse("is not the documented word for any platform, though samples have it", 'write "*" for any')
    try:
        regex(value)
    except re.error as error:
        refuse(f"is not a regular expression: {error}", "correct it")
    return value


def _format_version(value: Any) -> str:
    if value != FORMAT_VERSION:
        refuse("is not the recipe format that is known", f'write "{FORMAT_VERSION}"')
    return FORMAT_VERSION


def _component_type(value: Any) -> str:
    if value != GENERIC:
        refuse("is not a type that a recipe can have: plugins and Lambda functions are not made so", "remove the line")
    return GENERIC


def _some(value: Any) -> Any:
    if value in (None, []):
        refuse("is empty, so no device could take the component", "add a manifest for each platform")
    return value


Name = Annotated[str, BeforeValidator(_name)]
Version = Annotated[str, BeforeValidator(_version)]
RangeText = Annotated[str, BeforeValidator(_range)]
Environment = dict[Annotated[str, BeforeValidator(_variable)], Annotated[str, BeforeValidator(_text)]]
Attributes = dict[str, Annotated[str, BeforeValidator(_attribute)]]
Seconds = Annotated[int, BeforeValidator(_seconds)]
Uri = Annotated[str, BeforeValidator(_uri)]
Sha256 = Annotated[str, BeforeValidator(_digest)]
SkipIf = Annotated[str, BeforeValidator(_skip_if)]
FormatVersion = Annotated[str, BeforeValidator(_format_version)]
TypeOfComponent = Annotated[str, BeforeValidator(_component_type)]
some = BeforeValidator(_some)
