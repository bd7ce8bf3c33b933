"""Rules about what a release pins: components that exist, fit the fleet's platforms, and fit one another.

Greengrass resolves on the device. What does not resolve there fails after the rollout has begun, so everything that
the recipes of the catalog say is resolved here first, against the exact versions of the release. The module is longer
than others because a name that nobody knows, a version that is not there and a need that nothing meets have one cause
at times, and to tell one of them each rule must know of the others.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from functools import cached_property

from edgewright.catalog.component import CatalogVersion
from edgewright.catalog.lambda_component import NEEDED
from edgewright.catalog.platforms import matches
from edgewright.manifest.context import Context, RingPlace
from edgewright.manifest.devices import devices_of
from edgewright.manifest.public import (
    CLI,
    NUCLEUS,
    NUCLEUS_LITE,
    is_public,
    public_components,
)
from edgewright.source import Problem
from edgewright.validation import did_you_mean
from edgewright.versions import Range, parse_version


def public_components_are_known(context: Context) -> Iterator[Problem]:
    """AWS's names are case-sensitive; a device takes a wrong one for a private component that does not exist."""
    newer = _newer(context)
    for place, name, _ in context.components():
        if not is_public(name) or name in public_components() or name in newer:
            continue
        guess = _public_guess(name)
        remedy = "list it under publicComponents in edgewright.yaml if AWS has it"
        yield place.problem(
            ("components", name),
            "is not a component of AWS",
            got=name,
            remedy=f"did you mean {guess}? ({remedy})" if guess else remedy,
        )


def _public_guess(name: str) -> str | None:
    """AWS's name that is meant; what all of AWS's names have in common does not make two of them alike."""
    prefix = "aws.greengrass."
    tails = {public.removeprefix(prefix): public for public in public_components()}
    tail = name[len(prefix) :] if name.casefold().startswith(prefix) else name
    guess = did_you_mean(tail, tails)
    return tails[guess] if guess else None


def versions_are_quoted(context: Context) -> Iterator[Problem]:
    """Without quotes 1.10.0 is text and 1.10 is a number: the next edit would change what is meant."""
    for place, name, component in context.components():
        path = ("components", name, "version")
        if not place.quoted(path):
            yield place.problem(
                path,
                "must be in quotes, so that YAML never takes a version for a number",
                got=component.version,
                remedy=f'write "{component.version}"',
            )


def public_versions_are_known(context: Context) -> Iterator[Problem]:
    """A version line that nobody has seen is probably a slip; the list of lines ages, so it is a warning."""
    for place, name, component in context.components():
        known = public_components().get(name)
        if known is None or known.newest is None:
            continue
        newest = tuple(int(part) for part in known.newest.split(".")[:2])
        version = parse_version(component.version)
        if (version.major, version.minor) > newest or version.major != newest[0]:
            yield place.problem(
                ("components", name, "version"),
                f"is not of a version line that is known; the newest seen is {known.newest}",
                got=component.version,
                remedy="check that AWS has this version",
                severity="warning",
            )


def supported_components(context: Context) -> Iterator[Problem]:
    """A component that AWS has given up still deploys, and then does nothing."""
    for place, name, _ in context.components():
        known = public_components().get(name)
        if known is not None and known.gone is not None:
            yield place.problem(
                ("components", name),
                f"was discontinued by AWS on {known.gone}",
                remedy="replace it, for instance by ONNX Runtime in a component of your own",
                severity="warning",
            )


def private_components_are_in_the_catalog(context: Context) -> Iterator[Problem]:
    """Every other component is a folder of the catalog, in exactly that version."""
    newer = _newer(context)
    for place, name, component in context.components():
        found = context.catalog.get(name, component.version)
        if found is not None and found.draft:
            yield place.problem(
                ("components", name, "version"),
                "is a draft, which may still change",
                got=component.version,
                remedy=f"publish it: edgewright component lock {name}@{component.version}",
            )
        if is_public(name) or name in newer or found is not None:
            continue
        if context.catalog.is_unbuilt(name, component.version):
            yield place.problem(
                ("components", name, "version"),
                "has not been built",
                got=component.version,
                remedy=f"let SageMaker make it: edgewright component build {name}@{component.version} --edge-manager",
            )
        if (name, component.version) in context.catalog.broken:
            continue  # told at the recipe
        versions = context.catalog.versions(name)
        if versions:
            yield place.problem(
                ("components", name, "version"),
                "is not in the catalog",
                got=component.version,
                remedy=f"the catalog has {', '.join(versions)}; a new version is a new folder",
            )
            continue
        guess = _guess(context, name)
        add = f"add catalog/{name}/{component.version}/recipe.yaml"
        yield place.problem(
            ("components", name),
            "is not in the catalog",
            got=name,
            remedy=f"did you mean {guess}? ({add} for a new component)" if guess else add,
        )


def private_names_are_not_of_aws(context: Context) -> Iterator[Problem]:
    """A private component with a public one's name hides it in the whole account and Region."""
    for version in context.catalog:
        if is_public(version.name):
            yield version.document.problem(
                ("ComponentName",),
                "is in AWS's namespace, where it would hide a public component",
                got=version.name,
                remedy="use a namespace of your own, such as com.acme",
            )


def recipes_cover_the_platforms(context: Context) -> Iterator[Problem]:
    """A device whose platform no manifest of the recipe matches fails its deployment."""
    for place in context.rings:
        if place.fleet is None:
            continue
        kinds = devices_of(context, place)
        for name, version in context.pinned(place):
            for kind in kinds:
                if not any(matches(wanted, kind.attributes) for wanted in version.platforms):
                    yield place.problem(
                        ("components", name),
                        f"has no manifest for {kind.title}",
                        got=f"{name} {version.version}",
                        remedy=f"publish a version that covers it, or remove the {kind.what} from fleet.yaml",
                    )


def dependencies_are_pinned(context: Context) -> Iterator[Problem]:
    """Every hard dependency is in the release, and every pin lies in the range: what floats changes by itself."""
    for place in context.rings:
        release = _Release(context, place)
        yield from release.unmet()
        yield from release.missing.values()


def missing(context: Context, place: RingPlace) -> Iterable[str]:
    """The components that a release lacks because others of it need them; each is told as that."""
    release = _Release(context, place)
    for _ in release.unmet():
        pass
    return release.missing


class _Release:
    """A release, and what its components need of one another."""

    def __init__(self, context: Context, place: RingPlace) -> None:
        self.context = context
        self.place = place
        self.missing: dict[str, Problem] = {}
        """By the component that is not pinned, told for the first one that needs it."""

    def unmet(self) -> Iterator[Problem]:
        """Every pin outside a range; fills ``missing``."""
        for name, version in self.context.pinned(self.place):
            yield from self._needs(name, name, version)
        for name in self.place.ring.components:
            known = public_components().get(name)
            for needed, wanted in known.needs.items() if known else ():
                if needed not in self.place.ring.components:
                    self._miss(name, name, needed, Range.parse(wanted))

    def _needs(self, root: str, name: str, version: CatalogVersion) -> Iterator[Problem]:
        """What ``name`` needs and the release does not have, and what that would need in turn."""
        hopeless = version.function is not None and NUCLEUS_LITE in self.place.ring.components  # told as that
        for needed, dependency in self.context.dependencies(version).items():
            if hopeless and needed in NEEDED:
                continue
            pin = self.place.ring.components.get(needed)
            if pin is not None:
                if _usable(self.context, needed, pin.version) and not dependency.requirement.allows(pin.version):
                    yield self.place.problem(
                        ("components", needed, "version"),
                        f"is outside the range that {name} {version.version} needs, {dependency.requirement}",
                        got=pin.version,
                        remedy=_candidates(self.context, needed, dependency.requirement, "pin one in the range"),
                    )
            elif dependency.type == "HARD" and self._miss(root, name, needed, dependency.requirement):
                # what it would bring along is missing as well: say so now, not in the next run
                fitting = (
                    each for each in self.context.catalog.versions(needed) if dependency.requirement.allows(each)
                )
                candidate = self.context.catalog.get(needed, next(fitting, ""))
                if candidate is not None:
                    yield from self._needs(root, needed, candidate)

    def _miss(self, root: str, name: str, needed: str, requirement: Range) -> bool:
        """Note once that the release lacks a component; False where that is no news."""
        if not self.place.whole or needed in self.missing or needed in self._meant:
            return False
        through = "" if name == root else f" through {name}"
        self.missing[needed] = self.place.problem(
            ("components", root),
            f"needs {needed} {requirement}{through}, which the release does not pin",
            remedy=_candidates(self.context, needed, requirement, f"add {needed} to the components"),
        )
        return True

    @cached_property
    def _meant(self) -> set[str | None]:
        """What the names in the release that nobody knows stand for."""
        newer = _newer(self.context)
        return {
            _public_guess(name) if is_public(name) else _guess(self.context, name)
            for name in self.place.ring.components
            if name not in public_components() and name not in newer and not self.context.catalog.versions(name)
        }


def _newer(context: Context) -> Collection[str]:
    """Components of AWS that the organisation knows and validation does not."""
    return context.organisation.model.public_components if context.organisation.model else ()


def _usable(context: Context, name: str, version: str) -> bool:
    """Whether a pin is of something that there is; what there is not is told as that."""
    return is_public(name) or name in _newer(context) or context.catalog.get(name, version) is not None


def _guess(context: Context, name: str) -> str | None:
    """The component that a name which is not in the catalog stands for."""
    return did_you_mean(name, [*context.catalog.names, *public_components()])


def _candidates(context: Context, name: str, requirement: Range, advice: str) -> str:
    fitting = [version for version in context.catalog.versions(name) if requirement.allows(version)]
    return f"{advice}; the catalog has {', '.join(fitting)}" if fitting else advice


def ranges_are_bounded_in_production(context: Context) -> Iterator[Problem]:
    """``>=0.0.0`` takes any version to come; the pin of today hides it until somebody moves it.

    In other stages the catalog's own warning at the recipe is enough.
    """
    for place in context.rings:
        if not place.production:
            continue
        for name, version in context.pinned(place):
            for needed, dependency in context.dependencies(version).items():
                if not dependency.requirement.bounded_above:
                    yield place.problem(
                        ("components", name),
                        f"{version.version} takes {needed} in any version to come, which production refuses",
                        got=str(dependency.requirement),
                        remedy=f"publish a version of {name} with a range that ends, such as ^2.0.0",
                    )


def one_nucleus_that_fits(context: Context) -> Iterator[Problem]:
    """One nucleus a device; its CLI has the same minor version; plugins run in the nucleus's JVM only."""
    for place in context.rings:
        components = place.ring.components
        if NUCLEUS_LITE in components:
            if NUCLEUS in components:
                yield place.problem(
                    ("components", NUCLEUS_LITE), f"is a second nucleus, beside {NUCLEUS}", remedy="pin one of the two"
                )
                continue
            for name in components:
                known = public_components().get(name)
                if known is not None and known.lite is False:
                    yield place.problem(
                        ("components", name),
                        f"does not run on {NUCLEUS_LITE}",
                        got=f"a component of type {known.type}",
                        remedy=f"take it out, or pin {NUCLEUS}",
                    )
        if NUCLEUS in components and CLI in components:
            nucleus, cli = (parse_version(components[name].version) for name in (NUCLEUS, CLI))
            if (nucleus.major, nucleus.minor) != (cli.major, cli.minor):
                yield place.problem(
                    ("components", CLI, "version"),
                    f"is not of the nucleus's version line, {nucleus.major}.{nucleus.minor}",
                    got=str(cli),
                    remedy=f"pin {nucleus.major}.{nucleus.minor}.x of both, such as {nucleus}",
                )


RULES = (
    versions_are_quoted,
    public_components_are_known,
    public_versions_are_known,
    supported_components,
    private_components_are_in_the_catalog,
    private_names_are_not_of_aws,
    recipes_cover_the_platforms,
    dependencies_are_pinned,
    ranges_are_bounded_in_production,
    one_nucleus_that_fits,
)
