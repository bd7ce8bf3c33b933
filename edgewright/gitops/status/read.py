"""From a project to its status: the rings are read from AWS through the roles of their stages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from edgewright.aws.fleet import Question, read
from edgewright.aws.rings import reader, targets
from edgewright.errors import EdgewrightError
from edgewright.gitops.events import now
from edgewright.gitops.status.model import Status, assess
from edgewright.manifest.load import Project


@dataclass(frozen=True)
class Scope:
    """Which rings are read, and how.

    Attributes:
        fleet: Only this fleet; all when None.
        stage: Only this stage; all when None.
        role: Name of the role to read with; the stage's deploy role when None, the environment's own credentials
            when empty.
        question: How deep to ask, and how long to wait.
    """

    fleet: str | None = None
    stage: str | None = None
    role: str | None = None
    question: Question = field(default_factory=Question)


def status(
    project: Project, scope: Scope, *, on_progress: Callable[[int, int], None] = lambda _done, _all: None
) -> Status:
    """Read the rings of a scope and assess them.

    Raises:
        EdgewrightError: there is no such fleet or stage, or the fleet is not in that stage.
        AwsError: nothing at all could be read, for one reason.
    """
    wanted = targets(project, fleet=scope.fleet, stage=scope.stage)
    if not wanted and scope.fleet is not None:
        stages = sorted({stage for stage, _ in project.path(scope.fleet)})
        msg = f"fleet {scope.fleet!r} has no ring in stage {scope.stage!r}: it is in {', '.join(stages)}"
        raise EdgewrightError(msg)
    at = now()
    readings = read(
        wanted, lambda stage: reader(project, stage, role=scope.role), scope.question, on_progress=on_progress
    )
    return assess(project, readings, at)
