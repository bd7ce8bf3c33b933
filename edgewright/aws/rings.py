"""Which rings there are in AWS, and by which session each of them is read."""

from __future__ import annotations

from dataclasses import dataclass

from edgewright.aws.session import Session, Settings, session
from edgewright.documents import naming
from edgewright.manifest.load import Project


@dataclass(frozen=True)
class Target:
    """A ring to read."""

    fleet: str
    stage: str
    ring: str
    account_id: str
    region: str

    @property
    def group(self) -> str:
        """The thing group."""
        return naming.thing_group(self.fleet, self.stage, self.ring)

    @property
    def arn(self) -> str:
        """The ARN of the thing group."""
        return naming.thing_group_arn(self.region, self.account_id, self.group)


def targets(project: Project, *, fleet: str | None = None, stage: str | None = None) -> list[Target]:
    """Return the rings of a project in promotion order, fleet by fleet.

    Args:
        project: The manifests.
        fleet: Only this fleet's.
        stage: Only this stage's.

    Raises:
        EdgewrightError: there is no such fleet or stage.
    """
    if stage is not None:
        project.region(stage)
    found = []
    for name in sorted(project.fleets) if fleet is None else [fleet]:
        for at, ring in project.path(name):
            if stage in (None, at):
                found.append(Target(name, at, ring.name, project.account(at).id, project.region(at)))
    return found


def reader(project: Project, stage: str, *, role: str | None = None) -> Session:
    """Return the session by which a stage is read.

    Args:
        project: The manifests.
        stage: The stage.
        role: Name of a role in the stage's account, with ``{stage}`` for the stage; the stage's deploy role when None,
            and no role when empty: the environment's own credentials.
    """
    role = naming.deploy_role(stage) if role is None else role.replace("{stage}", stage)
    return session(
        Settings(
            region=project.region(stage),
            role_arn=naming.role_arn(project.account(stage).id, role) if role else None,
            external_id=project.organisation.trust.external_id if role else None,
            session_name="edgewright",
        )
    )
