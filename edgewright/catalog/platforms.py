"""Which manifest of a recipe a device takes: the first whose platform matches, by the nucleus's own rules."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

ANY = "*"


def matches(wanted: Mapping[str, str] | None, device: Mapping[str, str]) -> bool:
    """Whether a ``Platform`` (attribute -> exact value, ``*`` or ``/regex/``) fits a device's attributes.

    No platform fits every device; an attribute that the device does not have fits ``*`` only.
    """
    return all(_fits(value, device.get(key)) for key, value in (wanted or {}).items())


def select_manifest(recipe: Mapping[str, Any], device: Mapping[str, str]) -> dict[str, Any] | None:
    """Return the manifest of a plain JSON recipe that a device takes, or None: its deployment would fail.

    ``device`` holds platform attributes: ``os``, ``architecture``, ``architecture.detail``, ``runtime``, or any other.
    """
    manifests: Iterable[dict[str, Any]] = recipe.get("Manifests") or ()
    return next((each for each in manifests if matches(each.get("Platform"), device)), None)


def regex(value: str) -> re.Pattern[str] | None:
    """Return the expression of a ``/regex/`` value, which must match the whole attribute; None for another value.

    Raises:
        re.error: the expression is not one.
    """
    if len(value) > 1 and value.startswith("/") and value.endswith("/"):
        return re.compile(value[1:-1])
    return None


def _fits(wanted: str, actual: str | None) -> bool:
    if wanted == ANY:
        return True
    if actual is None:
        return False
    pattern = regex(wanted)
    return wanted == actual if pattern is None else pattern.fullmatch(actual) is not None
