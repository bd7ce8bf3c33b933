"""`edgewright component publish`: a version into a stage, by hand, as the program would put it there."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from edgewright import output
from edgewright.cli import edge_build
from edgewright.errors import EdgewrightError, ExitCode

if TYPE_CHECKING:
    from edgewright.catalog.catalog import Catalog


def publish(args: argparse.Namespace, catalog: Catalog) -> int:
    """Publish one version to one stage, and say where it is.

    Raises:
        EdgewrightError: there is no such version, or AWS has another one under its name.
    """
    from edgewright.aws.rings import reader  # noqa: PLC0415 -- start-up
    from edgewright.catalog.summary import before, changes, downloads, headline  # noqa: PLC0415 -- start-up
    from edgewright.cli.verbs.component import lock  # noqa: PLC0415 -- start-up
    from edgewright.documents.roots import place_of  # noqa: PLC0415 -- start-up
    from edgewright.gitops.publishing import publish as put  # noqa: PLC0415 -- start-up
    from edgewright.gitops.publishing_function import refuse_without_rights  # noqa: PLC0415 -- start-up
    from edgewright.manifest.load import load_project  # noqa: PLC0415 -- start-up

    name, _, wanted = args.version.partition("@")
    version = wanted or next(iter(catalog.versions(name)), "")
    found = catalog.get(name, version)
    if found is None:
        edge_build.refuse_unbuilt(catalog, name, wanted)
        known = ", ".join(catalog.versions(name)) or f"none; the catalog has {', '.join(catalog.names) or 'nothing'}"
        message = f"{args.version!r} is not in the catalog, or has errors (edgewright component lint); there is {known}"
        raise EdgewrightError(message)
    project = load_project(args.root)
    session = reader(project, args.stage, role=args.role)  # before anything is locked for good
    if found.function is not None:
        refuse_without_rights(place_of(project, args.stage), found, session)
    if found.draft:
        code = lock(catalog, drafts=[f"{name}@{version}"], tell=output.note if args.json else output.line)
        if code != ExitCode.OK:
            return code
    project = load_project(args.root)
    found = project.catalog.get(name, version)
    assert found is not None  # noqa: S101 -- it was there a moment ago, and a project without it does not load
    done = put(project, args.stage, found, session)
    output.status("")
    older = before(project.catalog, found)
    changed = list(changes(older, found)) if older else []
    if args.json:
        artifacts = [
            {"uri": each.uri, "sha256": each.sha256, "size": each.size, "versionId": each.version_id}
            for each in done.artifacts
        ]
        output.data(
            {
                "arn": done.arn,
                "state": done.state,
                "content": done.content,
                "artifacts": artifacts,
                "downloads": downloads(found),
                "before": older.version if older else None,
                "changes": changed,
                "notes": list(done.notes),
            }
        )
        return ExitCode.OK
    for note in done.notes:
        output.note(note)
    output.line(f"{done.arn} is {done.state}, content {done.content}")
    for each in done.artifacts:
        where = f" version {each.version_id}" if each.version_id else ""
        output.line(f"    {each.uri}{where}  {each.size} bytes  sha256:{each.sha256}")
    for line in (headline(found, older), *(f"    {change}" for change in changed)):
        output.line(line)
    return ExitCode.OK
