"""Deployments and their revisions: one per target, the newest replaces the one before.

A thing group gets its deployment through a continuous IoT job, a single thing through a named shadow. The states
that the API shows follow the job's: in progress is ACTIVE, cancelled is CANCELED. A superseded deployment to a thing
has no job; it is shown as INACTIVE (the API names that state and does not define it). One module, because
making, reading and ending a revision hold the same few facts true together.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from moto.iotdata.models import iotdata_backends

from edgewright.sandbox.greengrassv2.components import Components
from edgewright.sandbox.greengrassv2.core_devices import CoreDevice
from edgewright.sandbox.greengrassv2.exceptions import (
    ConflictException,
    ResourceNotFoundException,
    ValidationException,
)
from edgewright.sandbox.iot.models import GROUP, SandboxIoTBackend
from edgewright.sandbox.world import world

SHADOW = "AWSManagedGreengrassV2Deployment"
_COPIED = ("deploymentName", "components", "deploymentPolicies", "iotJobConfiguration", "parentTargetArn")
TIMEOUT_MINUTES = (1, 10080)
JOB_LIMIT, SHADOW_LIMIT = (
    31 * 1024,
    7 * 1024,
)  # bytes of a document that a job and a shadow carry whole (developer guide)


@dataclass
class Deployment:
    """A revision of the deployment of a target."""

    id: str
    target: str
    revision: int
    request: Mapping[str, Any]
    created: datetime
    tags: dict[str, str] = field(default_factory=dict)
    job_id: str | None = None
    canceled: bool = False
    """Of a thing's deployment; a group's has its job's state."""

    @property
    def parent(self) -> str | None:
        """The parent group of a subdeployment."""
        return self.request.get("parentTargetArn")

    @property
    def configuration_arn(self) -> str:
        """How devices name a revision in their reports."""
        head, _, resource = self.target.rpartition(":")
        region, account = head.split(":")[3:5]
        return f"arn:aws:greengrass:{region}:{account}:configuration:{resource}:{self.revision}"

    def arn(self, region: str, account: str) -> str:
        """The deployment's ARN, as tags know it."""
        return f"arn:aws:greengrass:{region}:{account}:deployments:{self.id}"

    def document(self) -> dict[str, Any]:
        """What devices get."""
        components = {}
        for name, wanted in (self.request.get("components") or {}).items():
            update = wanted.get("configurationUpdate") or {}
            merge = json.loads(update["merge"]) if update.get("merge") else None
            component: dict[str, Any] = {
                "version": wanted["componentVersion"],
                "configurationUpdate": {"merge": merge, "reset": update.get("reset", [])},
            }
            if wanted.get("runWith"):
                component["runWith"] = wanted["runWith"]
            components[name] = component
        result = {
            "deploymentId": self.id,
            "deploymentName": self.request.get("deploymentName") or "",
            "creationTimestamp": int(self.created.timestamp() * 1000),
            "targetArn": self.target,
            "configurationArn": self.configuration_arn,
            "components": components,
            "deploymentPolicies": self.request.get("deploymentPolicies") or {},
        }
        if self.parent:
            result["onBehalfOf"] = self.parent
        if self._capabilities():
            result["requiredCapabilities"] = self._capabilities()
        return result

    def _capabilities(self) -> list[str]:
        """What a nucleus must be able to do for this deployment (2.4 and 2.9)."""
        limited = any(
            "systemResourceLimits" in (wanted.get("runWith") or {})
            for wanted in (self.request.get("components") or {}).values()
        )
        return [*(["LINUX_RESOURCE_LIMITS"] if limited else []), *(["SUB_DEPLOYMENTS"] if self.parent else [])]

    def sent(self, limit: int) -> str:
        """What the job or the shadow carries: of a document over ``limit`` bytes only what names the components.

        Devices then ask for the whole document (GetDeploymentConfiguration).
        """
        whole = self.document()
        text = json.dumps(whole)
        if len(text.encode()) <= limit:
            return text
        components = {name: {"version": value["version"]} for name, value in whole["components"].items()}
        capabilities = ["LARGE_CONFIGURATION", *whole.get("requiredCapabilities", [])]
        return json.dumps({**whole, "components": components, "requiredCapabilities": capabilities})


class Deployments:
    """All deployments of an account and Region."""

    def __init__(self, region: str, account: str, iot: SandboxIoTBackend, components: Components) -> None:
        self._region = region
        self._account = account
        self._iot = iot
        self._components = components
        self._all: dict[str, Deployment] = {}
        self._revisions: dict[str, int] = {}
        self._last_created = datetime.fromtimestamp(0, UTC)

    # --- making -----------------------------------------------------------------------------------------------

    def create(self, request: Mapping[str, Any]) -> Deployment:
        """CreateDeployment: a new revision for the target.

        Raises:
            ResourceNotFoundException: the target or a component version is not there.
            ValidationException: a part of the request cannot be.
            ConflictException: the group already belongs to another parent.
        """
        target = request["targetArn"]
        self._check_target(target)
        self._check_components(request.get("components") or {})
        self._check_job(request.get("iotJobConfiguration") or {})
        self._check_parent(target, request.get("parentTargetArn"))
        revision = self._revisions[target] = self._revisions.get(target, 0) + 1
        deployment = Deployment(
            id=str(uuid.uuid4()),
            target=target,
            revision=revision,
            request={key: request[key] for key in _COPIED if key in request},
            created=self._now(),
            tags=dict(request.get("tags") or {}),
        )
        self._supersede(target)
        self._all[deployment.id] = deployment
        if GROUP in target:
            self._start_job(deployment)
        else:
            self._write_shadow(deployment)
        return deployment

    def _now(self) -> datetime:
        # devices order deployments by their creation in milliseconds: two must never have the same
        now = datetime.now(UTC)
        if (now - self._last_created).total_seconds() < 0.001:
            now = datetime.fromtimestamp(self._last_created.timestamp() + 0.001, UTC)
        self._last_created = now
        return now

    def _check_target(self, target: str) -> None:
        _, _, _, region, account, _ = target.split(":", 5)
        if (region, account) != (self._region, self._account):
            raise ValidationException(f"The target [{target}] is not in this account and Region")
        if GROUP in target:
            if ":" in target.split(GROUP, 1)[1]:
                raise ValidationException("A thing group with a colon in its name can't be a deployment target")
            if target not in self._iot.thing_groups:
                raise ResourceNotFoundException(f"Thing group [{target}] cannot be found", target, "THING_GROUP")
        elif target not in self._iot.things:
            raise ResourceNotFoundException(f"Thing [{target}] cannot be found", target, "THING")

    def _check_components(self, components: Mapping[str, Any]) -> None:
        missing = []
        for name, wanted in components.items():
            if self._components.lookup(name, wanted["componentVersion"]) is None:
                missing.append(f"{name} : {wanted['componentVersion']}")
            merge = (wanted.get("configurationUpdate") or {}).get("merge")
            where = f"components.{name}.member.configurationUpdate.merge"
            if merge is not None:
                _check_merge(merge, where)
        if missing:
            # the API lists this error for CreateDeployment; its text for components is not known
            listed = ", ".join(f"[{each}]" for each in missing)
            raise ResourceNotFoundException(f"Component {listed} cannot be found", missing[0], "COMPONENT")

    def _check_job(self, config: Mapping[str, Any]) -> None:
        rate = (config.get("jobExecutionsRolloutConfig") or {}).get("exponentialRate")
        if rate and len(rate["rateIncreaseCriteria"]) != 1:
            raise ValidationException(
                "rateIncreaseCriteria needs exactly one of numberOfNotifiedThings and numberOfSucceededThings"
            )
        minutes = (config.get("timeoutConfig") or {}).get("inProgressTimeoutInMinutes")
        least, most = TIMEOUT_MINUTES
        if minutes is not None and not least <= minutes <= most:
            raise ValidationException(f"inProgressTimeoutInMinutes must be between {least} and {most} (got {minutes})")

    def _check_parent(self, target: str, parent: str | None) -> None:
        latest = self.latest(target)
        if parent is None:
            return
        if GROUP not in target:
            raise ValidationException("The target of a subdeployment must be a thing group")
        if self.latest(parent) is None:
            raise ResourceNotFoundException(f"No deployment of [{parent}] can be found", parent, "DEPLOYMENT")
        if latest is not None and latest.parent != parent:
            raise ConflictException(
                f"[{target}] already has a deployment with another parent and can't be used under [{parent}]",
                latest.id,
                "DEPLOYMENT",
            )

    def _supersede(self, target: str) -> None:
        for other in self._all.values():
            replaced = other.target == target or (other.parent == target and self._is_latest(other))
            if replaced:
                self._stop(other, "The deployment was superseded by a new revision")

    def _stop(self, deployment: Deployment, why: str) -> None:
        job = self._iot.jobs.get(deployment.job_id or "")
        if job is not None and job.status == "IN_PROGRESS":
            self._iot.cancel_job(job.job_id, reason_code="", comment=why, force=False)

    def _start_job(self, deployment: Deployment) -> None:
        config = deployment.request.get("iotJobConfiguration") or {}
        job_id = str(uuid.uuid4())
        self._iot.create_job(
            job_id,
            [deployment.target],
            document_source=None,
            document=deployment.sent(JOB_LIMIT),
            description=f"Greengrass deployment {deployment.id}",
            presigned_url_config={},
            target_selection="CONTINUOUS",
            job_executions_rollout_config=config.get("jobExecutionsRolloutConfig") or {},
            document_parameters={},
            abort_config=config.get("abortConfig") or {},
            job_execution_retry_config={},
            scheduling_config={},
            timeout_config=config.get("timeoutConfig") or {},
        )
        deployment.job_id = job_id

    def _write_shadow(self, deployment: Deployment) -> None:
        thing = deployment.target.rpartition("/")[2]
        state = {"desired": {"fleetConfig": deployment.sent(SHADOW_LIMIT), "version": deployment.revision}}
        shadows = iotdata_backends[self._account][self._region]
        shadows.update_thing_shadow(thing, json.dumps({"state": state}), SHADOW)
        world.tell((self._account, thing))

    # --- reading ----------------------------------------------------------------------------------------------

    def find(self, deployment_id: str) -> Deployment:
        """The deployment with an id.

        Raises:
            ResourceNotFoundException: there is none.
        """
        found = self._all.get(deployment_id)
        if found is None:
            raise ResourceNotFoundException(
                f"Deployment [{deployment_id}] cannot be found", deployment_id, "DEPLOYMENT"
            )
        return found

    def by_arn(self, arn: str) -> Deployment:
        """The deployment with an ARN, for tags."""
        return self.find(arn.rpartition(":")[2])

    def latest(self, target: str) -> Deployment | None:
        """The newest revision of a target that is still there."""
        found = [d for d in self._all.values() if d.target == target]
        return max(found, key=lambda d: d.revision) if found else None

    def _is_latest(self, deployment: Deployment) -> bool:
        return self.latest(deployment.target) is deployment

    def status(self, deployment: Deployment, devices: Mapping[str, CoreDevice]) -> str:
        """``DeploymentStatus``."""
        if deployment.job_id is not None:
            job = self._iot.jobs.get(deployment.job_id)
            states = {"IN_PROGRESS": "ACTIVE", "COMPLETED": "COMPLETED"}
            return states.get(job.status, "CANCELED") if job is not None else "CANCELED"
        if deployment.canceled:
            return "CANCELED"
        if not self._is_latest(deployment):
            return "INACTIVE"
        device = devices.get(deployment.target.rpartition("/")[2])
        outcome = device.outcomes.get(deployment.id) if device is not None else None
        ends = {"SUCCEEDED": "COMPLETED", "COMPLETED": "COMPLETED", "FAILED": "FAILED", "REJECTED": "FAILED"}
        return ends.get(outcome.status, "ACTIVE") if outcome is not None else "ACTIVE"

    def summary(self, deployment: Deployment, devices: Mapping[str, CoreDevice]) -> dict[str, Any]:
        """``Deployment`` of ListDeployments."""
        return {
            "targetArn": deployment.target,
            "revisionId": str(deployment.revision),
            "deploymentId": deployment.id,
            "deploymentName": deployment.request.get("deploymentName"),
            "creationTimestamp": deployment.created,
            "deploymentStatus": self.status(deployment, devices),
            "isLatestForTarget": self._is_latest(deployment),
            "parentTargetArn": deployment.parent,
        }

    def to_json(self, deployment: Deployment, devices: Mapping[str, CoreDevice]) -> dict[str, Any]:
        """The answer of GetDeployment."""
        return {
            **deployment.request,
            **self.summary(deployment, devices),
            **self.job_json(deployment),
            "tags": deployment.tags or None,
        }

    def job_json(self, deployment: Deployment) -> dict[str, Any]:
        """Id and ARN of the job, of a group's deployment."""
        if deployment.job_id is None:
            return {}
        arn = f"arn:aws:iot:{self._region}:{self._account}:job/{deployment.job_id}"
        return {"iotJobId": deployment.job_id, "iotJobArn": arn}

    def listed(self, target: str | None, parent: str | None, history: str) -> list[Deployment]:
        """ListDeployments: the newest first."""
        found = [
            d
            for d in self._all.values()
            if (target is None or d.target == target)
            and (parent is None or d.parent == parent)
            and (history == "ALL" or self._is_latest(d))
        ]
        return sorted(found, key=lambda d: d.created, reverse=True)

    def sources(self) -> dict[str, str]:
        """Deployment id by configuration ARN."""
        return {d.configuration_arn: d.id for d in self._all.values()}

    def sent_to(self, thing: str) -> list[Deployment]:
        """The deployments that were sent to a device, the newest first."""
        executions = self._iot.executions_of.get(thing, {})
        arn = self._iot.thing_arn(thing)
        found = [d for d in self._all.values() if d.job_id in executions or d.target == arn]
        return sorted(found, key=lambda d: d.created, reverse=True)

    # --- ending -----------------------------------------------------------------------------------------------

    def cancel(self, deployment_id: str, devices: Mapping[str, CoreDevice]) -> str:
        """CancelDeployment: devices that have not got it are spared.

        Raises:
            ConflictException: it is not active any more.
        """
        deployment = self.find(deployment_id)
        status = self.status(deployment, devices)
        if status != "ACTIVE":
            raise ConflictException(
                f"Deployment [{deployment_id}] is in status {status} and can't be canceled",
                deployment_id,
                "DEPLOYMENT",
            )
        if deployment.job_id is None:
            deployment.canceled = True
            thing = deployment.target.rpartition("/")[2]
            shadows = iotdata_backends[self._account][self._region]
            shadows.delete_thing_shadow(thing, SHADOW)
            world.tell((self._account, thing))
        else:
            self._stop(deployment, "The deployment was canceled")
        return f"Deployment {deployment_id} was canceled"

    def delete(self, deployment_id: str, devices: Mapping[str, CoreDevice]) -> None:
        """DeleteDeployment: of what is not active; devices keep what they run.

        Raises:
            ConflictException: it is active.
        """
        deployment = self.find(deployment_id)
        if self.status(deployment, devices) == "ACTIVE":
            raise ConflictException(
                f"Deployment [{deployment_id}] is active and must be canceled before deletion",
                deployment_id,
                "DEPLOYMENT",
            )
        if deployment.job_id in self._iot.jobs:
            self._iot.delete_job(str(deployment.job_id), force=True)
        del self._all[deployment_id]


def _check_merge(merge: str, where: str) -> None:
    try:
        value = json.loads(merge)
    except ValueError as error:
        raise ValidationException(
            f"{where} is not JSON: {error}", "FIELD_VALIDATION_FAILED", [(where, str(error))]
        ) from error
    if not isinstance(value, dict):
        text = "must be a JSON object"
        raise ValidationException(f"{where} {text}", "FIELD_VALIDATION_FAILED", [(where, text)])
