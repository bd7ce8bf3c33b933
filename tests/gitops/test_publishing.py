"""A version is published without a stack as the program publishes it, once, and never over something else."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from edgewright.aws.session import session
from edgewright.cli.main import main
from edgewright.documents.roots import place_of
from edgewright.gitops.publishing import inputs_of
from edgewright.manifest.load import load_project
from edgewright.sandbox.control import Sandbox
from tests.helpers import projects
from tests.helpers.roles import make_deploy_role

ROOT = Path(__file__).resolve().parents[2]
NAME = "com.acme.greeter"
Capture = pytest.CaptureFixture[str]


def test_what_is_published_is_what_the_program_would_publish() -> None:
    project = projects.sample()
    program = projects.run(project, "staging").of("ComponentVersion")
    assert len(program) >= 3
    for resource in program:
        name, _, version = resource.name.partition("@")
        wanted = project.catalog.get(name, version)
        assert wanted is not None
        assert resource.inputs == inputs_of(project, "staging", wanted)


@pytest.fixture
def root(tmp_path: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a draft, the stage's role and the bucket."""
    folder = tmp_path / "project"
    for name in ("catalog", "fleets", "golden"):
        shutil.copytree(ROOT / name, folder / name)
    for name in ("edgewright.yaml", "catalog.lock"):
        shutil.copy2(ROOT / name, folder / name)
    for key, value in sandbox.aws_environment().items():
        monkeypatch.setenv(key, value)
    monkeypatch.delenv("HTTP_PROXY")
    session.cache_clear()  # of sandboxes that were emptied since
    make_deploy_role(sandbox, "staging")
    bucket, s3 = place_of(load_project(folder), "staging").artifact_bucket, sandbox.client("s3", "tooling")
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": sandbox.region})
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{sandbox.account_id('staging')}:root"},
        "Action": ["s3:GetObject", "s3:PutObject"],
        "Resource": f"arn:aws:s3:::{bucket}/*",
    }
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    assert main(["component", "new", "service", NAME, "--root", str(folder)]) == 0
    return folder


def test_a_draft_is_locked_uploaded_and_created_and_the_same_again_adopts_it(
    root: Path, sandbox: Sandbox, capsys: Capture
) -> None:
    publish = ["component", "publish", NAME, "--stage", "staging", "--root", str(root)]
    capsys.readouterr()
    assert main([*publish, "--json"]) == 0
    said = capsys.readouterr()
    assert said.err.startswith(f"locked {NAME} 1.0.0 sha256:")
    document = json.loads(said.out)
    account = sandbox.account_id("staging")
    assert document["arn"] == f"arn:aws:greengrass:eu-west-1:{account}:components:{NAME}:versions:1.0.0"
    assert (document["state"], document["notes"]) == ("DEPLOYABLE", [])
    (artifact,) = document["artifacts"]
    bucket, _, key = artifact["uri"].removeprefix("s3://").partition("/")
    assert artifact["sha256"] in key
    stored = sandbox.client("s3", "tooling").list_object_versions(Bucket=bucket)["Versions"]
    assert [(each["Key"], each["VersionId"]) for each in stored] == [(key, artifact["versionId"])]

    assert main(publish) == 0
    said = capsys.readouterr()
    assert f"adopted {NAME} 1.0.0, which exists with the same content" in said.err
    assert f"{artifact['uri']} version {artifact['versionId']}  {artifact['size']} bytes" in said.out
    assert len(sandbox.client("s3", "tooling").list_object_versions(Bucket=bucket)["Versions"]) == 1

    # somebody published other content under the name of the next version
    assert main(["component", "new", "service", NAME, "--version", "1.0.1", "--root", str(root)]) == 0
    other = {
        "RecipeFormatVersion": "2020-01-25",
        "ComponentName": NAME,
        "ComponentVersion": "1.0.1",
        "Manifests": [{"Lifecycle": {"run": {"Script": "echo another"}}}],
    }
    sandbox.client("greengrassv2", "staging").create_component_version(inlineRecipe=json.dumps(other).encode())
    capsys.readouterr()
    assert main(publish) == 1
    assert "1.0.1 exists in account 222222222222 (eu-west-1) with other content" in capsys.readouterr().err


def test_what_cannot_be_published_is_told(root: Path, capsys: Capture) -> None:
    for word, told in (("com.acme.none", "the catalog has"), (f"{NAME}@9.0.0", "there is 1.0.0")):
        assert main(["component", "publish", word, "--stage", "staging", "--root", str(root)]) == 1
        assert told in capsys.readouterr().err
    assert main(["component", "publish", NAME, "--stage", "nowhere", "--root", str(root)]) == 1
    assert "nowhere" in capsys.readouterr().err
    lock = (root / "catalog.lock").read_text()
    assert NAME not in lock, "a stage that does not exist locks nothing"


def test_a_role_that_may_make_no_functions_is_told_before_anything_is_locked(root: Path, capsys: Capture) -> None:
    assert main(["component", "new", "lambda-function", "com.acme.filter", "--root", str(root)]) == 0
    lock = (root / "catalog.lock").read_text()
    capsys.readouterr()
    assert main(["component", "publish", "com.acme.filter", "--stage", "staging", "--root", str(root)]) == 1
    said = capsys.readouterr().err
    assert "a deploy role may make Lambda functions once the catalog has one: pulumi up of tooling" in said
    assert (root / "catalog.lock").read_text() == lock
