"""What a manifest is: frozen models of edgewright.yaml, fleet.yaml and <stage>.yaml; unknown keys are refused.

Only the shape of one file is judged here. What needs a second file, the catalog or AWS's composed limits is a rule
in ``edgewright.manifest.rules``. Units: durations are seconds, percentages are shares from 0 to 1. The descriptions
become the JSON Schemas and docs/reference/manifests.md, so they are written for the people who write manifests.
Gates and freeze windows have modules of their own; this one is longer than others because it is one idea.
"""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, model_validator

from edgewright.canonical import digest
from edgewright.manifest.accounts import Account, Artifacts, Boundary, Forge, Personas, TrustHardening
from edgewright.manifest.base import Model, exactly_one
from edgewright.manifest.gates import Gates
from edgewright.manifest.hardware import ARCHITECTURES, OPERATING_SYSTEMS, HardwareProfile
from edgewright.manifest.registry import Models
from edgewright.manifest.state import State
from edgewright.manifest.twins import Testbed, Twins
from edgewright.manifest.types import (
    DURATION_SCHEMA,
    Action,
    ComponentName,
    ExternalId,
    FleetQuery,
    Items,
    Name,
    Owner,
    Pointer,
    PosixUser,
    PrincipalPattern,
    Region,
    Resource,
    RingPath,
    Seconds,
    SerialNumber,
    Share,
    ShortName,
    ThingName,
    Version,
    duration,
)
from edgewright.manifest.windows import Window

# --- edgewright.yaml -------------------------------------------------------------------------------------------


class Stage(Model):
    """Where fleets live: one AWS account, one Region."""

    account: Name = Field(examples=["prod"], description="Key of the account in `accounts`.")
    region: Region | None = Field(None, description="Defaults to the organisation's Region.")
    production: bool = Field(
        default=False, description="The stricter rules hold here: bounded dependencies, gates, no discontinued agent."
    )


class Organisation(Model):
    """edgewright.yaml: what all fleets have in common."""

    api_version: Literal["edgewright/v1"] = Field(alias="apiVersion", description="The version of this format.")
    kind: Literal["Organisation"] = Field(description="What this file is.")
    name: ShortName = Field(description="Prefix of bucket names, which are global in AWS.")
    region: Region = Field(description="Where everything is, unless a stage says otherwise.")
    accounts: dict[Name, Account] = Field(description="The AWS accounts; `tooling` is the root of trust.")
    stages: dict[Name, Stage] = Field(description="The stages that fleets may have.")
    trust: TrustHardening = Field(TrustHardening(), description="Narrows who may assume the deploy roles.")
    windows: Items[Window] = Field((), description="When releases may move, and when not; deny beats allow.")
    forge: Forge | None = Field(None, description="Where pipelines come from; makes the roles that they take.")
    personas: Personas = Field(Personas(), description="Roles for people.")
    boundary: Boundary = Field(Boundary(), description="Widens what roles may do that a deploy role makes.")
    artifacts: Artifacts = Field(Artifacts(), description="Encryption and life cycle of the buckets of artifacts.")
    state: State | None = Field(None, description="Pulumi's state is kept in the tooling account.")
    models: Models | None = Field(None, description="The model registry, and what its approved packages become.")
    hardware: dict[Name, HardwareProfile] = Field(
        default_factory=dict, description="The kinds of devices; fleets name theirs, and releases must fit into them."
    )
    public_components: Items[ComponentName] = Field(
        (),
        alias="publicComponents",
        description="Components of AWS that are newer than the list that validation has; they are taken as they are.",
    )


# --- fleets/<fleet>/fleet.yaml ---------------------------------------------------------------------------------


class Platform(Model):
    """A platform that devices of the fleet have; every private component needs a manifest for each."""

    os: OPERATING_SYSTEMS = Field(description="The operating system.")
    architecture: ARCHITECTURES = Field(description="The processor.")


class Statement(Model):
    """An Allow statement of an IAM policy."""

    actions: Items[Action] = Field(min_length=1, description="Single actions; a whole service is refused.")
    resources: Items[Resource] = Field(
        min_length=1, description="ARNs; `*` only with conditions, or where AWS needs it."
    )
    conditions: dict[str, dict[str, str | list[str]]] = Field(
        default_factory=dict, description="Operator, then key, then value, as IAM has it."
    )


class Identity(Model):
    """How devices get their certificate, and what their role may do beyond what follows from the release."""

    provisioning: Literal["claim", "manual"] = Field(
        description="claim: a provisioning template and a claim policy; manual: certificates made elsewhere."
    )
    permissions: Items[Statement] = Field((), description="Beyond what components, logs and capture already imply.")
    credential_duration: Annotated[int, duration(900, 43200), DURATION_SCHEMA] = Field(
        3600, alias="credentialDuration", description="Of the role alias: 15m to 12h."
    )


class Capture(Model):
    """JSON Lines that devices write to the fleet's bucket, one prefix per thing."""

    enabled: bool = Field(description="Makes the bucket, and lets devices write their own prefix of it.")
    sample_rate: float = Field(1.0, alias="sampleRate", ge=0, le=1, description="The share that is kept, 0 to 1.")


class EdgeManager(Model):
    """SageMaker Edge Manager, which AWS discontinued on 2024-04-26."""

    enabled: bool = Field(default=False, description="Makes the SageMaker device fleet and registers the devices.")
    acknowledged: bool = Field(
        default=False, alias="acknowledgedDiscontinued", description="Somebody knows that the service is gone (prod)."
    )


class Access(Model):
    """A cross-account role: both its trust and its permissions are rendered."""

    role: Name = Field(
        examples=["capture-reader"], description="The end of the role's name; the fleet and the stage come before it."
    )
    trusted: Name = Field(
        examples=["data-lake"],
        description="Key of the account in edgewright.yaml whose principals may assume the role.",
    )
    principals: Items[PrincipalPattern] = Field(
        (), description="ARN patterns of that account's roles that may; empty: any that the account itself lets in."
    )
    external_id: ExternalId | None = Field(
        None, alias="externalId", description="The sts:ExternalId that is asked for."
    )
    actions: Items[Action] = Field(min_length=1, description="What the role may do.")
    resources: Items[str] = Field(min_length=1, description="What it may do it to: capture (the bucket), or ARNs.")


class Promotion(Model):
    """The order of the rings, as ``stage/ring``, and the gate of each."""

    path: Items[RingPath] = Field(min_length=1, description="Every ring of the fleet, once, in order.")
    gates: dict[RingPath, Gates] = Field(
        default_factory=dict, description="What must hold in a ring before its release goes on to the next."
    )


class Fleet(Model):
    """fleets/<fleet>/fleet.yaml: what is the same in every stage."""

    api_version: Literal["edgewright/v1"] = Field(alias="apiVersion", description="The version of this format.")
    kind: Literal["Fleet"] = Field(description="What this file is.")
    name: Name = Field(description="The fleet; its folder has the same name.")
    description: str = Field("", max_length=1024, description="For people.")
    owners: Items[Owner] = Field(min_length=1, description="Who answers for the fleet, as in CODEOWNERS.")
    platforms: Items[Platform] = Field(min_length=1, description="Of the fleet's devices.")
    hardware: Items[Name] = Field(
        (), examples=[["camera"]], description="Profiles in edgewright.yaml that the fleet's devices are of."
    )
    identity: Identity = Field(description="Certificates, and what the device role may do besides.")
    capture: Capture = Field(Capture(enabled=False), description="What devices write to the fleet's bucket.")
    edge_manager: EdgeManager = Field(EdgeManager(), alias="edgeManager", description="Legacy; leave it out.")
    access: Items[Access] = Field((), description="Roles that other accounts may assume.")
    promotion: Promotion = Field(description="From ring to ring.")


# --- fleets/<fleet>/<stage>.yaml -------------------------------------------------------------------------------


class SystemResourceLimits(Model):
    """Limits for a component's processes (Linux, nucleus 2.4 or later)."""

    memory: int | None = Field(None, ge=0, description="Kilobytes of memory.")
    cpus: float | None = Field(None, ge=0, description="Cores; fractions are allowed.")


class RunWith(Model):
    """The system user, and its limits, that a component runs with."""

    posix_user: PosixUser | None = Field(None, alias="posixUser", description="On Linux: user, or user:group.")
    windows_user: str | None = Field(None, alias="windowsUser", min_length=1, description="On Windows.")
    system_resource_limits: SystemResourceLimits | None = Field(
        None, alias="systemResourceLimits", description="On Linux only."
    )


class Component(Model):
    """One component of a release: one exact version, the configuration to merge, and who runs it."""

    version: Version = Field(description="One exact version, in quotes.")
    config: dict[str, Any] = Field(default_factory=dict, description="Merged into the component's configuration.")
    reset: Items[Pointer] = Field(
        (), description="Extra JSON pointers to reset; what vanishes from `config` is reset by itself."
    )
    run_with: RunWith | None = Field(None, alias="runWith", description="The system user and its limits.")


class Members(Model):
    """Which things are in the ring: exactly one of the three."""

    model_config = ConfigDict(json_schema_extra=exactly_one("things", "query", "provisioned"))

    things: Items[ThingName] | None = Field(None, description="Named things.")
    query: FleetQuery | None = Field(
        None,
        examples=["attributes.line:1 AND thingName:cam-*"],
        description="A fleet indexing query: a dynamic thing group.",
    )
    provisioned: Literal[True] | None = Field(None, description="Devices join by the provisioning template.")
    serials: Items[SerialNumber] = Field(
        (), description="With provisioned: the serial numbers that the template lets in, into this ring."
    )

    @model_validator(mode="after")
    def _one_of(self) -> Members:
        given = [name for name in ("things", "query", "provisioned") if getattr(self, name) is not None]
        if len(given) != 1:
            msg = "must have exactly one of things, query, provisioned; keep one"
            raise ValueError(msg)
        if self.serials and not self.provisioned:
            msg = "has serials, which are for a ring whose devices are provisioned; write provisioned: true"
            raise ValueError(msg)
        return self


class After(Model):
    """When the rollout rate grows: after so many devices were notified, or have succeeded."""

    model_config = ConfigDict(json_schema_extra=exactly_one("notified", "succeeded"))

    notified: int | None = Field(None, ge=1, description="Devices that were told.")
    succeeded: int | None = Field(None, ge=1, description="Devices that have succeeded.")

    @model_validator(mode="after")
    def _one_of(self) -> After:
        if (self.notified is None) == (self.succeeded is None):
            msg = "must have exactly one of notified, succeeded; keep one"
            raise ValueError(msg)
        return self


class Rate(Model):
    """Devices a minute. ``max`` alone is a constant rate; with ``base`` it grows by ``factor`` up to ``max``."""

    max: int = Field(ge=1, le=1000, description="Devices a minute at most.")
    base: int | None = Field(None, ge=1, le=1000, description="Devices a minute to begin with.")
    factor: float | None = Field(None, ge=1, le=5, description="Each increase multiplies the rate by this.")
    after: After | None = Field(None, description="When the rate increases.")

    @model_validator(mode="after")
    def _exponential(self) -> Rate:
        given = [value is not None for value in (self.base, self.factor, self.after)]
        if any(given) and not all(given):
            msg = "an exponential rate has base, factor and after together, as AWS wants it; add what is missing"
            raise ValueError(msg)
        if self.base is not None and self.base > self.max:
            msg = f"has a base of {self.base} above its max of {self.max}; lower base or raise max"
            raise ValueError(msg)
        if self.factor is not None and round(self.factor, 1) != self.factor:
            msg = f"has a factor of {self.factor}, and AWS takes one decimal; round it"
            raise ValueError(msg)
        return self


class Abort(Model):
    """Stop handing out the deployment when a share of the devices that executed it failed."""

    on: Literal["failed", "rejected", "timedOut", "all"] = Field(description="What counts.")
    above: Share = Field(description="The share at which the rollout stops, with two decimals at most.")
    after: int = Field(ge=1, description="Devices that must have executed before the share counts.")


class Rollout(Model):
    """How fast a deployment reaches the devices of a ring, and when it stops by itself."""

    rate: Rate | None = Field(None, description="Devices a minute; without it, all at once.")
    abort: Items[Abort] = Field((), description="When to stop.")
    timeout: Annotated[int, duration(60, 604800, whole_minutes=True), DURATION_SCHEMA] | None = Field(
        None, description="Per device, once it has begun: 1m to 7d, in minutes."
    )


class Wait(Model):
    """How long `up` watches a deployment, and what it must see; offline devices do not count against it."""

    for_: Seconds = Field(1800, alias="for", description="How long.")
    succeeded: Share = Field(1.0, description="Of the devices that have executed the deployment.")
    minimum: int = Field(1, ge=0, description="Devices that must have executed it by then; of a smaller ring, all.")
    none_online: Literal["pass", "fail"] = Field(
        "pass", alias="noneOnline", description="The verdict when no device of the ring is online."
    )


class Ring(Model):
    """An ordered part of a stage: one thing group, one deployment."""

    name: Name = Field(examples=["canary"], description="The ring; stage/ring on the promotion path.")
    members: Members = Field(description="Which things are in it.")
    hardware: Name | None = Field(
        None, examples=["camera"], description="The one profile of its devices, where the fleet has several."
    )
    components: dict[ComponentName, Component] = Field(min_length=1, description="The release.")
    rollout: Rollout = Field(Rollout(), description="How fast, and when to stop.")
    wait: Wait = Field(
        Wait.model_construct(for_=1800, succeeded=1.0, minimum=1, none_online="pass"),
        description="How long `up` watches, and for what.",
    )
    on_failure: Literal["rollback", "stop"] = Field(
        "rollback", alias="onFailure", description="rollback: to the release before; stop: leave it as it is."
    )

    @cached_property
    def release(self) -> str:
        """The digest of the release: the components with version, configuration and runWith, nothing else.

        References such as ``${capture.bucket}`` are hashed as they are written, so that a release keeps its digest
        from stage to stage.
        """
        return digest(
            {
                name: component.model_dump(mode="json", by_alias=True, exclude_defaults=True)
                for name, component in self.components.items()
            }
        )


class FleetStage(Model):
    """fleets/<fleet>/<stage>.yaml: what runs where."""

    api_version: Literal["edgewright/v1"] = Field(alias="apiVersion", description="The version of this format.")
    kind: Literal["FleetStage"] = Field(description="What this file is.")
    fleet: Name = Field(description="The fleet, as its folder is called.")
    stage: Name = Field(examples=["prod"], description="The stage, as this file is called.")
    rings: Items[Ring] = Field(min_length=1, description="In the order in which a release goes through them.")
    twins: Twins | None = Field(None, description="EC2 instances that mirror the fleet's devices; not in production.")
    testbed: Testbed | None = Field(None, description="Real devices in a laboratory, in place of twins.")
