"""What goes wrong with core devices on purpose: which kinds there are, whom they hit, and what they do to a device.

A fault is a standing order, not an event: it holds for all devices that it names, also for those that come later,
until it is cleared or its time is over. Whom it hits and when follows from its seed, the thing's name and the
sandbox's clock alone, so the same orders do the same again. Seconds are those of the sandbox's clock.

The registry asks for what holds now (``effective``); devices, with scripts or light, do as their knobs say.
"""

from __future__ import annotations

import fnmatch
import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from edgewright.sandbox.faults import AwsError
from edgewright.sandbox.world import world
from edgewright.versions import Range, is_version

LONGEST: Final = 30 * 24 * 3600.0
"""Seconds that a duration of a fault is never longer than."""


@dataclass(frozen=True)
class Parameter:
    """A parameter of a kind: its meaning, and the text, share or seconds that it takes."""

    summary: str
    type: type = float
    required: bool = False
    default: Any = None


_COMPONENT = Parameter("name of the component", str, required=True)
_DURATION = Parameter("seconds after which the fault is over (default: when it is cleared)")

KINDS: Final[Mapping[str, tuple[str, Mapping[str, Parameter]]]] = {
    "fail-component": (
        "a component version does not start, so deployments that bring it fail",
        {
            "component": _COMPONENT,
            "version": Parameter("a version or an npm range of versions (default: all)", str, default="*"),
            "rate": Parameter("share of a device's deployments that fail, 0 to 1 (default: all)", default=1.0),
        },
    ),
    "crash": (
        "the processes of a component are killed, again and again",
        {"component": _COMPONENT, "every": Parameter("seconds between two kills", required=True)},
    ),
    "offline": ("no connection", {"duration": _DURATION}),
    "flap": (
        "the connection comes and goes",
        {
            "every": Parameter("seconds from one loss to the next", required=True),
            "down": Parameter("seconds that each loss lasts (default: half of the time)"),
        },
    ),
    "late": ("reports arrive late", {"seconds": Parameter("how late", required=True)}),
    "slow": ("deployments take longer", {"seconds": Parameter("how much longer", required=True)}),
    "disk-full": ("nothing more can be downloaded", {}),
    "defer": (
        "components put updates off, when the deployment asks them",
        {"seconds": Parameter("how long", required=True)},
    ),
    "old-nucleus": ("the nucleus is an old one", {"version": Parameter("its version", str, required=True)}),
}
"""Kind -> what it does, and its parameters."""


@dataclass(frozen=True)
class DeviceFault:
    """A standing order; ``since`` on the sandbox's clock."""

    id: str
    kind: str
    parameters: Mapping[str, Any]
    devices: tuple[str, ...] = ("*",)
    """Names of things, with ``*`` and ``?``."""
    share: float = 1.0
    """Of the devices that the names mean, the share (0 to 1) that is hit."""
    seed: int = 0
    account: str | None = None
    since: float = 0.0

    def hits(self, account: str, thing: str) -> bool:
        """Whether a device is among those that the fault is for, now or at another time."""
        return (
            self.account in {None, account}
            and any(fnmatch.fnmatchcase(thing, pattern) for pattern in self.devices)
            and (self.share >= 1 or chance(self.seed, self.kind, thing) < self.share)
        )

    def cut_off(self, thing: str, now: float) -> bool:
        """Whether the fault keeps a device that it hits from its connection."""
        if self.kind == "offline":
            return not self.over(now)
        if self.kind != "flap":
            return False
        every, down = self._times()
        return (now - self.since + self._phase(thing)) % every < down

    def next_turn(self, thing: str, now: float) -> float | None:
        """When the connection of a device that it hits next comes or goes by this fault."""
        if self.kind == "offline":
            duration = self.parameters["duration"]
            return None if duration is None or self.over(now) else self.since + float(duration)
        if self.kind != "flap":
            return None
        every, down = self._times()
        position = (now - self.since + self._phase(thing)) % every
        return now + (down - position if position < down else every - position)

    def over(self, now: float) -> bool:
        """Whether its time has passed."""
        duration = self.parameters.get("duration")
        return duration is not None and now >= self.since + duration

    def _times(self) -> tuple[float, float]:
        return float(self.parameters["every"]), float(self.parameters["down"])

    def _phase(self, thing: str) -> float:
        return chance(self.seed, "phase", thing) * self._times()[0]

    def to_json(self) -> dict[str, Any]:
        """The form in which it is listed."""
        value = asdict(self)
        value["devices"], value["parameters"] = list(self.devices), dict(self.parameters)
        value["over"] = self.over(world.clock.now())
        return value


@dataclass
class _Standing:
    faults: dict[str, DeviceFault] = field(default_factory=dict)
    number: int = 0


_standing = _Standing()


def chance(seed: int, *what: str) -> float:
    """A number from 0 to 1 that looks like chance and is always the same."""
    text = "\n".join([str(seed), *what])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") / 2**64


def add(value: Mapping[str, Any]) -> DeviceFault:
    """Give a standing order: ``kind``, its parameters, and ``devices``, ``share``, ``seed``, ``account``.

    Raises:
        AwsError: 400; there is no such kind, or a parameter is missing, unknown or out of its bounds.
    """
    kind = str(value.get("kind"))
    if kind not in KINDS:
        raise _bad(f"there is no device fault {kind!r}; there are {', '.join(KINDS)}")
    known = KINDS[kind][1]
    common = {"kind", "devices", "share", "seed", "account"}
    unknown = sorted(set(value) - set(known) - common)
    if unknown:
        raise _bad(f"the fault {kind} has no {', '.join(unknown)}; it has {', '.join([*known, *sorted(common)])}")
    parameters = {name: _parameter(kind, name, wanted, value.get(name)) for name, wanted in known.items()}
    if kind == "flap":
        parameters["down"] = parameters["every"] / 2 if parameters["down"] is None else parameters["down"]
        if not 0 < parameters["down"] < parameters["every"]:
            raise _bad(f"down must be shorter than every (got {parameters['down']:g} and {parameters['every']:g})")
    devices = value.get("devices") or ["*"]
    if not isinstance(devices, list) or not all(isinstance(each, str) and each for each in devices):
        raise _bad(f"devices is a list of names (got {devices!r})")
    seed = value.get("seed", 0)
    if not isinstance(seed, int) or isinstance(seed, bool):
        raise _bad(f"seed is a whole number (got {seed!r})")
    account = value.get("account")
    if account is not None and not isinstance(account, str):
        raise _bad(f"account is an account's id (got {account!r})")
    _standing.number += 1
    fault = DeviceFault(
        id=f"{kind}-{_standing.number}",
        kind=kind,
        parameters=parameters,
        devices=tuple(devices),
        share=_within("share", value.get("share", 1.0), 1.0),
        seed=seed,
        account=account,
        since=world.clock.now(),
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


def dump() -> tuple[dict[str, DeviceFault], int]:
    """What stands, and how many there ever were, for ``restore``."""
    return dict(_standing.faults), _standing.number


def restore(state: tuple[dict[str, DeviceFault], int]) -> None:
    """Let stand what stood when ``dump`` was called, and nothing else."""
    _standing.faults.clear()
    _standing.faults.update(state[0])
    _standing.number = state[1]


def standing() -> list[DeviceFault]:
    """All faults that were not cleared, in the order in which they were given."""
    return list(_standing.faults.values())


def hitting(account: str, thing: str) -> list[DeviceFault]:
    """The faults for one device."""
    return [fault for fault in _standing.faults.values() if fault.hits(account, thing)]


def effective(
    knobs: Mapping[str, Any], nucleus: str, account: str, thing: str, now: float
) -> tuple[dict[str, Any], str]:
    """What a device's own knobs and nucleus become with the faults that hit it now."""
    result = dict(knobs)
    for fault in hitting(account, thing):
        given = fault.parameters
        if fault.over(now):
            continue
        match fault.kind:
            case "offline" | "flap":
                result["offline"] = result.get("offline", False) or fault.cut_off(thing, now)
            case "slow" | "late" | "defer":
                result[fault.kind] = result.get(fault.kind, 0.0) + given["seconds"]
            case "disk-full":
                result["diskFull"] = True
            case "fail-component":
                result["failing"] = [*result.get("failing", ()), {**given, "seed": fault.seed}]
            case "crash":
                result["crashing"] = [*result.get("crashing", ()), {**given, "seed": fault.seed}]
            case "old-nucleus":
                nucleus = given["version"]
    return result, nucleus


def _parameter(kind: str, name: str, wanted: Parameter, given: Any) -> Any:
    if given is None:
        if wanted.required:
            raise _bad(f"the fault {kind} needs {name}: {wanted.summary}")
        return wanted.default
    if wanted.type is float:
        return _within(name, given, 1.0 if name == "rate" else LONGEST, above=0.1 if name == "every" else 0.0)
    if not isinstance(given, str) or not given:
        raise _bad(f"{name} is a text: {wanted.summary} (got {given!r})")
    if kind == "old-nucleus" and not is_version(given):
        raise _bad(f"version is one exact version such as 2.9.6 (got {given!r})")
    if name == "version":
        try:
            Range.parse(given)
        except ValueError as error:
            raise _bad(f"version: {error}") from error
    return given


def _within(name: str, given: Any, most: float, above: float = 0.0) -> float:
    number = isinstance(given, int | float) and not isinstance(given, bool)
    if not number or not above <= given <= most:
        raise _bad(f"{name} is a number from {above:g} to {most:.10g} (got {given!r})")
    return float(given)


def _bad(message: str) -> AwsError:
    return AwsError("BadRequest", message, 400)
