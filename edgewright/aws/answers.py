"""AWS's answers about rings and devices as the models of a reading."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from edgewright.aws.reading import Deployment, Execution, Installed, Job, Outcome
from edgewright.documents.request import OWNER_TAG

RELEASE_TAG = "edgewright:release"
COUNTS = {
    "QUEUED": "queued",
    "IN_PROGRESS": "in_progress",
    "SUCCEEDED": "succeeded",
    "FAILED": "failed",
    "REJECTED": "rejected",
    "TIMED_OUT": "timed_out",
    "CANCELED": "canceled",
    "REMOVED": "removed",
}
"""States of an execution, and where a job's counts have them."""


def deployment(answer: Mapping[str, Any]) -> Deployment:
    """Return GetDeployment's answer (with its tags) as a deployment."""
    tags = dict(answer.get("tags") or {})
    return Deployment(
        id=answer["deploymentId"],
        revision=str(answer.get("revisionId") or ""),
        name=str(answer.get("deploymentName") or ""),
        created=answer["creationTimestamp"].astimezone(UTC),
        status=str(answer.get("deploymentStatus") or ""),
        job_id=answer.get("iotJobId"),
        components={name: each["componentVersion"] for name, each in (answer.get("components") or {}).items()},
        release=tags.get(RELEASE_TAG),
        owner=tags.get(OWNER_TAG),
        tags=tags,
    )


def job(answer: Mapping[str, Any]) -> Job:
    """Return DescribeJob's answer as a job."""
    found = answer["job"]
    details = found.get("jobProcessDetails") or {}
    counts = {name: int(details.get(f"numberOf{_title(status)}Things") or 0) for status, name in COUNTS.items()}
    return Job(id=found["jobId"], status=str(found.get("status") or ""), **counts)


def execution(item: Mapping[str, Any]) -> tuple[str, Execution]:
    """Return an item of ListJobExecutionsForJob as a thing's name and its execution."""
    summary = item["jobExecutionSummary"]
    found = Execution(
        status=summary["status"], queued=_moment(summary.get("queuedAt")), updated=_moment(summary.get("lastUpdatedAt"))
    )
    return item["thingArn"].partition("thing/")[2], found


def report(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return an item of ListCoreDevices (or GetCoreDevice's answer) as fields of a device."""
    return {
        "health": item.get("status"),
        "reported": _moment(item.get("lastStatusUpdateTimestamp")),
        "platform": item.get("platform"),
        "architecture": item.get("architecture"),
        "runtime": item.get("runtime"),
    }


def installed(item: Mapping[str, Any]) -> Installed:
    """Return an item of ListInstalledComponents."""
    return Installed(
        name=item["componentName"],
        version=item["componentVersion"],
        state=str(item.get("lifecycleState") or ""),
        details=str(item.get("lifecycleStateDetails") or ""),
        codes=tuple(item.get("lifecycleStatusCodes") or ()),
        root=bool(item.get("isRoot")),
        source=str(item.get("lastInstallationSource") or ""),
        changed=_moment(item.get("lastStatusChangeTimestamp")),
        reported=_moment(item.get("lastReportedTimestamp")),
    )


def outcome(item: Mapping[str, Any]) -> Outcome:
    """Return an item of ListEffectiveDeployments."""
    details = item.get("statusDetails") or {}
    return Outcome(
        status=str(item.get("coreDeviceExecutionStatus") or ""),
        reason=str(item.get("reason") or ""),
        codes=tuple(details.get("errorStack") or ()),
        updated=_moment(item.get("modifiedTimestamp")),
    )


def _title(status: str) -> str:
    """``TIMED_OUT`` as in ``numberOfTimedOutThings``."""
    return "".join(word.title() for word in status.split("_"))


def _moment(value: Any) -> datetime | None:
    """Return a moment of botocore in UTC; None stays None."""
    return value.astimezone(UTC) if isinstance(value, datetime) else None
