"""The requests of the two jobs by which SageMaker makes a component of a model: Neo compiles, Edge Manager packages.

In the shape of botocore. What AWS wants as JSON in a string (shapes, options, the preset of the component) is one
here; the same settings make the same string, whatever the order of their keys.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from edgewright.catalog.edge_model import EdgeModel

PRESET = "GreengrassV2Component"
_LONGEST = 63  # characters of a job's name
_DIGITS = 13  # of a time in milliseconds, until the year 2286


def job_name(model_name: str, milliseconds: int) -> str:
    """Return the name of a build's jobs: the model's, cut where it must be, and a time.

    Args:
        model_name: A name that SageMaker takes: ``[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}``.
        milliseconds: Since 1970.
    """
    number = f"{milliseconds:0{_DIGITS}d}"
    return f"{model_name[: _LONGEST - len(number) - 1].rstrip('-')}-{number}"


class JobNames:
    """Names that are never given twice, also within a millisecond."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._last = 0

    def next(self, model_name: str) -> str:
        """Return a new name for a model's jobs."""
        self._last = max(self._last + 1, int(self._clock() * 1000))
        return job_name(model_name, self._last)


def compilation_request(settings: EdgeModel, *, job: str, role: str, model: str, output: str) -> dict[str, Any]:
    """Return the request of CreateCompilationJob.

    Args:
        settings: compile.yaml.
        job: The job's name.
        role: ARN of the role that SageMaker works by.
        model: S3 address of the model, a ``.tar.gz``.
        output: S3 address of the folder that gets the compiled model.
    """
    source = {
        "S3Uri": model,
        "DataInputConfig": _text(settings.data_input_config, ordered=True),
        "Framework": settings.framework,
        "FrameworkVersion": settings.framework_version,
    }
    platform = settings.target_platform
    target = {
        "S3OutputLocation": output,
        "TargetDevice": settings.target_device,
        "TargetPlatform": _some({"Os": platform.os, "Arch": platform.arch, "Accelerator": platform.accelerator})
        if platform
        else None,
        "CompilerOptions": _text(settings.compiler_options),
    }
    stopping = {
        "MaxRuntimeInSeconds": settings.stopping.max_runtime,
        "MaxPendingTimeInSeconds": settings.stopping.max_pending,
    }
    return {
        "CompilationJobName": job,
        "RoleArn": role,
        "InputConfig": _some(source),
        "OutputConfig": _some(target),
        "StoppingCondition": _some(stopping),
    }


def packaging_request(
    settings: EdgeModel, *, job: str, role: str, component: str, version: str, output: str
) -> dict[str, Any]:
    """Return the request of CreateEdgePackagingJob, whose preset makes a Greengrass component.

    Args:
        settings: compile.yaml.
        job: The name of this job, and of the compilation job.
        role: ARN of the role that SageMaker works by.
        component: Name of the component.
        version: Of the component.
        output: S3 address of the folder that gets the package.
    """
    preset = {
        "ComponentName": component,
        "ComponentDescription": settings.description or None,
        "ComponentVersion": version,
        "PlatformOS": settings.component.os,
        "PlatformArchitecture": settings.component.architecture,
    }
    return {
        "EdgePackagingJobName": job,
        "CompilationJobName": job,
        "ModelName": settings.model_name,
        "ModelVersion": settings.model_version,
        "RoleArn": role,
        "OutputConfig": {
            "S3OutputLocation": output,
            "PresetDeploymentType": PRESET,
            "PresetDeploymentConfig": _text(_some(preset)),
        },
    }


def _some(values: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}


def _text(value: Any, *, ordered: bool = False) -> str | None:
    """JSON in a string; the inputs of a model have an order, which stays."""
    return None if value is None else json.dumps(value, sort_keys=not ordered)
