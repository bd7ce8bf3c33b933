"""The program under the real engine against a sandbox: whole stacks, twice, and what AWS then says."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from edgewright.aws.session import session
from edgewright.gitops.drift.find import Where, find
from edgewright.gitops.drift.model import Drift
from edgewright.gitops.drift.repair import repair
from edgewright.gitops.engine import Engine
from edgewright.gitops.status.model import Standing
from edgewright.gitops.status.read import Scope
from edgewright.manifest.load import load_project
from edgewright.sandbox import environment
from edgewright.sandbox.control import Sandbox

pytestmark = [pytest.mark.engine, pytest.mark.timeout(600)]

STACKS = ("tooling", "staging", "prod")
COMMITTED = ("Pulumi.yaml", "Pulumi.tooling.yaml", "Pulumi.staging.yaml", "Pulumi.prod.yaml")
REAL = "EDGEWRIGHT_AWS_PLUGIN"


@pytest.fixture
def root(tmp_path: Path, project_root: Path) -> Path:
    """A copy of the sample organisation in a folder with a space in its name."""
    root = tmp_path / "an organisation"
    root.mkdir()
    for name in (*COMMITTED, "edgewright.yaml", "catalog.lock", "__main__.py"):
        shutil.copy(project_root / name, root)
    for name in ("components", "edgewright", "catalog", "fleets", "plugins"):
        shutil.copytree(project_root / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    return root


def engine_for(sandbox: Sandbox, root: Path, plugin: Path) -> Engine:
    """The engine with the stacks made and an aws plugin that is found before any other."""
    environment.create_stacks(sandbox, root)
    variables = {**os.environ, **environment.environment(sandbox, root), "REALAWS_FAST": "1"}
    return Engine(root, {**variables, "PATH": os.pathsep.join([str(plugin), variables["PATH"]])})


@pytest.mark.parametrize(
    "plugin",
    [
        pytest.param(str(environment.STANDIN), id="stand-in"),
        pytest.param(
            os.path.realpath(os.environ.get(REAL, "")),
            id="real",
            marks=pytest.mark.skipif(REAL not in os.environ, reason=f"{REAL} names no folder with an aws plugin"),
        ),
    ],
)
def test_every_stack_comes_up_and_then_has_nothing_to_change(
    sandboxes: Callable[..., Sandbox], root: Path, plugin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox = sandboxes()
    engine = engine_for(sandbox, root, root / plugin)
    before = {name: (root / name).read_bytes() for name in COMMITTED}
    # The stages need what tooling makes, and nothing of each other.
    with ThreadPoolExecutor() as both:
        for up in [engine.up("tooling"), *both.map(engine.up, ("staging", "prod"))]:
            assert up.ok, up.output
            assert {step.operation for step in up.changes} == {"create"}
        for again in both.map(lambda stack: engine.preview(stack, expect_no_changes=True, refresh=True), STACKS):
            assert again.ok, again.output
    assert {name: (root / name).read_bytes() for name in COMMITTED} == before, "committed files stay as they are"

    assert_that_aws_says_what_the_manifests_say(sandbox)
    assert_that_a_line_reaches_as_far_as_it_should(engine, root)
    for name, value in sandbox.aws_environment().items():
        monkeypatch.setenv(name, value)
    found = assert_that_drift_is_found(sandbox, engine, root)
    if plugin == str(environment.STANDIN):  # the engine's work is the same with either, and takes a while
        assert_that_drift_is_repaired(found, engine, root)


def assert_that_aws_says_what_the_manifests_say(sandbox: Sandbox) -> None:
    iot, iam = sandbox.client("iot", "prod"), sandbox.client("iam", "prod")
    members = {
        group: iot.list_things_in_thing_group(thingGroupName=group)["things"]
        for group in ("line-inspection-prod-canary", "line-inspection-prod-main", "label-reading-prod-pilot")
    }
    assert members == {
        "line-inspection-prod-canary": ["cam-001"],
        "line-inspection-prod-main": ["cam-002", "cam-003"],
        "label-reading-prod-pilot": ["reader-001"],
    }
    alias = iot.describe_role_alias(roleAlias="edgewright-line-inspection-prod")["roleAliasDescription"]
    assert alias["roleArn"] == "arn:aws:iam::333333333333:role/edgewright-line-inspection-prod-device"
    trust = iam.get_role(RoleName="edgewright-deploy-prod")["Role"]["AssumeRolePolicyDocument"]
    assert trust["Statement"][0]["Principal"] == {"AWS": "arn:aws:iam::111111111111:root"}

    s3, bucket = sandbox.client("s3"), "acme-artifacts-111111111111-eu-west-1"
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    assert all(s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"].values())
    sids = {each["Sid"] for each in json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])["Statement"]}
    assert {"TlsOnly", "WriteOnce"} <= sids
    keys = [each["Key"] for each in s3.list_objects_v2(Bucket=bucket)["Contents"]]
    assert keys
    assert all(key.startswith("components/com.acme.") for key in keys)

    greengrass = sandbox.client("greengrassv2", "prod")
    target = "arn:aws:iot:eu-west-1:333333333333:thinggroup/line-inspection-prod-canary"
    (latest,) = greengrass.list_deployments(targetArn=target)["deployments"]
    deployment = greengrass.get_deployment(deploymentId=latest["deploymentId"])
    assert deployment["deploymentName"] == "line-inspection/prod/canary"
    assert deployment["deploymentPolicies"]["failureHandlingPolicy"] == "ROLLBACK"
    assert configuration(deployment, "com.acme.parts-inference")["fleet"] == "line-inspection"


def configuration(deployment: dict[str, Any], component: str) -> dict[str, Any]:
    merged: dict[str, Any] = json.loads(deployment["components"][component]["configurationUpdate"]["merge"])
    return merged


def assert_that_a_line_reaches_as_far_as_it_should(engine: Engine, root: Path) -> None:
    """A version in one ring is one update; another device is a thing and its membership, and no role changes."""
    stage = root / "fleets" / "line-inspection" / "prod.yaml"
    text = stage.read_text(encoding="utf-8")
    pinned = 'com.acme.parts-inference: {version: "2.0.0"'
    assert pinned in text
    stage.write_text(text.replace(pinned, pinned.replace("2.0.0", "2.1.0"), 1), encoding="utf-8")
    preview = engine.preview("prod")
    assert preview.ok, preview.output
    assert [(step.operation, step.type, step.name) for step in preview.changes] == [
        ("create", "greengrassv2:index:ComponentVersion", "com.acme.parts-inference@2.1.0"),
        ("update", "greengrassv2:index:Deployment", "line-inspection/canary"),
    ]
    assert "com.acme.parts-inference 2.0.0 -> 2.1.0" in preview.output

    stage.write_text(text.replace("things: [cam-001]", "things: [cam-001, cam-009]"), encoding="utf-8")
    added = engine.preview("prod")
    assert added.ok, added.output
    assert sorted((step.operation, step.type) for step in added.changes) == [
        ("create", "aws:iot/thing:Thing"),
        ("create", "aws:iot/thingGroupMembership:ThingGroupMembership"),
    ]
    stage.write_text(text, encoding="utf-8")


STAGING = Where(Scope("line-inspection", "staging"))


def assert_that_drift_is_found(sandbox: Sandbox, engine: Engine, root: Path) -> Drift:
    """Changes in the console are told by resource and property."""
    target = "arn:aws:iot:eu-west-1:222222222222:thinggroup/line-inspection-staging-twins"
    greengrass = sandbox.client("greengrassv2", "staging")
    components = {"com.acme.parts-model": {"componentVersion": "1.0.0"}}
    made = greengrass.create_deployment(targetArn=target, deploymentName="by hand", components=components)
    role = "edgewright-line-inspection-staging-device"
    sandbox.client("iam", "staging").delete_role_policy(RoleName=role, PolicyName="permissions")
    session.cache_clear()
    found = find(load_project(root), STAGING, engine)
    changed = {(each.name, each.type, each.gone) for each in found.resources}
    assert changed == {
        ("line-inspection", "aws:iam/rolePolicy:RolePolicy", True),
        ("line-inspection", "aws:iam/rolePoliciesExclusive:RolePoliciesExclusive", False),
        ("line-inspection/twins", "greengrassv2:index:Deployment", False),
    }
    (revised,) = [each for each in found.resources if each.type == "greengrassv2:index:Deployment"]
    assert "~ deploymentName: line-inspection/staging/twins -> by hand" in revised.changes
    assert '- components["com.acme.parts-inference"]: 2.0.0' in revised.changes
    (ring,) = found.rings
    assert (ring.ring, ring.standing) == ("staging/twins", Standing.FOREIGN)
    assert made["deploymentId"] in ring.told
    assert found.unread == ()
    return found


def assert_that_drift_is_repaired(found: Drift, engine: Engine, root: Path) -> None:
    """What Git says is put back, and no more."""
    said: list[str] = []
    left = repair(load_project(root), STAGING, found, engine, wait=5, say=said.append)
    assert said == ["pulumi up --stack staging --refresh"]
    assert (left.any, left.unread, left.stacks) == (False, (), ("staging",))


def test_an_error_in_a_manifest_is_shown_at_its_line_and_without_a_trace(
    sandboxes: Callable[..., Sandbox], root: Path
) -> None:
    engine = engine_for(sandboxes(), root, root / environment.STANDIN)
    stage = root / "fleets" / "line-inspection" / "prod.yaml"
    stage.write_text(stage.read_text(encoding="utf-8").replace('"2.14.3"', "2.14", 1), encoding="utf-8")
    preview = engine.preview("prod")
    assert not preview.ok
    assert "fleets/line-inspection/prod.yaml:11:" in preview.output
    assert "Traceback" not in preview.output
