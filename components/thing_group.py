"""The thing group of a ring, and the named things in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

import pulumi
import pulumi_aws as aws

from components._base import EdgeComponent
from edgewright.documents import deployment
from edgewright.documents.place import FleetPlace


@dataclass(frozen=True, kw_only=True)
class ThingGroupArgs:
    """A ring and its members."""

    provider: aws.Provider
    place: FleetPlace
    ring: str
    members: Mapping[str, aws.iot.Thing]
    """Things by name; empty for a ring whose devices join when they are provisioned."""


@dataclass(frozen=True, kw_only=True)
class ThingGroupResources:
    """The group and its memberships by thing name."""

    group: aws.iot.ThingGroup
    memberships: Mapping[str, aws.iot.ThingGroupMembership]


@final
class ThingGroup(EdgeComponent):
    """The target of a ring's deployment."""

    resources: ThingGroupResources

    def __init__(self, name: str, *, args: ThingGroupArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts=opts)
        child = self.child(args.provider)
        group = aws.iot.ThingGroup(
            name,
            name=args.place.thing_group(args.ring),
            tags=deployment.tags(args.place, ring=args.ring),
            opts=child,
        )
        memberships = {
            thing: aws.iot.ThingGroupMembership(
                f"{name}/{thing}", thing_group_name=group.name, thing_name=registered.name, opts=child
            )
            for thing, registered in sorted(args.members.items())
        }
        self.resources = ThingGroupResources(group=group, memberships=memberships)
        self.register_outputs({"name": group.name, "arn": group.arn})
