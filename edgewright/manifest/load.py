"""From a folder to a Project, or to every problem of every file in one run."""

from __future__ import annotations

import gc
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from edgewright.catalog.catalog import Catalog
from edgewright.errors import EdgewrightError
from edgewright.manifest.context import Context, Since, StageFile
from edgewright.manifest.control_files import read_controls
from edgewright.manifest.model import Fleet, FleetStage, Organisation
from edgewright.manifest.project import Project
from edgewright.manifest.rules import advice, check
from edgewright.source import Document, Problem, load_file
from edgewright.validation import M, Parsed, parse

__all__ = [
    "FLEETS", "ORGANISATION", "Checked", "ManifestErrors", "Project", "check_project", "load_project", "read",
    "without_collector",
]  # fmt: skip

ORGANISATION = "edgewright.yaml"
FLEETS = "fleets"
FLEET = "fleet.yaml"
_KINDS = frozenset(("Organisation", "Fleet", "FleetStage"))
_KEYS = frozenset(field.alias or name for name, field in FleetStage.model_fields.items())
_RING = re.compile(r"^rings\[[^]]*\]")


@dataclass(frozen=True)
class Checked:
    """What a run of all checks found; the project is there when there is no error."""

    project: Project | None
    problems: tuple[Problem, ...]
    context: Context
    """What was read, with positions, for checks of what follows from a good project."""

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The problems that forbid everything else."""
        return tuple(problem for problem in self.problems if problem.severity == "error")


class ManifestErrors(EdgewrightError):  # noqa: N818 -- there are many in one
    """The manifests are wrong; the text is every error, one a line."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


def load_project(root: Path) -> Project:
    """Return the project in ``root``.

    Raises:
        ManifestErrors: anything is wrong; the text is every error, one a line.
    """
    checked = check_project(root)
    if checked.project is None:
        raise ManifestErrors(checked.errors)
    return checked.project


def check_project(root: Path, *, since: Since | None = None) -> Checked:
    """Check every manifest and the catalog. Offline; never raises for bad content.

    Args:
        root: The folder with edgewright.yaml.
        since: Tells since when a line of a file is as it is, for the warning about rings that differ.
    """
    with without_collector():
        context, problems = read(root, since=since)
        problems += check(context)
        if not any(problem.severity == "error" for problem in problems):
            problems += advice(context)
    found = tuple(sorted(_distinct(problems), key=lambda problem: problem.order))
    if any(problem.severity == "error" for problem in found) or context.organisation.model is None:
        return Checked(None, found, context)
    fleets = {parsed.model.name: parsed.model for parsed in context.fleets.values() if parsed.model}
    models = [file.parsed.model for file in context.stages if file.parsed.model]
    stages = {(model.fleet, model.stage): model for model in models}
    controls = context.controls.controls
    return Checked(Project(root, context.organisation.model, fleets, stages, context.catalog, controls), found, context)


def _distinct(problems: list[Problem]) -> Iterable[Problem]:
    """Each problem once; a release that several rings have by an anchor is written in one place only."""
    first: dict[Problem, Problem] = {}
    for problem in problems:
        first.setdefault(replace(problem, path=_RING.sub("rings[]", problem.path)), problem)
    return first.values()


@contextmanager
def without_collector() -> Iterator[None]:
    """The collector would walk a million live objects again and again, and find no cycle: half the run's time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def read(root: Path, *, since: Since | None = None) -> tuple[Context, list[Problem]]:
    """Read every manifest and the catalog, with the problems of the files themselves."""
    problems: list[Problem] = []
    organisation = parse(Organisation, _organisation(root))
    fleets: dict[str, Parsed[Fleet]] = {}
    stages: list[StageFile] = []
    unread: set[str] = set()
    whole = organisation.model is not None and organisation.whole(("stages",))
    known = frozenset(organisation.model.stages) if organisation.model is not None and whole else None
    for entry in _entries(root / FLEETS, FLEETS, problems):
        shown = f"{FLEETS}/{entry.name}"
        if entry.is_dir():
            strays = _read_fleet(entry, known, fleets, stages, problems)
            if strays:
                unread.add(entry.name)
                problems += strays
        elif _is_yaml(entry.name):
            problems.append(_stray(shown, "is not in the folder of a fleet", f"move it to {FLEETS}/<fleet>/"))
    if organisation.document.value is not None and not problems and not fleets and not stages:
        problems.append(_no_fleets())
    catalog = Catalog.load(root)
    parsed: list[Parsed[Organisation] | Parsed[Fleet] | Parsed[FleetStage]] = [organisation, *fleets.values()]
    parsed += [file.parsed for file in stages]
    for each in parsed:
        problems += each.problems
    controls = read_controls(root)
    problems += [*catalog.problems, *controls.problems]
    return Context(organisation, fleets, stages, catalog, since, frozenset(unread), controls), problems


def _organisation(root: Path) -> Document:
    path = root / ORGANISATION
    if path.exists():
        return load_file(path, ORGANISATION)
    other = "edgewright.yml"
    remedy = (
        f"rename {other} to {ORGANISATION}"
        if (root / other).exists()
        else "run this in the project's folder, or name that folder with --root"
    )
    return Document(ORGANISATION, None, (Problem(ORGANISATION, 1, 1, "", "is not there", None, remedy),))


def _no_fleets() -> Problem:
    message = "holds no fleet, so an up of this would remove every fleet that there is"
    remedy = "restore it from Git: git checkout -- fleets, unless the project is new or the fleets are to go"
    return Problem(FLEETS, 1, 1, "", message, None, remedy, "warning")


def _read_fleet(
    folder: Path,
    known: frozenset[str] | None,
    fleets: dict[str, Parsed[Fleet]],
    stages: list[StageFile],
    problems: list[Problem],
) -> list[Problem]:
    """Read the manifests of a fleet; return what was not read because of its place or name.

    Args:
        folder: The fleet's folder.
        known: The stages of the organisation; None where they could not be read.
        fleets: Gets the fleet.
        stages: Gets the fleet's stages.
        problems: Gets what cannot be a manifest.
    """
    shown = f"{FLEETS}/{folder.name}"
    strays: list[Problem] = []
    found = False
    for entry in _entries(folder, shown, problems):
        file = f"{shown}/{entry.name}"
        if entry.is_dir() and _is_yaml(entry.name):
            strays.append(_stray(file, "is a folder", "keep a file of that name"))
        elif entry.is_dir():
            strays += [
                _stray(f"{file}/{inner}", "is in a folder inside a fleet's folder", f"move it to {shown}/")
                for inner in _yaml_below(entry)
            ]
        elif entry.name == FLEET:
            fleets[folder.name] = _of_kind("Fleet", parse(Fleet, load_file(entry, file)))
        elif entry.name.endswith(".yaml"):
            document = load_file(entry, file)
            name = entry.name.removesuffix(".yaml")
            if _is_no_stage(document, name, known):
                remedy = (
                    f"take it out of {FLEETS}/, or end its name in .txt; in a fleet's folder a YAML file is a stage"
                )
                problems.append(_stray(file, "is no manifest of a stage", remedy))
            else:
                stages.append(StageFile(folder.name, name, _of_kind("FleetStage", parse(FleetStage, document))))
        elif _is_yaml(entry.name):
            right = entry.stem + ".yaml"
            strays.append(_stray(file, "is not read, because of its ending", f"rename it to {shown}/{right}"))
        found = found or (_is_yaml(entry.name) and entry.stem == "fleet")
    if not found:
        remedy = f"add {shown}/{FLEET}, or delete the folder"
        problems.append(_stray(f"{shown}/{FLEET}", "is not there, and every folder here is a fleet", remedy))
    return strays


def _is_no_stage(document: Document, name: str, known: frozenset[str] | None) -> bool:
    """Whether a file is something else altogether: neither its name nor a key in it is of a stage."""
    if known is None or name in known or document.problems:
        return False
    return not isinstance(document.value, dict) or not _KEYS & document.value.keys()


def _of_kind(kind: str, parsed: Parsed[M]) -> Parsed[M]:
    """A manifest of another kind has that fault alone, not also all keys of the other kind."""
    value = parsed.document.value
    said = value.get("kind") if isinstance(value, dict) else None
    if said == kind or not isinstance(said, str) or said not in _KINDS:
        return parsed
    told = [problem for problem in parsed.problems if problem.path == "kind"]
    return Parsed(parsed.document, None, (*parsed.document.problems, *told))


def _entries(folder: Path, shown: str, problems: list[Problem]) -> list[Path]:
    """What is in a folder, sorted, without hidden files; nothing when there is no such folder."""
    try:
        return sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except FileNotFoundError:
        return []
    except OSError as error:
        problem = Problem(shown, 1, 1, "", "cannot be read", error.strerror, "make it a folder that can be read")
        problems.append(problem)
        return []


def _yaml_below(folder: Path) -> Iterator[str]:
    for path, _, files in os.walk(folder):
        for name in sorted(files):
            if _is_yaml(name):
                yield (Path(path) / name).relative_to(folder).as_posix()


def _is_yaml(name: str) -> bool:
    return name.lower().endswith((".yaml", ".yml"))


def _stray(file: str, message: str, remedy: str) -> Problem:
    return Problem(file, 1, 1, "", message, None, remedy)
