"""SageMaker's two jobs: started under a new name, watched until they end, stopped when nobody waits any more."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from edgewright import output
from edgewright.aws.errors import AwsError
from edgewright.aws.session import Session
from edgewright.documents.edge_jobs import JobNames
from edgewright.errors import EdgewrightError

_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 10.0  # seconds between two looks
_ATTEMPTS = 3  # at a name: somebody may have the same model and millisecond


@dataclass(frozen=True)
class Kind:
    """What one kind of job is called in the API.

    Attributes:
        noun: For people.
        operation: The end of its operations' names, in boto3's spelling.
        name: The parameter with its name.
        status: The key of its state.
        reason: The key of why it failed.
        log: Where more is told.
    """

    noun: str
    operation: str
    name: str
    status: str
    reason: str
    log: str


COMPILATION = Kind(
    "compilation job", "compilation_job", "CompilationJobName", "CompilationJobStatus", "FailureReason",
    "the log group /aws/sagemaker/CompilationJobs has more",
)  # fmt: skip
PACKAGING = Kind(
    "edge packaging job", "edge_packaging_job", "EdgePackagingJobName", "EdgePackagingJobStatus",
    "EdgePackagingJobStatusMessage", "aws sagemaker describe-edge-packaging-job has more",
)  # fmt: skip


@dataclass
class Jobs:
    """The jobs of one build.

    Attributes:
        session: Of the account that compiles.
        deadline: When nobody waits any more, by ``clock``.
        clock: Seconds.
        pause: Waits so many seconds.
        names: Gives names.
        tell: Shows what goes on.
    """

    session: Session
    deadline: float
    clock: Callable[[], float] = time.monotonic
    pause: Callable[[float], None] = time.sleep
    names: JobNames = field(default_factory=JobNames)
    tell: Callable[[str], None] = output.status

    def compile(self, model_name: str, request: Callable[[str], dict[str, Any]]) -> tuple[str, dict[str, Any]]:
        """Start a compilation job under a new name, and return that name and what it is once it is COMPLETED.

        Raises:
            AwsError: AWS said no.
            EdgewrightError: the job failed, was stopped, or takes longer than anybody waits.
        """
        for attempt in range(_ATTEMPTS):
            job = self.names.next(model_name)
            try:
                self._start(COMPILATION, request(job))
            except AwsError as error:
                if error.code != "ResourceInUse" or attempt == _ATTEMPTS - 1:
                    raise
                continue
            return job, self._watch(COMPILATION, job)
        raise AssertionError

    def package(self, request: dict[str, Any]) -> dict[str, Any]:
        """Start a packaging job and return what it is once it is COMPLETED; its preset may have failed all the same.

        Raises:
            AwsError: AWS said no.
            EdgewrightError: the job failed, was stopped, or takes longer than anybody waits.
        """
        self._start(PACKAGING, request)
        return self._watch(PACKAGING, request[PACKAGING.name])

    def _start(self, kind: Kind, request: dict[str, Any]) -> None:
        job = request[kind.name]
        try:
            doing = f"start the {kind.noun} {job}"
            self.session.call("sagemaker", f"create_{kind.operation}", doing=doing, **request)
        except AwsError:
            raise
        except BaseException:  # the request may have arrived
            self._stop(kind, job)
            raise

    def _watch(self, kind: Kind, job: str) -> dict[str, Any]:
        try:
            answer = self._until_ended(kind, job)
        except BaseException:  # nobody wants to pay for what nobody takes
            self._stop(kind, job)
            raise
        state = answer[kind.status]
        if state == "COMPLETED":
            return answer
        why = str(answer.get(kind.reason) or "SageMaker gives no reason").rstrip(".")
        verb = "failed" if state == "FAILED" else f"is {state}"
        msg = f"the {kind.noun} {job} {verb}: {why}; nothing was written, and {kind.log}"
        raise EdgewrightError(msg)

    def _until_ended(self, kind: Kind, job: str) -> dict[str, Any]:
        begun, pause = self.clock(), _FIRST_PAUSE
        while True:
            doing = f"look at the {kind.noun} {job}"
            answer = self.session.call("sagemaker", f"describe_{kind.operation}", doing=doing, **{kind.name: job})
            state = str(answer[kind.status])
            if state in ("COMPLETED", "FAILED", "STOPPED"):
                return answer
            now = self.clock()
            self.tell(f"{kind.noun} {job}: {state}, {now - begun:.0f} s")
            if now >= self.deadline:
                msg = (
                    f"the {kind.noun} {job} is {state} after {now - begun:.0f} s, and nobody waits longer; nothing was "
                    "written; raise --patience"
                )
                raise EdgewrightError(msg)
            self.pause(min(pause, max(self.deadline - now, _FIRST_PAUSE)))
            pause = min(pause * 1.5, _LONGEST_PAUSE)

    def _stop(self, kind: Kind, job: str) -> None:
        try:
            doing = f"stop the {kind.noun} {job}"
            self.session.call("sagemaker", f"stop_{kind.operation}", doing=doing, **{kind.name: job})
        except AwsError as error:
            output.note(str(error))
        else:
            output.note(f"stopped the {kind.noun} {job}")
