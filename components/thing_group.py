"""The thing group of a ring: named things, devices that join when they are provisioned, or what a query finds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

import pulumi
import pulumi_aws as aws

from components import greengrassv2
from components._base import EdgeComponent
from edgewright.documents import deployment
from edgewright.documents.place import FleetPlace


@dataclass(frozen=True, kw_only=True)
class ThingGroupArgs:
    """A ring and its members."""

    provider: aws.Provider
    greengrass: greengrassv2.Provider
    place: FleetPlace
    ring: str
    members: Mapping[str, aws.iot.Thing]
    """Things by name; empty for a ring whose devices join when they are provisioned, or by a query."""
    query: str | None = None
    """What things must have to be in the ring: then it is a dynamic thing group."""


@dataclass(frozen=True, kw_only=True)
class ThingGroupResources:
    """The group and its memberships by thing name."""

    group: aws.iot.ThingGroup | greengrassv2.DynamicThingGroup
    memberships: Mapping[str, aws.iot.ThingGroupMembership]


@final
class ThingGroup(EdgeComponent):
    """The target of a ring's deployment."""

    resources: ThingGroupResources

    def __init__(self, name: str, *, args: ThingGroupArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts=opts)
        child = self.child(args.provider)
        group_name, tags = args.place.thing_group(args.ring), deployment.tags(args.place, ring=args.ring)
        if args.query is not None:
            dynamic = greengrassv2.DynamicThingGroup(
                name,
                thing_group_name=group_name,
                query_string=args.query,
                # Registry indexing is what makes such a group possible; richer indexing, where on, stays as it is.
                enable_indexing=True,
                tags=tags,
                opts=self.child(args.greengrass),
            )
            self.resources = ThingGroupResources(group=dynamic, memberships={})
            self.register_outputs({"name": dynamic.thing_group_name, "arn": dynamic.arn})
            return
        group = aws.iot.ThingGroup(name, name=group_name, tags=tags, opts=child)
        memberships = {
            thing: aws.iot.ThingGroupMembership(
                f"{name}/{thing}", thing_group_name=group.name, thing_name=registered.name, opts=child
            )
            for thing, registered in sorted(args.members.items())
        }
        self.resources = ThingGroupResources(group=group, memberships=memberships)
        self.register_outputs({"name": group.name, "arn": group.arn})
