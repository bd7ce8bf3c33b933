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
from components.edge_manager import EdgeManager, EdgeManagerArgs
from components.freeze import Guard, whole_fleet_refused
from components.greengrass_deployment import GreengrassDeployment, GreengrassDeploymentArgs
from components.provisioning import Provisioning, ProvisioningArgs
from components.thing_group import ThingGroup, ThingGroupArgs
from components.twins import DeviceTwins, DeviceTwinsArgs
from edgewright.catalog.component import CatalogVersion
from edgewright.documents import boundary, deployment, naming, permissions, trust
from edgewright.documents.place import FleetPlace
from edgewright.errors import EdgewrightError
from edgewright.manifest.devices import override_in
from edgewright.manifest.model import Access, Fleet, Ring
from edgewright.manifest.public import NUCLEUS
from edgewright.manifest.twins import Twins


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
    private: Sequence[CatalogVersion]
    """The private component versions that the rings pin."""
    artifact_key: bool
    """Whether the artifact bucket has a key of its own."""
    things: Mapping[str, aws.iot.Thing]
    """Named things of the stage."""
    twins: Twins | None = None
    """The fleet's twins in this stage."""
    devices: Mapping[str, str] | None = None
    """The ring of each serial number that may provision itself; None without a provisioning template."""
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
    provisioning: Provisioning | None
    twins: DeviceTwins | None
    edge_manager: EdgeManager | None
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
                permissions=permissions.devices(place, fleet, args.rings, args.private, kms=args.artifact_key),
                credential_duration=fleet.identity.credential_duration,
                edge_manager=fleet.edge_manager.enabled,
            ),
            opts=self.inner(),
        )
        capture = None
        if fleet.capture.enabled:
            capture = CaptureBucket(
                name,
                args=CaptureBucketArgs(provider=args.cloud, place=place),
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
        provisioning = None
        if args.devices is not None:
            provisioning = Provisioning(
                name,
                args=ProvisioningArgs(
                    provider=args.cloud,
                    place=place,
                    rings=[ring.name for ring in args.rings if ring.members.provisioned],
                    devices=args.devices,
                    after=[*groups.values(), identity],
                ),
                opts=self.inner(),
            )
        twins = None
        if args.twins is not None:
            twins = DeviceTwins(
                name,
                args=DeviceTwinsArgs(
                    provider=args.cloud,
                    place=place,
                    twins=args.twins,
                    nucleus=_nucleus(args.rings, args.twins.ring),
                    attributes=next(
                        override_in(ring.components) for ring in args.rings if ring.name == args.twins.ring
                    ),
                    after=[provisioning] if provisioning is not None else [],
                ),
                opts=self.inner(),
            )
        edge_manager = None
        if fleet.edge_manager.enabled:
            edge_manager = EdgeManager(
                name,
                args=EdgeManagerArgs(
                    provider=args.cloud,
                    place=place,
                    role=identity.resources.role,
                    things={thing: args.things[thing] for ring in args.rings for thing in ring.members.things or ()},
                ),
                opts=self.inner(),
            )
        self.resources = EdgeFleetResources(
            identity=identity,
            provisioning=provisioning,
            twins=twins,
            edge_manager=edge_manager,
            capture=capture,
            access=access,
            groups=groups,
            deployments=deployments,
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


def _nucleus(rings: Sequence[Ring], name: str) -> str:
    """Return the version of the nucleus that twins begin with: the one of their ring, so that nothing restarts it.

    Raises:
        EdgewrightError: the ring has no classic nucleus; the installer knows no other.
    """
    pinned = next((ring.components.get(NUCLEUS) for ring in rings if ring.name == name), None)
    if pinned is None:
        msg = f"ring {name!r} has twins and pins no {NUCLEUS}, with which a twin is installed: pin it, or use a testbed"
        raise EdgewrightError(msg)
    return pinned.version
