"""Rules about the model registry and what its events start."""

from __future__ import annotations

from collections.abc import Iterator

from edgewright.manifest.context import Context
from edgewright.manifest.rules.organisation import TOOLING
from edgewright.source import Problem


def a_trigger_has_what_it_starts(context: Context) -> Iterator[Problem]:
    """An approval starts a pipeline of the forge, and the rule for it is in the account of the registry."""
    organisation = context.organisation.model
    if organisation is None or organisation.models is None or organisation.models.trigger is None:
        return
    if organisation.forge is None and context.organisation.whole(("forge",)):
        yield context.organisation.problem(
            ("models", "trigger"),
            "starts a pipeline, and there is no forge",
            remedy="add `forge: {github: {repository: OWNER/NAME}}` or `forge: {gitlab: {project: GROUP/NAME}}`, "
            "or take the trigger out and import by hand",
        )
    trigger = organisation.models.trigger
    if trigger.kind == "apiDestination" and trigger.api is not None and not trigger.api.startswith("https://"):
        yield context.organisation.problem(
            ("models", "trigger", "api"),
            "is called by EventBridge itself, which calls HTTPS addresses only",
            got=trigger.api,
            remedy="give the https address, or take `kind: lambda`",
        )
    tooling = organisation.accounts.get(TOOLING)
    if tooling is None:
        return
    for number, source in enumerate(organisation.models.groups):
        account = organisation.accounts.get(source.account)
        if account is not None and account.id != tooling.id:
            yield context.organisation.problem(
                ("models", "groups", number, "account"),
                f"has another registry than that of {TOOLING}, whose events alone are listened to",
                got=source.account,
                remedy=f"register its packages in {TOOLING}, or take the trigger out and import by hand",
            )


RULES = (a_trigger_has_what_it_starts,)
