"""A project as far as it can be read: for comparisons, where an older commit may break a rule of today."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from edgewright.catalog.catalog import CATALOG
from edgewright.catalog.lock import LOCK_FILE
from edgewright.manifest.load import ORGANISATION, Project, read, without_collector
from edgewright.manifest.model import Fleet, FleetStage, Organisation
from edgewright.manifest.rules import check
from edgewright.source import Problem
from edgewright.validation import Parsed


@dataclass(frozen=True)
class Glance:
    """What could be read, and what is wrong."""

    project: Project | None
    """None where there is no organisation that can be read."""
    errors: tuple[Problem, ...]
    unread: tuple[str, ...]
    """Files that could not be read as what they are, so that what they say is missing here."""

    @property
    def absent(self) -> bool:
        """Whether there is no project at all, as in a commit before it began."""
        return self.project is None and all(problem.file == ORGANISATION for problem in self.errors)


def glance(root: Path, *, bytes_of_catalog: bool = True, judged: bool = True) -> Glance:
    """Read a project; never raises for bad content.

    Args:
        root: The folder with edgewright.yaml.
        bytes_of_catalog: Whether the files of the catalog are there with their content. Where they are not, what is
            said about them is left out.
        judged: Whether it is held to the rules, too, and not only read.
    """
    with without_collector():
        return _glance(root, bytes_of_catalog=bytes_of_catalog, judged=judged)


def _glance(root: Path, *, bytes_of_catalog: bool, judged: bool) -> Glance:
    context, problems = read(root)
    if judged:
        problems += check(context)
    errors = tuple(
        sorted(
            (each for each in problems if each.severity == "error" and (bytes_of_catalog or not _of_catalog(each))),
            key=lambda each: each.order,
        )
    )
    parsed: list[Parsed[Organisation] | Parsed[Fleet] | Parsed[FleetStage]] = [context.organisation]
    parsed += [*context.fleets.values(), *(file.parsed for file in context.stages)]
    unread = tuple(sorted(each.file for each in parsed if each.model is None or each.problems))
    organisation = context.organisation.model
    if organisation is None:
        return Glance(None, errors, unread)
    fleets = {each.model.name: each.model for each in context.fleets.values() if each.model}
    stages = {
        (file.parsed.model.fleet, file.parsed.model.stage): file.parsed.model
        for file in context.stages
        if file.parsed.model and file.parsed.model.fleet in fleets and file.parsed.model.stage in organisation.stages
    }
    project = Project(root, organisation, fleets, stages, context.catalog, context.controls.controls)
    return Glance(project, errors, unread)


def _of_catalog(problem: Problem) -> bool:
    return problem.file in (LOCK_FILE, CATALOG) or problem.file.startswith(f"{CATALOG}/")
