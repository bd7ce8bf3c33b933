"""Two versions of a project, compared: rings, releases, permissions, settings. Pure, and offline."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from edgewright.catalog.catalog import Catalog
from edgewright.documents.inventory import Policy, policies
from edgewright.errors import EdgewrightError
from edgewright.gitops.diff import brakes, reach, values
from edgewright.gitops.diff.findings import findings, ordered
from edgewright.gitops.diff.model import ComponentDiff, Finding, FleetDiff, ProjectDiff, Reach, RingDiff, SideInfo
from edgewright.gitops.diff.policies import compare as compare_policies
from edgewright.gitops.diff.restarts import restart
from edgewright.gitops.diff.rings import rings_of
from edgewright.gitops.diff.words import plain
from edgewright.gitops.events import now
from edgewright.manifest.load import Project
from edgewright.manifest.model import Component, Fleet, Ring
from edgewright.versions import is_version, parse_version

_NOT_SETTINGS = frozenset(("apiVersion", "kind", "name"))
_NOTHING: Mapping[str, Any] = {}
_NONE = Component.model_construct(version="", config={}, reset=(), run_with=None)


def compare(
    base: Project | None, head: Project, *, base_side: SideInfo, head_side: SideInfo, at: datetime | None = None
) -> ProjectDiff:
    """Return what differs between two versions of a project.

    Args:
        base: Before; None where there was no project.
        head: After.
        base_side: What to call the version before.
        head_side: What to call the version after.
        at: When freeze windows are looked at, with a time zone; now by default.
    """
    names = sorted((set(base.fleets) if base else set()) | set(head.fleets))
    fleets = tuple(filter(None, (_fleet(base, head, name) for name in names)))
    before, after, unknown = _policies(base, head)
    permissions = tuple(compare_policies(before, after))
    locked = set(base.catalog.lock.entries) if base else set()
    published = sorted(set(head.catalog.lock.entries) - locked, key=lambda key: (key[0], _order(key[1])))
    return ProjectDiff(
        base=base_side,
        head=head_side,
        organisation=tuple(values.changes(_organisation(base), _organisation(head))),
        fleets=fleets,
        policies=permissions,
        published=tuple(f"{name}@{version}" for name, version in published),
        controls=brakes.changes(base, head),
        findings=tuple(
            ordered([*unknown, *findings(base, head, fleets, permissions), *brakes.findings(head, fleets, at or now())])
        ),
    )


def _organisation(project: Project | None) -> Mapping[str, Any]:
    if project is None:
        return _NOTHING
    return _settings(project.organisation.model_dump(mode="json", by_alias=True, exclude_none=True))


def _fleet(base: Project | None, head: Project, name: str) -> FleetDiff | None:
    old = base.fleets.get(name) if base else None
    new = head.fleets.get(name)
    settings = values.changes(_fleet_settings(old), _fleet_settings(new)) if old and new and old != new else []
    rings = tuple(_rings(base, head, name))
    if not settings and not rings and old and new:
        return None
    kind = values.kind(old, new)
    return FleetDiff(name, kind, tuple(settings), rings)


def _fleet_settings(fleet: Fleet | None) -> Mapping[str, Any]:
    return _settings(fleet.model_dump(mode="json", by_alias=True, exclude_none=True)) if fleet else _NOTHING


def _settings(document: Mapping[str, Any]) -> Mapping[str, Any]:
    shown: Mapping[str, Any] = plain({key: value for key, value in document.items() if key not in _NOT_SETTINGS})
    return shown


def _rings(base: Project | None, head: Project, fleet: str) -> Iterator[RingDiff]:
    old, new = rings_of(base, fleet), rings_of(head, fleet)
    for path in [*new, *(path for path in old if path not in new)]:
        found = _ring(base, head, fleet, path, old=old.get(path), new=new.get(path))
        if found is not None:
            yield found


def _ring(
    base: Project | None, head: Project, fleet: str, path: str, *, old: Ring | None, new: Ring | None
) -> RingDiff | None:
    if old is not None and old == new:
        return None
    things = [set(ring.members.things or ()) if ring else set() for ring in (old, new)]
    settings = values.changes(ring_settings(old), ring_settings(new)) if old and new else []
    components = tuple(_components(old.components if old else {}, new.components if new else {}, head.catalog))
    if old and new and old.release == new.release and not settings and things[0] == things[1]:
        return None
    stage, _, name = path.partition("/")
    known = head if stage in head.organisation.stages else base
    there = new or old
    assert there is not None  # noqa: S101 -- the path comes from one of the two
    return RingDiff(
        fleet=fleet,
        stage=stage,
        name=name,
        kind=values.kind(old, new),
        production=known is not None and known.organisation.stages[stage].production,
        before=old.release if old else None,
        after=new.release if new else None,
        components=components,
        joining=tuple(sorted(things[1] - things[0])) if old and new else (),
        leaving=tuple(sorted(things[0] - things[1])) if old and new else (),
        settings=tuple(settings),
        origin=_origin(base, head, fleet, path, new) if new and (old is None or old.release != new.release) else None,
        reach=reach_of(there),
    )


def ring_settings(ring: Ring | None) -> Mapping[str, Any]:
    """Return what a ring has besides its name, its release and its named things, as people write it."""
    if ring is None:
        return _NOTHING
    document = ring.model_dump(mode="json", by_alias=True, exclude_none=True, exclude={"name", "components"})
    document.get("members", {}).pop("things", None)
    if not document.get("members"):
        document.pop("members", None)
    shown: Mapping[str, Any] = plain(document)
    return shown


def reach_of(ring: Ring) -> Reach:
    """Return what can be told of a ring's reach without AWS."""
    members = ring.members
    if members.things is not None:
        count: int | None = len(members.things)
        how = "named"
    elif members.query is not None:
        count, how = None, f"query {values.clipped(members.query, values.LONGEST)}"
    else:
        count, how = None, "join when they are provisioned"
    return Reach(
        devices=count,
        members=how,
        minutes=reach.minutes(count, ring.rollout.rate) if count is not None else None,
        rate=reach.rate_in_words(ring.rollout.rate),
        abort=reach.abort_in_words(ring.rollout),
    )


def _origin(base: Project | None, head: Project, fleet: str, path: str, ring: Ring) -> str | None:
    """The nearest ring before this one that had the release already."""
    order = list(rings_of(head, fleet))
    had = rings_of(base, fleet)
    earlier = order[: order.index(path)]
    return next((name for name in reversed(earlier) if name in had and had[name].release == ring.release), None)


def _components(
    old: Mapping[str, Component], new: Mapping[str, Component], catalog: Catalog
) -> Iterator[ComponentDiff]:
    for name in sorted(old.keys() | new.keys()):
        before, after = old.get(name), new.get(name)
        if before == after:
            continue
        kind, restarts = values.kind(before, after), restart(name, before, after, catalog)
        if after is None:
            yield ComponentDiff(name, kind, before.version if before else None, None, restart=restarts)
            continue
        had = _NONE if before is None else before
        yield ComponentDiff(
            name=name,
            kind=kind,
            restart=restarts,
            before=before.version if before else None,
            after=after.version,
            older=before is not None and is_older(after.version, before.version),
            config=tuple(values.changes(had.config, after.config)),
            run_with=tuple(values.changes(_run_with(had), _run_with(after))),
            reset=tuple(sorted(set(after.reset) - set(had.reset))),
        )


def _run_with(component: Component) -> Mapping[str, Any]:
    if component.run_with is None:
        return _NOTHING
    return component.run_with.model_dump(mode="json", by_alias=True, exclude_none=True)


def is_older(one: str, other: str) -> bool:
    """Whether a version comes before another; what is no version comes nowhere."""
    return is_version(one) and is_version(other) and parse_version(one) < parse_version(other)


def _order(version: str) -> tuple[bool, Any]:
    return (True, parse_version(version)) if is_version(version) else (False, version)


def _policies(base: Project | None, head: Project) -> tuple[list[Policy], list[Policy], list[Finding]]:
    """The policies of both sides; where those of the base cannot be rendered, no permission can be compared."""
    after = policies(head)
    try:
        return (policies(base) if base else []), after, []
    except (EdgewrightError, KeyError) as error:
        text = f"the policies of the base cannot be rendered, so permissions are not compared: {error}"
        return after, after, [Finding("warning", "permissions-unknown", "IAM", text)]
