"""The operations of the jobs data plane on the executions of one thing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edgewright.sandbox.iot.exceptions import ResourceNotFound
from edgewright.sandbox.iot.jobs import WAITING
from edgewright.sandbox.iot.models import SandboxIoTBackend

NEXT = "$next"


def pending(iot: SandboxIoTBackend, thing: str) -> dict[str, Any]:
    """GetPendingJobExecutions."""
    iot.describe_thing(thing)
    executions = iot.executions(thing)
    return {
        "inProgressJobs": [e.summary() for e in executions if e.status == "IN_PROGRESS"],
        "queuedJobs": [e.summary() for e in executions if e.status == "QUEUED"],
    }


def start_next(
    iot: SandboxIoTBackend, thing: str, details: Mapping[str, str] | None, step_minutes: int | None
) -> dict[str, Any]:
    """StartNextPendingJobExecution; an empty answer when there is none."""
    iot.describe_thing(thing)
    execution = iot.start_next(thing, details, step_minutes)
    return {"execution": execution.data(document=True)} if execution is not None else {}


def describe(iot: SandboxIoTBackend, thing: str, job_id: str, *, document: bool, number: int | None) -> dict[str, Any]:
    """DescribeJobExecution; ``$next`` is the next pending one."""
    iot.describe_thing(thing)
    if job_id == NEXT:
        waiting = [e for e in iot.executions(thing) if e.status in WAITING]
        return {"execution": waiting[0].data(document=document)} if waiting else {}
    execution = iot.executions_of.get(thing, {}).get(job_id)
    if execution is None or (number is not None and number != execution.execution_number):
        raise ResourceNotFound(f"No execution of job {job_id} on thing {thing}")
    return {"execution": execution.data(document=document)}


def update(iot: SandboxIoTBackend, thing: str, job_id: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """UpdateJobExecution."""
    if iot.executions_of.get(thing, {}).get(job_id) is None:
        raise ResourceNotFound(f"No execution of job {job_id} on thing {thing}")
    execution = iot.update_execution(
        job_id,
        thing,
        status=given["status"],
        details=given.get("statusDetails"),
        expected=given.get("expectedVersion"),
        step_minutes=given.get("stepTimeoutInMinutes"),
    )
    answer: dict[str, Any] = {}
    if given.get("includeJobExecutionState"):
        answer["executionState"] = execution.state_document()
    if given.get("includeJobDocument"):
        answer["jobDocument"] = execution.job.document
    return answer
