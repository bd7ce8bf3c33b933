"""`edgewright bootstrap`: the first bring-up by an administrator, and its end. Shows first, acts with --yes only."""

from __future__ import annotations

import argparse
import os
import shlex
from dataclasses import asdict
from typing import TYPE_CHECKING

from edgewright import output
from edgewright.cli.repository import add_root
from edgewright.errors import EdgewrightError, ExitCode

if TYPE_CHECKING:
    from edgewright.gitops.bootstrap import Account
    from edgewright.gitops.engine import Engine
    from edgewright.manifest.load import Project

HELP = "bring the root of trust up: what is made, in which account, with whose rights"
_ADMIN = "OrganizationAccountAccessRole"
_TOOLING = "tooling"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what is wanted."""
    add_root(parser)
    parser.add_argument("--yes", action="store_true", help="do it; without this, only show")
    parser.add_argument("--check", action="store_true", help="also try the credentials in every account")
    parser.add_argument(
        "--admin-role",
        default=_ADMIN,
        metavar="NAME",
        help=f"the role by which you enter the other accounts (default: {_ADMIN}), as edgewright:adminRole says it",
    )
    parser.add_argument("--teardown", action="store_true", help="what takes it down again, in order")
    parser.add_argument("--json", action="store_true", help="for machines")


def run(args: argparse.Namespace) -> int:
    """Show the plan; with --yes bring the tooling stack up.

    Raises:
        EdgewrightError: the credentials are not an administrator's of the tooling account, or the update failed.
    """
    from edgewright.gitops import bootstrap
    from edgewright.manifest.load import load_project

    project = load_project(args.root)
    accounts = bootstrap.plan(project, args.admin_role)
    # What is tried first comes up first, and production goes down first.
    stages = sorted(project.organisation.stages, key=lambda name: (project.organisation.stages[name].production, name))
    if args.json:
        output.data([asdict(account) for account in accounts])
    elif args.teardown:
        backend = bootstrap.backend(project) or ""
        _teardown(stages, backend.removeprefix("s3://").partition("?")[0])
    else:
        _show(accounts)
    if args.teardown:
        return ExitCode.OK
    if args.check or args.yes:
        for arn in bootstrap.check_access(project, args.admin_role):
            output.note(f"entered as {arn}")
    if not args.yes:
        if not args.json:
            output.line()
            output.line("nothing was done; to do it: edgewright bootstrap --yes")
        return ExitCode.OK
    return _up(args, project, stages)


def _show(accounts: list[Account]) -> None:
    for account in accounts:
        output.line(f"account {account.id} ({', '.join(account.names)}), by {account.by}:")
        for what in account.makes:
            output.line(f"  {what}")
    roles = sum(what.startswith("role ") for account in accounts for what in account.makes)
    output.line()
    output.line(f"{roles} roles in {len(accounts)} accounts. From then on nothing runs with administrator rights:")
    output.line("stages are brought up by their deploy roles, previews by roles that only read.")


def _teardown(stages: list[str], state: str) -> None:
    output.line("In this order; each step refuses while the one before is not done:")
    for stage in reversed(stages):
        output.line(f"  pulumi destroy --stack {stage}      # by its deploy role; devices are uninstalled first")
    output.line("  # every rollback needs the artifact bucket (and its key), so they are protected:")
    output.line("  pulumi state unprotect --stack tooling --all")
    output.line(
        "  # AWS refuses to delete a bucket that holds anything: empty it yourself, when nobody needs it any more"
    )
    output.line("  pulumi destroy --stack tooling      # with the credentials of an administrator")
    if state:
        output.line(
            "  # the state's own bucket and key are no stack's; they go last, and with them every stack's history:"
        )
        output.line(f"  aws s3 rb s3://{state}              # once it is empty")
        output.line("  aws kms schedule-key-deletion --key-id KEY_ID   # of alias/edgewright-state")


def _up(args: argparse.Namespace, project: Project, stages: list[str]) -> int:
    from edgewright.gitops.engine import Engine

    root = args.root.resolve()
    backend, ours = _state(project)
    engine = Engine(root, {**os.environ, **backend})
    if ours:
        _stacks(project, engine)
    command = f"pulumi up --stack {_TOOLING}"
    output.note(f"$ {command}")
    run = engine.up(_TOOLING)
    if not run.ok:
        output.note(run.output)
        msg = f"{command} failed in {shlex.quote(str(root))}; correct it and run again, what is there is kept"
        raise EdgewrightError(msg)
    changed = f" ({len(run.changes)} changes)" if run.changes else ", nothing to do"
    output.line(f"the root of trust is as the manifests say{changed}")
    if ours:
        output.line(f"the state is in {ours}; for a shell and for the pipelines:")
        output.line(f"  export PULUMI_BACKEND_URL={shlex.quote(backend['PULUMI_BACKEND_URL'])}")
    output.line(f"next, by a pipeline or with rights of your own: pulumi up --stack {stages[0] if stages else 'STAGE'}")
    return ExitCode.OK


def _state(project: Project) -> tuple[dict[str, str], str]:
    """Make the place of the state; return the variables of the engine, and the bucket if the state goes there."""
    from edgewright.gitops import bootstrap

    wanted = bootstrap.backend(project)
    if wanted is None:
        return {}, ""
    for made in bootstrap.make_backend(project):
        output.note(made)
    bucket = wanted.partition("?")[0]
    given = os.environ.get("PULUMI_BACKEND_URL", "")
    if given and given.partition("?")[0].rstrip("/") != bucket:
        output.note(f"PULUMI_BACKEND_URL is {given}: the state goes there, and not to {bucket} as edgewright.yaml says")
        return {}, ""
    return {"PULUMI_BACKEND_URL": given or wanted}, bucket


def _stacks(project: Project, engine: Engine) -> None:
    from edgewright.gitops import bootstrap

    made = list(bootstrap.make_stacks(project, engine))
    if made:
        output.note(f"made the stacks {', '.join(made)}; each Pulumi.<stack>.yaml names its key now: commit them")
