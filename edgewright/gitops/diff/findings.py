"""What a reviewer should know before they say yes, beyond what changes: found offline, by comparing. Pure.

Longer than most modules: each finding is a few lines, and they belong in one list.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from edgewright.gitops.diff.model import Finding, FleetDiff, RingDiff, Severity
from edgewright.gitops.diff.policies import PolicyDiff
from edgewright.gitops.diff.rings import rings_of
from edgewright.gitops.words import count
from edgewright.manifest.load import Project
from edgewright.manifest.model import Ring
from edgewright.manifest.public import public_components
from edgewright.manifest.types import format_duration
from edgewright.versions import is_version, parse_version

_ORDER: Mapping[Severity, int] = {"danger": 0, "warning": 1, "note": 2}
_NAMED = 5
"""Things that a sentence names at most."""


def findings(
    base: Project | None, head: Project, fleets: Sequence[FleetDiff], policies: Sequence[PolicyDiff]
) -> list[Finding]:
    """Return everything that is worth a sentence, the worst first."""
    found = [
        *_gone(base, head, fleets),
        *_locked(base, head),
        *_strangers(policies),
        *_gates(base, head, fleets),
        *_moves(fleets),
    ]
    for fleet in fleets:
        for ring in fleet.rings:
            found += _ring(base, head, ring)
    return ordered(found)


def ordered(found: Sequence[Finding]) -> list[Finding]:
    """Return findings, the worst first, then by place."""
    return sorted(set(found), key=lambda each: (_ORDER[each.severity], each.where, each.code, each.text))


# --- fleets ----------------------------------------------------------------------------------------------------------


def _gone(base: Project | None, head: Project, fleets: Sequence[FleetDiff]) -> Iterator[Finding]:
    """Fleets and rings that vanish: their devices lose what they run."""
    added = {fleet.name: _things(head, fleet.name) for fleet in fleets if fleet.kind == "added"}
    for fleet in fleets:
        if fleet.kind == "removed":
            things = _things(base, fleet.name)
            heir = next((name for name, theirs in added.items() if things & theirs), None)
            if heir is not None:
                yield Finding(
                    "danger",
                    "fleet-renamed",
                    fleet.name,
                    f"seems to be renamed to {heir}: AWS cannot rename, so {heir} gets new roles, thing groups and "
                    f"deployments, and those of {fleet.name} are removed with what their devices run",
                )
            else:
                yield Finding(
                    "danger",
                    "fleet-removed",
                    fleet.name,
                    "is removed: its devices uninstall every component, and its roles and thing groups go",
                )
            continue
        for ring in fleet.rings:
            if ring.kind == "removed":
                yield Finding(
                    "danger",
                    "ring-removed",
                    _where(ring),
                    "is removed: its devices uninstall every component of its release, unless another ring has them",
                )


def _things(project: Project | None, fleet: str) -> set[str]:
    return {thing for ring in rings_of(project, fleet).values() for thing in ring.members.things or ()}


def _locked(base: Project | None, head: Project) -> Iterator[Finding]:
    """Published versions that are not what they were, or that are gone."""
    if base is None:
        return
    for key, entry in base.catalog.lock.entries.items():
        now = head.catalog.lock.entries.get(key)
        if now is None or not now.same(entry):
            what = "is gone from" if now is None else "is another one in"
            yield Finding(
                "danger",
                "published-changed",
                f"{entry.name}@{entry.version}",
                f"was published and {what} catalog.lock: devices that have it keep the old one; make a new version",
            )


def _strangers(policies: Sequence[PolicyDiff]) -> Iterator[Finding]:
    for policy in policies:
        for principal in policy.strangers:
            if principal == "*":
                text = "lets anybody in"
            elif ":oidc-provider/" in principal or ":saml-provider/" in principal:
                text = f"lets in whomever {principal} vouches for"
            else:
                text = f"lets in another account: {principal}"
            yield Finding("danger", "new-principal", policy.title, text)


def _moves(fleets: Sequence[FleetDiff]) -> Iterator[Finding]:
    """Things that leave one ring and join another in one change."""
    left = {thing: ring for fleet in fleets for ring in fleet.rings for thing in ring.leaving}
    for fleet in fleets:
        for ring in fleet.rings:
            came: dict[str, list[str]] = {}
            for thing in ring.joining:
                if thing in left:
                    came.setdefault(_where(left[thing]), []).append(thing)
            for origin, things in came.items():
                yield Finding("note", "things-moved", _where(ring), f"gets {_names(things)} from {origin}")


# --- rings -----------------------------------------------------------------------------------------------------------


def _ring(base: Project | None, head: Project, ring: RingDiff) -> Iterator[Finding]:
    where = _where(ring)
    order = rings_of(head, ring.fleet)
    if ring.deploys:
        yield from _order(base, order, ring)
        yield from _older(ring, where)
        if ring.production and ring.restarts:
            names = ", ".join(component.name for component in ring.restarts)
            yield Finding("warning", "restarts", where, f"its devices stop and start everything for {names}")
        if ring.production and ring.reach is not None and not ring.reach.abort:
            yield Finding(
                "warning", "no-abort", where, "has no rollout.abort: a bad release goes on to its last device"
            )
    for component in ring.components:
        public = public_components().get(component.name)
        if public is not None and public.gone and component.after is not None:
            yield Finding(
                "warning", "discontinued", where, f"{component.name} is discontinued by AWS since {public.gone}"
            )


def _older(ring: RingDiff, where: str) -> Iterator[Finding]:
    back = [f"{each.name} {each.before} -> {each.after}" for each in ring.components if each.older]
    if back:
        yield Finding("note", "goes-back", where, f"goes back: {', '.join(back)}")


def _order(base: Project | None, order: Mapping[str, Ring], ring: RingDiff) -> Iterator[Finding]:
    """Where the release comes from, along the promotion path."""
    where, path = _where(ring), list(order)
    at = path.index(ring.path)
    if at == 0:
        return
    before = path[at - 1]
    had = rings_of(base, ring.fleet)
    previous, current = order[before], order[ring.path]
    if previous.release == current.release:
        if before in had and had[before].release != previous.release:
            severity: Severity = "warning" if ring.production else "note"
            yield Finding(
                severity,
                "together",
                where,
                f"takes the release in the same change as {before}: the gate of {before} has not judged it",
            )
        return
    ahead = [
        f"{name} {component.version} ({previous.components[name].version if name in previous.components else 'none'})"
        for name, component in current.components.items()
        if name not in previous.components or _newer(component.version, previous.components[name].version)
    ]
    if ring.origin is not None and ring.origin != before:
        yield Finding("warning", "passes-over", where, f"takes the release of {ring.origin} and passes over {before}")
    elif ahead and ring.production:
        yield Finding("warning", "prod-ahead", where, f"is ahead of {before} (in brackets): {', '.join(ahead)}")
    else:
        yield Finding("note", "differs", where, f"has another release than {before}, the ring before it")


def _newer(one: str, other: str) -> bool:
    return is_version(one) and is_version(other) and parse_version(one) > parse_version(other)


# --- gates -----------------------------------------------------------------------------------------------------------


def _gates(base: Project | None, head: Project, fleets: Sequence[FleetDiff]) -> Iterator[Finding]:
    """Gates that ask for less than before."""
    for fleet in fleets:
        if base is None or fleet.kind != "changed":
            continue
        before, after = base.fleets[fleet.name].promotion, head.fleets[fleet.name].promotion
        for path in before.path:
            if path not in after.path:
                continue
            old, new = (
                side.gates[path].model_dump(mode="json", by_alias=True) if path in side.gates else {}
                for side in (before, after)
            )
            less = list(_less(old, new))
            if less:
                yield Finding(
                    "warning", "gate-weakened", f"{fleet.name}/{path}", f"its gate asks less: {'; '.join(less)}"
                )


def _less(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    for key, shown in (("bake", format_duration), ("healthy", _percent), ("approvals", str)):
        was, now = old.get(key) or 0, new.get(key) or 0
        if now < was:
            yield f"{key} {shown(was)} -> {shown(now) if now else 'none'}"
    age = old.get("statusAge"), new.get("statusAge")
    if age[0] and age[1] and age[1] > age[0]:
        yield f"statusAge {format_duration(age[0])} -> {format_duration(age[1])}"
    for key in ("tests", "alarms"):
        gone = sorted(set(old.get(key) or ()) - set(new.get(key) or ()))
        if gone:
            yield f"no {key} {', '.join(gone)}"
    metrics = {each["name"]: each for each in new.get("metrics") or ()}
    for metric in old.get("metrics") or ():
        now = metrics.get(metric["name"])
        if now is None:
            yield f"no metric {metric['name']}"
            continue
        looser = [
            bound
            for bound, sign in (("min", 1), ("max", -1))
            if metric[bound] is not None and (now[bound] is None or sign * now[bound] < sign * metric[bound])
        ]
        if looser:
            yield f"metric {metric['name']} has a wider {' and '.join(looser)}"


def _percent(share: float) -> str:
    return f"{round(share * 100, 2):g}%"


# --- words -----------------------------------------------------------------------------------------------------------


def _where(ring: RingDiff) -> str:
    return f"{ring.fleet}/{ring.path}"


def _names(things: Sequence[str]) -> str:
    if len(things) <= _NAMED:
        return ", ".join(things)
    return f"{', '.join(things[:_NAMED])} and {count(len(things) - _NAMED, 'other')}"
