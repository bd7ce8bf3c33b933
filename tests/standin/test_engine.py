"""The real engine with the stand-in: create, nothing to do, change, replace, drift, destroy."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgewright.gitops.engine import Run
from edgewright.sandbox.control import Sandbox
from edgewright.standin.served import TOKENS
from edgewright.standin.wording import LABEL
from tests.standin.project import STACK, Project
from tests.standin.snapshot import aws_state
from tests.standin.wire import STANDIN

pytestmark = pytest.mark.engine


def _steps(run: Run) -> set[tuple[str, str, str]]:
    return {(step.operation, step.type, step.name) for step in run.changes}


@pytest.fixture
def project(tmp_path: Path, sandbox: Sandbox) -> Project:
    return Project.make(tmp_path / "a shop", sandbox, STANDIN.parent, {})


def test_the_life_of_a_stack(project: Project, sandbox: Sandbox) -> None:
    """One stack from nothing to nothing; every step is judged by the engine and by boto3."""
    planned = project.preview()
    assert planned.ok, planned.output
    sandbox.forget_calls()
    made = project.up()
    assert made.ok, made.output
    assert made.output.partition("Diagnostics:")[2].count(LABEL) == 1
    made_types = {each["type"] for each in project.resources()}
    assert made_types <= TOKENS
    assert len(made_types) == 15  # the program's first; every other type has its life in test_lives
    members = sandbox.client("iot", "staging").list_things_in_thing_group(thingGroupName="shop-main")["things"]
    assert sorted(members) == ["cam-1", "cam-2"]
    assert project.outputs()["roleArn"].startswith("arn:aws:iam::222222222222:role/device-")

    sandbox.forget_calls()
    again = project.preview(expect_no_changes=True)
    assert again.ok, again.output
    assert sandbox.calls() == [], "a preview with nothing to do asks AWS nothing"
    refreshed = project.preview(refresh=True, expect_no_changes=True)
    assert refreshed.ok, refreshed.output

    # In place: a policy, a number, tags, an attribute; and one thing more.
    wanted = {
        "actions": ["s3:GetObject", "s3:PutObject"],
        "attributes": {"hall": "2"},
        "duration": 900,
        "tags": {"team": "vision"},
        "things": ["cam-1", "cam-2", "cam-3"],
        "uploads": 3,
    }
    project.want(wanted)
    changed = project.up()
    assert changed.ok, changed.output
    assert _steps(changed) == {
        ("update", "aws:s3/bucket:Bucket", "captures"),
        ("update", "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration", "captures"),
        ("update", "aws:iam/role:Role", "device"),
        ("update", "aws:iam/rolePolicy:RolePolicy", "device"),
        ("update", "aws:iam/policy:Policy", "grant"),
        ("update", "aws:iot/roleAlias:RoleAlias", "device"),
        ("update", "aws:iot/thingGroup:ThingGroup", "main"),
        ("create", "aws:iot/thing:Thing", "cam-3"),
        ("create", "aws:iot/thingGroupMembership:ThingGroupMembership", "cam-3"),
    }
    iot = sandbox.client("iot", "staging")
    assert iot.describe_role_alias(roleAlias="shop")["roleAliasDescription"]["credentialDurationSeconds"] == 900
    payload = iot.describe_thing_group(thingGroupName="shop-main")["thingGroupProperties"]["attributePayload"]
    assert payload["attributes"] == {"hall": "2"}

    # Another name: a new group first or last, and everything that hangs on it with it.
    project.want({**wanted, "group": "shop-all", "things": ["cam-1", "cam-2"]})
    replaced = project.up()
    assert replaced.ok, replaced.output
    assert {name for operation, _, name in _steps(replaced) if operation == "replace"} == {"main", "cam-1", "cam-2"}
    assert iot.list_things_in_thing_group(thingGroupName="shop-all")["things"] == ["cam-1", "cam-2"]
    assert [group["groupName"] for group in iot.list_thing_groups()["thingGroups"]] == ["shop-all"]

    # Somebody works behind the program's back.
    iot.remove_thing_from_thing_group(thingGroupName="shop-all", thingName="cam-1")
    iot.update_role_alias(roleAlias="shop", credentialDurationSeconds=3600)
    sandbox.client("s3", "staging").delete_bucket_policy(Bucket="shop-captures-222222222222")
    unseen = project.preview(expect_no_changes=True)
    assert unseen.ok, "without a refresh nobody looks"
    drifted = project.preview(refresh=True)
    assert _steps(drifted) == {
        ("create", "aws:iot/thingGroupMembership:ThingGroupMembership", "cam-1"),
        ("create", "aws:s3/bucketPolicy:BucketPolicy", "captures"),
        ("update", "aws:iot/roleAlias:RoleAlias", "device"),
    }
    project.pulumi("refresh", "--yes", "--skip-preview", "--stack", STACK)
    repaired = project.up()
    assert repaired.ok, repaired.output
    assert iot.list_things_in_thing_group(thingGroupName="shop-all")["things"] == ["cam-1", "cam-2"]

    project.pulumi("destroy", "--yes", "--skip-preview", "--stack", STACK)
    assert project.resources() == []
    assert iot.list_things()["things"] == []
    assert sandbox.client("s3", "staging").list_buckets()["Buckets"] == []


def test_a_bad_value_is_one_error_at_its_resource(project: Project) -> None:
    project.want({"duration": 60})
    run = project.preview()
    assert not run.ok
    (error,) = [line for line in run.diagnostics if "credentialDuration" in line]
    assert "expected credentialDuration to be in the range (900 - 43200), got 60" in error
    assert "Examine values at 'device.credentialDuration'" in error
    assert "bug of the provider" not in run.output


def test_what_exists_already_can_be_imported(project: Project, sandbox: Sandbox) -> None:
    """Only an id is known; the state and the inputs come from AWS."""
    sandbox.client("iot", "staging").create_thing(thingName="cam-9", attributePayload={"attributes": {"a": "1"}})
    project.want({"things": []})
    made = project.up()
    assert made.ok, made.output
    provider = "urn:pulumi:dev::shop::pulumi:providers:aws::cloud"
    arguments = ["aws:iot/thing:Thing", "old", "cam-9", "--provider", f"cloud={provider}", "--protect=false"]
    project.pulumi("import", *arguments, "--yes", "--skip-preview", "--generate-code=false", "--stack", STACK)
    (imported,) = [each for each in project.resources() if each["urn"].endswith("::old")]
    assert imported["outputs"]["attributes"] == {"a": "1"}
    assert aws_state(sandbox, "aws:iot/thing:Thing", "cam-9") == ["ResourceNotFoundException"]  # not in tooling


def test_without_a_sandbox_the_engine_shows_what_to_do(project: Project) -> None:
    environment = {key: value for key, value in project.environment.items() if key != "AWS_ENDPOINT_URL"}
    run = Project(project.root, environment).preview()
    assert not run.ok
    assert "works with a sandbox on this machine only, never with AWS" in run.output
    assert "pulumi plugin install resource aws 7.51.1" in run.output
