"""Rules about the parts of accounts, and about who gets in: pipelines, people, and the roles that must stay apart."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from edgewright.documents import naming
from edgewright.manifest.accounts import Part
from edgewright.manifest.context import Context
from edgewright.manifest.model import Organisation
from edgewright.manifest.rules.organisation import TOOLING
from edgewright.source import Problem
from edgewright.validation import one_of

_WITHOUT_STAGES: tuple[Part, ...] = ("data-lake", "experimentation")
_NEVER = ("iam", "organizations", "account", "sts")
_ROOTS = (naming.deploy_role, naming.preview_role, naming.ci_deploy_role)


def accounts_have_their_parts(context: Context) -> Iterator[Problem]:
    """A part says what an account is for, and stages are where devices are."""
    organisation = context.organisation.model
    if organisation is None:
        return
    for name, account in organisation.accounts.items():
        if account.part is None:
            continue
        if (name == TOOLING) != (account.part == TOOLING):
            yield context.organisation.problem(
                ("accounts", name, "part"),
                f"must be {TOOLING} in the account called {TOOLING}, and there only",
                got=account.part,
                remedy="take it out",
            )
    for name, stage in organisation.stages.items():
        entry = organisation.accounts.get(stage.account)
        if entry is None:
            continue
        part = _part(organisation, stage.account)
        if part in _WITHOUT_STAGES:
            message = f"is the account for {part}, where no devices are"
        elif entry.part == "staging" and stage.production:
            message = "is the account for staging, and the stage is production"
        elif entry.part == "prod" and not stage.production:
            message = "is the account for production, and the stage does not say production: true"
        else:
            continue
        yield context.organisation.problem(
            ("stages", name, "account"),
            message,
            got=stage.account,
            remedy="name another account, or correct the part of this one",
        )


def people_have_their_accounts(context: Context) -> Iterator[Problem]:
    """Who works as a persona comes from the tooling account, and there is an account for the work."""
    organisation = context.organisation.model
    if organisation is None or not context.organisation.whole(("accounts",)) or TOOLING not in organisation.accounts:
        return
    tooling_id = organisation.accounts[TOOLING].id
    personas = organisation.personas
    if personas.data_scientist and not any(
        _part(organisation, name) == "experimentation" for name in organisation.accounts
    ):
        yield context.organisation.problem(
            ("personas", "dataScientist"),
            "has no account to work in",
            remedy='add accounts.experimentation: {id: "..."}, or an entry with shares and part: experimentation',
        )
    named: list[tuple[tuple[str | int, ...], str]] = [
        (("personas", key, "principals", index), principal)
        for key, persona in (
            ("dataScientist", personas.data_scientist),
            ("mlEngineer", personas.ml_engineer),
            ("operator", personas.operator),
            ("technician", personas.technician),
        )
        for index, principal in enumerate(persona.principals if persona else ())
    ]
    named += [
        (("trust", "principals", index), principal) for index, principal in enumerate(organisation.trust.principals)
    ]
    for path, principal in named:
        if principal.split(":")[4] != tooling_id:
            yield context.organisation.problem(
                path,
                f"is not of the account of {TOOLING}, which alone is trusted",
                got=principal,
                remedy=f"name a role of account {tooling_id}",
            )


def environments_are_of_stages(context: Context) -> Iterator[Problem]:
    """An environment of the forge is that of one stage; two stages with one would be deployed by one approval."""
    organisation = context.organisation.model
    if organisation is None or organisation.forge is None or not context.organisation.whole(("stages",)):
        return
    first: dict[str, str] = {}
    for stage in organisation.stages:
        environment = organisation.forge.environment(stage)
        other = first.setdefault(environment, stage)
        if other != stage:
            path = ("forge", "environments", stage if stage in organisation.forge.environments else other)
            yield context.organisation.problem(
                path,
                f"is the environment of {other} and of {stage}",
                got=environment,
                remedy="give each stage an environment of its own",
            )
    for stage in organisation.forge.environments:
        if stage not in organisation.stages:
            yield context.organisation.problem(
                ("forge", "environments", stage),
                "is of no stage",
                got=stage,
                remedy=one_of(stage, organisation.stages, "the stages are"),
            )


def boundary_is_narrow(context: Context) -> Iterator[Problem]:
    """The boundary keeps devices from getting themselves more; it names single actions, and none about identities."""
    organisation = context.organisation.model
    for index, action in enumerate(organisation.boundary.devices if organisation else ()):
        if "*" in action or "?" in action:
            message, remedy = "is a pattern, and what it comes to changes with AWS", "write the actions one by one"
        elif action.partition(":")[0] in _NEVER:
            message, remedy = "would let a device become somebody else", "take it out"
        else:
            continue
        yield context.organisation.problem(("boundary", "devices", index), message, got=action, remedy=remedy)


def roots_are_out_of_reach(context: Context) -> Iterator[Problem]:
    """A deploy role may make roles by a pattern of names: no role of the tooling stack may come to fit in one.

    The role of a stage called ``x-prod-device`` would fit in the pattern of ``prod``, and the deploy role of prod
    could give it other policies.
    """
    organisation = context.organisation.model
    if organisation is None:
        return
    for name, stage in organisation.stages.items():
        for other, there in organisation.stages.items():
            account, theirs = organisation.accounts.get(stage.account), organisation.accounts.get(there.account)
            if account is None or theirs is None or account.id != theirs.id:
                continue
            patterns = (
                naming.token_exchange_role("*", other),
                naming.access_role("*", other, "*"),
                naming.provisioning_role("*", other),
                naming.provisioning_hook("*", other),
                naming.twin_role("*", other),
            )
            hit = [root(name) for root in _ROOTS if any(fnmatchcase(root(name), pattern) for pattern in patterns)]
            if hit:
                yield context.organisation.problem(
                    ("stages", name),
                    f"makes the role {hit[0]}, whose name is one that the deploy role of {other} may change",
                    got=name,
                    remedy="rename the stage",
                )


def _part(organisation: Organisation, name: str) -> str:
    account = organisation.accounts[name]
    return account.part or name


RULES = (
    accounts_have_their_parts,
    people_have_their_accounts,
    environments_are_of_stages,
    boundary_is_narrow,
    roots_are_out_of_reach,
)
