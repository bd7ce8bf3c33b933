"""A revision passes or fails as soon as the expected devices can no longer change it, and offline ones never do."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgewright.provider.verdict import Counts, Outcome, Policy, Threshold, judge, progress

small = st.integers(0, 4)
PASSED, FAILED, PENDING = Outcome.PASSED, Outcome.FAILED, Outcome.PENDING


@st.composite
def situations(draw: st.DrawFn) -> Counts:
    parts = {name: draw(small) for name in ("succeeded", "failed", "in_progress", "offered", "unoffered", "offline")}
    return Counts(members=sum(parts.values()), **parts)


thresholds = st.builds(Threshold, st.sampled_from(["ALL", "FAILED"]), st.sampled_from([5.0, 20.0, 50.0]), small)
policies = st.builds(
    Policy,
    succeeded=st.sampled_from([0.0, 0.5, 0.9, 0.95, 1.0]),
    minimum=small,
    abort=st.lists(thresholds, max_size=2).map(tuple),
)


@pytest.mark.parametrize(
    ("counts", "policy", "expired", "outcome", "words"),
    [
        pytest.param(Counts(), Policy(), False, PASSED, "no devices yet", id="an empty ring passes with a note"),
        pytest.param(
            Counts(members=2, succeeded=1, in_progress=1), Policy(), False, PENDING, "1 of 2 online", id="one to go"
        ),
        pytest.param(Counts(members=2, succeeded=2), Policy(), False, PASSED, "2 of 2 online devices done", id="all"),
        pytest.param(
            Counts(members=3, failed=1, in_progress=2), Policy(), False, FAILED, "1 failed", id="all must, one failed"
        ),
        pytest.param(
            Counts(members=20, succeeded=18, failed=1, in_progress=1),
            Policy(succeeded=0.95),
            False,
            PENDING,
            "18 of 20",
            id="the last one decides",
        ),
        pytest.param(
            Counts(members=20, succeeded=19, in_progress=1),
            Policy(succeeded=0.95),
            False,
            PASSED,
            "1 still to come",
            id="the last one cannot change it any more",
        ),
        pytest.param(
            Counts(members=20, succeeded=10, failed=2, in_progress=8),
            Policy(succeeded=0.95),
            False,
            FAILED,
            "2 failed",
            id="the rest cannot save it",
        ),
        pytest.param(
            Counts(members=3, succeeded=1, offline=2),
            Policy(minimum=1),
            False,
            PASSED,
            "2 offline; 2 still to come",
            id="enough have executed it, the others are offline",
        ),
        pytest.param(
            Counts(members=3, succeeded=1, offline=2),
            Policy(minimum=2),
            False,
            PENDING,
            "2 offline; 2 must have executed it",
            id="an offline device may come back for the minimum",
        ),
        pytest.param(
            Counts(members=3, succeeded=1, offline=2),
            Policy(minimum=2),
            True,
            FAILED,
            "1 device had executed it and 2 must have",
            id="the minimum was not reached",
        ),
        pytest.param(
            Counts(members=2, succeeded=2), Policy(minimum=9), False, PASSED, "2 of 2", id="a minimum beyond the target"
        ),
        pytest.param(
            Counts(members=10, succeeded=1, failed=1, in_progress=8),
            Policy(succeeded=0.6),
            True,
            FAILED,
            "the deadline passed and only 1 of 2 succeeded",
            id="at the deadline what has executed must pass by itself",
        ),
        pytest.param(
            Counts(members=20, succeeded=8, failed=2, in_progress=10),
            Policy(succeeded=0.5, abort=(Threshold("FAILED", 20.0, 10),)),
            True,
            FAILED,
            "the deadline passed and the abort threshold of 20% FAILED is hit",
            id="at the deadline an abort threshold is hit",
        ),
        pytest.param(
            Counts(members=20, succeeded=8, failed=2, timed_out=2, in_progress=10),
            Policy(succeeded=0.5, abort=(Threshold("FAILED", 20.0, 10),)),
            True,
            PASSED,
            "10 still to come",
            id="another kind of failure hits no threshold of this kind",
        ),
        pytest.param(
            Counts(members=20, succeeded=16, failed=3, in_progress=1),
            Policy(succeeded=0.8, abort=(Threshold("ALL", 20.0, 5),)),
            False,
            PENDING,
            "16 of 20",
            id="the last one could still hit the abort threshold",
        ),
        pytest.param(
            Counts(members=4, in_progress=4),
            Policy(minimum=0),
            True,
            PASSED,
            "none had to have executed it: 0 of 4 online devices done; 4 still to come",
            id="no evidence was asked for",
        ),
        pytest.param(
            Counts(members=3, offline=3), Policy(), False, PASSED, "none of the 3 devices is online", id="none online"
        ),
        pytest.param(
            Counts(members=3, offline=3),
            Policy(none_online="fail"),
            False,
            FAILED,
            "none of the 3",
            id="and it matters",
        ),
        pytest.param(
            Counts(members=4, succeeded=2, in_progress=2),
            Policy(),
            True,
            PASSED,
            "deadline passed; all that executed",
            id="at the deadline what has executed decides",
        ),
        pytest.param(
            Counts(members=4, in_progress=4),
            Policy(),
            True,
            FAILED,
            "0 devices had executed it and 1 must have",
            id="at the deadline nobody has",
        ),
        pytest.param(
            Counts(members=4, succeeded=1, in_progress=3),
            Policy(minimum=2),
            True,
            FAILED,
            "1 device had executed",
            id="at the deadline too few have",
        ),
        pytest.param(
            Counts(members=4, succeeded=1, stopped=3, cancelled=True),
            Policy(),
            False,
            FAILED,
            "the job was cancelled",
            id="a job that somebody cancelled",
        ),
        pytest.param(
            Counts(members=4, failed=1, stopped=3, cancelled=True),
            Policy(succeeded=0.0),
            False,
            FAILED,
            "the rollout stopped itself",
            id="a job that its abort criteria cancelled",
        ),
        pytest.param(
            Counts(members=2, succeeded=2, cancelled=True),
            Policy(),
            False,
            PASSED,
            "2 of 2",
            id="a job that was cancelled when all had it",
        ),
        pytest.param(
            Counts(members=9, succeeded=1, unoffered=8),
            Policy(),
            False,
            PENDING,
            "8 not reached by the rollout",
            id="a slow rollout",
        ),
    ],
)
def test_verdicts(counts: Counts, policy: Policy, expired: bool, outcome: Outcome, words: str) -> None:  # noqa: FBT001
    verdict = judge(counts, policy, expired=expired)
    assert verdict.outcome == outcome
    assert words in verdict.reason


def test_the_line_of_progress_reads_as_designed() -> None:
    counts = Counts(members=62, succeeded=37, failed=1, in_progress=12, offline=12)
    assert progress(counts) == "37 of 50 online devices done, 1 failed, 12 offline"


@given(situations(), policies)
def test_a_verdict_once_given_stays_whatever_the_expected_devices_do(counts: Counts, policy: Policy) -> None:
    early = judge(counts, policy)
    if early.outcome is PENDING:
        return
    for well in range(counts.expected + 1):
        ended = replace(
            counts,
            succeeded=counts.succeeded + well,
            failed=counts.failed + counts.expected - well,
            in_progress=0,
            offered=0,
            unoffered=0,
        )
        assert judge(ended, policy).outcome == early.outcome


@given(situations(), policies)
def test_there_is_always_a_verdict_at_the_deadline(counts: Counts, policy: Policy) -> None:
    assert judge(counts, policy, expired=True).outcome is not PENDING


@given(situations(), policies, small)
def test_offline_devices_never_count_against_a_revision(counts: Counts, policy: Policy, more: int) -> None:
    """In its share. Towards the minimum they count, for that is evidence which only they could give."""
    further = replace(counts, members=counts.members + more, offline=counts.offline + more)
    if counts.online and counts.members >= policy.minimum:
        assert judge(further, policy).outcome == judge(counts, policy).outcome
