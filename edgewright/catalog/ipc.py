"""What a component may do over the nucleus's IPC: the ``accessControl`` of its configuration.

    accessControl: {SERVICE: {POLICY: {operations: [aws.greengrass#PublishToTopic], resources: [parts/results]}}}

The nucleus passes over what it cannot read, so a slip here is a component that is refused on the device. Services and
operations: developer guide, "Authorize components to perform IPC operations". Newer ones are possible, so a name that
is not known only warns.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from edgewright.validation import did_you_mean

KEY = "accessControl"
RULE = "ipc-wildcard"
_PREFIX = "aws.greengrass#"
_OPERATIONS: Mapping[str, tuple[str, ...]] = {
    "aws.greengrass.ipc.pubsub": ("PublishToTopic", "SubscribeToTopic"),
    "aws.greengrass.ipc.mqttproxy": ("PublishToIoTCore", "SubscribeToIoTCore"),
    "aws.greengrass.ipc.lifecycle": ("PauseComponent", "ResumeComponent"),
    "aws.greengrass.ShadowManager": (
        "GetThingShadow", "UpdateThingShadow", "DeleteThingShadow", "ListNamedShadowsForThing",
    ),
    "aws.greengrass.SecretManager": ("GetSecretValue",),
    "aws.greengrass.clientdevices.Auth": (
        "SubscribeToCertificateUpdates", "VerifyClientDeviceIdentity", "GetClientDeviceAuthToken",
        "AuthorizeClientDeviceAction",
    ),
    "aws.greengrass.Cli": (
        "ListComponents", "GetComponentDetails", "RestartComponent", "StopComponent", "CreateLocalDeployment",
        "CancelLocalDeployment", "GetLocalDeploymentStatus", "ListLocalDeployments", "CreateDebugPassword",
    ),
}  # fmt: skip
_ONLY_ALL = ("aws.greengrass.clientdevices.Auth", "aws.greengrass.Cli")
"""Services whose operations know no narrower resource."""
_ALL = re.compile(r"[*#+/]*[*#+][*#+/]*")
"""A resource of wildcards only; ``factory/#`` is narrower, and is told less loudly."""

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Finding:
    """Something that is wrong, at a path below ``accessControl``."""

    path: Path
    message: str
    remedy: str
    got: str | None = None
    severity: Literal["error", "warning"] = "error"


def check(value: Any) -> Iterator[Finding]:
    """Yield what the nucleus would not read, or would not know."""
    if not isinstance(value, Mapping):
        yield Finding(
            (), "must be a mapping of services", "write SERVICE: {POLICY: {operations: [...], resources: [...]}}"
        )
        return
    seen: dict[str, str] = {}
    for service, policies in value.items():
        known = _OPERATIONS.get(service)
        if known is None:
            guess = did_you_mean(service, _OPERATIONS)
            yield Finding(
                (service,), "is no IPC service that is known", f"did you mean {guess}?" if guess else "check its name",
                service, "warning",
            )  # fmt: skip
        if not isinstance(policies, Mapping) or not policies:
            yield Finding((service,), "has no policies", "write POLICY: {operations: [...], resources: [...]}")
            continue
        for name, policy in policies.items():
            if name in seen:
                yield Finding(
                    (service, name), f"is the name of a policy of {seen[name]} already, and the nucleus keeps one",
                    "name it otherwise, such as COMPONENT:SERVICE:1", name,
                )  # fmt: skip
            seen[name] = service
            yield from _policy((service, name), policy, known)


def _policy(path: Path, policy: Any, known: tuple[str, ...] | None) -> Iterator[Finding]:
    if not isinstance(policy, Mapping):
        yield Finding(path, "is no policy", "write {operations: [...], resources: [...]}")
        return
    for key in policy:
        if key not in ("policyDescription", "operations", "resources"):
            guess = did_you_mean(key, ("policyDescription", "operations", "resources"))
            yield Finding(
                (*path, key), "is no key of a policy", f"did you mean {guess}?" if guess else "remove it", key
            )
    for key in ("operations", "resources"):
        said: Any = policy.get(key)
        if not isinstance(said, list | tuple) or not said or not all(isinstance(each, str) and each for each in said):
            yield Finding((*path, key) if key in policy else path, f"has no {key}", f"write {key} as a list of texts")
        elif key == "operations" and known is not None:
            for number, operation in enumerate(said):
                if operation != "*" and operation.removeprefix(_PREFIX) not in known:
                    guess = did_you_mean(operation.removeprefix(_PREFIX), known)
                    yield Finding(
                        (*path, key, number), "is no operation of this service that is known",
                        f"did you mean {_PREFIX}{guess}?" if guess else f"they are {', '.join(known)}",
                        operation, "warning",
                    )  # fmt: skip
                elif operation != "*" and not operation.startswith(_PREFIX):
                    yield Finding(
                        (*path, key, number), "has no namespace, so it matches nothing", f"write {_PREFIX}{operation}",
                        operation,
                    )  # fmt: skip


def wildcards(value: Any) -> Iterator[Finding]:
    """Yield the resources and operations that stand for all there are, as errors, and patterns of many, as warnings."""
    for service, policies in value.items() if isinstance(value, Mapping) else ():
        for name, policy in policies.items() if isinstance(policies, Mapping) else ():
            for key in ("resources", "operations"):
                said = policy.get(key) if isinstance(policy, Mapping) else None
                for number, text in enumerate(said if isinstance(said, list | tuple) else ()):
                    path = (service, name, key, number)
                    if not isinstance(text, str) or (key == "resources" and service in _ONLY_ALL):
                        continue
                    if _ALL.fullmatch(text):
                        what = "every resource" if key == "resources" else "every operation"
                        yield Finding(path, f"lets the component use {what} of {service}", "name those it needs", text)
                    elif key == "resources" and re.search(r"[*#+]", text):
                        yield Finding(path, "is a pattern of many", "name those it needs", text, "warning")
