"""A revision passes or fails as soon as the expected devices can no longer change it, and offline ones never do."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgewright.provider.verdict import Counts, Outcome, Policy, judge, progress

small = st.integers(0, 4)
PASSED, FAILED, PENDING = Outcome.PASSED, Outcome.FAILED, Outcome.PENDING


@st.composite
def situations(draw: st.DrawFn) -> Counts:
    parts = {name: draw(small) for name in ("succeeded", "failed", "in_progress", "offered", "unoffered", "offline")}
    return Counts(members=sum(parts.values()), **parts)


policies = st.builds(Policy, succeeded=st.sampled_from([0.0, 0.5, 0.9, 0.95, 1.0]), minimum=small)


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
            Policy(minimum=3),
            False,
            PASSED,
            "2 offline; 2 still to come",
            id="the minimum does not count offline devices",
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
            "1 devices had executed",
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
    further = replace(counts, members=counts.members + more, offline=counts.offline + more)
    if counts.online:
        assert judge(further, policy).outcome == judge(counts, policy).outcome
