"""The files of an imported version: the recipe of the version before it, the model, where it comes from, the lock."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path

from edgewright.catalog.catalog import CATALOG, RECIPE, SIDECAR, Catalog
from edgewright.catalog.component import CatalogVersion
from edgewright.catalog.lock import LOCK_FILE, parse_lock, render_lock
from edgewright.catalog.needs import Needs, written
from edgewright.catalog.scaffold import NewComponent, new_component
from edgewright.catalog.sidecar import Provenance
from edgewright.errors import EdgewrightError
from edgewright.gitops.merged import Merged
from edgewright.gitops.models.package import Package
from edgewright.manifest.registry import ModelSource

METRICS = "metrics.json"
_HOW = ("model", "input", "inputs", "output", "outputs", "labels", "preprocessing")
"""Keys of metrics.json that say how a model is used."""
_VERSION_LINE = re.compile(r"^ComponentVersion:[^\n]*$", re.MULTILINE)
_DESCRIPTION_LINE = re.compile(r"^ComponentDescription:[^\n]*$", re.MULTILINE)


def model_file(version: CatalogVersion) -> str:
    """The ONNX file that a model version ships.

    Raises:
        EdgewrightError: it has none, or several.
    """
    files = [each.file for each in version.downloads if each.file and each.file.endswith(".onnx")]
    if len(files) != 1:
        msg = f"{version.name} {version.version} ships {len(files)} ONNX files; a model component has one"
        raise EdgewrightError(msg)
    return files[0]


def provenance_of(package: Package, digest: str, numbers: Mapping[str, float]) -> Provenance:
    """Return where a package comes from, as its component version will say it."""
    return Provenance(
        package=package.arn.text, source=package.artifact, artifact=f"sha256:{digest}",
        verified=package.digest is not None, metrics=dict(numbers),
        trainingData=package.metadata.get("trainingDataDigest"), repository=package.repository,
        commit=package.commit, generatedBy=package.generated_by, licence=package.metadata.get("licence"),
        approved=package.approved,
    )  # fmt: skip


def catalog_files(
    merged: Merged, source: ModelSource, version: str, *, model: Path, provenance: Provenance, folder: Path
) -> dict[str, str | bytes]:
    """Return the files of the new version, and the lock with its entry, by their paths in the project.

    Raises:
        EdgewrightError: the version would not be in order.
    """
    root = folder / "project"
    root.mkdir()
    catalog = merged.project.catalog
    shown = f"{CATALOG}/{source.component}/{version}"
    target = root / shown
    newest = next(iter(catalog.versions(source.component)), None)
    like = catalog.get(source.component, newest) if newest else None
    said = f"Model package {provenance.package.rpartition('model-package/')[2]}"
    if like is None:
        new_component(root, NewComponent(kind="onnx-model", name=source.component, version=version, model_file=model))
        recipe = (target / RECIPE).read_text(encoding="utf-8")
    else:
        target.mkdir(parents=True)
        recipe = merged.text(f"{CATALOG}/{like.name}/{like.version}/{RECIPE}")
        (target / model_file(like)).write_bytes(model.read_bytes())
        if METRICS in like.entry.files:
            before = merged.text(f"{CATALOG}/{like.name}/{like.version}/{METRICS}")
            shipped = _described(before, version, model_file(like), model, provenance)
            (target / METRICS).write_text(json.dumps(shipped, indent=2) + "\n", encoding="utf-8")
    recipe = _VERSION_LINE.sub(f'ComponentVersion: "{version}"', recipe, count=1)
    recipe = _DESCRIPTION_LINE.sub(lambda _: f"ComponentDescription: {json.dumps(said)}", recipe, count=1)
    (target / RECIPE).write_text(recipe, encoding="utf-8")
    needs = like.sidecar.needs if like is not None and like.sidecar is not None else None
    (target / SIDECAR).write_text(_sidecar(provenance, needs), encoding="utf-8")
    made = Catalog.load(root).get(source.component, version)
    if made is None:
        problems = [str(each) for each in Catalog.load(root).problems if each.file.startswith(shown)]
        msg = "the new version would not be in order:\n  " + "\n  ".join(problems)
        raise EdgewrightError(msg)
    lock = parse_lock(merged.text(LOCK_FILE)) if catalog.lock.entries else None
    entries = list(lock.entries.values()) if lock else []
    files: dict[str, str | bytes] = {
        f"{shown}/{name}": path.read_bytes() for name, path in sorted(_walk(target).items())
    }
    return files | {LOCK_FILE: render_lock([*entries, made.entry])}


def _described(text: str, version: str, file: str, model: Path, provenance: Provenance) -> dict[str, object]:
    """The metrics.json of a new version: how the model is used as before, since its interface is; else of this model.

    Inference components read the one (labels, input, output) and hold the file to the digest; what was measured of the
    version before, and how that one was made, is not said of this one.
    """
    try:
        before = json.loads(text)
    except ValueError:
        before = {}
    kept = {key: before[key] for key in _HOW if key in before} if isinstance(before, dict) else {}
    with model.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    said = {"version": version, "file": file, "sha256": digest, "package": provenance.package}
    # a metric of the registry does not take the place of what components read
    return {**provenance.metrics, **kept, **said}


def _walk(folder: Path) -> dict[str, Path]:
    return {str(path.relative_to(folder)): path for path in folder.rglob("*") if path.is_file()}


def _sidecar(provenance: Provenance, needs: Needs | None) -> str:
    """component.yaml; JSON is YAML in flow style, so no text of the registry can break out of its line.

    What the version before says that it needs is said of this one too: same interface, and never less than its file.
    """
    lines = [
        "# What Edgewright knows of this component beyond its recipe; written by the import",
        "kind: onnx-model",
        *([f"needs: {json.dumps(written(needs))}"] if needs is not None else ()),
        "provenance:",
    ]
    for key, value in provenance.model_dump(mode="json", by_alias=True, exclude_none=True).items():
        lines.append(f"  {key}: {json.dumps(value, ensure_ascii=False)}")
    return "\n".join(lines) + "\n"
