"""Questions are asked side by side, answers lead to questions, and a deadline names what is missing."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from edgewright.aws.crew import Crew, Job, in_parts
from edgewright.aws.errors import AwsError


def asking(what: str, answer: Iterable[Any], into: list[Any], **more: Any) -> Job:
    return Job(what, lambda: answer, into.append, **more)


def test_answers_lead_to_questions_and_progress_counts_both() -> None:
    got: list[Any] = []
    seen: list[tuple[int, int]] = []
    crew = Crew(on_progress=lambda done, known: seen.append((done, known)))
    second = asking("second", [3], got)
    assert crew.run([asking("first", [1, 2], got, then=lambda: [second])]) == []
    assert got == [1, 2, 3]
    assert seen == [(1, 2), (2, 2)]


def test_more_questions_than_workers_are_all_answered() -> None:
    got: list[int] = []
    assert Crew(size=3).run([asking(f"{number}", [number], got) for number in range(200)]) == []
    assert sorted(got) == list(range(200))


def test_an_error_of_aws_is_a_gap_and_the_others_go_on() -> None:
    got: list[Any] = []

    def refused() -> Iterator[Any]:
        yield 1
        msg = "could not read: AccessDenied"
        raise AwsError(msg, code="AccessDenied")

    then = asking("never asked", [9], got)
    jobs = [Job("refused", refused, got.append, lambda: [then]), asking("fine", [2], got)]
    (missed,) = Crew().run(jobs)
    assert (missed.job.what, missed.why, sorted(got)) == ("refused", "could not read: AccessDenied", [1, 2])


def test_a_bug_is_not_a_gap() -> None:
    def broken() -> Iterator[Any]:
        nothing: dict[str, int] = {}
        yield nothing["no such key"]

    with pytest.raises(KeyError, match="no such key"):
        Crew().run([Job("broken", broken, lambda _part: None)])


def test_the_deadline_keeps_what_came_and_names_what_did_not() -> None:
    never = threading.Event()
    got: list[Any] = []

    def hangs() -> Iterator[Any]:
        yield "a part"
        never.wait(60)
        yield "too late"

    crew = Crew(deadline=0.3, size=2)
    missed = crew.run([Job("hangs", hangs, got.append), asking("fine", ["quick"], got)])
    assert [(each.job.what, each.why) for each in missed] == [("hangs", "not answered within 0.3 s")]
    assert sorted(got) == ["a part", "quick"]
    never.set()


def test_a_deadline_of_nothing_asks_nothing_for_long() -> None:
    assert [each.job.what for each in Crew(deadline=0).run([asking("a", [1], [])])] == ["a"]


def test_items_come_in_parts() -> None:
    assert list(in_parts(iter(range(5)), 2)) == [[0, 1], [2, 3], [4]]
    assert list(in_parts(iter([]), 2)) == []
