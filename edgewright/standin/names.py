"""Automatic names, as pulumi-aws makes them: the resource's own name, a dash, and seven hexadecimal digits.

Which properties were filled in is written into the inputs under ``__defaults``, where the real provider writes it and
the engine's display hides it: a name that was made once is kept for the life of the resource.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

DEFAULTS = "__defaults"
_DIGITS = 7


@dataclass(frozen=True)
class AutoName:
    """The property that is named automatically, its longest value, whether in lower case, and what stands before it."""

    property: str
    longest: int
    lower: bool = False
    prefix: str = ""

    def make(self, resource: str, seed: bytes) -> str:
        """Return a name for ``resource``: the same for the same seed of the engine, a random one without a seed."""
        suffix = hashlib.sha256(seed + resource.encode()).hexdigest() if seed else secrets.token_hex(_DIGITS)
        name = f"{self.prefix}{resource}-{suffix[:_DIGITS]}"
        return name.lower() if self.lower else name

    def too_long(self, name: str) -> str | None:
        """Return what is wrong with a name that was made, or None."""
        if len(name) <= self.longest:
            return None
        stem = name[:-_DIGITS]
        return (
            f"name {stem!r} plus {_DIGITS} random chars is longer than maximum length {self.longest}; "
            f"set {self.property}, or give the resource a shorter name in the program"
        )


def made(inputs: Mapping[str, Any], name: str) -> bool:
    """Whether ``name`` among ``inputs`` was filled in, not given by the program."""
    return name in inputs.get(DEFAULTS, ())
