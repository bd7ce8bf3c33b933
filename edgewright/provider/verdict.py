"""When a revision has proved itself, and when it has failed. Pure: counts in, verdict out.

Words. *Executed*: a device has taken the revision and ended, well or badly. *Expected*: it is online and has not ended
yet, so it still counts. *Offline*: it cannot be expected to take the revision now, and does not count against it.

How AWS's data says that a device is online: there is no such field for core devices (their status is at best a day
old), so it is judged by the job itself. A device that has begun or ended the revision is online. One to which the
revision was offered and that has not begun it within ``pickupSeconds`` is offline; until then it is expected. A member
to which the job has not been offered yet (the rollout rate) is expected.

The verdict is given as soon as it is certain: when it would be the same whatever the expected devices do.
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
class Policy:
    """What must be seen: see ``wait`` of the Deployment."""

    succeeded: float = 1.0
    minimum: int = 1
    none_online: str = "pass"

    @classmethod
    def of(cls, wait: Mapping[str, Any]) -> Policy:
        """Return the policy of the ``wait`` input."""
        return cls(
            succeeded=float(wait.get("succeeded", 1.0)),
            minimum=int(wait.get("minimum", 1)),
            none_online=str(wait.get("noneOnline", "pass")),
        )


@dataclass(frozen=True)
class Counts:
    """Devices of a target, each counted once.

    Attributes:
        members: All things of the target, offline ones and things that are no core devices included.
        succeeded: Ended well.
        failed: Ended badly: failed, rejected or timed out.
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
    needed = min(policy.minimum, counts.online)
    enough = counts.executed >= needed
    if counts.expected == 0:
        return _final(counts, policy)
    if enough and counts.executed and _share(counts.succeeded, counts.online) >= policy.succeeded:
        return Verdict(Outcome.PASSED, _to_come(counts))
    if not expired:
        return Verdict(Outcome.PENDING, progress(counts))
    if not enough or counts.executed == 0:
        reason = f"the deadline passed when {counts.executed} devices had executed it and {max(needed, 1)} must have"
        return Verdict(Outcome.FAILED, f"{reason}: {progress(counts)}")
    return Verdict(Outcome.PASSED, f"the deadline passed; all that executed it pass: {_to_come(counts)}")


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


def _final(counts: Counts, policy: Policy) -> Verdict:
    """Everybody who can be expected to has ended, and the failures are within bounds."""
    if counts.online == 0:
        text = f"none of the {counts.members} {_devices(counts.members)} is online"
        if policy.none_online == "fail":
            return Verdict(Outcome.FAILED, text)
        return Verdict(Outcome.PASSED, f"{text}; they take the revision when they come back")
    return Verdict(Outcome.PASSED, _to_come(counts))


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
