"""What production refuses of components, and other stages take with a warning or without."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from edgewright.catalog import ipc
from edgewright.catalog.component import CatalogVersion
from edgewright.manifest.context import Context
from edgewright.source import Problem

METRICS = "metrics.json"
_MODEL = "onnx-model"  # those of Edge Manager have their say in rules of their own


def images_are_pinned_in_production(context: Context) -> Iterator[Problem]:
    """A tag may be moved, so two devices of one release may run different images; a digest is one image."""
    for place in context.rings:
        for name, version in context.pinned(place) if place.production else ():
            for artifact in version.downloads:
                image = artifact.URI.removeprefix("docker:")
                if image != artifact.URI and "@sha256:" not in image:
                    yield place.problem(
                        ("components", name),
                        f"{version.version} has an image that is not pinned by digest, which production refuses",
                        got=image,
                        remedy=f"publish a version of {name} with docker:NAME@sha256:DIGEST",
                    )


def access_over_ipc_is_narrow(context: Context) -> Iterator[Problem]:
    """A release's ``accessControl`` is one that the nucleus reads; in production it names topics and resources."""
    for place, name, component in context.components():
        if ipc.KEY in component.config:
            said = component.config[ipc.KEY]
            found = [*ipc.check(said), *(ipc.wildcards(said) if place.production else ())]
            for each in found:
                path = ("components", name, "config", ipc.KEY, *each.path)
                yield place.problem(path, each.message, got=each.got, remedy=each.remedy, severity=each.severity)
    for place in context.rings:
        for name, version in context.pinned(place) if place.production else ():
            excused = version.sidecar is not None and ipc.RULE in version.sidecar.justification
            recipe = version.recipe
            default = recipe.ComponentConfiguration.DefaultConfiguration.get(ipc.KEY) if recipe is not None else None
            for each in () if excused else ipc.wildcards(default):
                if each.severity == "error":
                    yield place.problem(
                        ("components", name),
                        f"{version.version} {each.message}, which production refuses",
                        got=each.got,
                        remedy=f"publish a version of {name} that names them, or that says why in component.yaml: "
                        f"justification: {{{ipc.RULE}: WHY}}",
                    )


def models_are_measured_in_production(context: Context) -> Iterator[Problem]:
    """A model that nothing says anything good of has not been evaluated, or nobody can tell which one was."""
    known: dict[tuple[str, str], bool] = {}
    for place in context.rings:
        for name, version in context.pinned(place) if place.production else ():
            key = (name, version.version)
            if version.kind == _MODEL and key not in known:
                known[key] = _measured(version)
            if known.get(key) is False:
                yield place.problem(
                    ("components", name),
                    f"{version.version} has no metrics, and production takes models that were measured",
                    remedy="import it from its model package (edgewright model import), or publish a version with "
                    f"provenance.metrics in component.yaml, or with {METRICS}",
                )


def _measured(version: CatalogVersion) -> bool:
    """Whether a version says a number of itself: in its provenance, or in the metrics.json that it ships."""
    provenance = version.sidecar.provenance if version.sidecar is not None else None
    if provenance is not None and provenance.metrics:
        return True
    if METRICS not in version.entry.files:
        return False
    try:
        said = json.loads((version.folder / METRICS).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(said, dict) and any(isinstance(each, int | float) for each in _values(said))


def _values(said: Any) -> Iterator[Any]:
    for each in said.values() if isinstance(said, dict) else said if isinstance(said, list) else ():
        yield each
        yield from _values(each)


RULES = (images_are_pinned_in_production, access_over_ipc_is_narrow, models_are_measured_in_production)
