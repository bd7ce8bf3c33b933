"""What a comparison found: frozen, complete, and ready to be shown as text, JSON or Markdown.

Nothing in here is secret: values went through ``values.shown``. Everything in here is untrusted text to whoever shows
it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from edgewright.gitops.diff.policies import PolicyDiff
from edgewright.gitops.diff.values import Change

Kind = Literal["added", "removed", "changed"]
Severity = Literal["danger", "warning", "note"]


@dataclass(frozen=True)
class ComponentDiff:
    """One component of a release."""

    name: str
    kind: Kind
    before: str | None
    """The version; None when the component was not in the release."""
    after: str | None
    older: bool = False
    """Whether the version goes back."""
    config: tuple[Change, ...] = ()
    run_with: tuple[Change, ...] = ()
    reset: tuple[str, ...] = ()
    """JSON pointers that are reset besides what vanished."""
    restart: str | None = None
    """Why the change restarts the nucleus; None when it does not."""


@dataclass(frozen=True)
class Reach:
    """Whom a change of a ring reaches, and how fast."""

    devices: int | None
    """Devices of the ring: named ones offline, members of the thing group live; None when it takes a look at AWS."""
    members: str
    """How the ring gets its devices, in words."""
    minutes: int | None
    """At the rollout's rate, until the last device that is online was told; a lower bound."""
    rate: str
    abort: str
    online: int | None = None
    unhealthy: int | None = None
    """Of those that are online; None without a live reading."""
    sites: Mapping[str, int] | None = None
    """Devices by site (the attribute ``site`` of the things)."""

    @property
    def share_online(self) -> float | None:
        """Of the devices, from 0 to 1."""
        return None if self.online is None or not self.devices else self.online / self.devices


@dataclass(frozen=True)
class RingDiff:
    """A ring that changes."""

    fleet: str
    stage: str
    name: str
    kind: Kind
    production: bool
    before: str | None
    """Digest of the release; None when the ring was not there."""
    after: str | None
    components: tuple[ComponentDiff, ...]
    joining: tuple[str, ...] = ()
    """Named things that come into the ring."""
    leaving: tuple[str, ...] = ()
    settings: tuple[Change, ...] = ()
    """Of the rollout, the wait, the members' query, onFailure."""
    origin: str | None = None
    """The ring (stage/ring) that has this release already, so that the change is its promotion."""
    reach: Reach | None = None

    @property
    def path(self) -> str:
        """The ring on the promotion path."""
        return f"{self.stage}/{self.name}"

    @property
    def restarts(self) -> tuple[ComponentDiff, ...]:
        """The components whose change restarts the nucleus."""
        return tuple(each for each in self.components if each.restart)

    @property
    def deploys(self) -> bool:
        """Whether devices get a new revision."""
        return self.kind != "removed" and self.before != self.after


@dataclass(frozen=True)
class FleetDiff:
    """A fleet that changes."""

    name: str
    kind: Kind
    settings: tuple[Change, ...]
    """Of fleet.yaml: promotion and its gates, capture, identity, access, ..."""
    rings: tuple[RingDiff, ...]
    """In promotion order; those that are removed last."""


@dataclass(frozen=True)
class Finding:
    """Something that a reviewer should know before they say yes."""

    severity: Severity
    code: str
    """Short and stable, for machines: ``prod-ahead``, ``quarantined``, ..."""
    where: str
    """``fleet``, ``fleet/stage/ring`` or a file."""
    text: str


@dataclass(frozen=True)
class SideInfo:
    """A side of the comparison."""

    name: str
    commit: str | None
    subject: str | None


@dataclass(frozen=True)
class PlanInfo:
    """What the engine would do to a stack."""

    stack: str
    fingerprint: str
    counts: Mapping[str, int]
    """Operations by kind; empty when nothing changes."""


@dataclass(frozen=True)
class ProjectDiff:
    """Everything that differs between two versions of a project."""

    base: SideInfo
    head: SideInfo
    organisation: tuple[Change, ...]
    fleets: tuple[FleetDiff, ...]
    policies: tuple[PolicyDiff, ...]
    published: tuple[str, ...]
    """Component versions (name@version) that the catalog gets."""
    controls: tuple[Change, ...]
    """Stops, holds and quarantines that come or go, by their file."""
    findings: tuple[Finding, ...]
    live: str | None = None
    """When AWS was read (RFC 3339, UTC); None when it was not."""
    offline: str = ""
    """Why there are no live numbers."""
    unread: tuple[str, ...] = field(default=())
    """Files of the base that could not be read, so that what they said counts as absent."""

    plans: tuple[PlanInfo, ...] = ()
    """Of the stacks, where they were previewed."""

    @property
    def empty(self) -> bool:
        """Whether nothing differs."""
        return not (self.organisation or self.fleets or self.policies or self.published or self.controls)

    @property
    def rings(self) -> list[RingDiff]:
        """All rings that change."""
        return [ring for fleet in self.fleets for ring in fleet.rings]

    def as_json(self) -> dict[str, Any]:
        """Return the comparison for machines."""
        document = asdict(self)
        for fleet, found in zip(document["fleets"], self.fleets, strict=True):
            for ring, each in zip(fleet["rings"], found.rings, strict=True):
                ring["deploys"] = each.deploys
                if ring["reach"] is not None and each.reach is not None:
                    ring["reach"]["shareOnline"] = each.reach.share_online
        for policy in document["policies"]:
            for statement in (*policy["widened"], *policy["narrowed"]):
                statement["conditions"] = [
                    {"operator": operator, "key": key, "values": list(values)}
                    for operator, key, values in statement["conditions"]
                ]
        named: dict[str, Any] = _camel(document)
        return {"empty": self.empty, **named}


_KEYED = frozenset(("sites", "counts"))
"""Mappings whose keys are data, not names of ours."""


def _camel(value: Any, *, data: bool = False) -> Any:
    if isinstance(value, dict):
        return {
            key if data else _camel_case(key): _camel(item, data=key in _KEYED and not data)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [_camel(item) for item in value]
    return value


def _camel_case(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest)
