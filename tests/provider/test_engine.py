"""The provider as the real engine sees it: previews that name the change, failures that can be repaired, drift."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from edgewright.sandbox.control import Sandbox
from tests.provider.conftest import ACCOUNT, TARGET
from tests.provider.hands import Hands, fail_on, succeed
from tests.provider.stack import Stack

pytestmark = pytest.mark.engine
NAME = "com.acme.hello"


def hello(version: str, **config: Any) -> dict[str, Any]:
    return {NAME: {"componentVersion": version, "config": config}}


@pytest.fixture
def stack(sandbox: Sandbox, hands: Hands, tmp_path: Path, project_root: Path) -> Stack:
    """A stack with versions 1.0.0 and 2.0.0; its ring runs 1.0.0."""
    role = f"arn:aws:iam::{ACCOUNT}:role/OrganizationAccountAccessRole"
    want = {
        "target": TARGET,
        "provider": {
            "assume_role": {"roleArn": role},
            "allowed_account_ids": [ACCOUNT],
            "poll_seconds": 0.1,
            "pickup_seconds": 1,
        },
        "versions": ["1.0.0", "2.0.0"],
        "components": hello("1.0.0", threshold=0.5, large=2**60, whole=1.0, empty=None),
    }
    # a folder with a space in its name, as users have them
    return Stack(tmp_path / "a project", project_root, sandbox.aws_environment(), want)


def test_a_release_from_the_first_up_to_the_destroy(stack: Stack, hands: Hands) -> None:
    device = hands.add("twin-001")
    up = stack.up()
    assert up.code == 0, up.text
    assert "revision 1: 1 of 1 online device done" in up.text
    assert device.held[NAME] == {"threshold": 0.5, "large": 2**60, "whole": 1.0, "empty": None}

    hands.sandbox.forget_calls()
    same = stack.preview("--expect-no-changes")
    assert same.code == 0, same.text
    asked = [call for call in hands.sandbox.calls() if call["service"] != "iot-jobs-data"]
    assert asked == [], "a preview without changes asks AWS nothing"

    stack.write(components=hello("2.0.0", threshold=0.5, large=2**60, whole=1.0, empty=None))
    preview = stack.preview("--diff")
    assert preview.text.count("(update)") == 1, preview.text
    assert "(create)" not in preview.text
    assert '~ componentVersion: "1.0.0" => "2.0.0"' in preview.text
    assert f"line-inspection-staging-twins: {NAME} 1.0.0 -> 2.0.0" in preview.text
    assert f"{NAME} 1.0.0 -> 2.0.0" in stack.preview().text

    assert stack.up().code == 0
    assert device.versions == {NAME: "2.0.0"}
    destroyed = stack.run("destroy", "--yes", "--skip-preview")
    assert destroyed.code == 0, destroyed.text
    assert device.versions == {}
    greengrass = hands.sandbox.client("greengrassv2", ACCOUNT)
    assert greengrass.list_deployments(targetArn=TARGET, historyFilter="ALL")["deployments"] == []
    assert len(greengrass.list_components()["components"]) == 1, "versions are retained"


def test_a_failing_update_is_rolled_back_and_a_revert_repairs_the_stack(stack: Stack, hands: Hands) -> None:
    device = hands.add("twin-001", fail_on("2.0.0"))
    good = hello("1.0.0", a=1)
    stack.write(components=good)
    assert stack.up().code == 0
    stack.write(components=hello("2.0.0", a=1, bad=True))
    failed = stack.up()
    assert failed.code != 0
    assert "twin-001: FAILED_ROLLBACK_COMPLETE: the model does not load" in failed.text
    assert "Rolled back to the release before (revision 3)" in failed.text
    outputs = stack.resource()["outputs"]
    assert (outputs["verdict"], outputs["components"]) == ("rolledBack", good)
    assert device.held[NAME] == {"a": 1}

    again = stack.preview()
    assert f"{NAME} 1.0.0 -> 2.0.0" in again.text, "the same program shows its change again"
    stack.write(components=good)
    assert "rolled back to what is wanted" in stack.preview().text, (
        "an update that changes nothing says why it is shown"
    )
    repaired = stack.up()
    assert repaired.code == 0, repaired.text
    assert stack.preview("--expect-no-changes").code == 0
    outputs = stack.resource()["outputs"]
    assert (outputs["revisionId"], device.taken[-1]) == ("3", device.taken[2])
    assert outputs["status"] == "deployed again when a later release had failed; it is the release now"


def test_a_console_change_is_drift_that_up_repairs(stack: Stack, hands: Hands) -> None:
    device = hands.add("twin-001")
    assert stack.up().code == 0
    hands.sandbox.client("greengrassv2", ACCOUNT).create_deployment(
        targetArn=TARGET,
        components={NAME: {"componentVersion": "2.0.0", "configurationUpdate": {"merge": '{"theirs": 1}'}}},
    )
    hands.settle(lambda: device.versions == {NAME: "2.0.0"})
    drift = stack.preview("--refresh", "--diff")
    assert drift.code == 0, drift.text
    assert '"2.0.0" => "1.0.0"' in drift.text, drift.text
    restored = stack.up("--refresh")
    assert restored.code == 0, restored.text
    assert device.held[NAME] == {"threshold": 0.5, "large": 2**60, "whole": 1.0, "empty": None}
    assert stack.preview("--refresh", "--expect-no-changes").code == 0


def test_somebody_elses_deployment_is_refused_and_can_be_imported(stack: Stack, hands: Hands) -> None:
    device = hands.add("twin-001")
    stack.write(rings={}, wait={})
    assert stack.up().code == 0
    greengrass = hands.sandbox.client("greengrassv2", ACCOUNT)
    theirs = greengrass.create_deployment(
        targetArn=TARGET,
        deploymentName="line-inspection/staging/twins",
        components={NAME: {"componentVersion": "1.0.0", "configurationUpdate": {"merge": '{"a": 1, "b": {"c": 1.0}}'}}},
    )["deploymentId"]
    stack.write(components=hello("1.0.0", a=1, b={"c": 1.0}), rings={"twins": TARGET})
    refused = stack.up()
    assert refused.code != 0
    assert f"is not ours: {theirs} 'line-inspection/staging/twins' was made at" in refused.text
    assert "import it (pulumi import greengrassv2:index:Deployment" in refused.text

    provider = "here=urn:pulumi:dev::tiny::pulumi:providers:greengrassv2::here"
    # No code, for which the engine would ask a newer language host than some machines have.
    options = ("--provider", provider, "--yes", "--protect=false", "--generate-code=false")
    imported = stack.run("import", "greengrassv2:index:Deployment", "twins", TARGET, *options)
    assert imported.code == 0, imported.text
    same = stack.up("--expect-no-changes")
    assert same.code == 0, same.text
    outputs = stack.resource()["outputs"]
    assert (outputs["deploymentId"], outputs["everMerged"]) == (theirs, {NAME: ["/a", "/b/c"]})

    stack.write(components=hello("1.0.0", a=1))
    assert stack.up().code == 0
    assert device.held[NAME] == {"a": 1}, "what somebody else had merged is reset, too"


def test_a_plugin_that_is_killed_at_any_moment_leaves_what_the_next_run_ends(stack: Stack, hands: Hands) -> None:
    device = hands.add("twin-001")
    stack.write(components=hello("1.0.0", a=1))
    assert stack.up().code == 0
    greengrass = hands.sandbox.client("greengrassv2", ACCOUNT)

    def revisions() -> int:
        return len(greengrass.list_deployments(targetArn=TARGET, historyFilter="ALL")["deployments"])

    # while a device takes the revision, which the engine has not noted yet
    device.behave = lambda _: "begin"
    stack.write(components=hello("2.0.0", b=2))
    with stack.killed("up", "--yes", "--skip-preview", when=lambda: len(device.taken) == 2):
        device.behave = succeed
        device.taken.pop()
    assert stack.resource()["outputs"]["components"] == hello("1.0.0", a=1)
    again = stack.up()
    assert again.code == 0, again.text
    assert (revisions(), device.held[NAME], device.versions) == (2, {"b": 2}, {NAME: "2.0.0"})
    assert stack.preview("--expect-no-changes").code == 0

    # at its first call to AWS
    hands.sandbox.forget_calls()
    stack.write(components=hello("1.0.0", a=1))
    asked = lambda: any(call["service"] != "iot-jobs-data" for call in hands.sandbox.calls())  # noqa: E731
    with stack.killed("up", "--yes", "--skip-preview", when=asked):
        pass
    again = stack.up()
    assert again.code == 0, again.text
    assert (revisions(), device.held[NAME], device.versions) == (3, {"a": 1}, {NAME: "1.0.0"})

    # while a device removes the components
    device.behave = lambda _: "begin"
    with stack.killed("destroy", "--yes", "--skip-preview", when=lambda: len(device.taken) == 4):
        device.behave = succeed
        device.taken.pop()
    assert stack.resource()["outputs"]["components"] == hello("1.0.0", a=1)
    destroyed = stack.run("destroy", "--yes", "--skip-preview")
    assert destroyed.code == 0, destroyed.text
    assert (revisions(), device.versions) == (0, {})


def test_an_interrupt_is_noted_and_several_instances_work_side_by_side(stack: Stack, hands: Hands) -> None:
    device = hands.add("twin-001", lambda _: "begin")
    iot = hands.sandbox.client("iot", ACCOUNT)
    iot.create_thing(thingName="arm-001")
    groups = {"all-cams": "thingName:cam-*", "all-twins": "thingName:twin-*"}
    stack.write(groups=groups, components=hello("1.0.0", a=1))
    with stack.killed("up", "--yes", "--skip-preview", when=lambda: len(device.taken) == 1, interrupt=True):
        pass
    outputs = stack.resource()["outputs"]
    assert (outputs["verdict"], outputs["revisionId"]) == ("interrupted", "1")
    device.behave = succeed
    device.taken.pop()
    again = stack.up()
    assert again.code == 0, again.text
    assert (stack.resource()["outputs"]["revisionId"], device.held[NAME]) == ("1", {"a": 1})
    found = {name: iot.list_things_in_thing_group(thingGroupName=name)["things"] for name in groups}
    assert found == {"all-cams": [], "all-twins": ["twin-001"]}

    stack.write(groups={**groups, "all-cams": "thingName:arm-*"})
    preview = stack.preview("--diff")
    assert '~ queryString: "thingName:cam-*" => "thingName:arm-*"' in preview.text, preview.text
    changed = stack.up()
    assert changed.code == 0, changed.text
    assert iot.list_things_in_thing_group(thingGroupName="all-cams")["things"] == ["arm-001"]
    assert stack.preview("--refresh", "--expect-no-changes").code == 0
    stack.write(groups={"all-cams": "thingnam:x"})
    assert "queryString: has an unknown field 'thingnam' at character 1" in stack.preview().text


def test_bad_inputs_stop_a_preview_with_their_path_and_secrets_stay_secret(stack: Stack, hands: Hands) -> None:
    stack.write(components={NAME: {"componentVersion": "1.0.0", "config": [], "runWith": {"posixUser": "a b"}}})
    refused = stack.preview()
    assert refused.code != 0
    assert f'components["{NAME}"].config: must be an object (got [])' in refused.text
    assert f'components["{NAME}"].runWith.posixUser: must match' in refused.text
    device = hands.add("twin-001")
    stack.write(components=hello("1.0.0", token="hush", open=1, empty=None, inner={"whole": 1.0}), secret=True)
    up = stack.up()
    assert up.code == 0, up.text
    assert device.held[NAME] == {"token": "hush", "open": 1, "empty": None, "inner": {"whole": 1.0}}
    assert type(device.held[NAME]["inner"]["whole"]) is float
    assert "hush" not in up.text
    state = (stack.folder / "state" / ".pulumi" / "stacks" / "tiny" / "dev.json").read_text()
    assert "hush" not in state
    keys = hands.sandbox.administrator
    assert keys["secretAccessKey"] not in state
    assert keys["accessKeyId"] not in state


def test_the_schema_is_what_the_engine_can_read(stack: Stack, project_root: Path) -> None:
    """The executable, not its folder: for a folder the engine would install the packages of a Python project."""
    shown = stack.run(
        "package", "get-schema", str(project_root / "plugins" / "greengrassv2" / "pulumi-resource-greengrassv2")
    )
    assert shown.code == 0, shown.text
    assert '"greengrassv2:index:Deployment"' in shown.text
