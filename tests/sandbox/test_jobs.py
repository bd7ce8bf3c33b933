"""Jobs on a clock of the test's own: rates, abort criteria, time-outs and counts, whatever the order of events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgewright.sandbox.iot import jobs
from edgewright.sandbox.iot.exceptions import InvalidStateTransition
from edgewright.sandbox.iot.jobs import Job, Rollout
from edgewright.sandbox.world import world


class Time:
    """The sandbox's clock, in the test's hand."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> float:
        return self.seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Time:
    made = Time()
    monkeypatch.setattr(world, "clock", made)
    return made


def job(things: int, members: Callable[[], dict[str, str]] | None = None, **config: Any) -> Job:
    """A continuous job whose executions are released as far as its rate allows."""
    named = {f"cam-{number:03}": f"arn:cam-{number:03}" for number in range(things)}
    made = Job(
        members=members or (lambda: named),
        job_id="job",
        targets=["arn:group"],
        document_source="",
        document="{}",
        description="",
        presigned_url_config={},
        target_selection="CONTINUOUS",
        job_executions_rollout_config=config.get("rollout", {}),
        document_parameters={},
        abort_config={"criteriaList": config.get("criteria", [])},
        job_execution_retry_config={},
        scheduling_config={},
        timeout_config={"inProgressTimeoutInMinutes": config["minutes"]} if "minutes" in config else {},
        account_id="222222222222",
        region_name="eu-west-1",
    )
    made.settle_members(first=True)
    made.release()
    return made


def criterion(kind: str, percent: float, least: int) -> dict[str, Any]:
    return {"failureType": kind, "action": "CANCEL", "thresholdPercentage": percent, "minNumberOfExecutedThings": least}


def end(made: Job, *statuses: str) -> None:
    """Let the first waiting executions end so."""
    waiting = [e for e in made.executions.values() if e.status == "QUEUED"]
    for execution, status in zip(waiting, statuses, strict=False):
        execution.report("IN_PROGRESS", None, None)
        made.start_timer(execution)
        if status == "TIMED_OUT":
            execution.move("TIMED_OUT")
        else:
            execution.report(status, None, None)


def counts(made: Job) -> dict[str, int]:
    shown = made.job_process_details
    return {k.removeprefix("numberOf").removesuffix("Things"): v for k, v in shown.items() if isinstance(v, int) and v}


@pytest.mark.parametrize(
    ("criteria", "ends", "aborts"),
    [
        pytest.param([criterion("FAILED", 50, 4)], "F F S", False, id="too few have ended"),
        pytest.param([criterion("FAILED", 50, 4)], "F F S S", True, id="half of four failed"),
        pytest.param([criterion("FAILED", 50, 4)], "F S S S", False, id="a quarter of four failed"),
        pytest.param([criterion("FAILED", 50, 2)], "R R", False, id="rejections are no failures"),
        pytest.param([criterion("REJECTED", 50, 2)], "R S", True, id="rejections"),
        pytest.param([criterion("TIMED_OUT", 50, 2)], "T S", True, id="time-outs"),
        pytest.param([criterion("TIMED_OUT", 50, 2)], "F S", False, id="failures are no time-outs"),
        pytest.param([criterion("ALL", 75, 4)], "F R T S", True, id="all kinds together"),
        pytest.param([criterion("ALL", 76, 4)], "F R T S", False, id="just under"),
        pytest.param([criterion("FAILED", 33.33, 3)], "F S S", True, id="two decimals"),
        pytest.param([criterion("FAILED", 33.34, 3)], "F S S", False, id="just under with two decimals"),
        pytest.param([criterion("FAILED", 100, 1), criterion("REJECTED", 10, 2)], "S R", True, id="the second one"),
        pytest.param([], "F F F F", False, id="none"),
    ],
)
def test_a_job_aborts_when_a_criterion_is_met(
    clock: Time,
    criteria: list[dict[str, Any]],
    ends: str,
    aborts: bool,  # noqa: FBT001
) -> None:
    """The share is of the executions that have ended ("Job rollout, abort, and timeout configurations")."""
    del clock
    made = job(10, criteria=criteria)
    end(made, *({"F": "FAILED", "S": "SUCCEEDED", "R": "REJECTED", "T": "TIMED_OUT"}[each] for each in ends.split()))
    stopped = made.judge()
    assert (made.status == "CANCELED") is aborts
    assert len(stopped) == (10 - len(ends.split()) if aborts else 0)
    assert counts(made).get("Canceled", 0) == len(stopped)
    assert made.reason_code == ("AUTO_CANCELED" if aborts else None)


def test_an_aborted_job_releases_nothing_more_and_lets_those_finish_that_have_begun(clock: Time) -> None:
    made = job(10, rollout={"maximumPerMinute": 4}, criteria=[criterion("FAILED", 50, 2)])
    begun = made.executions["cam-003"]
    begun.report("IN_PROGRESS", None, None)
    end(made, "FAILED", "FAILED")
    made.judge()
    assert counts(made) == {"Failed": 2, "Canceled": 1, "InProgress": 1}
    clock.seconds = 600
    assert made.release() == []
    begun.report("SUCCEEDED", None, None)
    assert counts(made) == {"Failed": 2, "Canceled": 1, "Succeeded": 1}


def test_an_execution_times_out_on_the_minute_and_not_before(clock: Time) -> None:
    made = job(3, minutes=5)
    first, second, third = made.executions.values()
    first.report("IN_PROGRESS", None, None)
    made.start_timer(first)
    clock.seconds = 299.9
    second.report("IN_PROGRESS", None, None)
    made.start_timer(second)
    assert made.time_out() == []
    assert first.approximate_seconds_before_time_out == 0
    clock.seconds = 300
    assert made.time_out() == [first]
    assert counts(made) == {"TimedOut": 1, "InProgress": 1, "Queued": 1}
    with pytest.raises(InvalidStateTransition):
        first.report("SUCCEEDED", None, None)
    assert made.busy
    second.report("SUCCEEDED", None, None)
    busy_afterwards: bool = made.busy
    assert not busy_afterwards
    clock.seconds = 1e6  # one that waits for its device, offline for long, never times out
    assert made.time_out() == []
    assert third.status == "QUEUED"


def test_time_that_is_over_counts_towards_the_criteria(clock: Time) -> None:
    made = job(4, minutes=1, criteria=[criterion("TIMED_OUT", 50, 2)])
    for execution in list(made.executions.values())[:2]:
        execution.report("IN_PROGRESS", None, None)
        made.start_timer(execution)
    clock.seconds = 60
    assert len(made.time_out()) == 2
    assert len(made.judge()) == 2
    assert made.status == "CANCELED"


def test_a_step_may_have_a_shorter_time_than_the_job(clock: Time) -> None:
    made = job(1, minutes=10)
    (execution,) = made.executions.values()
    execution.report("IN_PROGRESS", None, None)
    made.start_timer(execution, 2)
    clock.seconds = 120
    assert made.time_out() == [execution]


def test_late_joiners_wait_for_the_rate_too(clock: Time) -> None:
    names = {f"cam-{number}": f"arn:{number}" for number in range(3)}
    made = job(0, members=lambda: dict(names), rollout={"maximumPerMinute": 3})
    assert len(made.executions) == 3
    names |= {"late-1": "arn:l1", "late-2": "arn:l2"}
    made.settle_members()
    assert made.release() == []
    assert made.job_process_details["processingTargets"] == ["arn:group"]
    clock.seconds = 60
    assert [execution.thing_name for execution in made.release()] == ["late-1", "late-2"]


rates = st.one_of(
    st.fixed_dictionaries({"maximumPerMinute": st.integers(1, 50)}),
    st.builds(
        lambda base, factor, most, criteria: {
            "maximumPerMinute": most,
            "exponentialRate": {
                "baseRatePerMinute": base,
                "incrementFactor": factor,
                "rateIncreaseCriteria": criteria,
            },
        },
        st.integers(1, 20),
        st.sampled_from([1.1, 1.5, 2.0, 5.0]),
        st.integers(1, 100),
        st.sampled_from(
            [{"numberOfNotifiedThings": 3}, {"numberOfSucceededThings": 5}, {"numberOfNotifiedThings": 40}]
        ),
    ),
)
moments = st.lists(st.tuples(st.floats(0, 200), st.integers(0, 30)), max_size=40)


@settings(max_examples=150, deadline=None)
@given(rates, moments)
def test_no_minute_has_more_releases_than_the_rate_of_that_minute(
    config: dict[str, Any], steps: list[tuple[float, int]]
) -> None:
    rollout, now, notified, succeeded = Rollout.of(config), 0.0, 0, 0
    by_window: Counter[float | None] = Counter()
    rates_seen: list[float] = []
    for pause, wanted in steps:
        now += pause
        allowed = rollout.allowance(now, notified, succeeded)
        taken = min(wanted, allowed)
        rollout.spend(taken)
        notified += taken
        succeeded += taken // 2
        by_window[rollout._window] += taken
        assert by_window[rollout._window] <= int(rollout.rate) <= config["maximumPerMinute"]
        rates_seen.append(rollout.rate)
        assert allowed >= 0
    assert rates_seen == sorted(rates_seen)


events = st.lists(
    st.one_of(
        st.tuples(st.just("end"), st.sampled_from(["SUCCEEDED", "FAILED", "REJECTED", "TIMED_OUT"])),
        st.tuples(st.just("leave"), st.integers(0, 7)),
        st.tuples(st.just("join"), st.integers(0, 7)),
        st.tuples(st.just("minute"), st.none()),
        st.tuples(st.just("begin"), st.integers(0, 7)),
        st.tuples(st.just("forget"), st.integers(0, 7)),
    ),
    max_size=30,
)


@settings(max_examples=150, deadline=None)
@given(events)
def test_counts_are_those_of_the_executions_whatever_happens(what: list[tuple[str, Any]]) -> None:
    time, before = Time(), world.clock
    world.clock = time  # type: ignore[assignment]
    try:
        names = {f"cam-{number}": f"arn:{number}" for number in range(4)}
        made = job(0, members=lambda: dict(names), rollout={"maximumPerMinute": 3}, minutes=2)
        for kind, value in what:
            name = f"cam-{value}"
            if kind == "end":
                end(made, value)
            elif kind == "leave":
                names.pop(name, None)
            elif kind == "join":
                names[name] = f"arn:{value}"
            elif kind == "minute":
                time.seconds += 60
                made.time_out()
            elif kind == "begin" and name in made.executions and made.executions[name].status == "QUEUED":
                made.executions[name].report("IN_PROGRESS", None, None)
                made.start_timer(made.executions[name])
            elif kind == "forget":
                made.forget(name)
            made.settle_members()
            made.release()
            held = Counter(execution.status for execution in made.executions.values())
            waiting = [
                name for name in names if name not in made.executions or made.executions[name].status == "REMOVED"
            ]
            shown = counts(made)
            assert shown.get("Queued", 0) == held["QUEUED"] + len(waiting)
            for status, key in jobs._COUNTS.items():
                if status != "QUEUED":
                    assert made.job_process_details[key] == held[status]
            timed = {execution.thing_name for execution in made.executions.values() if execution.deadline is not None}
            assert made.busy == bool(timed or waiting)
    finally:
        world.clock = before
