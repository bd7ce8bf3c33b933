"""What a stack is: the settings of Pulumi.<stack>.yaml, and where its stage is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pulumi

from edgewright.documents import roots
from edgewright.documents.place import StagePlace
from edgewright.errors import EdgewrightError
from edgewright.manifest.load import Project

TOOLING = "tooling"
"""The stack that is no stage, and the account that it is about."""
SESSION = "edgewright"
"""Name of the role sessions, as CloudTrail shows it."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What Pulumi.<stack>.yaml says."""

    stack: str
    stage: str
    """``tooling`` or a stage of edgewright.yaml (``edgewright:stage``); the stack's own name by default."""
    admin_role: str = "OrganizationAccountAccessRole"
    """The role by which an administrator of the tooling account enters the other accounts."""
    fleets: frozenset[str] | None = None
    """The fleets of a shard (``edgewright:fleets``); all by default."""

    @classmethod
    def from_config(cls) -> Settings:
        """Return the settings of the stack that runs.

        Raises:
            EdgewrightError: ``edgewright:fleets`` is not a list of names.
        """
        config = pulumi.Config("edgewright")
        stack = pulumi.get_stack()
        fleets: Any = config.get_object("fleets")
        if fleets is not None and not (
            isinstance(fleets, list) and fleets and all(isinstance(name, str) for name in fleets)
        ):
            msg = f"edgewright:fleets of stack {stack!r} must be a list of names of fleets (got {fleets!r})"
            raise EdgewrightError(msg)
        return cls(
            stack=stack,
            stage=config.get("stage") or stack,
            admin_role=config.get("adminRole") or cls.admin_role,
            fleets=None if fleets is None else frozenset(fleets),
        )


def stage_place(project: Project, stage: str) -> StagePlace:
    """Return where a stage is."""
    return roots.place_of(project, stage)


def shared_accounts(project: Project) -> frozenset[str]:
    """Return the account ids that are, on purpose, in more than one entry of edgewright.yaml."""
    return roots.shared_accounts(project.organisation)
