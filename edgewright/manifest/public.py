"""The components that AWS publishes: which names there are, and what each means for a release."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import Field

from edgewright.manifest.base import Model
from edgewright.manifest.types import Items
from edgewright.source import load_file

NUCLEUS = "aws.greengrass.Nucleus"
NUCLEUS_LITE = "aws.greengrass.NucleusLite"
CLI = "aws.greengrass.Cli"
TOKEN_EXCHANGE = "aws.greengrass.TokenExchangeService"  # noqa: S105 -- a component's name
EDGE_MANAGER = "aws.greengrass.SageMakerEdgeManager"

_DATA = Path(__file__).parent / "data" / "public_components.yaml"


class PublicComponent(Model):
    """One entry of data/public_components.yaml, which explains the keys."""

    type: Literal["nucleus", "plugin", "generic", "lambda"]
    newest: str | None = None
    lite: bool | None = None
    provides: Items[str] = ()
    needs: dict[str, str] = Field(default_factory=dict)
    gone: str | None = None


@cache
def public_components() -> Mapping[str, PublicComponent]:
    """All public components that validation knows, by name."""
    document = load_file(_DATA, _DATA.name)
    return {name: PublicComponent.model_validate(entry) for name, entry in document.value.items()}


def is_public(name: str) -> bool:
    """Whether a name belongs to AWS: in the list, or in AWS's own namespace in whatever case."""
    return name in public_components() or name.casefold().startswith("aws.")
