"""Greengrass V2 of one account and Region, in moto's form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from moto.core.base_backend import BackendDict, BaseBackend

from edgewright.sandbox import paging
from edgewright.sandbox.greengrassv2.associations import Associations
from edgewright.sandbox.greengrassv2.components import Components
from edgewright.sandbox.greengrassv2.core_devices import CoreDevice
from edgewright.sandbox.greengrassv2.deployments import Deployment, Deployments
from edgewright.sandbox.greengrassv2.exceptions import (
    ConflictException,
    ResourceNotFoundException,
    ValidationException,
)
from edgewright.sandbox.iot.models import SandboxIoTBackend, iot_backends
from edgewright.sandbox.world import world

TOKEN_LIFE = 8 * 3600.0  # seconds of the sandbox's clock that a client token's answer is kept (API reference)
ROOT = "ROOT"
MOST_TAGS = 50  # of a resource


class GreengrassV2Backend(BaseBackend):
    """Deployments, components and core devices."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.components = Components(region_name, account_id)
        self.deployments = Deployments(region_name, account_id, self.iot, self.components)
        self.core_devices: dict[str, CoreDevice] = {}
        self.associations = Associations(self.iot)
        self._answers: dict[tuple[str, str], tuple[float, Any]] = {}

    @property
    def iot(self) -> SandboxIoTBackend:
        """AWS IoT of the same account and Region."""
        backend: SandboxIoTBackend = iot_backends[self.account_id][self.region_name]
        return backend

    def once(self, operation: str, token: str | None, run: Callable[[], Any]) -> Any:
        """Run a creation once per client token: within eight hours the first answer is given again."""
        now = world.clock.now()
        if token is None:
            return run()
        known = self._answers.get((operation, token))
        if known is not None and now - known[0] < TOKEN_LIFE:
            return known[1]
        answer = run()
        self._answers[operation, token] = (now, answer)
        return answer

    # --- core devices -----------------------------------------------------------------------------------------

    def core_device(self, thing: str) -> CoreDevice:
        """A device that has reported.

        Raises:
            ResourceNotFoundException: none of that name has.
        """
        found = self.core_devices.get(thing)
        if found is None:
            raise ResourceNotFoundException(f"Core device [{thing}] cannot be found", thing, "CORE_DEVICE")
        return found

    def report(self, thing: str, message: Mapping[str, Any]) -> None:
        """A fleet status message of a device."""
        arn = f"arn:aws:greengrass:{self.region_name}:{self.account_id}:coreDevices:{thing}"
        device = self.core_devices.setdefault(thing, CoreDevice(thing, arn))
        device.report(message, self.deployments.sources())

    def list_core_devices(self, group: str | None, status: str | None, runtime: str | None) -> list[CoreDevice]:
        """ListCoreDevices; ``group`` keeps those that have taken a deployment of the group with success."""
        took = self._took(group) if group is not None else None
        return [
            self.core_devices[name]
            for name in sorted(self.core_devices)
            if (took is None or name in took)
            and (status is None or self.core_devices[name].status == status)
            and (runtime is None or self.core_devices[name].runtime == runtime)
        ]

    def _took(self, group: str) -> set[str]:
        jobs = (self.iot.jobs.get(d.job_id or "") for d in self.deployments.listed(group, None, "ALL"))
        return {
            name
            for job in jobs
            if job is not None
            for name, execution in job.executions.items()
            if execution.status == "SUCCEEDED"
        }

    def delete_core_device(self, thing: str) -> None:
        """DeleteCoreDevice: not while a deployment for it alone is active."""
        self.core_device(thing)
        latest = self.deployments.latest(self.iot.thing_arn(thing))
        if latest is not None and self.deployments.status(latest, self.core_devices) == "ACTIVE":
            raise ConflictException(f"Core device [{thing}] has an active deployment", thing, "CORE_DEVICE")
        del self.core_devices[thing]
        self.associations.clients.pop(thing, None)

    def deployment_configuration(self, thing: str, deployment_id: str) -> dict[str, Any]:
        """GetDeploymentConfiguration of the data plane: the whole document, for a device that it was sent to."""
        if deployment_id not in {deployment.id for deployment in self.deployments.sent_to(thing)}:
            raise ResourceNotFoundException(
                f"Deployment [{deployment_id}] cannot be found", deployment_id, "DEPLOYMENT"
            )
        return self.deployments.find(deployment_id).document()

    def effective_deployments(self, thing: str) -> list[dict[str, Any]]:
        """ListEffectiveDeployments: what was sent to a device and what became of it."""
        device = self.core_device(thing)
        return [self._effective(d, device) for d in self.deployments.sent_to(thing)]

    def _effective(self, deployment: Deployment, device: CoreDevice) -> dict[str, Any]:
        execution = self.iot.executions_of.get(device.thing, {}).get(deployment.job_id or "")
        outcome = device.outcomes.get(deployment.id)
        details: dict[str, str] = execution.status_details_map if execution is not None else {}
        if execution is not None:
            status, modified = execution.status, execution.last_updated_at
        else:
            status = outcome.status if outcome is not None else "QUEUED"
            status = "COMPLETED" if status == "SUCCEEDED" else status
            modified = outcome.modified if outcome is not None else deployment.created
        reason = details.get("deployment-failure-cause") or details.get("detailed-deployment-status", "")
        if outcome is not None and outcome.reason:
            reason = outcome.reason
        result: dict[str, Any] = {
            "deploymentId": deployment.id,
            "deploymentName": deployment.request.get("deploymentName") or "",
            **self.deployments.job_json(deployment),
            "targetArn": deployment.target,
            "coreDeviceExecutionStatus": status,
            "reason": reason or None,
            "creationTimestamp": deployment.created,
            "modifiedTimestamp": modified,
        }
        if outcome is not None and (outcome.stack or outcome.types):
            result["statusDetails"] = {"errorStack": outcome.stack, "errorTypes": outcome.types}
        return result

    def installed_components(self, thing: str, topology: str) -> list[dict[str, Any]]:
        """ListInstalledComponents, by name."""
        installed = self.core_device(thing).installed
        return [
            component.to_json() for _, component in sorted(installed.items()) if topology != ROOT or component.is_root
        ]

    # --- tags -------------------------------------------------------------------------------------------------

    def tags(self, arn: str) -> dict[str, str]:
        """The tags of a component version, deployment or core device, to read or to change."""
        kind = arn.split(":")[5]
        if arn.split(":")[3] != self.region_name:
            raise ResourceNotFoundException(f"Resource [{arn}] cannot be found", arn, "RESOURCE")
        if kind == "components":
            return self.components.find(arn).tags
        if kind == "deployments":
            return self.deployments.by_arn(arn).tags
        return self.core_device(arn.rpartition(":")[2]).tags


def check_tags(tags: Mapping[str, str], present: Mapping[str, str] | None = None) -> None:
    """The rules for tags that the model does not have ("Tag your AWS IoT Greengrass resources" of the guide).

    Raises:
        ValidationException: a key that is AWS's own, or too many of them.
    """
    reserved = sorted(key for key in tags if key.lower().startswith("aws:"))
    if reserved:
        raise ValidationException(f"Tag keys can't begin with aws: (got {', '.join(reserved)})")
    count = len({*tags, *(present or {})})
    if count > MOST_TAGS:
        raise ValidationException(f"A resource can have {MOST_TAGS} tags at most (got {count})")


def page(items: list[Any], size: int | None, token: str | None) -> tuple[list[Any], str | None]:
    """One page, and the token of the next.

    Raises:
        ValidationException: the token is none of ours.
    """
    try:
        return paging.page(items, size, token)
    except ValueError as error:
        raise ValidationException(str(error)) from error


greengrassv2_backends: BackendDict[GreengrassV2Backend] = BackendDict(GreengrassV2Backend, "greengrassv2")
