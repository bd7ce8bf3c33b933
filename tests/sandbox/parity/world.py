"""The prepared world of the parity suite: one account with something of everything, made once for all cases."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

from edgewright.sandbox.control import Sandbox
from tests.sandbox.protocol import HandDevice

STAGE, ACCOUNT, REGION = "staging", "222222222222", "eu-west-1"
IOT = f"arn:aws:iot:{REGION}:{ACCOUNT}"
GREENGRASS = f"arn:aws:greengrass:{REGION}:{ACCOUNT}"
TEMPLATE = json.dumps({"Resources": {"thing": {"Type": "AWS::IoT::Thing", "Properties": {"ThingName": "x"}}}})


def recipe(name: str = "com.acme.app", version: str = "1.0.0", **more: Any) -> dict[str, Any]:
    """A small recipe."""
    base = {"RecipeFormatVersion": "2020-01-25", "ComponentName": name, "ComponentVersion": version}
    manifest = {"Platform": {"os": "linux"}, "Lifecycle": {"run": "true"}}
    return {**base, "Manifests": [manifest], **more}


def policy(service: str) -> str:
    """A trust policy for an AWS service."""
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def build(sandbox: Sandbox) -> dict[str, str]:
    """Make everything; answers the names that cases use."""
    names = {"account": ACCOUNT, "iot": IOT, "gg": GREENGRASS}
    names |= _roles(sandbox)
    names |= _fleet(sandbox)
    names |= _components(sandbox)
    names |= _deployments(sandbox)
    names |= _others(sandbox, names)
    return names


def _roles(sandbox: Sandbox) -> dict[str, str]:
    iam = sandbox.client("iam", STAGE)
    found = {}
    for service in ("iot", "sagemaker", "greengrass", "lambda", "credentials.iot"):
        name = service.replace(".", "-")
        trust = policy(f"{service}.amazonaws.com")
        found[f"role_{name.replace('-', '_')}"] = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)[
            "Role"
        ]["Arn"]
    return found


def _fleet(sandbox: Sandbox) -> dict[str, str]:
    iot = sandbox.client("iot", STAGE)
    found = {}
    for group in ("main", "canary", "second", "old", "free", "empty", "parent", "ending", "ended"):
        found[group] = iot.create_thing_group(thingGroupName=group)["thingGroupArn"]
    iot.create_thing_group(thingGroupName="child", parentGroupName="parent")
    found["colon"] = iot.create_thing_group(thingGroupName="a:b")["thingGroupArn"]
    for thing in ("cam-001", "cam-002"):
        device = HandDevice.make(sandbox, thing, "main")
        component = {"componentName": "com.acme.app", "version": "1.0.0", "status": "RUNNING", "isRoot": True}
        nested = {"componentName": "com.acme.lib", "version": "1.0.0", "status": "FINISHED", "isRoot": False}
        health = "HEALTHY" if thing == "cam-001" else "UNHEALTHY"
        assert device.report([component, nested], health=health).status == 200
        found[thing.replace("-", "_")] = f"{IOT}:thing/{thing}"
    gone = HandDevice.make(sandbox, "gone")
    assert gone.report().status == 200
    for thing in ("plain", "spare", "busy", "client"):
        found[thing] = iot.create_thing(thingName=thing)["thingArn"]
    return found


def _components(sandbox: Sandbox) -> dict[str, str]:
    s3 = sandbox.client("s3", STAGE)
    s3.create_bucket(Bucket="parts", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket="parts", Key="model.bin", Body=b"weights")
    s3.put_object(Bucket="parts", Key="other/model.bin", Body=b"weights")
    sandbox.client("s3", STAGE, "us-east-1").create_bucket(Bucket="faraway")
    sandbox.client("s3", STAGE, "us-east-1").put_object(Bucket="faraway", Key="model.bin", Body=b"weights")
    greengrass = sandbox.client("greengrassv2", STAGE)
    artifact = {"URI": "s3://parts/model.bin"}
    manifest = {"Platform": {"os": "linux"}, "Lifecycle": {}, "Artifacts": [artifact]}
    found = {}
    for version in ("1.0.0", "1.1.0"):
        text = json.dumps(recipe(version=version, Manifests=[manifest])).encode()
        arn = greengrass.create_component_version(inlineRecipe=text, tags={"a": "1"})["arn"]
        found[f"app_{version.replace('.', '_')}"] = arn
    gone = json.dumps(recipe("com.acme.gone")).encode()
    found["gone"] = greengrass.create_component_version(inlineRecipe=gone)["arn"]
    return found


def _deployments(sandbox: Sandbox) -> dict[str, str]:
    greengrass = sandbox.client("greengrassv2", STAGE)

    def deploy(target: str, **more: Any) -> str:
        made: str = greengrass.create_deployment(targetArn=f"{IOT}:{target}", **more)["deploymentId"]
        return made

    components = {"com.acme.app": {"componentVersion": "1.0.0"}}
    first = deploy("thinggroup/main", components=components)
    second = deploy("thinggroup/main", components=components, deploymentName="main", tags={"a": "1"})
    sub = deploy("thinggroup/canary", components=components, parentTargetArn=f"{IOT}:thinggroup/main")
    deploy("thinggroup/second", components={})
    cancelled = deploy("thinggroup/old", components={})
    greengrass.cancel_deployment(deploymentId=cancelled)
    thing = deploy("thing/cam-001", components=components)
    ending, ended = deploy("thinggroup/ending", components={}), deploy("thinggroup/ended", components={})
    greengrass.cancel_deployment(deploymentId=ended)
    found = {"first": first, "latest": second, "sub": sub, "cancelled": cancelled, "single": thing}
    return {**found, "to_cancel": ending, "to_delete": ended}


def _others(sandbox: Sandbox, names: dict[str, str]) -> dict[str, str]:
    iot = sandbox.client("iot", STAGE)
    iot.create_provisioning_template(
        templateName="line", templateBody=TEMPLATE, provisioningRoleArn=names["role_iot"], enabled=True
    )
    iot.create_role_alias(roleAlias="alias", roleArn=names["role_credentials_iot"])
    nothing = json.dumps({"Version": "2012-10-17", "Statement": []})
    iot.create_policy(policyName="attached", policyDocument=nothing)
    iot.create_policy(policyName="loose", policyDocument=nothing)
    made = iot.create_keys_and_certificate(setAsActive=True)
    iot.attach_policy(policyName="attached", target=made["certificateArn"])
    iot.create_job(jobId="running", targets=[names["plain"]], document="{}")
    iot.create_job(jobId="stopped", targets=[names["plain"]], document="{}")
    iot.cancel_job(jobId="stopped")
    iot.create_thing_type(thingTypeName="camera")
    elsewhere = sandbox.client("greengrassv2", STAGE, "us-east-1")
    elsewhere.associate_service_role_to_account(roleArn=names["role_greengrass"])
    sagemaker = sandbox.client("sagemaker", STAGE)
    output = {"S3OutputLocation": "s3://parts/captures"}
    sagemaker.create_device_fleet(DeviceFleetName="line", RoleArn=names["role_sagemaker"], OutputConfig=output)
    sagemaker.register_devices(DeviceFleetName="line", Devices=[{"DeviceName": "cam-001", "IotThingName": "cam-001"}])
    sagemaker.create_model_package_group(ModelPackageGroupName="models")
    package = sagemaker.create_model_package(ModelPackageGroupName="models", ModelApprovalStatus="Approved")
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("code.py", "def handler(event, context):\n    return event\n")
    function = sandbox.client("lambda", STAGE).create_function(
        FunctionName="filter",
        Runtime="python3.13",
        Handler="code.handler",
        Role=names["role_lambda"],
        Code={"ZipFile": code.getvalue()},
        Publish=True,
    )["FunctionArn"]
    return {
        "certificate": made["certificateId"],
        "certificate_arn": made["certificateArn"],
        "package": package["ModelPackageArn"],
        "packages": package["ModelPackageArn"].rpartition("/")[0],
        "function": function.removesuffix(":1"),
    }
