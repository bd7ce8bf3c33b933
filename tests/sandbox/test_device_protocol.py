"""The protocol between core devices and the cloud."""

from __future__ import annotations

import json
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest

from edgewright.documents import naming
from edgewright.sandbox.control import Sandbox
from tests.sandbox.errors import refused
from tests.sandbox.protocol import EVERYTHING, FLEET, HandDevice

GROUP = "arn:aws:iot:eu-west-1:222222222222:thinggroup/main"


@pytest.fixture
def iot(sandbox: Sandbox) -> Any:
    client = sandbox.client("iot", "staging")
    client.create_thing_group(thingGroupName="main")
    return client


@pytest.fixture
def greengrass(sandbox: Sandbox) -> Any:
    return sandbox.client("greengrassv2", "staging")


def test_a_job_document_says_what_to_do(sandbox: Sandbox, iot: Any, greengrass: Any) -> None:
    device = HandDevice.make(sandbox, "cam-001", "main")
    assert iot.describe_thing_group(thingGroupName="main")["thingGroupArn"] == GROUP
    component = {
        "componentVersion": "2.14.3",
        "configurationUpdate": {"merge": '{"a": {"b": 1}}', "reset": ["/c"]},
        "runWith": {"posixUser": "u"},
    }
    made = greengrass.create_deployment(
        targetArn=GROUP,
        deploymentName="d",
        components={"aws.greengrass.Nucleus": component, "aws.greengrass.Cli": {"componentVersion": "2.14.3"}},
        deploymentPolicies={"failureHandlingPolicy": "DO_NOTHING"},
    )
    job = device.next_job()
    assert job is not None
    document = json.loads(job["jobDocument"])
    created = greengrass.get_deployment(deploymentId=made["deploymentId"])["creationTimestamp"]
    assert document == {
        "deploymentId": made["deploymentId"],
        "deploymentName": "d",
        "creationTimestamp": int(created.timestamp() * 1000),
        "targetArn": GROUP,
        "configurationArn": "arn:aws:greengrass:eu-west-1:222222222222:configuration:thinggroup/main:1",
        "components": {
            "aws.greengrass.Nucleus": {
                "version": "2.14.3",
                "configurationUpdate": {"merge": {"a": {"b": 1}}, "reset": ["/c"]},
                "runWith": {"posixUser": "u"},
            },
            "aws.greengrass.Cli": {"version": "2.14.3", "configurationUpdate": {"merge": None, "reset": []}},
        },
        "deploymentPolicies": {"failureHandlingPolicy": "DO_NOTHING"},
    }


def test_pending_jobs_are_listed_described_and_taken_in_order(sandbox: Sandbox, iot: Any) -> None:
    device = HandDevice.make(sandbox, "cam-001")
    for name in ("first", "second"):
        arn = "arn:aws:iot:eu-west-1:222222222222:thing/cam-001"
        iot.create_job(jobId=name, targets=[arn], document=json.dumps({"do": name}))
    pending = device.ask("GET", "/things/cam-001/jobs").body
    assert [job["jobId"] for job in pending["queuedJobs"]] == ["first", "second"]
    assert pending["inProgressJobs"] == []
    described = device.ask("GET", "/things/cam-001/jobs/second?includeJobDocument=true").body["execution"]
    assert (described["status"], json.loads(described["jobDocument"])) == ("QUEUED", {"do": "second"})
    assert device.ask("GET", "/things/cam-001/jobs/$next").body["execution"]["jobId"] == "first"
    assert [device.next_job()["jobId"] for _ in range(2)] == ["first", "first"]  # type: ignore[index]
    assert device.finish("first").status == 200
    assert device.next_job()["jobId"] == "second"  # type: ignore[index]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        pytest.param({"status": "QUEUED"}, 400, "InvalidRequestException", id="not for a device to say"),
        pytest.param({"status": "HAPPY"}, 400, "InvalidRequestException", id="no status"),
        pytest.param({}, 400, "InvalidRequestException", id="nothing"),
        pytest.param({"status": "SUCCEEDED", "expectedVersion": 9}, 409, "VersionMismatch", id="another version"),
        pytest.param({"status": "SUCCEEDED", "statusDetails": {"a": 1}}, 400, "InvalidRequestException", id="details"),
    ],
)
def test_a_bad_report_changes_nothing(sandbox: Sandbox, iot: Any, body: dict[str, Any], status: int, code: str) -> None:
    device = HandDevice.make(sandbox, "cam-001")
    iot.create_job(jobId="job", targets=["arn:aws:iot:eu-west-1:222222222222:thing/cam-001"], document="{}")
    answer = device.ask("POST", "/things/cam-001/jobs/job", body)
    assert (answer.status, answer.body["__type"]) == (status, code)
    assert iot.describe_job_execution(jobId="job", thingName="cam-001")["execution"]["status"] == "QUEUED"


def test_a_report_may_ask_for_state_and_document(sandbox: Sandbox, iot: Any) -> None:
    device = HandDevice.make(sandbox, "cam-001")
    iot.create_job(jobId="job", targets=["arn:aws:iot:eu-west-1:222222222222:thing/cam-001"], document='{"a": 1}')
    body = {
        "status": "IN_PROGRESS",
        "statusDetails": {"step": "1"},
        "expectedVersion": 1,
        "includeJobExecutionState": True,
        "includeJobDocument": True,
    }
    answer = device.ask("POST", "/things/cam-001/jobs/job", body).body
    assert answer == {
        "executionState": {"status": "IN_PROGRESS", "statusDetails": {"step": "1"}, "versionNumber": 2},
        "jobDocument": '{"a": 1}',
    }


def test_jobs_are_read_with_boto3_too(sandbox: Sandbox, iot: Any) -> None:
    HandDevice.make(sandbox, "cam-001")
    iot.create_job(jobId="job", targets=["arn:aws:iot:eu-west-1:222222222222:thing/cam-001"], document="{}")
    jobs = sandbox.client("iot-jobs-data", "staging")
    assert [j["jobId"] for j in jobs.get_pending_job_executions(thingName="cam-001")["queuedJobs"]] == ["job"]
    assert jobs.start_next_pending_job_execution(thingName="cam-001")["execution"]["status"] == "IN_PROGRESS"
    refused(
        jobs.describe_job_execution,
        "ResourceNotFoundException",
        404,
        "No execution .*",
        thingName="cam-001",
        jobId="none",
    )


def test_news_wakes_a_waiting_device(sandbox: Sandbox, iot: Any, greengrass: Any) -> None:
    device = HandDevice.make(sandbox, "cam-001", "main")
    path = f"/_edgewright/devices/{device.account}/cam-001/next"
    known = device.ask("GET", f"{path}?since=0&timeout=0").body["sequence"]
    assert device.ask("GET", f"{path}?since={known}&timeout=0.05").body["sequence"] == known
    heard: list[int] = []
    waiting = threading.Thread(
        target=lambda: heard.append(device.ask("GET", f"{path}?since={known}&timeout=20").body["sequence"])
    )
    waiting.start()
    began = time.monotonic()
    greengrass.create_deployment(targetArn=GROUP, components={})
    waiting.join(10)
    assert heard
    assert heard[0] > known
    assert time.monotonic() - began < 5
    assert iot.list_jobs()["jobs"]


def test_a_device_that_knows_a_later_number_than_the_server_hears_at_once(sandbox: Sandbox) -> None:
    device = HandDevice.make(sandbox, "cam-001")
    path = f"/_edgewright/devices/{device.account}/cam-001/next?since=999999999&timeout=20"
    began = time.monotonic()
    device.ask("GET", path)
    assert time.monotonic() - began < 5


def test_a_shadow_brings_a_deployment_of_one_thing(sandbox: Sandbox, greengrass: Any) -> None:
    device = HandDevice.make(sandbox, "cam-001")
    path = "/things/cam-001/shadow?name=AWSManagedGreengrassV2Deployment"
    assert device.ask("GET", path).status == 404
    made = greengrass.create_deployment(
        targetArn="arn:aws:iot:eu-west-1:222222222222:thing/cam-001", components={}, deploymentName="one"
    )
    state = device.ask("GET", path).body["state"]
    assert json.loads(state["desired"]["fleetConfig"])["deploymentId"] == made["deploymentId"]
    assert device.ask("POST", path, {"state": {"reported": {"status": "SUCCEEDED"}}}).status == 200
    device.report(deployment={"deploymentId": made["deploymentId"], "status": "SUCCEEDED", "statusDetails": {}})
    assert greengrass.get_deployment(deploymentId=made["deploymentId"])["deploymentStatus"] == "COMPLETED"
    [effective] = greengrass.list_effective_deployments(coreDeviceThingName="cam-001")["effectiveDeployments"]
    assert (effective["coreDeviceExecutionStatus"], "iotJobId" in effective) == ("COMPLETED", False)


def test_groups_of_a_device_come_with_their_parents(sandbox: Sandbox, iot: Any) -> None:
    iot.create_thing_group(thingGroupName="child", parentGroupName="main")
    device = HandDevice.make(sandbox, "cam-001", "child")
    [group] = device.ask("GET", "/greengrass/v2/coreDevices/cam-001/thingGroups").body["thingGroups"]
    assert (group["thingGroupName"], group["thingGroupArn"]) == ("child", GROUP.replace("main", "child"))
    assert group["rootToParentThingGroups"] == [{"thingGroupName": "main", "thingGroupArn": GROUP}]


def test_candidates_are_resolved_for_a_device(sandbox: Sandbox) -> None:
    device = HandDevice.make(sandbox, "cam-001")
    body = {
        "platform": {"attributes": {"os": "linux"}},
        "componentCandidates": [
            {"componentName": "aws.greengrass.Cli", "versionRequirements": {"thinggroup/main": "==2.14.3"}}
        ],
    }
    [found] = device.ask("POST", "/greengrass/v2/resolveComponentCandidates", body).body["resolvedComponentVersions"]
    assert (found["componentName"], found["componentVersion"]) == ("aws.greengrass.Cli", "2.14.3")


# --- identity -----------------------------------------------------------------------------------------------------


def test_a_device_is_who_its_certificate_says(sandbox: Sandbox, iot: Any) -> None:
    device = HandDevice.make(sandbox, "cam-001")
    HandDevice.make(sandbox, "cam-002")
    path = "/things/cam-001/jobs"
    assert device.ask("GET", path).status == 200
    assert device.ask("GET", "/things/cam-002/jobs").status == 403
    assert device.ask("GET", path, **{"X-Edgewright-Certificate": "0" * 64}).status == 403
    iot.update_certificate(certificateId=device.certificate, newStatus="INACTIVE")
    assert device.ask("GET", path).status == 403
    iot.update_certificate(certificateId=device.certificate, newStatus="ACTIVE")
    arn = iot.describe_certificate(certificateId=device.certificate)["certificateDescription"]["certificateArn"]
    iot.detach_thing_principal(thingName="cam-001", principal=arn)
    assert device.ask("GET", path).status == 403


def _without(action: str) -> dict[str, Any]:
    refuse = {"Effect": "Deny", "Action": action, "Resource": "*"}
    return {**EVERYTHING, "Statement": [*EVERYTHING["Statement"], refuse]}  # type: ignore[list-item]


@pytest.mark.parametrize(
    ("action", "method", "path", "code"),
    [
        ("iot:Connect", "GET", "/things/cam-001/jobs", "ForbiddenException"),
        ("iot:Subscribe", "PUT", "/things/cam-001/jobs/$next", "ForbiddenException"),
        ("iot:Receive", "GET", "/things/cam-001/shadow?name=x", "ForbiddenException"),
        ("iot:Publish", "POST", "/topics/%24aws%2Fthings%2Fcam-001%2Fgreengrassv2%2Fhealth%2Fjson", None),
        ("iot:AssumeRoleWithCertificate", "GET", "/role-aliases/alias/credentials", "ForbiddenException"),
        (
            "greengrass:ListThingGroupsForCoreDevice",
            "GET",
            "/greengrass/v2/coreDevices/cam-001/thingGroups",
            "AccessDeniedException",
        ),
        (
            "greengrass:ResolveComponentCandidates",
            "POST",
            "/greengrass/v2/resolveComponentCandidates",
            "AccessDeniedException",
        ),
    ],
)
def test_the_iot_policy_decides_what_a_device_may(
    sandbox: Sandbox, action: str, method: str, path: str, code: str | None
) -> None:
    device = HandDevice.make(sandbox, "cam-001", policy=_without(action))
    answer = device.ask(method, path, {} if method != "GET" else None)
    assert (answer.status, answer.body["__type"]) == (403, code or "ForbiddenException")
    assert f"is not authorized to perform: {action} on resource: " in answer.body["message"]


def test_thing_policy_variables_hold_for_mqtt_and_not_for_the_data_plane(sandbox: Sandbox) -> None:
    iot = "arn:aws:iot:eu-west-1:222222222222"
    own = "${iot:Connection.Thing.ThingName}"
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": "iot:Connect", "Resource": f"{iot}:client/{own}*"},
            {
                "Effect": "Allow",
                "Action": ["iot:Publish", "iot:Subscribe", "iot:Receive"],
                "Resource": [f"{iot}:topic/$aws/things/{own}/*", f"{iot}:topicfilter/$aws/things/{own}/*"],
            },
            {
                "Effect": "Allow",
                "Action": "greengrass:*",
                "Resource": f"arn:aws:greengrass:eu-west-1:222222222222:coreDevices:{own}",
            },
        ],
    }
    device = HandDevice.make(sandbox, "cam-001", policy=policy)
    assert device.ask("GET", "/things/cam-001/jobs").status == 200
    assert device.ask("GET", "/greengrass/v2/coreDevices/cam-001/thingGroups").status == 403


def test_a_policy_of_a_thing_group_does_not_reach_the_data_plane(sandbox: Sandbox, iot: Any) -> None:
    nothing: dict[str, Any] = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "iot:Connect", "Resource": "*"}],
    }
    device = HandDevice.make(sandbox, "cam-001", "main", policy=nothing)
    iot.create_policy(policyName="of-the-group", policyDocument=json.dumps(EVERYTHING))
    iot.attach_policy(policyName="of-the-group", target=GROUP)
    assert device.ask("GET", "/things/cam-001/jobs").status == 200
    assert device.ask("GET", "/greengrass/v2/coreDevices/cam-001/thingGroups").status == 403


def test_a_device_made_before_its_stack_connects_when_the_policy_comes(sandbox: Sandbox, iot: Any) -> None:
    made = sandbox.add_device("cam-001", fleet=FLEET, stage="staging", ring="main")
    device = HandDevice(sandbox, "cam-001", made["account"], made["certificateId"])
    answers: list[int] = []
    waiting = threading.Thread(target=lambda: answers.append(device.ask("GET", "/things/cam-001/jobs").status))
    waiting.start()
    iot.create_policy(policyName=naming.device_policy(FLEET, "staging"), policyDocument=json.dumps(EVERYTHING))
    waiting.join(15)
    assert answers == [200]
    group = naming.thing_group(FLEET, "staging", "main")
    iot.create_thing_group(thingGroupName=group)
    assert iot.list_things_in_thing_group(thingGroupName=group)["things"] == ["cam-001"]


def test_a_role_alias_gives_credentials_that_carry_the_things_name(sandbox: Sandbox, iot: Any) -> None:
    device = HandDevice.make(sandbox, "cam-001")
    assert device.ask("GET", "/role-aliases/none/credentials").status == 404
    iam = sandbox.client("iam", "staging")
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "credentials.iot.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
    arn = iam.create_role(RoleName="device", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    own = {
        "Effect": "Allow",
        "Action": "s3:PutObject",
        "Resource": "arn:aws:s3:::captures/${credentials-iot:ThingName}/*",
    }
    iam.put_role_policy(
        RoleName="device", PolicyName="own", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [own]})
    )
    iot.create_role_alias(roleAlias="alias", roleArn=arn)
    sandbox.client("s3", "staging").create_bucket(
        Bucket="captures", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    given = device.ask("GET", "/role-aliases/alias/credentials").body["credentials"]
    session = boto3.session.Session(
        aws_access_key_id=given["accessKeyId"],
        aws_secret_access_key=given["secretAccessKey"],
        aws_session_token=given["sessionToken"],
        region_name="eu-west-1",
    )
    caller = session.client("sts", endpoint_url=sandbox.endpoint).get_caller_identity()
    assert caller["Arn"] == f"arn:aws:sts::222222222222:assumed-role/device/{device.certificate}"
    s3 = session.client("s3", endpoint_url=sandbox.endpoint)
    s3.put_object(Bucket="captures", Key="cam-001/a.jsonl", Body=b"{}")
    refused(
        s3.put_object, "AccessDenied", 403, ".*s3:PutObject.*", Bucket="captures", Key="cam-002/a.jsonl", Body=b"{}"
    )
    iam.update_assume_role_policy(
        RoleName="device", PolicyDocument=json.dumps(trust).replace("credentials.iot", "lambda")
    )
    assert device.ask("GET", "/role-aliases/alias/credentials").status == 403


def test_credentials_last_as_long_as_role_and_alias_both_allow(sandbox: Sandbox, iot: Any) -> None:
    device = HandDevice.make(sandbox, "cam-001")
    iot.create_thing_type(thingTypeName="camera")
    iot.update_thing(thingName="cam-001", thingTypeName="camera")
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "credentials.iot.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"credentials-iot:ThingTypeName": "camera"}},
    }
    iam = sandbox.client("iam", "staging")
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    arn = iam.create_role(RoleName="device", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    iot.create_role_alias(roleAlias="alias", roleArn=arn, credentialDurationSeconds=7200)
    assert device.ask("GET", "/role-aliases/alias/credentials").status == 403  # a role allows an hour by default
    iam.update_role(RoleName="device", MaxSessionDuration=7200)
    given = device.ask("GET", "/role-aliases/alias/credentials").body["credentials"]
    left = datetime.fromisoformat(given["expiration"]) - datetime.now(UTC)
    assert timedelta(hours=1) < left <= timedelta(hours=2)
    iot.update_thing(thingName="cam-001", removeThingType=True)
    assert device.ask("GET", "/role-aliases/alias/credentials").status == 403


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"knob": 1}, "a device has no knob"),
        ({"knobs": {"broken": True}}, "a device has no knob broken"),
        ({}, "a new device needs certificateId, region"),
    ],
)
def test_the_registry_refuses_what_it_does_not_know(sandbox: Sandbox, value: dict[str, Any], message: str) -> None:
    from edgewright.errors import EdgewrightError

    with pytest.raises(EdgewrightError, match=message):
        sandbox.put_device("222222222222", "cam-009", value)
    assert sandbox.devices() == []


def test_a_large_deployment_is_asked_for_apart_from_its_job(sandbox: Sandbox, greengrass: Any, iot: Any) -> None:
    """Over 31 KB for a job and 7 KB for a shadow (developer guide); the names of the components come with the job."""
    device, other = HandDevice.make(sandbox, "cam-001", "main"), HandDevice.make(sandbox, "cam-002")
    merge = json.dumps({"table": "x" * 32_000})
    components = {"aws.greengrass.Cli": {"componentVersion": "2.14.3", "configurationUpdate": {"merge": merge}}}
    made = greengrass.create_deployment(targetArn=GROUP, components=components)
    job = device.next_job()
    assert job is not None
    document = json.loads(job["jobDocument"])
    assert document["components"] == {"aws.greengrass.Cli": {"version": "2.14.3"}}
    assert document["requiredCapabilities"] == ["LARGE_CONFIGURATION"]
    path = f"/greengrass/v2/coreDevices/cam-001/deployments/{made['deploymentId']}/configuration"
    whole = device.ask("GET", path).body
    assert whole["components"]["aws.greengrass.Cli"]["configurationUpdate"]["merge"] == json.loads(merge)
    assert "requiredCapabilities" not in whole
    assert device.ask("GET", path.replace(made["deploymentId"], "nothing")).status == 404
    assert other.ask("GET", path).status == 403
    assert other.ask("GET", path.replace("cam-001", "cam-002")).status == 404
    components["aws.greengrass.Cli"]["configurationUpdate"] = {"merge": json.dumps({"table": "x" * 8_000})}
    greengrass.create_deployment(targetArn=f"{GROUP.rpartition(':')[0]}:thing/cam-002", components=components)
    shadow = other.ask("GET", "/things/cam-002/shadow?name=AWSManagedGreengrassV2Deployment").body
    assert json.loads(shadow["state"]["desired"]["fleetConfig"])["requiredCapabilities"] == ["LARGE_CONFIGURATION"]
    device.finish(job["jobId"])
    greengrass.create_deployment(targetArn=GROUP, components=components)
    small = device.next_job()
    assert small is not None
    assert "requiredCapabilities" not in json.loads(small["jobDocument"])


def test_a_subdeployment_asks_for_a_nucleus_that_can_do_it(sandbox: Sandbox, greengrass: Any, iot: Any) -> None:
    iot.create_thing_group(thingGroupName="canary")
    device = HandDevice.make(sandbox, "cam-001", "canary")
    greengrass.create_deployment(targetArn=GROUP, components={})
    canary = GROUP.replace("main", "canary")
    limits = {"runWith": {"posixUser": "u", "systemResourceLimits": {"memory": 1024}}}
    greengrass.create_deployment(
        targetArn=canary,
        parentTargetArn=GROUP,
        components={"aws.greengrass.Cli": {"componentVersion": "2.14.3", **limits}},
    )
    job = device.next_job()
    assert job is not None
    document = json.loads(job["jobDocument"])
    assert document["onBehalfOf"] == GROUP
    assert document["requiredCapabilities"] == ["LINUX_RESOURCE_LIMITS", "SUB_DEPLOYMENTS"]
