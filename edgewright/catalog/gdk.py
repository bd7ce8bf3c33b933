"""A component that the Greengrass Development Kit has built becomes a draft of the catalog.

``gdk component build`` leaves ``greengrass-build/recipes/recipe.yaml`` (or ``.json``) and
``greengrass-build/artifacts/<name>/<version>/<file>``. Files are copied as they are; the recipe's addresses of them,
whose bucket ``gdk component publish`` would fill in, become ``catalog:`` addresses. An archive that is byte for byte
what the catalog would build of its content comes in as that content, so that people can read what they review.
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from edgewright.catalog.catalog import CATALOG, RECIPE, SIDECAR, Catalog
from edgewright.catalog.files import pack, read_folder, sha256_of
from edgewright.catalog.sidecar import read_sidecar
from edgewright.errors import EdgewrightError
from edgewright.source import Document, load_file
from edgewright.versions import is_version

BUILD, CONFIG, ARTIFACTS = "greengrass-build", "gdk-config.json", "artifacts"
PLACEHOLDER = "s3://BUCKET_NAME/COMPONENT_NAME/COMPONENT_VERSION/"
DEFAULT_KIND = "service"
_IDENTITY = ("ComponentName", "ComponentVersion")
_NAME = re.compile(r"[a-zA-Z0-9_-][a-zA-Z0-9._-]{0,127}")
_ENDINGS = (".yaml", ".yml", ".json")
_MOST_ENTRIES = 10_000
_SAFE = re.compile(r"[A-Za-z0-9_@+=,~ -][A-Za-z0-9_@+=,.~ -]{0,254}")


def take_in(root: Path, folder: Path, kind: str | None = None) -> Path:
    """Write a draft from what gdk has built, whole or not at all; return its folder.

    Args:
        root: The project's.
        folder: ``greengrass-build``, or the gdk project with it.
        kind: What the component is, for ``component.yaml``; what the gdk project's own says by default, else a service.

    Raises:
        EdgewrightError: it is no such folder, or the version is there already.
    """
    build = folder / BUILD if (folder / BUILD).is_dir() else folder
    document = _recipe(build)
    recipe: Any = document.value
    name, version = (recipe.get(key) if isinstance(recipe, dict) else None for key in _IDENTITY)
    named = isinstance(name, str) and _NAME.fullmatch(name) is not None
    if not (named and isinstance(version, str) and is_version(version)):
        said = f"{document.file} is of {name!r} {version!r}"
        msg = f"{said}: it needs a ComponentName, and an exact ComponentVersion in quotes"
        raise EdgewrightError(msg)
    name, version = str(name), str(version)
    target = root / CATALOG / name / version
    locked = (name, version) in Catalog.load(root).lock.entries
    if target.exists() or locked:
        remedy = f"raise the version in {CONFIG} and build again"
        remedy += "" if locked else f", or delete the draft {CATALOG}/{name}/{version} first"
        msg = f"{name} {version} is in the catalog already; {remedy}"
        raise EdgewrightError(msg)
    files = _files(build / ARTIFACTS / name / version)
    recipe = json.loads(json.dumps(recipe))
    for manifest in recipe.get("Manifests") or ():
        for artifact in manifest.get("Artifacts") or () if isinstance(manifest, dict) else ():
            file = str(artifact.get("URI", "")).rpartition("/")[2] if isinstance(artifact, dict) else ""
            if file in files:
                artifact["URI"] = f"catalog:{file}"
    sidecar = _sidecar(folder, kind)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".new-") as scratch:
        made = Path(scratch) / "version"
        made.mkdir()
        (made / RECIPE).write_text(json.dumps(recipe, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        (made / SIDECAR).write_text(sidecar, encoding="utf-8")
        for file, path in files.items():
            if not _unpacked(path, made / path.stem, Path(scratch) / "again"):
                shutil.copyfile(path, made / file)
        made.rename(target)
    return target


def _recipe(build: Path) -> Document:
    """What was built; ``gdk component publish`` leaves a second one, with a bucket, beside it."""
    found = [each for each in sorted((build / "recipes").glob("*")) if each.suffix in _ENDINGS]
    plain = [each for each in found if each.stem == "recipe"]
    recipes = plain if len(plain) == 1 else found
    if len(recipes) != 1:
        msg = f"{build / 'recipes'} has {len(recipes)} recipes, and one is needed: run gdk component build"
        raise EdgewrightError(msg)
    document = load_file(recipes[0], str(recipes[0]))
    if document.problems:
        raise EdgewrightError("\n".join(map(str, document.problems)))
    return document


def _sidecar(folder: Path, kind: str | None) -> str:
    """component.yaml of the draft: the gdk project's own where it has one, else the least that there must be."""
    path = folder / SIDECAR
    if kind is not None or not path.is_file():
        return f"kind: {kind or DEFAULT_KIND}\ndraft: true\n"
    sidecar, problems = read_sidecar(load_file(path, str(path)))
    if sidecar is None:
        raise EdgewrightError("\n".join(map(str, problems)))
    text = path.read_text(encoding="utf-8").rstrip("\n")
    return f"{text}\n" if sidecar.draft else f"{text}\ndraft: true\n"


def _files(folder: Path) -> dict[str, Path]:
    """The artifacts by name; links and folders are refused, for they would bring in what nobody has looked at."""
    found = {}
    for each in sorted(folder.iterdir()) if folder.is_dir() else ():
        if each.is_symlink() or not each.is_file() or each.name in (RECIPE, SIDECAR):
            msg = f"{each} is no artifact that can be taken in: artifacts are plain files, and none is called {RECIPE}"
            raise EdgewrightError(msg)
        found[each.name] = each
    return found


def _unpacked(archive: Path, target: Path, again: Path) -> bool:
    """Unpack an archive that the catalog would build of its content, byte for byte; False, and nothing, for any other.

    Those are stored without compression, so what comes out is no larger than what is there.
    """
    if archive.suffix != ".zip" or target.exists() or not zipfile.is_zipfile(archive):
        return False
    try:
        with zipfile.ZipFile(archive) as packed:
            entries = packed.infolist()
            if not 0 < len(entries) <= _MOST_ENTRIES or not all(map(_plain, entries)):
                return False
            for entry in entries:
                path = target / entry.filename
                path.parent.mkdir(parents=True, exist_ok=True)
                with packed.open(entry) as source, path.open("wb") as file:
                    shutil.copyfileobj(source, file)
        folder = read_folder(target)
        pack(folder.files, again)
        same = not folder.refused and sha256_of(again) == sha256_of(archive)
    except (zipfile.BadZipFile, OSError, NotImplementedError, RuntimeError):
        same = False
    again.unlink(missing_ok=True)
    if not same:
        shutil.rmtree(target, ignore_errors=True)
    return same


def _plain(entry: zipfile.ZipInfo) -> bool:
    """Whether an entry is a stored file with a path that leads nowhere else."""
    parts = entry.filename.split("/")
    return (
        entry.compress_type == zipfile.ZIP_STORED
        and entry.file_size == entry.compress_size
        and all(_SAFE.fullmatch(part) and part not in (".", "..") for part in parts)
    )
