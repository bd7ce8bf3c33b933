"""What a role may do, proven by calls that are allowed and calls that are not."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest

from edgewright.documents import deploy_policy
from edgewright.documents.place import StagePlace
from edgewright.sandbox.control import Sandbox
from tests.sandbox.errors import refused

ACCOUNT = "222222222222"
IOT, GREENGRASS = f"arn:aws:iot:eu-west-1:{ACCOUNT}", f"arn:aws:greengrass:eu-west-1:{ACCOUNT}"
GROUP = f"{IOT}:thinggroup/main"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/worker/w1"

As = Callable[..., Callable[[str], Any]]


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(*actions: str, on: str | list[str] = "*", **parts: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": on, **parts}


@pytest.fixture
def worker(sandbox: Sandbox) -> As:
    """Clients of a role of staging with the statements that are given."""
    iam = sandbox.client("iam", "staging")
    trust = {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}
    iam.create_role(RoleName="worker", AssumeRolePolicyDocument=document(trust))

    def clients(*statements: dict[str, Any]) -> Callable[[str], Any]:
        if statements:
            iam.put_role_policy(RoleName="worker", PolicyName="p", PolicyDocument=document(*statements))
        given = sandbox.client("sts", "staging").assume_role(
            RoleArn=f"arn:aws:iam::{ACCOUNT}:role/worker", RoleSessionName="w1"
        )["Credentials"]
        session: Any = boto3.session.Session(
            given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"], region_name="eu-west-1"
        )
        return lambda service: session.client(service, endpoint_url=sandbox.endpoint)

    return clients


def lacks(call: Callable[..., Any], action: str, on: str, *, code: str = "AccessDeniedException", **given: Any) -> None:
    shown = f'"{on}"' if action.startswith("s3:") else on
    message = (
        f"User: {SESSION} is not authorized to perform: {action} on resource: {shown} "
        f"because no identity-based policy allows the {action} action"
    )
    refused(call, code, 403, message.replace("*", r"\*").replace("+", r"\+"), **given)


def test_a_role_without_policies_may_nothing_but_know_itself(worker: As) -> None:
    client = worker()
    assert client("sts").get_caller_identity()["Arn"] == SESSION
    lacks(client("iot").create_thing, "iot:CreateThing", f"{IOT}:thing/x", thingName="x")
    lacks(client("iot").list_things, "iot:ListThings", "*")
    lacks(client("greengrassv2").list_deployments, "greengrass:ListDeployments", "*")
    lacks(client("iam").list_roles, "iam:ListRoles", "*", code="AccessDenied")
    lacks(client("s3").list_buckets, "s3:ListAllMyBuckets", "*", code="AccessDenied")
    lacks(
        client("iot-jobs-data").get_pending_job_executions,
        "iotjobsdata:GetPendingJobExecutions",
        f"{IOT}:thing/x",
        thingName="x",
    )


def test_a_policy_allows_what_it_names_and_no_more(worker: As) -> None:
    iot = worker(allow("iot:CreateThing", on=f"{IOT}:thing/cam-*"))("iot")
    iot.create_thing(thingName="cam-001")
    lacks(iot.create_thing, "iot:CreateThing", f"{IOT}:thing/reader-001", thingName="reader-001")
    lacks(iot.delete_thing, "iot:DeleteThing", f"{IOT}:thing/cam-001", thingName="cam-001")


def test_an_explicit_deny_is_named_as_such(worker: As) -> None:
    iot = worker(allow("iot:*"), {"Effect": "Deny", "Action": "iot:DeleteThing", "Resource": "*"})("iot")
    refused(
        iot.delete_thing,
        "AccessDeniedException",
        403,
        ".*iot:DeleteThing.* with an explicit deny in an identity-based policy",
        thingName="x",
    )


def test_a_boundary_narrows(worker: As, sandbox: Sandbox) -> None:
    iam = sandbox.client("iam", "staging")
    arn = iam.create_policy(PolicyName="boundary", PolicyDocument=document(allow("iot:List*")))["Policy"]["Arn"]
    iam.put_role_permissions_boundary(RoleName="worker", PermissionsBoundary=arn)
    iot = worker(allow("iot:*"))("iot")
    assert iot.list_things()["things"] == []
    refused(
        iot.create_thing,
        "AccessDeniedException",
        403,
        ".*because no permissions boundary allows the iot:CreateThing action",
        thingName="x",
    )


def test_every_resource_that_an_operation_names_must_be_allowed(worker: As, sandbox: Sandbox) -> None:
    admin = sandbox.client("iot", "staging")
    admin.create_thing(thingName="cam-001")
    admin.create_thing_group(thingGroupName="main")
    iot = worker(allow("iot:AddThingToThingGroup", on=f"{IOT}:thing/*"))("iot")
    lacks(
        iot.add_thing_to_thing_group,
        "iot:AddThingToThingGroup",
        GROUP,
        thingName="cam-001",
        thingGroupName="main",
    )


def test_tags_at_creation_need_a_permission_of_their_own(worker: As) -> None:
    client = worker(allow("iot:CreateThingGroup", "greengrass:CreateComponentVersion"))
    client("iot").create_thing_group(thingGroupName="plain")
    lacks(
        client("iot").create_thing_group,
        "iot:TagResource",
        f"{IOT}:thinggroup/tagged",
        thingGroupName="tagged",
        tags=[{"Key": "a", "Value": "b"}],
    )
    recipe = {"RecipeFormatVersion": "2020-01-25", "ComponentName": "com.acme.a", "ComponentVersion": "1.0.0"}
    lacks(
        client("greengrassv2").create_component_version,
        "greengrass:TagResource",
        f"{GREENGRASS}:components:com.acme.a:versions:1.0.0",
        inlineRecipe=json.dumps({**recipe, "Manifests": []}).encode(),
        tags={"a": "b"},
    )


def test_a_role_alias_needs_the_right_to_pass_its_role(worker: As) -> None:
    role = f"arn:aws:iam::{ACCOUNT}:role/device"
    passing = {"Condition": {"StringEquals": {"iam:PassedToService": "credentials.iot.amazonaws.com"}}}
    create = allow("iot:CreateRoleAlias")
    lacks(worker(create)("iot").create_role_alias, "iam:PassRole", role, roleAlias="alias", roleArn=role)
    worker(create, allow("iam:PassRole", on=role, **passing))("iot").create_role_alias(roleAlias="alias", roleArn=role)


DEPLOY = [
    "greengrass:CreateDeployment",
    "iot:CreateJob",
    "iot:DescribeThingGroup",
    "iot:CancelJob",
    "iot:DescribeThing",
    "iot:GetThingShadow",
    "iot:UpdateThingShadow",
]


@pytest.mark.parametrize(
    ("without", "target", "revisions", "resource"),
    [
        ("greengrass:CreateDeployment", GROUP, 0, "*"),
        ("iot:DescribeThingGroup", GROUP, 0, GROUP),
        ("iot:CreateJob", GROUP, 0, f"{IOT}:job/*"),
        ("iot:CancelJob", GROUP, 1, f"{IOT}:job/*"),
        ("iot:DescribeThing", f"{IOT}:thing/cam-001", 0, f"{IOT}:thing/cam-001"),
        ("iot:UpdateThingShadow", f"{IOT}:thing/cam-001", 0, f"{IOT}:thing/cam-001"),
    ],
)
def test_a_deployment_is_made_in_the_callers_name(  # noqa: PLR0917 -- a table's columns
    worker: As, sandbox: Sandbox, without: str, target: str, revisions: int, resource: str
) -> None:
    admin = sandbox.client("iot", "staging")
    admin.create_thing(thingName="cam-001")
    admin.create_thing_group(thingGroupName="main")
    for _ in range(revisions):
        sandbox.client("greengrassv2", "staging").create_deployment(targetArn=target, components={})
    greengrass = worker(allow(*(action for action in DEPLOY if action != without)))("greengrassv2")
    lacks(greengrass.create_deployment, without, resource, targetArn=target, components={})
    worker(allow(*DEPLOY))("greengrassv2").create_deployment(targetArn=target, components={})


def test_the_caller_must_be_able_to_read_an_artifact(worker: As, sandbox: Sandbox) -> None:
    s3 = sandbox.client("s3", "staging")
    s3.create_bucket(Bucket="artifacts-here", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_object(Bucket="artifacts-here", Key="x", Body=b"x")
    recipe = {
        "RecipeFormatVersion": "2020-01-25",
        "ComponentName": "com.acme.a",
        "ComponentVersion": "1.0.0",
        "Manifests": [{"Artifacts": [{"URI": "s3://artifacts-here/x"}]}],
    }
    text = json.dumps(recipe).encode()
    create = allow("greengrass:CreateComponentVersion", on=f"{GREENGRASS}:components:com.acme.*")
    refused(
        worker(create)("greengrassv2").create_component_version,
        "ValidationException",
        400,
        ".*Specified artifact resource cannot be accessed.*",
        inlineRecipe=text,
    )
    read = allow("s3:GetObject", on="arn:aws:s3:::artifacts-here/*")
    worker(create, read)("greengrassv2").create_component_version(inlineRecipe=text)


def test_iam_is_judged_on_the_role_that_is_named(worker: As) -> None:
    own = f"arn:aws:iam::{ACCOUNT}:role/edgewright-*"
    iam = worker(allow("iam:CreateRole", "iam:GetRole", on=own))("iam")
    trust = document({"Effect": "Allow", "Principal": {"Service": "iot.amazonaws.com"}, "Action": "sts:AssumeRole"})
    iam.create_role(RoleName="edgewright-a", AssumeRolePolicyDocument=trust)
    lacks(
        iam.create_role,
        "iam:CreateRole",
        f"arn:aws:iam::{ACCOUNT}:role/other",
        code="AccessDenied",
        RoleName="other",
        AssumeRolePolicyDocument=trust,
    )
    lacks(
        iam.create_role,
        "iam:TagRole",
        f"arn:aws:iam::{ACCOUNT}:role/edgewright-b",
        code="AccessDenied",
        RoleName="edgewright-b",
        AssumeRolePolicyDocument=trust,
        Tags=[{"Key": "a", "Value": "b"}],
    )
    lacks(
        iam.put_role_policy,
        "iam:PutRolePolicy",
        f"arn:aws:iam::{ACCOUNT}:role/edgewright-a",
        code="AccessDenied",
        RoleName="edgewright-a",
        PolicyName="p",
        PolicyDocument=document(allow("*")),
    )


# --- buckets ------------------------------------------------------------------------------------------------------


@pytest.fixture
def bucket(sandbox: Sandbox) -> str:
    s3 = sandbox.client("s3", "staging")
    s3.create_bucket(Bucket="captures", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_object(Bucket="captures", Key="cam-001/a", Body=b"a")
    return "captures"


def test_objects_and_buckets_are_two_resources(worker: As, bucket: str) -> None:
    s3 = worker(allow("s3:GetObject", on="arn:aws:s3:::captures/cam-001/*"))("s3")
    assert s3.get_object(Bucket=bucket, Key="cam-001/a")["Body"].read() == b"a"
    lacks(
        s3.get_object,
        "s3:GetObject",
        "arn:aws:s3:::captures/cam-002/a",
        code="AccessDenied",
        Bucket=bucket,
        Key="cam-002/a",
    )
    lacks(s3.list_objects_v2, "s3:ListBucket", "arn:aws:s3:::captures", code="AccessDenied", Bucket=bucket)


def test_a_prefix_may_be_a_condition(worker: As, bucket: str) -> None:
    only = {"Condition": {"StringLike": {"s3:prefix": "cam-001/*"}}}
    s3 = worker(allow("s3:ListBucket", on="arn:aws:s3:::captures", **only))("s3")
    assert s3.list_objects_v2(Bucket=bucket, Prefix="cam-001/")["KeyCount"] == 1
    lacks(s3.list_objects_v2, "s3:ListBucket", "arn:aws:s3:::captures", code="AccessDenied", Bucket=bucket, Prefix="x/")


def test_a_bucket_policy_refuses_whatever_the_role_may(worker: As, sandbox: Sandbox, bucket: str) -> None:
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::captures/*"}
    sandbox.client("s3", "staging").put_bucket_policy(Bucket=bucket, Policy=document(deny))
    refused(
        worker(allow("s3:*"))("s3").get_object,
        "AccessDenied",
        403,
        ".*with an explicit deny in a resource-based policy",
        Bucket=bucket,
        Key="cam-001/a",
    )


def test_write_once_and_tls_only_as_the_program_writes_them(worker: As, sandbox: Sandbox, bucket: str) -> None:
    tls = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": ["arn:aws:s3:::captures", "arn:aws:s3:::captures/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    once = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:PutObject",
        "Resource": "arn:aws:s3:::captures/*",
        "Condition": {"Null": {"s3:if-none-match": "true"}, "Bool": {"s3:ObjectCreationOperation": "true"}},
    }
    sandbox.client("s3", "staging").put_bucket_policy(Bucket=bucket, Policy=document(tls, once))
    s3 = worker(allow("s3:*"))("s3")
    refused(s3.put_object, "AccessDenied", 403, ".*explicit deny.*", Bucket=bucket, Key="new", Body=b"1")
    s3.put_object(Bucket=bucket, Key="new", Body=b"1", IfNoneMatch="*")
    refused(s3.put_object, "PreconditionFailed", 412, ".*", Bucket=bucket, Key="new", Body=b"2", IfNoneMatch="*")
    refused(
        s3.copy_object, "AccessDenied", 403, ".*explicit deny.*", Bucket=bucket, Key="copy", CopySource=f"{bucket}/new"
    )
    upload = s3.create_multipart_upload(Bucket=bucket, Key="big")["UploadId"]
    s3.upload_part(Bucket=bucket, Key="big", UploadId=upload, PartNumber=1, Body=b"x")
    s3.abort_multipart_upload(Bucket=bucket, Key="big", UploadId=upload)
    assert s3.get_object(Bucket=bucket, Key="new")["Body"].read() == b"1"


def test_across_accounts_bucket_and_role_must_both_allow(worker: As, sandbox: Sandbox) -> None:
    s3 = sandbox.client("s3", "tooling")
    s3.create_bucket(Bucket="shared", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_object(Bucket="shared", Key="x", Body=b"x")
    read = allow("s3:GetObject", on="arn:aws:s3:::shared/*")
    refused(
        worker(read)("s3").get_object,
        "AccessDenied",
        403,
        ".*because no resource-based policy allows the s3:GetObject action",
        Bucket="shared",
        Key="x",
    )
    grant = {**read, "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}}
    s3.put_bucket_policy(Bucket="shared", Policy=document(grant))
    assert worker(read)("s3").get_object(Bucket="shared", Key="x")["Body"].read() == b"x"
    lacks(
        worker(allow("iot:*"))("s3").get_object,
        "s3:GetObject",
        "arn:aws:s3:::shared/x",
        code="AccessDenied",
        Bucket="shared",
        Key="x",
    )


def test_several_objects_are_deleted_one_by_one(worker: As, sandbox: Sandbox, bucket: str) -> None:
    sandbox.client("s3", "staging").put_object(Bucket=bucket, Key="cam-002/b", Body=b"b")
    s3 = worker(allow("s3:DeleteObject", on="arn:aws:s3:::captures/cam-001/*"))("s3")
    answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "cam-001/a"}, {"Key": "cam-002/b"}]})
    assert [d["Key"] for d in answer["Deleted"]] == ["cam-001/a"]
    assert [(e["Key"], e["Code"]) for e in answer["Errors"]] == [("cam-002/b", "AccessDenied")]
    left = sandbox.client("s3", "staging").list_objects_v2(Bucket=bucket)["Contents"]
    assert [item["Key"] for item in left] == ["cam-002/b"]


def test_the_rendered_deploy_policy_is_understood_whole(worker: As) -> None:
    place = StagePlace(
        organisation="acme", stage="staging", account_id=ACCOUNT, tooling_id="111111111111", region="eu-west-1"
    )
    client = worker(*deploy_policy.deploy_role(place)["Statement"])
    assert client("greengrassv2").list_deployments()["deployments"] == []
    client("iot").create_thing_group(thingGroupName="line-inspection-staging-twins")
    lacks(
        client("iot").create_thing_group,
        "iot:CreateThingGroup",
        f"{IOT}:thinggroup/line-inspection-prod-main",
        thingGroupName="line-inspection-prod-main",
    )
    lacks(client("iam").list_roles, "iam:ListRoles", "*", code="AccessDenied")


def test_a_condition_on_the_boundary_holds_for_the_role_as_it_is(worker: As, sandbox: Sandbox) -> None:
    """A deploy role may write policies for roles with the boundary, and cannot make, bare or free any other."""
    admin = sandbox.client("iam", "staging")
    boundary, other = (
        admin.create_policy(PolicyName=name, PolicyDocument=document(allow("iot:List*")))["Policy"]["Arn"]
        for name in ("boundary", "other")
    )
    trust = document({"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"})
    admin.create_role(RoleName="bare-device", AssumeRolePolicyDocument=trust)
    bounded = {"Condition": {"StringEquals": {"iam:PermissionsBoundary": boundary}}}
    actions = ("iam:CreateRole", "iam:PutRolePolicy", "iam:PutRolePermissionsBoundary", "iam:UpdateAssumeRolePolicy")
    iam = worker(allow(*actions, on=f"arn:aws:iam::{ACCOUNT}:role/*-device", **bounded))("iam")
    iam.create_role(RoleName="a-device", AssumeRolePolicyDocument=trust, PermissionsBoundary=boundary)
    iam.put_role_policy(RoleName="a-device", PolicyName="p", PolicyDocument=document(allow("*")))
    iam.update_assume_role_policy(RoleName="a-device", PolicyDocument=trust)
    denied = {"code": "AccessDenied", "status": 403}
    for call, given in (
        (iam.create_role, {"RoleName": "b-device", "AssumeRolePolicyDocument": trust}),
        (iam.create_role, {"RoleName": "b-device", "AssumeRolePolicyDocument": trust, "PermissionsBoundary": other}),
        (iam.put_role_policy, {"RoleName": "bare-device", "PolicyName": "p", "PolicyDocument": document(allow("*"))}),
        (iam.update_assume_role_policy, {"RoleName": "bare-device", "PolicyDocument": trust}),
        (iam.put_role_permissions_boundary, {"RoleName": "a-device", "PermissionsBoundary": other}),
        (iam.delete_role_permissions_boundary, {"RoleName": "a-device"}),
        (iam.put_role_policy, {"RoleName": "worker", "PolicyName": "p", "PolicyDocument": document(allow("*"))}),
    ):
        refused(call, denied["code"], denied["status"], ".*is not authorized to perform: iam:.*", **given)
