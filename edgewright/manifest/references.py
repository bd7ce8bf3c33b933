"""Values that depend on the account: ``${capture.bucket}`` and the like in a component's configuration.

Here is which references there are and where they stand; the program resolves them. ``$${`` is a ``${`` that is
meant as it is, for instance in a shell script.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

REFERENCES = {
    "account.id": "the id of the stage's account",
    "artifacts.bucket": "the bucket of component artifacts in the stage's Region",
    "capture.bucket": "the bucket that the fleet's devices capture to in this stage",
    "capture.prefix": "the device's own prefix in that bucket",
    "capture.sampleRate": "the share of captures that is kept, a number where it stands alone",
    "edgeManager.bucket": "the bucket of SageMaker Edge Manager's agent",
    "edgeManager.fleet": "the SageMaker device fleet of the fleet in this stage",
    "fleet": "the fleet's name",
    "region": "the stage's Region",
    "ring": "the ring's name",
    "roleAlias": "the role alias of the fleet in this stage",
    "stage": "the stage's name",
}
"""Each reference, and what it stands for."""

_REFERENCE = re.compile(r"\$\$\{|\$\{(?P<name>[^{}]*)\}|(?P<open>\$\{)")


def references(text: str) -> Iterator[str | None]:
    """Yield the name of each reference in ``text``; None for a ``${`` that is never closed."""
    for match in _REFERENCE.finditer(text):
        if match["open"]:
            yield None
        elif match["name"] is not None:
            yield match["name"]


def strings(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield every string inside a JSON value with its path."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from strings(item, (*path, key))
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from strings(item, (*path, index))
