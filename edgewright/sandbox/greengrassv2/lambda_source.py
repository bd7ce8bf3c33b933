"""The recipe that the service writes for a component from a Lambda function.

In the form of what GetComponent shows for such a component: its type, its source, the launcher it needs, and how it
runs as default configuration. Simulated devices have no launcher; they refuse its ``greengrass:`` artifact by name.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from moto.awslambda.models import lambda_backends

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


def recipe(function: Mapping[str, Any], account: str, region: str) -> bytes:
    """The recipe of a component from a Lambda function, as JSON.

    Raises:
        ValidationException: the function, or that version of it, is not there.
    """
    arn = str(function["lambdaArn"])
    name, _, version = arn.partition(":function:")[2].partition(":")
    if not version or not version.isdecimal():
        raise ValidationException(f"Invalid Input: [{arn}] must contain the version of the Lambda function")
    if _missing(arn, account, region):
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
    return json.dumps(
        {
            "RecipeFormatVersion": "2020-01-25",
            "ComponentName": function.get("componentName") or name,
            "ComponentVersion": function.get("componentVersion") or f"{version}.0.0",
            "ComponentType": "aws.greengrass.lambda",
            "ComponentSource": arn,
            "ComponentDependencies": {**_NEEDED, **own},
            "ComponentConfiguration": {"DefaultConfiguration": configuration},
            "Manifests": [
                {
                    "Platform": platform,
                    "Lifecycle": {},
                    "Artifacts": [{"Uri": "greengrass:lambda-artifact.zip", "Unarchive": "ZIP"}],
                }
                for platform in platforms
            ],
        }
    ).encode()


def _missing(arn: str, account: str, region: str) -> bool:
    there_region, there_account = arn.split(":")[3:5]
    if (there_region, there_account) != (region, account):
        return True
    try:
        return lambda_backends[account][region].get_function(arn) is None
    except Exception:  # noqa: BLE001 -- moto's own error for a function that is not there
        return True
