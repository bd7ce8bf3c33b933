"""The one world of a sandbox process: its lock, its clock and the news that devices wait for.

moto keeps its state in module globals and was not written for threads, so a process holds one world and one request
changes it at a time. Long polls wait on conditions of that same lock, which frees it while they wait.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

MINUTE = 60.0  # seconds of the sandbox's clock


class Clock:
    """Time for rates and time-outs, which tests and demos may speed up; time stamps stay those of the machine."""

    def __init__(self) -> None:
        self.speed = 1.0
        """Seconds of the sandbox that pass in one second of the machine."""
        self._since = time.monotonic()
        self._elapsed = 0.0

    def now(self) -> float:
        """Seconds of the sandbox, from an arbitrary start."""
        return self._elapsed + (time.monotonic() - self._since) * self.speed

    def set_speed(self, speed: float) -> None:
        """Go faster or slower from now on; what has passed stays as it is."""
        self._elapsed, self._since = self.now(), time.monotonic()
        self.speed = speed

    def resume(self, elapsed: float, speed: float) -> None:
        """Go on from a time that an earlier clock had come to."""
        self._elapsed, self._since, self.speed = elapsed, time.monotonic(), speed


@dataclass
class Call:
    """One answered AWS call, kept for tests that count calls."""

    account: str
    service: str
    operation: str
    status: int
    principal: str = ""


@dataclass
class World:
    """Lock, clock, news and call log. ``tickers`` run whenever time may have changed something."""

    clock: Clock = field(default_factory=Clock)
    lock: threading.RLock = field(default_factory=threading.RLock)
    tickers: list[Callable[[], None]] = field(default_factory=list)
    endpoint: str = ""
    """Where this server listens, for the processes that it starts."""
    listeners: list[Callable[[object], None]] = field(default_factory=list)
    """Called with the topic of every news, with the lock held: be quick."""
    calls: deque[Call] = field(default_factory=lambda: deque(maxlen=100_000))
    _sequence: int = 0
    _news: dict[Any, int] = field(default_factory=dict)
    _conditions: dict[Any, threading.Condition] = field(default_factory=dict)

    def tell(self, topic: object) -> int:
        """Note that something about ``topic`` changed, and wake who waits for it. Call with the lock held."""
        self._sequence += 1
        self._news[topic] = self._sequence
        condition = self._conditions.get(topic)
        if condition is not None:
            condition.notify_all()
        for listener in self.listeners:
            listener(topic)
        return self._sequence

    def sequence(self, topic: object) -> int:
        """The number of the last news about ``topic``; 0 when there was none."""
        return self._news.get(topic, 0)

    def wait(self, topic: object, since: int, timeout: float) -> int:
        """Wait until there is news about ``topic`` after ``since``, at most ``timeout`` seconds of the machine.

        A ``since`` from another life of the server (greater than any number given out) counts as 0, so that devices
        find out about a restart at once.
        """
        with self.lock:
            if since > self._sequence:
                since = 0
            condition = self._conditions.setdefault(topic, threading.Condition(self.lock))
            condition.wait_for(lambda: self.sequence(topic) > since, timeout)
            return self.sequence(topic)

    def outside(self, run: Callable[[], Any]) -> Any:
        """Do something slow while the world goes on: the lock is free meanwhile, and held again at the end.

        Raises:
            Exception: whatever ``run`` raises.
        """
        done: list[Any] = []
        failed: list[BaseException] = []
        condition = threading.Condition(self.lock)

        def work() -> None:
            try:
                done.append(run())
            except BaseException as error:  # noqa: BLE001 -- it is raised again below, in the thread that asked
                failed.append(error)
            with self.lock:
                condition.notify_all()

        with self.lock:
            threading.Thread(target=work, daemon=True, name="outside").start()
            condition.wait_for(lambda: bool(done or failed))
        if failed:
            raise failed[0]
        return done[0]

    def tick(self) -> None:
        """Let everything happen that is due by now."""
        with self.lock:
            for ticker in self.tickers:
                ticker()

    def forget(self) -> None:
        """Start anew: no calls; the sequence goes on so that waiting devices notice."""
        with self.lock:
            self.calls.clear()
            for topic in [*self._news, *self._conditions]:
                self.tell(topic)


world = World()
