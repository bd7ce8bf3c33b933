"""The root of trust on a sandbox with three accounts: who tries what, and is refused. One bring-up for all of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from edgewright.cli.main import main
from edgewright.errors import EdgewrightError
from edgewright.gitops.drift.model import of_resources
from edgewright.gitops.engine import Engine
from edgewright.sandbox import control, environment
from edgewright.sandbox.control import Sandbox
from edgewright.sandbox.provisioning import Claim
from tests.identity import organisation

pytestmark = [pytest.mark.engine, pytest.mark.timeout(600), pytest.mark.xdist_group("root-of-trust")]

TOOLING, STAGING, PROD = "111111111111", "222222222222", "333333333333"
STATE = f"acme-state-{TOOLING}-eu-west-1"
REPOSITORY = "acme/edge-fleets"
LINE = "line-inspection"
DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "403"}
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"AWS": STAGING}, "Action": "sts:AssumeRole"}],
    }
)
EVERYTHING = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
Client = Callable[[str], Any]


@dataclass(frozen=True)
class World:
    """Tooling and staging, brought up by the engine; the bring-up of staging used its deploy role."""

    sandbox: Sandbox
    root: Path
    variables: Mapping[str, str]
    """Of the administrator's shell."""

    def pipeline(self, role: str, subject: str, **claims: str) -> dict[str, str]:
        """The variables of a job that has exchanged the token of the forge for a role, as the forge's action does."""
        given = {"sub": subject, "aud": "sts.amazonaws.com", **claims}
        client: Any = boto3.client(
            "sts", "eu-west-1", endpoint_url=self.sandbox.endpoint, config=Config(signature_version=UNSIGNED)
        )
        answer = client.assume_role_with_web_identity(
            RoleArn=f"arn:aws:iam::{TOOLING}:role/{role}",
            RoleSessionName="run-1",
            WebIdentityToken=self.sandbox.identity_token("token.actions.githubusercontent.com", given),
        )["Credentials"]
        return {
            **self.variables,
            "AWS_ACCESS_KEY_ID": answer["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": answer["SecretAccessKey"],
            "AWS_SESSION_TOKEN": answer["SessionToken"],
        }

    def deploying(self) -> dict[str, str]:
        """The variables of the job that deploys staging."""
        subject = f"repo:{REPOSITORY}:environment:staging"
        return self.pipeline("edgewright-ci-deploy-staging", subject, ref="refs/heads/main")

    def as_role(self, account: str, role: str, **more: Any) -> Client:
        """Clients of a role, taken by the administrator of the tooling account."""
        given = self.sandbox.client("sts").assume_role(
            RoleArn=f"arn:aws:iam::{account}:role/{role}", RoleSessionName="tries", **more
        )["Credentials"]
        return self.with_keys(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])

    def with_keys(self, key: str, secret: str, token: str) -> Client:
        session: Any = boto3.session.Session(key, secret, token, region_name=self.sandbox.region)
        config = Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"})
        return lambda service: session.client(service, endpoint_url=self.sandbox.endpoint, config=config)

    def deployer(self) -> Client:
        return self.as_role(STAGING, "edgewright-deploy-staging", ExternalId="acme-edge")

    def device(self, thing: str, certificate: str, fleet: str = LINE) -> Client:
        """Clients with the credentials that a device gets for its certificate."""
        path = f"/role-aliases/edgewright-{fleet}-staging/credentials"
        given = self.sandbox.as_device("GET", path, client=thing, certificate=certificate)["credentials"]
        return self.with_keys(given["accessKeyId"], given["secretAccessKey"], given["sessionToken"])


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    project = Path(__file__).resolve().parents[2]
    root = organisation.write(project, tmp_path_factory.mktemp("identity") / "an organisation")
    with control.start(tmp_path_factory.mktemp("sandbox")) as sandbox:
        environment.prepare(sandbox, root)
        variables = {**os.environ, **environment.environment(sandbox, root)}
        path = os.pathsep.join([str(root / environment.STANDIN), variables["PATH"]])
        variables["PATH"] = path
        # A bucket is a part of the path here, and of the host's name on AWS.
        place = f"endpoint={sandbox.endpoint}&region=eu-west-1&s3ForcePathStyle=true"
        variables["PULUMI_BACKEND_URL"] = f"s3://{STATE}?{place}"
        del variables["PULUMI_CONFIG_PASSPHRASE"]
        first = bootstrap(root, variables)
        assert " changes)\nthe state is in s3://" in first
        assert "as the manifests say, nothing to do\n" in bootstrap(root, variables)
        made = World(sandbox, root, variables)
        up = Engine(root, made.deploying()).up("staging")
        assert up.ok, up.output
        reader = made.pipeline("edgewright-ci-preview", f"repo:{REPOSITORY}:pull_request")
        again = Engine(root, {**reader, "EDGEWRIGHT_ACCESS": "preview"}).preview("staging")
        assert again.ok, again.output
        # Only the way in is another one.
        assert {step.type for step in again.changes} == {"pulumi:providers:aws", "pulumi:providers:greengrassv2"}
        yield made


def bootstrap(root: Path, variables: dict[str, str]) -> str:
    """Bring the root of trust up as an administrator does; return what is said."""
    command = [sys.executable, "-m", "edgewright.cli", "bootstrap", "--yes", "--root", str(root)]
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "entered as arn:aws:sts::222222222222:assumed-role/OrganizationAccountAccessRole/" in done.stderr
    return done.stdout


@pytest.fixture
def shell(world: World, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """The command line, as the administrator of the tooling account would use it."""
    for name, value in world.sandbox.aws_environment().items():
        if name != "HTTP_PROXY":
            monkeypatch.setenv(name, value)

    def run(*words: str) -> int:
        return main([*words, "--root", str(world.root)])

    return run


def denied(call: Callable[..., Any], **given: Any) -> str:
    """Try a call that must be refused; return what AWS says."""
    with pytest.raises(ClientError) as caught:
        call(**given)
    assert caught.value.response["Error"]["Code"] in DENIED, caught.value
    return str(caught.value)


# --- deploying -------------------------------------------------------------------------------------------------


def test_staging_came_up_without_administrator_rights_and_cannot_touch_production(world: World) -> None:
    client = world.deployer()
    assert client("sts").get_caller_identity()["Arn"].endswith("assumed-role/edgewright-deploy-staging/tries")
    for role in ("edgewright-deploy-prod", "edgewright-preview-prod", "OrganizationAccountAccessRole"):
        denied(
            client("sts").assume_role,
            RoleArn=f"arn:aws:iam::{PROD}:role/{role}",
            RoleSessionName="tries",
            ExternalId="acme-edge",
        )
    denied(client("s3").get_object, Bucket=f"acme-line-inspection-prod-{PROD}", Key="x")
    denied(client("s3").put_bucket_policy, Bucket="acme-artifacts-111111111111-eu-west-1", Policy=EVERYTHING)


def test_a_pipeline_has_the_state_of_its_own_stage_and_previews_write_none(world: World) -> None:
    def clients(role: str, subject: str, **claims: str) -> Client:
        job = world.pipeline(role, subject, **claims)
        return world.with_keys(job["AWS_ACCESS_KEY_ID"], job["AWS_SECRET_ACCESS_KEY"], job["AWS_SESSION_TOKEN"])

    place = ".pulumi/stacks/edgewright/{}.json"
    deploy = clients("edgewright-ci-deploy-staging", f"repo:{REPOSITORY}:environment:staging", ref="refs/heads/main")
    reader = clients("edgewright-ci-preview", f"repo:{REPOSITORY}:pull_request")
    own = deploy("s3").get_object(Bucket=STATE, Key=place.format("staging"))["Body"].read()
    assert b"encryptedkey" in own
    reader("s3").get_object(Bucket=STATE, Key=place.format("prod"))
    for stack in ("prod", "tooling"):
        denied(deploy("s3").get_object, Bucket=STATE, Key=place.format(stack))
        denied(deploy("s3").put_object, Bucket=STATE, Key=place.format(stack), Body=b"{}")
        denied(deploy("s3").put_object, Bucket=STATE, Key=f".pulumi/locks/organization/edgewright/{stack}/x", Body=b"")
    denied(deploy("s3").put_bucket_versioning, Bucket=STATE, VersioningConfiguration={"Status": "Suspended"})
    denied(reader("s3").put_object, Bucket=STATE, Key=place.format("staging"), Body=own)
    denied(reader("kms").encrypt, KeyId="alias/edgewright-state", Plaintext=b"x")
    denied(reader("kms").decrypt, CiphertextBlob=_encrypted_with_another_key(world))
    for subject in ("pull_request", "ref:refs/heads/main", "environment:prod"):
        with pytest.raises(ClientError, match="Not authorized to perform sts:AssumeRoleWithWebIdentity"):
            world.pipeline("edgewright-ci-deploy-staging", f"repo:{REPOSITORY}:{subject}", ref="refs/heads/main")


def _encrypted_with_another_key(world: World) -> bytes:
    kms = world.sandbox.client("kms")
    text: bytes = kms.encrypt(KeyId=kms.create_key()["KeyMetadata"]["KeyId"], Plaintext=b"x")["CiphertextBlob"]
    return text


def test_the_external_id_is_asked_for(world: World) -> None:
    role = f"arn:aws:iam::{STAGING}:role/edgewright-deploy-staging"
    for given in ({}, {"ExternalId": "guessed"}):
        denied(world.sandbox.client("sts").assume_role, RoleArn=role, RoleSessionName="tries", **given)


def test_a_right_that_somebody_adds_to_a_role_is_drift_and_goes_with_the_next_update(world: World) -> None:
    role = f"edgewright-{LINE}-staging-device"
    iam = world.sandbox.client("iam", STAGING)
    iam.put_role_policy(RoleName=role, PolicyName="backdoor", PolicyDocument=EVERYTHING)
    iam.attach_role_policy(RoleName=role, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    job = world.deploying()
    found = Engine(world.root, job).refresh_preview("staging")
    assert found.ok, found.output
    told = {line for each in of_resources("staging", found.strayed, fleet=LINE) for line in each.changes}
    assert "+ policyNames: backdoor" in told
    assert "+ policyArns: arn:aws:iam::aws:policy/AdministratorAccess" in told
    repaired = Engine(world.root, job).up("staging", refresh=True)
    assert repaired.ok, repaired.output
    assert iam.list_role_policies(RoleName=role)["PolicyNames"] == ["permissions"]
    assert iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"] == []


def test_a_pipeline_cannot_raise_its_own_rights(world: World) -> None:
    """Every way that IAM has from the rights of a deploy role to more."""
    iam = world.deployer()("iam")
    own, device = "edgewright-deploy-staging", "edgewright-line-inspection-staging-device"
    boundary = f"arn:aws:iam::{STAGING}:policy/edgewright-boundary-staging-devices"
    administrator = "arn:aws:iam::aws:policy/AdministratorAccess"
    for call, given in (
        (iam.put_role_policy, {"RoleName": own, "PolicyName": "p", "PolicyDocument": EVERYTHING}),
        (iam.attach_role_policy, {"RoleName": own, "PolicyArn": administrator}),
        (iam.update_assume_role_policy, {"RoleName": own, "PolicyDocument": TRUST}),
        (iam.attach_role_policy, {"RoleName": device, "PolicyArn": administrator}),
        (iam.delete_role_permissions_boundary, {"RoleName": device}),
        (iam.put_role_permissions_boundary, {"RoleName": device, "PermissionsBoundary": administrator}),
        (iam.create_policy_version, {"PolicyArn": boundary, "PolicyDocument": EVERYTHING, "SetAsDefault": True}),
        (iam.delete_policy, {"PolicyArn": boundary}),
        (iam.create_role, {"RoleName": "edgewright-x-staging-device", "AssumeRolePolicyDocument": TRUST}),
        (
            iam.create_role,
            {"RoleName": "mine", "AssumeRolePolicyDocument": TRUST, "PermissionsBoundary": boundary},
        ),
        (iam.create_user, {"UserName": "mine"}),
        (iam.put_role_policy, {"RoleName": "OrganizationAccountAccessRole", "PolicyName": "p", "PolicyDocument": "{}"}),
    ):
        denied(call, **given)


def test_whatever_policy_a_pipeline_writes_a_role_stays_within_its_boundary(world: World) -> None:
    """The strongest role that a pipeline can make, and what it is good for."""
    iam = world.deployer()("iam")
    boundary = f"arn:aws:iam::{STAGING}:policy/edgewright-boundary-staging-devices"
    name = "edgewright-x-staging-device"
    trust = TRUST.replace(STAGING, "111111111111")
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust, PermissionsBoundary=boundary)
    try:
        iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=EVERYTHING)
        strongest = world.as_role(STAGING, name)
        denied(strongest("iam").create_user, UserName="mine")
        denied(strongest("greengrassv2").list_deployments)
        denied(strongest("iot").create_thing, thingName="x")
        denied(
            strongest("s3").put_object,
            Bucket="acme-artifacts-111111111111-eu-west-1",
            Key="components/com.acme.parts-model/x",
            Body=b"x",
            IfNoneMatch="*",
        )
    finally:
        iam.delete_role_policy(RoleName=name, PolicyName="p")
        iam.delete_role(RoleName=name)


def test_the_preview_role_reads_and_cannot_change_anything(world: World) -> None:
    client = world.as_role(STAGING, "edgewright-preview-staging", ExternalId="acme-edge")
    group = f"{LINE}-staging-twins"
    arn = f"arn:aws:iot:eu-west-1:{STAGING}:thinggroup/{group}"
    assert client("iot").describe_thing_group(thingGroupName=group)["thingGroupName"] == group
    (latest,) = client("greengrassv2").list_deployments(targetArn=arn)["deployments"]
    bucket = f"acme-line-inspection-staging-{STAGING}"
    iot, greengrass, s3, iam = (client(each) for each in ("iot", "greengrassv2", "s3", "iam"))
    for call, given in (
        (iot.create_thing, {"thingName": "x"}),
        (iot.update_thing_group, {"thingGroupName": group, "thingGroupProperties": {}}),
        (iot.delete_thing_group, {"thingGroupName": group}),
        (iot.create_policy, {"policyName": "edgewright-x-staging-device", "policyDocument": EVERYTHING}),
        (greengrass.create_deployment, {"targetArn": arn, "components": {}}),
        (greengrass.cancel_deployment, {"deploymentId": latest["deploymentId"]}),
        (s3.put_object, {"Bucket": bucket, "Key": "x", "Body": b"x"}),
        (s3.get_object, {"Bucket": bucket, "Key": "x"}),
        (s3.delete_bucket, {"Bucket": bucket}),
        (iam.put_role_policy, {"RoleName": f"edgewright-{LINE}-staging-device", "PolicyName": "p",
                               "PolicyDocument": EVERYTHING}),
        (iam.create_role, {"RoleName": "edgewright-x-staging-device", "AssumeRolePolicyDocument": TRUST}),
        (client("sts").assume_role, {"RoleArn": f"arn:aws:iam::{STAGING}:role/edgewright-deploy-staging",
                                     "RoleSessionName": "tries", "ExternalId": "acme-edge"}),
    ):  # fmt: skip
        denied(call, **given)


def test_operators_look_and_change_nothing(world: World) -> None:
    client = world.as_role(STAGING, "edgewright-operator-staging")
    client("iot").describe_thing(thingName="reader-twin-001")
    client("greengrassv2").list_core_devices()
    denied(client("iot").delete_thing, thingName="reader-twin-001")
    arn = f"arn:aws:iot:eu-west-1:{STAGING}:thinggroup/{LINE}-staging-twins"
    denied(client("greengrassv2").create_deployment, targetArn=arn, components={})


def test_technicians_neither_deploy_nor_read_captures(world: World) -> None:
    client = world.as_role(STAGING, "edgewright-technician-staging")
    denied(client("greengrassv2").list_deployments)
    denied(client("iam").create_user, UserName="x")
    denied(client("s3").get_object, Bucket=f"acme-line-inspection-staging-{STAGING}", Key="x")


# --- devices ---------------------------------------------------------------------------------------------------


def test_a_new_device_provisions_itself_takes_the_release_of_its_ring_and_keeps_to_its_own(
    world: World, shell: Callable[..., int], tmp_path: Path
) -> None:
    """From the claim certificate of a factory to the end of the device, with the real template, hook and policies."""
    out = tmp_path / "claim"
    assert shell("device", "claim", LINE, "staging", "--out", str(out)) == 0
    assert oct((out / "private.key").stat().st_mode & 0o777) == "0o600"
    iot = world.sandbox.client("iot", "staging")
    (target,) = iot.list_targets_for_policy(policyName=f"edgewright-{LINE}-staging-claim")["targets"]
    certificate = target.rpartition("/")[2]

    def provision(serial: str, **asked: str) -> dict[str, Any]:
        claim = Claim(f"{LINE}-staging", certificate, {"SerialNumber": serial, **asked})
        return world.sandbox.provision_device(claim, fleet=LINE, stage="staging")

    for stranger in ("SN-9999", "reader-twin-001"):
        with pytest.raises(EdgewrightError):
            provision(stranger)
    device = provision("SN-0001", Ring="canary")
    assert device["thing"] == "SN-0001"
    groups = iot.list_thing_groups_for_thing(thingName="SN-0001")["thingGroups"]
    assert [group["groupName"] for group in groups] == [f"{LINE}-staging-twins"]
    assert iot.describe_thing(thingName="SN-0001")["thingTypeName"] == f"{LINE}-staging"
    with pytest.raises(EdgewrightError):
        provision("SN-0001")

    world.sandbox.start_devices()
    assert wanted(world) == installed(world, "SN-0001")
    assert_that_a_device_keeps_to_its_own(world, world.device("SN-0001", device["certificateId"]))

    assert shell("device", "retire", "SN-0001", "--stage", "staging") == 2, "the manifest still names it"
    assert shell("device", "retire", "SN-0001", "--stage", "staging", "--stolen") == 0
    assert "SN-0001" not in {each["thingName"] for each in iot.list_things()["things"]}
    assert device["certificateId"] not in {each["certificateId"] for each in iot.list_certificates()["certificates"]}
    with pytest.raises(EdgewrightError):
        world.device("SN-0001", device["certificateId"])
    assert shell("device", "retire", "SN-0001", "--stage", "staging", "--stolen") == 0, "again, with nothing to do"


def wanted(world: World) -> dict[str, str]:
    greengrass = world.sandbox.client("greengrassv2", "staging")
    arn = f"arn:aws:iot:eu-west-1:{STAGING}:thinggroup/{LINE}-staging-twins"
    (latest,) = greengrass.list_deployments(targetArn=arn)["deployments"]
    deployment = greengrass.get_deployment(deploymentId=latest["deploymentId"])
    return {name: each["componentVersion"] for name, each in deployment["components"].items()}


def installed(world: World, thing: str) -> dict[str, str]:
    """What the device says that it runs, once it has taken its deployment."""
    greengrass = world.sandbox.client("greengrassv2", "staging")
    end = time.monotonic() + 120
    while time.monotonic() < end:
        try:
            found = greengrass.list_effective_deployments(coreDeviceThingName=thing)["effectiveDeployments"]
        except ClientError:
            found = []
        states = {each["coreDeviceExecutionStatus"] for each in found}
        if "SUCCEEDED" in states:
            break
        assert not states & {"FAILED", "REJECTED"}, found
        time.sleep(0.2)
    components = greengrass.list_installed_components(coreDeviceThingName=thing)["installedComponents"]
    return {each["componentName"]: each["componentVersion"] for each in components}


def assert_that_a_device_keeps_to_its_own(world: World, client: Client) -> None:
    s3, artifacts = client("s3"), "acme-artifacts-111111111111-eu-west-1"
    keys = [each["Key"] for each in world.sandbox.client("s3").list_objects_v2(Bucket=artifacts)["Contents"]]
    own = next(key for key in keys if key.startswith("components/com.acme.parts-model/"))
    others = next(key for key in keys if key.startswith("components/com.acme.device-health/"))
    assert s3.get_object(Bucket=artifacts, Key=own)["Body"].read()
    denied(s3.get_object, Bucket=artifacts, Key=others)
    denied(s3.put_object, Bucket=artifacts, Key=f"{own}x", Body=b"x", IfNoneMatch="*")
    denied(s3.list_objects_v2, Bucket=artifacts)
    captures = f"acme-line-inspection-staging-{STAGING}"
    s3.put_object(Bucket=captures, Key="SN-0001/2026/a.jsonl", Body=b"{}")
    denied(s3.put_object, Bucket=captures, Key="SN-0002/2026/a.jsonl", Body=b"{}")
    denied(s3.get_object, Bucket=captures, Key="SN-0001/2026/a.jsonl")
    denied(s3.put_object, Bucket=f"acme-label-reading-staging-{STAGING}", Key="SN-0001/a.jsonl", Body=b"{}")
    denied(client("iam").list_roles)
    denied(client("greengrassv2").list_deployments)


def test_a_twin_gets_a_claim_for_its_template_and_nothing_else(world: World) -> None:
    role = f"edgewright-{LINE}-staging-twin"
    ec2 = world.sandbox.client("ec2", "staging")
    instances = [each for found in ec2.describe_instances()["Reservations"] for each in found["Instances"]]
    assert [{tag["Key"]: tag["Value"] for tag in each["Tags"]}["Name"] for each in instances] == [
        f"{LINE}-staging-twin-01"
    ]
    name = f"edgewright-{LINE}-staging-twins"
    (version,) = ec2.describe_launch_template_versions(LaunchTemplateName=name)["LaunchTemplateVersions"]
    assert version["LaunchTemplateData"]["IamInstanceProfile"]["Name"] == role
    assert version["LaunchTemplateData"]["MetadataOptions"]["HttpTokens"] == "required"
    iam = world.sandbox.client("iam", "staging")
    (policy,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
    document = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
    assert {action for each in document["Statement"] for action in each["Action"]} == {
        "iot:CreateProvisioningClaim",
        "iot:DescribeEndpoint",
    }


# --- Edge Manager ----------------------------------------------------------------------------------------------


def test_edge_manager_knows_the_devices_by_their_things(world: World) -> None:
    sagemaker = world.sandbox.client("sagemaker", "staging")
    fleet = sagemaker.describe_device_fleet(DeviceFleetName="label-reading-staging")
    assert fleet["RoleArn"] == f"arn:aws:iam::{STAGING}:role/edgewright-label-reading-staging-device"
    assert not fleet.get("IotRoleAlias")
    assert "sagemaker" in fleet["OutputConfig"]["S3OutputLocation"]
    device = sagemaker.describe_device(DeviceName="reader-twin-001", DeviceFleetName="label-reading-staging")
    assert device["IotThingName"] == "reader-twin-001"
    alias = world.sandbox.client("iot", "staging").describe_role_alias(roleAlias="edgewright-label-reading-staging")
    assert alias["roleAliasDescription"]["roleArn"] == fleet["RoleArn"]


# --- nothing secret --------------------------------------------------------------------------------------------


def test_no_state_holds_a_key_or_a_token(world: World) -> None:
    s3 = world.sandbox.client("s3")
    listed = s3.list_objects_v2(Bucket=STATE, Prefix=".pulumi/stacks/")["Contents"]
    states = [s3.get_object(Bucket=STATE, Key=each["Key"])["Body"].read().decode() for each in listed]
    assert len(states) >= 3  # tooling, staging, and prod, which is empty
    for text in states:
        assert "PRIVATE KEY" not in text
        assert world.sandbox.administrator["secretAccessKey"] not in text
