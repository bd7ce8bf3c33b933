"""Which changes of a release restart the nucleus, and with it everything on the device.

Sources: the developer guide's pages of the nucleus (keys that it says are read at the start of the core software), of
plugin components ("runs in the same JVM"; a new version restarts the nucleus) and of the recipe's lifecycle (a
bootstrap step may ask for a restart of the nucleus or of the device by its exit code).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edgewright.canonical import canonical_json
from edgewright.catalog.catalog import Catalog
from edgewright.manifest.model import Component
from edgewright.manifest.public import CLI, public_components

_NUCLEI = frozenset(name for name, each in public_components().items() if each.type == "nucleus")
_RESTARTING_KEYS = ("jvmOptions", "mqtt", "networkProxy", "runWithDefault")
"""Of the nucleus's configuration: they are read when the core software starts."""


def restart(name: str, before: Component | None, after: Component | None, catalog: Catalog) -> str | None:
    """Return why a change of one component restarts the nucleus, in words; None when it does not.

    Args:
        name: The component.
        before: As it was in the release; None when it was not.
        after: As it is; None when it is gone.
        catalog: With the recipe of the version after, when the component is private.
    """
    versions = (before.version if before else None, after.version if after else None)
    moved = versions[0] != versions[1]
    if name in _NUCLEI:
        if moved:
            return "restarts the device's core software: another nucleus"
        keys = _restarting(before.config if before else {}, after.config if after else {})
        return f"restarts the nucleus: {', '.join(keys)} is read at its start" if keys else None
    if not moved:
        return None
    public = public_components().get(name)
    if public is not None:
        # The CLI is one of the nucleus's plugins as well, in all but its recipe's type.
        in_jvm = public.type == "plugin" or name == CLI
        return "restarts the nucleus: it runs inside of it" if in_jvm else None
    version = catalog.get(name, after.version) if after else None
    if version is None or version.recipe is None:  # a Lambda function runs beside the nucleus
        return None
    if version.recipe.ComponentType == "aws.greengrass.plugin":
        return "restarts the nucleus: it runs inside of it"
    steps = [version.recipe.lifecycle(manifest) for manifest in version.recipe.Manifests]
    if any(each.bootstrap is not None for each in steps):
        return "may restart the nucleus or the device: it has a bootstrap step"
    return None


def _restarting(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    return [key for key in _RESTARTING_KEYS if canonical_json(old.get(key)) != canonical_json(new.get(key))]
