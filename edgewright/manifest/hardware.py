"""Models of edgewright.yaml about hardware: what kinds of devices there are, by the name that fleets use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from edgewright.catalog.sizes import Size
from edgewright.manifest.base import Model

OPERATING_SYSTEMS = Literal["linux", "windows", "darwin"]
ARCHITECTURES = Literal["amd64", "aarch64", "arm", "x86"]


def _attribute(value: Any) -> str:
    if not isinstance(value, str) or not value or value == "*" or (len(value) > 1 and value[0] == value[-1] == "/"):
        msg = "must be what a device has, exactly; write it as text, such as orin"
        raise ValueError(msg)
    return value


class HardwareProfile(Model):
    """A kind of device: what Greengrass picks a recipe's manifest by, and what a release has to fit into."""

    os: OPERATING_SYSTEMS = Field(description="The operating system.")
    architecture: ARCHITECTURES = Field(description="The processor.")
    attributes: dict[Annotated[str, Field(min_length=1)], Annotated[str, BeforeValidator(_attribute)]] = Field(
        default_factory=dict,
        examples=[{"accelerator": "orin"}],
        description="Further platform attributes, as a recipe's `Platform` asks for them; rings of such devices have "
        "them in the nucleus's `platformOverride`.",
    )
    memory: Size | None = Field(None, description="Of the device.")
    reserved: Size | None = Field(
        None, description="Of the memory, what the system, the nucleus and AWS's components take."
    )
    disk: Size | None = Field(None, description="What Greengrass may have of the disk for components.")
    description: str = Field("", max_length=1024, description="For people.")

    @model_validator(mode="after")
    def _room(self) -> HardwareProfile:
        if self.memory is not None and (self.reserved or 0) >= self.memory:
            msg = "reserves all of the memory, and leaves nothing for components; lower reserved"
            raise ValueError(msg)
        return self

    @property
    def platform(self) -> Mapping[str, str]:
        """The device's platform attributes."""
        return {"os": self.os, "architecture": self.architecture, **self.attributes}

    @property
    def room(self) -> int | None:
        """Bytes of memory that components may have; None where the memory is not said."""
        return None if self.memory is None else self.memory - (self.reserved or 0)
