"""Evidence for gates: results of tests, approvals and outcomes of updates go to the ledger, bound to a release."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgewright.aws.reading import Facet
from edgewright.aws.session import Session
from edgewright.canonical import sha256_hex
from edgewright.errors import EdgewrightError, RefusedError
from edgewright.gitops.events import AnyEvent, Approved, Deployed, TestRecorded, now, written
from edgewright.gitops.git import NOBODY
from edgewright.gitops.merged import Merged
from edgewright.manifest.controls import short
from edgewright.manifest.gates import Gates
from edgewright.validation import one_of

LARGEST = 4 * 1024 * 1024
"""Bytes of a result file."""
_SUMMARY = 2000


@dataclass(frozen=True)
class Result:
    """What a result file says."""

    passed: bool
    summary: str
    sha256: str


def read_result(file: Path) -> Result:
    """Read the result of a test: a JSON object with ``passed`` (true or false) and, if you like, ``summary``.

    Raises:
        EdgewrightError: it cannot be read, or is no such object.
    """
    try:
        content = file.read_bytes()
    except OSError as error:
        msg = f"{file} cannot be read ({error.strerror}): name the file that the test wrote"
        raise EdgewrightError(msg) from error
    if len(content) > LARGEST:
        msg = f"{file} has {len(content)} bytes, and a result has {LARGEST} at most: write passed and a summary only"
        raise EdgewrightError(msg)
    try:
        document: Any = json.loads(content)
    except ValueError as error:
        msg = f'{file} is no JSON ({error}): write an object such as {{"passed": true, "summary": "40 of 40"}}'
        raise EdgewrightError(msg) from error
    passed = document.get("passed") if isinstance(document, dict) else None
    if not isinstance(passed, bool):
        msg = f'{file} does not say whether the test passed (got {passed!r}): it needs "passed": true or false'
        raise EdgewrightError(msg)
    summary = document.get("summary", "")
    if not isinstance(summary, str):
        msg = f"{file} has a summary that is no text (got {type(summary).__name__}): write a sentence"
        raise EdgewrightError(msg)
    return Result(passed, " ".join(summary.split())[:_SUMMARY], sha256_hex(content))


def test_result(
    merged: Merged,
    fleet: str,
    ring: str,
    name: str,
    result: Result,
    *,
    release: str | None,
    deployment: str | None,
    sessions: Callable[[str], Session],
) -> TestRecorded:
    """Return the event of a test's result.

    Args:
        merged: What is merged.
        fleet: The fleet.
        ring: The ring (``stage/ring``) that the test ran against.
        name: Of the test, as gates name it.
        result: What it said.
        release: The release that it ran against; what the ring runs, by default, asked of AWS.
        deployment: The deployment that carried it; the ring's latest by default.
        sessions: How stages are reached.

    Raises:
        EdgewrightError: no gate asks for such a test, or it cannot be said what the ring runs.
    """
    merged.project.ring(fleet, ring)
    gates = merged.project.fleets[fleet].promotion.gates.get(ring, Gates())
    if name not in gates.tests:
        asked = one_of(name, gates.tests, f"the tests of {ring} are")
        msg = f"no gate of {fleet} {ring} asks for a test {name!r}, so its result would open nothing: {asked}"
        raise EdgewrightError(msg)
    if release is None:
        reading = merged.read_ring(fleet, ring, sessions)
        latest = reading.deployment
        if Facet.DEPLOYMENT not in reading.known or latest is None or latest.release is None:
            gaps = "; ".join(map(str, reading.gaps)) or "its latest deployment carries no release of Edgewright's"
            msg = f"it cannot be said which release {ring} of {fleet} runs: {gaps}; name it with --release"
            raise EdgewrightError(msg)
        release, deployment = latest.release, deployment or latest.id
    return TestRecorded(
        at=written(now()),
        by=merged.repository.operator(),
        fleet=fleet,
        ring=ring,
        release=release,
        commit=merged.base.commit,
        name=name,
        passed=result.passed,
        summary=result.summary,
        deployment=deployment,
        result_sha256=result.sha256,
    )


def approval(merged: Merged, fleet: str, ring: str, release: str | None, note: str) -> Approved:
    """Return the event by which the user approves that a release leaves a ring.

    Raises:
        RefusedError: the user wrote the release.
        EdgewrightError: git does not know who the user is.
    """
    wanted = release or merged.project.ring(fleet, ring).release
    merged.project.ring(fleet, ring)
    who = merged.repository.user()
    if who == NOBODY:
        msg = "git does not know who you are, and an approval is somebody's: git config user.email"
        raise EdgewrightError(msg)
    path = [(stage, each.name) for stage, each in merged.project.path(fleet)]
    if who.casefold() in merged.history.writers(fleet, path, wanted):
        msg = f"{who} wrote release {short(wanted)} and cannot approve it: ask somebody else of the fleet's owners"
        raise RefusedError(msg)
    return Approved(
        at=written(now()), by=who, fleet=fleet, ring=ring, release=wanted, commit=merged.base.commit, note=note
    )


def outcomes(
    merged: Merged,
    rings: Sequence[tuple[str, str]],
    sessions: Callable[[str], Session],
    known: Sequence[AnyEvent],
) -> tuple[list[Deployed], list[str]]:
    """Return what became of the releases that rings have in Git, and a sentence for each ring without news.

    Args:
        merged: What is merged.
        rings: Fleet and ``stage/ring``.
        sessions: How stages are reached.
        known: Events that the ledger has.

    Raises:
        AwsError: AWS cannot be asked.
    """
    told = {(each.deployment, each.outcome) for each in known if isinstance(each, Deployed)}
    found, silent = [], []
    for fleet, ring in rings:
        wanted = merged.project.ring(fleet, ring).release
        reading = merged.read_ring(fleet, ring, sessions)
        latest = reading.deployment
        if Facet.DEPLOYMENT not in reading.known:
            silent.append(f"{fleet} {ring} could not be read: {'; '.join(map(str, reading.gaps))}")
            continue
        revision = created = None
        failed = None
        if latest is not None and latest.release == wanted:
            deployment, revision, created = latest.id, latest.revision, written(latest.created)
            words = f"{len(reading.taken)} of {len(reading.devices)} devices have it"
        else:
            failed = None if latest is None else merged.tried(fleet, ring, wanted, sessions)
            if failed is None:
                silent.append(f"{fleet} {ring} was never given {short(wanted)}")
                continue
            back = latest.release if latest is not None else None
            deployment, words = failed, f"the ring was rolled back to {short(back) if back else 'something else'}"
        outcome = "failed" if failed else "succeeded"
        if (deployment, outcome) in told:
            silent.append(f"{fleet} {ring}: deployment {deployment} is recorded already")
            continue
        found.append(
            Deployed(
                at=written(now()),
                by=merged.repository.operator(),
                fleet=fleet,
                ring=ring,
                release=wanted,
                commit=merged.base.commit,
                deployment=deployment,
                outcome=outcome,  # type: ignore[arg-type]
                revision=revision,
                created=created,
                told=words,
            )
        )
    return found, silent
