"""`edgewright device`: what a machine needs to become a core device, a new certificate, and the end of a device."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from edgewright import output
from edgewright.cli.repository import add_root
from edgewright.errors import EdgewrightError, ExitCode, RefusedError

if TYPE_CHECKING:
    from edgewright.aws.session import Session
    from edgewright.documents.device_config import Endpoints
    from edgewright.documents.place import FleetPlace
    from edgewright.manifest.load import Project
    from edgewright.manifest.model import Ring

HELP = "configure, provision, renew and retire core devices"
_TECHNICIAN = "edgewright-technician-{stage}"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the actions."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)

    def action(name: str, summary: str) -> argparse.ArgumentParser:
        made = actions.add_parser(name, help=summary, description=summary[0].upper() + summary[1:] + ".")
        add_root(made)
        made.add_argument(
            "--role",
            default=_TECHNICIAN,
            help=f"the role in the stage's account to work by (default: {_TECHNICIAN}); '' for your own credentials",
        )
        return made

    config = action("config", "the installer's configuration for a device, and the commands to run on it")
    config.add_argument("thing", metavar="THING", help="a thing of a manifest, or the serial number of a new device")
    config.add_argument("--out", type=Path, metavar="FOLDER", help="write config.yaml and AmazonRootCA1.pem there")
    config.add_argument("--data-endpoint", metavar="HOST", help="of AWS IoT; asked of the account by default")
    config.add_argument("--credential-endpoint", metavar="HOST", help="of AWS IoT; asked of the account by default")

    claim = action("claim", "make a claim certificate, which a factory puts on every new device of a fleet")
    claim.add_argument("fleet", metavar="FLEET")
    claim.add_argument("stage", metavar="STAGE")
    claim.add_argument(
        "--out", type=Path, required=True, metavar="FOLDER", help="write certificate.pem and private.key"
    )

    rotate = action("rotate", "give a device a new certificate for a key that stays on it; then take the old one away")
    rotate.add_argument("thing", metavar="THING")
    how = rotate.add_mutually_exclusive_group(required=True)
    how.add_argument("--csr", type=Path, metavar="FILE", help="certificate signing request of the new key, in PEM")
    how.add_argument("--keep", metavar="ID", help="the new certificate works: take all others away")
    rotate.add_argument(
        "--out", type=Path, metavar="FILE", help="where the new certificate goes (default: THING.pem.crt)"
    )

    retire = action("retire", "end a device: certificates inactive, out of its groups, core device and thing deleted")
    retire.add_argument("thing", metavar="THING")
    retire.add_argument("--stage", required=True, metavar="STAGE", help="where it lives")
    retire.add_argument("--stolen", action="store_true", help="now, although a manifest still names it")


def run(args: argparse.Namespace) -> int:
    """Do what was asked."""
    from edgewright.manifest.load import load_project

    project = load_project(args.root)
    return {"config": _config, "claim": _claim, "rotate": _rotate, "retire": _retire}[args.action](args, project)


def _config(args: argparse.Namespace, project: Project) -> int:
    from edgewright.aws.root_certificate import root_certificate
    from edgewright.documents import device_config, installer
    from edgewright.manifest.devices import override_in
    from edgewright.manifest.public import NUCLEUS, NUCLEUS_LITE

    place, ring, claim = _find(project, args.thing)
    pinned = ring.components.get(NUCLEUS) or ring.components.get(NUCLEUS_LITE)
    if pinned is None:
        msg = f"ring {ring.name} of {place.name} in {place.stage} pins no nucleus: pin {NUCLEUS} or {NUCLEUS_LITE}"
        raise EdgewrightError(msg)
    kind = device_config.CLASSIC if NUCLEUS in ring.components else device_config.LITE
    endpoints = _endpoints(args, project, place)
    wanted = device_config.configuration(
        place, args.thing, nucleus=pinned.version, kind=kind, endpoints=endpoints, claim=claim,
        attributes=override_in(ring.components),
    )  # fmt: skip
    text = device_config.yaml(wanted)
    if args.out is None:
        output.line(text.rstrip("\n"))
        return ExitCode.OK
    _write(args.out / "config.yaml", text)
    _write(args.out / "AmazonRootCA1.pem", root_certificate(installer.ROOT_CA_SHA256))
    how = "provisions itself with the fleet's claim" if claim else "has a certificate of its own"
    output.line(
        f"{args.thing} of {place.name} in {place.stage}, ring {ring.name}: {kind} nucleus, {how}. On the machine:"
    )
    for step in device_config.steps(
        place, args.thing, nucleus=pinned.version, kind=kind, claim=claim, folder=str(args.out)
    ):
        output.line(f"  {step}")
    return ExitCode.OK


def _claim(args: argparse.Namespace, project: Project) -> int:
    from edgewright.aws import device_life
    from edgewright.documents import naming

    if (args.fleet, args.stage) not in project.stages:
        known = ", ".join(f"{fleet} {stage}" for fleet, stage in sorted(project.stages))
        msg = f"there is no fleet {args.fleet!r} in stage {args.stage!r}: there are {known}"
        raise EdgewrightError(msg)
    if project.fleets[args.fleet].identity.provisioning != "claim" and not project.stages[args.fleet, args.stage].twins:
        msg = f"fleet {args.fleet!r} has no provisioning template: write provisioning: claim in its fleet.yaml"
        raise EdgewrightError(msg)
    files = (args.out / "certificate.pem", args.out / "private.key")
    for file in files:
        if file.exists():
            msg = f"{file} is there already, and a key is never overwritten: name another folder"
            raise EdgewrightError(msg)
    session = _session(args, project, args.stage)
    made = device_life.claim(session, naming.claim_policy(args.fleet, args.stage))
    _write(files[0], made.pem)
    _write(files[1], made.private_key or "")
    output.line(
        f"claim certificate {made.id} of {args.fleet} in {args.stage}: {files[0]}, {files[1]} (keep the key safe)"
    )
    return ExitCode.OK


def _rotate(args: argparse.Namespace, project: Project) -> int:
    from edgewright.aws import device_life
    from edgewright.documents import naming

    place, _, _ = _find(project, args.thing)
    session = _session(args, project, place.stage)
    if args.keep:
        gone = device_life.drop_others(session, args.thing, args.keep, _told)
        output.line(f"{args.thing} has the certificate {args.keep} only; {len(gone)} taken away")
        return ExitCode.OK
    try:
        csr = args.csr.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        msg = f"{args.csr} cannot be read ({error}): name a certificate signing request in PEM"
        raise EdgewrightError(msg) from error
    target = args.out or Path(f"{args.thing}.pem.crt")
    if target.exists():
        msg = f"{target} is there already: name another file with --out"
        raise EdgewrightError(msg)
    made = device_life.rotate(session, args.thing, naming.device_policy(place.name, place.stage), csr)
    _write(target, made.pem)
    output.line(f"new certificate {made.id} of {args.thing}: {target}")
    output.line("put it on the device beside its new key, restart Greengrass, and when the device is back:")
    output.line(f"  edgewright device rotate {args.thing} --keep {made.id}")
    return ExitCode.OK


def _retire(args: argparse.Namespace, project: Project) -> int:
    from edgewright.aws import device_life

    if args.stage not in project.organisation.stages:
        known = ", ".join(sorted(project.organisation.stages))
        msg = f"there is no stage {args.stage!r}: edgewright.yaml has {known}"
        raise EdgewrightError(msg)
    named = [place for place, _, _ in _places(project, args.thing) if place.stage == args.stage]
    if named and not args.stolen:
        msg = (
            f"fleets/{named[0].name}/{args.stage}.yaml still names {args.thing}, so the next update would make it "
            "again: take it out, merge that, then retire the device (or say --stolen to cut it off now)"
        )
        raise RefusedError(msg)
    if not device_life.retire(_session(args, project, args.stage), args.thing, _told):
        output.line(f"{args.thing} is not in {args.stage}: nothing to do")
        return ExitCode.OK
    output.line(f"{args.thing} is retired in {args.stage}")
    if named:
        output.line(f"fleets/{named[0].name}/{args.stage}.yaml still names it: take it out before the next update")
    return ExitCode.OK


def _endpoints(args: argparse.Namespace, project: Project, place: FleetPlace) -> Endpoints:
    from edgewright.aws import device_life
    from edgewright.documents.device_config import Endpoints

    data, credentials = args.data_endpoint, args.credential_endpoint
    if data is None or credentials is None:
        session = _session(args, project, place.stage)
        data = data or device_life.endpoint(session, "iot:Data-ATS")
        credentials = credentials or device_life.endpoint(session, "iot:CredentialProvider")
    return Endpoints(data=data, credentials=credentials)


def _session(args: argparse.Namespace, project: Project, stage: str) -> Session:
    from edgewright.aws.rings import reader

    return reader(project, stage, role=args.role)


def _places(project: Project, thing: str) -> list[tuple[FleetPlace, Ring, bool]]:
    """Where the manifests name a thing or a serial number, and whether it provisions itself there."""
    from edgewright.documents import provisioning
    from edgewright.documents.roots import place_of

    found = []
    for (fleet, stage), rings in sorted(project.stages.items()):
        joins = provisioning.devices(rings)
        for ring in rings.rings:
            named = thing in (ring.members.things or ())
            if named or joins.get(thing) == ring.name:
                found.append((place_of(project, stage).fleet(fleet), ring, not named))
    return found


def _find(project: Project, thing: str) -> tuple[FleetPlace, Ring, bool]:
    from edgewright.validation import did_you_mean

    found = _places(project, thing)
    if found:
        return found[0]
    known = [
        name
        for rings in project.stages.values()
        for ring in rings.rings
        for name in (*(ring.members.things or ()), *ring.members.serials)
    ]
    guess = did_you_mean(thing, known)
    remedy = f"did you mean {guess}?" if guess else "add it to a ring, as a thing or as a serial number"
    msg = f"no manifest names {thing!r}: {remedy}"
    raise EdgewrightError(msg)


def _told(step: str) -> None:
    output.note(f"{output.paint('done:', 'green', sys.stderr)} {step}")


def _write(file: Path, text: str) -> None:
    """Write a file that nobody else may read, whole or not at all."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        temporary = file.with_name(f".{file.name}.new")
        temporary.unlink(missing_ok=True)
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
            out.write(text)
        temporary.replace(file)
    except OSError as error:
        msg = f"{file} cannot be written: {error.strerror}; name another folder"
        raise EdgewrightError(msg) from error
