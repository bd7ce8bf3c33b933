"""Rules about what a deployment is for: one deployment a target, and no thing torn between two releases.

AWS has one deployment for each target; a second one takes its place without a word. A core device installs the union
of the deployments of its groups, and two exact versions of one component cannot both be true: the device then
fails with FAILED_NO_STATE_CHANGE (the nucleus; AWS IoT quotas for the number of groups).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from edgewright.documents import naming
from edgewright.manifest.context import Context, RingPlace
from edgewright.source import Problem

MAX_GROUPS = 10
"""Static thing groups that a thing may be in (AWS IoT quota)."""


def one_deployment_a_target(context: Context) -> Iterator[Problem]:
    """Two rings must not come to the same thing group of one account and Region."""
    first: dict[tuple[str | None, str | None, str], RingPlace] = {}
    for place in context.rings:
        group = naming.thing_group(place.fleet_name, place.stage_name, place.ring.name)
        # where the account is not known yet, compare within the fleet: its stages have names of their own
        key = (place.account_id or place.file.folder, place.region, group)
        other = first.setdefault(key, place)
        if other is place:
            continue
        line = other.file.parsed.document.where(("rings", other.index, "name")).line
        yield place.problem(
            ("name",),
            f"is a second deployment for the thing group {group}, the target of {other.title} "
            f"({other.file.parsed.file}:{line})",
            remedy="rename one of the rings; AWS keeps one deployment for a target",
        )


def things_are_in_one_ring(context: Context) -> Iterator[Problem]:
    """Within a stage of a fleet a thing is in one ring, once: in two it would get two releases of one fleet."""
    for places in context.rings_by_fleet.values():
        first: dict[tuple[str, str], RingPlace] = {}
        for place in places:
            own: set[str] = set()
            for index, thing in enumerate(place.ring.members.things or ()):
                other = first.setdefault((place.stage_name, thing), place)
                if thing in own:
                    message, remedy = "is in the ring twice", "keep it once"
                elif other.ring.name != place.ring.name:  # else told as a second deployment for one target
                    message, remedy = f"is in the ring {other.ring.name} already", "keep it in one of the two rings"
                else:
                    own.add(thing)
                    continue
                own.add(thing)
                yield place.problem(("members", "things", index), message, got=thing, remedy=remedy)


def provisioned_things_have_one_ring(context: Context) -> Iterator[Problem]:
    """The provisioning template puts new devices into one ring, and there must be such a template."""
    for places in context.rings_by_fleet.values():
        first: dict[str, RingPlace] = {}
        for place in places:
            if not place.ring.members.provisioned:
                continue
            path = ("members", "provisioned")
            if place.fleet is not None and place.fleet.identity.provisioning != "claim":
                yield place.problem(
                    path,
                    "needs a provisioning template, and the fleet has none",
                    got=f"identity.provisioning: {place.fleet.identity.provisioning}",
                    remedy="write provisioning: claim in fleet.yaml, or name the things",
                )
            other = first.setdefault(place.stage_name, place)
            if other is not place:
                yield place.problem(
                    path,
                    f"is a second ring for new devices, beside {other.ring.name}",
                    remedy="let one ring of the stage take them, and move devices by naming them",
                )


def pins_agree_on_a_thing(context: Context) -> Iterator[Problem]:
    """Rings that hold the same thing pin no component differently, across fleets too.

    Only named things are compared: which things a query or a provisioning template will yield is not known here.
    """
    holders: dict[tuple[str, str | None, str], list[RingPlace]] = defaultdict(list)
    for place in context.rings:
        if place.account_id is not None:
            for thing in dict.fromkeys(place.ring.members.things or ()):
                holders[place.account_id, place.region, thing].append(place)
    told: set[tuple[int, int, str]] = set()
    for (_, _, thing), places in holders.items():
        for number, place in enumerate(places[1:], start=1):
            for other in places[:number]:
                for name, component in place.ring.components.items():
                    theirs = other.ring.components.get(name)
                    key = (id(place), id(other), name)
                    if theirs is None or theirs.version == component.version or key in told:
                        continue
                    told.add(key)
                    yield place.problem(
                        ("components", name, "version"),
                        f"is not the version that {other.title} pins, and {thing} is in both",
                        got=f"{component.version}, there {theirs.version}",
                        remedy="pin one version in both, or take the thing out of one",
                    )


def things_are_in_few_groups(context: Context) -> Iterator[Problem]:
    """AWS refuses the eleventh static group of a thing."""
    count: dict[tuple[str, str | None, str], int] = defaultdict(int)
    for place in context.rings:
        if place.account_id is None:
            continue
        for index, thing in enumerate(place.ring.members.things or ()):
            key = (place.account_id, place.region, thing)
            count[key] += 1
            if count[key] == MAX_GROUPS + 1:
                yield place.problem(
                    ("members", "things", index),
                    f"is in more than {MAX_GROUPS} thing groups, AWS's limit",
                    got=thing,
                    remedy="take it out of a ring",
                )


RULES = (
    one_deployment_a_target,
    things_are_in_one_ring,
    provisioned_things_have_one_ring,
    pins_agree_on_a_thing,
    things_are_in_few_groups,
)
