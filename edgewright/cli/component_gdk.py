"""`edgewright component take` and `export`: components to and from the Greengrass Development Kit."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from edgewright import output
from edgewright.cli import edge_build
from edgewright.errors import EdgewrightError, ExitCode

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{0,39}")
"""How a bucket's name begins: of its 63 characters gdk takes 23 or so for Region and account."""
_REGION = re.compile(r"[a-z]{2}(?:-[a-z]+)+-[0-9]+")


def declare_take(action: argparse.ArgumentParser) -> None:
    """Declare what `take` is asked."""
    action.add_argument("folder", type=Path, metavar="DIR", help="the gdk project, or its greengrass-build")
    action.add_argument(
        "--kind", help="what it is, for component.yaml (default: what DIR/component.yaml says, or service)"
    )


def declare_export(action: argparse.ArgumentParser) -> None:
    """Declare what `export` is asked."""
    action.add_argument("version", metavar="NAME[@VERSION]", help="a version (default: the newest)")
    action.add_argument("--gdk", type=Path, required=True, metavar="DIR", help="the folder to make the gdk project in")
    action.add_argument("--bucket", help="where gdk publishes (default: ORGANISATION-gdk; gdk adds Region and account)")
    action.add_argument("--region", help="where gdk publishes (default: the organisation's)")


def take(args: argparse.Namespace) -> int:
    """Make a draft of what gdk has built, and say what is wrong with it.

    Raises:
        EdgewrightError: there is no such build, or the kind is none.
    """
    from typing import get_args  # noqa: PLC0415 -- start-up

    from edgewright.catalog.catalog import Catalog  # noqa: PLC0415 -- start-up
    from edgewright.catalog.gdk import take_in  # noqa: PLC0415 -- start-up
    from edgewright.catalog.sidecar import Kind  # noqa: PLC0415 -- start-up

    if args.kind is not None and args.kind not in get_args(Kind):
        message = f"--kind {args.kind!r} is none; there are {', '.join(get_args(Kind))}"
        raise EdgewrightError(message)
    folder = take_in(args.root, args.folder, args.kind)
    shown = str(folder.relative_to(args.root))
    output.line(f"{shown}: a draft; publish it with edgewright component lock {folder.parent.name}@{folder.name}")
    problems = [each for each in Catalog.load(args.root).problems if each.file.startswith(f"{shown}/")]
    for each in problems:
        output.note(str(each))
    return ExitCode.USER if any(each.severity == "error" for each in problems) else ExitCode.OK


def export(args: argparse.Namespace) -> int:
    """Lay a version out as a gdk project, and say what to do with it.

    Raises:
        EdgewrightError: there is no such version, no Region is known, or the folder cannot be written.
    """
    from edgewright.catalog.gdk_out import Publishing, lay_out  # noqa: PLC0415 -- start-up
    from edgewright.manifest.load import read  # noqa: PLC0415 -- start-up

    context, _ = read(args.root)
    catalog, organisation = context.catalog, context.organisation.model
    name, _, wanted = args.version.partition("@")
    version = catalog.get(name, wanted or next(iter(catalog.versions(name)), ""))
    if version is None:
        edge_build.refuse_unbuilt(catalog, name, wanted)
        known = ", ".join(catalog.versions(name)) or f"none; the catalog has {', '.join(catalog.names) or 'nothing'}"
        message = f"{args.version!r} is not in the catalog, or has errors (edgewright component lint); there is {known}"
        raise EdgewrightError(message)
    region = args.region or (organisation.region if organisation else None)
    if region is None:
        message = "no Region is known: edgewright.yaml cannot be read; name one with --region"
        raise EdgewrightError(message)
    if args.bucket is not None and not _BUCKET.fullmatch(args.bucket):
        message = (
            f"--bucket {args.bucket!r} begins no name of a bucket: lower case letters, digits, dots and -, at most 40"
        )
        raise EdgewrightError(message)
    if not _REGION.fullmatch(region):
        message = f"--region {region!r} is no Region; write one such as eu-west-1"
        raise EdgewrightError(message)
    bucket = args.bucket or f"{organisation.name if organisation else name.lower().replace('.', '-')}-gdk"
    lay_out(version, args.gdk, Publishing(bucket, region))
    for path in sorted(each for each in args.gdk.rglob("*") if each.is_file()):
        output.line(str(path))
    output.note("gdk component build and gdk component publish work there; edgewright component take brings it back")
    return ExitCode.OK
