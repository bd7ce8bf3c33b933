"""Looking for drift: a refresh preview of each stack and a reading of every device, side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from edgewright.errors import EdgewrightError
from edgewright.gitops.drift.model import Drift, ResourceDrift, Unread, of_devices, of_resources, of_ring
from edgewright.gitops.engine import Engine, Run
from edgewright.gitops.events import now
from edgewright.gitops.stacks import TOOLING, StackFile, stacks
from edgewright.gitops.status.model import Status
from edgewright.gitops.status.read import Scope, status
from edgewright.manifest.load import Project

_AT_ONCE = 4
_LAST_WORDS = 3


@dataclass(frozen=True)
class Where:
    """What is compared.

    Attributes:
        scope: The rings.
        cloud: Whether the stacks are compared.
        devices: Whether the rings and their devices are.
    """

    scope: Scope
    cloud: bool = True
    devices: bool = True


def chosen_stacks(project: Project, where: Where) -> list[StackFile]:
    """Return the stacks that a scope is about; ``tooling`` only when it is about everything.

    Raises:
        EdgewrightError: there is no such fleet, or a stack's file cannot be read.
    """
    fleet, stage = where.scope.fleet, where.scope.stage
    stages = {at for at, _ in project.path(fleet)} if fleet is not None else set(project.organisation.stages)
    found = []
    for stack in stacks(project.root):
        if stack.stage == TOOLING:
            if fleet is None and stage is None:
                found.append(stack)
        elif stack.stage in stages and stage in (None, stack.stage) and (fleet is None or stack.has(fleet)):
            found.append(stack)
    return found


def find(
    project: Project,
    where: Where,
    engine: Engine,
    *,
    on_progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> Drift:
    """Compare the cloud and the devices with Git.

    Raises:
        EdgewrightError: there is no such fleet or stage, or a program is missing.
        AwsError: nothing at all could be read, for one reason.
    """
    chosen = chosen_stacks(project, where) if where.cloud else []
    at = now()
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        runs = [pool.submit(engine.refresh_preview, stack.name) for stack in chosen]
        found = status(project, where.scope, on_progress=on_progress) if where.devices else None
        outcomes = [run.result() for run in runs]
    resources: list[ResourceDrift] = []
    unread: list[Unread] = []
    for stack, run in zip(chosen, outcomes, strict=True):
        resources += of_resources(stack.name, run.strayed, fleet=where.scope.fleet)
        if not run.ok:
            unread.append(Unread(what=f"stack {stack.name}", why=last_words(run)))
    return with_devices(Drift(
        at=at, stacks=tuple(stack.name for stack in chosen), resources=tuple(resources), rings=(), devices=(),
        offline=(), compared=0, underway=0, unread=tuple(unread), status=found,
    ))  # fmt: skip


def with_devices(cloud: Drift) -> Drift:
    """Add what the status says of rings and devices."""
    found: Status | None = cloud.status
    if found is None:
        return cloud
    devices, compared, underway = [], 0, 0
    unread = list(cloud.unread)
    for ring in found.rings:
        differing, looked_at, moving = of_devices(ring.reading)
        devices += differing
        compared += looked_at
        underway += moving
        unread += [Unread(what=f"{ring.reading.fleet} {ring.path}", why=str(gap)) for gap in ring.reading.gaps]
    return Drift(
        at=cloud.at,
        stacks=cloud.stacks,
        resources=cloud.resources,
        rings=tuple(each for each in map(of_ring, found.rings) if each is not None),
        devices=tuple(each for each in devices if each.online),
        offline=tuple(each for each in devices if not each.online),
        compared=compared,
        underway=underway,
        unread=tuple(unread),
        status=found,
    )


def last_words(run: Run) -> str:
    """Return why the engine was not content: its errors, or the last lines of what it said."""
    if run.diagnostics:
        return "; ".join(run.diagnostics)
    said: Sequence[str] = [line.strip() for line in run.output.splitlines() if line.strip()]
    return f"{run.command} left with exit code {run.exit_code}: {' / '.join(said[-_LAST_WORDS:])}"


def require_ok(run: Run) -> None:
    """Go on only when the engine was content.

    Raises:
        EdgewrightError: it was not; its own words say why.
    """
    if not run.ok:
        msg = f"{run.command} failed: {last_words(run)}"
        raise EdgewrightError(msg)
