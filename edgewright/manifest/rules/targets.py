"""Rules about what a deployment is for: one deployment a target, and no thing torn between two releases.

AWS has one deployment for each target; a second one takes its place without a word. A core device installs the union
of the deployments of its groups, and two exact versions of one component cannot both be true: the device then
fails with FAILED_NO_STATE_CHANGE (the nucleus). A thing that is in one ring of one stage of one fleet, and nowhere
else, cannot come to that.
"""

from __future__ import annotations

from collections.abc import Iterator

from edgewright.documents import naming
from edgewright.manifest.context import Context, RingPlace
from edgewright.source import Problem


def one_deployment_a_target(context: Context) -> Iterator[Problem]:
    """Two rings must not come to the same thing group of one account and Region."""
    first: dict[tuple[str | None, str | None, str], RingPlace] = {}
    for place in context.rings:
        if not place.placed:
            continue
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
                other = first.setdefault((place.file.name, thing), place)
                if thing in own:
                    message, remedy = "is in the ring twice", "keep it once"
                elif other.ring.name != place.ring.name:  # else told as a second deployment for one target
                    message, remedy = f"is in the ring {other.ring.name} already", "keep it in one of the two rings"
                else:
                    own.add(thing)
                    continue
                own.add(thing)
                yield place.problem(("members", "things", index), message, got=thing, remedy=remedy)


def provisioned_things_have_a_template(context: Context) -> Iterator[Problem]:
    """Devices that provision themselves need a template, and it lets in the serial numbers that a ring names."""
    for place in context.rings:
        model = place.file.parsed.model
        twins = model.twins if model is not None else None
        for_twins = twins is not None and twins.ring == place.ring.name
        if not place.ring.members.provisioned or place.fleet is None or for_twins:
            continue
        path = ("members", "provisioned")
        if place.fleet.identity.provisioning != "claim":
            yield place.problem(
                path,
                "needs a provisioning template, and the fleet has none",
                got=f"identity.provisioning: {place.fleet.identity.provisioning}",
                remedy="write provisioning: claim in fleet.yaml, or name the things",
            )
        elif not place.ring.members.serials:
            yield place.problem(
                path,
                "lets nobody in, because no serial number is named",
                remedy="add serials: [...] with those of the devices that may join",
                severity="warning",
            )


def serials_are_in_one_ring(context: Context) -> Iterator[Problem]:
    """A serial number is one device, and the template puts it into one ring: that which names it."""
    first: dict[tuple[str, str | None, str], tuple[RingPlace, int]] = {}
    for place in context.rings:
        # where the account is not known yet, compare within the fleet
        scope = (place.account_id or place.file.folder, place.region)
        for index, serial in enumerate(place.ring.members.serials):
            other, earlier = first.setdefault((*scope, serial), (place, index))
            if other is not place:
                message, remedy = f"is in {other.title} already", "keep it in one of the two rings"
            elif earlier != index:
                message, remedy = "is in the ring twice", "keep it once"
            else:
                continue
            yield place.problem(("members", "serials", index), message, got=serial, remedy=remedy)


def things_are_of_one_fleet(context: Context) -> Iterator[Problem]:
    """A device has one certificate policy and one role alias, so it belongs to one stage of one fleet.

    Only named things are compared: which things a query or a provisioning template will yield is not known here.
    """
    first: dict[tuple[str, str | None, str], RingPlace] = {}
    for place in context.rings:
        if place.account_id is None:
            continue
        for index, thing in enumerate(place.ring.members.things or ()):
            other = first.setdefault((place.account_id, place.region, thing), place)
            if (other.file.folder, other.stage_name) == (place.file.folder, place.stage_name):
                continue  # two rings of one stage are told elsewhere
            line = other.file.parsed.document.where(("rings", other.index, "members", "things")).line
            one = "stage" if other.file.folder == place.file.folder else "fleet"
            yield place.problem(
                ("members", "things", index),
                f"is in {other.title} as well ({other.file.parsed.file}:{line}), and a device has one certificate "
                f"policy and one role alias, so it belongs to one {one}",
                got=thing,
                remedy=f"take it out of {other.title} or out of {place.title}",
            )


RULES = (
    one_deployment_a_target,
    things_are_in_one_ring,
    provisioned_things_have_a_template,
    serials_are_in_one_ring,
    things_are_of_one_fleet,
)
