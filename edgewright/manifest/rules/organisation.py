"""Rules about accounts and stages, and about files that must be called what they hold."""

from __future__ import annotations

from collections.abc import Iterator

from edgewright.manifest.context import Context
from edgewright.source import Problem
from edgewright.validation import one_of

TOOLING = "tooling"


def accounts_are_distinct(context: Context) -> Iterator[Problem]:
    """Two entries have one account id only when that is said: a pasted id would deploy into the wrong account."""
    organisation = context.organisation.model
    accounts = organisation.accounts if organisation else {}
    first: dict[str, str] = {}
    for name, account in accounts.items():
        other = account.shares
        if other is not None:
            if other not in accounts and not context.organisation.whole(("accounts", other)):
                continue  # the other entry is wrong, and that is told
            if other == TOOLING and other not in accounts:
                continue  # told for itself
            if other == name or other not in accounts:
                others = [key for key in accounts if key != name]
                yield context.organisation.problem(
                    ("accounts", name, "shares"),
                    "names no other account",
                    got=other,
                    remedy=one_of(other, others, "the others are"),
                )
            elif accounts[other].id != account.id:
                yield context.organisation.problem(
                    ("accounts", name, "id"),
                    f"is not the id of {other}, whose account it shares",
                    got=context.organisation.shown(("accounts", name, "id")),
                    remedy=f"write {accounts[other].id}, or remove shares",
                )
        earlier = first.setdefault(account.id, name)
        if earlier != name and other is None and accounts[earlier].shares != name:
            yield context.organisation.problem(
                ("accounts", name, "id"),
                f"is the id of {earlier} as well",
                got=context.organisation.shown(("accounts", name, "id")),
                remedy=f"correct one of them, or write shares: {earlier} where one account is meant",
            )


def tooling_is_there(context: Context) -> Iterator[Problem]:
    """The root of trust has a fixed name, as an account and as a stack: artifacts and deploy roles follow from it."""
    organisation = context.organisation.model
    if organisation and TOOLING in organisation.stages:
        yield context.organisation.problem(
            ("stages", TOOLING), "is the stack of the root of trust, where no fleet lives", remedy="rename the stage"
        )
    if organisation and TOOLING not in organisation.accounts and context.organisation.whole(("accounts",)):
        yield context.organisation.problem(
            ("accounts",),
            f"has no {TOOLING}, the account of artifacts and of trust",
            remedy=f"add {TOOLING}: {{id: ...}}",
        )


def stages_have_accounts(context: Context) -> Iterator[Problem]:
    """A stage lives in an account of the organisation; in that of tooling only where an entry says that it shares it.

    Production beside the root of trust is allowed too, for an organisation with one account, and warned of: whoever
    administers artifacts and pipelines there also has the devices.
    """
    organisation = context.organisation.model
    if organisation is None or not context.organisation.whole(("accounts",)):
        return
    tooling = organisation.accounts.get(TOOLING)
    for name, stage in organisation.stages.items():
        account = organisation.accounts.get(stage.account)
        if account is None:
            yield context.organisation.problem(
                ("stages", name, "account"),
                "names no account",
                got=stage.account,
                remedy=one_of(stage.account, organisation.accounts, "the accounts are"),
            )
        elif tooling is not None and account.id == tooling.id and account.shares is None:
            yield context.organisation.problem(
                ("stages", name, "account"),
                f"is the account of {TOOLING}: its deploy role would trust its own account",
                got=stage.account,
                remedy=f"give the stage an account of its own, or an account entry with shares: {TOOLING}",
            )
        elif tooling is not None and account.id == tooling.id and stage.production:
            yield context.organisation.problem(
                ("stages", name, "account"),
                f"shares the account of {TOOLING}, so whoever administers the root of trust has production too",
                got=stage.account,
                remedy="give production an account of its own",
                severity="warning",
            )


def stacks_belong_to_one_stage(context: Context) -> Iterator[Problem]:
    """Who deploys a stage may write the state of its stacks: a stack in two places would be two stages' to write."""
    organisation = context.organisation.model
    if organisation is None or organisation.state is None or not context.organisation.whole(("stages",)):
        return
    taken = {name: name for name in (TOOLING, *organisation.stages) if name not in organisation.state.stacks}
    for stage, stacks in organisation.state.stacks.items():
        if stage not in organisation.stages:
            yield context.organisation.problem(
                ("state", "stacks", stage),
                "is no stage",
                got=stage,
                remedy=one_of(stage, organisation.stages, "the stages are"),
            )
        for index, stack in enumerate(stacks):
            other = taken.setdefault(stack, stage)
            if other != stage or stack in stacks[:index]:
                yield context.organisation.problem(
                    ("state", "stacks", stage, index),
                    f"is a stack of {other} already" if other != TOOLING else "is the stack of the root of trust",
                    got=stack,
                    remedy="give each stack one place",
                )


def fleet_is_named_as_its_folder(context: Context) -> Iterator[Problem]:
    """One word for one fleet: the folder, fleet.yaml and the stage files say the same."""
    names: dict[str, str] = {}
    for folder, parsed in context.fleets.items():
        if parsed.model is not None and parsed.model.name != folder:
            names[folder] = parsed.model.name
            yield parsed.problem(
                ("name",),
                f"is not the name of its folder, {folder}",
                got=parsed.model.name,
                remedy="rename the folder or the fleet",
            )
    for file in context.stages:
        model = file.parsed.model
        if model is not None and model.fleet not in (file.folder, names.get(file.folder)):
            yield file.parsed.problem(
                ("fleet",),
                f"is not the name of its folder, {file.folder}",
                got=model.fleet,
                remedy=f"write fleet: {file.folder}",
            )


def stage_is_named_as_its_file(context: Context) -> Iterator[Problem]:
    """The file says which stage it is, and the organisation has that stage."""
    organisation = context.organisation.model
    known = organisation.stages if organisation and context.organisation.whole(("stages",)) else None
    for file in context.stages:
        model = file.parsed.model
        if model is None:
            continue
        if known is not None and file.name not in known and model.stage not in known:
            yield file.parsed.problem(
                ("stage",),
                "is not a stage of the organisation",
                got=model.stage,
                remedy=one_of(model.stage, known, "edgewright.yaml has"),
            )
        elif model.stage != file.name:
            others = {each.name for each in context.stages_by_fleet[file.folder]}
            if known is None or file.name in known:
                remedy = f"write stage: {file.name}"
            elif model.stage in others:
                remedy = f"delete the file, or move its rings to {model.stage}.yaml"
            else:
                remedy = f"rename the file to {model.stage}.yaml"
            yield file.parsed.problem(
                ("stage",), f"is not the name of this file, {file.name}.yaml", got=model.stage, remedy=remedy
            )


RULES = (
    accounts_are_distinct,
    tooling_is_there,
    stages_have_accounts,
    stacks_belong_to_one_stage,
    fleet_is_named_as_its_folder,
    stage_is_named_as_its_file,
)
