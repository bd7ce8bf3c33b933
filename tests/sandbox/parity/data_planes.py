"""The data planes of AWS IoT: jobs and shadows, as signed requests ask for them."""

from __future__ import annotations

from typing import Any

from tests.sandbox.parity.case import Case

# fmt: off
# ruff: noqa: E501 -- a table is read by its rows
CASES: list[Case] = []
INVALID, MISSING = "InvalidRequestException", "ResourceNotFoundException"
_STATUS = {MISSING: 404, "VersionMismatch": 409, "InvalidStateTransitionException": 409, "ConflictException": 409}


def good(service: str, operation: str, name: str, _holds: dict[str, Any] | None = None, **given: Any) -> None:
    CASES.append(Case(service, operation, given, name, holds=_holds or {}))


def bad(service: str, operation: str, name: str, message: str, _code: str = INVALID, **given: Any) -> None:
    CASES.append(Case(service, operation, given, name, _code, _STATUS.get(_code, 400), message))


JOBS, DATA = "iot-jobs-data", "iot-data"
good(JOBS, "DescribeJobExecution", "that waits", {"execution.status": "QUEUED", "execution.versionNumber": 1, "execution.jobDocument": "{}"},
     jobId="running", thingName="plain")
good(JOBS, "DescribeJobExecution", "without its document", {"execution.jobDocument": None}, jobId="running", thingName="plain", includeJobDocument=False)
good(JOBS, "GetPendingJobExecutions", "that wait", {"len(queuedJobs)": 1, "queuedJobs.0.jobId": "running", "inProgressJobs": []}, thingName="plain")
good(JOBS, "GetPendingJobExecutions", "of a thing without", {"queuedJobs": [], "inProgressJobs": []}, thingName="client")
good(JOBS, "StartNextPendingJobExecution", "where there is none", {"execution": None}, thingName="client")
bad(JOBS, "DescribeJobExecution", "none", ".*", MISSING, jobId="none", thingName="plain")
bad(JOBS, "DescribeJobExecution", "of no thing", ".*", MISSING, jobId="running", thingName="client")
bad(JOBS, "UpdateJobExecution", "none", ".*", MISSING, jobId="none", thingName="plain", status="SUCCEEDED")
bad(JOBS, "UpdateJobExecution", "a status that there is not", ".*at 'status'.*enum value set.*", jobId="running", thingName="plain", status="LOST")
bad(JOBS, "UpdateJobExecution", "a status that devices cannot report", ".*TIMED_OUT is not a status.*", jobId="running", thingName="plain", status="TIMED_OUT")
bad(JOBS, "UpdateJobExecution", "a version that is over", "Expected version 7 .*", "VersionMismatch", jobId="running", thingName="plain", status="SUCCEEDED", expectedVersion=7)
bad(JOBS, "UpdateJobExecution", "that has ended", "Invalid state transition from CANCELED.*", "InvalidStateTransitionException", jobId="stopped", thingName="plain", status="SUCCEEDED")
bad(JOBS, "UpdateJobExecution", "without a status", ".*at 'status'.*must not be null", jobId="running", thingName="plain")

bad(DATA, "GetThingShadow", "none", ".*", MISSING, thingName="plain")
bad(DATA, "GetThingShadow", "none of that name", ".*", MISSING, thingName="plain", shadowName="none")
bad(DATA, "UpdateThingShadow", "not JSON", ".*", thingName="client", payload=b"{")
good(DATA, "GetThingShadow", "of a deployment", thingName="cam-001", shadowName="AWSManagedGreengrassV2Deployment")
good(DATA, "ListNamedShadowsForThing", "of a deployment", {"results": ["AWSManagedGreengrassV2Deployment"]}, thingName="cam-001")
