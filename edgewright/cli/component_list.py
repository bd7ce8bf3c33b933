"""`edgewright component list`: every version, with its digest, its state and its artifacts; and problems, in short."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from edgewright import output
from edgewright.errors import ExitCode

if TYPE_CHECKING:
    from edgewright.catalog.catalog import Catalog
    from edgewright.source import Problem


def list_versions(catalog: Catalog, *, as_json: bool) -> int:
    """Print every version; errors go to standard error and into the exit code."""
    rows = [_row(catalog, name, version) for name in catalog.names for version in reversed(catalog.versions(name))]
    unbuilt = [f"{name} {version}" for (name, version), each in sorted(catalog.sources.items()) if not each.built]
    if as_json:
        output.data({"components": rows, "unbuilt": unbuilt, "problems": [each.as_json() for each in catalog.problems]})
    else:
        for row in rows:
            state = "locked" if row["locked"] else "draft" if row["draft"] else "not locked"
            output.line(f"{row['name']} {row['version']}  {row['kind'] or '-'}  {state}  {row['digest']}")
            for artifact in row["artifacts"]:
                output.line(f"    {artifact['file']}  {artifact['size']} bytes  sha256:{artifact['sha256']}")
        for each in unbuilt:
            output.line(f"{each}  edge-manager-model  draft, not built")
    failed = any(each.severity == "error" for each in catalog.problems) if as_json else show(catalog.problems)
    return ExitCode.USER if failed else ExitCode.OK


def show(problems: list[Problem] | tuple[Problem, ...]) -> bool:
    """Print problems on standard error; return whether there is an error among them."""
    for each in problems:
        output.note(str(each))
    return any(each.severity == "error" for each in problems)


def _row(catalog: Catalog, name: str, version: str) -> dict[str, Any]:
    component = catalog.get(name, version)
    assert component is not None  # noqa: S101 -- the version was listed by the same catalog
    return {
        "name": name,
        "version": version,
        "kind": component.kind,
        "provides": sorted(component.parts),
        "digest": component.digest,
        "locked": (name, version) in catalog.lock.entries,
        "draft": component.draft,
        "artifacts": [
            {"file": each.file, "sha256": each.sha256, "size": each.size, "path": str(each.path)}
            for each in component.artifacts
        ],
    }
