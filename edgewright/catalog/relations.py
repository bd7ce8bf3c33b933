"""What has to hold between components of one catalog: ranges that something satisfies, no circles, files to be read."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from edgewright.catalog import variables
from edgewright.catalog.component import CatalogVersion
from edgewright.catalog.lock import Key
from edgewright.source import Problem
from edgewright.versions import common, newest_first

Versions = dict[str, dict[str, CatalogVersion]]


def check_relations(versions: Collection[CatalogVersion], broken: Collection[Key] = ()) -> Iterator[Problem]:
    """Yield the problems between versions. Components of others (``aws.greengrass.*``) are not looked at.

    Args:
        versions: All that can be used.
        broken: Name and version of those that cannot; they are told already, so what only they satisfy is no news.
    """
    known: Versions = {}
    for each in versions:
        known.setdefault(each.name, {})[each.version] = each
    for each in versions:
        yield from _satisfied(each, known, broken)
        yield from _readable(each, known)
    yield from _circles(known)


def _satisfied(version: CatalogVersion, known: Versions, broken: Collection[Key]) -> Iterator[Problem]:
    for name, dependency in version.dependencies.items():
        if name not in known or name == version.name:
            continue
        told = [other for each, other in broken if each == name]
        if not common([dependency.requirement], [*known[name], *told]):
            have = ", ".join(newest_first(known[name]))
            yield version.document.problem(
                _place(version, name),
                f"no version in the catalog satisfies it; there are {have}",
                got=f'"{dependency.requirement}"',
                remedy="widen the range, or add a version",
            )


def _place(version: CatalogVersion, name: str) -> tuple[str, str, str]:
    """Where the range of a dependency is written."""
    if version.function is not None:
        return ("dependencies", name, "versionRequirement")
    return ("ComponentDependencies", name, "VersionRequirement")


def _readable(version: CatalogVersion, known: Versions) -> Iterator[Problem]:
    """A component that reads another's artifacts runs as another user: they need Read: ALL."""
    if version.recipe is None:
        return
    asked = {
        str(use.component): use
        for use in variables.uses(version.recipe)
        if use.component is not None and use.namespace == "artifacts"
    }
    for name, use in asked.items():
        dependency = version.dependencies.get(name)
        if dependency is None:
            continue
        closed = [
            f"{each} ({artifact.file})"
            for each in common([dependency.requirement], known.get(name, {}))
            for artifact in known[name][each].downloads
            if artifact.file is not None and artifact.Permission.Read != "ALL"
        ]
        if closed:
            yield version.document.problem(
                use.path,
                f"{use.text} is read by another user than its owner, and {name} does not allow that in {closed[0]}",
                remedy=f"publish a version of {name} with Permission: {{Read: ALL}}, and require it",
            )


def _circles(known: Versions) -> Iterator[Problem]:
    """The nucleus refuses circles. Told once for each, at the component that comes first in the alphabet."""
    edges: dict[str, dict[str, CatalogVersion]] = {name: {} for name in known}
    for name, versions in known.items():
        for version in versions.values():
            for other, dependency in version.dependencies.items():
                if other in known and other != name and common([dependency.requirement], known[other]):
                    edges[name].setdefault(other, version)
    for name in sorted(edges):
        path = _way_back(name, edges)
        if path and name == min(path):
            version = edges[name][path[1]]
            yield version.document.problem(
                _place(version, path[1])[:2],
                f"closes a circle of dependencies: {' -> '.join(path)}",
                remedy="take one of them out",
            )


def _way_back(start: str, edges: dict[str, dict[str, CatalogVersion]]) -> list[str]:
    """The shortest way from ``start`` to itself; empty when there is none."""
    ways = [[start]]
    seen: set[str] = set()
    while ways:
        way = ways.pop(0)
        for other in sorted(edges[way[-1]]):
            if other == start:
                return [*way, start]
            if other not in seen:
                seen.add(other)
                ways.append([*way, other])
    return []
