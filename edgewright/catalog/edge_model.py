"""``compile.yaml``: how SageMaker Neo compiles a model and Edge Manager packages it, where that is still wanted.

AWS discontinued Edge Manager on 2024-04-26. The names and limits are those of CreateCompilationJob and
CreateEdgePackagingJob in botocore's model, which a test holds against these; what AWS says only in its words (which
framework takes a version, what NVIDIA needs) is in the API reference of ``InputConfig`` and ``OutputConfig``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from edgewright.catalog.types import refuse
from edgewright.source import Document, Problem
from edgewright.validation import Parsed, parse

SETTINGS = "compile.yaml"
RECORD = "compiled.json"
"""Beside the recipe that SageMaker made: which jobs made it, and of what."""
SETTINGS_SCHEMA = "compile.schema.json"
"""For editors, beside the components."""
KIND = "edge-manager-model"
GONE = "2024-04-26"

Framework = Literal["TENSORFLOW", "KERAS", "MXNET", "ONNX", "PYTORCH", "XGBOOST", "TFLITE", "DARKNET", "SKLEARN"]
TargetDevice = Literal[
    "lambda", "ml_m4", "ml_m5", "ml_m6g", "ml_c4", "ml_c5", "ml_c6g", "ml_p2", "ml_p3", "ml_g4dn", "ml_inf1",
    "ml_inf2", "ml_trn1", "ml_eia2", "jetson_tx1", "jetson_tx2", "jetson_nano", "jetson_xavier", "rasp3b", "rasp4b",
    "imx8qm", "deeplens", "rk3399", "rk3288", "aisage", "sbe_c", "qcs605", "qcs603", "sitara_am57x", "amba_cv2",
    "amba_cv22", "amba_cv25", "x86_win32", "x86_win64", "coreml", "jacinto_tda4vm", "imx8mplus",
]  # fmt: skip
Os = Literal["ANDROID", "LINUX"]
Arch = Literal["X86_64", "X86", "ARM64", "ARM_EABI", "ARM_EABIHF"]
Accelerator = Literal["INTEL_GRAPHICS", "MALI", "NVIDIA", "NNA"]
JOB_NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")
"""Of a job and of a model, at most 63 characters."""
_MODEL_VERSION = re.compile(r"[a-zA-Z0-9 _.]{1,30}")
_FRAMEWORK_VERSION = re.compile(r"[0-9]\.[A-Za-z0-9.]{1,8}")
_OWN = ("recipe.yaml", "component.yaml", SETTINGS, RECORD)
_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,127}")
_VERSIONED = ("MXNET", "PYTORCH", "TENSORFLOW", "TFLITE")
_SHAPELESS = ("XGBOOST", "SKLEARN")
_NVIDIA = ("gpu-code", "trt-ver", "cuda-ver")
_COMPONENT = {"Linux": ("x86_64", "ARMV8"), "Windows": ("Windows32_x86", "Windows64_x64")}
_SAME = {"X86_64": "x86_64", "ARM64": "ARMV8"}
_LONGEST_OPTIONS, _LONGEST_SHAPES = 1024, 16384  # characters of JSON


def is_job_name(text: str) -> bool:
    """Whether SageMaker takes a text as the name of a job or of a model."""
    return len(text) <= 63 and JOB_NAME.fullmatch(text) is not None


def _model_name(value: Any) -> str:
    if not isinstance(value, str) or not is_job_name(value):
        refuse("must be letters, digits and dashes within, at most 63", "write one such as parts-model")
    return value


def _quoted(pattern: re.Pattern[str], what: str, example: str) -> BeforeValidator:
    def check(value: Any) -> str:
        if isinstance(value, int | float) and not isinstance(value, bool):
            refuse("must be text, and YAML reads this as a number", "put quotes around it")
        if not isinstance(value, str) or not pattern.fullmatch(value):
            refuse(f"must be {what}", f'write one such as "{example}"')
        return value

    return BeforeValidator(check)


def _file(value: Any) -> str:
    if not isinstance(value, str) or not _FILE.fullmatch(value):
        refuse("does not name a file beside it", "write a name without a folder, in letters, digits, . _ + -")
    if value in _OWN:
        refuse("is not the file of a model", "name the model's file, such as model.onnx")
    return value


def _shapes(value: Any) -> Any:
    """Name -> shape, as most frameworks have it, or PyTorch's list of shapes; ``shape`` with more is Core ML's form."""
    example = "write it as {input: [1, 3, 224, 224]}"
    if not isinstance(value, dict | list) or not value:
        refuse("must say the name and the shape of each input", example)
    for shape in value.values() if isinstance(value, dict) else value:
        numbers = shape.get("shape") if isinstance(shape, dict) else shape
        if not isinstance(numbers, list) or not numbers or not all(_is_size(each) for each in numbers):
            refuse("has an input whose shape is not a list of whole numbers above 0", example)
    if len(json.dumps(value)) > _LONGEST_SHAPES:
        refuse(f"must have at most {_LONGEST_SHAPES} characters as JSON", "shorten it")
    return value


def _is_size(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _options(value: Any) -> Any:
    if not isinstance(value, dict) or not value:
        refuse("must be a mapping of options", "write it as {mcpu: skylake-avx512}, or leave it out")
    if len(json.dumps(value)) > _LONGEST_OPTIONS:
        refuse(f"must have at most {_LONGEST_OPTIONS} characters as JSON", "shorten it")
    return value


def _text(pattern: re.Pattern[str], *examples: str, longest: int | None = None) -> WithJsonSchema:
    schema: dict[str, Any] = {"type": "string", "pattern": f"^(?:{pattern.pattern})$"}
    if longest is not None:
        schema["maxLength"] = longest
    return WithJsonSchema({**schema, "examples": list(examples)} if examples else schema)


_SHAPE_SCHEMA = {"anyOf": [{"type": "array", "items": {"type": "integer", "minimum": 1}}, {"type": "object"}]}
_SHAPES_SCHEMA = {
    "anyOf": [{"type": "object", "minProperties": 1}, {"type": "array", "minItems": 1, "items": _SHAPE_SCHEMA}]
}
_OPTIONS_SCHEMA = {"type": "object", "minProperties": 1}


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class TargetPlatform(_Model):
    """A target by what it is, in place of a device's name."""

    os: Os = Field(description="The operating system; Greengrass runs on LINUX.")
    arch: Arch = Field(description="The processor's architecture.")
    accelerator: Accelerator | None = Field(
        None, description="What computes beside the processor; NVIDIA needs compilerOptions."
    )


class Stopping(_Model):
    """When SageMaker gives a compilation up. Seconds."""

    max_runtime: int = Field(
        alias="maxRuntimeInSeconds", ge=1, examples=["900"], description="Seconds that a compilation may run."
    )
    max_pending: int | None = Field(
        None,
        alias="maxPendingTimeInSeconds",
        ge=1800,
        le=2_419_200,
        description="Seconds that it may wait for a place.",
    )


class Devices(_Model):
    """The devices that take the component, in the words of PresetDeploymentConfig."""

    os: Literal["Linux", "Windows"] = Field(description="Their operating system.")
    architecture: Literal["x86_64", "ARMV8", "Windows32_x86", "Windows64_x64"] = Field(
        description="Their processor; the Windows ones for Windows only."
    )


class EdgeModel(_Model):
    """How SageMaker Neo compiles a model and Edge Manager packages it; one target, one model."""

    api_version: Literal["edgewright/v1"] = Field(alias="apiVersion", description="The version of this format.")
    kind: Literal["EdgeManagerModel"] = Field(description="What this file is.")
    model: Annotated[str, BeforeValidator(_file), _text(_FILE)] = Field(
        examples=["model.onnx"], description="The file beside this one that is compiled."
    )
    model_name: Annotated[str, BeforeValidator(_model_name), _text(JOB_NAME, longest=63)] = Field(
        alias="modelName", examples=["parts-model"], description="The model's name in Edge Manager."
    )
    model_version: Annotated[
        str, _quoted(_MODEL_VERSION, "1 to 30 letters, digits, dots, spaces and _", "1.0.0"), _text(_MODEL_VERSION)
    ] = Field(alias="modelVersion", examples=['"1.0.0"'], description="The model's version in Edge Manager.")
    description: str = Field("", description="Of the component, for those who look for it.")
    framework: Framework = Field(description="What the model was made with.")
    framework_version: (
        Annotated[str, _quoted(_FRAMEWORK_VERSION, "a version of a framework", "1.8"), _text(_FRAMEWORK_VERSION, "1.8")]
        | None
    ) = Field(None, alias="frameworkVersion", description=f"For {', '.join(_VERSIONED)} only.")
    data_input_config: Annotated[Any, BeforeValidator(_shapes), WithJsonSchema(_SHAPES_SCHEMA)] = Field(
        None,
        alias="dataInputConfig",
        description="Name and shape of each input, such as {input: [1, 3, 224, 224]}; "
        f"{' and '.join(_SHAPELESS)} need none.",
    )
    target_device: TargetDevice | None = Field(
        None, alias="targetDevice", description="The device by Neo's name; or targetPlatform."
    )
    target_platform: TargetPlatform | None = Field(
        None, alias="targetPlatform", description="The target by what it is; or targetDevice."
    )
    compiler_options: Annotated[Any, BeforeValidator(_options), WithJsonSchema(_OPTIONS_SCHEMA)] = Field(
        None, alias="compilerOptions", description="Options of Neo's compiler."
    )
    stopping: Stopping = Field(alias="stoppingCondition", description="When the compilation is given up.")
    component: Devices = Field(description="The devices that take the component.")


def read_edge_model(document: Document) -> tuple[Parsed[EdgeModel], tuple[Problem, ...]]:
    """Turn a document into settings, with every problem of it; the model is None when there are none to be used."""
    parsed = parse(EdgeModel, document)
    if parsed.model is None:
        return parsed, parsed.problems
    return parsed, (*parsed.problems, *_target(parsed, parsed.model), *_framework(parsed, parsed.model))


def _target(parsed: Parsed[EdgeModel], model: EdgeModel) -> Iterator[Problem]:
    platform, devices = model.target_platform, model.component
    known = _COMPONENT[devices.os]
    if devices.architecture not in known:
        yield parsed.problem(
            ("component", "architecture"), f"is none that {devices.os} devices have",
            got=devices.architecture, remedy=f"write {' or '.join(known)}",
        )  # fmt: skip
    if model.target_device is not None and platform is not None:
        yield parsed.problem(
            ("targetDevice",), "stands beside targetPlatform, and a model is compiled for one target",
            got=model.target_device, remedy="keep one of the two",
        )  # fmt: skip
    untold = parsed.whole(("targetDevice",)) and parsed.whole(("targetPlatform",))
    if model.target_device is None and platform is None and untold:
        yield parsed.problem(
            ("targetPlatform",), "is missing, and so is targetDevice: a model is compiled for a target",
            remedy="add targetPlatform: {os: LINUX, arch: X86_64}, or targetDevice: jetson_nano",
        )  # fmt: skip
    if platform is None:
        return
    if platform.os == "ANDROID":
        yield parsed.problem(
            ("targetPlatform", "os"), "is a system on which Greengrass does not run", got="ANDROID",
            remedy="write LINUX",
        )  # fmt: skip
    wanted = _SAME.get(platform.arch)
    if devices.architecture in known and wanted not in (None, devices.architecture):
        yield parsed.problem(
            ("targetPlatform", "arch"), f"is not what the component is for, which is {devices.architecture}",
            got=platform.arch, remedy=f"write component: {{os: Linux, architecture: {wanted}}}, or change the target",
        )  # fmt: skip
    missing = [key for key in _NVIDIA if key not in (model.compiler_options or {})]
    if platform.accelerator == "NVIDIA" and missing and parsed.whole(("compilerOptions",)):
        yield parsed.problem(
            ("targetPlatform", "accelerator"), f"needs {', '.join(missing)} in compilerOptions", got="NVIDIA",
            remedy="add compilerOptions: {gpu-code: sm_72, trt-ver: 6.0.1, cuda-ver: '10.1'}",
        )  # fmt: skip


def _framework(parsed: Parsed[EdgeModel], model: EdgeModel) -> Iterator[Problem]:
    if model.framework_version is not None and model.framework not in _VERSIONED:
        yield parsed.problem(
            ("frameworkVersion",), f"is taken for {', '.join(_VERSIONED)} only, not for {model.framework}",
            got=model.framework_version, remedy="leave it out",
        )  # fmt: skip
    shapes = model.data_input_config
    if shapes is None and model.framework not in _SHAPELESS and parsed.whole(("dataInputConfig",)):
        yield parsed.problem(
            ("dataInputConfig",), f"is missing, and without it Neo compiles no model of {model.framework}",
            remedy="add the name and shape of each input, such as dataInputConfig: {input: [1, 3, 224, 224]}",
        )  # fmt: skip
    if isinstance(shapes, list) and model.framework != "PYTORCH":
        yield parsed.problem(
            ("dataInputConfig",), f"has shapes without names, which PYTORCH takes and {model.framework} does not",
            remedy="write it as {input: [1, 3, 224, 224]}",
        )  # fmt: skip
