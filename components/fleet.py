"""A fleet in one stage: composition only. Who devices are, which rings they are in, and what each ring runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

import pulumi
import pulumi_aws as aws

from components import greengrassv2
from components._base import EdgeComponent
from components.capture_bucket import CaptureBucket, CaptureBucketArgs
from components.cross_account_role import CrossAccountRole, CrossAccountRoleArgs
from components.device_identity import DeviceIdentity, DeviceIdentityArgs
from components.freeze import Guard, whole_fleet_refused
from components.greengrass_deployment import GreengrassDeployment, GreengrassDeploymentArgs
from components.thing_group import ThingGroup, ThingGroupArgs
from edgewright.documents import boundary, deployment, naming, permissions, trust
from edgewright.documents.place import FleetPlace
from edgewright.manifest.model import Access, Fleet, Ring


@dataclass(frozen=True, kw_only=True)
class EdgeFleetArgs:
    """A fleet, its rings in this stage, and what it shares with other fleets."""

    cloud: aws.Provider
    greengrass: greengrassv2.Provider
    place: FleetPlace
    fleet: Fleet
    rings: Sequence[Ring]
    """In promotion order: each waits for the one before it."""
    versions: Mapping[tuple[str, str], greengrassv2.ComponentVersion]
    """Component versions of the stage, by name and version."""
    external_artifacts: Sequence[str]
    """``s3://`` URIs that the recipes of the rings' private components name themselves."""
    things: Mapping[str, aws.iot.Thing]
    """Named things of the stage."""
    trusted: Mapping[str, str]
    """Account ids by the account keys that ``access`` trusts."""
    guard: Guard
    """What people hold back."""
    shared: frozenset[str] = frozenset()
    """Account ids that are, on purpose, in more than one entry of edgewright.yaml."""


@dataclass(frozen=True, kw_only=True)
class EdgeFleetResources:
    """The parts of the fleet; deployments and groups by ring."""

    identity: DeviceIdentity
    capture: CaptureBucket | None
    access: Mapping[str, CrossAccountRole]
    groups: Mapping[str, ThingGroup]
    deployments: Mapping[str, GreengrassDeployment]


@final
class EdgeFleet(EdgeComponent):
    """Everything of a fleet in one stage. Nothing of it depends on another fleet."""

    resources: EdgeFleetResources
    summary: dict[str, Any]
    """What the stack exports about the fleet."""

    def __init__(self, name: str, *, args: EdgeFleetArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        stopped = args.guard.stopped(name)
        if stopped is not None:
            whole = whole_fleet_refused(f"{name}-stop", stopped, but="greengrassv2:index:Deployment")
            opts = pulumi.ResourceOptions.merge(opts, whole)
        super().__init__(name, opts=opts)
        args.guard.warn(name, args.rings)
        fleet, place = args.fleet, args.place
        identity = DeviceIdentity(
            name,
            args=DeviceIdentityArgs(
                provider=args.cloud,
                place=place,
                permissions=permissions.token_exchange(
                    place,
                    components=private_components(args.rings, args.versions),
                    external_artifacts=args.external_artifacts,
                    capture=fleet.capture.enabled,
                    permissions=fleet.identity.permissions,
                ),
                credential_duration=fleet.identity.credential_duration,
                edge_manager=fleet.edge_manager.enabled,
            ),
            opts=self.inner(),
        )
        capture = None
        if fleet.capture.enabled:
            capture = CaptureBucket(
                name,
                args=CaptureBucketArgs(provider=args.cloud, place=place, access=fleet.access),
                opts=self.inner(),
            )
        access = {grant.role: self._access(name, args, grant) for grant in fleet.access}
        groups: dict[str, ThingGroup] = {}
        deployments: dict[str, GreengrassDeployment] = {}
        for ring in args.rings:
            groups[ring.name] = ThingGroup(
                f"{name}/{ring.name}",
                args=ThingGroupArgs(
                    provider=args.cloud,
                    greengrass=args.greengrass,
                    place=place,
                    ring=ring.name,
                    members={thing: args.things[thing] for thing in ring.members.things or ()},
                    query=ring.members.query,
                ),
                opts=self.inner(),
            )
            pinned = [
                args.versions[component, pin.version]
                for component, pin in ring.components.items()
                if (component, pin.version) in args.versions
            ]
            deployments[ring.name] = GreengrassDeployment(
                f"{name}/{ring.name}",
                args=GreengrassDeploymentArgs(
                    provider=args.greengrass,
                    inputs=deployment.inputs(place, ring, capture=fleet.capture),
                    after=[
                        *pinned,
                        groups[ring.name],
                        identity,
                        *([capture] if capture else []),
                        *list(deployments.values())[-1:],
                    ],
                    held_back=args.guard.release(name, ring),
                ),
                opts=self.inner(),
            )
        self.resources = EdgeFleetResources(
            identity=identity, capture=capture, access=access, groups=groups, deployments=deployments
        )
        self.summary = _summary(args)
        self.register_outputs(self.summary)

    def _access(self, name: str, args: EdgeFleetArgs, grant: Access) -> CrossAccountRole:
        place = args.place
        return CrossAccountRole(
            f"{name}/{grant.role}",
            args=CrossAccountRoleArgs(
                provider=args.cloud,
                role=naming.access_role(place.name, place.stage, grant.role),
                description=f"Lets {grant.trusted} into {place.name} in {place.stage}",
                trust=trust.reader(
                    grant,
                    args.trusted[grant.trusted],
                    own_id=place.account_id,
                    shared=args.trusted[grant.trusted] in args.shared,
                ),
                permissions=permissions.access(place, grant),
                boundary=boundary.arn(place, boundary.DEVICES),
                tags=deployment.tags(place),
            ),
            opts=self.inner(),
        )


def _summary(args: EdgeFleetArgs) -> dict[str, Any]:
    """Return names only: an export that waited for a deployment would vanish from the stack when it fails."""
    place = args.place
    return {
        "roleAlias": place.role_alias,
        "captureBucket": place.capture_bucket if args.fleet.capture.enabled else None,
        "rings": {
            ring.name: {"thingGroup": place.thing_group(ring.name), "release": ring.release} for ring in args.rings
        },
    }


def private_components(rings: Sequence[Ring], versions: Mapping[tuple[str, str], object]) -> list[str]:
    """Return the names of the private components that the rings pin, sorted."""
    return sorted({name for ring in rings for name, pin in ring.components.items() if (name, pin.version) in versions})
