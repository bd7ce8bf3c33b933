"""The two requests to SageMaker, held against botocore's model, and names that are never given twice."""

from __future__ import annotations

import json
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator
from hypothesis import given
from hypothesis import strategies as st

from edgewright.catalog.edge_model import EdgeModel, is_job_name
from edgewright.documents.edge_jobs import JobNames, compilation_request, job_name, packaging_request
from tests.helpers.golden import Golden
from tests.helpers.policies import pretty

ROLE = "arn:aws:iam::111111111111:role/Neo"
JETSON = {
    "apiVersion": "edgewright/v1",
    "kind": "EdgeManagerModel",
    "model": "model.onnx",
    "modelName": "parts-model",
    "modelVersion": "1.2.0",
    "description": "Tells good parts from bad ones",
    "framework": "ONNX",
    "dataInputConfig": {"image": [1, 3, 224, 224], "angle": [1]},
    "targetPlatform": {"os": "LINUX", "arch": "ARM64", "accelerator": "NVIDIA"},
    "compilerOptions": {"trt-ver": "6.0.1", "gpu-code": "sm_72", "cuda-ver": "10.1"},
    "stoppingCondition": {"maxRuntimeInSeconds": 900},
    "component": {"os": "Linux", "architecture": "ARMV8"},
}
CAMERA = {
    **{key: value for key, value in JETSON.items() if key not in ("targetPlatform", "compilerOptions", "description")},
    "framework": "PYTORCH",
    "frameworkVersion": "1.8",
    "dataInputConfig": [[1, 3, 224, 224]],
    "targetDevice": "rasp4b",
    "stoppingCondition": {"maxRuntimeInSeconds": 900, "maxPendingTimeInSeconds": 3600},
}
MODEL = "s3://acme-sagemaker/neo/models/5f2c/model.tar.gz"
FOLDER = "s3://acme-sagemaker/neo/jobs/parts-model-1795000000000"


def requests(document: dict[str, Any]) -> dict[str, Any]:
    """Both requests of a build, by operation."""
    settings = EdgeModel.model_validate(document)
    job = job_name(settings.model_name, 1_795_000_000_000)
    return {
        "CreateCompilationJob": compilation_request(
            settings, job=job, role=ROLE, model=MODEL, output=f"{FOLDER}/compiled"
        ),
        "CreateEdgePackagingJob": packaging_request(
            settings, job=job, role=ROLE, component="com.acme.parts-model", version="1.2.0", output=f"{FOLDER}/package"
        ),
    }


@pytest.mark.parametrize(("name", "document"), [("jetson", JETSON), ("camera", CAMERA)])
def test_settings_become_two_requests_that_botocore_takes(name: str, document: dict[str, Any], golden: Golden) -> None:
    made = requests(document)
    golden(f"golden/edge-jobs-{name}.json", pretty(made))
    model = botocore.session.get_session().get_service_model("sagemaker")
    for operation, request in made.items():
        report = ParamValidator().validate(request, model.operation_model(operation).input_shape)
        assert not report.has_errors(), report.generate_report()


def test_the_preset_is_json_in_a_string_with_the_component_and_its_version() -> None:
    output = requests(JETSON)["CreateEdgePackagingJob"]["OutputConfig"]
    assert isinstance(output["PresetDeploymentConfig"], str)
    preset = json.loads(output["PresetDeploymentConfig"])
    assert (preset["ComponentName"], preset["ComponentVersion"]) == ("com.acme.parts-model", "1.2.0")
    assert output["S3OutputLocation"] == f"{FOLDER}/package"
    assert output["PresetDeploymentType"] == "GreengrassV2Component"


NAMES = st.from_regex(r"\A[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}\Z").filter(lambda name: len(name) <= 63)


@given(name=NAMES, milliseconds=st.integers(0, 10**13 - 1))
def test_every_job_has_a_name_that_sagemaker_takes(name: str, milliseconds: int) -> None:
    made = job_name(name, milliseconds)
    assert is_job_name(made)
    assert made.endswith(f"-{milliseconds:013d}")


@given(name=NAMES, moments=st.lists(st.floats(0, 4e9), min_size=2, max_size=20))
def test_no_name_is_given_twice_whatever_the_clock_does(name: str, moments: list[float]) -> None:
    clock = iter(moments)
    names = JobNames(lambda: next(clock))
    made = [names.next(name) for _ in moments]
    assert len(set(made)) == len(made)
    assert all(map(is_job_name, made))
