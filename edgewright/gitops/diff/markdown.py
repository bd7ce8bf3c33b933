"""A comparison as one comment of a pull or merge request, whatever the size of the change.

A forge takes 65,536 characters of a comment and cuts or refuses what is longer, so this stays below 60,000 bytes, which
leaves room for what a workflow adds. What does not fit is folded from the inside out, always by whole rows: first the
details of rings, the less dangerous ones first, then rows of the tables; and it is said what is not shown, and how to
see it. Every text of others (keys, values, names, reasons) is escaped: it can neither end a table nor address anybody.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from edgewright.gitops.diff.model import ComponentDiff, Finding, PlanInfo, ProjectDiff, RingDiff
from edgewright.gitops.diff.policies import PolicyDiff
from edgewright.gitops.diff.text import (
    counts_in_words,
    names,
    reach_in_words,
    side,
    statement_in_words,
    summary,
    versions_in_words,
)
from edgewright.gitops.diff.values import Change, clipped
from edgewright.gitops.markdown import code, html, prose
from edgewright.gitops.words import count, short

LIMIT = 60_000
"""Bytes of UTF-8 at most; never fewer than characters."""
MARKER = "<!-- edgewright diff -->"
"""The first line, by which a workflow finds its own comment again."""

_LONGEST = 300
_OPEN = 3
"""Rings whose details are unfolded when there are no more of them."""
_ICON = {"danger": "🛑 danger", "warning": "⚠️ warning", "note": "note"}
_MARK = {"added": "added", "removed": "removed", "changed": ""}


def render(diff: ProjectDiff, *, limit: int = LIMIT) -> str:
    """Return the comment, of ``limit`` bytes at most.

    Args:
        diff: The comparison.
        limit: Bytes of UTF-8; at least 8,000, which the parts that are always there need.
    """
    head = "\n".join(_head(diff)) + "\n"
    foot = "\n" + "\n".join(_foot(diff)) + "\n"
    budget = _Budget(limit - _size(head) - _size(foot) - _size(_left_out(10**9, 10**9, 10**9, 10**9, diff)))
    found = budget.table(("", "where", "look at"), [_finding(each) for each in diff.findings], budget.left // 3)
    rings = budget.table(
        ("ring", "release", "what changes", "devices"), [_row(ring) for ring in diff.rings], budget.left // 3
    )
    rest = budget.table(("of", "what", "change"), list(_other(diff)), budget.left // 3)
    permissions = budget.table(
        ("", "policy", "statement"), [row for policy in diff.policies for row in _policy(policy)], budget.left * 2 // 3
    )
    stacks = budget.table(
        ("stack", "what the engine would do", "fingerprint"), [_plan(plan) for plan in diff.plans], budget.left // 4
    )
    details, folded = _details(diff, budget)
    sections = [
        head,
        found.under("#### Look at"),
        rings.under("#### Rings"),
        details,
        permissions.under("#### Permissions"),
        rest.under("#### Settings"),
        stacks.under("#### Stacks"),
    ]
    hidden = _left_out(rings.hidden + folded, found.hidden, permissions.hidden, rest.hidden + stacks.hidden, diff)
    return "".join(section for section in sections if section) + hidden + foot


# --- what fits -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Table:
    """A table as far as it fits, and the number of rows that do not."""

    text: str
    hidden: int

    def under(self, title: str) -> str:
        return f"\n{title}\n\n{self.text}" if self.text else ""


@dataclass
class _Budget:
    """The bytes that are left."""

    left: int

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[str]], most: int) -> _Table:
        """Take whole rows while they fit into ``most`` bytes."""
        if not rows:
            return _Table("", 0)
        lines = [_line(columns), _line(["---"] * len(columns))]
        used = sum(map(_size, lines)) + 40
        taken = 0
        for row in rows:
            line = _line(row)
            if used + _size(line) > min(most, self.left):
                break
            lines.append(line)
            used += _size(line)
            taken += 1
        if not taken:
            return _Table("", len(rows))
        self.left -= used
        return _Table("".join(lines), len(rows) - taken)


def _details(diff: ProjectDiff, budget: _Budget) -> tuple[str, int]:
    """The details of rings, as many as fit; the most dangerous ones come first into the budget."""
    rings = [ring for ring in diff.rings if ring.components or ring.settings or ring.joining or ring.leaving]
    worst = {finding.where for finding in diff.findings if finding.severity != "note"}
    ranked = sorted(
        range(len(rings)),
        key=lambda index: (
            f"{rings[index].fleet}/{rings[index].path}" not in worst,
            not rings[index].production,
            index,
        ),
    )
    unfolded = len(rings) <= _OPEN
    fitting: dict[int, str] = {}
    folded = 0
    for index in ranked:
        text = _ring(rings[index], unfolded=unfolded, most=budget.left)
        if text is None:
            folded += 1
            continue
        fitting[index] = text
        budget.left -= _size(text)
    return "".join(text for _, text in sorted(fitting.items())), folded


def _ring(ring: RingDiff, *, unfolded: bool, most: int) -> str | None:
    """The details of one ring; None when not even a few of its rows fit."""
    opening = f"\n<details{' open' if unfolded else ''}><summary>{html(f'{ring.fleet} {ring.path}')}</summary>\n\n"
    closing = "\n</details>\n"
    after = [f"{prose(line)}  \n" for line in (reach_in_words(ring.reach) if ring.deploys and ring.reach else [])]
    around = _size(opening) + _size(closing) + sum(map(_size, after)) + 200
    inner = _Budget(most - around)
    rows = [row for component in ring.components for row in _component(component)]
    rows += [_change("", change) for change in ring.settings]
    rows += [
        [kind, "things", code(names(things))]
        for kind, things in (("joining", ring.joining), ("leaving", ring.leaving))
        if things
    ]
    table = inner.table(("component", "key", "change"), rows, inner.left)
    if not table.text:
        return None
    more = f"\n{count(table.hidden, 'more row')} not shown for length.\n" if table.hidden else ""
    text = "\n" + "".join(after) if after else ""
    return opening + table.text + more + text + closing


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |\n"


def _size(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


# --- what is said ----------------------------------------------------------------------------------------------------


def _head(diff: ProjectDiff) -> Iterator[str]:
    yield MARKER
    yield "### What this change does"
    yield ""
    what = "No change for devices or AWS." if diff.empty else f"**{prose(summary(diff))}**"
    yield f"{what} {code(clipped(side(diff.base), 80))} to {code(clipped(side(diff.head), 80))}"
    if diff.unread:
        yield ""
        yield f"{count(len(diff.unread), 'file')} of the base cannot be read: what they said counts as absent."


def _foot(diff: ProjectDiff) -> Iterator[str]:
    if diff.rings:
        said = (
            f"Devices as of {diff.live}." if diff.live else f"Without live numbers: {clipped(diff.offline, _LONGEST)}."
        )
        yield f"<sub>{prose(said)}</sub>"


def _left_out(rings: int, findings: int, permissions: int, settings: int, diff: ProjectDiff) -> str:
    parts = [
        count(number, noun)
        for number, noun in (
            (findings, "finding"),
            (rings, "ring"),
            (permissions, "statement"),
            (settings, "setting"),
        )
        if number
    ]
    if not parts:
        return ""
    command = f"edgewright diff {' '.join(each.commit[:10] for each in (diff.base, diff.head) if each.commit)}"
    return f"\nNot shown here for length: {', '.join(parts)}. All of it: {code(command)}\n"


def _plan(plan: PlanInfo) -> list[str]:
    return [code(clipped(plan.stack, 120)), prose(counts_in_words(plan.counts)), code(short(plan.fingerprint))]


def _finding(finding: Finding) -> list[str]:
    return [_ICON[finding.severity], code(clipped(finding.where, 120)), prose(clipped(finding.text, 500))]


def _row(ring: RingDiff) -> list[str]:
    if not ring.deploys:
        release = "removed" if ring.kind == "removed" else "no new release"
    else:
        before = f"{code(short(ring.before or ''))} to " if ring.before else ""
        origin = f", from {code(ring.origin)}" if ring.origin else ""
        release = f"{before}{code(short(ring.after or ''))}{origin}"
    moved = [f"{each.name} {versions_in_words(each)}" for each in ring.components if each.before != each.after]
    parts = [code(clipped(each, 120)) for each in moved[:3]]
    if len(moved) > 3:
        parts.append(f"{len(moved) - 3} more")
    configured = sum(each.before == each.after for each in ring.components)
    if configured:
        parts.append(count(configured, "configuration"))
    if ring.settings:
        parts.append(count(len(ring.settings), "setting"))
    if ring.joining or ring.leaving:
        parts.append(f"{len(ring.joining)} joining, {len(ring.leaving)} leaving")
    if ring.restarts:
        parts.append("**restarts the nucleus**")
    devices = "" if ring.reach is None else prose(clipped(reach_in_words(ring.reach)[0], 160))
    return [code(f"{ring.fleet} {ring.path}"), release, ", ".join(parts), devices]


def _component(component: ComponentDiff) -> Iterator[list[str]]:
    name = code(component.name)
    if component.before != component.after:
        restart = f", {prose(component.restart)}" if component.restart else ""
        yield [name, "version", f"{code(versions_in_words(component))}{restart}"]
    elif component.restart:
        yield [name, "", prose(component.restart)]
    for change in component.config:
        yield _change(name, change)
    for change in component.run_with:
        yield _change(name, change, "runWith.")
    if component.reset:
        yield [name, "reset", code(clipped(", ".join(component.reset), _LONGEST))]


def _change(name: str, change: Change, prefix: str = "") -> list[str]:
    if change.kind == "changed":
        what = f"{code(change.before or '')} to {code(change.after or '')}"
    else:
        value = change.after if change.kind == "added" else change.before
        what = f"{change.kind} {code(value or '')}"
    return [name, code(clipped(prefix + change.path, 120)), what]


def _policy(policy: PolicyDiff) -> Iterator[list[str]]:
    title = f"{code(clipped(policy.title, 160))} in {policy.account_id} {_MARK[policy.kind]}".rstrip()
    for direction, statements in (("wider", policy.widened), ("narrower", policy.narrowed)):
        for statement in statements:
            icon = "⚠️ wider" if direction == "wider" else "narrower"
            yield [icon, title, code(clipped(statement_in_words(statement, direction), 900))]


def _other(diff: ProjectDiff) -> Iterator[list[str]]:
    for fleet in diff.fleets:
        if fleet.kind != "changed":
            yield [code(fleet.name), "the fleet", fleet.kind]
        for change in fleet.settings:
            yield _change(code(fleet.name), change)
    for change in diff.organisation:
        yield _change("organisation", change)
    for change in diff.controls:
        yield _change("controls", change)
    for version in diff.published:
        yield ["catalog", code(version), "published"]
