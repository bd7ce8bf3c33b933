"""Models of edgewright.yaml about the model registry: which package group becomes which component."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from edgewright.catalog.requests import Requests
from edgewright.manifest.base import Model
from edgewright.manifest.types import (
    DURATION_SCHEMA,
    ApiAddress,
    BucketObjects,
    ComponentName,
    Items,
    MailAddress,
    Name,
    PackageGroup,
    ProjectFile,
    duration,
)

_DAY = 86400
_KEPT_DAYS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)
"""What CloudWatch Logs takes as a retention (API reference, PutRetentionPolicy)."""


class ModelQuality(Model):
    """The metric by which a candidate is compared with the version that is there."""

    metric: str = Field("accuracy", min_length=1, max_length=128, description="Its name among the package's metrics.")
    lower: bool = Field(default=False, description="Whether less is better, as of an error or a loss.")
    tolerance: float = Field(0.0, ge=0, description="By how much a candidate may be worse and still count as good.")


class ModelBounds(Model):
    """What the golden-set test wants of devices. A bound that cannot be measured is not met."""

    accuracy: float | None = Field(
        None, gt=0, le=1, allow_inf_nan=False, description="The least share of rows that are right."
    )
    latency_p95: float | None = Field(
        None,
        gt=0,
        allow_inf_nan=False,
        alias="latencyP95",
        description="The most milliseconds that 95 of 100 answers take.",
    )
    memory: float | None = Field(
        None, gt=0, allow_inf_nan=False, description="The most megabytes (10^6 bytes) the worker has ever had."
    )


class ModelSource(Model):
    """A model package group of SageMaker, and the component that its approved packages become versions of."""

    group: PackageGroup = Field(description="Name of the model package group.")
    component: ComponentName = Field(description="The model component in the catalog.")
    account: Name = Field("tooling", description="Key of the account in `accounts` whose registry it is in.")
    fleets: Items[Name] = Field(
        (), description="Whose first ring gets the release; empty: every fleet that pins the component there."
    )
    golden: ProjectFile | None = Field(
        None, description="A pinned data set, as JSON with inputs and labels, that candidates are tried on."
    )
    quality: ModelQuality = Field(ModelQuality(), description="What makes a candidate better or worse.")
    bounds: ModelBounds = Field(ModelBounds(), description="What `edgewright test golden-set` wants of devices.")
    ask: dict[ComponentName, Requests] = Field(
        {}, description="How inference components are asked whose component.yaml does not say it (`requests`)."
    )
    existing: bool = Field(
        default=False, description="The group is there already: the tooling stack does not make it (with `trigger`)."
    )


class ModelTrigger(Model):
    """What happens when a package is approved or rejected: the forge's pipeline `model` starts, without a person."""

    kind: Literal["lambda", "apiDestination"] = Field(
        "lambda",
        description="lambda: functions that filter, and call the forge once for each change; apiDestination: "
        "EventBridge calls the forge itself, and the pipeline finds what it has already.",
    )
    artifacts: Items[BucketObjects] = Field(
        min_length=1,
        description="What the pipeline may read in S3: where the packages' artifacts and reports are.",
    )
    notify: Items[MailAddress] = Field(
        min_length=1, description="Who hears by mail that an event did not reach the forge; each confirms once."
    )
    keep_logs: Annotated[int, duration(_DAY, 3653 * _DAY), DURATION_SCHEMA] = Field(
        90 * _DAY, alias="keepLogs", description="Of the functions; one of the periods that CloudWatch Logs has."
    )
    api: ApiAddress | None = Field(
        None, description="Base address of the forge's API, where it is not the usual one (GitHub Enterprise Server)."
    )

    @field_validator("keep_logs", mode="after")
    @classmethod
    def _period_of_cloudwatch(cls, seconds: int) -> int:
        if seconds % _DAY or seconds // _DAY not in _KEPT_DAYS:
            msg = f"must be a period that CloudWatch Logs has; take one of {', '.join(f'{day}d' for day in _KEPT_DAYS)}"
            raise ValueError(msg)
        return seconds


class Models(Model):
    """The model registry."""

    groups: Items[ModelSource] = Field(min_length=1, description="One entry a model package group.")
    trigger: ModelTrigger | None = Field(
        None, description="Start a pipeline of `forge` at an approval or a rejection; without it, import by hand."
    )

    @model_validator(mode="after")
    def _each_once(self) -> Models:
        for key in ("group", "component"):
            names = [getattr(each, key) for each in self.groups]
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                msg = f"has the {key} {twice[0]} twice; keep it once"
                raise ValueError(msg)
        return self
