"""What light devices do: one thread looks at those that have news or whose time has come.

It works in short turns under the world's lock, so that requests are answered in between. Durations (``slow``,
``late``, ``defer``, faults) pass on the sandbox's clock; nothing ever sleeps for one device.

Longer than other modules, because it is one state machine.
"""

from __future__ import annotations

import heapq
import itertools
import json
import logging
import threading
import time
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from edgewright.sandbox.authorization import device as authorization
from edgewright.sandbox.authorization.needs import Need
from edgewright.sandbox.device import deploying, documents, reporting
from edgewright.sandbox.device.components import State
from edgewright.sandbox.device.documents import Deployment
from edgewright.sandbox.device.failures import DeploymentError
from edgewright.sandbox.device.reporting import Trigger
from edgewright.sandbox.device.settings import Knobs
from edgewright.sandbox.device.workshop import may_not_resolve
from edgewright.sandbox.greengrassv2.deployments import SHADOW
from edgewright.sandbox.greengrassv2.exceptions import ResourceNotFoundException
from edgewright.sandbox.iot.exceptions import InvalidRequest, InvalidStateTransition, ResourceNotFound
from edgewright.sandbox.iot.jobs import WAITING
from edgewright.sandbox.light.fleet import Batch, LightDevice, LightFleet, fleet
from edgewright.sandbox.light.states import LightState, Outcome, Planner, with_nucleus
from edgewright.sandbox.world import World, world

log = logging.getLogger("edgewright.sandbox")
TURN: Final = 0.02  # seconds of this machine for which a turn holds the world's lock at most
TICK: Final = 0.1  # seconds of this machine between two looks at what is due
RETRY: Final = 30.0  # seconds of the sandbox after which a device that was refused tries again
_CRASHES_TO_BREAK: Final = 3


@dataclass
class _Work:
    """A deployment under way; its result is known, and is told at ``due``."""

    job: str | None
    document: Mapping[str, Any]
    deployment: Deployment | None
    outcome: Outcome
    due: float


@dataclass
class _News:
    """What is to be told at ``due``: a fleet status message, then the end of a job or the shadow."""

    due: float
    message: Mapping[str, Any]
    job: tuple[str, str, Mapping[str, str]] | None = None


class Engine:
    """Lets light devices do their work.

    Args:
        devices: all of them.
        around: the world that they live in.
    """

    def __init__(self, devices: LightFleet, around: World) -> None:
        self._devices = devices
        self._world = around
        self._queue: deque[tuple[str, str]] = deque()
        self._queued: set[tuple[str, str]] = set()
        self._timers: list[tuple[float, int, tuple[str, str]]] = []
        self._numbers = itertools.count()
        self._planners: dict[tuple[Any, ...], Planner] = {}
        self._documents: dict[str, Mapping[str, Any]] = {}
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to work in a thread of its own, once."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="light devices", daemon=True)
            self._thread.start()

    def hear(self, topic: object) -> None:
        """News of the world: if it is for a light device, that one has a look. Call with the lock held."""
        if isinstance(topic, tuple) and topic in self._devices.devices:
            self._enqueue(topic)

    def look(self, devices: Iterable[LightDevice]) -> None:
        """Let devices have a look at what there is. Call with the lock held."""
        for device in devices:
            self._enqueue((device.account, device.thing))

    def forget(self) -> None:
        """There are no light devices any more. Call with the lock held."""
        self._devices.devices.clear()
        self._queue.clear()
        self._queued.clear()
        self._timers.clear()
        self._planners.clear()
        self._documents.clear()

    def step(self) -> bool:
        """One turn; says whether there is more to do at once."""
        with self._world.lock:
            now = self._world.clock.now()
            while self._timers and self._timers[0][0] <= now:
                self._enqueue(heapq.heappop(self._timers)[2])
            ends = time.monotonic() + TURN
            while self._queue and time.monotonic() < ends:
                key = self._queue.popleft()
                self._queued.discard(key)
                device = self._devices.devices.get(key)
                if device is None:
                    continue
                try:
                    self._visit(device)
                except Exception:  # a bug must not stop ten thousand devices
                    log.exception("light device %s", device.thing)
            return bool(self._queue)

    def _run(self) -> None:
        while True:
            self._wake.wait(TICK if self._timers else None)
            self._wake.clear()
            while self.step():
                time.sleep(0.001)  # whoever waits for the lock gets it

    def _enqueue(self, key: tuple[str, str]) -> None:
        if key not in self._queued:
            self._queued.add(key)
            self._queue.append(key)
            self._wake.set()

    def _later(self, device: LightDevice, due: float | None) -> None:
        if due is not None and (device.wakes is None or due < device.wakes):
            device.wakes = due
            heapq.heappush(self._timers, (due, next(self._numbers), (device.account, device.thing)))
            self._wake.set()

    # --- one device -------------------------------------------------------------------------------------------

    def _visit(self, device: LightDevice) -> None:
        now = self._world.clock.now()
        device.wakes = None
        knobs, nucleus = device.knobs(now)
        self._later(device, device.next_turn(now))
        if nucleus != device.nucleus:
            device.state, device.nucleus, device.online = with_nucleus(device.state, nucleus), nucleus, False
            device.launched = False
        self._crash(device, knobs, now)
        self._finish(device, knobs, now)
        if knobs.offline:
            device.online = False
            return
        if not device.online and not self._connect(device, knobs, now):
            self._later(device, now + RETRY)
            return
        while self._told(device, now) and device.work is None and self._take(device, knobs, now):
            self._finish(device, knobs, now)

    def _connect(self, device: LightDevice, knobs: Knobs, now: float) -> bool:
        """Tell of itself on a new connection, if its policy lets it."""
        if not _may(device, "POST", f"/topics/{reporting.topic(device.thing)}"):
            return False
        device.online = True
        trigger: Trigger = "RECONNECT" if device.launched else "NUCLEUS_LAUNCH"
        device.launched = True
        device.outbox.insert(0, _News(now + knobs.late, _message(device, trigger)))
        return True

    def _told(self, device: LightDevice, now: float) -> bool:
        """Tell what is due; says whether everything is told."""
        batch = device.batch
        while device.outbox:
            news: _News = device.outbox[0]
            if news.due > now:
                self._later(device, news.due)
                return False
            del device.outbox[0]
            batch.greengrass.report(device.thing, news.message)
            if news.job is not None:
                job, status, details = news.job
                try:
                    batch.iot.update_execution(
                        job, device.thing, status=status, details=details, expected=None, step_minutes=None
                    )
                except (InvalidStateTransition, InvalidRequest, ResourceNotFound):
                    continue  # it has ended without the device: cancelled, timed out or deleted
        return True

    def _take(self, device: LightDevice, knobs: Knobs, now: float) -> bool:
        """Begin the next deployment, if there is one."""
        found = self._next(device)
        if found is None:
            return False
        job, document, source = found
        deployment: Deployment | None = None
        duration = 0.0
        try:
            deployment = documents.parse(document, source)
            duration = knobs.slow + (knobs.defer if deployment.notify else 0.0)
            if deployment.in_part:
                deployment = self._whole(device, deployment)
            outcome = self._work_out(device, deployment, knobs)
        except DeploymentError as error:
            outcome = Outcome(device.state, "REJECTED" if deployment is None else "FAILED_NO_STATE_CHANGE", error)
        if source == "SHADOW":
            device.shadow = str(document.get("deploymentId"))
        device.work = _Work(job, document, deployment, outcome, now + duration)
        return True

    def _next(self, device: LightDevice) -> tuple[str | None, Mapping[str, Any], documents.Source] | None:
        iot = device.batch.iot
        waiting = iot.executions_of.get(device.thing)
        if waiting and any(execution.status in WAITING for execution in waiting.values()):
            if not _may(device, "PUT", f"/things/{device.thing}/jobs/$next"):
                self._later(device, self._world.clock.now() + RETRY)
                return None
            execution = iot.start_next(device.thing, None, None)
            if execution is not None:
                return execution.job_id, self._document(execution.job_id, execution.job.document), "IOT_JOBS"
        thing = iot.things.get(iot.thing_arn(device.thing))
        shadow = thing.thing_shadows.get(SHADOW) if thing is not None else None
        if shadow is None or not _may(device, "GET", f"/things/{device.thing}/shadow", SHADOW):
            return None
        desired = (shadow.to_dict(include_delta=False).get("state") or {}).get("desired") or {}
        text = desired.get("fleetConfig")
        document = json.loads(text) if isinstance(text, str) else None
        if not isinstance(document, dict) or document.get("deploymentId") in {None, device.shadow}:
            return None
        return None, document, "SHADOW"

    def _document(self, job: str, text: Any) -> Mapping[str, Any]:
        """A job's document, read once for all of its devices."""
        known = self._documents.get(job)
        if known is None:
            try:
                value = json.loads(text)
            except (TypeError, ValueError):
                value = None
            known = self._documents[job] = value if isinstance(value, dict) else {}
        return known

    def _whole(self, device: LightDevice, deployment: Deployment) -> Deployment:
        """A deployment with its configuration, which was too large for the job."""
        path = f"/greengrass/v2/coreDevices/{device.thing}/deployments/{deployment.identifier}/configuration"
        refused = authorization.missing(device, device.batch.iot, authorization.needs(device, "GET", path))
        if refused is not None:
            raise deploying.no_document(authorization.refusal(device, refused).message, denied=True)
        key = f"{deployment.identifier} whole"
        if key not in self._documents:
            self._documents[key] = device.batch.greengrass.deployments.find(deployment.identifier).document()
        return documents.parse(self._documents[key], deployment.source)

    def _work_out(self, device: LightDevice, deployment: Deployment, knobs: Knobs) -> Outcome:
        batch, state = device.batch, device.state
        planner = self._planner(batch)
        left: set[str] = set()
        if _may(device, "GET", f"/greengrass/v2/coreDevices/{device.thing}/thingGroups"):
            member_of = [f"thinggroup/{arn.rpartition('/')[2]}" for arn in batch.iot.groups_of(device.thing)]
            left = deploying.groups_left(deployment, state.memory, member_of)
        path = "/greengrass/v2/resolveComponentCandidates"
        refused = authorization.missing(device, batch.iot, authorization.needs(device, "POST", path))
        if refused is not None:
            raise _refusal(device, refused)
        plan = planner.plan(deployment, state, left, batch.greengrass.components.stamp())
        victim = None
        if deployment.chosen_to_fail(device.thing, knobs.fail) and plan.error is None:
            victim = deploying.victim_of(deployment, plan.after.recipes)
        for failing in knobs.failing if victim is None else ():
            for name in sorted(plan.starts):
                version = plan.after.recipes[name].version
                if victim is None and failing.fails(name, version, device.thing, deployment.identifier):
                    victim = name
        return planner.carry_out(deployment, plan, victim=victim, full=knobs.disk_full)

    def _planner(self, batch: Batch) -> Planner:
        key = (batch.account, batch.region, tuple(sorted(batch.attributes.items())))
        found = self._planners.get(key)
        if found is None:
            attributes = batch.attributes

            def resolve(name: str, requirements: Mapping[str, str]) -> str | None:
                candidate = {"componentName": name, "versionRequirements": dict(requirements)}
                try:
                    (chosen,) = batch.greengrass.components.resolve([candidate], attributes)
                except ResourceNotFoundException:
                    return None
                recipe: bytes = chosen["recipe"]
                return recipe.decode("utf-8")

            found = self._planners[key] = Planner(attributes, resolve)
        return found

    def _finish(self, device: LightDevice, knobs: Knobs, now: float) -> None:
        """Take over the result of a deployment whose time has come."""
        work: _Work | None = device.work
        if work is None:
            return
        if work.due > now:
            self._later(device, work.due)
            return
        device.work = None
        outcome = work.outcome
        if outcome.state is not device.state and outcome.detailed != "FAILED_NO_STATE_CHANGE":
            device.state, device.crashes = outcome.state, {}
        information = reporting.information(work.document, work.deployment, outcome.detailed, outcome.error)
        trigger: Trigger = "THING_GROUP_DEPLOYMENT" if work.job else "THING_DEPLOYMENT"
        message = _message(device, trigger, deployment=information)
        job = None
        if work.job is not None:
            job = (work.job, str(information["status"]), reporting.job_details(information["statusDetails"]))
        device.outbox.append(_News(now + knobs.late, message, job))

    def _crash(self, device: LightDevice, knobs: Knobs, now: float) -> None:
        """Let components die whose time has come: the nucleus sees it where the lifecycle has ``run``."""
        for crashing in knobs.crashing:
            number, due, deaths = device.crashes.get(crashing, (0, now + crashing.pause(device.thing, 0), 0))
            recipe = device.state.recipes.get(crashing.component)
            if due <= now:
                number, due = number + 1, now + crashing.pause(device.thing, number + 1)
                if recipe is not None and "run" in recipe.steps and recipe.name not in device.state.broken:
                    deaths += 1
                    self._die(device, recipe.name, knobs, now, broken=deaths >= _CRASHES_TO_BREAK)
            device.crashes[crashing] = (number, due, deaths)
            self._later(device, due)

    def _die(self, device: LightDevice, name: str, knobs: Knobs, now: float, *, broken: bool) -> None:
        details = {"statusCodes": ["RUN_ERRORED"], "statusReason": "Error during run: exit code 137"}
        before: LightState = device.state
        if broken:
            device.state = before.with_broken({*before.broken, name})
        shown = {**device.state.reported[name], "status": State.BROKEN if broken else State.ERRORED}
        trigger: Trigger = "BROKEN_COMPONENT" if broken else "ERRORED_COMPONENT"
        said = [{**shown, "statusDetails": details}]
        device.outbox.append(_News(now + knobs.late, _message(device, trigger, only=said)))
        if not broken:
            again = [before.reported[name]]
            device.outbox.append(_News(now + knobs.late, _message(device, "COMPONENT_STATUS_CHANGE", only=again)))


def _may(device: LightDevice, method: str, path: str, shadow: str = "") -> bool:
    """Whether the policies of the device's certificate, which must be active, let it ask so."""
    iot = device.batch.iot
    certificate = iot.certificates.get(device.certificateId)
    if certificate is None or certificate.status != "ACTIVE":
        return False
    if (certificate.arn, device.thing) not in iot.principal_things:
        return False
    return authorization.missing(device, iot, authorization.needs(device, method, path, shadow)) is None


def _refusal(device: LightDevice, need: Need) -> DeploymentError:
    return may_not_resolve(authorization.refusal(device, need).message)


def _message(
    device: LightDevice,
    trigger: Trigger,
    *,
    only: list[dict[str, Any]] | None = None,
    deployment: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """A fleet status message, in the nucleus's own form."""
    sequence, device.sequence = device.sequence, device.sequence + 1
    platform = device.batch.platform
    result: dict[str, Any] = {
        "ggcVersion": device.state.memory.nucleus_version,
        "platform": platform.get("os", "unknown"),
        "architecture": platform.get("architecture", "unknown"),
        "runtime": device.batch.runtime,
        "thing": device.thing,
        "sequenceNumber": sequence,
        "timestamp": int(time.time() * 1000),
        "messageType": "COMPLETE" if only is None else "PARTIAL",
        "trigger": trigger,
        "overallDeviceStatus": "UNHEALTHY" if device.state.broken else "HEALTHY",
        "components": list(device.state.reported.values()) if only is None else only,
    }
    if deployment is not None:
        result["deploymentInformation"] = dict(deployment)
    return result


engine = Engine(fleet, world)
"""Lets the light devices of this process's sandbox work."""
