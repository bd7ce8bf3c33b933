"""A component that the Greengrass Development Kit has built becomes a draft of the catalog.

``gdk component build`` leaves ``greengrass-build/recipes/recipe.yaml`` (or ``.json``) and
``greengrass-build/artifacts/<name>/<version>/<file>``. Files are copied as they are; the recipe's addresses of them,
whose bucket ``gdk component publish`` would fill in, become ``catalog:`` addresses.
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from pathlib import Path
from typing import Any

from edgewright.catalog.catalog import CATALOG, LAMBDA, RECIPE, SIDECAR, Catalog
from edgewright.errors import EdgewrightError
from edgewright.source import load_file
from edgewright.versions import is_version

BUILD = "greengrass-build"
_IDENTITY = ("ComponentName", "ComponentVersion")
_NAME = re.compile(r"[a-zA-Z0-9_-][a-zA-Z0-9._-]{0,127}")


def take_in(root: Path, folder: Path, kind: str) -> Path:
    """Write a draft from what gdk has built, whole or not at all; return its folder.

    Args:
        root: The project's.
        folder: ``greengrass-build``, or the gdk project with it.
        kind: What the component is, for ``component.yaml``.

    Raises:
        EdgewrightError: it is no such folder, or the version is there already.
    """
    build = folder / BUILD if (folder / BUILD).is_dir() else folder
    recipes = [each for each in sorted((build / "recipes").glob("*")) if each.suffix in (".yaml", ".yml", ".json")]
    if len(recipes) != 1:
        msg = f"{build / 'recipes'} has {len(recipes)} recipes, and one is needed: run gdk component build"
        raise EdgewrightError(msg)
    document = load_file(recipes[0], str(recipes[0]))
    if document.problems:
        raise EdgewrightError("\n".join(map(str, document.problems)))
    recipe: Any = document.value
    name, version = (recipe.get(key) if isinstance(recipe, dict) else None for key in _IDENTITY)
    named = isinstance(name, str) and _NAME.fullmatch(name) is not None
    if not (named and isinstance(version, str) and is_version(version)):
        said = f"{recipes[0]} is of {name!r} {version!r}"
        msg = f"{said}: it needs a ComponentName, and an exact ComponentVersion in quotes"
        raise EdgewrightError(msg)
    name, version = str(name), str(version)
    target = root / CATALOG / name / version
    if target.exists() or (name, version) in Catalog.load(root).lock.entries:
        msg = f"{name} {version} is in the catalog already; raise the version in gdk-config.json and build again"
        raise EdgewrightError(msg)
    files = _files(build / "artifacts" / name / version)
    recipe = json.loads(json.dumps(recipe))
    for manifest in recipe.get("Manifests") or ():
        for artifact in manifest.get("Artifacts") or () if isinstance(manifest, dict) else ():
            file = str(artifact.get("URI", "")).rpartition("/")[2] if isinstance(artifact, dict) else ""
            if file in files:
                artifact["URI"] = f"catalog:{file}"
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".new-") as scratch:
        made = Path(scratch) / "version"
        made.mkdir()
        (made / RECIPE).write_text(json.dumps(recipe, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        (made / SIDECAR).write_text(f"kind: {kind}\ndraft: true\n", encoding="utf-8")
        for file, path in files.items():
            shutil.copyfile(path, made / file)
        made.rename(target)
    return target


def _files(folder: Path) -> dict[str, Path]:
    """The artifacts by name; links and folders are refused, for they would bring in what nobody has looked at."""
    found = {}
    for each in sorted(folder.iterdir()) if folder.is_dir() else ():
        if each.is_symlink() or not each.is_file() or each.name in (RECIPE, LAMBDA, SIDECAR):
            msg = f"{each} is no artifact that can be taken in: artifacts are plain files, and none is called {RECIPE}"
            raise EdgewrightError(msg)
        found[each.name] = each
    return found
