"""When a revision has proved itself, and when it has failed. Pure: counts in, verdict out.

Words. *Executed*: a device has taken the revision and ended, well or badly. *Expected*: it is online and has not ended
yet, so it still counts. *Offline*: it cannot be expected to take the revision now, and does not count against it.

How AWS's data says that a device is online: there is no such field for core devices (their status is at best a day
old), so it is judged by the job itself. A device that has begun or ended the revision is online. One to which the
revision was offered and that has not begun it within ``pickupSeconds`` is offline; until then it is expected. A member
to which the job has not been offered yet (the rollout rate) is expected.

The verdict is given as soon as it is certain: when it would be the same whatever the expected devices do. At the
deadline, what has executed decides by itself: its share, its number, and the job's own abort thresholds.
Offline devices never count in the share. They do count towards ``minimum``, which is evidence that somebody asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any


class Outcome(Enum):
    """What the wait has come to."""

    PENDING = "pending"
    PASSED = "passed"
    FAILED = "failed"


@dataclass(frozen=True)
class Threshold:
    """An abort criterion of the job: it is hit when ``percent`` of at least ``least`` executed devices failed so."""

    failure: str
    percent: float
    least: int


@dataclass(frozen=True)
class Policy:
    """What must be seen: see ``wait`` of the Deployment, and ``abortConfig`` of its job."""

    succeeded: float = 1.0
    minimum: int = 1
    none_online: str = "pass"
    abort: tuple[Threshold, ...] = ()

    @classmethod
    def of(cls, inputs: Mapping[str, Any]) -> Policy:
        """Return the policy of a Deployment's inputs."""
        wait = inputs.get("wait") or {}
        criteria = ((inputs.get("iotJobConfiguration") or {}).get("abortConfig") or {}).get("criteriaList") or ()
        return cls(
            succeeded=float(wait.get("succeeded", 1.0)),
            minimum=int(wait.get("minimum", 1)),
            none_online=str(wait.get("noneOnline", "pass")),
            abort=tuple(
                Threshold(
                    str(each["failureType"]), float(each["thresholdPercentage"]), int(each["minNumberOfExecutedThings"])
                )
                for each in criteria
            ),
        )


@dataclass(frozen=True)
class Counts:
    """Devices of a target, each counted once.

    Attributes:
        members: All things of the target, offline ones and things that are no core devices included.
        succeeded: Ended well.
        failed: Ended badly: failed, rejected or timed out.
        rejected: Those of ``failed`` that refused it.
        timed_out: Those of ``failed`` that took too long.
        in_progress: Have begun.
        offered: The revision was offered to them, and they may still begin it.
        unoffered: The rollout has not come to them yet.
        offline: Did not begin it in time.
        stopped: The job was cancelled before they began.
        cancelled: Whether the job itself was cancelled, by its abort criteria or by somebody.
    """

    members: int = 0
    succeeded: int = 0
    failed: int = 0
    rejected: int = 0
    timed_out: int = 0
    in_progress: int = 0
    offered: int = 0
    unoffered: int = 0
    offline: int = 0
    stopped: int = 0
    cancelled: bool = False

    @property
    def executed(self) -> int:
        """Devices that have ended, well or badly."""
        return self.succeeded + self.failed

    @property
    def expected(self) -> int:
        """Online devices that have not ended yet."""
        return self.in_progress + self.offered + self.unoffered

    @property
    def online(self) -> int:
        """Devices that have ended or are expected to."""
        return self.executed + self.expected


@dataclass(frozen=True)
class Verdict:
    """An outcome, and why in words."""

    outcome: Outcome
    reason: str


def judge(counts: Counts, policy: Policy, *, expired: bool = False) -> Verdict:
    """Return the verdict on ``counts``.

    Args:
        counts: The devices.
        policy: What must be seen.
        expired: Whether the deadline has passed: what has executed decides then.
    """
    if counts.members == 0:
        return Verdict(Outcome.PASSED, "the target has no devices yet; they take the revision when they join")
    if counts.cancelled and (counts.stopped or counts.expected):
        # The job's own abort criteria cancel it after failures; without one, somebody did.
        why = "too many devices failed, and the rollout stopped itself" if counts.failed else "the job was cancelled"
        return Verdict(Outcome.FAILED, f"{why} before every device had it: {progress(counts)}")
    if _certain_failure(counts, policy):
        return Verdict(Outcome.FAILED, f"too many devices failed: {progress(counts)}")
    if counts.online == 0:
        return _none_online(counts, policy)
    if counts.expected and not expired:
        certain = _share(counts.succeeded, counts.online) >= policy.succeeded and not _hit(counts, policy, worst=True)
        if certain and counts.executed >= max(_needed(counts, policy), 1):
            return Verdict(Outcome.PASSED, _to_come(counts))
        return Verdict(Outcome.PENDING, progress(counts))
    return _decided(counts, policy, expired=expired)


def _decided(counts: Counts, policy: Policy, *, expired: bool) -> Verdict:
    """Everybody who can be expected to has ended, or the deadline has passed: what has executed decides."""
    when = "the deadline passed" if expired and counts.expected else "all that are online have ended"
    if _share(counts.succeeded, counts.executed) < policy.succeeded:
        return Verdict(
            Outcome.FAILED, f"{when} and only {counts.succeeded} of {counts.executed} succeeded: {progress(counts)}"
        )
    if hit := _hit(counts, policy):
        return Verdict(Outcome.FAILED, f"{when} and the abort threshold of {hit} is hit: {progress(counts)}")
    needed = _needed(counts, policy)
    if counts.executed < needed:
        if not expired:
            # Offline devices may still come back in time.
            return Verdict(Outcome.PENDING, f"{progress(counts)}; {needed} must have executed it")
        few = f"{counts.executed} {_devices(counts.executed)} had executed it and {needed} must have"
        return Verdict(Outcome.FAILED, f"the deadline passed when {few}: {progress(counts)}")
    if expired and counts.expected:
        passing = "all that executed it pass" if counts.executed else "none had to have executed it"
        return Verdict(Outcome.PASSED, f"the deadline passed; {passing}: {_to_come(counts)}")
    return Verdict(Outcome.PASSED, _to_come(counts))


def progress(counts: Counts) -> str:
    """Return the line of progress, such as ``37 of 50 online devices done, 1 failed, 12 offline``."""
    parts = [f"{counts.succeeded} of {counts.online} online {_devices(counts.online)} done"]
    if counts.failed:
        parts.append(f"{counts.failed} failed")
    if counts.offline:
        parts.append(f"{counts.offline} offline")
    if counts.unoffered:
        parts.append(f"{counts.unoffered} not reached by the rollout yet")
    if counts.stopped:
        parts.append(f"{counts.stopped} not begun")
    return ", ".join(parts)


def _none_online(counts: Counts, policy: Policy) -> Verdict:
    text = f"none of the {counts.members} {_devices(counts.members)} is online"
    if policy.none_online == "fail":
        return Verdict(Outcome.FAILED, f"{text}, and wait.noneOnline is fail")
    return Verdict(Outcome.PASSED, f"{text}; they take the revision when they come back")


def _needed(counts: Counts, policy: Policy) -> int:
    # A target of two devices cannot show three.
    return min(policy.minimum, counts.members)


def _hit(counts: Counts, policy: Policy, *, worst: bool = False) -> str:
    """Return the abort threshold that is hit in words, or "" when none is.

    AWS IoT cancels the job when the share reaches the threshold (AbortCriteria.thresholdPercentage). With ``worst``,
    every expected device is taken to fail: what then hits nothing never will.
    """
    more = counts.expected if worst else 0
    executed = counts.executed + more
    failures = {
        "ALL": counts.failed + more,
        "FAILED": counts.failed - counts.rejected - counts.timed_out + more,
        "REJECTED": counts.rejected + more,
        "TIMED_OUT": counts.timed_out + more,
    }
    for each in policy.abort:
        number = failures[each.failure]
        if number and executed >= each.least and 100 * _share(number, executed) >= each.percent:
            return f"{each.percent:g}% {each.failure}"
    return ""


def _certain_failure(counts: Counts, policy: Policy) -> bool:
    # Even if every expected device succeeds, the share stays below the wanted one.
    return counts.failed > 0 and _share(counts.succeeded + counts.expected, counts.online) < policy.succeeded


def _share(part: int, whole: int) -> float:
    # Rounded, so that 19 of 20 meets 0.95 although neither is exact in binary.
    return round(part / whole, 9) if whole else 1.0


def _to_come(counts: Counts) -> str:
    still = counts.expected + counts.offline
    text = progress(counts)
    return f"{text}; {still} still to come" if still else text


def _devices(number: int) -> str:
    return "device" if number == 1 else "devices"
