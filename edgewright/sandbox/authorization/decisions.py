"""What was asked of the evaluator, so that it can be asked again: after a statement was taken away, who is refused?

Nothing is kept unless somebody asks for it (``keep``). Each question is kept once, as a function that asks it again of
the policies that stand then: the policies of IAM, of resources and of certificates, never a copy of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from edgewright.sandbox.authorization.conditions import like
from edgewright.sandbox.authorization.policy import Request

Ask = Callable[[], str]
"""Asks again; returns the sentence of the refusal, or nothing."""


@dataclass(frozen=True)
class Question:
    """One question: who wanted to do what, on what."""

    who: str
    """ARN of the role or user, or the name of the thing or service."""
    action: str
    resource: str


_asked: dict[Question, list[Ask]] = {}
_contexts: set[tuple[Question, tuple[tuple[str, str], ...]]] = set()
_keeping = False


def keep(*, on: bool) -> None:
    """Begin to keep questions, or stop; what was kept is forgotten."""
    global _keeping  # noqa: PLW0603 -- one world, one record
    _keeping = on
    _asked.clear()
    _contexts.clear()


def heard(who: str, request: Request, again: Ask) -> None:
    """Note a question, unless it was asked before with the same context or nobody wants to know."""
    if not _keeping:
        return
    question = Question(who, request.action, request.resource)
    context = tuple(sorted((name, str(value)) for name, value in request.context.items() if name != "aws:userid"))
    if (question, context) in _contexts:
        return
    _contexts.add((question, context))
    _asked.setdefault(question, []).append(again)


def questions() -> list[Question]:
    """Return everything that was asked, once each."""
    return sorted(_asked, key=lambda each: (each.who, each.action, each.resource))


@contextmanager
def unheard() -> Iterator[None]:
    """Ask without leaving a trace."""
    global _keeping  # noqa: PLW0603 -- as above
    before, _keeping = _keeping, False
    try:
        yield
    finally:
        _keeping = before


def refused(actions: Iterable[str]) -> list[str]:
    """Ask again what is about ``actions`` (patterns as in a policy); return the sentences of those that are refused."""
    patterns = [pattern.lower() for pattern in actions]
    with unheard():
        found = {
            sentence
            for question, asks in _asked.items()
            if any(like(pattern, question.action.lower()) for pattern in patterns)
            for again in asks
            if (sentence := again())
        }
    return sorted(found)
