"""One canonical form and one digest for everything that is compared by content.

Releases, recipes and locks are equal when their canonical JSON is equal: keys sorted, no spaces, UTF-8 as it is,
integers and floats kept apart. What is hashed is never pretty-printed, so formatting can change freely.
"""

from __future__ import annotations

import hashlib
import json
import math
from typing import Any


def canonical_json(value: Any) -> str:
    """Return ``value`` as JSON with sorted keys and no spaces.

    Raises:
        ValueError: a float that JSON cannot hold (NaN or an infinity), or a key that is not a string.
    """
    _refuse_what_json_bends(value)
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def sha256_hex(data: bytes) -> str:
    """Return the SHA-256 of ``data`` as 64 lower-case hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def digest(value: Any) -> str:
    """Return ``sha256:<hex>`` of the canonical JSON of ``value``."""
    return "sha256:" + sha256_hex(canonical_json(value).encode("utf-8", "surrogatepass"))


def _refuse_what_json_bends(value: Any) -> None:
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                msg = f"a key of a canonical document must be a string (got {key!r})"
                raise ValueError(msg)  # noqa: TRY004 -- one error type for every value JSON would bend
            _refuse_what_json_bends(item)
    elif isinstance(value, list | tuple):
        for item in value:
            _refuse_what_json_bends(item)
    elif isinstance(value, float) and not math.isfinite(value):
        msg = f"JSON has no number for {value!r}"
        raise ValueError(msg)
