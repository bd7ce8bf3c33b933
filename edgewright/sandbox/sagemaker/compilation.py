"""Neo's compilation jobs: states, times, roles and artifacts as the real ones have them; nothing is compiled.

A job is INPROGRESS for half a second of the sandbox's clock (AWS takes minutes), ends when somebody looks, and then has
written its artifact by its role: the files of the input, and a description of what was asked. What Neo refuses only
while it works (an input that is no archive, a shape that is no JSON, a role that may not) is the FailureReason of a job
that FAILED.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from edgewright.sandbox.authorization.principals import Principal
from edgewright.sandbox.sagemaker import storage
from edgewright.sandbox.sagemaker.exceptions import ResourceInUse, ResourceNotFound, ValidationException
from edgewright.sandbox.sagemaker.storage import FailedError
from edgewright.sandbox.world import world

DURATION = 0.5  # seconds of the sandbox's clock
DESCRIPTION = "compiled.json"
"""A file of the compiled archive: what the job was asked for."""
_WITHOUT_SHAPES = frozenset({"XGBOOST", "SKLEARN"})
_NVIDIA_OPTIONS = ("gpu-code", "trt-ver", "cuda-ver")


@dataclass
class CompilationJob:
    """A compilation job."""

    name: str
    arn: str
    request: Mapping[str, Any]
    caller: Principal
    created: datetime
    due: float
    """When it ends, by the sandbox's clock."""
    status: str = "INPROGRESS"
    reason: str = ""
    artifact: str = ""
    digest: str = ""
    ended: datetime | None = None
    tags: list[dict[str, str]] = field(default_factory=list)

    def look(self) -> CompilationJob:
        """The job as it is by now: one whose time is over ends here."""
        if self.status == "INPROGRESS" and world.clock.now() >= self.due:
            self.status = "COMPLETED"
            try:
                self._compile()
            except FailedError as error:
                self.status, self.reason = "FAILED", str(error)
            self.ended = datetime.now(UTC)
        return self

    def stop(self) -> None:
        """StopCompilationJob; what has ended stays as it is."""
        if self.look().status == "INPROGRESS":
            self.status, self.ended = "STOPPED", datetime.now(UTC)

    def summary(self) -> dict[str, Any]:
        """``CompilationJobSummary``."""
        output = self.request["OutputConfig"]
        platform = output.get("TargetPlatform") or {}
        return {
            "CompilationJobName": self.name,
            "CompilationJobArn": self.arn,
            "CompilationJobStatus": self.status,
            "CreationTime": self.created,
            "CompilationStartTime": self.created,
            "CompilationEndTime": self.ended,
            "LastModifiedTime": self.ended or self.created,
            "CompilationTargetDevice": output.get("TargetDevice"),
            **{f"CompilationTargetPlatform{key}": platform.get(key) for key in ("Os", "Arch", "Accelerator")},
        }

    def to_json(self) -> dict[str, Any]:
        """The answer of DescribeCompilationJob."""
        times = {key: value for key, value in self.summary().items() if "Target" not in key}
        asked = ("RoleArn", "InputConfig", "ModelPackageVersionArn", "OutputConfig", "VpcConfig", "StoppingCondition")
        return {
            **times,
            **{key: self.request.get(key) for key in asked},
            "FailureReason": self.reason,
            "ModelArtifacts": {"S3ModelArtifacts": self.artifact},
            "ModelDigests": {"ArtifactDigest": self.digest} if self.digest else None,
        }

    def _compile(self) -> None:
        given = self.request["InputConfig"]
        shapes = given.get("DataInputConfig")
        if shapes is None and given["Framework"] not in _WITHOUT_SHAPES:
            raise FailedError("ClientError: InputConfiguration: DataInputConfig is required for this framework")
        _json(shapes, "DataInputConfig", dict | list)
        output = self.request["OutputConfig"]
        options = _json(output.get("CompilerOptions"), "CompilerOptions", dict)
        platform = output.get("TargetPlatform") or {}
        if platform.get("Accelerator") == "NVIDIA":
            missing = [key for key in _NVIDIA_OPTIONS if key not in (options or {})]
            if missing:
                raise FailedError(f"ClientError: OutputConfiguration: CompilerOptions lacks {', '.join(missing)}")
        uri = given["S3Uri"]
        files = storage.unpack(storage.read(uri, self.caller, "the model"), uri)
        if given["Framework"] == "ONNX" and sum(name.endswith(".onnx") for name in files) != 1:
            raise FailedError("ClientError: InputConfiguration: Exactly one .onnx file should be in the archive")
        target = output.get("TargetDevice") or "_".join(value for value in platform.values() if value)
        about = {"input": {**given, "S3Uri": ""}, "target": target, "options": options}
        files[DESCRIPTION] = json.dumps(about, sort_keys=True).encode()
        data = storage.pack(files)
        stem = uri.rpartition("/")[2].removesuffix(".tar.gz")
        artifact = f"{output['S3OutputLocation'].rstrip('/')}/{stem}-{target}.tar.gz"
        storage.write(artifact, data, self.caller)
        self.artifact, self.digest = artifact, hashlib.sha256(data).hexdigest()


@dataclass
class CompilationJobs:
    """The compilation jobs of an account and Region, in the dictionary that moto's tags know."""

    account: str
    region: str
    all: dict[str, CompilationJob]

    def find(self, name: str) -> CompilationJob:
        """A job by its name, as it is by now."""
        if name not in self.all:
            raise ResourceNotFound(f"Could not find compilation job '{name}'.")
        return self.all[name].look()

    def create(self, given: Mapping[str, Any]) -> CompilationJob:
        """CreateCompilationJob."""
        name = given["CompilationJobName"]
        if name in self.all:
            raise ResourceInUse(f"Compilation job with name {name} already exists. Choose a different name.")
        if ("InputConfig" in given) == ("ModelPackageVersionArn" in given):
            raise ValidationException("Specify either InputConfig or ModelPackageVersionArn, and not both")
        if "ModelPackageVersionArn" in given:
            raise ValidationException("The sandbox compiles an InputConfig only, no model package")
        output = given["OutputConfig"]
        if ("TargetDevice" in output) == ("TargetPlatform" in output):
            raise ValidationException("Specify either TargetDevice or TargetPlatform in OutputConfig, and not both")
        if "MaxRuntimeInSeconds" not in given["StoppingCondition"]:
            raise ValidationException("StoppingCondition needs MaxRuntimeInSeconds")
        caller = storage.acting(given["RoleArn"])
        arn = f"arn:aws:sagemaker:{self.region}:{self.account}:compilation-job/{name}"
        due, tags = world.clock.now() + DURATION, list(given.get("Tags", []))
        job = CompilationJob(name, arn, given, caller, datetime.now(UTC), due, tags=tags)
        self.all[name] = job
        return job

    def delete(self, name: str) -> None:
        """DeleteCompilationJob: one that has ended."""
        job = self.find(name)
        if job.status == "INPROGRESS":
            raise ValidationException(f"The compilation job {name} is INPROGRESS; stop it before you delete it")
        del self.all[name]


def _json(text: str | None, what: str, kind: Any) -> Any:
    if text is None:
        return None
    try:
        value = json.loads(text)
    except ValueError as error:
        raise FailedError(f"ClientError: {what} is not valid JSON: {error}") from error
    if not isinstance(value, kind):
        raise FailedError(f"ClientError: {what} is not a JSON dictionary")
    return value
