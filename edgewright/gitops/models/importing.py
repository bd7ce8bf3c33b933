"""The import: a catalog version with its provenance, its lock entry and the first ring's release, in one commit.

Judged on what is merged, made by git's plumbing, proposed on ``model/<group>/<number>``: the same package again finds
its branch, or the version that it became, and does nothing.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from edgewright.aws.session import Session
from edgewright.catalog.catalog import CATALOG, Catalog
from edgewright.catalog.component import CatalogVersion
from edgewright.errors import EdgewrightError, RefusedError
from edgewright.gitops import proposal
from edgewright.gitops.edit import with_component_version
from edgewright.gitops.golden.rows import check
from edgewright.gitops.merged import Merged
from edgewright.gitops.models.archive import unpack
from edgewright.gitops.models.candidate import Comparison, Trial, attempt, compare
from edgewright.gitops.models.package import LARGEST_ARTIFACT, Arn, Package, describe, download, metrics
from edgewright.gitops.models.request import body
from edgewright.gitops.models.version_files import METRICS, catalog_files, model_file, provenance_of
from edgewright.gitops.proposal import Proposed
from edgewright.gitops.releases import stage_file
from edgewright.gitops.trees import Side, load
from edgewright.manifest.load import Project
from edgewright.manifest.registry import ModelSource
from edgewright.versions import is_version, newest_first, parse_version

BRANCHES = "model/"


@dataclass(frozen=True)
class Place:
    """A first ring that gets the candidate."""

    fleet: str
    stage: str
    ring: str
    current: str
    """The version that it pins now."""


@dataclass(frozen=True)
class Imported:
    """What came of a package."""

    package: Package
    component: str
    version: str
    places: tuple[Place, ...]
    comparison: Comparison | None = None
    trial: Trial | None = None
    proposed: Proposed | None = None
    already: str | None = None
    """Why there was nothing to do."""


def branch_of(arn: Arn) -> str:
    """The branch of a package's import."""
    return f"{BRANCHES}{arn.group}/{arn.number}"


def import_package(
    merged: Merged,
    session: Session,
    arn: Arn,
    *,
    version: str | None = None,
    worse: bool = False,
    dry_run: bool = False,
) -> Imported:
    """Import a package.

    Args:
        merged: The project as it is merged.
        session: By which the registry and its artifacts are read.
        arn: The package.
        version: Of the component; the next minor version by default.
        worse: Propose a candidate although it is worse than the version that is there.
        dry_run: Check and compare, and write nothing.

    Raises:
        AwsError: the registry or an artifact cannot be read.
        RefusedError: the package is not approved, not what it says, no model that devices load, or worse.
        EdgewrightError: the organisation takes nothing from this group, or a ring cannot be edited.
    """
    source = source_of(merged.project, arn)
    package = describe(session, arn)
    if package.status != "Approved":
        msg = f"{arn.text} is {package.status}, and only an approved package is imported"
        raise RefusedError(msg)
    known = known_version(merged.project.catalog, source.component, arn)
    places = _places(merged.project, source)
    if known is not None:
        told = f"{source.component} {known} was made of it already"
        return Imported(package, source.component, known, tuple(places), already=told)
    branch = branch_of(arn)
    there = proposal.find_open(merged.repository, merged.base, branch)
    chosen = _choose_version(merged.project.catalog, source, package, version)
    with tempfile.TemporaryDirectory(prefix="edgewright-model-") as scratch:
        folder = Path(scratch)
        model, digest = _fetch(session, package, folder)
        numbers = metrics(session, package, folder)
        golden = _golden(merged, source, folder)
        trial = attempt(model, golden, what=f"the model of {arn.text}")
        current, before = _current(merged, source, places, golden, folder)
        _same_interface(source, trial, current)
        comparison = compare(source.quality, trial, numbers, current, before)
        imported = Imported(package, source.component, chosen, tuple(places), comparison, trial)
        if comparison.worse and not worse:
            told = "; ".join(f"{row.what} {row.candidate}, now {row.current}" for row in comparison.worse)
            msg = f"{arn.text} is worse than what {source.component} has: {told}; --worse proposes it all the same"
            raise RefusedError(msg)
        if dry_run:
            return imported
        provenance = provenance_of(package, digest, numbers)
        files = catalog_files(merged, source, chosen, model=model, provenance=provenance, folder=folder)
    return replace(imported, proposed=_propose(merged, imported, files, branch, there))


def source_of(project: Project, arn: Arn) -> ModelSource:
    """Return the entry of edgewright.yaml that a package belongs to.

    Raises:
        EdgewrightError: there is none, or the package is in another account.
    """
    groups = project.organisation.models.groups if project.organisation.models else ()
    found = next((each for each in groups if each.group == arn.group), None)
    if found is None:
        known = ", ".join(each.group for each in groups) or "none"
        msg = f"no model is taken from the group {arn.group!r}: models.groups in edgewright.yaml has {known}"
        raise EdgewrightError(msg)
    account = project.organisation.accounts[found.account]
    if account.id != arn.account:
        msg = f"{arn.text} is in account {arn.account}, and {arn.group} belongs to {found.account} ({account.id})"
        raise EdgewrightError(msg)
    return found


def known_version(catalog: Catalog, component: str, arn: Arn) -> str | None:
    """Return the version that was made of a package; None when none was."""
    for version in catalog.versions(component):
        found = catalog.get(component, version)
        provenance = found.sidecar.provenance if found is not None and found.sidecar is not None else None
        if provenance is not None and provenance.package == arn.text:
            return version
    return None


def _places(project: Project, source: ModelSource) -> list[Place]:
    found = []
    for fleet in sorted(project.fleets):
        if source.fleets and fleet not in source.fleets:
            continue
        stage, ring = project.path(fleet)[0]
        pinned = ring.components.get(source.component)
        if pinned is not None:
            found.append(Place(fleet, stage, ring.name, pinned.version))
    return found


def _choose_version(catalog: Catalog, source: ModelSource, package: Package, wanted: str | None) -> str:
    taken = catalog.versions(source.component)
    if wanted is not None:
        if not is_version(wanted):
            msg = f"{wanted!r} is not one exact version; write MAJOR.MINOR.PATCH, as 1.4.0"
            raise EdgewrightError(msg)
        if wanted in taken or (source.component, wanted) in catalog.lock.entries:
            msg = f"{source.component} {wanted} is in the catalog already; choose another --version"
            raise EdgewrightError(msg)
        return wanted
    said = package.metadata.get("componentVersion", "")
    if is_version(said) and said not in taken and (source.component, said) not in catalog.lock.entries:
        return said
    if not taken:
        return "1.0.0"
    return str(parse_version(taken[0]).next_minor())


def _fetch(session: Session, package: Package, folder: Path) -> tuple[Path, str]:
    artifact, model = folder / "artifact", folder / "model.onnx"
    what = f"the artifact of {package.arn.text}"
    digest = download(session, package.artifact, artifact, limit=LARGEST_ARTIFACT, expected=package.digest, what=what)
    unpack(artifact, model)
    return model, digest


def _golden(merged: Merged, source: ModelSource, folder: Path) -> Path | None:
    if source.golden is None:
        return None
    target, text = folder / "golden.json", merged.text(source.golden)
    check(text, str(source.golden))
    target.write_text(text, encoding="utf-8")
    return target


def _current(
    merged: Merged, source: ModelSource, places: Iterable[Place], golden: Path | None, folder: Path
) -> tuple[Trial | None, dict[str, float]]:
    """The newest version that a first ring has now, tried in the same way on the same machine."""
    pinned = newest_first(place.current for place in places) or merged.project.catalog.versions(source.component)[:1]
    found = merged.project.catalog.get(source.component, pinned[0]) if pinned else None
    if found is None:
        return None, {}
    name = model_file(found)
    path = f"{CATALOG}/{found.name}/{found.version}"
    model = folder / "current.onnx"
    model.write_bytes(_bytes(merged, f"{path}/{name}"))
    provenance = found.sidecar.provenance if found.sidecar else None
    numbers = dict(provenance.metrics) if provenance else _shipped(merged, found, path)
    try:
        return attempt(model, golden, what=f"{found.name} {found.version}"), numbers
    except RefusedError:
        return None, numbers  # what runs now cannot be tried; the table says - for it


def _shipped(merged: Merged, found: CatalogVersion, path: str) -> dict[str, float]:
    """The numbers at the top of a metrics.json that a version ships."""
    if METRICS not in found.entry.files:
        return {}
    try:
        said = json.loads(_bytes(merged, f"{path}/{METRICS}"))
    except ValueError:
        return {}
    return {key: value for key, value in said.items() if isinstance(value, float)} if isinstance(said, dict) else {}


def _bytes(merged: Merged, path: str) -> bytes:
    files = merged.repository.files(merged.base.commit, [path])
    if path not in files:
        msg = f"{path} is not in {merged.base.branch}"
        raise EdgewrightError(msg)
    return next(iter(merged.repository.blobs([files[path]])))


def _same_interface(source: ModelSource, candidate: Trial, current: Trial | None) -> None:
    if current is None or _ends(candidate) == _ends(current):
        return
    msg = (
        f"the candidate is {candidate.interface}, and {source.component} is {current.interface}: inference components "
        "would not get what they ask for; give it a component of its own, or the same inputs and outputs"
    )
    raise RefusedError(msg)


def _ends(trial: Trial) -> list[list[tuple[object, ...]]]:
    """Inputs and outputs without the names of open dimensions, which mean nothing to a caller."""
    return [
        [(each["name"], each["type"], tuple(n if isinstance(n, int) else None for n in each["shape"])) for each in side]
        for side in (trial.inputs, trial.outputs)
    ]


def _propose(
    merged: Merged, imported: Imported, files: Mapping[str, str | bytes], branch: str, there: str | None
) -> Proposed:
    texts: dict[str, str | bytes | None] = dict(files)
    for place in imported.places:
        path = stage_file(place.fleet, place.stage)
        before = texts.get(path)
        text = before if isinstance(before, str) else merged.text(path)
        texts[path] = with_component_version(path, text, place.ring, imported.component, imported.version)
    arn = imported.package.arn
    title = f"Import {imported.component} {imported.version} from {arn.group}/{arn.number}"
    trailers = [("Model-Package", arn.text), ("Component", f"{imported.component}@{imported.version}")]
    message = proposal.message(title, "", trailers)
    commit = proposal.commit_files(merged.repository, merged.base.commit, texts, message)
    _must_be_in_order(merged, commit)
    text = body(imported)
    if there is not None and _same_tree(merged, there, commit):
        request = proposal.request_for(merged.repository, merged.base, branch, title=title, body=text)
        return Proposed(there, branch, pushed=merged.base.remote is not None, request=request, new=False)
    return proposal.propose(merged.repository, merged.base, commit, branch, title=title, body=text, replaces=there)


def _same_tree(merged: Merged, one: str, other: str) -> bool:
    """Whether two commits have the same files: latencies differ from run to run, and stand in no file."""
    trees = [merged.repository.plumb(["rev-parse", f"{each}^{{tree}}"]).strip() for each in (one, other)]
    return trees[0] == trees[1]


def _must_be_in_order(merged: Merged, commit: str) -> None:
    errors = load(merged.repository, Side("the import", commit, None)).errors
    if errors:
        msg = "what would be proposed is not in order, and nothing was:\n  " + "\n  ".join(str(each) for each in errors)
        raise EdgewrightError(msg)
