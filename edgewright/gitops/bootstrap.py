"""The first bring-up by an administrator: what will be made, where and with whose rights; then the tooling stack.

Everything is derived from the manifests, so it is the same before and after, and a second run changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from edgewright.aws import state_backend
from edgewright.aws.session import Settings, session
from edgewright.documents import bucket_policy, inventory, naming, roots, state
from edgewright.errors import EdgewrightError
from edgewright.gitops.engine import Engine
from edgewright.gitops.stacks import stacks
from edgewright.manifest.load import Project


@dataclass(frozen=True, kw_only=True)
class Account:
    """An account that the tooling stack works in, and what it makes there."""

    id: str
    names: tuple[str, ...]
    """What edgewright.yaml calls it."""
    by: str
    """With which rights: one's own credentials, or the role that is assumed."""
    makes: tuple[str, ...]
    """Buckets, keys, roles and policies, by kind and name."""


def plan(project: Project, admin_role: str) -> list[Account]:
    """Return what the tooling stack makes, account by account; the tooling account comes first.

    Args:
        project: The manifests.
        admin_role: The role by which an administrator enters the other accounts.
    """
    organisation = project.organisation
    tooling_id = organisation.accounts[roots.TOOLING].id
    made: dict[str, set[str]] = {tooling_id: set()}
    for account_id, what in _made(project):
        made.setdefault(account_id, set()).add(what)
    return [
        Account(
            id=account_id,
            names=tuple(name for name, each in organisation.accounts.items() if each.id == account_id),
            by="your own credentials" if account_id == tooling_id else naming.role_arn(account_id, admin_role),
            makes=tuple(sorted(made[account_id])),
        )
        for account_id in sorted(made, key=lambda each: (each != tooling_id, each))
    ]


def _made(project: Project) -> Iterator[tuple[str, str]]:
    organisation = project.organisation
    for policy in inventory.policies(project):
        # What belongs to a fleet is made by the stage's own stack, but for the grants of its cross-account roles.
        if (policy.fleet is None and not policy.workload) or policy.owner.startswith("managed policy "):
            yield policy.account_id, policy.owner
    if organisation.forge is not None:
        from edgewright.documents import pipeline  # noqa: PLC0415 -- only with a forge

        issuer = pipeline.host(organisation.forge)
        yield organisation.accounts[roots.TOOLING].id, f"identity provider {issuer}"


def backend(project: Project) -> str | None:
    """Return where Pulumi's state is kept by edgewright.yaml; None where it says nothing of it."""
    organisation = project.organisation
    if organisation.state is None:
        return None
    return state.url(organisation.name, organisation.accounts[roots.TOOLING].id, organisation.region)


def make_backend(project: Project) -> Iterator[str]:
    """Make the bucket and the key of Pulumi's state, unless they are there; yield what was made.

    Raises:
        EdgewrightError: AWS said no.
    """
    organisation = project.organisation
    tooling_id = organisation.accounts[roots.TOOLING].id
    bucket = naming.state_bucket(organisation.name, tooling_id, organisation.region)
    wanted = state_backend.Wanted(
        bucket=bucket,
        bucket_policy=bucket_policy.private(bucket),
        alias=naming.STATE_KEY_ALIAS,
        key_policy=state.key(tooling_id),
    )
    through = session(Settings(region=organisation.region, session_name="edgewright-bootstrap"))
    return state_backend.ensure(through, wanted)


def make_stacks(project: Project, engine: Engine) -> Iterator[str]:
    """Make the stacks that Pulumi.<stack>.yaml files describe and the state does not have; yield their names.

    Raises:
        EdgewrightError: a file cannot be read, or the engine says no.
    """
    there = engine.stacks()
    for file in stacks(project.root):
        if file.name not in there:
            engine.make_stack(file.name, secrets_provider=state.secrets_provider(project.organisation.region))
            yield file.name


def check_access(project: Project, admin_role: str) -> list[str]:
    """Return whom each account knows the administrator as; the tooling account comes first.

    Raises:
        EdgewrightError: the credentials are of another account than tooling, or do not enter one of the others.
    """
    found = []
    tooling_id = project.organisation.accounts[roots.TOOLING].id
    for account in plan(project, admin_role):
        own = account.id == tooling_id
        through = Settings(
            region=project.organisation.region,
            role_arn=None if own else naming.role_arn(account.id, admin_role),
            session_name="edgewright-bootstrap",
        )
        answer = session(through).call("sts", "get_caller_identity", doing=f"enter account {account.id}")
        if answer["Account"] != account.id:
            msg = (
                f"the credentials are of account {answer['Account']} ({answer['Arn']}), and the root of trust is made "
                f"from {account.id}, the tooling account of edgewright.yaml: sign in there, or correct the id"
            )
            raise EdgewrightError(msg)
        found.append(str(answer["Arn"]))
    return found
