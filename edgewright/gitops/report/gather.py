"""Gathering what the page shows: manifests, AWS where it may be asked, Git and the ledger."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from edgewright.aws.errors import AwsError
from edgewright.gitops.events import now
from edgewright.gitops.git import GitError, Repository
from edgewright.gitops.ledger import Ledger
from edgewright.gitops.releases import History
from edgewright.gitops.report import model
from edgewright.gitops.report.model import ENTRIES, Entry, Report
from edgewright.gitops.status.model import Status
from edgewright.gitops.status.read import Scope, status
from edgewright.gitops.words import plain
from edgewright.manifest.load import Project


def gather(
    project: Project,
    scope: Scope,
    *,
    live: bool,
    on_progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> Report:
    """Return what the page shows.

    Args:
        project: The manifests.
        scope: Which fleet, and how AWS is read.
        live: Whether AWS and the ledger's remote are asked.
        on_progress: Called while AWS is read.

    Raises:
        EdgewrightError: there is no such fleet.
    """
    if scope.fleet is not None:
        project.path(scope.fleet)
    names = sorted(project.fleets) if scope.fleet is None else [scope.fleet]
    at = now()
    found: Status | None = None
    missing: list[str] = []
    if live:
        try:
            found = status(project, scope, on_progress=on_progress)
        except AwsError as error:
            # The page is of use without AWS too, as long as it says so.
            missing.append(f"AWS: {plain(str(error))}")
    if found is not None:
        missing += [
            f"{ring.reading.fleet} {ring.path}: {plain(str(gap))}" for ring in found.rings for gap in ring.reading.gaps
        ]
    source, history, untold = _from_git(project, names, fetch=live)
    missing += untold
    return Report(
        organisation=project.organisation.name,
        fleet=scope.fleet,
        at=at,
        source=source,
        live=found is not None,
        missing=tuple(missing),
        tiles=model.tiles(found),
        controls=model.controls(project, names, at),
        fleets=tuple(
            model.fleet_view(project, project.fleets[name], found.of(name) if found is not None else None, at)
            for name in names
        ),
        history=tuple(history[:ENTRIES]),
        older=max(len(history) - ENTRIES, 0),
        catalog=model.catalog(project),
    )


def _from_git(project: Project, names: Sequence[str], *, fetch: bool) -> tuple[str, list[Entry], list[str]]:
    """Return which commit the manifests are of, the history newest first, and what could not be read."""
    repository = Repository(project.root)
    try:
        commit = repository.head()
    except GitError:
        return "not a repository, or one without a commit", [], []
    changed = "" if repository.clean() else ", with changes that are not committed"
    source = f"commit {commit[:10]} ({plain(repository.subject(commit), 80)}){changed}"
    try:
        entries = list(model.from_git(History(repository, commit), project, names))
        events = Ledger(repository).events(names[0] if len(names) == 1 else None, fetch=fetch)
    except GitError as error:
        return source, [], [f"history: {plain(str(error))}"]
    wanted = set(names)
    entries += [entry for entry in model.from_ledger(events) if entry.fleet in wanted]
    return source, sorted(entries, key=lambda entry: entry.at, reverse=True), []
