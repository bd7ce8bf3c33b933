"""A core device by hand: each call of the protocol between devices and the sandbox, one at a time."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from edgewright.documents import naming
from edgewright.sandbox.control import Sandbox

EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
FLEET, STAGE = "line-inspection", "staging"


@dataclass
class Answer:
    status: int
    body: Any


@dataclass
class HandDevice:
    """A registered device whose certificate is attached and has a policy."""

    sandbox: Sandbox
    thing: str
    account: str
    certificate: str

    @classmethod
    def make(cls, sandbox: Sandbox, thing: str, *groups: str, policy: Mapping[str, Any] | None = None) -> HandDevice:
        """A device of staging in some thing groups; its IoT policy allows everything unless one is given."""
        iot = sandbox.client("iot", STAGE)
        name = naming.device_policy(FLEET, STAGE)
        if name not in {p["policyName"] for p in iot.list_policies()["policies"]}:
            iot.create_policy(policyName=name, policyDocument=json.dumps(policy or EVERYTHING))
        device = sandbox.add_device(thing, fleet=FLEET, stage=STAGE)
        for group in groups:
            iot.add_thing_to_thing_group(thingGroupName=group, thingName=thing)
        return cls(sandbox, thing, device["account"], device["certificateId"])

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        host, port = self.sandbox.endpoint.removeprefix("http://").split(":")
        connection = http.client.HTTPConnection(host, int(port), timeout=30)
        own = {"X-Edgewright-Thing": self.thing, "X-Edgewright-Certificate": self.certificate, **headers}
        try:
            connection.request(method, path, None if body is None else json.dumps(body), own)
            answer = connection.getresponse()
            data = answer.read()
        finally:
            connection.close()
        return Answer(answer.status, json.loads(data) if data else None)

    def next_job(self) -> dict[str, Any] | None:
        execution = self.ask("PUT", f"/things/{self.thing}/jobs/$next", {}).body.get("execution")
        return dict(execution) if execution else None

    def finish(self, job_id: str, status: str = "SUCCEEDED", **details: str) -> Answer:
        body = {"status": status, "statusDetails": {k.replace("_", "-"): v for k, v in details.items()}}
        return self.ask("POST", f"/things/{self.thing}/jobs/{job_id}", body)

    def take_all(self, status: str = "SUCCEEDED") -> int:
        """Take and end every job that is there."""
        taken = 0
        while (job := self.next_job()) is not None:
            assert self.finish(job["jobId"], status).status == 200
            taken += 1
        return taken

    def report(
        self,
        components: Sequence[Mapping[str, Any]] = (),
        *,
        kind: str = "COMPLETE",
        health: str = "HEALTHY",
        deployment: Mapping[str, Any] | None = None,
        timestamp: int | None = None,
    ) -> Answer:
        message: dict[str, Any] = {
            "ggcVersion": "2.14.3",
            "platform": "linux",
            "architecture": "amd64",
            "runtime": "aws_nucleus_classic",
            "thing": self.thing,
            "sequenceNumber": 1,
            "timestamp": timestamp or int(time.time() * 1000),
            "messageType": kind,
            "trigger": "NUCLEUS_LAUNCH",
            "overallDeviceStatus": health,
            "components": list(components),
        }
        if deployment is not None:
            message["deploymentInformation"] = dict(deployment)
        topic = quote(f"$aws/things/{self.thing}/greengrassv2/health/json", safe="")
        return self.ask("POST", f"/topics/{topic}?qos=1", message)
