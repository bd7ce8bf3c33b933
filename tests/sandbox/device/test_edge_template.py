"""The template of a model that SageMaker makes: from nothing to a device of the sandbox, unedited, and not twice."""

from __future__ import annotations

import errno
import hashlib
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edgewright.aws.session import session
from edgewright.catalog.catalog import Catalog
from edgewright.cli.main import main
from edgewright.documents import naming
from edgewright.documents.roots import place_of
from edgewright.errors import EdgewrightError
from edgewright.gitops.edge_manager import building, taking
from edgewright.manifest.load import load_project
from edgewright.sandbox.control import Sandbox
from tests.helpers.repositories import sample_copy
from tests.helpers.roles import make_deploy_role
from tests.sandbox.device.fleet import ROOT, Fleet, until

NAME = "com.acme.packaged"
BUCKET = "acme-sagemaker-of-this-test"
_JOBS = ("Compilation", "EdgePackaging")
STILL = 1e-9  # a speed at which no job ends
PLACE = f"s3://{BUCKET}/neo"
Capture = pytest.CaptureFixture[str]


class World:
    """A fleet in staging, and in the tooling account a role for SageMaker and a bucket."""

    def __init__(self, sandbox: Sandbox, root: Path) -> None:
        self.sandbox, self.root = sandbox, root
        self.account = sandbox.account_id("tooling")
        self.role = f"arn:aws:iam::{self.account}:role/Neo"
        self.sagemaker = sandbox.client("sagemaker", "tooling")
        self.greengrass = sandbox.client("greengrassv2", "tooling")
        iam, s3 = sandbox.client("iam", "tooling"), sandbox.client("s3", "tooling")
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": sandbox.region})
        trust = {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
        iam.create_role(RoleName="Neo", AssumeRolePolicyDocument=_policy(trust))
        objects = ["s3:GetObject", "s3:PutObject"]
        self.permit(
            {"Effect": "Allow", "Action": objects, "Resource": f"arn:aws:s3:::{BUCKET}/*"},
            {"Effect": "Allow", "Action": "greengrass:CreateComponentVersion", "Resource": "*"},
        )

    def permit(self, *statements: dict[str, Any]) -> None:
        iam = self.sandbox.client("iam", "tooling")
        iam.put_role_policy(RoleName="Neo", PolicyName="neo", PolicyDocument=_policy(*statements))

    def builder(self, *components: str) -> str:
        """A role with what the how-to guide says that a build needs, and no more; ``components`` are Greengrass's."""
        sagemaker = [f"sagemaker:{verb}{job}Job" for verb in ("Create", "Describe", "Stop") for job in _JOBS]
        jobs = [f"arn:aws:sagemaker:*:{self.account}:{kind}/*" for kind in ("compilation-job", "edge-packaging-job")]
        component = [f"greengrass:{verb}Component" for verb in components or ("Describe", "Get", "Delete")]
        allowed: list[dict[str, Any]] = [
            {"Action": sagemaker, "Resource": jobs},
            {"Action": "sagemaker:ListEdgePackagingJobs", "Resource": "*"},
            {"Action": component, "Resource": f"arn:aws:greengrass:*:{self.account}:components:com.acme.*"},
            {"Action": ["s3:GetObject", "s3:PutObject"], "Resource": f"arn:aws:s3:::{BUCKET}/neo/*"},
            {
                "Action": "iam:PassRole",
                "Resource": self.role,
                "Condition": {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
            },
        ]
        iam = self.sandbox.client("iam", "tooling")
        here = {"AWS": f"arn:aws:iam::{self.account}:root"}
        trust = _policy({"Effect": "Allow", "Principal": here, "Action": "sts:AssumeRole"})
        made = iam.create_role(RoleName="Builder", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        policy = _policy(*({"Effect": "Allow", **each} for each in allowed))
        iam.put_role_policy(RoleName="Builder", PolicyName="build", PolicyDocument=policy)
        return str(made)

    def edgewright(self, *words: str) -> int:
        return main(["component", *words, "--root", str(self.root)])

    def build(self, *words: str) -> int:
        return self.edgewright("build", NAME, "--edge-manager", "--job-role", self.role, "--output", PLACE, *words)

    @property
    def folder(self) -> Path:
        return self.root / "catalog" / NAME / "1.0.0"

    def files(self) -> dict[str, bytes]:
        return {each.name: each.read_bytes() for each in self.folder.iterdir()}

    def jobs(self) -> list[str]:
        found = self.sagemaker.list_compilation_jobs()["CompilationJobSummaries"]
        return [each["CompilationJobName"] for each in found]


def _policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


@pytest.fixture
def world(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    for name, value in sandbox.aws_environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("HTTP_PROXY")
    session.cache_clear()
    made = World(sandbox, sample_copy(tmp_path / "an organisation"))
    assert made.edgewright("new", "edge-manager-model", NAME) == 0
    yield made
    session.cache_clear()


def _artifact_bucket(sandbox: Sandbox, root: Path) -> str:
    """What a tooling stack and the stage's would have made: the bucket, and who may write and read it."""
    bucket, s3 = place_of(load_project(root), "staging").artifact_bucket, sandbox.client("s3", "tooling")
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": sandbox.region})
    objects = {"Action": ["s3:GetObject", "s3:PutObject"], "Resource": f"arn:aws:s3:::{bucket}/*"}
    staging = {"AWS": f"arn:aws:iam::{sandbox.account_id('staging')}:root"}
    s3.put_bucket_policy(Bucket=bucket, Policy=_policy({"Effect": "Allow", "Principal": staging, **objects}))
    make_deploy_role(sandbox, "staging")
    return str(bucket)


def _device_fleet(fleet: Fleet, artifacts: str) -> str:
    """A device that is registered with Edge Manager under its thing's name, and what its role may."""
    name = naming.edge_manager_fleet("line-inspection", "staging")
    devices = f"arn:aws:sagemaker:{fleet.sandbox.region}:{fleet.account}:device-fleet/{name}/device/*"
    role = naming.token_exchange_role("line-inspection", "staging")
    iam, sagemaker = fleet.sandbox.client("iam", "staging"), fleet.sandbox.client("sagemaker", "staging")
    agent = ["sagemaker:GetDeviceRegistration", "sagemaker:SendHeartbeat"]
    policy = _policy(
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": artifacts},
        {"Effect": "Allow", "Action": agent, "Resource": devices},
    )
    iam.put_role_policy(RoleName=role, PolicyName="all", PolicyDocument=policy)
    services = ["credentials.iot.amazonaws.com", "sagemaker.amazonaws.com"]
    trust = _policy({"Effect": "Allow", "Principal": {"Service": services}, "Action": "sts:AssumeRole"})
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=trust)
    fleet.add("twin-001")
    sagemaker.create_device_fleet(
        DeviceFleetName=name,
        RoleArn=naming.role_arn(fleet.account, role),
        OutputConfig={"S3OutputLocation": "s3://acme-sagemaker-captures"},
    )
    device = {"DeviceName": "twin-001", "IotThingName": "twin-001"}
    sagemaker.register_devices(DeviceFleetName=name, Devices=[device])
    return name


def test_a_model_goes_from_the_template_through_sagemaker_to_a_device_unedited(
    world: World, sandbox: Sandbox, capsys: Capture
) -> None:
    bucket = _artifact_bucket(sandbox, world.root)
    assert main(["validate", "--root", str(world.root)]) == 0
    assert world.edgewright("build", NAME) == 1
    assert "has not been built by SageMaker" in capsys.readouterr().err
    assert world.edgewright("lock", NAME) == 1
    assert f"{NAME} has not been built: edgewright component build {NAME} --edge-manager" in capsys.readouterr().err
    begun_with = world.files()

    assert world.build("--role", world.builder()) == 0, capsys.readouterr().err
    said = capsys.readouterr()
    assert said.err.startswith("a legacy path: AWS discontinued SageMaker Edge Manager on 2024-04-26")
    built = world.files()
    artifact = "com-acme-packaged-1.0.0.tar.gz"
    assert set(built) - set(begun_with) == {"recipe.yaml", "compiled.json", artifact}
    assert {name: built[name] for name in begun_with} == begun_with
    digest = hashlib.sha256(built[artifact]).hexdigest()
    assert f"{NAME} 1.0.0 is built: recipe.yaml, {artifact} ({len(built[artifact])} bytes, sha256:{digest})" in said.out
    record = json.loads(built["compiled.json"])
    assert (record["digest"], record["account"]) == (f"sha256:{digest}", world.account)
    assert world.jobs() == [record["compilationJob"]]
    assert world.greengrass.list_components()["components"] == [], "SageMaker's own component is deleted again"

    assert world.build() == 0
    assert "is built already, of the same model.onnx and compile.yaml" in capsys.readouterr().out
    assert (len(world.jobs()), world.files()) == (1, built), "nothing is built twice"

    assert main(["validate", "--root", str(world.root)]) == 0
    assert world.edgewright("publish", NAME, "--stage", "staging") == 0, capsys.readouterr().err
    fleet = Fleet(sandbox)
    device_fleet = _device_fleet(fleet, f"arn:aws:s3:::{bucket}/*")
    sandbox.start_devices()
    agent = {
        "componentVersion": "1.3.2",
        "configurationUpdate": {"merge": json.dumps({"DeviceFleetName": device_fleet})},
    }
    job = fleet.deploy(
        {"aws.greengrass.Nucleus": "2.14.3", "aws.greengrass.SageMakerEdgeManager": agent, NAME: "1.0.0"}
    )
    assert fleet.ends(job, ["twin-001"]) == {"twin-001": "SUCCEEDED"}, fleet.story(["twin-001"])
    assert fleet.installed("twin-001")[NAME] == ("1.0.0", "FINISHED")
    sagemaker, me = sandbox.client("sagemaker", "staging"), {"DeviceFleetName": device_fleet, "DeviceName": "twin-001"}
    assert until(lambda: "LatestHeartbeat" in sagemaker.describe_device(**me)), fleet.story(["twin-001"])
    assert sagemaker.describe_device(**me)["AgentVersion"] == "1.3.2"
    assert (fleet.work("twin-001", NAME) / "model.onnx").read_bytes() == begun_with["model.onnx"]
    sandbox.stop_devices()

    # published, so that it never changes
    assert world.build() == 1
    assert "is published and never changes" in capsys.readouterr().err


def test_a_draft_that_was_changed_is_told_and_built_again(world: World, capsys: Capture) -> None:
    assert world.build() == 0
    settings = world.folder / "compile.yaml"
    settings.write_text(settings.read_text().replace('modelVersion: "1.0.0"', 'modelVersion: "2.0"'))
    shown = f"catalog/{NAME}/1.0.0"
    (problem,) = Catalog.load(world.root).problems
    assert (problem.file, problem.message) == (
        f"{shown}/compile.yaml", "was changed after SageMaker had made the component",
    )  # fmt: skip
    first = json.loads(world.files()["compiled.json"])
    assert world.build() == 0, capsys.readouterr().err
    assert Catalog.load(world.root).problems == ()
    assert set(world.files()) == {
        "compile.yaml", "model.onnx", "component.yaml", "recipe.yaml", "compiled.json", "com-acme-packaged-2.0.tar.gz",
    }  # fmt: skip
    second = json.loads(world.files()["compiled.json"])
    assert second["compilationJob"] != first["compilationJob"]
    (world.folder / "compiled.json").unlink()
    (problem,) = [each for each in Catalog.load(world.root).problems if each.file.endswith("recipe.yaml")]
    assert "there is no compiled.json" in problem.message


def test_a_build_that_fails_says_which_job_and_why_and_writes_nothing(world: World, capsys: Capture) -> None:
    begun_with = world.files()

    def fails(*told: str, words: tuple[str, ...] = ()) -> str:
        capsys.readouterr()
        assert world.build(*words) == 1
        said = capsys.readouterr().err
        for each in told:
            assert each in said
        assert world.files() == begun_with
        assert world.greengrass.list_components()["components"] == []
        return said

    objects = {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": f"arn:aws:s3:::{BUCKET}/*"}
    world.permit(objects)
    said = fails("may not write", "nothing was written", "/aws/sagemaker/CompilationJobs has more")
    assert f"the compilation job {world.jobs()[-1]} failed: " in said
    world.permit({**objects, "Action": ["s3:GetObject", "s3:PutObject"]})
    fails(f"made no component arn:aws:greengrass:eu-west-1:{world.account}:components:{NAME}", "AccessDenied")
    fails("--job-role 'x' is no ARN", words=("--job-role", "x"))
    fails("--output 'x' is no folder in S3", words=("--output", "x"))
    fails("--patience 0 is no time to wait", words=("--patience", "0"))
    other = world.role.replace(world.account, world.sandbox.account_id("staging"))
    fails("the credentials belong to account", words=("--job-role", other))
    fails("Could not assume role", words=("--job-role", f"{world.role}2"))
    world.sandbox.set_speed(STILL)
    said = fails("stopped the compilation job", "nothing was written; raise --patience", words=("--patience", "0.0001"))
    stopped = world.sagemaker.describe_compilation_job(CompilationJobName=world.jobs()[-1])
    assert stopped["CompilationJobStatus"] == "STOPPED"
    assert stopped["CompilationJobName"] in said
    (world.folder / "compile.yaml").write_text("kind: x\n")
    begun_with = world.files()
    count = len(world.jobs())
    fails("or its compile.yaml has errors (edgewright component lint); there is none")
    assert len(world.jobs()) == count


def test_what_fails_after_the_packaging_leaves_neither_files_nor_a_component(
    world: World, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun_with = world.files()
    whole = taking.take

    def changed(*given: Any) -> Any:
        (world.folder / "model.onnx").write_bytes(b"another model")
        return whole(*given)

    def unreadable(*_given: Any) -> Any:
        msg = "the recipe is not to be had"
        raise EdgewrightError(msg)

    def full(*_given: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    for name, failing, told in (
        ("take", unreadable, "the recipe is not to be had"),
        ("atomic.write_text", full, f"{world.folder} cannot be written: No space left on device"),
        ("take", changed, f"{world.folder} was changed while SageMaker worked, so nothing was written"),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(f"{building.__name__}.{name}", failing)
            assert world.build() == 1
        assert told in capsys.readouterr().err
        assert set(world.files()) == set(begun_with)
        assert world.greengrass.list_components()["components"] == []


def test_a_copy_of_sagemakers_that_stays_is_told(world: World, capsys: Capture) -> None:
    assert world.build("--role", world.builder("Describe", "Get")) == 0
    said = capsys.readouterr().err
    assert f"SageMaker's own {NAME} 1.0.0 is still in account {world.account}, where publishing this one" in said
    assert "is not authorized to perform: greengrass:DeleteComponent" in said
    assert len(world.greengrass.list_components()["components"]) == 1


def test_an_interrupted_build_stops_its_job_and_writes_nothing(world: World) -> None:
    world.sandbox.set_speed(STILL)
    begun_with = world.files()
    words = ["component", "build", NAME, "--edge-manager", "--job-role", world.role, "--output", PLACE]
    command = [sys.executable, "-m", "edgewright.cli", *words, "--root", str(world.root)]
    # the server is the sandbox's, and a stop of the whole group would end it too
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True, start_new_session=True) as process:
        assert until(lambda: bool(world.jobs()))
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    (job,) = world.jobs()
    assert process.returncode == 130
    assert said.splitlines()[-2:] == [f"stopped the compilation job {job}", "interrupted"]
    state = world.sagemaker.describe_compilation_job(CompilationJobName=job)["CompilationJobStatus"]
    assert (state, world.files()) == ("STOPPED", begun_with)


def test_a_component_that_the_account_has_already_stays_as_it_is(world: World, capsys: Capture) -> None:
    recipe = {
        "RecipeFormatVersion": "2020-01-25",
        "ComponentName": NAME,
        "ComponentVersion": "1.0.0",
        "Manifests": [{"Platform": {"os": "linux"}}],
    }
    world.greengrass.create_component_version(inlineRecipe=json.dumps(recipe).encode())
    assert world.build() == 1
    assert f"the account has {NAME} 1.0.0 already" in capsys.readouterr().err
    assert world.jobs() == []
    assert len(world.greengrass.list_components()["components"]) == 1
