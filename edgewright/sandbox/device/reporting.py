"""Fleet status messages: what a device says of itself, in the nucleus's own payload.

Follows ``FleetStatusService``. A message about everything goes out when the nucleus starts, when it is connected again
and after each deployment; one about what has changed when a component errs, breaks, runs or finishes meanwhile
(2.12.3 and later; an older nucleus speaks of errors only).
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal

from edgewright.sandbox.device.components import State, Status
from edgewright.sandbox.device.documents import Deployment
from edgewright.sandbox.device.failures import report
from edgewright.sandbox.device.recipes import Recipe
from edgewright.sandbox.device.settings import Settings
from edgewright.sandbox.device.state import DeviceState
from edgewright.versions import parse_version

Trigger = Literal[
    "NUCLEUS_LAUNCH",
    "RECONNECT",
    "THING_DEPLOYMENT",
    "THING_GROUP_DEPLOYMENT",
    "ERRORED_COMPONENT",
    "BROKEN_COMPONENT",
    "COMPONENT_STATUS_CHANGE",
]
_SPEAKS_OF_SUCCESS: Final = parse_version("2.12.3")
_JOB_STATUS: Final = {"SUCCESSFUL": "SUCCEEDED", "REJECTED": "REJECTED"}
_LONGEST_DETAIL: Final = 1024  # characters of a value in a job's status details (IoT jobs API)


def topic(thing: str) -> str:
    """The topic of fleet status messages."""
    return f"$aws/things/{thing}/greengrassv2/health/json"


def worth_telling(state: State, nucleus_version: str, *, deploying: bool) -> Trigger | None:
    """Which message a change to ``state`` is worth, if any."""
    if state is State.ERRORED:
        return "ERRORED_COMPONENT"
    if deploying:
        return None  # the deployment's own message follows
    if state is State.BROKEN:
        return "BROKEN_COMPONENT"
    if state in {State.RUNNING, State.FINISHED} and parse_version(nucleus_version) >= _SPEAKS_OF_SUCCESS:
        return "COMPONENT_STATUS_CHANGE"
    return None


def message(
    settings: Settings,
    state: DeviceState,
    statuses: Mapping[str, Status],
    recipes: Mapping[str, Recipe],
    *,
    trigger: Trigger,
    only: Iterable[str] | None = None,
    deployment: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return a fleet status message; it takes the next sequence number.

    Args:
        settings: the device.
        state: what it remembers.
        statuses: of its components.
        recipes: of its components, for the groups that dependencies belong to.
        trigger: why the message is sent.
        only: the components that it is about; None for all.
        deployment: ``deploymentInformation`` of the deployment that has ended.
    """
    arns = configurations(state, recipes)
    names = sorted(statuses if only is None else set(only) & set(statuses))
    roots = {name for record in state.groups.values() for name in record.roots}
    broken = any(status.state is State.BROKEN for status in statuses.values())
    sequence, state.sequence = state.sequence, state.sequence + 1
    result: dict[str, Any] = {
        "ggcVersion": state.nucleus_version,
        "platform": settings.platform.get("os", "unknown"),
        "architecture": settings.platform.get("architecture", "unknown"),
        "runtime": settings.runtime,
        "thing": settings.identity.thing,
        "sequenceNumber": sequence,
        "timestamp": int(time.time() * 1000),
        "messageType": "COMPLETE" if only is None else "PARTIAL",
        "trigger": trigger,
        "overallDeviceStatus": "UNHEALTHY" if broken else "HEALTHY",
        "components": [
            {
                "componentName": name,
                "version": statuses[name].version,
                "fleetConfigArns": arns.get(name, []),
                "isRoot": name in roots,
                "status": statuses[name].state.value,
                "statusDetails": {"statusCodes": [statuses[name].code], "statusReason": statuses[name].reason},
            }
            for name in names
        ],
    }
    if deployment is not None:
        result["deploymentInformation"] = dict(deployment)
    return result


def configurations(state: DeviceState, recipes: Mapping[str, Recipe]) -> dict[str, list[str]]:
    """Component -> the configurations that brought it, oldest first: as a root, or as what a root depends on."""
    found: dict[str, list[str]] = {}
    for record in sorted(state.groups.values(), key=lambda record: record.created):
        waiting, seen = list(record.roots), set[str]()
        while waiting:
            name = waiting.pop()
            if name in seen:
                continue
            seen.add(name)
            found.setdefault(name, []).append(record.configuration_arn)
            if name in recipes:
                waiting += recipes[name].dependencies
    return found


def details(detailed: str, error: BaseException | None) -> dict[str, Any]:
    """``statusDetails`` of a deployment in a fleet status message."""
    result: dict[str, Any] = {"detailedStatus": detailed}
    if error is not None:
        stack, kinds = report(error)
        result |= {"deploymentFailureCause": str(error), "errorStack": stack, "errorTypes": kinds}
    return result


def information(
    document: Mapping[str, Any], deployment: Deployment | None, detailed: str, error: BaseException | None
) -> dict[str, Any]:
    """``deploymentInformation`` of a deployment that has ended; ``deployment`` is None for a document that is none."""
    result: dict[str, Any] = {
        "deploymentId": str(document.get("deploymentId") or ""),
        "fleetConfigurationArnForStatus": str(document.get("configurationArn") or document.get("targetArn") or ""),
        "status": _JOB_STATUS.get(detailed, "FAILED"),
        "statusDetails": details(detailed, error),
    }
    if detailed == "SUCCESSFUL" and deployment is not None:
        result["unchangedRootComponents"] = sorted(deployment.roots)
    return result


def job_details(information: Mapping[str, Any]) -> dict[str, str]:
    """The same for a job execution: flat texts without control characters, cut to what IoT jobs take."""
    result = {"detailed-deployment-status": str(information["detailedStatus"])}
    if "deploymentFailureCause" in information:
        result |= {
            "deployment-failure-cause": _one_line(str(information["deploymentFailureCause"])),
            "deployment-error-stack": _one_line(", ".join(information["errorStack"])),
            "deployment-error-types": _one_line(", ".join(information["errorTypes"])),
        }
    return {key: value for key, value in result.items() if value}


def _one_line(text: str) -> str:
    flat = " ".join("".join(character if character.isprintable() else " " for character in text).split())
    return flat if len(flat) <= _LONGEST_DETAIL else flat[: _LONGEST_DETAIL - 3] + "..."
