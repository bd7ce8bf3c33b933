"""What people, pipelines and devices do in a world that is up, beside what the engine does: it needs permissions.

Each call is one that somebody really makes: the source is said where it is not the program itself.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from edgewright.documents import naming
from edgewright.sandbox.control import Sandbox

FLEETS = ("line-inspection", "label-reading")
DEVICES = {
    ("line-inspection", "staging"): "twin-001",
    ("line-inspection", "prod"): "cam-001",
    ("label-reading", "staging"): "reader-twin-001",
    ("label-reading", "prod"): "reader-001",
}
"""A member of one ring of each fleet and stage of the sample."""
PIPELINE = "pipeline"
ARTIFACTS = "acme-artifacts-111111111111-eu-west-1"
READERS = "capture-readers"
_EVERYTHING = "arn:aws:iam::aws:policy/AdministratorAccess"


def switch_on_devices(sandbox: Sandbox) -> None:
    """One device for each fleet and stage; they wait for their stacks."""
    for (fleet, stage), thing in DEVICES.items():
        sandbox.add_device(thing, fleet=fleet, stage=stage)
    sandbox.start_devices()


def sign_in_as_pipeline(sandbox: Sandbox) -> dict[str, str]:
    """A user with the grants of the pipelines and nothing else; the variables that stand for it."""
    iam = sandbox.client("iam")
    iam.create_user(UserName=PIPELINE)
    for policy in iam.list_policies(Scope="Local")["Policies"]:
        if policy["PolicyName"].startswith(("edgewright-deploy-", "edgewright-preview-")):
            iam.attach_user_policy(UserName=PIPELINE, PolicyArn=policy["Arn"])
    key = iam.create_access_key(UserName=PIPELINE)["AccessKey"]
    return {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}


def live_on(sandbox: Sandbox, pipeline: Mapping[str, str]) -> None:
    """What happens in the weeks after: logs, captures, people who read them, rings that a query fills."""
    for (fleet, stage), thing in DEVICES.items():
        _work(sandbox, fleet, stage, thing)
    _read_captures(sandbox)
    for stage in ("staging", "prod"):
        _deploy_more(sandbox, stage, pipeline)
        _provision(sandbox, stage)


def _work(sandbox: Sandbox, fleet: str, stage: str, thing: str) -> None:
    """What components do with the device's role that have no code in the sandbox, and the nucleus's own downloads."""
    device = sandbox.device(thing)
    path = f"/role-aliases/{naming.role_alias(fleet, stage)}/credentials"
    answer = sandbox.as_device("GET", path, client=thing, certificate=device["certificateId"])
    found = answer["credentials"]
    keys = {
        "aws_access_key_id": found["accessKeyId"],
        "aws_secret_access_key": found["secretAccessKey"],
        "aws_session_token": found["sessionToken"],
    }
    # aws.greengrass.LogManager ("Permissions" of its page in the developer guide)
    logs = _client(sandbox, "logs", keys)
    group = {"logGroupName": f"/aws/greengrass/UserComponent/eu-west-1/{thing}"}
    logs.create_log_group(**group)
    logs.create_log_stream(**group, logStreamName="today")
    logs.put_log_events(**group, logStreamName="today", logEvents=[{"timestamp": 1_795_000_000_000, "message": "m"}])
    # the nucleus asks where a bucket is before it downloads from it
    s3 = _client(sandbox, "s3", keys)
    s3.get_bucket_location(Bucket=ARTIFACTS)
    bucket = f"acme-{fleet}-{stage}-{device['account']}"
    s3.put_object(Bucket=bucket, Key=f"{thing}/2026/11/26/capture.jsonl", Body=b"{}")
    if fleet == "line-inspection":  # its manifest asks for it: accuracy, from the inference component
        metric = {"MetricName": "InferenceAccuracy", "Value": 0.97}
        _client(sandbox, "cloudwatch", keys).put_metric_data(Namespace=f"edgewright/{fleet}", MetricData=[metric])


def _read_captures(sandbox: Sandbox) -> None:
    """A person of the data lake, whom the organisation's own role lets in."""
    iam = sandbox.client("iam")
    trust = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"AWS": "111111111111"}, "Action": "sts:AssumeRole"}],
    }
    role = iam.create_role(RoleName=READERS, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    for policy in iam.list_policies(Scope="Local")["Policies"]:
        if policy["PolicyName"].endswith("-access-capture-reader"):
            iam.attach_role_policy(RoleName=READERS, PolicyArn=policy["Arn"])
    person = _assumed(sandbox.client("sts"), role)
    for stage in ("staging", "prod"):
        account = sandbox.account_id(stage)
        reader = naming.access_role("line-inspection", stage, "capture-reader")
        keys = _assumed(_client(sandbox, "sts", person), f"arn:aws:iam::{account}:role/{reader}")
        s3 = _client(sandbox, "s3", keys)
        bucket = f"acme-line-inspection-{stage}-{account}"
        (capture,) = s3.list_objects_v2(Bucket=bucket)["Contents"]
        s3.get_object(Bucket=bucket, Key=capture["Key"])


def _deploy_more(sandbox: Sandbox, stage: str, pipeline: Mapping[str, str]) -> None:
    """What the provider does for a stage that publishes first, and for a ring that a query fills."""
    account = sandbox.account_id(stage)
    user = {
        "aws_access_key_id": pipeline["AWS_ACCESS_KEY_ID"],
        "aws_secret_access_key": pipeline["AWS_SECRET_ACCESS_KEY"],
    }
    for role in (naming.deploy_role(stage), naming.preview_role(stage)):
        keys = _assumed(_client(sandbox, "sts", user), f"arn:aws:iam::{account}:role/{role}", ExternalId="acme-edge")
        s3, iot = _client(sandbox, "s3", keys), _client(sandbox, "iot", keys)
        iot.get_indexing_configuration()
        # while a revision is watched, and at gates: what the devices measure, and alarms
        cloudwatch = _client(sandbox, "cloudwatch", keys)
        until = datetime.now(UTC)
        cloudwatch.get_metric_statistics(
            Namespace="edgewright/line-inspection",
            MetricName="InferenceAccuracy",
            StartTime=until - timedelta(hours=1),
            EndTime=until,
            Period=60,
            Statistics=["Average"],
        )
        cloudwatch.describe_alarms(AlarmNames=["line-inspection-unhealthy"])
        if role == naming.deploy_role(stage):
            # whether an artifact is there already is asked before it is published; S3 says 403 to who may not list
            with pytest.raises(ClientError, match="404"):
                s3.head_object(Bucket=ARTIFACTS, Key=f"components/com.acme.new/{stage}/x.py")
            s3.put_object(Bucket=ARTIFACTS, Key=f"components/com.acme.new/{stage}/x.py", Body=b"", IfNoneMatch="*")
            indexing = {"thingIndexingConfiguration": {"thingIndexingMode": "REGISTRY"}}
            iot.update_indexing_configuration(**indexing)
            group = f"line-inspection-{stage}-all"
            iot.create_dynamic_thing_group(thingGroupName=group, queryString="thingName:cam-*")
            iot.delete_dynamic_thing_group(thingGroupName=group)
        else:
            iot.describe_index(indexName="AWS_Things")


def _provision(sandbox: Sandbox, stage: str) -> None:
    """A role as the boundary of provisioning lets the deploy role make one, with more rights than it should have."""
    account = sandbox.account_id(stage)
    iam = sandbox.client("iam", stage)
    trust = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"AWS": account}, "Action": "sts:AssumeRole"}],
    }
    role = iam.create_role(
        RoleName="provisioning-by-hand",
        AssumeRolePolicyDocument=json.dumps(trust),
        PermissionsBoundary=f"arn:aws:iam::{account}:policy/edgewright-boundary-{stage}-provisioning",
    )["Role"]["Arn"]
    iam.attach_role_policy(RoleName="provisioning-by-hand", PolicyArn=_EVERYTHING)
    keys = _assumed(sandbox.client("sts", stage), role)
    _client(sandbox, "iot", keys).describe_thing(thingName=DEVICES["line-inspection", stage])


def _assumed(sts: Any, role: str, **more: str) -> dict[str, str]:
    found = sts.assume_role(RoleArn=role, RoleSessionName="somebody", **more)["Credentials"]
    return {
        "aws_access_key_id": found["AccessKeyId"],
        "aws_secret_access_key": found["SecretAccessKey"],
        "aws_session_token": found["SessionToken"],
    }


def _client(sandbox: Sandbox, service: str, keys: Mapping[str, str]) -> Any:
    session: Any = boto3.session.Session()
    return session.client(service, region_name=sandbox.region, endpoint_url=sandbox.endpoint, **keys)
