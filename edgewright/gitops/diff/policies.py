"""What a change does to permissions: statements that grow or shrink, and who gets in that could not before. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from edgewright.documents.inventory import Policy
from edgewright.gitops.diff.grants import Conditions, Grant, grants, without

_ACCOUNT = re.compile(r"(?:^|:)(\d{12})(?::|$)")


@dataclass(frozen=True)
class Statement:
    """Grants that differ in nothing but their actions and resources, put together again for reading."""

    effect: str
    principal: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: Conditions
    opaque: str = ""


@dataclass(frozen=True)
class PolicyDiff:
    """One policy document that grants something else than before."""

    owner: str
    part: str
    account_id: str
    fleet: str | None
    stage: str | None
    kind: str
    """``added``, ``removed`` or ``changed``."""
    widened: tuple[Statement, ...]
    """What may be done now and could not before: new grants, and denials that are gone."""
    narrowed: tuple[Statement, ...]
    strangers: tuple[str, ...]
    """Principals of other accounts (``*`` among them) that may something for the first time."""

    @property
    def title(self) -> str:
        """The policy in words."""
        return self.owner if self.part == "policy" else f"{self.owner}, {self.part}"


def compare(before: Iterable[Policy], after: Iterable[Policy]) -> list[PolicyDiff]:
    """Return the policies that grant something else, sorted by their owner."""
    old, new = ({policy.key: policy for policy in side} for side in (before, after))
    found = [_one(old.get(key), new.get(key)) for key in sorted(old.keys() | new.keys())]
    return [each for each in found if each is not None]


def _one(old: Policy | None, new: Policy | None) -> PolicyDiff | None:
    there = new or old
    assert there is not None  # noqa: S101 -- a key comes from one of the two
    if old is not None and new is not None and old.document == new.document:
        return None
    before = grants(old.document) if old else set()
    after = grants(new.document) if new else set()
    gained = _allowing(after, before) + _denying(before, after)
    lost = _allowing(before, after) + _denying(after, before)
    if not gained and not lost:
        return None
    known = {grant.principal for grant in before if grant.effect == "Allow"}
    strangers = {
        grant.principal.partition(":")[2] or grant.principal
        for grant in after
        if grant.effect == "Allow" and grant.principal not in known and is_foreign(grant.principal, there.account_id)
    }
    return PolicyDiff(
        owner=there.owner,
        part=there.part,
        account_id=there.account_id,
        fleet=there.fleet,
        stage=there.stage,
        kind="added" if old is None else "removed" if new is None else "changed",
        widened=tuple(joined(gained)),
        narrowed=tuple(joined(lost)),
        strangers=tuple(sorted(strangers)),
    )


def is_foreign(principal: str, account_id: str) -> bool:
    """Whether a principal is of another account than the policy; what names no account may be anybody's."""
    kind, _, name = principal.partition(":")
    if principal == "*":
        return True
    if kind == "Federated":
        # an identity provider of the own account lets in people and machines from outside of AWS
        return True
    if kind != "AWS":
        return False
    found = _ACCOUNT.search(name)
    return found is None or found[1] != account_id


def _allowing(some: set[Grant], others: set[Grant]) -> list[Grant]:
    return without((g for g in some if g.effect == "Allow"), (g for g in others if g.effect == "Allow"))


def _denying(some: set[Grant], others: set[Grant]) -> list[Grant]:
    return without((g for g in some if g.effect == "Deny"), (g for g in others if g.effect == "Deny"))


def joined(separate: Sequence[Grant]) -> list[Statement]:
    """Put grants together into as few statements as their product allows, sorted."""
    by_resource: dict[tuple[str, str, Conditions, str, str], set[str]] = {}
    for grant in separate:
        key = (grant.effect, grant.principal, grant.conditions, grant.opaque, grant.resource)
        by_resource.setdefault(key, set()).add(grant.action)
    by_actions: dict[tuple[str, str, Conditions, str, tuple[str, ...]], set[str]] = {}
    for (effect, principal, conditions, opaque, resource), actions in by_resource.items():
        by_actions.setdefault((effect, principal, conditions, opaque, tuple(sorted(actions))), set()).add(resource)
    return [
        Statement(effect, principal, actions, tuple(sorted(resources)), conditions, opaque)
        for (effect, principal, conditions, opaque, actions), resources in sorted(by_actions.items())
    ]
