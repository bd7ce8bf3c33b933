"""A version that SageMaker makes: a model and ``compile.yaml``, and once it is built a recipe, an artifact, a record.

The record (``compiled.json``) says by digest what the recipe and the artifact were made of, so that a draft whose
model was changed afterwards is told, and a locked version tells where it comes from.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from edgewright.catalog.edge_model import KIND, RECORD, SETTINGS, EdgeModel, read_edge_model
from edgewright.catalog.files import Folder, sha256_of
from edgewright.catalog.sidecar import Sidecar
from edgewright.source import Problem, load_file
from edgewright.validation import parse

_RECIPE, _SIDECAR = "recipe.yaml", "component.yaml"


class Record(BaseModel):
    """Which jobs made a version, and of what. Digests are ``sha256:<hex>``."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    sources: dict[str, str]
    """compile.yaml and the model's file, with their digests."""
    compilation_job: str = Field(alias="compilationJob")
    packaging_job: str = Field(alias="packagingJob")
    account: str
    region: str
    artifact: str
    """The S3 address that the artifact was taken from."""
    digest: str
    """Of the artifact."""
    signature: str | None = None
    """SageMaker's own, of the packaged model."""

    def text(self) -> str:
        """The file's text."""
        return json.dumps(self.model_dump(by_alias=True, exclude_none=True), indent=2) + "\n"


@dataclass(frozen=True)
class EdgeSource:
    """What SageMaker makes a version of."""

    name: str
    version: str
    folder: Path
    settings: EdgeModel
    model: Path
    built: bool
    """Whether the recipe is there."""
    stale: bool
    """Whether what is there was made of other sources."""
    ready: bool
    """Whether nothing is wrong with what a build begins with."""
    beside: tuple[str, ...]
    """Files of the folder that no device gets."""
    made: tuple[str, ...] = ()
    """Files that the last build wrote beside the recipe."""

    def sources(self) -> dict[str, str]:
        """The digests of what a build begins with, as the files are now.

        Raises:
            OSError: a file is gone.
        """
        paths = {SETTINGS: self.folder / SETTINGS, self.settings.model: self.model}
        return {file: f"sha256:{sha256_of(path)}" for file, path in sorted(paths.items())}


def read_source(
    name: str, version: str, folder: Folder, shown: str, sidecar: Sidecar | None
) -> tuple[EdgeSource | None, list[Problem]]:
    """Read what SageMaker makes a version of; None where it makes none, or cannot for what is wrong.

    Args:
        name: Of the component.
        version: Of the component.
        folder: The version's.
        shown: What problems call the folder.
        sidecar: Its ``component.yaml``.
    """
    if sidecar is None or sidecar.kind != KIND or SETTINGS not in folder.files:
        return None, []
    document = load_file(folder.files[SETTINGS], f"{shown}/{SETTINGS}")
    parsed, found = read_edge_model(document)
    problems = list(found)
    if parsed.model is None:
        return None, problems
    settings = parsed.model
    built = _RECIPE in folder.files
    beside = (SETTINGS, settings.model, *([RECORD] if built else []))
    model = folder.files.get(settings.model)
    if model is None:
        problems.append(
            parsed.problem(
                ("model",), f"there is no {shown}/{settings.model}", got=settings.model,
                remedy="put the model beside compile.yaml, or name its file",
            )
        )  # fmt: skip
        return None, problems
    told = [] if built else list(_unbuilt(folder, shown, sidecar, beside))
    ready = not any(each.severity == "error" for each in (*problems, *told))
    changes, record = _record(folder, shown, settings) if built else ([], None)
    made = (RECORD, record.artifact.rpartition("/")[2]) if record else ()
    source = EdgeSource(name, version, folder.path, settings, model, built, bool(changes), ready, beside, made)
    return source, [*problems, *told, *changes]


def _unbuilt(folder: Folder, shown: str, sidecar: Sidecar, beside: tuple[str, ...]) -> Iterator[Problem]:
    if not sidecar.draft:
        message, remedy = "is no draft, and SageMaker has not made it yet", "add the line draft: true"
        yield Problem(f"{shown}/{_SIDECAR}", 1, 1, "draft", message, None, remedy)
    for file in folder.files:
        if file not in (_SIDECAR, *beside):
            message = f"is neither the model that {SETTINGS} names, nor of use to compile it"
            yield Problem(f"{shown}/{file}", 1, 1, "", message, None, "delete it")


def _record(folder: Folder, shown: str, settings: EdgeModel) -> tuple[list[Problem], Record | None]:
    again = f"build it again: edgewright component build {folder.path.parent.name}@{folder.path.name} --edge-manager"
    if RECORD not in folder.files:
        message = f"is not known to be made of {SETTINGS}: there is no {RECORD}"
        remedy = f"restore {RECORD} from Git, or {again}"
        return [Problem(f"{shown}/{_RECIPE}", 1, 1, "", message, None, remedy)], None
    parsed = parse(Record, load_file(folder.files[RECORD], f"{shown}/{RECORD}"))
    if parsed.model is None or parsed.problems:
        return list(parsed.problems), None
    problems = []
    then = parsed.model.sources
    for file in (SETTINGS, settings.model):
        now = f"sha256:{sha256_of(folder.files[file])}"
        if then.get(file) != now:
            got = f"{now}, built from {then.get(file, 'none')}"
            message = "was changed after SageMaker had made the component"
            problems.append(Problem(f"{shown}/{file}", 1, 1, "", message, got, again))
    return problems, parsed.model
