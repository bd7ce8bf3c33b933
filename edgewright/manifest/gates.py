"""What must hold for a release in one ring before it may be promoted to the next."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from edgewright.manifest.base import Model
from edgewright.manifest.types import Items, Name, Seconds, Share

STATUS_AGE = 25 * 3600
"""Seconds. A nucleus reports at least every 24 hours when nothing changes (fleet status service, its default)."""


class MetricGate(Model):
    """A CloudWatch metric that must lie within bounds over a window."""

    name: str = Field(min_length=1, max_length=255, description="The metric's name.")
    namespace: str | None = Field(
        None, min_length=1, max_length=255, description="The metric's namespace; `edgewright/<fleet>` by default."
    )
    dimensions: dict[str, str] = Field(
        default_factory=dict, description="The metric's dimensions, every one of them, as CloudWatch wants it."
    )
    statistic: Literal["Average", "Sum", "Minimum", "Maximum", "SampleCount"] = Field(description="Over the window.")
    min: float | None = Field(None, description="Not below this.")
    max: float | None = Field(None, description="Not above this.")
    window: Seconds = Field(description="How far back; never before the release was there.")

    @model_validator(mode="after")
    def _bounded(self) -> MetricGate:
        if self.min is None and self.max is None:
            msg = "has no bound; give min, max or both"
            raise ValueError(msg)
        if self.min is not None and self.max is not None and self.min > self.max:
            msg = "has a min above its max; exchange the two"
            raise ValueError(msg)
        return self


class Gates(Model):
    """What must hold in a ring before its release may be promoted."""

    bake: Seconds | None = Field(
        None, description="How long the release must have run, from when the last device that executed it took it."
    )
    healthy: Share | None = Field(None, description="Of the devices that are online.")
    status_age: Seconds = Field(
        STATUS_AGE, alias="statusAge", description="How old the status of a device may be that counts as online."
    )
    tests: Items[Name] = Field((), description="Test suites whose result must be there, and good.")
    metrics: Items[MetricGate] = Field((), description="CloudWatch metrics within bounds.")
    alarms: Items[str] = Field((), description="CloudWatch alarms that must be OK, by name.")
    approvals: int = Field(
        0, ge=0, le=20, description="People who must have approved the release; its authors do not count."
    )

    @property
    def empty(self) -> bool:
        """Whether the gate asks for nothing."""
        return (
            self.bake is None
            and self.healthy is None
            and not (self.tests or self.metrics or self.alarms or self.approvals)
        )
