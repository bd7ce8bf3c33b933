"""The things that a stage's manifests name, apart from the rings they are in.

A thing belongs to the stage, not to a ring: a device that moves from one ring to the next
stays the same thing, and only its memberships change.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import final

import pulumi
import pulumi_aws as aws

from components._base import EdgeComponent


@dataclass(frozen=True, kw_only=True)
class NamedThingsArgs:
    """The names."""

    provider: aws.Provider
    things: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class NamedThingsResources:
    """The things by name."""

    things: Mapping[str, aws.iot.Thing]


@final
class NamedThings(EdgeComponent):
    """The registry entries of named devices.

    They are retained when they leave the manifests: AWS deletes no thing that has a certificate, and a device that
    is out of its ring may still be in somebody's hands. Taking it out of its thing group is what a manifest decides.
    """

    resources: NamedThingsResources

    def __init__(self, name: str, *, args: NamedThingsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts=opts)
        child = self.child(args.provider, retain_on_delete=True)
        things = {thing: aws.iot.Thing(thing, name=thing, opts=child) for thing in sorted(set(args.things))}
        self.resources = NamedThingsResources(things=things)
        self.register_outputs({"things": sorted(things)})
