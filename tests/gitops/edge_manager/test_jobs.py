"""Jobs are waited for, stopped when nobody waits, and named anew when a name is taken: with an AWS that is played."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest

from edgewright.aws.errors import AwsError
from edgewright.aws.session import Session
from edgewright.documents.edge_jobs import JobNames
from edgewright.errors import EdgewrightError
from edgewright.gitops.edge_manager.jobs import Jobs


class Played:
    """Answers to describe in order, the last for ever; a creation may be refused."""

    def __init__(self, *states: Any, refused: int = 0, interrupted: bool = False) -> None:
        self.states, self.refused, self.interrupted = list(states), refused, interrupted
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.now = 0.0
        self.pauses: list[float] = []

    def call(self, _service: str, operation: str, *, doing: str, **given: Any) -> dict[str, Any]:
        self.calls.append((operation, given))
        if operation.startswith("create") and self.refused:
            self.refused -= 1
            raise AwsError(f"could not {doing}: ResourceInUse", code="ResourceInUse")
        if operation.startswith("create") and self.interrupted:
            raise KeyboardInterrupt
        if operation.startswith("stop"):
            raise AwsError(f"could not {doing}", code="ValidationException")
        if not operation.startswith("describe"):
            return {}
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        if isinstance(state, BaseException):
            raise state
        return dict(state) if isinstance(state, dict) else {"CompilationJobStatus": state}

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds

    def jobs(self, deadline: float = 1000.0, tell: Callable[[str], None] = lambda _: None) -> Jobs:
        return Jobs(
            cast("Session", self), deadline, clock=lambda: self.now, pause=self.pause, tell=tell,
            names=JobNames(lambda: 1_795_000_000.0),
        )  # fmt: skip

    def of(self, word: str) -> list[dict[str, Any]]:
        return [given for operation, given in self.calls if operation.startswith(word)]


def named(job: str) -> dict[str, Any]:
    return {"CompilationJobName": job}


JOB = "parts-1795000000000"


def test_a_job_is_looked_at_less_and_less_often_and_told_of() -> None:
    aws = Played(*["INPROGRESS"] * 12, "COMPLETED")
    told: list[str] = []
    job, answer = aws.jobs(tell=told.append).compile("parts", named)
    assert (job, answer["CompilationJobStatus"]) == (JOB, "COMPLETED")
    assert aws.pauses == sorted(aws.pauses)
    assert (aws.pauses[0], aws.pauses[-1]) == (0.25, 10.0)
    assert told[0] == f"compilation job {JOB}: INPROGRESS, 0 s"
    assert aws.of("stop") == []


def test_a_name_that_is_taken_is_no_end() -> None:
    aws = Played("COMPLETED", refused=2)
    job, _ = aws.jobs().compile("parts", named)
    tried = [given["CompilationJobName"] for given in aws.of("create")]
    assert (tried, job) == ([f"parts-179500000000{number}" for number in range(3)], "parts-1795000000002")
    aws = Played("COMPLETED", refused=3)
    with pytest.raises(AwsError, match="ResourceInUse"):
        aws.jobs().compile("parts", named)
    assert aws.of("describe") == []


@pytest.mark.parametrize("why", [KeyboardInterrupt(), AwsError("the network is gone")])
def test_whatever_interrupts_the_wait_stops_the_job(why: BaseException) -> None:
    aws = Played("INPROGRESS", why)
    with pytest.raises(type(why)):
        aws.jobs().compile("parts", named)
    assert aws.of("stop") == [{"CompilationJobName": JOB}]


def test_an_interrupted_start_stops_what_may_have_begun() -> None:
    aws = Played("COMPLETED", interrupted=True)
    with pytest.raises(KeyboardInterrupt):
        aws.jobs().compile("parts", named)
    assert aws.of("stop") == [{"CompilationJobName": JOB}]


def test_a_deadline_stops_the_job_and_says_so() -> None:
    aws = Played("INPROGRESS")
    with pytest.raises(EdgewrightError, match=rf"compilation job {JOB} is INPROGRESS after 30 s, .* raise --patience"):
        aws.jobs(deadline=30.0).compile("parts", named)
    assert aws.of("stop") == [{"CompilationJobName": JOB}]


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (
            {"CompilationJobStatus": "FAILED", "FailureReason": "ClientError: no shapes."},
            f"the compilation job {JOB} failed: ClientError: no shapes; nothing was written, ",
        ),
        ({"CompilationJobStatus": "FAILED"}, f"the compilation job {JOB} failed: SageMaker gives no reason; "),
        ({"CompilationJobStatus": "STOPPED"}, f"the compilation job {JOB} is STOPPED: "),
    ],
)
def test_a_job_that_ends_badly_is_named_with_its_reason(answer: dict[str, Any], told: str) -> None:
    aws = Played(answer)
    with pytest.raises(EdgewrightError) as caught:
        aws.jobs().compile("parts", named)
    assert str(caught.value).startswith(told)
    assert aws.of("stop") == [], "it has ended"


def test_a_packaging_job_says_its_message() -> None:
    aws = Played({"EdgePackagingJobStatus": "FAILED", "EdgePackagingJobStatusMessage": "ClientError: no model"})
    with pytest.raises(EdgewrightError, match="the edge packaging job p failed: ClientError: no model;"):
        aws.jobs().package({"EdgePackagingJobName": "p"})
