"""What a manifest is: frozen models of edgewright.yaml, fleet.yaml and <stage>.yaml; unknown keys are refused.

Only the shape of one file is judged here. What needs a second file, the catalog or AWS's composed limits is a rule
in ``edgewright.manifest.rules``. Units: durations are seconds, percentages are shares from 0 to 1.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from edgewright.canonical import digest
from edgewright.manifest.types import (
    AccountId,
    ComponentName,
    Name,
    PosixUser,
    Region,
    Seconds,
    Share,
    ThingName,
    Version,
)

API_VERSION = "edgewright/v1"


class Model(BaseModel):
    """Base of every manifest model: immutable, and an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, strict=True)


# --- edgewright.yaml -------------------------------------------------------------------------------------------


class Account(Model):
    """An AWS account by its part in the organisation (the key: tooling, staging, prod, data-lake, ...)."""

    id: AccountId
    shares: Name | None = Field(None, description="The other account entry that has, on purpose, the same id.")


class Stage(Model):
    """Where fleets live: one AWS account, one Region."""

    account: Name = Field(description="Key of the account in `accounts`.")
    region: Region | None = Field(None, description="Defaults to the organisation's Region.")
    production: bool = Field(
        default=False, description="Rules for production apply: bounded dependencies, ROLLBACK, ..."
    )


class TrustHardening(Model):
    """Who of the tooling account may assume the deploy roles, and with which external id."""

    principals: tuple[str, ...] = Field(
        (), description="ARN patterns for aws:PrincipalArn; empty: any principal the tooling account lets in."
    )
    external_id: str | None = Field(None, alias="externalId", min_length=2, max_length=1224)


class Organisation(Model):
    """edgewright.yaml: what all fleets have in common."""

    api_version: Literal["edgewright/v1"] = Field(alias="apiVersion")
    kind: Literal["Organisation"]
    name: Name = Field(max_length=20, description="Prefix of bucket names, which are global in AWS.")
    region: Region
    accounts: dict[Name, Account]
    stages: dict[Name, Stage]
    trust: TrustHardening = TrustHardening()


# --- fleets/<fleet>/fleet.yaml ---------------------------------------------------------------------------------


class Platform(Model):
    """A platform that devices of the fleet have; every private component needs a manifest for each."""

    os: Literal["linux", "windows", "darwin"]
    architecture: Literal["amd64", "aarch64", "arm", "x86"]


class Statement(Model):
    """An Allow statement of an IAM policy."""

    actions: Annotated[tuple[str, ...], Field(min_length=1, strict=False)]
    resources: Annotated[tuple[str, ...], Field(min_length=1, strict=False)]
    conditions: dict[str, dict[str, str | list[str]]] = Field(default_factory=dict)


class Identity(Model):
    """How devices get their certificate, and what their role may do beyond what follows from the release."""

    provisioning: Literal["claim", "manual"]
    permissions: Annotated[tuple[Statement, ...], Field(strict=False)] = ()
    credential_duration: Seconds = Field(
        3600, alias="credentialDuration", ge=900, le=43200, description="Of the role alias: 15m to 12h."
    )


class Capture(Model):
    """JSON Lines that devices write to the fleet's bucket, one prefix per thing."""

    enabled: bool
    sample_rate: float = Field(1.0, alias="sampleRate", ge=0, le=1, strict=False)


class EdgeManager(Model):
    """SageMaker Edge Manager, which AWS discontinued on 2024-04-26."""

    enabled: bool = False
    acknowledged: bool = Field(
        default=False, alias="acknowledgedDiscontinued", description="Somebody knows that the service is gone (prod)."
    )


class Access(Model):
    """A cross-account role: both its trust and its permissions are rendered."""

    role: Name
    trusted: Name = Field(description="Key of the account in edgewright.yaml whose principals may assume the role.")
    actions: Annotated[tuple[str, ...], Field(min_length=1, strict=False)]
    resources: Annotated[tuple[str, ...], Field(min_length=1, strict=False)]


class MetricGate(Model):
    """A CloudWatch metric that must lie within bounds over a window."""

    name: str = Field(min_length=1, max_length=255)
    statistic: Literal["Average", "Sum", "Minimum", "Maximum", "SampleCount"]
    min: float | None = Field(None, strict=False)
    max: float | None = Field(None, strict=False)
    window: Seconds

    @model_validator(mode="after")
    def _bounded(self) -> MetricGate:
        if self.min is None and self.max is None:
            msg = "needs min, max or both"
            raise ValueError(msg)
        return self


class Gates(Model):
    """What must hold in a ring before its release may be promoted."""

    bake: Seconds | None = None
    healthy: Share | None = None
    tests: Annotated[tuple[Name, ...], Field(strict=False)] = ()
    metrics: Annotated[tuple[MetricGate, ...], Field(strict=False)] = ()


class Promotion(Model):
    """The order of the rings, as ``stage/ring``, and the gate of each."""

    path: Annotated[tuple[str, ...], Field(min_length=1, strict=False)]
    gates: dict[str, Gates] = Field(default_factory=dict)


class Fleet(Model):
    """fleets/<fleet>/fleet.yaml: what is the same in every stage."""

    api_version: Literal["edgewright/v1"] = Field(alias="apiVersion")
    kind: Literal["Fleet"]
    name: Name
    description: str = ""
    owners: Annotated[tuple[str, ...], Field(min_length=1, strict=False)]
    platforms: Annotated[tuple[Platform, ...], Field(min_length=1, strict=False)]
    identity: Identity
    capture: Capture = Capture(enabled=False)
    edge_manager: EdgeManager = Field(EdgeManager(), alias="edgeManager")
    access: Annotated[tuple[Access, ...], Field(strict=False)] = ()
    promotion: Promotion


# --- fleets/<fleet>/<stage>.yaml -------------------------------------------------------------------------------


class SystemResourceLimits(Model):
    """Limits for a component's processes (Linux, nucleus 2.4 or later)."""

    memory: int | None = Field(None, ge=0, description="Kilobytes of memory.")
    cpus: float | None = Field(None, ge=0, strict=False, description="Cores; fractions are allowed.")


class RunWith(Model):
    """The system user, and its limits, that a component runs with."""

    posix_user: PosixUser | None = Field(None, alias="posixUser")
    windows_user: str | None = Field(None, alias="windowsUser")
    system_resource_limits: SystemResourceLimits | None = Field(None, alias="systemResourceLimits")


class Component(Model):
    """One component of a release: one exact version, the configuration to merge, and who runs it."""

    version: Version
    config: dict[str, Any] = Field(default_factory=dict)
    reset: Annotated[tuple[str, ...], Field(strict=False)] = Field(
        (), description="Extra JSON pointers to reset; what vanishes from `config` is reset by itself."
    )
    run_with: RunWith | None = Field(None, alias="runWith")


class Members(Model):
    """Which things are in the ring: exactly one of the three."""

    things: Annotated[tuple[ThingName, ...] | None, Field(strict=False)] = None
    query: str | None = Field(None, min_length=1, description="A fleet indexing query: a dynamic thing group.")
    provisioned: Literal[True] | None = Field(None, description="Devices join by the provisioning template.")

    @model_validator(mode="after")
    def _one_of(self) -> Members:
        given = [name for name in ("things", "query", "provisioned") if getattr(self, name) is not None]
        if len(given) != 1:
            msg = "needs exactly one of things, query, provisioned"
            raise ValueError(msg)
        return self


class After(Model):
    """When the rollout rate grows: after so many devices were notified, or have succeeded."""

    notified: int | None = Field(None, ge=1)
    succeeded: int | None = Field(None, ge=1)

    @model_validator(mode="after")
    def _one_of(self) -> After:
        if (self.notified is None) == (self.succeeded is None):
            msg = "needs exactly one of notified, succeeded"
            raise ValueError(msg)
        return self


class Rate(Model):
    """Devices a minute. ``max`` alone is a constant rate; with ``base`` it grows by ``factor`` up to ``max``."""

    max: int = Field(ge=1, le=1000)
    base: int | None = Field(None, ge=1, le=1000)
    factor: float | None = Field(None, ge=1, le=5, strict=False)
    after: After | None = None

    @model_validator(mode="after")
    def _exponential(self) -> Rate:
        given = [value is not None for value in (self.base, self.factor, self.after)]
        if any(given) and not all(given):
            msg = "an exponential rate needs base, factor and after together (AWS requires all three)"
            raise ValueError(msg)
        if self.base is not None and self.base > self.max:
            msg = f"base must not exceed max, which is {self.max}"
            raise ValueError(msg)
        if self.factor is not None and round(self.factor, 1) != self.factor:
            msg = "factor may have one decimal at most"
            raise ValueError(msg)
        return self


class Abort(Model):
    """Stop handing out the deployment when a share of the devices that executed it failed."""

    on: Literal["failed", "rejected", "timedOut", "all"]
    above: Share
    after: int = Field(ge=1, description="Devices that must have executed before the share counts.")


class Rollout(Model):
    """How fast a deployment reaches the devices of a ring, and when it stops by itself."""

    rate: Rate | None = None
    abort: Annotated[tuple[Abort, ...], Field(strict=False)] = ()
    timeout: Seconds | None = Field(
        None, ge=60, le=604800, multiple_of=60, description="Per device, once it has begun: 1m to 7d, in minutes."
    )


class Wait(Model):
    """How long `up` watches a deployment, and what it must see; offline devices do not count against it."""

    for_: Seconds = Field(1800, alias="for")
    succeeded: Share = Field(1.0, description="Of the devices that have executed the deployment.")
    minimum: int = Field(1, ge=0, description="Devices that must have executed it, unless fewer are online.")


class Ring(Model):
    """An ordered part of a stage: one thing group, one deployment."""

    name: Name
    members: Members
    components: dict[ComponentName, Component] = Field(min_length=1)
    rollout: Rollout = Rollout()
    wait: Wait = Wait.model_construct(for_=1800, succeeded=1.0, minimum=1)
    on_failure: Literal["rollback", "stop"] = Field("rollback", alias="onFailure")

    @property
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

    api_version: Literal["edgewright/v1"] = Field(alias="apiVersion")
    kind: Literal["FleetStage"]
    fleet: Name
    stage: Name
    rings: Annotated[tuple[Ring, ...], Field(min_length=1, strict=False)]
