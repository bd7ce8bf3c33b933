"""A ring as the inputs of the ``greengrassv2`` provider's Deployment: the release, the rollout, what is waited for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edgewright.documents import naming, references
from edgewright.documents.place import FleetPlace
from edgewright.manifest.model import Capture, Component, Ring, Rollout

DEFAULT_TIMEOUT_MINUTES = 60
"""A device that has begun and never ends would otherwise count as in progress for ever, and hold up the verdict."""

_FAILURE_TYPES = {"failed": "FAILED", "rejected": "REJECTED", "timedOut": "TIMED_OUT", "all": "ALL"}


def inputs(place: FleetPlace, ring: Ring, *, capture: Capture, target_arn: str | None = None) -> dict[str, Any]:
    """Return the inputs of the ring's deployment, in the provider's own (camelCase) form.

    Args:
        place: The fleet in its stage.
        ring: The ring.
        capture: What the fleet captures.
        target_arn: A thing or thing group in place of the ring's own thing group.
    """
    known = references.values(place, ring=ring.name, capture=capture)
    return {
        "targetArn": target_arn or place.thing_group_arn(ring.name),
        "deploymentName": naming.deployment(place.name, place.stage, ring.name),
        "components": {name: _component(component, known) for name, component in sorted(ring.components.items())},
        "iotJobConfiguration": job_configuration(ring.rollout),
        # A device that fails goes back to what it ran before; onFailure is about the ring, this is about the device.
        "deploymentPolicies": {"failureHandlingPolicy": "ROLLBACK"},
        "wait": {
            "timeoutSeconds": ring.wait.for_,
            "succeeded": _number(ring.wait.succeeded),
            "minimum": ring.wait.minimum,
            "noneOnline": ring.wait.none_online,
        },
        "onFailure": ring.on_failure,
        "onDelete": "uninstall",
        "tags": tags(place, ring=ring.name) | {"edgewright:release": ring.release},
    }


def job_configuration(rollout: Rollout) -> dict[str, Any]:
    """Return ``iotJobConfiguration`` of CreateDeployment: rates a minute, percentages, minutes."""
    seconds = rollout.timeout
    minutes = DEFAULT_TIMEOUT_MINUTES if seconds is None else seconds // 60
    result: dict[str, Any] = {"timeoutConfig": {"inProgressTimeoutInMinutes": minutes}}
    if rollout.rate is not None:
        rate: dict[str, Any] = {"maximumPerMinute": rollout.rate.max}
        if rollout.rate.base is not None and rollout.rate.after is not None:
            after = rollout.rate.after
            rate["exponentialRate"] = {
                "baseRatePerMinute": rollout.rate.base,
                "incrementFactor": _number(rollout.rate.factor or 1),
                "rateIncreaseCriteria": (
                    {"numberOfSucceededThings": after.succeeded}
                    if after.notified is None
                    else {"numberOfNotifiedThings": after.notified}
                ),
            }
        result["jobExecutionsRolloutConfig"] = rate
    if rollout.abort:
        result["abortConfig"] = {
            "criteriaList": [
                {
                    "failureType": _FAILURE_TYPES[each.on],
                    "action": "CANCEL",
                    "thresholdPercentage": _number(round(each.above * 100, 2)),
                    "minNumberOfExecutedThings": each.after,
                }
                for each in rollout.abort
            ]
        }
    return result


def tags(place: FleetPlace, *, ring: str | None = None) -> dict[str, str]:
    """Return the tags of whatever belongs to a fleet in a stage, and to one ring of it."""
    result = {"edgewright:fleet": place.name, "edgewright:stage": place.stage}
    return result if ring is None else result | {"edgewright:ring": ring}


def _component(component: Component, known: Mapping[str, references.Value]) -> dict[str, Any]:
    result: dict[str, Any] = {"componentVersion": component.version}
    if component.config:
        result["config"] = references.resolve(component.config, known)
    if component.reset:
        result["reset"] = list(component.reset)
    if component.run_with is not None:
        run_with = component.run_with.model_dump(by_alias=True, exclude_none=True)
        if run_with:
            result["runWith"] = run_with
    return result


def _number(value: float) -> float:
    """Return a whole number as an integer: the engine carries both as one, and a difference must not show."""
    return int(value) if float(value).is_integer() else value
