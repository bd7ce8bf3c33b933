"""Many questions to AWS side by side, with a deadline after which what was not answered is named.

The workers are daemon threads of our own: those of concurrent.futures are waited for when the process ends, so that
one call that hangs would hold a verb long after its deadline. Answers are taken in by the caller's thread alone, so
whoever collects them needs no lock, and nothing changes any more once `run` has returned.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from edgewright.aws.errors import AwsError

SIZE = 16
"""Calls at a time. More gain little: AWS throttles a caller's rate, and botocore then slows all of them down."""


def _nothing() -> Iterable[Job]:
    return ()


@dataclass(frozen=True)
class Job:
    """One question, whose answer may come in parts.

    Attributes:
        what: What is asked, for people: "the things of its thing group".
        ask: Yields the parts; runs in a worker.
        take: Takes one part in; runs in the caller's thread.
        then: What is to be asked when all parts are there; runs in the caller's thread.
        about: The one device that is asked about, if it is one.
        owner: Whom a failure concerns; opaque here.
    """

    what: str
    ask: Callable[[], Iterable[Any]]
    take: Callable[[Any], None]
    then: Callable[[], Iterable[Job]] = _nothing
    about: str | None = None
    owner: Any = None


@dataclass(frozen=True)
class Unanswered:
    """A question without a whole answer."""

    job: Job
    why: str
    error: AwsError | None = None


@dataclass(frozen=True)
class _Part:
    job: Job
    value: Any


@dataclass(frozen=True)
class _End:
    job: Job
    error: BaseException | None


class Crew:
    """Workers that answer jobs, and whatever the answers lead to."""

    def __init__(
        self,
        *,
        deadline: float | None = None,
        size: int = SIZE,
        on_progress: Callable[[int, int], None] = lambda _done, _all: None,
    ) -> None:
        """Make a crew for one run.

        Args:
            deadline: Seconds from now after which nothing is waited for; None waits as long as it takes.
            size: Workers.
            on_progress: Called with the numbers of questions that are answered, and asked so far.
        """
        self._ends = None if deadline is None else time.monotonic() + deadline
        self._deadline = deadline
        self._size = size
        self._on_progress = on_progress
        self._asked: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._answers: queue.SimpleQueue[_Part | _End] = queue.SimpleQueue()
        self._stopped = threading.Event()

    def run(self, jobs: Iterable[Job]) -> list[Unanswered]:
        """Ask all of ``jobs`` and what follows from them; return what has no whole answer.

        Raises:
            Exception: a job raised what is no `AwsError`: a bug.
        """
        open_: dict[int, Job] = {}
        failed: list[Unanswered] = []
        started = done = 0

        def ask(more: Iterable[Job]) -> None:
            nonlocal started
            for job in more:
                open_[id(job)] = job
                if started < self._size:
                    threading.Thread(target=self._work, daemon=True).start()
                started += 1
                self._asked.put(job)

        ask(jobs)
        try:
            while open_:
                answer = self._next()
                if answer is None:
                    late = f"not answered within {self._deadline:g} s"
                    return [*failed, *(Unanswered(job, late) for job in open_.values())]
                if isinstance(answer, _Part):
                    answer.job.take(answer.value)
                    continue
                del open_[id(answer.job)]
                done += 1
                if answer.error is None:
                    ask(answer.job.then())
                elif isinstance(answer.error, AwsError):
                    failed.append(Unanswered(answer.job, str(answer.error), answer.error))
                else:
                    raise answer.error
                self._on_progress(done, started)
        finally:
            self._stopped.set()
            for _ in range(self._size):
                self._asked.put(None)
        return failed

    def _next(self) -> _Part | _End | None:
        if self._ends is None:
            return self._answers.get()
        left = self._ends - time.monotonic()
        if left <= 0:
            return None
        try:
            return self._answers.get(timeout=left)
        except queue.Empty:
            return None

    def _work(self) -> None:
        while (job := self._asked.get()) is not None:
            error: BaseException | None = None
            try:
                for part in job.ask():
                    if self._stopped.is_set():
                        return
                    self._answers.put(_Part(job, part))
            except BaseException as raised:  # noqa: BLE001 -- carried to the caller's thread
                error = raised
            self._answers.put(_End(job, error))


def in_parts(items: Iterator[Any], size: int) -> Iterator[list[Any]]:
    """Yield ``items`` in lists of ``size``, so that what was read before a deadline is not lost."""
    part = []
    for item in items:
        part.append(item)
        if len(part) == size:
            yield part
            part = []
    if part:
        yield part
