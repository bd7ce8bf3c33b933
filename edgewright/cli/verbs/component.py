"""`edgewright component`: publish new versions in the lock, list what there is, build the archives."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgewright import output
from edgewright.errors import EdgewrightError, ExitCode

if TYPE_CHECKING:
    from edgewright.catalog.catalog import Catalog
    from edgewright.source import Problem

HELP = "lock, list and build the private components of the catalog"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare lock, list and build."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    for name, summary in (
        ("lock", "add the versions that are not in catalog.lock; from then on they never change"),
        ("list", "the versions in the catalog, with their digests"),
        ("build", "build the archives that the recipes name, the same on every machine"),
    ):
        action = actions.add_parser(name, help=summary, description=summary[0].upper() + summary[1:] + ".")
        action.add_argument("--root", type=Path, default=Path(), help="the project's folder (default: this one)")
        if name == "lock":
            action.add_argument(
                "--new-catalog",
                action="store_true",
                help="begin catalog.lock; without this, versions beside a lock that is gone or empty are refused, "
                "because they may be published ones that were changed since",
            )
        if name == "list":
            action.add_argument("--json", action="store_true", help="for machines")


def run(args: argparse.Namespace) -> int:
    """Do what was asked; 1 when the catalog has errors."""
    from edgewright.catalog.catalog import CATALOG, Catalog

    root: Path = args.root
    if not (root / CATALOG).is_dir():
        message = f"{root / CATALOG} is no folder; run this in a project, or name one with --root"
        raise EdgewrightError(message)
    catalog = Catalog.load(root)
    if args.action == "lock":
        return lock(catalog, begin=args.new_catalog)
    if args.action == "list":
        return list_versions(catalog, as_json=args.json)
    return build(catalog)


def lock(catalog: Catalog, *, begin: bool = False) -> int:
    """Add what is new, unless anything is wrong: what is published cannot be corrected afterwards.

    Args:
        catalog: What there is.
        begin: Whether the catalog is a new one, so that no lock is no loss.

    Raises:
        EdgewrightError: a catalog with a lock is to begin.
    """
    from edgewright.catalog.catalog import is_lost, is_unlocked
    from edgewright.catalog.lock import LOCK_FILE, write_lock

    if begin and catalog.lock.entries:
        message = f"{LOCK_FILE} has versions already; leave --new-catalog out"
        raise EdgewrightError(message)
    new = [each for each in catalog if (each.name, each.version) not in catalog.lock.entries]
    if show([each for each in catalog.problems if not (is_unlocked(each) or (begin and is_lost(each)))]):
        output.note(f"{LOCK_FILE} is as it was: put the errors right first")
        return ExitCode.USER
    changed = write_lock(catalog.root, [*catalog.lock.entries.values(), *(each.entry for each in new)])
    for each in new:
        output.line(f"locked {each.name} {each.version} {each.digest}")
    if not new:
        output.line(f"{LOCK_FILE} {'was put in order' if changed else 'has every version already'}")
    return ExitCode.OK


def list_versions(catalog: Catalog, *, as_json: bool) -> int:
    """Print every version; errors go to standard error and into the exit code."""
    rows = [_row(catalog, name, version) for name in catalog.names for version in reversed(catalog.versions(name))]
    if as_json:
        output.data({"components": rows, "problems": [each.as_json() for each in catalog.problems]})
    else:
        for row in rows:
            state = "locked" if row["locked"] else "not locked"
            output.line(f"{row['name']} {row['version']}  {row['kind'] or '-'}  {state}  {row['digest']}")
            for artifact in row["artifacts"]:
                output.line(f"    {artifact['file']}  {artifact['size']} bytes  sha256:{artifact['sha256']}")
    failed = any(each.severity == "error" for each in catalog.problems) if as_json else show(catalog.problems)
    return ExitCode.USER if failed else ExitCode.OK


def build(catalog: Catalog) -> int:
    """Build every archive and say where it is."""
    from edgewright.catalog.component import archived_by

    if show(catalog.problems):
        return ExitCode.USER
    for each in catalog:
        for artifact in each.artifacts:
            if archived_by(each, artifact):
                output.line(f"{each.name} {each.version} {artifact.file} sha256:{artifact.sha256} {artifact.path}")
    return ExitCode.OK


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
        "artifacts": [
            {"file": each.file, "sha256": each.sha256, "size": each.size, "path": str(each.path)}
            for each in component.artifacts
        ],
    }
