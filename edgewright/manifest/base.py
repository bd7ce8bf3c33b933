"""What every manifest model has in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict
from pydantic.config import JsonDict

API_VERSION = "edgewright/v1"


class Model(BaseModel):
    """Base of every manifest model: immutable, and an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, strict=True)


def exactly_one(*keys: str) -> JsonDict:
    """For editors, what a validator says to everybody else."""
    return {"oneOf": [{"required": [key]} for key in keys]}
