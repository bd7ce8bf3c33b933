"""One simulated core device: a worker that talks to the cloud, a reporter, and the machine that runs its components.

The worker waits for news by long poll and takes jobs, and the deployment shadow, one after another. Without a
connection the components go on; what the cloud has not heard yet is kept and sent on return.

Longer than other modules, because worker, reporter and machine share one device's state and its end.
"""

from __future__ import annotations

import json
import shutil
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from typing import Any, Final

from edgewright.sandbox.device import documents, reporting
from edgewright.sandbox.device.assembling import Surroundings
from edgewright.sandbox.device.cloud import Cloud, CloudError, UnreachableError
from edgewright.sandbox.device.components import State, Status
from edgewright.sandbox.device.deploying import Result, deploy
from edgewright.sandbox.device.documents import Deployment
from edgewright.sandbox.device.edge_agent import EdgeAgent
from edgewright.sandbox.device.failures import DeploymentError, InterruptedDeploymentError
from edgewright.sandbox.device.gate import Gate
from edgewright.sandbox.device.logs import BoundedLog
from edgewright.sandbox.device.machine import Launcher, Machine
from edgewright.sandbox.device.paths import DevicePaths, write_atomically
from edgewright.sandbox.device.recipes import NUCLEUS_TYPE
from edgewright.sandbox.device.reporter import Reporter
from edgewright.sandbox.device.settings import Crashing, Knobs, Settings
from edgewright.sandbox.device.state import NUCLEUS, DeviceState, load
from edgewright.sandbox.device.token_exchange import Credentials, TokenExchange
from edgewright.sandbox.device.workshop import FIRST_WAIT, LONGEST_WAIT, Workshop

_POLL: Final = 20.0  # seconds of a long poll
_LONGEST_AFTER_REFUSAL: Final = 1.0  # seconds; a device waits for its stack to make its policy, and should not be last


class CoreDevice:
    """A device that runs until it is stopped.

    Args:
        settings: who it is.
        paths: its folders.
        cloud: whom it asks.
        launcher: runs its scripts.
        token: marks its processes.
        extra: further environment variables of its components.
        exchange: gives its components credentials.
        same: whether it is the same device as before even if its certificate is another one now.

    Raises:
        OSError: its folders cannot be used.
        ValueError: what it remembers cannot be read.
    """

    def __init__(
        self,
        settings: Settings,
        paths: DevicePaths,
        cloud: Cloud,
        launcher: Launcher,
        *,
        token: str = "",
        extra: Mapping[str, str] | None = None,
        exchange: TokenExchange | None = None,
        same: bool = False,
    ) -> None:
        self._state = _remembered(settings, paths, same=same)
        paths.make()
        self.settings = settings
        self._knobs = settings.knobs
        self._paths = paths
        self._log = BoundedLog(paths.log("greengrass"))
        self._stopping = threading.Event()
        self._turned = threading.Condition()
        self._cloud: Cloud = Gate(cloud, lambda: self._knobs.offline, self._be_late)
        self._install_nucleus()
        self._surroundings = Surroundings(
            settings,
            paths,
            token,
            extra or {},
            exchange=exchange,
            credentials=Credentials(self._cloud.credentials),
        )
        self._surroundings.nucleus_version = self._state.nucleus_version
        self._machine = Machine(launcher, self._surroundings, self._note)
        self._shop = Workshop(
            settings=settings,
            paths=paths,
            state=self._state,
            machine=self._machine,
            launcher=launcher,
            surroundings=self._surroundings,
            cloud=self._cloud,
            log=self._log,
            stopping=self._stopping,
            knobs=lambda: self._knobs,
            turned=self._turned,
        )
        self._reporter = Reporter(self._shop)
        self._edge_agent = EdgeAgent(self._state, self._cloud, self._log)
        name = settings.identity.thing
        self._threads = [
            threading.Thread(target=self._guarded, args=(self._work,), name=f"{name} worker", daemon=True),
            threading.Thread(target=self._guarded, args=(self._reporter.run,), name=f"{name} reporter", daemon=True),
            threading.Thread(target=self._guarded, args=(self._crash,), name=f"{name} crashes", daemon=True),
        ]

    def start(self) -> None:
        """Start the components that were there, then look for work."""
        self._log.line(f"nucleus {self._state.nucleus_version} starts as {self.settings.identity.thing}")
        self._machine.apply(self._shop.installed_specs().values())
        for thread in self._threads:
            thread.start()

    def turn(self, knobs: Knobs) -> None:
        """Set the knobs; what waits looks again at once."""
        if knobs == self._knobs:
            return
        self._log.line(f"knobs: {knobs}")
        self._knobs = knobs
        if knobs.offline:
            self._cloud.interrupt()
        with self._turned:
            self._turned.notify_all()

    def ask_to_stop(self) -> None:
        """Begin to stop; returns at once."""
        self._stopping.set()
        with self._turned:
            self._turned.notify_all()
        self._machine.wake()
        self._cloud.close()

    def stop(self, limit: float) -> None:
        """Stop everything; components get ``limit`` seconds, then they are killed."""
        self.ask_to_stop()
        for thread in self._threads:
            if thread.is_alive():
                thread.join()
        self._machine.stop(limit)
        self._machine.close()
        self._surroundings.close()
        self._state.save(self._paths)
        self._log.line("nucleus stopped")

    def _be_late(self) -> None:
        """Keep a report back as long as the knob says, or until it is turned back."""
        began = time.monotonic()
        with self._turned:
            while not self._stopping.is_set() and (left := began + self._knobs.late - time.monotonic()) > 0:
                self._turned.wait(left)

    def _crash(self) -> None:
        """Kill the processes of components when their time has come; sleeps when there are none to kill."""
        thing, crashing, due, number = self.settings.identity.thing, self._knobs.crashing, dict[Crashing, float](), 0
        while True:
            with self._turned:
                if self._stopping.is_set():
                    return
                if self._knobs.crashing != crashing or len(due) != len(crashing):
                    crashing, number = self._knobs.crashing, 0
                    due = {each: time.monotonic() + each.pause(thing, number) for each in crashing}
                left = min(due.values()) - time.monotonic() if due else None
                if left is None or left > 0:
                    self._turned.wait(left)
                    continue
            for each in [each for each, moment in due.items() if moment <= time.monotonic()]:
                number += 1
                due[each] = time.monotonic() + each.pause(thing, number)
                self._surroundings.log(each.component).line("simulated crash: all processes are killed")
                self._machine.kill(each.component)

    def _note(self, status: Status, before: State) -> None:
        self._reporter.note(status, before)

    # The worker.

    def _guarded(self, body: Callable[[], None]) -> None:
        """A bug in one device must not end in silence: its log has the trace, the others go on."""
        try:
            body()
        except InterruptedDeploymentError:
            return
        except Exception:
            self._log.line(f"the simulation failed\n{traceback.format_exc()}")
            raise

    def _install_nucleus(self) -> None:
        """A new device has the nucleus that its installer put there; so has one whose registry entry changes it."""
        version = self.settings.nucleus_version
        if self._state.installed_nucleus != version:
            self._state.set_nucleus(version)
        path = self._paths.recipe(NUCLEUS, self._state.nucleus_version)
        if not path.exists():
            recipe = {
                "RecipeFormatVersion": "2020-01-25",
                "ComponentName": NUCLEUS,
                "ComponentVersion": self._state.nucleus_version,
                "ComponentType": NUCLEUS_TYPE,
            }
            write_atomically(path, json.dumps(recipe))
        self._state.save(self._paths)

    def _work(self) -> None:
        wait, news, connected = FIRST_WAIT, 0, False
        trigger: reporting.Trigger = "NUCLEUS_LAUNCH"
        while not self._stopping.is_set():
            try:
                if not connected:
                    self._reporter.send(trigger)
                    connected, trigger = True, "RECONNECT"
                self._flush()
                self._take_jobs()
                self._take_shadow()
                self._edge_agent.beat()
                wait = FIRST_WAIT
                news = self._cloud.wait_for_news(news, _POLL)
            except UnreachableError as error:
                connected, news = False, 0
                self._pause(f"no connection: {error}", wait)
                wait = min(wait * 2, LONGEST_WAIT)
            except CloudError as error:
                self._pause(f"the cloud refuses: {error}", wait)
                wait = min(wait * 2, _LONGEST_AFTER_REFUSAL)

    def _pause(self, why: str, seconds: float) -> None:
        """Wait before the next attempt; an offline device waits until it is turned on again."""
        if self._stopping.is_set():
            return
        self._log.line(why)
        with self._turned:
            if self._knobs.offline:
                self._turned.wait_for(lambda: self._stopping.is_set() or not self._knobs.offline)
            else:
                self._turned.wait_for(self._stopping.is_set, seconds)

    def _take_jobs(self) -> None:
        while not self._stopping.is_set():
            job = self._cloud.next_job()
            if job is None:
                return
            if any(item.get("job") == job.job_id for item in self._state.outbox):
                self._flush()  # its result is known, only the cloud had not heard
                continue
            self._carry_out(job.document, "IOT_JOBS", job.job_id)

    def _take_shadow(self) -> None:
        shadow = self._cloud.shadow()
        if shadow is None or shadow.desired.get("desiredStatus") == "CANCELED":
            return
        text = shadow.desired.get("fleetConfig")
        try:
            document = json.loads(text) if isinstance(text, str) else text
        except ValueError:
            document = text
        if not isinstance(document, dict) or document.get("deploymentId") in {None, self._state.shadow}:
            return
        self._cloud.update_shadow(self._reported(document, "IN_PROGRESS", {}))
        self._carry_out(document, "SHADOW", None)

    def _carry_out(self, document: Any, source: documents.Source, job_id: str | None) -> None:
        """Carry out a deployment and tell the cloud what became of it."""
        deployment: Deployment | None = None
        self._reporter.deploying = True
        try:
            deployment = documents.parse(document, source)
            self._log.line(f"deployment {deployment.identifier} of {deployment.group} begins")
            result = deploy(deployment, self._shop)
        except DeploymentError as error:
            result = Result("REJECTED" if deployment is None else "FAILED_NO_STATE_CHANGE", error)
        finally:
            self._reporter.deploying = False
        found = document if isinstance(document, dict) else {}
        identifier = str(found.get("deploymentId") or "")
        because = f": {result.error}" if result.error is not None else ""
        self._log.line(f"deployment {identifier or job_id}: {result.detailed}{because}")
        information = reporting.information(found, deployment, result.detailed, result.error)
        if source == "SHADOW":
            self._state.shadow = identifier
        self._state.outbox = [*self._state.outbox, {"job": job_id, "document": found, "information": information}]
        self._state.save(self._paths)
        self._flush()

    def _flush(self) -> None:
        """Tell the cloud what it has not heard: first the fleet status, so that who sees the job's end sees it too."""
        while self._state.outbox:
            item = self._state.outbox[0]
            information = item["information"]
            job = item["job"]
            self._reporter.send("THING_GROUP_DEPLOYMENT" if job else "THING_DEPLOYMENT", deployment=information)
            try:
                if job:
                    details = reporting.job_details(information["statusDetails"])
                    self._cloud.update_job(job, information["status"], details)
                else:
                    reported = self._reported(item["document"], information["status"], information["statusDetails"])
                    self._cloud.update_shadow(reported)
            except CloudError as error:  # it has ended without us: cancelled, timed out, deleted
                self._log.line(f"the result of {information['deploymentId']} is not wanted: {error}")
            self._state.outbox = self._state.outbox[1:]
            self._state.save(self._paths)

    def _reported(self, document: Mapping[str, Any], status: str, details: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "ARNForStatus": str(document.get("configurationArn") or ""),
            "deploymentId": str(document.get("deploymentId") or ""),
            "status": status,
            "statusDetails": {
                "detailedStatus": details.get("detailedStatus"),
                "failureCause": details.get("deploymentFailureCause"),
            },
            "ggcVersion": self._state.nucleus_version,
        }


def _remembered(settings: Settings, paths: DevicePaths, *, same: bool) -> DeviceState:
    """What the device remembers; one with another certificate was made anew, and its disk is empty."""
    certificate = settings.identity.certificate_id
    state = load(paths)
    if state.certificate not in {"", certificate} and not same:
        shutil.rmtree(paths.root)
        state = DeviceState()
    state.certificate = certificate
    return state
