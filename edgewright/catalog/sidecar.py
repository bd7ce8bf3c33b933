"""``component.yaml`` beside a recipe: what Edgewright knows of a component and Greengrass has no word for."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from edgewright.catalog.needs import Needs
from edgewright.catalog.requests import Requests
from edgewright.catalog.types import refuse
from edgewright.source import Document, Problem
from edgewright.validation import parse

Kind = Literal["onnx-model", "python-inference", "service", "docker-compose", "lambda-function", "edge-manager-model"]
PARTS = ("runtime", "agent", "application", "data connection")
Excusable = Literal[
    "privilege",
    "sudo",
    "apt-get",
    "pip",
    "docker-compose",
    "latest-image",
    "install-timeout",
    "shutdown",
    "unbounded",
    "run",
    "token-exchange",
    "training-framework",
    "tag-only",
    "privileged-container",
    "host-namespace",
    "ipc-wildcard",
]


def _reason(value: Any) -> str:
    if not isinstance(value, str) or len(value.strip()) < 10:  # "because" is no reason
        refuse("is not a reason", "say in a sentence why the rule cannot be kept here")
    return value


def _part(value: Any) -> str:
    if value not in PARTS:
        refuse("is not a part of a device that a component can be", f"write one of {', '.join(PARTS)}")
    return str(value)


class Provenance(BaseModel):
    """Where a model comes from: what a reviewer asks, and what `trace` tells of a device."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    package: str
    """ARN of the model package."""
    source: str
    """The S3 address that its artifact was downloaded from."""
    artifact: str
    """``sha256:<hex>`` of what was downloaded."""
    verified: bool
    """Whether the package itself named that digest."""
    metrics: dict[str, float] = Field(default_factory=dict)
    training_data: str | None = Field(None, alias="trainingData")
    """Digest of the data that it was trained with, as the package says it."""
    repository: str | None = None
    commit: str | None = None
    """Of the training's code."""
    generated_by: str | None = Field(None, alias="generatedBy")
    """ARN of the pipeline execution."""
    licence: str | None = None
    approved: str | None = None
    """What the approver wrote."""


class Sidecar(BaseModel):
    """Its kind, which of the five parts of a device it provides, and why a rule is broken on purpose."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    kind: Kind
    provides: Annotated[tuple[Annotated[str, BeforeValidator(_part)], ...], Field(strict=False)] = ()
    draft: bool = False
    """Not published: may change, may not be pinned, and is not in the lock."""
    provenance: Provenance | None = None
    needs: Needs | None = None
    """What it takes of a device."""
    requests: Requests | None = None
    """How a test asks it."""
    justification: dict[Excusable, Annotated[str, BeforeValidator(_reason)]] = Field(default_factory=dict)


def read_sidecar(document: Document) -> tuple[Sidecar | None, tuple[Problem, ...]]:
    """Turn a document into a sidecar; None when something is wrong."""
    parsed = parse(Sidecar, document)
    return (None if parsed.problems else parsed.model), parsed.problems
