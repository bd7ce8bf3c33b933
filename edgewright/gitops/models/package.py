"""A model package, as SageMaker describes it, with its artifact and its metrics."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edgewright.atomic import replacing
from edgewright.aws.body import content
from edgewright.aws.session import Session
from edgewright.errors import EdgewrightError, RefusedError

_ARN = re.compile(
    r"arn:aws[a-z-]*:sagemaker:(?P<region>[a-z0-9-]+):(?P<account>[0-9]{12}):model-package/"
    r"(?P<group>[a-zA-Z0-9](?:-*[a-zA-Z0-9]){0,62})/(?P<number>[1-9][0-9]{0,8})"
)
_S3 = re.compile(r"s3://(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])/(?P<key>[!-~][ -~]{0,1023})")
_DIGEST = re.compile(r"(?:[Ss][Hh][Aa]256:)?(?P<hex>[0-9a-fA-F]{64})")
_COMMIT = re.compile(r"[0-9a-fA-F]{7,64}")
LARGEST_ARTIFACT = 2 << 30  # bytes
LARGEST_METRICS = 1 << 20


@dataclass(frozen=True)
class Arn:
    """A versioned model package."""

    text: str
    region: str
    account: str
    group: str
    number: int

    @classmethod
    def parse(cls, text: str) -> Arn:
        """Read an ARN; what follows is built from its parts, never from the text.

        Raises:
            EdgewrightError: it is none of a versioned model package.
        """
        match = _ARN.fullmatch(text)
        if match is None:
            form = "arn:aws:sagemaker:REGION:ACCOUNT:model-package/GROUP/3"
            msg = f"{text[:200]!r} is no ARN of a versioned model package; it looks like {form}"
            raise EdgewrightError(msg)
        return cls(text, match["region"], match["account"], match["group"], int(match["number"]))


@dataclass(frozen=True)
class Package:
    """What the registry knows of a version of a model."""

    arn: Arn
    status: str
    """PendingManualApproval, Approved or Rejected."""
    artifact: str
    """``s3://`` address."""
    digest: str | None
    """SHA-256 that the package itself names, in hexadecimal."""
    metrics_address: str | None
    metrics_digest: str | None
    repository: str | None
    commit: str | None
    generated_by: str | None
    approved: str | None
    metadata: Mapping[str, str] = field(default_factory=dict)


def describe(session: Session, arn: Arn) -> Package:
    """Ask the registry.

    Raises:
        AwsError: there is no such package, or it may not be read.
        EdgewrightError: the package has no artifact that can be imported.
    """
    answer = session.call(
        "sagemaker", "describe_model_package", doing=f"read the model package {arn.text}", ModelPackageName=arn.text
    )
    containers = (answer.get("InferenceSpecification") or {}).get("Containers") or []
    if len(containers) != 1 or not containers[0].get("ModelDataUrl"):
        msg = f"{arn.text} has {len(containers)} containers; a package with one, and with ModelDataUrl, can be imported"
        raise EdgewrightError(msg)
    state = answer.get("ModelPackageStatus")
    if state != "Completed":
        msg = f"{arn.text} is {state}; wait until it is Completed"
        raise RefusedError(msg)
    origin = answer.get("MetadataProperties") or {}
    metadata = {str(key): str(value) for key, value in (answer.get("CustomerMetadataProperties") or {}).items()}
    statistics = ((answer.get("ModelMetrics") or {}).get("ModelQuality") or {}).get("Statistics") or {}
    return Package(
        arn=arn,
        status=str(answer.get("ModelApprovalStatus") or ""),
        artifact=str(containers[0]["ModelDataUrl"]),
        digest=_hex(metadata.get("artifactSha256"), "CustomerMetadataProperties.artifactSha256"),
        metrics_address=statistics.get("S3Uri"),
        metrics_digest=_hex(statistics.get("ContentDigest"), "ModelMetrics.ModelQuality.Statistics.ContentDigest"),
        repository=_plain(origin.get("Repository")),
        commit=_commit(origin.get("CommitId")),
        generated_by=_plain(origin.get("GeneratedBy")),
        approved=_plain(answer.get("ApprovalDescription")),
        metadata=metadata,
    )


def approval(session: Session, arn: Arn) -> tuple[str, str | None]:
    """Return a package's approval status and what was written with it, whatever else the package is.

    Raises:
        AwsError: there is no such package, or it may not be read.
    """
    answer = session.call(
        "sagemaker", "describe_model_package", doing=f"read the model package {arn.text}", ModelPackageName=arn.text
    )
    return str(answer.get("ModelApprovalStatus") or ""), _plain(answer.get("ApprovalDescription"))


def _hex(value: Any, what: str) -> str | None:
    if not value:
        return None
    match = _DIGEST.fullmatch(str(value))
    if match is None:
        msg = f"{what} of the package is no SHA-256 (got {str(value)[:80]!r}); correct it in the registry"
        raise EdgewrightError(msg)
    return match["hex"].lower()


def _plain(value: Any) -> str | None:
    """A text for people: one line, without what a terminal or YAML would take for more."""
    if not value:
        return None
    return "".join(character if character.isprintable() else " " for character in str(value))[:500].strip() or None


def _commit(value: Any) -> str | None:
    return str(value) if value and _COMMIT.fullmatch(str(value)) else None


def download(session: Session, address: str, target: Path, *, limit: int, expected: str | None, what: str) -> str:
    """Download an object and check its digest; return its SHA-256 in hexadecimal.

    Args:
        session: By which it is read.
        address: ``s3://`` address.
        target: The file to write.
        limit: Bytes that it may have.
        expected: The SHA-256 that it must have, if that is known.
        what: What it is, for messages.

    Raises:
        AwsError: it is not there, may not be read, or did not come whole; there is no target then.
        RefusedError: it is too large, or is not what it should be.
        EdgewrightError: the address is no single object in S3.
    """
    match = _S3.fullmatch(address)
    if match is None or match["key"].endswith("/"):
        msg = f"{what} is at {address!r}, which is no object in S3; register the package with an s3://BUCKET/KEY"
        raise EdgewrightError(msg)
    total, size = hashlib.sha256(), 0
    coming = content(session, doing=f"download {address}", Bucket=match["bucket"], Key=match["key"])
    with closing(coming), replacing(target) as temporary:
        with temporary.open("wb") as file:
            for block in coming:
                size += len(block)
                if size > limit:
                    msg = f"{what} at {address} has more than {limit} bytes; that is not taken"
                    raise RefusedError(msg)
                total.update(block)
                file.write(block)
        found = total.hexdigest()
        if expected is not None and found != expected:
            msg = f"{what} at {address} has SHA-256 {found}, the package says {expected}: it was changed since"
            raise RefusedError(msg)
    return found


def metrics(session: Session, package: Package, folder: Path) -> dict[str, float]:
    """Return the numbers of the package's quality report, by their path in it; empty where it has none.

    SageMaker's own report nests ``{"accuracy": {"value": 0.95}}``; such a value goes by the name above it.

    Raises:
        AwsError: the report may not be read.
        RefusedError: the report was changed after it was registered.
        EdgewrightError: it is no JSON.
    """
    if package.metrics_address is None:
        return {}
    file = folder / "metrics.json"
    expected = package.metrics_digest
    download(session, package.metrics_address, file, limit=LARGEST_METRICS, expected=expected, what="the report")
    try:
        report = json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        msg = f"the report at {package.metrics_address} is no JSON: {error}"
        raise EdgewrightError(msg) from error
    found: dict[str, float] = {}
    _numbers(report, (), found)
    return dict(sorted(found.items())[:50])


_KEY = re.compile(r"[A-Za-z0-9_.@-]{1,64}")


def _numbers(value: Any, path: tuple[str, ...], found: dict[str, float]) -> None:
    if isinstance(value, dict) and len(path) < 6:
        for key, inner in value.items():
            if isinstance(key, str) and _KEY.fullmatch(key):
                _numbers(inner, path if key == "value" and path else (*path, key), found)
    elif isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and path:
        short = path[-1]
        found[".".join(path) if short in found else short] = float(value)
