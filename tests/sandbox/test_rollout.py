"""How fast a job is released, by arithmetic alone; and jobs through boto3, on a clock that runs fast."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from edgewright.sandbox.control import Sandbox
from edgewright.sandbox.iot.jobs import Rollout
from tests.sandbox.protocol import HandDevice

GROUP = "arn:aws:iot:eu-west-1:222222222222:thinggroup/main"


def released(config: dict[str, Any], things: int, *, minutes: int, succeed: bool = True) -> list[int]:
    """How many of ``things`` are released in each minute, when each succeeds at once (or never)."""
    rollout, total, by_minute = Rollout.of(config), 0, []
    for minute in range(minutes):
        before = total
        while total < things:
            allowance = rollout.allowance(minute * 60.0 + 0.5, total, total if succeed else 0)
            if not allowance:
                break
            rollout.spend(1)
            total += 1
        by_minute.append(total - before)
    return by_minute


def growing(base: int, factor: float, most: int | None = None, **criteria: int) -> dict[str, Any]:
    rate = {"baseRatePerMinute": base, "incrementFactor": factor, "rateIncreaseCriteria": criteria}
    config: dict[str, Any] = {"exponentialRate": rate}
    return config if most is None else {**config, "maximumPerMinute": most}


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        pytest.param({}, [1000, 1000, 500, 0], id="a thousand a minute by default"),
        pytest.param({"maximumPerMinute": 2}, [2, 2, 2, 2], id="a constant rate"),
        pytest.param(growing(5, 2, numberOfNotifiedThings=10), [5, 5, 10, 20], id="grows as things are notified"),
        pytest.param(growing(5, 2, 8, numberOfNotifiedThings=10), [5, 5, 8, 8], id="never over the maximum"),
        pytest.param(growing(5, 1.5, numberOfSucceededThings=5), [5, 7, 11, 16], id="grows as things succeed"),
    ],
)
def test_executions_are_released_at_the_rate(config: dict[str, Any], expected: list[int]) -> None:
    assert released(config, 2500, minutes=4) == expected


def test_a_rate_that_waits_for_success_does_not_grow_without() -> None:
    config = growing(3, 2, numberOfSucceededThings=1)
    assert released(config, 100, minutes=4, succeed=False) == [3, 3, 3, 3]


def test_minutes_in_which_nothing_waits_are_not_saved_up() -> None:
    rollout = Rollout.of({"maximumPerMinute": 2})
    assert rollout.allowance(0.0, 0, 0) == 2
    assert rollout.allowance(600.0, 0, 0) == 2
    rollout.spend(2)
    assert rollout.allowance(630.0, 2, 0) == 0
    assert rollout.allowance(660.0, 2, 0) == 2


# --- through the API ----------------------------------------------------------------------------------------------


@pytest.fixture
def iot(sandbox: Sandbox) -> Any:
    client = sandbox.client("iot", "staging")
    client.create_thing_group(thingGroupName="main")
    return client


def deploy(sandbox: Sandbox, **config: Any) -> str:
    greengrass = sandbox.client("greengrassv2", "staging")
    made = greengrass.create_deployment(targetArn=GROUP, components={}, iotJobConfiguration=config)
    return str(made["iotJobId"])


def counts(iot: Any, job: str) -> dict[str, int]:
    details = iot.describe_job(jobId=job)["job"]["jobProcessDetails"]
    return {
        key.removeprefix("numberOf").removesuffix("Things"): value
        for key, value in details.items()
        if key != "processingTargets" and value
    }


def eventually(holds: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)  # the server tells devices, not tests


def test_counts_move_as_devices_report(sandbox: Sandbox, iot: Any) -> None:
    devices = [HandDevice.make(sandbox, f"cam-00{n}", "main") for n in range(4)]
    job = deploy(sandbox)
    assert counts(iot, job) == {"Queued": 4}
    started = devices[0].next_job()
    assert started is not None
    assert (started["jobId"], started["status"], started["versionNumber"]) == (job, "IN_PROGRESS", 2)
    assert counts(iot, job) == {"Queued": 3, "InProgress": 1}
    devices[0].finish(job, "SUCCEEDED", detailed_deployment_status="SUCCESSFUL")
    devices[1].take_all("FAILED")
    devices[2].take_all("REJECTED")
    assert counts(iot, job) == {"Queued": 1, "Succeeded": 1, "Failed": 1, "Rejected": 1}
    execution = iot.describe_job_execution(jobId=job, thingName="cam-000")["execution"]
    assert execution["status"] == "SUCCEEDED"
    assert execution["statusDetails"]["detailsMap"] == {"detailed-deployment-status": "SUCCESSFUL"}
    pages = iot.get_paginator("list_job_executions_for_job").paginate(jobId=job, PaginationConfig={"PageSize": 3})
    states = {
        e["thingArn"].rpartition("/")[2]: e["jobExecutionSummary"]["status"]
        for page in pages
        for e in page["executionSummaries"]
    }
    assert states == {"cam-000": "SUCCEEDED", "cam-001": "FAILED", "cam-002": "REJECTED", "cam-003": "QUEUED"}
    failed = iot.list_job_executions_for_job(jobId=job, status="FAILED")["executionSummaries"]
    assert [e["thingArn"].rpartition("/")[2] for e in failed] == ["cam-001"]
    assert iot.describe_job(jobId=job)["job"]["status"] == "IN_PROGRESS"


def test_late_joiners_get_the_job_and_leavers_lose_it(sandbox: Sandbox, iot: Any) -> None:
    job = deploy(sandbox)
    assert counts(iot, job) == {}
    device = HandDevice.make(sandbox, "cam-001", "main")
    assert counts(iot, job) == {"Queued": 1}
    iot.remove_thing_from_thing_group(thingGroupName="main", thingName="cam-001")
    assert counts(iot, job) == {"Removed": 1}
    assert device.next_job() is None
    iot.add_thing_to_thing_group(thingGroupName="main", thingName="cam-001")
    assert device.take_all() == 1
    assert counts(iot, job) == {"Succeeded": 1}
    assert iot.describe_job_execution(jobId=job, thingName="cam-001")["execution"]["executionNumber"] == 2


def test_a_device_that_has_succeeded_keeps_its_result_when_it_leaves(sandbox: Sandbox, iot: Any) -> None:
    device = HandDevice.make(sandbox, "cam-001", "main")
    job = deploy(sandbox)
    device.take_all()
    iot.remove_thing_from_thing_group(thingGroupName="main", thingName="cam-001")
    assert counts(iot, job) == {"Succeeded": 1}


def test_a_cancelled_job_lets_devices_finish_what_they_have_begun(sandbox: Sandbox, iot: Any) -> None:
    busy, idle = (HandDevice.make(sandbox, name, "main") for name in ("busy", "idle"))
    job = deploy(sandbox)
    assert busy.next_job() is not None
    second = deploy(sandbox)
    assert counts(iot, job) == {"InProgress": 1, "Canceled": 1}
    assert busy.finish(job).status == 200
    assert counts(iot, job) == {"Succeeded": 1, "Canceled": 1}
    assert [idle.take_all(), busy.take_all()] == [1, 1]
    assert counts(iot, second) == {"Succeeded": 2}


def test_a_rate_releases_minute_by_minute(sandbox: Sandbox, iot: Any) -> None:
    for n in range(5):
        HandDevice.make(sandbox, f"cam-00{n}", "main")
    job = deploy(sandbox, jobExecutionsRolloutConfig={"maximumPerMinute": 2})
    details = iot.describe_job(jobId=job)["job"]["jobProcessDetails"]
    assert details["processingTargets"] == [GROUP]
    assert len(iot.list_job_executions_for_job(jobId=job)["executionSummaries"]) == 2
    sandbox.set_speed(600)  # a minute in a tenth of a second
    eventually(lambda: len(iot.list_job_executions_for_job(jobId=job)["executionSummaries"]) == 5)
    assert iot.describe_job(jobId=job)["job"]["jobProcessDetails"]["processingTargets"] == []


def test_a_criterion_aborts_the_job_for_those_who_wait(sandbox: Sandbox, iot: Any) -> None:
    devices = [HandDevice.make(sandbox, f"cam-00{n}", "main") for n in range(4)]
    criterion = {
        "failureType": "FAILED",
        "action": "CANCEL",
        "thresholdPercentage": 50,
        "minNumberOfExecutedThings": 2,
    }
    job = deploy(sandbox, abortConfig={"criteriaList": [criterion]})
    devices[0].take_all("FAILED")
    assert iot.describe_job(jobId=job)["job"]["status"] == "IN_PROGRESS"
    devices[1].take_all("SUCCEEDED")
    assert counts(iot, job) == {"Failed": 1, "Succeeded": 1, "Canceled": 2}
    found = iot.describe_job(jobId=job)["job"]
    assert (found["status"], found["reasonCode"]) == ("CANCELED", "AUTO_CANCELED")
    deployments = sandbox.client("greengrassv2", "staging").list_deployments()["deployments"]
    assert [d["deploymentStatus"] for d in deployments] == ["CANCELED"]


def test_an_execution_times_out(sandbox: Sandbox, iot: Any) -> None:
    device = HandDevice.make(sandbox, "cam-001", "main")
    job = deploy(sandbox, timeoutConfig={"inProgressTimeoutInMinutes": 5})
    started = device.next_job()
    assert started is not None
    assert 295 <= started["approximateSecondsBeforeTimedOut"] <= 300
    sandbox.set_speed(6000)
    eventually(lambda: counts(iot, job) == {"TimedOut": 1})
    late = device.finish(job)
    assert (late.status, late.body["__type"]) == (409, "InvalidStateTransitionException")
    assert late.body["executionState"]["status"] == "TIMED_OUT"


def test_a_job_of_things_completes_when_all_have_ended(sandbox: Sandbox, iot: Any) -> None:
    device = HandDevice.make(sandbox, "cam-001")
    arn = "arn:aws:iot:eu-west-1:222222222222:thing/cam-001"
    iot.create_job(jobId="reboot", targets=[arn], document="{}")
    assert device.take_all() == 1
    job = iot.describe_job(jobId="reboot")["job"]
    assert (job["status"], job["targetSelection"]) == ("COMPLETED", "SNAPSHOT")
    iot.delete_job(jobId="reboot")
    assert iot.list_jobs()["jobs"] == []
