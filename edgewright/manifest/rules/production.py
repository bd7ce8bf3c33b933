"""What production refuses of components, and other stages take with a warning or without."""

from __future__ import annotations

from collections.abc import Iterator

from edgewright.catalog import ipc
from edgewright.manifest.context import Context
from edgewright.source import Problem


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


RULES = (images_are_pinned_in_production, access_over_ipc_is_narrow)
