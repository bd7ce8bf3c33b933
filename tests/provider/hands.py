"""Core devices moved by hand: they take deployments through the sandbox's own protocol and do as a test says.

They run nothing; they merge and reset configuration by the rules on paper (`tests.provider.nucleus`), so that a test
can ask what a device holds after any history of revisions.
"""

from __future__ import annotations

import contextlib
import json
import threading
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self

from edgewright.documents import naming
from edgewright.sandbox.control import Sandbox
from tests.provider.nucleus import take

Behave = Callable[[dict[str, Any]], str]
"""From the components of a deployment document: "succeed", "fail", "begin" (and never end), or "refuse"."""

# Whole numbers where the API has doubles: it answers 20.0 about the 20 that was sent.
ROLLOUT: dict[str, Any] = {
    "jobExecutionsRolloutConfig": {
        "exponentialRate": {
            "baseRatePerMinute": 1000,
            "incrementFactor": 2,
            "rateIncreaseCriteria": {"numberOfNotifiedThings": 1},
        }
    },
    "abortConfig": {
        "criteriaList": [
            {
                "failureType": "FAILED",
                "action": "CANCEL",
                "thresholdPercentage": 20,
                "minNumberOfExecutedThings": 5,
            }
        ]
    },
}


def succeed(_components: dict[str, Any]) -> str:
    return "succeed"


def fail_on(version: str) -> Behave:
    """Fail whatever contains a component of ``version``."""
    return lambda components: "fail" if any(each["version"] == version for each in components.values()) else "succeed"


@dataclass
class Device:
    """One core device."""

    thing: str
    behave: Behave
    certificate: str
    online: bool = True
    direct: bool = False
    """Whether it takes deployments to the thing itself, which come without a job."""
    held: dict[str, dict[str, Any]] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)
    """What it reports of a component of a version, where that is not RUNNING."""
    taken: list[str] = field(default_factory=list)


class Hands:
    """All devices of one thing group, looked after by one thread."""

    def __init__(self, sandbox: Sandbox, account: str, group: str) -> None:
        self.sandbox, self.account, self.group = sandbox, account, group
        self.devices: dict[str, Device] = {}
        self._jobs = sandbox.client("iot-jobs-data", account)
        self._iot = sandbox.client("iot", account)
        allow = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
        with contextlib.suppress(self._iot.exceptions.ResourceAlreadyExistsException):
            self._iot.create_policy(
                policyName=naming.device_policy("line-inspection", "staging"), policyDocument=json.dumps(allow)
            )
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def add(self, thing: str, behave: Behave = succeed, *, online: bool = True) -> Device:
        registered = self.sandbox.add_device(thing, fleet="line-inspection", stage="staging")
        self._iot.add_thing_to_thing_group(thingGroupName=self.group, thingName=thing)
        device = Device(thing, behave, registered["certificateId"], online)
        self.devices[thing] = device
        return device

    def settle(self, condition: Callable[[], bool], seconds: float = 10) -> None:
        """Wait until devices have come so far."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, "the devices did not come so far"
            self._stop.wait(0.02)

    def _run(self) -> None:
        while not self._stop.wait(0.03):
            for device in list(self.devices.values()):
                if device.online:
                    self._work(device)

    def _work_directly(self, device: Device) -> None:
        """Take the latest deployment to the thing itself, of which only the device's own report tells."""
        target = f"arn:aws:iot:{self.sandbox.region}:{self.account}:thing/{device.thing}"
        greengrass = self.sandbox.client("greengrassv2", self.account)
        for item in greengrass.list_deployments(targetArn=target)["deployments"]:
            if item["deploymentId"] in device.taken or item["deploymentStatus"] == "CANCELED":
                continue
            device.taken.append(item["deploymentId"])
            found = greengrass.get_deployment(deploymentId=item["deploymentId"])
            components = {
                name: {
                    "version": each["componentVersion"],
                    "configurationUpdate": {
                        "reset": (each.get("configurationUpdate") or {}).get("reset"),
                        "merge": json.loads((each.get("configurationUpdate") or {}).get("merge") or "{}"),
                    },
                }
                for name, each in (found.get("components") or {}).items()
            }
            outcome = device.behave(components)
            if outcome == "succeed":
                self._take(device, components)
            document = {
                "deploymentId": item["deploymentId"],
                "configurationArn": (
                    f"arn:aws:greengrass:{self.sandbox.region}:{self.account}:configuration:thing/{device.thing}:"
                    f"{item['revisionId']}"
                ),
            }
            self._report(device, document, "SUCCEEDED" if outcome == "succeed" else "FAILED")

    def _work(self, device: Device) -> None:
        if device.direct:
            self._work_directly(device)
            return
        execution = self._jobs.start_next_pending_job_execution(thingName=device.thing).get("execution")
        if not execution or execution["jobId"] in device.taken:
            return
        device.taken.append(execution["jobId"])
        document = json.loads(execution["jobDocument"])
        outcome = device.behave(document["components"])
        if outcome == "begin":
            return
        if outcome == "succeed":
            self._take(device, document["components"])
        status = {"succeed": "SUCCEEDED", "fail": "FAILED", "refuse": "REJECTED"}[outcome]
        self._report(device, document, status)
        details = {"detailed-deployment-status": "SUCCESSFUL" if outcome == "succeed" else "FAILED_ROLLBACK_COMPLETE"}
        if outcome != "succeed":
            details["deployment-failure-cause"] = "the model does not load"
        self._jobs.update_job_execution(
            jobId=execution["jobId"], thingName=device.thing, status=status, statusDetails=details
        )

    def _take(self, device: Device, components: dict[str, Any]) -> None:
        held = {}
        for name, component in components.items():
            update = component.get("configurationUpdate") or {}
            held[name] = take(device.held.get(name, {}), update.get("reset") or [], update.get("merge") or {})
        device.held = held
        device.versions = {name: component["version"] for name, component in components.items()}

    def _report(self, device: Device, document: dict[str, Any], status: str) -> None:
        details: dict[str, Any] = {"detailedStatus": "SUCCESSFUL"}
        if status != "SUCCEEDED":
            details = {
                "detailedStatus": "FAILED_ROLLBACK_COMPLETE",
                "deploymentFailureCause": "the model does not load",
                "errorStack": ["DEPLOYMENT_FAILURE", "COMPONENT_BROKEN"],
                "errorTypes": ["USER_COMPONENT_ERROR"],
            }
        message = {
            "ggcVersion": "2.14.3",
            "platform": "linux",
            "architecture": "amd64",
            "runtime": "aws_nucleus_classic",
            "thing": device.thing,
            "sequenceNumber": len(device.taken),
            "timestamp": int(time.time() * 1000),
            "messageType": "COMPLETE",
            "trigger": "THING_GROUP_DEPLOYMENT",
            "overallDeviceStatus": "HEALTHY",
            "components": [
                {
                    "componentName": name,
                    "version": version,
                    "status": device.states.get(version, "RUNNING"),
                    "isRoot": True,
                    "fleetConfigArns": [document["configurationArn"]] if status == "SUCCEEDED" else [],
                }
                for name, version in device.versions.items()
            ],
            "deploymentInformation": {
                "deploymentId": document["deploymentId"],
                "fleetConfigurationArnForStatus": document["configurationArn"],
                "status": status,
                "statusDetails": details,
                "unchangedRootComponents": [],
            },
        }
        path = f"/topics/%24aws/things/{device.thing}/greengrassv2/health/json"
        request = urllib.request.Request(  # noqa: S310 -- the sandbox's loopback address
            self.sandbox.endpoint + path,
            data=json.dumps(message).encode(),
            method="POST",
            headers={"X-Edgewright-Thing": device.thing, "X-Edgewright-Certificate": device.certificate},
        )
        with self._opener.open(request, timeout=10) as answer:
            answer.read()
