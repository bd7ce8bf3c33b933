"""`edgewright component`: begin versions from templates, lint, lock, publish, list and build them."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from edgewright import output
from edgewright.cli import component_gdk, component_images, component_publish, edge_build
from edgewright.cli.component_list import list_versions, show
from edgewright.errors import EdgewrightError, ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from edgewright.catalog.catalog import Catalog

HELP = "begin, take in, export, lint, lock, publish, list and build the private components of the catalog"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the actions."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    for name, summary in (
        ("new", "begin a component version from a template, as a draft"),
        ("take", "make a draft of what `gdk component build` has built"),
        ("export", "lay a version out as a project of the Greengrass Development Kit (gdk)"),
        ("lint", "check recipes: what a device would refuse, and what changes by the day"),
        ("lock", "add the versions that are not in catalog.lock; from then on they never change"),
        ("publish", "put a version into a stage as the program would: lock a draft, upload artifacts, create it"),
        ("list", "the versions in the catalog, with their digests"),
        ("images", "the images that rings pin, and for how long the catalog has had them"),
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
        if name == "new":
            _declare_new(action)
        if name == "take":
            component_gdk.declare_take(action)
        if name == "images":
            component_images.declare(action)
        if name == "export":
            component_gdk.declare_export(action)
        if name == "lint":
            action.add_argument("versions", nargs="*", metavar="NAME[@VERSION]", help="only these (default: all)")
        if name == "lock":
            action.add_argument("versions", nargs="*", metavar="NAME[@VERSION]", help="drafts to publish as well")
        if name == "publish":
            action.add_argument("version", metavar="NAME[@VERSION]", help="a version (default: the newest)")
            action.add_argument("--stage", required=True, metavar="STAGE", help="the stage that gets it")
            action.add_argument(
                "--role", metavar="NAME", help="the role to work by (default: the stage's deploy role); '' for none"
            )
        if name == "build":
            action.add_argument("versions", nargs="*", metavar="NAME[@VERSION]", help="only these (default: all)")
            edge_build.declare(action)
        if name in ("list", "lint", "images", "publish"):
            action.add_argument("--json", action="store_true", help="for machines")


def run(args: argparse.Namespace) -> int:
    """Do what was asked; 1 when the catalog has errors."""
    from edgewright.catalog.catalog import CATALOG, Catalog

    root: Path = args.root
    if args.action == "new":
        return new(args)
    if args.action == "take":
        return component_gdk.take(args)
    if not (root / CATALOG).is_dir():
        message = f"{root / CATALOG} is no folder; run this in a project, or name one with --root"
        raise EdgewrightError(message)
    if args.action == "images":
        return component_images.images(args)
    if args.action == "export":
        return component_gdk.export(args)
    catalog = Catalog.load(root)
    if args.action == "lock":
        return lock(catalog, begin=args.new_catalog, drafts=args.versions)
    if args.action == "publish":
        return component_publish.publish(args, catalog)
    if args.action == "lint":
        return lint(catalog, args.versions, as_json=args.json)
    if args.action == "list":
        return list_versions(catalog, as_json=args.json)
    if args.edge_manager:
        return edge_build.run(args, catalog)
    edge_build.refuse_strays(args)
    return build(catalog, args.versions)


def _declare_new(action: argparse.ArgumentParser) -> None:
    action.add_argument(
        "kind",
        metavar="KIND",
        help="service, onnx-model, python-inference, docker-compose, lambda-function or edge-manager-model (legacy)",
    )
    action.add_argument("name", metavar="NAME", help="of the component, such as com.acme.parts-model")
    action.add_argument("--version", default="1.0.0", help="the first version (default: %(default)s)")
    action.add_argument("--publisher", default="", help="who publishes it, for people")
    action.add_argument("--description", default="", help="what it does, for people")
    action.add_argument("--model", metavar="COMPONENT", help="python-inference: the model component that it reads")
    action.add_argument(
        "--model-file", type=Path, metavar="FILE", help="onnx-model, edge-manager-model: the model to begin with"
    )
    action.add_argument(
        "--image", action="append", default=[], metavar="SERVICE=IMAGE@sha256:DIGEST",
        help="docker-compose: a container; may be given several times",
    )  # fmt: skip


def new(args: argparse.Namespace) -> int:
    """Begin a version from a template and say what comes next."""
    from edgewright.catalog.scaffold import NewComponent, new_component

    images = dict(_image(each) for each in args.image)
    wanted = NewComponent(
        kind=args.kind, name=args.name, version=args.version, publisher=args.publisher,
        description=args.description, model=args.model, images=images, model_file=args.model_file,
    )  # fmt: skip
    folder = new_component(args.root, wanted)
    for path in sorted(each for each in folder.rglob("*") if each.is_file()):
        output.line(str(path.relative_to(args.root)))
    if args.kind == "edge-manager-model":
        edge_build.say_next(args.name, args.version)
        return ExitCode.OK
    output.note(f"a draft: change it, look with `edgewright component lint {args.name}`, and when it is ready publish")
    output.note(f"it with `edgewright component lock {args.name}@{args.version}`; rings may pin it then")
    return ExitCode.OK


def _image(word: str) -> tuple[str, str]:
    service, equals, image = word.partition("=")
    if not equals:
        message = f"--image {word!r} names no service; write SERVICE=IMAGE@sha256:DIGEST"
        raise EdgewrightError(message)
    return service, image


def lock(
    catalog: Catalog,
    *,
    begin: bool = False,
    drafts: Sequence[str] = (),
    tell: Callable[[str], None] = output.line,
) -> int:
    """Add what is new, unless anything is wrong: what is published cannot be corrected afterwards.

    Args:
        catalog: What there is.
        begin: Whether the catalog is a new one, so that no lock is no loss.
        drafts: Those to publish as well, as NAME or NAME@VERSION; the others stay drafts.
        tell: Where the lines of the result go.

    Raises:
        EdgewrightError: a catalog with a lock is to begin, or a word names no draft.
    """
    from edgewright.catalog.catalog import Catalog, is_lost, is_unlocked
    from edgewright.catalog.lock import LOCK_FILE, write_lock
    from edgewright.catalog.publish_draft import chosen, unmark

    if begin and catalog.lock.entries:
        message = f"{LOCK_FILE} has versions already; leave --new-catalog out"
        raise EdgewrightError(message)
    published = chosen(catalog, drafts)
    if show([each for each in catalog.problems if not (is_unlocked(each) or (begin and is_lost(each)))]):
        output.note(f"{LOCK_FILE} is as it was: put the errors right first")
        return ExitCode.USER
    for each in published:
        unmark(each)
    if published:
        catalog = Catalog.load(catalog.root)
    new = [each for each in catalog if (each.name, each.version) not in catalog.lock.entries and not each.draft]
    changed = write_lock(catalog.root, [*catalog.lock.entries.values(), *(each.entry for each in new)])
    for each in new:
        tell(f"locked {each.name} {each.version} {each.digest}")
    if not new:
        tell(f"{LOCK_FILE} {'was put in order' if changed else 'has every version already'}")
    return ExitCode.OK


def lint(catalog: Catalog, versions: Sequence[str], *, as_json: bool) -> int:
    """Show what is wrong with recipes, all or those that are named.

    Raises:
        EdgewrightError: a word names no version of the catalog.
    """
    from edgewright.catalog.catalog import CATALOG
    from edgewright.manifest.load import read
    from edgewright.manifest.rules.hardware import components_fit_some_hardware

    known = {(each.name, each.version) for each in catalog} | catalog.broken
    folders = [f"{CATALOG}/{key[0]}/{key[1]}" for word in versions for key in _named(catalog, known, word)]
    context, _ = read(catalog.root)  # without edgewright.yaml there are no hardware profiles, and nothing more to say
    found_here = [*catalog.problems, *components_fit_some_hardware(context)]
    problems = [
        each
        for each in sorted(found_here, key=lambda each: each.order)
        if not versions or any(each.file == folder or each.file.startswith(f"{folder}/") for folder in folders)
    ]
    if as_json:
        output.data([each.as_json() for each in problems])
    else:
        for each in problems:
            output.line(str(each))
        count = len(folders) if versions else len(known)
        errors = sum(each.severity == "error" for each in problems)
        said = f"{errors} error{'s' * (errors != 1)}" if errors else "fine"
        warned = len(problems) - errors
        output.line(f"{count} version{'s' * (count != 1)}: {said}" + (f", {warned} warned of" if warned else ""))
    return ExitCode.USER if any(each.severity == "error" for each in problems) else ExitCode.OK


def build(catalog: Catalog, versions: Sequence[str] = ()) -> int:
    """Build archives and say where they are; of each version its size, and what the version before it had else.

    Args:
        catalog: What there is.
        versions: Only these, as NAME or NAME@VERSION.

    Raises:
        EdgewrightError: a word names no version of the catalog, or one that SageMaker makes.
    """
    from edgewright.catalog.component import archived_by
    from edgewright.catalog.summary import before, changes, headline

    if show(catalog.problems):
        return ExitCode.USER
    keys = {(each.name, each.version) for each in catalog}
    wanted = {key for word in versions for key in _named(catalog, keys | set(catalog.sources), word)}
    for name, version in sorted(wanted):
        edge_build.refuse_unbuilt(catalog, name, version)
    if not wanted:
        edge_build.say_unbuilt(catalog)
    for each in catalog:
        if wanted and (each.name, each.version) not in wanted:
            continue
        older = before(catalog, each)
        output.line(headline(each, older))
        for artifact in each.artifacts:
            if archived_by(each, artifact):
                output.line(f"    {artifact.file} sha256:{artifact.sha256} {artifact.path}")
        for change in changes(older, each) if older else ():
            output.line(f"    {change}")
    return ExitCode.OK


def _named(catalog: Catalog, known: set[tuple[str, str]], word: str) -> list[tuple[str, str]]:
    """The versions that NAME or NAME@VERSION means."""
    name, _, version = word.partition("@")
    found = [key for key in sorted(known) if key[0] == name and version in ("", key[1])]
    if not found:
        message = f"{word!r} is not in the catalog; it has {', '.join(catalog.names) or 'no components'}"
        raise EdgewrightError(message)
    return found
