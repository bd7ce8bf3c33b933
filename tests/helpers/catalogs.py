"""Small catalogs to break."""

from __future__ import annotations

from pathlib import Path

from edgewright.catalog.catalog import Catalog
from edgewright.catalog.lock import write_lock

RECIPE = """\
RecipeFormatVersion: "2020-01-25"
ComponentName: {name}
ComponentVersion: "{version}"
{before}Manifests:
  - Platform: {{os: linux}}
    Artifacts: [{artifacts}]
"""


def add(
    root: Path,
    name: str = "com.acme.model",
    version: str = "1.0.0",
    *,
    files: dict[str, bytes] | None = None,
    artifacts: str = "{URI: 'catalog:model.onnx', Permission: {Read: ALL}}",
    before: str = "",
    lifecycle: str = "",
) -> Path:
    """Write a version that is in order, unless told otherwise, and return its folder."""
    folder = root / "catalog" / name / version
    folder.mkdir(parents=True)
    text = RECIPE.format(name=name, version=version, before=before, artifacts=artifacts) + lifecycle
    (folder / "recipe.yaml").write_text(text, encoding="utf-8")
    for file, content in ({"model.onnx": b"weights"} if files is None else files).items():
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_bytes(content)
    return folder


def publish(root: Path) -> Catalog:
    """Lock what is there and read it again."""
    write_lock(root, [each.entry for each in Catalog.load(root)])
    return Catalog.load(root)


def problems(root: Path) -> list[str]:
    """What a reading finds."""
    return [str(each) for each in Catalog.load(root).problems]
