"""What a core device's certificate lets it do: the AWS IoT policies that are attached to it.

The nucleus uses MQTT for jobs, shadows and its status, and HTTP for credentials and the Greengrass data plane; the
requests of simulated devices are judged as if they did. Sources: "Device authentication and authorization for AWS IoT
Greengrass" of the developer guide, and the topics of the AWS IoT guide. Two of its rules decide designs: there are no
thing policy variables where there is no MQTT client, and policies of thing groups do not reach Greengrass's data plane.
"""

from __future__ import annotations

import json
import re
from functools import partial
from typing import Any, Protocol

from edgewright.sandbox.authorization import decisions
from edgewright.sandbox.authorization.needs import Need
from edgewright.sandbox.authorization.policy import Effect, Request, judge
from edgewright.sandbox.faults import AwsError
from edgewright.sandbox.iot.models import SandboxIoTBackend

_NAMESPACE = "namespace-aws-gg-deployment"
_JOBS = re.compile(r"/things/[^/]+/jobs(?:/([^/]+))?")
_SHADOW = re.compile(r"/things/[^/]+/shadow")
_TOPIC = re.compile(r"/topics/(.+)")
_ALIAS = re.compile(r"/role-aliases/([^/]+)/credentials")
_ARTIFACT = re.compile(r"/greengrass/v2/components/(.+)/artifacts/([^/]+)")
_CONFIGURATION = re.compile(r"/greengrass/v2/coreDevices/[^/]+/deployments/([^/]+)/configuration")
CONNECT = "iot:Connect"


class Device(Protocol):
    """A device as far as its permissions go: a simulated one, or a light one."""

    @property
    def thing(self) -> str:
        """The name of its thing."""

    @property
    def account(self) -> str:
        """Its account."""

    @property
    def region(self) -> str:
        """Its Region."""

    @property
    def certificateId(self) -> str:  # noqa: N802 -- as the registry has it
        """The id of its certificate."""


def needs(device: Device, method: str, path: str, shadow: str = "") -> list[Need]:
    """What a device's request needs; connecting comes first, as without it nothing is asked."""
    prefix = f"arn:aws:iot:{device.region}:{device.account}"
    connect = Need(CONNECT, f"{prefix}:client/{device.thing}")
    own = f"$aws/things/{device.thing}"
    match = _JOBS.fullmatch(path)
    if match:
        verb = "update" if method == "POST" else "get"
        topic = f"{own}/jobs/{match[1]}/{_NAMESPACE}/{verb}" if match[1] else f"{own}/jobs/get"
        return [connect, *exchange(prefix, topic)]
    if _SHADOW.fullmatch(path):
        name = f"/name/{shadow}" if shadow else ""
        verb = "update" if method == "POST" else "get"
        return [connect, *exchange(prefix, f"{own}/shadow{name}/{verb}")]
    match = _TOPIC.fullmatch(path)
    if match:
        return [connect, Need("iot:Publish", f"{prefix}:topic/{match[1]}")]
    match = _ALIAS.fullmatch(path)
    if match:
        return [Need("iot:AssumeRoleWithCertificate", f"{prefix}:rolealias/{match[1]}")]
    if path.endswith("/thingGroups"):
        core = f"arn:aws:greengrass:{device.region}:{device.account}:coreDevices:{device.thing}"
        return [Need("greengrass:ListThingGroupsForCoreDevice", core)]
    match = _CONFIGURATION.fullmatch(path)
    if match:
        deployment = f"arn:aws:greengrass:{device.region}:{device.account}:deployments:{match[1]}"
        return [Need("greengrass:GetDeploymentConfiguration", deployment)]
    match = _ARTIFACT.fullmatch(path)
    if match:
        return [Need("greengrass:GetComponentVersionArtifact", match[1])]
    if path.endswith("/resolveComponentCandidates"):
        return [Need("greengrass:ResolveComponentCandidates")]
    return []


def exchange(prefix: str, topic: str) -> list[Need]:
    """Ask on a topic, and hear the answer on the topics below it."""
    return [
        Need("iot:Subscribe", f"{prefix}:topicfilter/{topic}/accepted"),
        Need("iot:Publish", f"{prefix}:topic/{topic}"),
        Need("iot:Receive", f"{prefix}:topic/{topic}/accepted"),
    ]


def missing(device: Device, iot: SandboxIoTBackend, wanted: list[Need]) -> Need | None:
    """The first need that the certificate's policies do not allow."""
    certificate = iot.certificates[device.certificateId]
    own = _documents(iot, [certificate.arn])
    everywhere = own + _documents(iot, iot.groups_of(device.thing))
    keys: dict[str, str] = {
        "iot:Connection.Thing.ThingName": device.thing,
        "iot:Connection.Thing.IsAttached": "true",
        "iot:ClientId": device.thing,
    }
    for need in wanted:
        mqtt = need.action.startswith("iot:") and need.action != "iot:AssumeRoleWithCertificate"
        request = Request(need.action, need.resource, keys if mqtt else {})
        decisions.heard(device.thing, request, partial(_asked_again, device, iot, need))
        if judge(everywhere if mqtt else own, request) is not Effect.ALLOW:
            return need
    return None


def _asked_again(device: Device, iot: SandboxIoTBackend, need: Need) -> str:
    return "" if missing(device, iot, [need]) is None else refusal(device, need).message


def allows(iot: SandboxIoTBackend, targets: list[str], need: Need, keys: dict[str, str]) -> bool:
    """Whether the policies that are attached to some targets allow a need, with these MQTT policy variables."""
    return judge(_documents(iot, targets), Request(need.action, need.resource, keys)) is Effect.ALLOW


def refusal(device: Device, need: Need) -> AwsError:
    """The refusal, with what a person needs to put it right."""
    code = "AccessDeniedException" if need.action.startswith("greengrass:") else "ForbiddenException"
    message = (
        f"Thing {device.thing} is not authorized to perform: {need.action} on resource: {need.resource} "
        f"because no AWS IoT policy of certificate {device.certificateId} allows it"
    )
    return AwsError(code, message, 403)


def _documents(iot: SandboxIoTBackend, targets: list[str]) -> list[str]:
    return [
        _text(next(v.document for v in policy.versions if v.is_default))
        for target in targets
        for policy in iot.list_attached_policies(target)
    ]


def _text(document: Any) -> str:
    # moto keeps the document as it came, mostly a string
    return document if isinstance(document, str) else json.dumps(document)
