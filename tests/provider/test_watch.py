"""Watching: one look at a time, rarer while nothing changes, ended by the verdict, the deadline or the user."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from edgewright.aws.errors import AwsError
from edgewright.provider.plugin import Context, PluginError
from edgewright.provider.uninstall import _delete
from edgewright.provider.verdict import Outcome, Policy
from edgewright.provider.watch import Interrupted, Revision, Watch

GROUP = "arn:aws:iot:eu-west-1:222222222222:thinggroup/ring"
THING = "arn:aws:iot:eu-west-1:222222222222:thing/cam-001"


@dataclass
class Fake:
    """A cloud whose job and reports a test writes down; it counts the calls."""

    things: list[str] = field(default_factory=list)
    statuses: dict[str, str] = field(default_factory=dict)
    job_status: str = "IN_PROGRESS"
    reports: dict[str, dict[str, Any]] = field(default_factory=dict)
    poll: float = 0.01
    pickup: float = 0.05
    calls: list[str] = field(default_factory=list)
    on_look: Callable[[Fake], None] = lambda _: None
    deleting: list[AwsError] = field(default_factory=list)
    components: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    async def members(self, _group: str) -> list[str]:
        self.calls.append("members")
        return self.things

    async def job(self, _job_id: str) -> dict[str, Any]:
        self.calls.append("job")
        self.on_look(self)
        names = {"QUEUED": "Queued", "IN_PROGRESS": "InProgress", "TIMED_OUT": "TimedOut"}
        counts: dict[str, int] = {}
        for status in self.statuses.values():
            key = f"numberOf{names.get(status, status.capitalize())}Things"
            counts[key] = counts.get(key, 0) + 1
        return {"status": self.job_status, "jobProcessDetails": counts}

    async def executions(self, _job_id: str, status: str) -> list[str]:
        self.calls.append(f"executions {status}")
        return [thing for thing, now in self.statuses.items() if now == status]

    async def effective_deployment(self, thing: str, _deployment_id: str) -> dict[str, Any] | None:
        self.calls.append("report")
        self.on_look(self)
        return self.reports.get(thing)

    async def execution_details(self, _job_id: str, _thing: str) -> dict[str, str]:
        return {}

    async def installed(self, thing: str) -> list[dict[str, Any]]:
        self.calls.append(f"installed {thing}")
        return self.components.get(thing, [])

    async def cancel_deployment(self, deployment_id: str) -> None:
        self.calls.append(f"cancel {deployment_id}")

    async def delete_deployment(self, deployment_id: str) -> None:
        self.calls.append(f"delete {deployment_id}")
        if self.deleting:
            raise self.deleting.pop(0)


def context(said: list[str] | None = None) -> Context:
    async def log(_severity: str, _message: str) -> None:
        return None

    async def status(message: str) -> None:
        if said is not None:
            said.append(message)

    return Context(
        urn="urn",
        name="n",
        preview=False,
        timeout=None,
        cancelled=asyncio.Event(),
        configuration=None,
        project=Path(),
        seed=b"",
        log=log,
        status=status,
    )


def watch(cloud: Fake, target: str = GROUP, seconds: float = 5, policy: Policy | None = None) -> Watch:
    return Watch(cloud, Revision(target, "d-1", "job-1" if target == GROUP else None), policy or Policy(), seconds)


def test_progress_is_said_when_it_changes_and_only_then() -> None:
    steps = iter(["IN_PROGRESS", "IN_PROGRESS", "IN_PROGRESS", "SUCCEEDED"])
    cloud = Fake(things=["a", "b"], statuses={"a": "SUCCEEDED", "b": "IN_PROGRESS"})
    cloud.on_look = lambda fake: fake.statuses.update(b=next(steps))
    said: list[str] = []
    verdict = asyncio.run(watch(cloud).verdict(context(said), label="revision 2: "))
    assert (verdict.outcome, verdict.reason) == (Outcome.PASSED, "2 of 2 online devices done")
    assert said == ["revision 2: 1 of 2 online devices done"]


def test_a_look_costs_one_call_while_nobody_may_be_offline() -> None:
    steps = iter(["IN_PROGRESS", "IN_PROGRESS", "SUCCEEDED"])
    cloud = Fake(things=["a"])
    cloud.on_look = lambda fake: fake.statuses.update(a=next(steps))
    asyncio.run(watch(cloud).verdict(context()))
    assert cloud.calls == ["job", "members", "job", "job"]


def test_the_rollouts_slow_start_is_not_mistaken_for_offline_devices() -> None:
    cloud = Fake(things=["a", "b", "c"], statuses={"a": "SUCCEEDED"})
    verdict = asyncio.run(watch(cloud, seconds=0.2).verdict(context()))
    assert "2 not reached by the rollout yet" in verdict.reason
    assert (verdict.outcome, "deadline passed" in verdict.reason) == (Outcome.PASSED, True)


def test_a_device_that_begins_late_counts_again() -> None:
    cloud = Fake(things=["a", "b"], statuses={"a": "IN_PROGRESS", "b": "QUEUED"})
    began = time.monotonic()

    def later(fake: Fake) -> None:
        if time.monotonic() - began > 0.15:
            fake.statuses.update(a="SUCCEEDED", b="FAILED")

    cloud.on_look = later
    verdict = asyncio.run(watch(cloud).verdict(context()))
    assert (verdict.outcome, verdict.reason) == (
        Outcome.FAILED,
        "too many devices failed: 1 of 2 online devices done, 1 failed",
    )


def test_the_user_can_interrupt_at_any_moment() -> None:
    async def main() -> None:
        cloud = Fake(things=["a"], statuses={"a": "IN_PROGRESS"}, poll=60)
        here = context()
        running = asyncio.ensure_future(watch(cloud, seconds=600).verdict(here))
        await asyncio.sleep(0)
        here.cancelled.set()
        with pytest.raises(Interrupted):
            await running

    asyncio.run(main())


def test_no_wait_means_no_call() -> None:
    cloud = Fake()
    verdict = asyncio.run(watch(cloud, seconds=0).verdict(context()))
    assert (verdict.outcome, cloud.calls) == (Outcome.PASSED, [])


@pytest.mark.parametrize(
    ("status", "outcome", "words"),
    [
        pytest.param("COMPLETED", Outcome.PASSED, "1 of 1 online device done", id="completed"),
        pytest.param("FAILED", Outcome.FAILED, "1 failed", id="failed"),
        pytest.param("CANCELED", Outcome.FAILED, "cancelled", id="cancelled"),
        pytest.param(None, Outcome.PASSED, "none of the 1 device is online", id="never reported: offline"),
    ],
)
def test_a_thing_is_judged_by_what_it_reports(status: str | None, outcome: Outcome, words: str) -> None:
    reports = {"cam-001": {"coreDeviceExecutionStatus": status}} if status else {}
    verdict = asyncio.run(watch(Fake(reports=reports), THING).verdict(context()))
    assert verdict.outcome == outcome
    assert words in verdict.reason


def test_failures_are_named_with_their_reason_and_counted_beyond_ten() -> None:
    cloud = Fake(statuses={f"cam-{n:03}": "FAILED" for n in range(12)} | {"z": "REJECTED"})
    cloud.reports["cam-000"] = {"reason": "no space", "statusDetails": {"errorStack": ["A", "B"]}}
    lines = asyncio.run(watch(cloud).failures())
    assert lines[:2] == ["cam-000: FAILED: no space (A > B)", "cam-001: FAILED: the device gave no reason"]
    assert (len(lines), lines[-1]) == (11, "and 3 more")


def confirming(cloud: Fake, **more: Any) -> Watch:
    revision = Revision(GROUP, "d-1", "job-1", {"com.acme.model": "2.0.0"})
    return Watch(cloud, revision, more.pop("policy", Policy()), 5, confirm=more.pop("confirm", 100))


def installed(version: str = "2.0.0", state: str = "RUNNING", source: str = "d-1") -> list[dict[str, Any]]:
    return [
        {
            "componentName": "com.acme.model",
            "componentVersion": version,
            "lifecycleState": state,
            "lastInstallationSource": source,
        }
    ]


def test_a_pass_is_confirmed_by_what_devices_report_as_installed() -> None:
    cloud = Fake(things=["a"], statuses={"a": "SUCCEEDED"}, components={"a": installed()})
    watched = confirming(cloud)
    verdict = asyncio.run(watched.verdict(context()))
    assert (verdict.reason, watched.notes) == ("1 of 1 online device done", [])
    assert cloud.calls[-1] == "installed a"


def test_a_device_that_succeeded_and_then_broke_counts_as_failed_at_once() -> None:
    cloud = Fake(things=["a", "b"], statuses={"a": "SUCCEEDED", "b": "SUCCEEDED"}, pickup=60)
    cloud.components = {"a": installed(), "b": installed(state="BROKEN")}
    watched = confirming(cloud)
    verdict = asyncio.run(watched.verdict(context()))
    assert (verdict.outcome, "1 of 2 online devices done, 1 failed" in verdict.reason) == (Outcome.FAILED, True)
    assert asyncio.run(watched.failures()) == ["b: reports com.acme.model 2.0.0 as BROKEN"]


def test_a_broken_device_within_the_wanted_share_is_named_and_passes() -> None:
    cloud = Fake(things=["a", "b"], statuses={"a": "SUCCEEDED", "b": "SUCCEEDED"})
    cloud.components = {"a": installed(), "b": installed(state="BROKEN")}
    watched = confirming(cloud, policy=Policy(succeeded=0.5))
    assert asyncio.run(watched.verdict(context())).outcome is Outcome.PASSED
    assert watched.notes == ["b reports com.acme.model 2.0.0 as BROKEN"]


def test_a_report_that_comes_later_is_waited_for() -> None:
    cloud = Fake(things=["a"], statuses={"a": "SUCCEEDED"}, pickup=60)
    looks = iter([[], installed(source="d-0", version="1.0.0"), installed(state="STARTING"), installed()])

    async def later(_thing: str) -> list[dict[str, Any]]:
        return next(looks)

    cloud.installed = later  # type: ignore[assignment]
    watched = confirming(cloud)
    assert asyncio.run(watched.verdict(context())).outcome is Outcome.PASSED
    assert (watched.notes, next(looks, "none left")) == ([], "none left")


def test_devices_that_never_confirm_are_named_and_do_not_fail_it() -> None:
    cloud = Fake(things=["a"], statuses={"a": "SUCCEEDED"})
    watched = confirming(cloud)
    assert asyncio.run(watched.verdict(context())).outcome is Outcome.PASSED
    assert watched.notes == [
        (
            "1 device has taken the revision but not confirmed it by what is installed: "
            "a (does not report com.acme.model as installed)"
        )
    ]


def test_no_more_devices_are_asked_than_wanted() -> None:
    names = [f"cam-{n}" for n in range(5)]
    cloud = Fake(things=names, statuses=dict.fromkeys(names, "SUCCEEDED"))
    cloud.components = {name: installed() for name in names}
    verdict = asyncio.run(confirming(cloud, confirm=2).verdict(context()))
    assert verdict.reason == "5 of 5 online devices done; confirmed on 2 of 5"
    assert [call for call in cloud.calls if call.startswith("installed")] == ["installed cam-0", "installed cam-1"]
    cloud.calls.clear()
    asyncio.run(confirming(cloud, confirm=0).verdict(context()))
    assert not [call for call in cloud.calls if call.startswith("installed")]


def test_stragglers_are_named_at_the_deadline() -> None:
    cloud = Fake(things=["a", "b", "c"], statuses={"a": "SUCCEEDED", "b": "IN_PROGRESS", "c": "QUEUED"})
    watched = watch(cloud, seconds=0.15)
    verdict = asyncio.run(watched.verdict(context()))
    assert (verdict.outcome, "2 still to come" in verdict.reason) == (Outcome.PASSED, True)
    assert watched.notes == ["Still to come: b (in progress), c (offline)"]


def _aws(code: str, reason: str) -> AwsError:
    return AwsError(f"{code}: {reason}", code=code, reason=reason)


def test_deletions_outlast_awss_limit_and_what_is_active_is_cancelled_first() -> None:
    cloud = Fake(
        deleting=[
            _aws("ThrottlingException", "Exceeded the number of jobs with status DELETION_IN_PROGRESS"),
            _aws("ConflictException", "deployment must be canceled before deletion"),
        ]
    )
    asyncio.run(_delete(context(), cloud, "d-1"))  # type: ignore[arg-type]
    assert cloud.calls == ["delete d-1", "delete d-1", "cancel d-1", "delete d-1"]


def test_a_refused_deletion_is_not_tried_again() -> None:
    cloud = Fake(deleting=[_aws("AccessDeniedException", "no")])
    with pytest.raises(AwsError, match="AccessDenied"):
        asyncio.run(_delete(context(), cloud, "d-1"))  # type: ignore[arg-type]
    assert cloud.calls == ["delete d-1"]


def test_an_interrupted_deletion_says_to_run_again() -> None:
    async def main() -> None:
        here = context()
        here.cancelled.set()
        cloud = Fake(deleting=[_aws("ThrottlingException", "slow down")])
        with pytest.raises(PluginError, match="run again to finish"):
            await _delete(here, cloud, "d-1")  # type: ignore[arg-type]

    asyncio.run(main())
