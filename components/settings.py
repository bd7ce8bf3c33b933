"""What a stack is: the settings of Pulumi.<stack>.yaml, and where its stage is."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import pulumi

from edgewright.documents import roots
from edgewright.documents.place import StagePlace
from edgewright.errors import EdgewrightError
from edgewright.manifest.load import Project

TOOLING = "tooling"
"""The stack that is no stage, and the account that it is about."""
ACCESS = "EDGEWRIGHT_ACCESS"
"""The variable of the environment that says by which role a stack is worked with."""
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
    access: str = "deploy"
    """The role of the stage's account that is worked with: ``deploy``, or ``preview``, which only reads. It is no part
    of the stack, so it comes from the environment (``EDGEWRIGHT_ACCESS``)."""

    @classmethod
    def from_config(cls) -> Settings:
        """Return the settings of the stack that runs.

        Raises:
            EdgewrightError: ``edgewright:fleets`` is not a list of names, or the access is none that there is, or one
                that cannot do what is asked.
        """
        config = pulumi.Config("edgewright")
        stack = pulumi.get_stack()
        fleets: Any = config.get_object("fleets")
        if fleets is not None and not (
            isinstance(fleets, list) and fleets and all(isinstance(name, str) for name in fleets)
        ):
            msg = f"edgewright:fleets of stack {stack!r} must be a list of names of fleets (got {fleets!r})"
            raise EdgewrightError(msg)
        access = os.environ.get(ACCESS) or "deploy"
        if access not in ("deploy", "preview"):
            msg = f"{ACCESS} must be deploy or preview (got {access!r}): correct the environment"
            raise EdgewrightError(msg)
        if access == "preview" and not pulumi.runtime.is_dry_run():
            msg = f"{ACCESS}=preview only reads, and this would change stack {stack!r}: unset it, or run a preview"
            raise EdgewrightError(msg)
        return cls(
            access=access,
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
