"""`edgewright model`: from the model registry to a proposal for the first ring."""

from __future__ import annotations

import argparse
import shutil
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Literal

from edgewright import output
from edgewright.cli.repository import add_root, repository
from edgewright.errors import EdgewrightError, ExitCode

if TYPE_CHECKING:
    from pathlib import Path

    from edgewright.gitops.forge import Forge
    from edgewright.gitops.models.importing import Imported
    from edgewright.gitops.models.replaying import Outcome, Waiting
    from edgewright.manifest.accounts import Forge as Where

HELP = "bring approved models from the registry into the catalog"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare import, reject and replay."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    summary = "propose an approved model package: a catalog version with its provenance, and the first ring's release"
    add = _action(actions, "import", summary)
    add.add_argument("package", metavar="ARN", help="of the versioned model package")
    add.add_argument("--version", help="of the component (default: what the package says, or the next minor version)")
    add.add_argument("--worse", action="store_true", help="propose it although it is worse than what is there")
    add.add_argument("--dry-run", action="store_true", help="check and compare, and write nothing")
    add.add_argument("--role", metavar="ARN", help="assume this role to read the registry (default: your credentials)")
    summary = "take back a rejected model package: close its proposal, and quarantine releases that have it"
    back = _action(actions, "reject", summary)
    back.add_argument("package", metavar="ARN", help="of the versioned model package, which the registry has rejected")
    back.add_argument("--reason", help="for those who meet the quarantine (default: what the registry says)")
    back.add_argument("--no-push", action="store_true", help="commit quarantines only")
    back.add_argument("--role", metavar="ARN", help="assume this role to read the registry (default: your credentials)")
    summary = "try again the approvals and rejections that did not reach the forge and wait in the dead-letter queue"
    again = _action(actions, "replay", summary)
    again.add_argument("package", metavar="ARN", nargs="?", help="only what is about this model package")
    again.add_argument("--dry-run", action="store_true", help="say what waits, and try nothing")
    again.add_argument("--role", metavar="ARN", help="assume this role in the tooling account (default: your own)")


def _action(actions: Any, name: str, summary: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = actions.add_parser(
        name, help=summary, description=summary[0].upper() + summary[1:] + "."
    )
    parser.add_argument("--json", action="store_true", help="for machines")
    add_root(parser)
    return parser


def run(args: argparse.Namespace) -> int:
    """Do what was asked."""
    return {"import": import_, "reject": reject, "replay": replay}[args.action](args)


def replay(args: argparse.Namespace) -> int:
    """Say what waits, or try it again and say what became of it."""
    from edgewright.aws.session import Settings, session
    from edgewright.gitops.models import replaying
    from edgewright.gitops.models.package import Arn
    from edgewright.manifest.load import load_project
    from edgewright.manifest.rules.organisation import TOOLING

    package = Arn.parse(args.package) if args.package else None
    root = args.root.resolve()
    organisation = load_project(root).organisation
    trigger = organisation.models.trigger if organisation.models else None
    if organisation.models is None or trigger is None or organisation.forge is None:
        msg = "edgewright.yaml has no models.trigger, so nothing waits; import by hand: edgewright model import ARN"
        raise EdgewrightError(msg)
    tooling = session(Settings(region=organisation.region, role_arn=args.role, session_name="edgewright"))
    tooling.require_account((organisation.accounts[TOOLING].id,))
    letters = replaying.Letters(tooling)
    if args.dry_run:
        output.status("reading the dead-letter queue")
        waiting = [each for each in letters.waiting() if package is None or each.package == package]
        output.status("")
        show_waiting(waiting, machine=args.json)
        return ExitCode.OK
    output.status("trying again what waits")
    if trigger.kind == "lambda":
        outcomes = letters.by_function(package)
    else:
        groups = {each.group for each in organisation.models.groups}
        outcomes = letters.by_client(_client(organisation.forge, root), organisation.forge, groups, package)
    output.status("")
    show_outcomes(outcomes, machine=args.json)
    return ExitCode.USER if any(each.outcome == "failed" for each in outcomes) else ExitCode.OK


def _client(where: Where, root: Path) -> Forge:
    from edgewright.gitops.forge import Forge

    client: Literal["gh", "glab"] = "gh" if where.gitlab is None else "glab"
    if shutil.which(client) is None:
        msg = (
            "models.trigger is of the kind apiDestination, which has no function to try again, so the pipeline is "
            f"started by {client}: install it and sign in, or import by hand: edgewright model import ARN"
        )
        raise EdgewrightError(msg)
    return Forge(client, root)


def show_waiting(waiting: list[Waiting], *, machine: bool) -> None:
    """Print what waits, the oldest first."""
    if machine:
        output.data(
            [
                {
                    "message": each.message,
                    "package": each.package.text if each.package else None,
                    "approval": each.approval,
                    "since": each.since.strftime("%Y-%m-%dT%H:%M:%SZ"),
                    "why": each.why,
                }
                for each in waiting
            ]
        )
        return
    for each in waiting:
        about = f"{each.package.text} {each.approval or 'undecided'}" if each.package else "about no model package"
        output.line(f"{each.since:%Y-%m-%d %H:%M} {about}")
        output.line(f"  {each.why}")
    if not waiting:
        output.line("nothing waits")


def show_outcomes(outcomes: list[Outcome], *, machine: bool) -> None:
    """Print what became of each message."""
    if machine:
        output.data([asdict(each) for each in outcomes])
        return
    for each in outcomes:
        about = each.package or f"message {each.message}"
        output.line(f"{each.outcome:<11}  {about}{f': {each.why}' if each.why else ''}")
    failed = sum(each.outcome == "failed" for each in outcomes)
    if failed:
        output.note(f"{failed} still wait: put right what they say, and replay again")
    if not outcomes:
        output.line("nothing waits")


def reject(args: argparse.Namespace) -> int:
    """Take a package back and say what was done."""
    from edgewright.aws.session import Settings, session
    from edgewright.gitops.merged import Merged
    from edgewright.gitops.models.package import Arn
    from edgewright.gitops.models.rejecting import reject as take_back
    from edgewright.manifest.controls import short

    arn = Arn.parse(args.package)
    output.status("reading what is merged")
    merged = Merged(repository(args), here=True)
    reading = session(Settings(region=arn.region, role_arn=args.role, session_name="edgewright"))
    done = take_back(merged, reading, arn, reason=args.reason, push=not args.no_push)
    output.status("")
    # only what others get keeps the releases away; where there are no others, it is theirs already
    code = ExitCode.USER if done.commit is not None and done.commit.kept else ExitCode.OK
    if args.json:
        output.data(
            {
                "package": arn.text,
                "branch": done.branch,
                "branchLeft": done.left,
                "request": done.request,
                "component": done.component,
                "version": done.version,
                "quarantined": list(done.releases),
                "new": list(done.new),
                "rings": [f"{fleet} {ring}" for fleet, ring, _ in done.rings],
                "commit": done.commit.commit if done.commit else None,
                "pushed": done.commit.pushed if done.commit else False,
            }
        )
        return code
    if done.branch is not None:
        what = f"closed {done.request}" if done.request else f"branch {done.branch}"
        output.line(f"{what}: {'the branch is gone' if done.left is None else f'the branch stays: {done.left}'}")
    if done.version is None:
        output.line(f"nothing was made of {arn.group}/{arn.number} that is merged")
        return ExitCode.OK
    if done.commit is not None:
        output.note(f"commit {done.commit.commit[:10]} ({done.commit.told})")
    for release in done.releases:
        word = "is in quarantine" if release in done.new else "was in quarantine already"
        output.line(f"{short(release)} {word}: it has {done.component} {done.version}")
    for fleet, ring, _ in done.rings:
        output.line(f"  {fleet} {ring} has it: edgewright rollback {fleet} --ring {ring}")
    if done.commit is not None and done.commit.kept:
        output.note(
            f"the quarantine holds nowhere but here: {done.commit.told}; or a person runs "
            f"`edgewright model reject {arn.text}` in a clone that may"
        )
    return code


def import_(args: argparse.Namespace) -> int:
    """Import a package and say where the proposal is."""
    from edgewright.aws.session import Settings, session
    from edgewright.gitops.merged import Merged
    from edgewright.gitops.models.importing import import_package
    from edgewright.gitops.models.package import Arn

    arn = Arn.parse(args.package)
    output.status("reading what is merged")
    merged = Merged(repository(args))
    output.status(f"importing {arn.group}/{arn.number}")
    reading = session(Settings(region=arn.region, role_arn=args.role, session_name="edgewright"))
    imported = import_package(
        merged, reading, arn, version=args.version, worse=args.worse, dry_run=args.dry_run
    )  # fmt: skip
    output.status("")
    if args.json:
        output.data(as_document(imported))
    else:
        show(imported)
    return ExitCode.OK


def show(imported: Imported) -> None:
    """Print the comparison and where the proposal is."""
    if imported.already is not None:
        output.line(f"nothing to do: {imported.already}")
        return
    if imported.comparison is not None:
        rows = [("", "now", "candidate"), *((row.what, row.current, row.candidate) for row in imported.comparison.rows)]
        widths = [max(len(row[column]) for row in rows) for column in range(3)]
        for what, current, candidate in rows:
            output.line(f"  {what:<{widths[0]}}  {current:>{widths[1]}}  {candidate:>{widths[2]}}".rstrip())
        for note in imported.comparison.notes:
            output.line(f"  {note}")
    name = f"{imported.component} {imported.version}"
    places = ", ".join(f"{place.fleet} {place.stage}/{place.ring}" for place in imported.places) or "no ring yet"
    if imported.proposed is None:
        output.line(f"{name} could be proposed for {places}; nothing was written")
    else:
        verb = "proposed" if imported.proposed.new else "is proposed already"
        output.line(f"{name} {verb} for {places}: {imported.proposed.told}")


def as_document(imported: Imported) -> dict[str, Any]:
    """The outcome for machines."""
    proposed = imported.proposed
    return {
        "package": imported.package.arn.text,
        "component": imported.component,
        "version": imported.version,
        "rings": [f"{place.fleet} {place.stage}/{place.ring}" for place in imported.places],
        "already": imported.already,
        "comparison": [
            {"what": row.what, "current": row.current, "candidate": row.candidate, "worse": row.worse}
            for row in (imported.comparison.rows if imported.comparison else ())
        ],
        "branch": proposed.branch if proposed else None,
        "commit": proposed.commit if proposed else None,
        "request": proposed.request if proposed else None,
        "new": proposed.new if proposed else False,
    }
