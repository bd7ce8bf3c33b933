"""The status as lines for people: an overview of all rings, then what needs a look, then the components."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from edgewright.aws.reading import Kind, Straggler
from edgewright.gitops.status.model import RingStatus, Standing, Status
from edgewright.gitops.words import age, count, moment, plain, short, span

NAMED = 10
"""Stragglers of a ring that are named, unless all are asked for."""
Paint = Callable[[str, str], str]

_HEAD = ("ring", "standing", "release", "deployed", "things", "online", "took it", "healthy")
_COLOURS = {Standing.LEVEL: "green", Standing.UNKNOWN: "dim", Standing.ABSENT: "yellow"}
_GRAVE = frozenset({Kind.FAILED, Kind.BROKEN, Kind.OTHER})


def lines(status: Status, paint: Paint, *, components: bool, everybody: bool) -> Iterator[str]:
    """Yield the lines.

    Args:
        status: What was found.
        paint: Colours a text; ``paint(text, "green")``.
        components: Whether each ring's components are listed.
        everybody: Whether all stragglers are named, however many.
    """
    for number, fleet in enumerate(status.fleets):
        if number:
            yield ""
        rings = status.of(fleet)
        yield paint(fleet, "bold")
        yield from _overview(rings, status, paint)
        for ring in rings:
            found = [
                *_notes(ring, status, paint, everybody=everybody),
                *(_components(ring, paint) if components else ()),
            ]
            if found:
                yield ""
                yield f"  {paint(ring.path, 'bold')}{_taken(ring)}"
                yield from found
    yield ""
    yield summary(status)


def summary(status: Status) -> str:
    """What it amounts to, in one line."""
    level = sum(ring.standing is Standing.LEVEL for ring in status.rings)
    online = sum(ring.online for ring in status.rings)
    things = sum(len(ring.reading.devices) for ring in status.rings)
    behind = sum(each.online for ring in status.rings for each in ring.stragglers)
    text = f"{level} of {count(len(status.rings), 'ring')} as Git says; {count(things, 'thing')}, {online:,} online"
    text += f", {behind:,} of them behind" if behind else ", none of them behind"
    return text if status.complete else f"{text}; not everything could be read"


def _overview(rings: Sequence[RingStatus], status: Status, paint: Paint) -> Iterator[str]:
    rows = [_HEAD, *(_row(ring, status) for ring in rings)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    yield paint("  " + "  ".join(_padded(rows[0], widths)).rstrip(), "dim")
    for ring, row in zip(rings, rows[1:], strict=True):
        cells = _padded(row, widths)
        cells[1] = paint(cells[1], _COLOURS.get(ring.standing, "red"))
        yield "  " + "  ".join(cells).rstrip()


def _padded(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    """Numbers to the right, words to the left."""
    first = _HEAD.index("things")
    return [
        text.rjust(width) if column >= first else text.ljust(width)
        for column, (text, width) in enumerate(zip(row, widths, strict=True))
    ]


def _row(ring: RingStatus, status: Status) -> tuple[str, ...]:
    reading = ring.reading
    latest = reading.deployment
    numbers = (len(reading.devices), ring.online, len(reading.taken), ring.healthy)
    return (
        ring.path,
        str(ring.standing),
        short(latest.release) if latest is not None and latest.release else "-",
        f"{age(latest.created, status.at)} ago" if latest is not None else "-",
        *(f"{number:,}" if ring.known else "?" for number in numbers),
    )


def _notes(ring: RingStatus, status: Status, paint: Paint, *, everybody: bool) -> Iterator[str]:
    """Yield what needs a look in a ring; nothing when all is well."""
    found = [*_deployment_notes(ring, status), *(f"{each.kind}: {each.told}" for each in ring.controls)]
    found += [f"not read: {plain(str(gap))}" for gap in ring.reading.gaps]
    for text in found:
        yield f"    {paint(text, 'yellow')}"
    yield from _stragglers(ring.stragglers, status, paint, everybody=everybody)


def _deployment_notes(ring: RingStatus, status: Status) -> Iterator[str]:
    latest = ring.reading.deployment
    if ring.reading.exists is False:
        yield "the ring is not up: there is no thing group yet; run pulumi up"
    if ring.standing is Standing.BEHIND and latest is not None and latest.release is not None:
        since = age(latest.created, status.at)
        yield (
            f"Git wants release {short(ring.wanted)}, and revision {latest.revision} has {short(latest.release)} "
            f"since {since}: the update has not run, or the ring was rolled back"
        )
    if ring.standing is Standing.FOREIGN and latest is not None:
        who = f"by {plain(latest.owner)}, and changed since" if latest.owner else "by somebody else"
        name = f" {plain(latest.name)!r}" if latest.name else ""
        yield f"deployment {latest.id}{name} was made {who}, {age(latest.created, status.at)} ago; see edgewright drift"


def _stragglers(found: Sequence[Straggler], status: Status, paint: Paint, *, everybody: bool) -> Iterator[str]:
    shown = found if everybody else found[:NAMED]
    width = max((len(each.thing) for each in shown), default=0)
    kinds = max((len(each.kind) for each in shown), default=0)
    for each in shown:
        kind = paint(f"{each.kind:<{kinds}}", "red" if each.kind in _GRAVE else "yellow")
        since = f" (since {age(each.since, status.at)})" if each.since is not None else ""
        yield f"    {each.thing:<{width}}  {kind}  {plain(each.why)}{since}"
    if len(found) > len(shown):
        kinds_left = _tally(found[len(shown) :])
        yield f"    and {count(len(found) - len(shown), 'more device')}: {kinds_left}; --all names them"


def _tally(found: Iterable[Straggler]) -> str:
    numbers: dict[str, int] = {}
    for each in found:
        numbers[each.kind] = numbers.get(each.kind, 0) + 1
    return ", ".join(f"{number:,} {kind}" for kind, number in numbers.items())


def _components(ring: RingStatus, paint: Paint) -> Iterator[str]:
    rows = [("component", "wanted", "running", "healthy", "other versions")]
    for each in ring.components:
        running, healthy = (f"{n:,}/{each.devices:,}" if n is not None else "?" for n in (each.running, each.healthy))
        others = ", ".join(f"{plain(version)} on {number:,}" for version, number in each.others.items())
        rows.append((each.name, each.wanted, running, healthy, others))
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    for number, row in enumerate(rows):
        text = "    " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        yield paint(text, "dim") if number == 0 else text


def _taken(ring: RingStatus) -> str:
    """When the ring had the latest deployment, behind its name."""
    reading = ring.reading
    if reading.taken_at is None:
        return ""
    took = count(len(reading.taken), "thing")
    return f"  {took} took it, the last one {span(reading.at - reading.taken_at)} ago ({moment(reading.taken_at)})"
