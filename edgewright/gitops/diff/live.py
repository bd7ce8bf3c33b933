"""A comparison with what AWS knows of the rings now: devices, online, sites, and whether the ring before is well.

Everything else of a comparison is offline. What cannot be read here is left out, and named; it is no reason to fail,
for the change is the same whether AWS answers or not.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from edgewright.aws.crew import Crew, Job
from edgewright.aws.errors import AwsError
from edgewright.aws.fleet import Depth, Question, read
from edgewright.aws.reading import RingReading
from edgewright.aws.rings import Target, reader, targets
from edgewright.aws.session import Session
from edgewright.gitops import words
from edgewright.gitops.diff import reach
from edgewright.gitops.diff.findings import ordered
from edgewright.gitops.diff.model import Finding, ProjectDiff, Reach, RingDiff
from edgewright.gitops.diff.rings import rings_of
from edgewright.manifest.load import Project

SITE = "site"
"""The attribute of a thing that says where it is."""
_SITES_OF = 500
"""Devices of a ring whose site is asked for at most: it takes a call each."""
_SIGNS = (
    "AWS_ACCESS_KEY_ID",
    "AWS_PROFILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_ENDPOINT_URL",
)
_NAMED = 3

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Look:
    """How AWS is read.

    Attributes:
        role: Name of the role in each stage's account; the stage's deploy role when None, the environment's own
            credentials when empty.
        deadline: Seconds for everything together.
    """

    role: str | None = None
    deadline: float = 30.0


def can_ask() -> bool:
    """Whether the environment has a sign of credentials; without one, a look would only wait for nobody."""
    return any(os.environ.get(name) for name in _SIGNS)


def enrich(diff: ProjectDiff, project: Project, look: Look, *, on_progress: Progress = lambda *_: None) -> ProjectDiff:
    """Return the comparison with live numbers.

    Args:
        diff: Without them.
        project: The head.
        look: How AWS is read.
        on_progress: Called with the numbers of questions that are answered, and known to be needed.

    Raises:
        AwsError: nothing at all could be read, for one reason.
    """
    wanted = _wanted(diff, project)
    if not wanted:
        return replace(diff, offline="no ring gets a new release")
    sessions = _Sessions(project, look.role)
    question = Question(depth=Depth.SUSPECTS, ask_all=0, deadline=look.deadline)
    readings = {(each.fleet, each.path): each for each in read(wanted, sessions, question, on_progress=on_progress)}
    if not any(each.known for each in readings.values()):
        gap = next(gap for each in readings.values() for gap in each.gaps)
        raise AwsError(f"AWS could not be read: {gap}")
    changed = [readings[ring.fleet, ring.path] for ring in diff.rings if ring.deploys]
    return joined(diff, project, readings, _sites(changed, sessions, look.deadline))


def joined(
    diff: ProjectDiff,
    project: Project,
    readings: Mapping[tuple[str, str], RingReading],
    sites: Mapping[str, Mapping[str, int]],
) -> ProjectDiff:
    """Return the comparison with what was read. Pure.

    Args:
        diff: Without it.
        project: The head.
        readings: By fleet and stage/ring; at least one.
        sites: Devices by site, by fleet/stage/ring.
    """
    fleets = tuple(
        replace(fleet, rings=tuple(_ring(ring, readings, sites, project) for ring in fleet.rings))
        for fleet in diff.fleets
    )
    found = [finding for ring in diff.rings for finding in _findings(ring, readings, project)]
    at = max(each.at for each in readings.values())
    return replace(
        diff, fleets=fleets, findings=tuple(ordered([*diff.findings, *found])), live=words.moment(at), offline=""
    )


class _Sessions:
    """One session a stage, made when it is first asked for."""

    def __init__(self, project: Project, role: str | None) -> None:
        self._project, self._role = project, role
        self._made: dict[str, Session] = {}

    def __call__(self, stage: str) -> Session:
        if stage not in self._made:
            self._made[stage] = reader(self._project, stage, role=self._role)
        return self._made[stage]


def _wanted(diff: ProjectDiff, project: Project) -> list[Target]:
    """The rings that get a release, and the ring before each of them."""
    names = set()
    for ring in diff.rings:
        if ring.deploys:
            names.add((ring.fleet, ring.path))
            before = _before(ring, project)
            if before is not None:
                names.add((ring.fleet, before))
    fleets = sorted({fleet for fleet, _ in names})
    found = [target for fleet in fleets for target in targets(project, fleet=fleet)]
    return [target for target in found if (target.fleet, f"{target.stage}/{target.ring}") in names]


def _before(ring: RingDiff, project: Project) -> str | None:
    order = list(rings_of(project, ring.fleet))
    at = order.index(ring.path)
    return order[at - 1] if at else None


def _ring(
    ring: RingDiff,
    readings: Mapping[tuple[str, str], RingReading],
    sites: Mapping[str, Mapping[str, int]],
    project: Project,
) -> RingDiff:
    reading = readings.get((ring.fleet, ring.path))
    if not ring.deploys or ring.reach is None or reading is None or not reading.exists or reading.gaps:
        return ring
    online = reading.online()
    healthy = reading.healthy()
    rollout = rings_of(project, ring.fleet)[ring.path].rollout
    # A named thing that is new is no member yet; the change makes it one.
    devices = max(len(reading.devices), ring.reach.devices or 0)
    live: Reach = replace(
        ring.reach,
        devices=devices,
        minutes=reach.minutes(len(online), rollout.rate),
        online=len(online),
        unhealthy=len(online) - len(healthy) if reading.deployment is not None else None,
        sites=sites.get(f"{ring.fleet}/{ring.path}"),
    )
    return replace(ring, reach=live)


def _findings(ring: RingDiff, readings: Mapping[tuple[str, str], RingReading], project: Project) -> Iterable[Finding]:
    if not ring.deploys:
        return
    where = f"{ring.fleet}/{ring.path}"
    for gap in (readings[ring.fleet, ring.path].gaps if (ring.fleet, ring.path) in readings else ())[:1]:
        yield Finding("note", "not-read", where, f"could not be read whole: {words.plain(str(gap))}")
    before = _before(ring, project)
    reading = readings.get((ring.fleet, before)) if before is not None else None
    if before is None or reading is None:
        return
    share = reading.healthy_share()
    gate = project.fleets[ring.fleet].promotion.gates.get(before)
    least = gate.healthy if gate is not None and gate.healthy is not None else 1.0
    if share is not None and share < least:
        named = [f"{each.thing} {words.plain(each.why, 120)}" for each in reading.stragglers() if each.online][:_NAMED]
        yield Finding(
            "warning",
            "unhealthy-before",
            where,
            f"the ring before it, {before}, is not well: {reach.percent(share)} of {len(reading.online())} online "
            f"devices are healthy, wanted is {reach.percent(least)}: {'; '.join(named)}",
        )
    deployed = reading.deployment.release if reading.deployment is not None else None
    if ring.origin == before and deployed != ring.after and reading.deployment is not None:
        runs = words.short(deployed) if deployed else "a deployment that Edgewright did not make"
        yield Finding("warning", "not-proven", where, f"takes a release that {before} does not run now: it has {runs}")


def _sites(readings: Iterable[RingReading], sessions: _Sessions, deadline: float) -> dict[str, dict[str, int]]:
    """The devices of each ring by their site; rings that are too large, or whose things have none, are left out."""
    found: dict[str, Counter[str]] = {}
    jobs: list[Job] = []

    def job(key: str, session: Session, thing: str) -> Job:
        def ask() -> Iterable[object]:
            answer = session.call("iot", "describe_thing", doing=f"describe thing {thing}", thingName=thing)
            return [(answer.get("attributes") or {}).get(SITE)]

        def take(site: object) -> None:
            if isinstance(site, str) and site:
                found[key][site] += 1

        return Job(f"the site of {thing}", ask, take, about=thing)

    for reading in readings:
        if 0 < len(reading.devices) <= _SITES_OF:
            key = f"{reading.fleet}/{reading.path}"
            found[key] = Counter()
            jobs += [job(key, sessions(reading.stage), device.thing) for device in reading.devices]
    unanswered = Crew(deadline=deadline).run(jobs) if jobs else []
    if unanswered:
        # Half of the sites would look like all of them.
        return {}
    return {key: dict(sites) for key, sites in found.items() if sites}
