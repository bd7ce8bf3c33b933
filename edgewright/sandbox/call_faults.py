"""What goes wrong with calls to AWS on purpose: throttling, errors, slow answers, lost connections, old credentials.

A fault is a standing order like those of devices (``device_faults``): it holds for the calls that it names until it is
cleared or its time is over, and it says how many calls it saw and how many it hit. Which of them it hits follows from
its seed and from how many came before, so the same calls in the same order fare the same. Seconds are those of the
sandbox's clock, but for those that an answer is late, which the caller must really wait.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from edgewright.sandbox.authorization import principals
from edgewright.sandbox.device_faults import LONGEST, Parameter, chance
from edgewright.sandbox.faults import AwsError
from edgewright.sandbox.world import world

LATEST: Final = 300.0
"""Seconds that an answer is never later than."""

KINDS: Final[Mapping[str, tuple[str, Mapping[str, Parameter]]]] = {
    "throttle": (
        "calls are refused because there are too many",
        {
            "retryAfter": Parameter("seconds after which to come again, as far as the service says so"),
            "message": Parameter("AWS's words, when they are others", str),
        },
    ),
    "error": (
        "calls fail on the side of AWS",
        {"status": Parameter("HTTP status 500, 502, 503 or 504", default=500.0)},
    ),
    "slow-answer": ("answers are late", {"seconds": Parameter("how late", required=True)}),
    "lost-connection": (
        "the connection is reset",
        {"when": Parameter("before the call is done, or after (nobody hears that it was)", str, default="before")},
    ),
    "expired-credentials": ("sessions that were open when it began have expired; new ones are good", {}),
}
"""Kind -> what it does, and its parameters."""
COMMON: Final[Mapping[str, Parameter]] = {
    "service": Parameter("such as greengrass, iot, s3 or iot-device, with * and ?", str, default="*"),
    "operation": Parameter("such as CreateDeployment, with * and ?", str, default="*"),
    "account": Parameter("id of the account whose calls are hit", str),
    "rate": Parameter("share of the calls that is hit, 0 to 1", default=1.0),
    "seed": Parameter("of the choice which are hit", int, default=0),
    "after": Parameter("so many calls pass first", int, default=0),
    "times": Parameter("at most so many calls are hit", int),
    "duration": Parameter("seconds after which the fault is over (default: when it is cleared)"),
}
"""What every kind has."""
_STATUSES = (500, 502, 503, 504)


class LostConnection(ConnectionError):  # noqa: N818 -- it is no error of anybody: it is asked for
    """The connection is to be reset."""


@dataclass
class CallFault:
    """A standing order."""

    id: str
    kind: str
    given: Mapping[str, Any]
    since: float
    sessions: frozenset[str] = frozenset()
    """Access keys of the sessions that were open when it began."""
    seen: int = 0
    hit: int = 0

    def over(self) -> bool:
        """Whether its time has passed, or it hit as many as it may."""
        duration, times = self.given["duration"], self.given["times"]
        late = duration is not None and world.clock.now() >= self.since + duration
        return bool(late or (times is not None and self.hit >= times))

    def takes(self, account: str, service: str, operation: str, key: str) -> bool:
        """Whether it hits a call; counts it, so ask once for each call."""
        given = self.given
        fits = (
            not self.over()
            and given["account"] in {None, account}
            and fnmatch.fnmatchcase(service, given["service"])
            and fnmatch.fnmatchcase(operation, given["operation"])
            and (self.kind != "expired-credentials" or key in self.sessions)
        )
        if not fits:
            return False
        self.seen += 1
        turn = self.seen - given["after"]
        hit = turn > 0 and bool(given["rate"] >= 1 or chance(given["seed"], self.kind, str(turn)) < given["rate"])
        self.hit += hit
        return hit

    def to_json(self) -> dict[str, Any]:
        """The form in which it is listed."""
        return {
            "id": self.id,
            "kind": self.kind,
            **{name: value for name, value in self.given.items() if value is not None},
            "seen": self.seen,
            "hit": self.hit,
            "over": self.over(),
        }


@dataclass
class _Standing:
    faults: dict[str, CallFault] = field(default_factory=dict)
    number: int = 0


_standing = _Standing()


def add(value: Mapping[str, Any]) -> CallFault:
    """Give a standing order: ``kind``, its parameters and those of ``COMMON``.

    Raises:
        AwsError: 400; there is no such kind, or a parameter is missing, unknown or out of its bounds.
    """
    kind = str(value.get("kind"))
    if kind not in KINDS:
        raise _bad(f"there is no fault of calls {kind!r}; there are {', '.join(KINDS)}")
    known = {**KINDS[kind][1], **COMMON}
    unknown = sorted(set(value) - set(known) - {"kind"})
    if unknown:
        raise _bad(f"the fault {kind} has no {', '.join(unknown)}; it has {', '.join(known)}")
    given = {name: _parameter(kind, name, wanted, value.get(name)) for name, wanted in known.items()}
    _standing.number += 1
    fault = CallFault(
        id=f"{kind}-{_standing.number}",
        kind=kind,
        given=given,
        since=world.clock.now(),
        sessions=principals.session_keys() if kind == "expired-credentials" else frozenset(),
    )
    _standing.faults[fault.id] = fault
    return fault


def clear(identifier: str | None = None) -> int:
    """End a fault, or all of them; returns how many.

    Raises:
        AwsError: 404; there is none of that id.
    """
    if identifier is None:
        count = len(_standing.faults)
        _standing.faults.clear()
        return count
    if _standing.faults.pop(identifier, None) is None:
        known = ", ".join(_standing.faults) or "none"
        raise AwsError("NotFound", f"there is no fault {identifier!r}; there are: {known}", 404)
    return 1


def forget_all() -> None:
    """No fault stands, and none ever did."""
    _standing.faults.clear()
    _standing.number = 0


def dump() -> tuple[dict[str, CallFault], int]:
    """What stands, and how many there ever were, for ``restore``."""
    return dict(_standing.faults), _standing.number


def restore(state: tuple[dict[str, CallFault], int]) -> None:
    """Let stand what stood when ``dump`` was called, and nothing else."""
    _standing.faults.clear()
    _standing.faults.update(state[0])
    _standing.number = state[1]


def standing() -> list[CallFault]:
    """All faults that were not cleared, in the order in which they were given."""
    return list(_standing.faults.values())


@dataclass(frozen=True)
class Trouble:
    """What awaits one call."""

    late: float = 0.0
    """Seconds of the machine before anything else happens."""
    error: AwsError | None = None
    lost: str = ""
    """``before`` or ``after``; empty when the connection holds."""


def trouble(account: str, service: str, operation: str, key: str = "") -> Trouble:
    """What the standing faults do to a call. Call with the lock held, and once for each call."""
    late, error, lost = 0.0, None, ""
    for fault in _standing.faults.values():
        if not fault.takes(account, service, operation, key):
            continue
        match fault.kind:
            case "slow-answer":
                late += fault.given["seconds"]
            case "lost-connection":
                lost = fault.given["when"]
            case "throttle":
                error = throttled(service, fault.given["retryAfter"], fault.given["message"])
            case "error":
                error = broken(service, int(fault.given["status"]))
            case "expired-credentials":
                error = expired(service)
    return Trouble(late, error, lost)


# --- as the services say it -------------------------------------------------------------------------------------

_THROTTLED = {
    "greengrass": ("ThrottlingException", 429),
    "s3": ("SlowDown", 503),
    "lambda": ("TooManyRequestsException", 429),
    "iam": ("Throttling", 400),
    "sts": ("Throttling", 400),
    "ec2": ("RequestLimitExceeded", 503),
    "iot-device": ("ThrottlingException", 429),
}
_BROKEN = {
    "greengrass": "InternalServerException",
    "iot": "InternalFailureException",
    "iot-device": "InternalFailureException",
    "s3": "InternalError",
    "lambda": "ServiceException",
    "iam": "ServiceFailure",
    "ec2": "InternalError",
}
_UNAVAILABLE = {"greengrass": "ServiceUnavailable", "iot": "ServiceUnavailableException"}


def throttled(service: str, retry_after: float | None = None, message: str | None = None) -> AwsError:
    """A refusal because of too many calls, as a service says it."""
    code, status = _THROTTLED.get(service, ("ThrottlingException", 400))
    fields: dict[str, Any] = {}
    if service == "greengrass":
        fields = {"quotaCode": "L-00000000", "serviceCode": "greengrass"}
    text = message or ("Please reduce your request rate." if service == "s3" else "Rate exceeded")
    error = AwsError(code, text, status, fields)
    if retry_after is not None:
        error.headers["Retry-After"] = f"{retry_after:.0f}"
    return error


def broken(service: str, status: int = 500) -> AwsError:
    """A failure on the side of AWS."""
    if status == _STATUSES[0]:
        return AwsError(_BROKEN.get(service, "InternalFailure"), "An internal error occurred.", status)
    return AwsError(_UNAVAILABLE.get(service, "ServiceUnavailable"), "The service is unavailable.", status)


def expired(service: str) -> AwsError:
    """A refusal of credentials whose time is over."""
    code = "ExpiredToken" if service in {"sts", "iam", "s3"} else "ExpiredTokenException"
    text = "The security token included in the request is expired"
    return AwsError(code, text, 400 if service == "s3" else 403)


# --- parameters -------------------------------------------------------------------------------------------------


def _parameter(kind: str, name: str, wanted: Parameter, given: Any) -> Any:
    if given is None:
        if wanted.required:
            raise _bad(f"the fault {kind} needs {name}: {wanted.summary}")
        return wanted.default
    if wanted.type is str:
        if not isinstance(given, str) or not given:
            raise _bad(f"{name} is a text: {wanted.summary} (got {given!r})")
        if name == "when" and given not in {"before", "after"}:
            raise _bad(f"when is before or after (got {given!r})")
        return given
    whole = wanted.type is int
    kinds = (int,) if whole else (int, float)
    least, most = (1 if name == "times" else 0), {"rate": 1.0, "seconds": LATEST}.get(name, LONGEST)
    if not isinstance(given, kinds) or isinstance(given, bool) or not (name == "seed" or least <= given <= most):
        noun = "a whole number" if whole else "a number"
        raise _bad(f"{name} is {noun} from {least} to {most:.10g}: {wanted.summary} (got {given!r})")
    if name == "status" and given not in _STATUSES:
        raise _bad(f"status is one of {', '.join(map(str, _STATUSES))} (got {given!r})")
    return given


def _bad(message: str) -> AwsError:
    return AwsError("BadRequest", message, 400)
