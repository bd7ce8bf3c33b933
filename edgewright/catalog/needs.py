"""What a component version takes of a device: memory while it runs, and room for what it ships.

Greengrass has no word for this in a recipe; its ``systemResourceLimits`` cut a process off that takes more. So a
component says it in ``component.yaml`` (``needs``), and what it ships is counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from edgewright.catalog.sizes import Size, exact_size

MODELS = ("onnx-model", "edge-manager-model")


class Needs(BaseModel):
    """What a component says of itself."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    memory: Size | None = Field(
        None, description="The most it has in memory; of a model, what it takes in the process that loads it."
    )
    disk: Size | None = Field(None, description="What it writes to the device's disk, beyond what it ships.")


def written(needs: Needs) -> dict[str, str]:
    """Return what a component says of itself as it stands in component.yaml."""
    said = {"memory": needs.memory, "disk": needs.disk}
    return {key: exact_size(value) for key, value in said.items() if value is not None}


def memory_of(
    needs: Needs | None, kind: str | None, sizes: Mapping[str, int], manifest: Mapping[str, Any]
) -> int | None:
    """Return the bytes of memory that a version takes on a device; None where nobody said it.

    Of a model it is never less than its file, which is in memory once it is loaded, whatever is said.

    Args:
        needs: What component.yaml says.
        kind: The component's.
        sizes: Bytes of what it ships, by the name in its ``catalog:`` addresses.
        manifest: The one that the device takes.
    """
    said = needs.memory if needs is not None else None
    if kind not in MODELS:
        return said
    return max(said or 0, shipped(sizes, manifest))


def disk_of(needs: Needs | None, sizes: Mapping[str, int], manifest: Mapping[str, Any]) -> int:
    """Return the bytes on the disk of a device that are known: what the manifest ships, and what is declared."""
    return shipped(sizes, manifest) + (needs.disk or 0 if needs is not None else 0)


def shipped(sizes: Mapping[str, int], manifest: Mapping[str, Any]) -> int:
    """Return the bytes of the artifacts of a manifest that are files of the catalog, each once."""
    uris = {str(each.get("URI", "")) for each in manifest.get("Artifacts") or () if isinstance(each, Mapping)}
    return sum(sizes.get(uri.removeprefix("catalog:"), 0) for uri in uris if uri.startswith("catalog:"))
