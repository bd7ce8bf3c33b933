"""Edge packaging jobs: a compiled model becomes an archive in S3 and, with the preset, a Greengrass component.

A job is done when the answer to its creation is given; AWS takes minutes. The archive holds what the compilation job
wrote, its name and version. The recipe that the real service writes is not public; this one unpacks into the
component's work folder, which is where its samples look for the model.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from edgewright.sandbox.authorization import decide
from edgewright.sandbox.authorization.judge import judge
from edgewright.sandbox.authorization.needs import Need
from edgewright.sandbox.authorization.principals import Principal
from edgewright.sandbox.faults import AwsError
from edgewright.sandbox.greengrassv2 import components
from edgewright.sandbox.greengrassv2.models import GreengrassV2Backend, greengrassv2_backends
from edgewright.sandbox.sagemaker import storage
from edgewright.sandbox.sagemaker.compilation import CompilationJob
from edgewright.sandbox.sagemaker.exceptions import ResourceInUse, ResourceNotFound, ValidationException
from edgewright.sandbox.sagemaker.storage import FailedError
from edgewright.versions import is_version

PRESET = "GreengrassV2Component"
_PRESET_KEYS = {"ComponentName", "ComponentDescription", "ComponentVersion", "PlatformOS", "PlatformArchitecture"}
_ARCHITECTURES = {
    "x86_64": ("linux", "amd64"),
    "ARMV8": ("linux", "aarch64"),
    "Windows32_x86": ("windows", "x86"),
    "Windows64_x64": ("windows", "amd64"),
}


@dataclass
class Job:
    """An edge packaging job."""

    name: str
    arn: str
    request: Mapping[str, Any]
    created: datetime
    status: str = "COMPLETED"
    message: str = ""
    artifact: str = ""
    signature: str = ""
    preset: dict[str, Any] = field(default_factory=dict)
    tags: list[dict[str, str]] = field(default_factory=list)

    def summary(self) -> dict[str, Any]:
        """``EdgePackagingJobSummary``."""
        return {
            "EdgePackagingJobArn": self.arn,
            "EdgePackagingJobName": self.name,
            "EdgePackagingJobStatus": self.status,
            **{key: self.request[key] for key in ("CompilationJobName", "ModelName", "ModelVersion")},
            "CreationTime": self.created,
            "LastModifiedTime": self.created,
        }

    def to_json(self) -> dict[str, Any]:
        """The answer of DescribeEdgePackagingJob."""
        return {
            **self.summary(),
            **{key: self.request.get(key) for key in ("RoleArn", "OutputConfig", "ResourceKey")},
            "EdgePackagingJobStatusMessage": self.message or None,
            "ModelArtifact": self.artifact or None,
            "ModelSignature": self.signature or None,
            "PresetDeploymentOutput": self.preset or None,
        }


@dataclass
class Jobs:
    """The packaging jobs of an account and Region."""

    account: str
    region: str
    all: dict[str, Job] = field(default_factory=dict)

    def find(self, name: str) -> Job:
        """A job by its name."""
        if name not in self.all:
            raise ResourceNotFound(f"No edge packaging job with name: {name} found in the account")
        return self.all[name]

    def create(self, given: Mapping[str, Any], compiled: CompilationJob) -> Job:
        """CreateEdgePackagingJob, of a compilation job that has ended well."""
        name = given["EdgePackagingJobName"]
        if name in self.all:
            raise ResourceInUse(f"An edge packaging job with the name {name} already exists")
        if compiled.status != "COMPLETED":
            raise ValidationException(f"The compilation job {compiled.name} is {compiled.status}, and only a COMPLETED "
                                      "one can be packaged")  # fmt: skip
        preset = _preset(given["OutputConfig"])
        caller = storage.acting(given["RoleArn"])
        arn = f"arn:aws:sagemaker:{self.region}:{self.account}:edge-packaging-job/{name}"
        job = Job(name, arn, given, datetime.now(UTC), tags=list(given.get("Tags", [])))
        try:
            self._package(job, compiled, caller)
            if preset is not None:
                job.preset = self._component(job, preset, caller)
        except FailedError as error:
            job.status, job.message = "FAILED", str(error)
        self.all[name] = job
        return job

    def stop(self, name: str) -> None:
        """StopEdgePackagingJob: of a job that runs; here none does any more."""
        job = self.find(name)
        raise ValidationException(f"The edge packaging job {name} is in status {job.status} and cannot be stopped")

    def _package(self, job: Job, compiled: CompilationJob, caller: Principal) -> None:
        source = compiled.artifact
        files = storage.unpack(storage.read(source, caller, "the compiled model"), source)
        about = {key: job.request[key] for key in ("ModelName", "ModelVersion", "CompilationJobName")}
        files["manifest.json"] = json.dumps(about, sort_keys=True).encode()
        data = storage.pack(files)
        folder = job.request["OutputConfig"]["S3OutputLocation"].rstrip("/")
        job.artifact = f"{folder}/{job.request['ModelName']}-{job.request['ModelVersion'].replace(' ', '_')}.tar.gz"
        job.signature = hashlib.sha256(data).hexdigest()
        storage.write(job.artifact, data, caller)

    def _component(self, job: Job, preset: Mapping[str, str], caller: Principal) -> dict[str, Any]:
        name = preset.get("ComponentName") or f"SagemakerEdgeManager{job.name}"
        version = preset.get("ComponentVersion") or "1.0.0"
        backend: GreengrassV2Backend = greengrassv2_backends[self.account][self.region]
        arn = components.component_arn(self.region, self.account, name)
        try:
            _must(caller, "greengrass:CreateComponentVersion", arn)
            made = backend.components.create(json.dumps(_recipe(job, name, version, preset)).encode(), {}, caller)
        except AwsError as error:
            return {"Type": PRESET, "Status": "FAILED", "StatusMessage": f"{error.code}: {error.message}"}
        return {"Type": PRESET, "Artifact": made.arn, "Status": "COMPLETED"}


def _must(caller: Principal, action: str, resource: str) -> None:
    if not judge(caller, Need(action, resource)).allowed:
        raise AwsError("AccessDeniedException", decide.refusal(caller.arn, action, resource), 403)


def _preset(output: Mapping[str, Any]) -> Mapping[str, str] | None:
    text = output.get("PresetDeploymentConfig")
    if "PresetDeploymentType" not in output:
        if text is not None:
            raise ValidationException("PresetDeploymentConfig needs a PresetDeploymentType")
        return None
    try:
        preset = json.loads(text or "{}")
    except ValueError as error:
        raise ValidationException(f"PresetDeploymentConfig is not valid JSON: {error}") from error
    unknown = sorted(set(preset) - _PRESET_KEYS) if isinstance(preset, dict) else ["(not a map)"]
    if unknown or not isinstance(preset, dict):
        raise ValidationException(f"PresetDeploymentConfig has the unknown key {', '.join(unknown)}")
    if preset.get("PlatformArchitecture", "x86_64") not in _ARCHITECTURES:
        known = ", ".join(_ARCHITECTURES)
        raise ValidationException(f"PlatformArchitecture must be one of {known}")
    if not is_version(preset.get("ComponentVersion", "1.0.0")):
        raise ValidationException(f"ComponentVersion must be a semantic version (got {preset['ComponentVersion']})")
    return preset


def _recipe(job: Job, name: str, version: str, preset: Mapping[str, str]) -> dict[str, Any]:
    os, architecture = _ARCHITECTURES[preset.get("PlatformArchitecture", "x86_64")]
    file = job.artifact.rpartition("/")[2]
    manifest = {
        "Platform": {"os": os, "architecture": architecture},
        "Lifecycle": {"install": f"tar -xzf {{artifacts:path}}/{file} -C {{work:path}}"},
        "Artifacts": [{"URI": job.artifact, "Unarchive": "NONE", "Permission": {"Read": "ALL", "Execute": "NONE"}}],
    }
    return {
        "RecipeFormatVersion": "2020-01-25",
        "ComponentName": name,
        "ComponentVersion": version,
        "ComponentPublisher": "Amazon",
        "ComponentDescription": preset.get("ComponentDescription") or f"The model {job.request['ModelName']}",
        "Manifests": [manifest],
    }
