"""Live readings of rings: deployments, job counts, members, health, installed components; parallel and in pages.

What it costs, in calls, for a ring of N devices: one ListDeployments, one GetDeployment, one DescribeJob, N/250 of
ListThingsInThingGroup, N/250 of ListJobExecutionsForJob (the states side by side), N/100 of ListCoreDevices, and one
ListInstalledComponents for each device whose components are asked for (`Depth`). Greengrass has no listing of all
components of many devices.

Longer than other modules, because what is asked, what follows from it and where the answer goes are one thing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from functools import partial
from typing import Any

from edgewright.aws import answers
from edgewright.aws.crew import SIZE, Crew, Job, Unanswered, in_parts
from edgewright.aws.errors import AwsError
from edgewright.aws.reading import FAILED, Deployment, Device, Execution, Facet, Gap, Installed, Outcome, RingReading
from edgewright.aws.reading import Job as JobCounts
from edgewright.aws.rings import Target
from edgewright.aws.session import Session

# The most that each operation answers at once (service models).
_THINGS = 250
_EXECUTIONS = 250
_CORE_DEVICES = 100
_COMPONENTS = 100
# GetCoreDevice for so many devices, or else the listing of all devices of the account.
_SINGLY = 50


class Depth(Enum):
    """Whose installed components are asked for: one call for each device."""

    NONE = "none"
    SUSPECTS = "suspects"
    """Of everybody in a ring of at most ``ask_all`` devices; in larger ones, of devices that give cause for it."""
    ALL = "all"


@dataclass(frozen=True)
class Question:
    """How deep to ask, and how long to wait.

    Attributes:
        depth: Whose installed components are asked for.
        ask_all: The largest ring whose devices are all asked at `Depth.SUSPECTS`.
        suspects: Devices of a larger ring that are asked at most.
        deadline: Seconds for everything together; None waits as long as it takes.
        workers: Calls at a time.
    """

    depth: Depth = Depth.SUSPECTS
    ask_all: int = 250
    suspects: int = 500
    deadline: float | None = None
    workers: int = SIZE


def read(
    wanted: Sequence[Target],
    sessions: Callable[[str], Session],
    question: Question | None = None,
    *,
    on_progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> list[RingReading]:
    """Read rings; what could not be read is in the readings' gaps.

    Args:
        wanted: The rings.
        sessions: The session of a stage.
        question: How deep to ask, and how long to wait.
        on_progress: Called with the numbers of calls that are done, and that are known to be needed.

    Raises:
        AwsError: nothing at all could be read, for one reason.
    """
    question = question or Question()
    crew = Crew(deadline=question.deadline, size=question.workers, on_progress=on_progress)
    accounts: dict[tuple[int, str], _Account] = {}
    drafts = []
    for target in wanted:
        here = sessions(target.stage)
        account = accounts.setdefault((id(here), target.region), _Account(here))
        drafts.append(_Draft(target, here, question, account))
    unanswered = crew.run([job for draft in drafts for job in draft.first()])
    _raise_if_hopeless(drafts, unanswered)
    for each in unanswered:
        for draft in each.job.owner:
            draft.missed(each)
    return [draft.finished() for draft in drafts]


def _raise_if_hopeless(drafts: Sequence[_Draft], unanswered: Sequence[Unanswered]) -> None:
    """Without credentials, say, every call fails for one reason: that is one error, not a gap a call."""
    errors = [each.error for each in unanswered if each.error is not None]
    first = len(drafts) * 3
    codes = {error.code or str(error) for error in errors}
    if drafts and len(errors) == len(unanswered) == first and len(codes) == 1 and not any(d.known for d in drafts):
        raise errors[0]


@dataclass
class _Account:
    """What the rings of one account share: one listing of all its core devices, if any of them needs it."""

    session: Session
    waiting: list[_Draft] = field(default_factory=list)
    reports: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    state: str = "unasked"

    def listing(self, draft: _Draft) -> Iterable[Job]:
        """Return the job that lists all core devices, the first time it is wanted; afterwards none."""
        if self.state == "done":
            return draft.with_reports(self.reports)
        self.waiting.append(draft)
        if self.state == "asked":
            return ()
        self.state = "asked"
        return [
            Job(
                "all core devices of the account",
                lambda: in_parts(_core_devices(self.session), _CORE_DEVICES),
                self._take,
                self._listed,
                owner=self.waiting,
            )
        ]

    def _take(self, part: list[Mapping[str, Any]]) -> None:
        self.reports.update((item["coreDeviceThingName"], item) for item in part)

    def _listed(self) -> Iterable[Job]:
        self.state = "done"
        return [job for draft in self.waiting for job in draft.with_reports(self.reports)]


class _Draft:
    """A reading that is being made. Its jobs form a tree; everything but the asking is in one thread."""

    def __init__(self, target: Target, here: Session, question: Question, account: _Account) -> None:
        self.target = target
        self.known: set[Facet] = set()
        self._session, self._question, self._account = here, question, account
        self._at = datetime.now(UTC)
        self._deployment: Deployment | None = None
        self._job: JobCounts | None = None
        self._members: list[str] = []
        self._reports: dict[str, Mapping[str, Any]] = {}
        self._executions: dict[str, Execution] = {}
        self._outcomes: dict[str, Outcome] = {}
        self._installed: dict[str, dict[str, Installed]] = {}
        self._exists: bool | None = None
        self._gaps: list[Gap] = []
        self._missed: dict[tuple[str, str], list[str]] = {}
        self._open = {Facet.EXECUTIONS: 0, Facet.REPORTS: 0}
        self._listed = False
        self._chosen = False

    # --- what is asked -------------------------------------------------------------------------------------------

    def first(self) -> Iterator[Job]:
        """Yield the questions to begin with."""
        yield self._ask("the latest deployment", self._latest, self._take_deployment, self._after_deployment)
        yield self._ask("the things of its thing group", self._things, self._take_members, self._after_members)
        yield self._ask(
            "what its devices last reported",
            lambda: in_parts(_core_devices(self._session, thingGroupArn=self.target.arn), _CORE_DEVICES),
            self._take_reports,
            self._after_listing,
        )

    def _things(self) -> Iterator[list[str] | None]:
        """Yield the members in parts; None when there is no such group."""
        found = self._items(
            "iot", "list_things_in_thing_group", "things", _THINGS, thingGroupName=self.target.group, recursive=True
        )
        try:
            yield from in_parts(found, _THINGS)
        except AwsError as error:
            if not error.missing:
                raise
            yield None

    def _latest(self) -> Iterator[Mapping[str, Any]]:
        arn = self.target.arn
        answer = self._call("list_deployments", "list its deployments", targetArn=arn, historyFilter="LATEST_ONLY")
        found = [item for item in answer.get("deployments", ()) if item.get("targetArn", arn) == arn]
        if not found:
            return
        deployment_id = str(found[0]["deploymentId"])
        latest = self._call("get_deployment", f"read deployment {deployment_id}", deploymentId=deployment_id)
        if not latest.get("tags"):
            # The answer may come without its tags (CloudFormation's handlers ask for them separately, too).
            resource = f"arn:{arn.split(':')[1]}:greengrass:{self.target.region}:{self.target.account_id}:deployments:"
            tagged = self._call("list_tags_for_resource", "read its tags", resourceArn=resource + deployment_id)
            latest = {**latest, "tags": tagged.get("tags") or {}}
        yield {"summary": found[0], **latest}

    def _after_deployment(self) -> Iterable[Job]:
        self.known.add(Facet.DEPLOYMENT)
        if self._deployment is None:
            # Without a deployment there is nothing to be executed.
            self.known |= {Facet.JOB, Facet.EXECUTIONS}
            return self._devices_asked()
        if self._deployment.job_id is None:
            return self._devices_asked()
        job_id = self._deployment.job_id
        return [
            self._ask(
                "the counts of its job",
                lambda: [self._session.call("iot", "describe_job", doing=f"read job {job_id}", jobId=job_id)],
                self._take_job,
                self._after_job,
            )
        ]

    def _after_job(self) -> Iterable[Job]:
        self.known.add(Facet.JOB)
        assert self._job is not None  # noqa: S101 -- taken before
        job = self._job
        # A status whose count is zero has no page. QUEUED counts things that the rollout has not come to, too.
        wanted = [status for status, name in answers.COUNTS.items() if status != "REMOVED" and getattr(job, name)]
        self._open[Facet.EXECUTIONS] = len(wanted)
        if not wanted:
            return self._after_executions()
        return [
            self._ask(
                f"which devices are {status} in its job",
                lambda status=status: in_parts(  # type: ignore[misc]
                    self._items(
                        "iot", "list_job_executions_for_job", "executionSummaries", _EXECUTIONS, jobId=job.id,
                        status=status,
                    ),
                    _EXECUTIONS,
                ),
                self._take_executions,
                self._after_status,
            )
            for status in wanted
        ]  # fmt: skip

    def _after_status(self) -> Iterable[Job]:
        self._open[Facet.EXECUTIONS] -= 1
        return () if self._open[Facet.EXECUTIONS] else self._after_executions()

    def _after_executions(self) -> Iterable[Job]:
        self.known.add(Facet.EXECUTIONS)
        failed = sorted(thing for thing, each in self._executions.items() if each.status in FAILED)
        jobs = [self._about_outcome(thing) for thing in failed[: self._question.suspects]]
        return [*jobs, *self._devices_asked()]

    def _after_members(self) -> Iterable[Job]:
        self.known.add(Facet.MEMBERS)
        self._exists = self._exists is None
        return self._missing_reports()

    def _after_listing(self) -> Iterable[Job]:
        self._listed = True
        return self._missing_reports()

    def _missing_reports(self) -> Iterable[Job]:
        """Ask for the members that ListCoreDevices of the group does not know: they have not succeeded yet."""
        if not (self._listed and Facet.MEMBERS in self.known):
            return ()
        missing = [thing for thing in self._members if thing not in self._reports]
        if len(missing) > _SINGLY:
            return self._account.listing(self)
        self._open[Facet.REPORTS] = len(missing)
        if not missing:
            return self._reports_known()
        return [
            self._ask(
                "the last report",
                partial(self._core_device, thing),
                self._take_reports,
                self._after_one,
                about=thing,
            )
            for thing in missing
        ]

    def _after_one(self) -> Iterable[Job]:
        self._open[Facet.REPORTS] -= 1
        return () if self._open[Facet.REPORTS] else self._reports_known()

    def with_reports(self, reports: Mapping[str, Mapping[str, Any]]) -> Iterable[Job]:
        """Take in the account's whole listing."""
        self._reports.update((thing, reports[thing]) for thing in self._members if thing in reports)
        return self._reports_known()

    def _reports_known(self) -> Iterable[Job]:
        self.known.add(Facet.REPORTS)
        return self._devices_asked()

    def _devices_asked(self) -> Iterable[Job]:
        """Ask devices for their components, once it is known which ones."""
        question = self._question
        needed = {Facet.MEMBERS, Facet.REPORTS}
        if question.depth is Depth.SUSPECTS:
            needed.add(Facet.EXECUTIONS)
        if self._chosen or question.depth is Depth.NONE or not needed <= self.known:
            return ()
        self._chosen = True
        reported = [thing for thing in self._members if thing in self._reports]
        if question.depth is Depth.SUSPECTS and len(self._members) > question.ask_all:
            suspects = [thing for thing in reported if self._suspect(thing)]
            if len(suspects) > question.suspects:
                why = f"{len(suspects)} devices give cause for it, and {question.suspects} are asked at most"
                self._gaps.append(Gap(what="the components of every device in trouble", why=why))
            chosen = suspects[: question.suspects]
        else:
            chosen = reported
        return [
            self._ask(
                "the components",
                partial(self._components, thing),
                partial(self._take_installed, thing),
                about=thing,
            )
            for thing in chosen
        ]

    def _suspect(self, thing: str) -> bool:
        execution = self._executions.get(thing)
        return self._reports[thing].get("status") == "UNHEALTHY" or (
            execution is not None and execution.status in {*FAILED, "IN_PROGRESS"}
        )

    def _about_outcome(self, thing: str) -> Job:
        assert self._deployment is not None  # noqa: S101 -- there are executions of its job
        deployment_id = self._deployment.id

        def ask() -> Iterator[Mapping[str, Any]]:
            found = self._items(
                "greengrassv2", "list_effective_deployments", "effectiveDeployments", _COMPONENTS,
                coreDeviceThingName=thing,
            )  # fmt: skip
            try:
                yield from (item for item in found if item["deploymentId"] == deployment_id)
            except AwsError as error:
                if not error.missing:  # one that has never reported says nothing
                    raise

        return self._ask("the reason of the failure", ask, partial(self._take_outcome, thing), about=thing)

    # --- the calls -----------------------------------------------------------------------------------------------

    def _ask(
        self,
        what: str,
        ask: Callable[[], Iterable[Any]],
        take: Callable[[Any], None],
        then: Callable[[], Iterable[Job]] = lambda: (),
        *,
        about: str | None = None,
    ) -> Job:
        return Job(what, ask, take, then, about=about, owner=(self,))

    def _call(self, operation: str, doing: str, **arguments: Any) -> dict[str, Any]:
        ring = f"{self.target.fleet} {self.target.stage}/{self.target.ring}"
        return self._session.call("greengrassv2", operation, doing=f"{doing} ({ring})", **arguments)

    def _items(self, service: str, operation: str, key: str, size: int, **arguments: Any) -> Iterator[Any]:
        return self._session.items(
            service, operation, key, doing=f"read {self.target.fleet} {self.target.stage}/{self.target.ring}",
            PaginationConfig={"PageSize": size}, **arguments,
        )  # fmt: skip

    def _core_device(self, thing: str) -> Iterator[list[Mapping[str, Any]]]:
        try:
            yield [self._call("get_core_device", f"read core device {thing}", coreDeviceThingName=thing)]
        except AwsError as error:
            if not error.missing:  # a thing that is no core device, or has never reported
                raise

    def _components(self, thing: str) -> Iterator[list[Mapping[str, Any]]]:
        found = self._items(
            "greengrassv2", "list_installed_components", "installedComponents", _COMPONENTS,
            coreDeviceThingName=thing, topologyFilter="ALL",
        )  # fmt: skip
        yield list(found)

    # --- the answers ---------------------------------------------------------------------------------------------

    def _take_members(self, part: list[str] | None) -> None:
        if part is None:
            self._exists = False
        else:
            self._members.extend(part)

    def _take_deployment(self, answer: Mapping[str, Any]) -> None:
        self._deployment = answers.deployment(answer)

    def _take_job(self, answer: Mapping[str, Any]) -> None:
        self._job = answers.job(answer)

    def _take_executions(self, part: list[Mapping[str, Any]]) -> None:
        self._executions.update(answers.execution(item) for item in part)

    def _take_reports(self, part: list[Mapping[str, Any]]) -> None:
        self._reports.update((item["coreDeviceThingName"], item) for item in part)

    def _take_installed(self, thing: str, part: list[Mapping[str, Any]]) -> None:
        self._installed[thing] = {item["componentName"]: answers.installed(item) for item in part}

    def _take_outcome(self, thing: str, item: Mapping[str, Any]) -> None:
        self._outcomes[thing] = answers.outcome(item)

    def missed(self, unanswered: Unanswered) -> None:
        """Note what was not answered."""
        things = self._missed.setdefault((unanswered.job.what, unanswered.why), [])
        if unanswered.job.about is not None:
            things.append(unanswered.job.about)

    def _missing(self) -> list[Gap]:
        """Return the gaps; one alone when nothing could be read, for one reason."""
        # "could not <do this>: <why>": the reason is the same where only the doing differs.
        reasons = {why.partition(": ")[2] or why for _, why in self._missed}
        if not self.known and len(self._missed) > 1 and len(reasons) == 1:
            return [Gap(what="anything of the ring", why=reasons.pop())]
        return [Gap(what=what, why=why, things=tuple(sorted(them))) for (what, why), them in self._missed.items()]

    def finished(self) -> RingReading:
        """Return the reading."""
        known = set(self.known)
        if {Facet.MEMBERS, Facet.REPORTS} <= known and all(
            thing in self._installed for thing in self._members if thing in self._reports
        ):
            known.add(Facet.COMPONENTS)
        return RingReading(
            fleet=self.target.fleet,
            stage=self.target.stage,
            ring=self.target.ring,
            target=self.target.arn,
            at=self._at,
            exists=self._exists,
            known=frozenset(known),
            deployment=self._deployment,
            job=self._job,
            devices=tuple(self._device(thing) for thing in sorted(self._members)),
            gaps=(*self._gaps, *self._missing()),
        )

    def _device(self, thing: str) -> Device:
        # The account's listing may have been cut by the deadline: what it has said is true all the same.
        report = self._reports.get(thing) or self._account.reports.get(thing, {})
        return Device(
            thing=thing,
            **answers.report(report),
            execution=self._executions.get(thing),
            outcome=self._outcomes.get(thing),
            installed=self._installed.get(thing),
        )


def _core_devices(here: Session, **arguments: Any) -> Iterator[Any]:
    return here.items(
        "greengrassv2", "list_core_devices", "coreDevices", doing="list core devices",
        PaginationConfig={"PageSize": _CORE_DEVICES}, **arguments,
    )  # fmt: skip
