"""Which defaults of recipes changed between versions: devices that have one keep it until it is reset.

A device takes a recipe's default only for a key that it does not have, and then holds it like any other value
(KernelConfigResolver and DeploymentActivator; nucleus issues 1470 and 1626). So a new version with another default, or
a revert to the old one, changes nothing on devices, unless the key is reset. Keys whose default differed between any
two versions of a target's history are therefore recorded beside those that were merged, and reset where the wanted
configuration does not set them.

Only private components are compared. The service's own (``aws.``) are configured by what is merged.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from edgewright.canonical import canonical_json
from edgewright.provider import reset
from edgewright.provider.cloud import Cloud

_AWS: Final = "aws."

Components = Mapping[str, Mapping[str, Any]]
"""By component: what a revision runs."""


def moved(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Return the record of what differs between the default configurations of two versions."""
    old, new = dict(_values(before)), dict(_values(after))
    return sorted(entry for entry in old.keys() | new.keys() if old.get(entry) != new.get(entry))


async def moved_defaults(cloud: Cloud, target: str, befores: Iterable[Components], after: Components) -> reset.Record:
    """Return the record of the defaults that differ between a revision and those before it; no call when none can.

    Args:
        cloud: Where the recipes are.
        target: The target of the revisions; its account and Region are those of the components.
        befores: What devices may run now, of any of these revisions.
        after: What they are to run.

    Raises:
        AwsError: AWS could not be asked.
    """
    pairs = {
        (name, str(before[name]["componentVersion"]), str(component["componentVersion"]))
        for before in befores
        for name, component in after.items()
        if name in before and not name.startswith(_AWS)
    }
    changed = sorted(pair for pair in pairs if pair[1] != pair[2])
    found = await asyncio.gather(*(_between(cloud, target, *pair) for pair in changed))
    return reset.joined(*({name: entries} for (name, _, _), entries in zip(changed, found, strict=True)))


async def _between(cloud: Cloud, target: str, name: str, old: str, new: str) -> list[str]:
    before = await cloud.recipe_defaults(target, name, old)
    after = await cloud.recipe_defaults(target, name, new)
    # A version that is gone tells nothing any more.
    return [] if before is None or after is None else moved(before, after)


def _values(config: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, str]]:
    for key, value in config.items():
        if isinstance(value, Mapping) and value:
            yield from _values(value, (*path, str(key)))
        else:
            (entry,) = reset.merged(_nested((*path, str(key)), value))
            yield entry, canonical_json(value)


def _nested(path: tuple[str, ...], value: Any) -> dict[str, Any]:
    head, *rest = path
    return {head: _nested(tuple(rest), value) if rest else value}
