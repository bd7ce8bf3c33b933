"""What an event of the model registry says, believed only as far as its form goes.

Whoever registers a package chooses much of the text in its events. Here every value that goes on has a form in which
a shell, a path or a page finds nothing; an event with any other value is refused whole, and no retry helps it.

Source: "Automating Amazon SageMaker AI with Amazon EventBridge". Any change of an approved package brings an event
that says Approved again; UpdatedModelPackageFields tells what changed, and is missing where the package is new.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

SOURCE = "aws.sagemaker"
DETAIL_TYPE = "SageMaker Model Package State Change"
STATUS = "ModelApprovalStatus"
STATUSES = ("Approved", "Rejected")

_ARN = re.compile(
    r"arn:aws[a-z-]{0,10}:sagemaker:[a-z0-9-]{5,32}:(?P<account>[0-9]{12}):model-package/"
    r"(?P<group>[a-zA-Z0-9](?:-*[a-zA-Z0-9]){0,62})/(?P<version>[1-9][0-9]{0,8})"
)
_S3 = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/[A-Za-z0-9_.=@+-]+(?:/[A-Za-z0-9_.=@+-]+)*")
_UP = re.compile(r"(?:^|/)\.\.?(?:/|$)")
_DIGEST = re.compile(r"(?:[Ss][Hh][Aa]256:)?(?P<hex>[0-9a-fA-F]{64})")
_MOMENT = re.compile(r"[0-9][0-9TZ:.+-]{0,39}")
_EVENT = re.compile(r"[A-Za-z0-9-]{1,64}")


class IgnoredError(Exception):
    """There is nothing to do, and that is right; the text says why."""


class RefusedError(Exception):
    """The event is not what the registry sends, or says what nobody may say; the text names the field."""


@dataclass(frozen=True)
class Approval:
    """A package of a watched group was approved or rejected."""

    arn: str
    group: str
    version: int
    status: str
    """Approved or Rejected."""
    artifact: str | None
    """``s3://`` address of the model's data."""
    digest: str | None
    """SHA-256 of the artifact in hexadecimal, where whoever registered the package said it."""
    modified: str
    """When the package was changed: with ARN and status, this makes the change one of its own."""
    event: str
    """Id of the event, to find it in the logs."""

    @property
    def key(self) -> str:
        """What all events about this change have in common, in hexadecimal."""
        return hashlib.sha256(json.dumps([self.arn, self.status, self.modified]).encode()).hexdigest()


def read(event: Any, *, groups: Collection[str], account: str) -> Approval:
    """Read an event.

    Args:
        event: As EventBridge delivers it.
        groups: The model package groups that are watched.
        account: Id of the account whose registry is watched.

    Raises:
        IgnoredError: it is about something else, or nothing about the approval changed.
        RefusedError: it has a value that cannot be.
    """
    if not isinstance(event, Mapping) or not isinstance(event.get("detail"), Mapping):
        msg = "is no event of EventBridge"
        raise RefusedError(msg)
    if (event.get("source"), event.get("detail-type")) != (SOURCE, DETAIL_TYPE):
        msg = "is about no model package"
        raise IgnoredError(msg)
    detail = event["detail"]
    changed = detail.get("UpdatedModelPackageFields")
    if changed is not None and not (isinstance(changed, list) and STATUS in changed):
        msg = "the approval is as it was"
        raise IgnoredError(msg)
    status = detail.get(STATUS)
    if status not in STATUSES:
        msg = "is neither an approval nor a rejection"
        raise IgnoredError(msg)
    match = _ARN.fullmatch(_text(detail, "ModelPackageArn"))
    if match is None or match["account"] != account:
        msg = "ModelPackageArn is of no versioned package of this account"
        raise RefusedError(msg)
    if match["group"] not in groups:
        msg = "the group is not watched"
        raise IgnoredError(msg)
    if detail.get("ModelPackageGroupName", match["group"]) != match["group"]:
        msg = "ModelPackageGroupName is not the group of ModelPackageArn"
        raise RefusedError(msg)
    return Approval(
        arn=match[0],
        group=match["group"],
        version=int(match["version"]),
        status=status,
        artifact=_artifact(detail),
        digest=_digest(detail),
        modified=_formed(_MOMENT, detail.get("LastModifiedTime", event.get("time")), "LastModifiedTime"),
        event=_formed(_EVENT, event.get("id"), "id"),
    )


def _text(detail: Mapping[str, Any], name: str) -> str:
    value = detail.get(name)
    return value if isinstance(value, str) else ""


def _formed(form: re.Pattern[str], value: Any, name: str) -> str:
    text = str(value) if isinstance(value, str | int) else ""
    if form.fullmatch(text) is None:
        msg = f"{name} has not the form that it must have"
        raise RefusedError(msg)
    return text


def _artifact(detail: Mapping[str, Any]) -> str | None:
    specification = detail.get("InferenceSpecification")
    containers = specification.get("Containers") if isinstance(specification, Mapping) else None
    if not isinstance(containers, list) or len(containers) != 1 or not isinstance(containers[0], Mapping):
        return None  # the import says what it wants of a package; nothing of this goes on
    address = containers[0].get("ModelDataUrl")
    if address is None:
        return None
    if not isinstance(address, str) or len(address) > 1024 or not _S3.fullmatch(address) or _UP.search(address):
        msg = "ModelDataUrl is no plain address of an object in S3"
        raise RefusedError(msg)
    return address


def _digest(detail: Mapping[str, Any]) -> str | None:
    metadata = detail.get("CustomerMetadataProperties")
    said = metadata.get("artifactSha256") if isinstance(metadata, Mapping) else None
    if said is None:
        return None
    match = _DIGEST.fullmatch(said) if isinstance(said, str) else None
    if match is None:
        msg = "CustomerMetadataProperties.artifactSha256 is no SHA-256"
        raise RefusedError(msg)
    return match["hex"].lower()
