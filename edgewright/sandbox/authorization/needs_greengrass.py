"""Permissions that Greengrass V2's operations need, those on AWS IoT included.

Greengrass creates, cancels and reads IoT jobs and shadows in the caller's name; the reference calls that dependent
actions. Those are asked for which the operation really does.
"""

from __future__ import annotations

import base64
import binascii

from edgewright.sandbox.authorization.needs import Asked, Need
from edgewright.sandbox.greengrassv2 import recipes
from edgewright.sandbox.greengrassv2.models import GreengrassV2Backend, greengrassv2_backends
from edgewright.sandbox.iot.models import GROUP

_DEPENDENT = {
    "GetDeployment": ("DescribeJob",),
    "CancelDeployment": ("DescribeJob", "CancelJob"),
    "DeleteDeployment": ("DeleteJob",),
}
_SHADOW = {"GetDeployment": ("GetThingShadow",), "CancelDeployment": ("GetThingShadow", "DeleteThingShadow")}


def needs(asked: Asked) -> list[Need]:
    """What a Greengrass request needs."""
    action, given = f"greengrass:{asked.operation}", asked.parameters
    prefix = f"arn:aws:greengrass:{asked.region}:{asked.account}"
    if asked.operation == "CreateDeployment":
        return _create_deployment(asked)
    if asked.operation == "CreateComponentVersion":
        return _create_component(asked, prefix)
    if "deploymentId" in given:
        found = [Need(action, f"{prefix}:deployments:{given['deploymentId']}")]
        return found + _on_iot(asked, str(given["deploymentId"]))
    if "coreDeviceThingName" in given:
        return [Need(action, f"{prefix}:coreDevices:{given['coreDeviceThingName']}")]
    for name in ("arn", "resourceArn"):
        if name in given:
            return [Need(action, str(given[name]))]
    return [Need(action)]


def _backend(asked: Asked) -> GreengrassV2Backend:
    backend: GreengrassV2Backend = greengrassv2_backends[asked.account][asked.region]
    return backend


def _create_deployment(asked: Asked) -> list[Need]:
    target = str(asked.parameters.get("targetArn", ""))
    found = [Need("greengrass:CreateDeployment")]
    if asked.parameters.get("tags"):
        found.append(Need("greengrass:TagResource", f"arn:aws:greengrass:{asked.region}:{asked.account}:deployments:*"))
    if GROUP in target:
        jobs = f"arn:aws:iot:{asked.region}:{asked.account}:job/*"
        found += [Need("iot:DescribeThingGroup", target), Need("iot:CreateJob", jobs), Need("iot:CreateJob", target)]
        if _backend(asked).deployments.latest(target) is not None:
            found.append(Need("iot:CancelJob", jobs))
    else:
        found += [Need(f"iot:{name}", target) for name in ("DescribeThing", "GetThingShadow", "UpdateThingShadow")]
    return found


def _create_component(asked: Asked, prefix: str) -> list[Need]:
    function = asked.parameters.get("lambdaFunction")
    if isinstance(function, dict):
        component = f"{prefix}:components:{function.get('componentName') or '*'}"
        asks = [
            Need("greengrass:CreateComponentVersion", component),
            Need("lambda:GetFunction", str(function.get("lambdaArn", ""))),
        ]
        if asked.parameters.get("tags"):
            version = function.get("componentVersion") or "*"
            asks.append(Need("greengrass:TagResource", f"{component}:versions:{version}"))
        return asks
    try:
        recipe = recipes.parse(base64.b64decode(str(asked.parameters.get("inlineRecipe", ""))))
    except (binascii.Error, ValueError, recipes.RecipeError):
        return [Need("greengrass:CreateComponentVersion", f"{prefix}:components:*")]
    arn = f"{prefix}:components:{recipe['ComponentName']}"
    found = [Need("greengrass:CreateComponentVersion", arn)]
    if asked.parameters.get("tags"):
        found.append(Need("greengrass:TagResource", f"{arn}:versions:{recipe['ComponentVersion']}"))
    return found


def _on_iot(asked: Asked, deployment_id: str) -> list[Need]:
    deployment = next((d for d in _backend(asked).deployments.listed(None, None, "ALL") if d.id == deployment_id), None)
    if deployment is None:
        return []
    if deployment.job_id is None:
        return [Need(f"iot:{name}", deployment.target) for name in _SHADOW.get(asked.operation, ())]
    job = f"arn:aws:iot:{asked.region}:{asked.account}:job/{deployment.job_id}"
    return [Need(f"iot:{name}", job) for name in _DEPENDENT.get(asked.operation, ())]
