"""`edgewright component build --edge-manager`: the legacy path by which SageMaker makes a component of a model."""

from __future__ import annotations

import argparse
import os
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from edgewright import output
from edgewright.errors import EdgewrightError, ExitCode

if TYPE_CHECKING:
    from edgewright.catalog.catalog import Catalog
    from edgewright.catalog.edge_source import EdgeSource

_PATIENCE, _LONGEST = 30, 24 * 60  # minutes


def declare(action: argparse.ArgumentParser) -> None:
    """Declare the options."""
    group = action.add_argument_group(
        "edge-manager-model", "a legacy path: AWS discontinued SageMaker Edge Manager on 2024-04-26"
    )
    group.add_argument(
        "--edge-manager", action="store_true", help="let SageMaker compile and package the named version, and take it"
    )
    # no defaults here, so that an option without --edge-manager is seen
    group.add_argument("--job-role", metavar="ARN", help="the role that SageMaker works by; it must trust it")
    group.add_argument("--output", metavar="S3", help="s3://BUCKET/FOLDER that SageMaker reads from and writes to")
    group.add_argument("--role", metavar="ARN", help="assume this role for the build (default: your credentials)")
    group.add_argument("--region", help="of the jobs (default: the environment's)")
    group.add_argument("--patience", type=float, metavar="MINUTES", help=f"how long to wait (default: {_PATIENCE})")


def run(args: argparse.Namespace, catalog: Catalog) -> int:
    """Build one version by SageMaker and say what it became.

    Raises:
        AwsError: AWS said no.
        EdgewrightError: an option is missing, the version cannot be built, or a job failed.
    """
    from edgewright.aws.session import Settings, session  # noqa: PLC0415 -- start-up
    from edgewright.gitops.edge_manager.building import Place, build  # noqa: PLC0415 -- start-up
    from edgewright.gitops.edge_manager.jobs import Jobs  # noqa: PLC0415 -- start-up

    warn()
    source = _chosen(args, catalog)
    for option in ("job_role", "output"):
        if not getattr(args, option):
            msg = f"--{option.replace('_', '-')} is missing: write --job-role ARN and --output s3://BUCKET/FOLDER"
            raise EdgewrightError(msg)
    patience = _PATIENCE if args.patience is None else args.patience
    if not 0 < patience <= _LONGEST:
        msg = f"--patience {patience:g} is no time to wait: more than 0, at most {_LONGEST} minutes"
        raise EdgewrightError(msg)
    place = Place.parse(args.job_role, args.output)
    shown = f"{source.name} {source.version}"
    if source.built and not source.stale:
        output.line(f"{shown} is built already, of the same {source.settings.model} and compile.yaml")
        return ExitCode.OK
    here = session(Settings(region=args.region, role_arn=args.role, session_name="edgewright"))
    try:
        built = build(source, Jobs(here, deadline=time.monotonic() + patience * 60), place)
    finally:
        output.status("")
    output.line(f"{shown} is built: recipe.yaml, {built.file} ({built.size} bytes, {built.record.digest})")
    if built.left is not None:
        output.note(
            f"SageMaker's own {shown} is still in account {place.account}, where publishing this one will be refused "
            f"until it is deleted: {built.left}"
        )
    output.note(f"a draft: publish it with `edgewright component lock {source.name}@{source.version}`")
    return ExitCode.OK


def refuse_strays(args: argparse.Namespace) -> None:
    """Refuse options of this path without its flag: they would be ignored.

    Raises:
        EdgewrightError: there is one.
    """
    for option in ("job_role", "output", "role", "region", "patience"):
        if getattr(args, option) is not None:
            msg = f"--{option.replace('_', '-')} is for --edge-manager; leave it out, or add --edge-manager"
            raise EdgewrightError(msg)


def warn() -> None:
    """Say what this path is worth, before anything else is done; in a sandbox in one line."""
    endpoint = os.environ.get("AWS_ENDPOINT_URL_SAGEMAKER") or os.environ.get("AWS_ENDPOINT_URL") or ""
    host = urlsplit(endpoint).hostname or ""
    if host in {"localhost", "::1"} or host.startswith("127."):
        output.note("a legacy path: AWS discontinued SageMaker Edge Manager on 2024-04-26; in the sandbox it works")
        return
    output.note("AWS discontinued SageMaker Edge Manager on 2024-04-26. Compilation jobs of Neo may still work; edge")
    output.note("packaging jobs and their component fail, and so do device fleets and the agent on devices. The way on")
    output.note("is ONNX Runtime in a component: edgewright component new onnx-model (docs/how-to/add-a-component.md)")


def say_next(name: str, version: str) -> None:
    """Say how a new version is built."""
    output.note(f"a draft: change it, look with `edgewright component lint {name}`, and when it is ready let SageMaker")
    output.note(f"make it: {_command(name, version)}")
    output.note("(AWS discontinued Edge Manager on 2024-04-26: this works in the sandbox; else begin an onnx-model)")


def say_unbuilt(catalog: Catalog) -> None:
    """Say which versions wait for SageMaker."""
    for name, version in sorted(catalog.sources):
        if catalog.is_unbuilt(name, version):
            output.note(_waits(name, version))


def refuse_unbuilt(catalog: Catalog, name: str, version: str) -> None:
    """Refuse a version that waits for SageMaker; any of a component, when the version is empty.

    Raises:
        EdgewrightError: there is one.
    """
    for each, at in sorted(catalog.sources):
        if each == name and version in ("", at) and catalog.is_unbuilt(each, at):
            raise EdgewrightError(_waits(each, at))


def _waits(name: str, version: str) -> str:
    gone = "whose Edge Manager AWS discontinued on 2024-04-26"
    return f"{name} {version} has not been built by SageMaker, {gone}: {_command(name, version)}"


def _command(name: str, version: str) -> str:
    return f"edgewright component build {name}@{version} --edge-manager --job-role ARN --output s3://BUCKET/FOLDER"


def _chosen(args: argparse.Namespace, catalog: Catalog) -> EdgeSource:
    sources = catalog.sources
    if len(args.versions) != 1:
        msg = "--edge-manager builds one version: name it, as NAME or NAME@VERSION"
        raise EdgewrightError(msg)
    name, _, version = args.versions[0].partition("@")
    found = [key for key in sources if key[0] == name and version in ("", key[1])]
    if not found:
        known = ", ".join(f"{each}@{at}" for each, at in sorted(sources)) or "none"
        word = args.versions[0]
        msg = (
            f"{word!r} is no version that SageMaker makes, or its compile.yaml has errors (edgewright component "
            f"lint); there is {known}"
        )
        raise EdgewrightError(msg)
    if len(found) > 1:
        msg = f"{name} has {len(found)} versions that SageMaker makes: name one, as {name}@{max(found)[1]}"
        raise EdgewrightError(msg)
    source = sources[found[0]]
    if (source.name, source.version) in catalog.lock.entries:
        msg = f"{source.name} {source.version} is published and never changes; begin a new version"
        raise EdgewrightError(msg)
    if not source.ready:
        msg = (
            f"{source.name} {source.version} has errors, and SageMaker would be paid for nothing: edgewright component "
            f"lint {source.name}"
        )
        raise EdgewrightError(msg)
    return source
