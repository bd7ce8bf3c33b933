"""``component.yaml`` beside a recipe: what Edgewright knows of a component and Greengrass has no word for."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from edgewright.catalog.problems import from_pydantic, refuse
from edgewright.source import Document, Problem

Kind = Literal["onnx-model", "python-inference", "service", "docker-compose", "lambda-function", "edge-manager-model"]
Part = Literal["runtime", "agent", "application", "data connection"]
Excusable = Literal[
    "privilege", "sudo", "apt-get", "pip", "docker-compose", "latest-image", "install-timeout", "shutdown", "unbounded"
]


def _reason(value: Any) -> str:
    if not isinstance(value, str) or len(value.strip()) < 10:  # "because" is no reason
        refuse("is not a reason", "say in a sentence why the rule cannot be kept here")
    return value


class Sidecar(BaseModel):
    """Its kind, which of the five parts of a device it provides, and why a rule is broken on purpose."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    kind: Kind
    provides: Annotated[tuple[Part, ...], Field(strict=False)] = ()
    justification: dict[Excusable, Annotated[str, BeforeValidator(_reason)]] = Field(default_factory=dict)


def read_sidecar(document: Document) -> tuple[Sidecar | None, tuple[Problem, ...]]:
    """Turn a document into a sidecar; None when something is wrong."""
    if document.problems:
        return None, document.problems
    if not isinstance(document.value, dict):
        return None, (
            document.problem((), "is not a mapping", got=document.shown(()), remedy="write kind: onnx-model, ..."),
        )
    try:
        return Sidecar.model_validate(document.value), ()
    except ValidationError as error:
        return None, tuple(from_pydantic(document, error, Sidecar))
