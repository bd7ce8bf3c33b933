"""What a promotion says: the message of its commit, and the text of its request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgewright.gitops import proposal, releases
from edgewright.gitops.markdown import code

if TYPE_CHECKING:
    from edgewright.gitops.gates import Verdict
    from edgewright.gitops.promote import Decision


def message(decision: Decision) -> str:
    """Return the commit's message: what moves, as trailers that machines read, with what each gate said."""
    step = decision.step
    trailers = [
        (releases.FLEET, step.fleet),
        (releases.FROM, step.source),
        (releases.TO, step.target),
        (releases.RELEASE, step.release),
        (releases.PREVIOUS, step.previous),
        *((releases.GATE, f"{_word(verdict)} {verdict.gate}: {verdict.told}") for verdict in decision.verdicts),
    ]
    return proposal.message(step.title, "", trailers)


def body(decision: Decision) -> str:
    """Return the request's text, in Markdown; what came from devices and files is code, so that it is only text."""
    step = decision.step
    lines = [
        f"Release `{step.release}` goes from `{step.source}` to `{step.target}` of fleet `{step.fleet}`.",
        f"`{step.target}` has `{step.previous}` now.",
        "",
        "| gate | | |",
        "| --- | --- | --- |",
    ]
    lines += [f"| {code(each.gate)} | {_word(each).split(' (')[0]} | {code(each.told)} |" for each in decision.verdicts]
    return "\n".join([*lines, "", "Merging this commit promotes the release; nothing else of the file changes.", ""])


def _word(verdict: Verdict) -> str:
    return "met" if verdict.met else f"passed over ({verdict.passed_over})" if verdict.open else "not met"
