"""A comparison as text for a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from edgewright.gitops.diff.model import ComponentDiff, Finding, FleetDiff, ProjectDiff, Reach, RingDiff
from edgewright.gitops.diff.policies import PolicyDiff, Statement
from edgewright.gitops.diff.reach import percent
from edgewright.gitops.diff.values import Change, clipped
from edgewright.gitops.diff.words import about
from edgewright.gitops.words import count, short
from edgewright.source import printable

Paint = Callable[[str, str], str]
"""A text and the name of a colour; the text in that colour, or as it is."""

_MARK = {"added": "+", "removed": "-", "changed": "~"}
_COLOUR = {"added": "green", "removed": "red", "changed": "yellow"}
_SEVERITY = {"danger": "red", "warning": "yellow", "note": "blue"}
_LISTED = 12
"""Names that a line lists at most."""


def render(diff: ProjectDiff, paint: Paint = lambda text, _colour: text) -> str:
    """Return the comparison as lines of text, without control characters of others."""
    return "\n".join(_lines(diff, paint)) + "\n"


def _lines(diff: ProjectDiff, paint: Paint) -> Iterator[str]:
    yield paint(f"{side(diff.base)} -> {side(diff.head)}", "bold")
    if diff.empty:
        yield "no change for devices or AWS"
    else:
        yield summary(diff)
    for file in diff.unread:
        yield f"the base's {printable(file)} cannot be read as what it is: what it said counts as absent"
    yield from _settings("organisation", diff.organisation, paint)
    for fleet in diff.fleets:
        yield ""
        yield from _fleet(fleet, paint)
    if diff.published:
        yield ""
        yield paint("catalog", "bold")
        for version in diff.published:
            yield f"  {paint('+', 'green')} {printable(version)}"
    yield from _settings("controls", diff.controls, paint)
    if diff.policies:
        yield ""
        yield paint("permissions", "bold")
        for policy in diff.policies:
            yield from _policy(policy, paint)
    if diff.findings:
        yield ""
        yield paint("look at", "bold")
        for finding in diff.findings:
            yield from _finding(finding, paint)
    if diff.plans:
        yield ""
        yield paint("stacks", "bold")
        for plan in diff.plans:
            counts = printable(counts_in_words(plan.counts))
            yield f"  {printable(plan.stack)}: {counts}; fingerprint {short(plan.fingerprint)}"
    if diff.rings:
        yield ""
        yield f"devices as of {diff.live}" if diff.live else f"without live numbers: {printable(diff.offline)}"


def side(info: object) -> str:
    """Return what a side is called: its name and the short id of its commit."""
    name, commit = str(getattr(info, "name", "")), getattr(info, "commit", None)
    short = str(commit)[:10] if commit else ""
    if not short:
        return printable(name)
    return short if str(commit).startswith(name) else f"{printable(name)} ({short})"


def summary(diff: ProjectDiff) -> str:
    """Return what changes, counted, in one line."""
    rings = diff.rings
    deploying = [ring for ring in rings if ring.deploys]
    known = [ring.reach.devices for ring in deploying if ring.reach is not None]
    devices = sum(each for each in known if each is not None)
    unknown = ", and more that only AWS can count" if None in known else ""
    parts = [count(number, noun) for number, noun in ((len(diff.fleets), "fleet"), (len(rings), "ring")) if number]
    if deploying:
        parts.append(f"{count(len(deploying), 'new release')} for {count(devices, 'device')}{unknown}")
    wider = sum(bool(policy.widened) for policy in diff.policies)
    narrower = sum(bool(policy.narrowed) for policy in diff.policies)
    if wider:
        parts.append(f"{count(wider, 'policy', 'policies')} wider")
    if narrower:
        parts.append(f"{count(narrower, 'policy', 'policies')} narrower")
    worst = sum(finding.severity == "danger" for finding in diff.findings)
    warned = sum(finding.severity == "warning" for finding in diff.findings)
    if worst:
        parts.append(count(worst, "danger"))
    if warned:
        parts.append(count(warned, "warning"))
    return ", ".join(parts)


def counts_in_words(counts: Mapping[str, int]) -> str:
    """Return the operations of a plan, counted."""
    return ", ".join(f"{number} {operation}" for operation, number in counts.items()) or "no change"


def _settings(title: str, changes: tuple[Change, ...], paint: Paint) -> Iterator[str]:
    if changes:
        yield ""
        yield paint(title, "bold")
        for change in changes:
            yield f"  {_change(change, paint)}"


def _fleet(fleet: FleetDiff, paint: Paint) -> Iterator[str]:
    what = f" {paint(fleet.kind, _COLOUR[fleet.kind])}" if fleet.kind != "changed" else ""
    yield f"{paint(printable(fleet.name), 'bold')}{what}"
    for change in fleet.settings:
        yield f"  {_change(change, paint)}"
    for ring in fleet.rings:
        yield from _ring(ring, paint)


def _ring(ring: RingDiff, paint: Paint) -> Iterator[str]:
    what = f" {paint(ring.kind, _COLOUR[ring.kind])}" if ring.kind != "changed" else ""
    yield f"  {paint(printable(ring.path), 'bold')}{what}{printable(release_in_words(ring))}"
    width = max((len(each.name) for each in ring.components), default=0)
    for component in ring.components:
        yield from _component(component, width, paint)
    for change in ring.settings:
        yield f"    {_change(change, paint)}"
    for mark, things, colour in (("+", ring.joining, "green"), ("-", ring.leaving, "red")):
        if things:
            yield f"    {paint(mark, colour)} {names(things)}"
    if ring.deploys and ring.reach is not None:
        for line in reach_in_words(ring.reach):
            yield f"    {paint(printable(line), 'dim')}"


def release_in_words(ring: RingDiff) -> str:
    """Return what happens to the release of a ring."""
    if not ring.deploys:
        return "" if ring.kind == "removed" else ": no new release"
    before = f"{short(ring.before or '')} -> " if ring.before else ""
    origin = f", promoted from {ring.origin}" if ring.origin else ""
    return f": release {before}{short(ring.after or '')}{origin}"


def versions_in_words(component: ComponentDiff) -> str:
    """Return what happens to the version of a component."""
    if component.kind == "added":
        return f"{component.after} added"
    if component.kind == "removed":
        return f"{component.before} removed"
    return f"{component.before} -> {component.after}" if component.before != component.after else f"{component.after}"


def _component(component: ComponentDiff, width: int, paint: Paint) -> Iterator[str]:
    mark = paint(_MARK[component.kind], _COLOUR[component.kind])
    restart = f"  {paint(printable(component.restart), 'yellow')}" if component.restart else ""
    yield f"    {mark} {printable(component.name):{width}}  {printable(versions_in_words(component))}{restart}"
    for change in component.config:
        yield f"        {_change(change, paint)}"
    for change in component.run_with:
        yield f"        {_change(change, paint, 'runWith.')}"
    for pointer in component.reset:
        yield f"        {paint('~', 'yellow')} resets {printable(pointer)}"


def _change(change: Change, paint: Paint, prefix: str = "") -> str:
    mark = paint(_MARK[change.kind], _COLOUR[change.kind])
    if change.kind == "changed":
        value = f"{change.before} -> {change.after}"
    else:
        value = str(change.after if change.kind == "added" else change.before)
    return f"{mark} {printable(prefix + change.path)}: {printable(value)}"


def reach_in_words(reach: Reach) -> list[str]:
    """Return whom a release reaches, and how fast, in short lines."""
    if reach.devices is None:
        whom = f"devices: {printable(reach.members)}; how many, only AWS can tell"
    else:
        whom = count(reach.devices, "device")
        if reach.online is not None:
            share = f" ({percent(reach.share_online)})" if reach.share_online is not None else ""
            whom += f", {reach.online:,} online{share}"
        if reach.unhealthy:
            whom += f", {reach.unhealthy:,} of them unhealthy now"
    if reach.sites:
        most = sorted(reach.sites.items(), key=lambda each: (-each[1], each[0]))
        listed = ", ".join(f"{printable(clipped(name, 40))} {number}" for name, number in most[:_LISTED])
        more = f" and {len(most) - _LISTED} more" if len(most) > _LISTED else ""
        whom += f"; {count(len(most), 'site')}: {listed}{more}"
    speed = reach.rate
    if reach.minutes is not None and reach.devices:
        speed = f"at best {about(reach.minutes)} until the last one is told ({reach.rate})"
    return [whom, speed, *([reach.abort] if reach.abort else [])]


def names(things: tuple[str, ...]) -> str:
    """Return names, not too many."""
    more = f" and {len(things) - _LISTED:,} more" if len(things) > _LISTED else ""
    return ", ".join(map(printable, things[:_LISTED])) + more


def _policy(policy: PolicyDiff, paint: Paint) -> Iterator[str]:
    what = f" {paint(policy.kind, _COLOUR[policy.kind])}" if policy.kind != "changed" else ""
    yield f"  {printable(policy.title)} in {policy.account_id}{what}"
    for title, colour, statements in (("wider", "red", policy.widened), ("narrower", "green", policy.narrowed)):
        for statement in statements:
            yield f"    {paint(title, colour)}: {printable(statement_in_words(statement, title))}"


def statement_in_words(statement: Statement, direction: str) -> str:
    """Return grants as a sentence."""
    if statement.opaque:
        return clipped(f"{statement.effect}: {statement.opaque}", 400)
    # A denial that is gone widens, one that is new narrows.
    gone = (statement.effect == "Deny") == (direction == "wider")
    verb = {"Allow": "no longer allows" if direction == "narrower" else "allows"}.get(
        statement.effect, "no longer denies" if gone else "denies"
    )
    who = f" {statement.principal}" if statement.principal else ""
    what = f" {_few(statement.actions)}"
    where = f" on {_few(statement.resources)}" if any(statement.resources) else ""
    conditions = "".join(
        f", {'if' if index == 0 else 'and'} {operator} {key} = {_few(values)}"
        for index, (operator, key, values) in enumerate(statement.conditions)
    )
    return f"{verb}{who}{what}{where}{conditions}"


def _few(values: tuple[str, ...], most: int = 8) -> str:
    listed = ", ".join(clipped(each, 160) for each in values[:most])
    return f"{listed} and {len(values) - most} more" if len(values) > most else listed


def _finding(finding: Finding, paint: Paint) -> Iterator[str]:
    yield (
        f"  {paint(f'{finding.severity}:', _SEVERITY[finding.severity])} "
        f"{printable(finding.where)}: {printable(finding.text)}"
    )
