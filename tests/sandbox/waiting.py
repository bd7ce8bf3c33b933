"""Waiting for what happens in another process, without a fixed pause."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

Value = TypeVar("Value")


def until(look: Callable[[], Value], patience: float = 60.0) -> Value:
    """Look until there is something to see; fail after ``patience`` seconds."""
    end = time.monotonic() + patience
    while not (seen := look()):
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)
    return seen
