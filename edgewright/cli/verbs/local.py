"""`edgewright local`: components on one device, by its own command line and without the cloud."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from edgewright import output
from edgewright.cli import edge_build
from edgewright.errors import EdgewrightError, ExitCode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgewright.catalog.catalog import Catalog
    from edgewright.gitops.local_deploy import LocalComponent

HELP = "try components on one device with greengrass-cli"
OUT = Path(".edgewright") / "local"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare deploy and check."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    for name, summary in (
        ("deploy", "lay out recipes and artifacts for greengrass-cli, and print its command"),
        ("check", "compare what `greengrass-cli component list` printed with what is wanted"),
    ):
        action = actions.add_parser(name, help=summary, description=summary[0].upper() + summary[1:] + ".")
        action.add_argument("fleet", nargs="?", metavar="FLEET", help="the fleet whose release is meant")
        action.add_argument("ring", nargs="?", metavar="STAGE/RING", help="the ring whose release is meant")
        action.add_argument(
            "--component", action="append", default=[], metavar="NAME@VERSION",
            help="a version of the catalog, drafts too, in place of or beside a release",
        )  # fmt: skip
        action.add_argument("--root", type=Path, default=Path(), help="the project's folder (default: this one)")
        if name == "deploy":
            action.add_argument("--out", type=Path, help=f"the folder to write (default: {OUT} in the project)")
            action.add_argument("--group", metavar="THING_GROUP", help="whose deployment the local one stands in for")
        else:
            action.add_argument("--list", metavar="FILE", default="-", help="what it printed (default: standard input)")
            action.add_argument("--json", action="store_true", help="for machines")


def run(args: argparse.Namespace) -> int:
    """Do what was asked.

    Returns:
        0, or 2 when a device does not run what is wanted.
    """
    components, public = _wanted(args)
    return deploy(args, components, public) if args.action == "deploy" else check(args, components, public)


def deploy(args: argparse.Namespace, components: Sequence[LocalComponent], public: dict[str, str]) -> int:
    """Lay out and print the command on standard output, so that it can be piped into a shell on the device."""
    from edgewright.gitops.local_deploy import lay_out, shown

    target = (args.out or args.root / OUT).resolve()
    command = lay_out(components, target, group=args.group)
    if public:
        output.note(f"left to the device: {', '.join(f'{name} {version}' for name, version in sorted(public.items()))}")
    output.note(f"{len(components)} component{'s' * (len(components) != 1)} in {target}; on the device, run:")
    output.line(shown(command))
    return ExitCode.OK


def check(args: argparse.Namespace, components: Sequence[LocalComponent], public: dict[str, str]) -> int:
    """Say what differs.

    Raises:
        EdgewrightError: the list cannot be read.
    """
    from edgewright.gitops.local_deploy import differences, read_list

    try:
        text = sys.stdin.read() if args.list == "-" else Path(args.list).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = "it is no text" if isinstance(error, UnicodeDecodeError) else error.strerror
        message = f"{args.list} cannot be read: {why}; name the file with the output of the command"
        raise EdgewrightError(message) from error
    wanted = {each.version.name: each.version.version for each in components} | public
    listed = read_list(text)
    told = differences(wanted, listed)
    if args.json:
        have = [{"name": each.name, "version": each.version, "state": each.state} for each in listed]
        output.data({"wanted": wanted, "listed": have, "differences": told})
    else:
        for each in told:
            output.line(each)
        if not told:
            output.line(f"{len(wanted)} component{'s' * (len(wanted) != 1)} as wanted")
    return ExitCode.REFUSED if told else ExitCode.OK


def _wanted(args: argparse.Namespace) -> tuple[list[LocalComponent], dict[str, str]]:
    """The private components that are meant, and the public ones of the release by version."""
    from edgewright.catalog.catalog import Catalog

    found: dict[str, LocalComponent] = {}
    public: dict[str, str] = {}
    if args.fleet is not None:
        found, public = _release(args)
    elif not args.component:
        message = "name a release (FLEET STAGE/RING) or versions (--component NAME@VERSION)"
        raise EdgewrightError(message)
    if args.component:
        catalog = Catalog.load(args.root)
        for word in args.component:
            one = _one(catalog, word)
            found[one.version.name] = one
    return list(found.values()), public


def _one(catalog: Catalog, word: str) -> LocalComponent:
    from edgewright.gitops.local_deploy import LocalComponent

    name, _, version = word.partition("@")
    versions = catalog.versions(name)
    chosen = catalog.get(name, version or (versions[0] if versions else ""))
    if chosen is None:
        edge_build.refuse_unbuilt(catalog, name, version)
        known = f"it has {', '.join(versions)}" if versions else f"the catalog has {', '.join(catalog.names) or 'none'}"
        message = f"{word!r} is not in the catalog, or has errors (edgewright component lint); {known}"
        raise EdgewrightError(message)
    return LocalComponent(chosen)


def _release(args: argparse.Namespace) -> tuple[dict[str, LocalComponent], dict[str, str]]:
    from edgewright.documents import deployment
    from edgewright.documents.roots import place_of
    from edgewright.gitops.local_deploy import LocalComponent
    from edgewright.manifest.load import load_project

    project = load_project(args.root)
    ring = project.ring(args.fleet, args.ring or "")
    place = place_of(project, args.ring.partition("/")[0]).fleet(args.fleet)
    rendered = deployment.inputs(place, ring, capture=project.fleets[args.fleet].capture)["components"]
    private: dict[str, LocalComponent] = {}
    public: dict[str, str] = {}
    for name, component in ring.components.items():
        version = project.catalog.get(name, component.version)
        if version is None or version.function is not None:  # a function has a recipe in the cloud only
            public[name] = component.version
        else:
            said = rendered[name]
            private[name] = LocalComponent(
                version, said.get("config", {}), said.get("reset", ()), said.get("runWith", {})
            )
    return private, public
