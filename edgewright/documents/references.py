"""Values in a manifest that depend on where it is deployed: ``${capture.bucket}`` and the like become text.

``$${`` stands for a literal ``${``. Validation reports an unknown reference at its line; here it is the last guard.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from edgewright.documents import naming
from edgewright.documents.place import FleetPlace
from edgewright.errors import EdgewrightError
from edgewright.manifest.model import Capture

_REFERENCE = re.compile(r"\$\$\{|\$\{(?P<name>[^{}]*)\}|\$\{")


Value = str | float
"""What a reference stands for."""


def values(place: FleetPlace, *, ring: str, capture: Capture) -> dict[str, Value]:
    """Return what each reference stands for in one ring.

    ``capture.prefix`` is the nucleus's own variable for the thing, because every device writes below its name. The
    nucleus fills it in where ``interpolateComponentConfiguration`` is on, and in recipes always.

    Args:
        place: The fleet in its stage.
        ring: Name of the ring.
        capture: What the fleet captures; where that is nothing, there is no bucket to refer to.
    """
    result: dict[str, Value] = {
        "account.id": place.account_id,
        "artifacts.bucket": place.artifact_bucket,
        "edgeManager.bucket": naming.edge_manager_bucket(place.organisation, place.name, place.stage, place.account_id),
        "edgeManager.fleet": naming.edge_manager_fleet(place.name, place.stage),
        "fleet": place.name,
        "region": place.region,
        "ring": ring,
        "roleAlias": place.role_alias,
        "stage": place.stage,
    }
    if capture.enabled:
        rate = capture.sample_rate
        result |= {
            "capture.bucket": place.capture_bucket,
            "capture.prefix": "{iot:thingName}",
            # The engine carries a whole number as an integer; written as one, it never shows as a change.
            "capture.sampleRate": int(rate) if rate.is_integer() else rate,
        }
    return result


def resolve(value: Any, known: Mapping[str, Value]) -> Any:
    """Return ``value`` with every reference in its strings resolved; keys stay as they are.

    A string that is one reference and nothing else becomes what it stands for, a number where that is a number.

    Raises:
        EdgewrightError: a reference that is not in ``known``.
    """
    if isinstance(value, str):
        alone = _REFERENCE.fullmatch(value)
        if alone is not None and alone["name"] in known:
            return known[alone["name"]]
        return _REFERENCE.sub(lambda match: _one(match, known), value)
    if isinstance(value, Mapping):
        return {key: resolve(item, known) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [resolve(item, known) for item in value]
    return value


def _one(match: re.Match[str], known: Mapping[str, Value]) -> str:
    if match[0] == "$${":
        return "${"
    name = match["name"]
    if name not in known:
        what = "a reference is never closed" if name is None else f"there is no reference {match[0]} here"
        msg = f"{what}: use one of {', '.join(sorted(known))}, or write $$ in front of {{ when the text itself is meant"
        raise EdgewrightError(msg)
    return str(known[name])
