"""A version of the catalog as a project of the Greengrass Development Kit, for who builds and publishes with ``gdk``.

Laid out is what ``gdk component build`` leaves (``greengrass-build/``), and a project around it: ``gdk-config.json``,
the recipe, and the artifacts with a custom build that only puts them in place, because they are built already. ``gdk
component publish`` fills in bucket and version. ``component take`` brings such a project back, the same bytes.
"""

from __future__ import annotations

import copy
import json
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgewright.catalog.catalog import SIDECAR
from edgewright.catalog.component import CatalogVersion
from edgewright.catalog.gdk import ARTIFACTS, BUILD, CONFIG, PLACEHOLDER
from edgewright.errors import EdgewrightError

_GDK_VERSION = "1.0.0"
"""The least gdk that has what this project uses."""
_SCRIPT = """\
#!/bin/sh
# Called by `gdk component build`, which has made the folders. The artifacts are built already: they are put in place.
set -eu
cp recipe.json greengrass-build/recipes/
for folder in greengrass-build/artifacts/*/*/; do
  for file in artifacts/*; do
    [ ! -e "$file" ] || cp "$file" "$folder"
  done
done
"""


@dataclass(frozen=True)
class Publishing:
    """Where gdk would publish."""

    bucket: str
    """The beginning of the bucket's name; gdk adds Region and account."""
    region: str
    author: str | None = None
    """The recipe's publisher by default."""


def lay_out(version: CatalogVersion, target: Path, publishing: Publishing) -> None:
    """Write a gdk project to ``target``, whole or not at all.

    Args:
        version: A version of the catalog.
        target: A folder that does not exist, or is empty.
        publishing: For gdk-config.json.

    Raises:
        EdgewrightError: the version is a Lambda function, or the folder has something in it or cannot be written.
    """
    if version.recipe is None:
        msg = (
            f"{version.name} {version.version} is a Lambda function, whose recipe Greengrass writes: "
            "there is no gdk project of such a component"
        )
        raise EdgewrightError(msg)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        msg = f"{target} is there already; name a folder that is not, or is empty"
        raise EdgewrightError(msg)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".gdk-") as scratch:
            made = Path(scratch) / "project"
            _write(version, made, publishing)
            if target.exists():
                target.rmdir()
            made.rename(target)
    except OSError as error:
        msg = f"{target} cannot be written: {error.strerror or error}; make the folder writable, or choose another"
        raise EdgewrightError(msg) from error


def _write(version: CatalogVersion, project: Path, publishing: Publishing) -> None:
    recipe = _pretty(_recipe(version))
    built = project / BUILD
    (built / "recipes").mkdir(parents=True)
    (built / "recipes" / "recipe.json").write_text(recipe, encoding="utf-8")
    (project / "recipe.json").write_text(recipe, encoding="utf-8")
    for folder in (project / ARTIFACTS, built / ARTIFACTS / version.name / version.version):
        folder.mkdir(parents=True)
        for artifact in version.artifacts:
            shutil.copyfile(artifact.path, folder / artifact.file)
    (project / CONFIG).write_text(_pretty(_config(version, publishing)), encoding="utf-8")
    (project / "build.sh").write_text(_SCRIPT, encoding="utf-8")
    sidecar = version.folder / SIDECAR
    if sidecar.is_file():
        shutil.copyfile(sidecar, project / SIDECAR)


def _recipe(version: CatalogVersion) -> dict[str, Any]:
    """The recipe with addresses that ``gdk component publish`` fills in: by name and version of gdk-config.json."""
    recipe: dict[str, Any] = copy.deepcopy(version.document.value)
    for manifest in recipe["Manifests"]:
        for artifact in manifest.get("Artifacts") or ():
            if artifact["URI"].startswith("catalog:"):
                artifact["URI"] = PLACEHOLDER + artifact["URI"].removeprefix("catalog:")
    return recipe


def _config(version: CatalogVersion, publishing: Publishing) -> dict[str, Any]:
    assert version.recipe is not None  # noqa: S101 -- refused above
    author = publishing.author or version.recipe.ComponentPublisher or version.name.rpartition(".")[0] or version.name
    return {
        "component": {
            version.name: {
                "author": author,
                "version": version.version,
                "build": {"build_system": "custom", "custom_build_command": ["sh", "build.sh"]},
                "publish": {"bucket": publishing.bucket, "region": publishing.region},
            }
        },
        "gdk_version": _GDK_VERSION,
    }


def _pretty(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
