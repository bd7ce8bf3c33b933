"""The recipe that the service writes for a component from a Lambda function.

In the form of what GetComponent shows for such a component: its type, its source, the launcher it needs and calls, and
how it runs as default configuration. The service keeps a copy of the code, which devices fetch as ``greengrass:``
artifact; simulated devices have a launcher of their own for Python functions (``device.lambda_launcher``).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from moto.awslambda.models import LambdaFunction, lambda_backends

from edgewright.sandbox.greengrassv2.exceptions import ValidationException

_NEEDED = {
    "aws.greengrass.LambdaLauncher": {"VersionRequirement": ">=2.0.0 <3.0.0", "DependencyType": "HARD"},
    "aws.greengrass.TokenExchangeService": {"VersionRequirement": ">=2.0.0 <3.0.0", "DependencyType": "HARD"},
    "aws.greengrass.LambdaRuntimes": {"VersionRequirement": ">=2.0.0 <3.0.0", "DependencyType": "SOFT"},
}
_DEFAULTS = {
    "pinned": True, "timeoutInSeconds": 3, "maxInstancesCount": 100, "maxQueueSize": 1000, "maxIdleTimeInSeconds": 60,
    "statusTimeoutInSeconds": 60, "inputPayloadEncodingType": "json",
}  # fmt: skip


ARTIFACT: Final = "lambda-artifact.zip"
_LAUNCHER: Final = "{aws.greengrass.LambdaLauncher:artifacts:path}/lambda-launcher"


def recipe(function: Mapping[str, Any], account: str, region: str) -> tuple[bytes, bytes]:
    """The recipe of a component from a Lambda function, as JSON, and the code that the service keeps.

    Raises:
        ValidationException: the function, or that version of it, is not there.
    """
    arn = str(function["lambdaArn"])
    name, _, version = arn.partition(":function:")[2].partition(":")
    if not version or not version.isdecimal():
        raise ValidationException(f"Invalid Input: [{arn}] must contain the version of the Lambda function")
    made = _find(arn, account, region)
    if made is None:
        raise ValidationException(f"Invalid Input: The Lambda function [{arn}] cannot be accessed")
    given = function.get("componentLambdaParameters") or {}
    process = given.get("linuxProcessParams") or {}
    configuration = {
        **_DEFAULTS,
        **{key: value for key, value in given.items() if key in _DEFAULTS},
        "containerMode": process.get("isolationMode", "GreengrassContainer"),
        "containerParams": process.get("containerParams") or {},
        "lambdaExecutionParameters": {"EnvironmentVariables": given.get("environmentVariables") or {}},
        "pubsubTopics": {str(index): each for index, each in enumerate(given.get("eventSources") or [])},
    }
    own = {
        other: {
            "VersionRequirement": need.get("versionRequirement", "*"),
            "DependencyType": need.get("dependencyType", "HARD"),
        }
        for other, need in (function.get("componentDependencies") or {}).items()
    }
    platforms = [each.get("attributes") or {} for each in function.get("componentPlatforms") or [{}]]
    code = bytes(made.code_bytes)
    artifact = {"Uri": f"greengrass:{ARTIFACT}", "Unarchive": "ZIP"}
    document = {
        "RecipeFormatVersion": "2020-01-25",
        "ComponentName": function.get("componentName") or name,
        "ComponentVersion": function.get("componentVersion") or f"{version}.0.0",
        "ComponentType": "aws.greengrass.lambda",
        "ComponentSource": arn,
        "ComponentDependencies": {**_NEEDED, **own},
        "ComponentConfiguration": {"DefaultConfiguration": configuration},
        "Manifests": [
            {"Platform": platform, "Lifecycle": _lifecycle(arn, made), "Artifacts": [artifact]}
            for platform in platforms
        ],
    }
    return json.dumps(document).encode(), code


def _lifecycle(arn: str, function: LambdaFunction) -> dict[str, Any]:
    """How the launcher is called, with everything that it must know as environment."""
    return {
        "Setenv": {
            "AWS_GREENGRASS_LAMBDA_ARN": arn,
            "AWS_GREENGRASS_LAMBDA_FUNCTION_HANDLER": function.handler,
            "AWS_GREENGRASS_LAMBDA_RUNTIME": function.run_time,
            "AWS_GREENGRASS_LAMBDA_ARTIFACT_PATH": f"{{artifacts:decompressedPath}}/{ARTIFACT.removesuffix('.zip')}",
            "AWS_GREENGRASS_LAMBDA_PARAMS": "{configuration:/lambdaExecutionParameters}",
            "AWS_GREENGRASS_LAMBDA_PINNED": "{configuration:/pinned}",
            "AWS_GREENGRASS_LAMBDA_CONTAINER_MODE": "{configuration:/containerMode}",
            "AWS_GREENGRASS_LAMBDA_CONTAINER_PARAMS": "{configuration:/containerParams}",
            "AWS_GREENGRASS_LAMBDA_ENCODING_TYPE": "{configuration:/inputPayloadEncodingType}",
            "AWS_GREENGRASS_LAMBDA_STATUS_TIMEOUT_SECONDS": "{configuration:/statusTimeoutInSeconds}",
        },
        "startup": {"RequiresPrivilege": True, "Script": f"{_LAUNCHER} start"},
        "shutdown": {"RequiresPrivilege": True, "Script": f"{_LAUNCHER} stop"},
    }


def _find(arn: str, account: str, region: str) -> LambdaFunction | None:
    there_region, there_account = arn.split(":")[3:5]
    if (there_region, there_account) != (region, account):
        return None
    try:
        return lambda_backends[account][region].get_function(arn)
    except Exception:  # noqa: BLE001 -- moto's own error for a function that is not there
        return None
