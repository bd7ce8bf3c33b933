"""Putting drift right, through the gates that every update goes through: what Git says is put back, nothing else.

The cloud is put right by `pulumi up --refresh` of the stacks that differ. Devices are put right by sending the ring's
deployment again, for an update that changes nothing makes no revision. What somebody installed locally stays: only
`greengrass-cli` on that device removes it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from edgewright.aws.again import send_again
from edgewright.aws.rings import reader
from edgewright.errors import RefusedError
from edgewright.gitops.drift.find import Where, chosen_stacks, find, require_ok
from edgewright.gitops.drift.model import DeviceDrift, Drift
from edgewright.gitops.engine import Engine
from edgewright.gitops.git import Repository, is_work_tree
from edgewright.gitops.stacks import TOOLING, StackFile
from edgewright.gitops.status.model import in_force
from edgewright.gitops.words import count
from edgewright.manifest.controls import ALL
from edgewright.manifest.load import Project

_POLL = 1.0
Say = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """What is done about drift."""

    stacks: tuple[StackFile, ...]
    """Updated, in this order."""
    rings: tuple[tuple[str, str], ...]
    """Fleet and ``stage/ring`` whose deployment is sent again."""


def plan(project: Project, where: Where, drift: Drift) -> Plan:
    """Return what would be done."""
    chosen = chosen_stacks(project, where)
    differing = {each.stack for each in drift.resources}
    behind = {(each.fleet, each.ring) for each in drift.rings}
    updated = tuple(
        stack
        for stack in chosen
        if stack.name in differing
        or any(ring.partition("/")[0] == stack.stage and stack.has(fleet) for fleet, ring in behind)
    )
    again = {(each.fleet, each.ring) for each in drift.devices if _helps(each)}
    # An update makes a revision of a ring that is behind, and every device takes that one.
    return Plan(updated, tuple(sorted(again - behind)))


def _helps(device: DeviceDrift) -> bool:
    return any(each.kind != "extra" for each in device.differences)


def refusals(project: Project, wanted: Plan, drift: Drift) -> Iterator[str]:
    """Yield why it must not be done now: stops, freeze windows, quarantined releases, changes without a commit."""
    root = project.root
    if is_work_tree(root) and not Repository(root).clean():
        yield "the work tree has changes that are not committed, and only what is committed is deployed; commit them"
    seen = set()
    for fleet, ring, release in _touched(project, wanted):
        for control in in_force(project, fleet, ring, release, drift.at):
            # A hold keeps a release from being promoted into a ring; it does not unsettle what is there.
            if control.kind != "hold":
                stage = ring.partition("/")[0]
                line = f"{fleet} in {stage}: {control.kind}: {control.told}"
                if line not in seen:
                    seen.add(line)
                    yield line
    if any(stack.stage == TOOLING for stack in wanted.stacks) and ALL in project.controls.stops:
        yield f"stack {TOOLING}: stop: {project.controls.stops[ALL]}"


def _touched(project: Project, wanted: Plan) -> Iterator[tuple[str, str, str]]:
    """Yield the rings that an update of the stacks may change: all of the fleets in them."""
    for stack in wanted.stacks:
        for fleet, stage in project.stage_fleets(stack.stage) if stack.stage != TOOLING else ():
            if stack.has(fleet.name):
                for ring in stage.rings:
                    yield fleet.name, f"{stack.stage}/{ring.name}", ring.release
    for name, path in wanted.rings:
        yield name, path, project.ring(name, path).release


def repair(project: Project, where: Where, drift: Drift, engine: Engine, *, wait: float, say: Say) -> Drift:
    """Put right what can be put right; return the drift that is left.

    Args:
        project: The manifests.
        where: What was compared.
        drift: What was found there.
        engine: The engine.
        wait: Seconds to wait for devices.
        say: Tells the user what is done.

    Raises:
        RefusedError: a gate says no; nothing was changed.
        EdgewrightError: an update failed.
    """
    wanted = plan(project, where, drift)
    if refused := list(refusals(project, wanted, drift)):
        raise RefusedError("nothing was repaired:\n" + "\n".join(f"  {each}" for each in refused))
    for stack in wanted.stacks:
        say(f"pulumi up --stack {stack.name} --refresh")
        require_ok(engine.up(stack.name, refresh=True))
    if drift.status is not None:
        for ring in drift.status.rings:
            if (ring.reading.fleet, ring.path) in wanted.rings:
                here = reader(project, ring.reading.stage, role=where.scope.role)
                sent = send_again(here, ring.reading)
                say(f"sent the deployment of {ring.reading.fleet} {ring.path} again: {sent}")
    return _settled(project, where, engine, wait=wait if wanted.rings else 0.0, say=say)


def _settled(project: Project, where: Where, engine: Engine, *, wait: float, say: Say) -> Drift:
    """Look again, and until devices have had their time; the stacks are compared once, at the end."""
    ends = time.monotonic() + wait
    if where.devices and wait:
        say(f"waiting for devices, {wait:g} s at most")
        while True:
            left = find(project, replace(where, cloud=False), engine)
            if not (left.underway or any(map(_helps, left.devices))) or time.monotonic() >= ends:
                break
            time.sleep(_POLL)
    return find(project, where, engine)


def told(wanted: Plan) -> str:
    """What a plan does, in one line."""
    parts = [f"update {count(len(wanted.stacks), 'stack')}"] if wanted.stacks else []
    if wanted.rings:
        parts.append(f"send the deployment of {count(len(wanted.rings), 'ring')} again")
    return " and ".join(parts) or "nothing that an update could put right"
