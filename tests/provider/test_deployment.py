"""A Deployment on a sandbox: what devices end up with, and what the state says after every turn of fate."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from edgewright.provider.deployment import DeploymentResource
from edgewright.provider.plugin import PartialFailureError, PluginError
from tests.provider.conftest import ACCOUNT, GROUP, TARGET, Engine
from tests.provider.hands import ROLLOUT, Hands, fail_on

# Public and versionless: the sandbox knows the component, and the hands run nothing.
NAME = "com.acme.hello"


@pytest.fixture(autouse=True)
def versions(hands: Hands) -> None:
    """The versions that the tests deploy exist in the account."""
    client = hands.sandbox.client("greengrassv2", ACCOUNT)
    for number in (1, 2, 3, 7):
        recipe = (
            f'{{"RecipeFormatVersion":"2020-01-25","ComponentName":"{NAME}","ComponentVersion":"{number}.0.0",'
            '"Manifests":[{"Platform":{"os":"linux"},"Lifecycle":{"run":"true"}}]}'
        )
        client.create_component_version(inlineRecipe=recipe.encode())


def hello(number: int = 1, config: dict[str, Any] | None = None) -> dict[str, Any]:
    return {NAME: {"componentVersion": f"{number}.0.0", **({"config": config} if config is not None else {})}}


def revisions(engine: Engine) -> list[str]:
    return [item["deploymentId"] for item in engine.run(engine.cloud.history(TARGET))]


def console_change(hands: Hands, number: int, **more: Any) -> str:
    client = hands.sandbox.client("greengrassv2", ACCOUNT)
    components = {NAME: {"componentVersion": f"{number}.0.0", **more}}
    return str(client.create_deployment(targetArn=TARGET, components=components)["deploymentId"])


def test_a_first_release_reaches_the_devices_and_the_state_says_so(engine: Engine, hands: Hands) -> None:
    device = hands.add("twin-001")
    outputs = engine.create(
        hello(config={"threshold": 0.5, "nothing": None, "big": 2**60, "whole": 1.0, "ü": [1, None]})
    )
    assert device.versions == {NAME: "1.0.0"}
    held = device.held[NAME]
    assert held == {"threshold": 0.5, "nothing": None, "big": 2**60, "whole": 1.0, "ü": [1, None]}
    assert (type(held["big"]), type(held["whole"])) == (int, float)
    assert (outputs["verdict"], outputs["status"]) == ("passed", "1 of 1 online device done")
    assert outputs["goodDeploymentId"] == outputs["deploymentId"] == revisions(engine)[0]
    assert ("info", "revision 1: 1 of 1 online device done") in engine.said


def test_the_same_inputs_again_change_nothing_and_call_nothing(engine: Engine, hands: Hands) -> None:
    hands.add("twin-001")
    outputs = engine.create(hello(config={"b": 1, "a": {"y": 1, "x": 2}}))
    hands.sandbox.forget_calls()
    assert engine.changes(outputs, hello(config={"a": {"x": 2, "y": 1}, "b": 1})) == set()
    assert [call for call in hands.sandbox.calls() if call["service"] in {"greengrassv2", "greengrass", "sts"}] == []


def test_an_update_is_a_new_revision_in_place_and_resets_what_vanished(engine: Engine, hands: Hands) -> None:
    device = hands.add("twin-001")
    first = engine.create(hello(1, {"a/b": 1, "kept": {"x.y": 1, "gone": 2}}))
    second = engine.update(first, hello(2, {"kept": {"x.y": 1}}))
    assert device.held[NAME] == {"kept": {"x.y": 1}}
    assert device.versions == {NAME: "2.0.0"}
    assert second["deploymentId"] != first["deploymentId"]
    assert revisions(engine) == [second["deploymentId"], first["deploymentId"]]


def test_a_recipe_default_that_changed_is_reset_and_so_it_is_by_a_revert(engine: Engine, hands: Hands) -> None:
    device = hands.add("twin-001")
    for number, defaults in ((8, {"rate": 1, "deep": {"kept": 1, "old": 1}}), (9, {"rate": 2, "deep": {"kept": 1}})):
        recipe = {
            "RecipeFormatVersion": "2020-01-25",
            "ComponentName": NAME,
            "ComponentVersion": f"{number}.0.0",
            "ComponentConfiguration": {"DefaultConfiguration": defaults},
            "Manifests": [{"Platform": {"os": "linux"}, "Lifecycle": {"run": "true"}}],
        }
        hands.sandbox.client("greengrassv2", ACCOUNT).create_component_version(inlineRecipe=json.dumps(recipe).encode())
    first = engine.create(hello(8, {"own": 1}))
    second = engine.update(first, hello(9, {"own": 1}))
    assert resets_now(engine) == ["/deep", "/rate"], "the merge has nothing of deep, so all of it may go"
    third = engine.update(second, hello(8, {"own": 1, "rate": 5}))
    assert resets_now(engine) == ["/deep"], "what is merged needs no reset"
    engine.update(third, hello(8, {"own": 2, "rate": 5}))
    assert resets_now(engine) == ["/deep"], "a device that missed the revision between takes it now"
    assert device.held[NAME] == {"own": 2, "rate": 5}


def resets_now(engine: Engine) -> list[str]:
    latest = engine.run(engine.cloud.latest(TARGET))
    assert latest is not None
    return list(latest["components"][NAME]["configurationUpdate"].get("reset", []))


def test_there_and_back_again_makes_three_revisions(engine: Engine, hands: Hands) -> None:
    device = hands.add("twin-001")
    one = engine.create(hello(1, {"a": 1}))
    two = engine.update(one, hello(2, {"a": 1, "new": {"deep~": 1}}))
    three = engine.update(two, hello(1, {"a": 1}))
    assert len(revisions(engine)) == 3
    assert device.held[NAME] == {"a": 1}
    assert three["verdict"] == "passed"


def test_a_device_that_missed_the_revision_between_loses_its_keys_too(engine: Engine, hands: Hands) -> None:
    steady, away = hands.add("twin-001"), hands.add("twin-002")
    outputs = engine.create(hello(1, {"a": 1, "old": 1}))
    away.online = False
    outputs = engine.update(outputs, hello(2, {"a": 2}))
    assert "1 offline" in outputs["status"]
    away.online = True
    outputs = engine.update(outputs, hello(3, {"a": 3}))
    assert steady.held[NAME] == away.held[NAME] == {"a": 3}


def test_offline_devices_do_not_hold_up_a_release(engine: Engine, hands: Hands) -> None:
    hands.add("twin-001")
    hands.add("twin-002", online=False)
    outputs = engine.create(hello())
    assert outputs["status"] == "1 of 1 online device done, 1 offline; 1 still to come"


def test_an_empty_ring_passes_with_a_note(engine: Engine, hands: Hands) -> None:
    assert "no devices yet" in engine.create(hello())["status"]


def test_a_failing_release_is_rolled_back_and_the_next_up_shows_it_again(engine: Engine, hands: Hands) -> None:
    device = hands.add("twin-001", fail_on("2.0.0"))
    good = engine.create(hello(1, {"a": 1}))
    with pytest.raises(PartialFailureError) as caught:
        engine.update(good, hello(2, {"a": 1, "bad": True}))
    told, there = str(caught.value), caught.value.outputs
    assert f"revision 2: failed on {GROUP}: too many devices failed" in told
    assert "twin-001: FAILED_ROLLBACK_COMPLETE: the model does not load (DEPLOYMENT_FAILURE > COMPONENT_BROKEN)" in told
    assert "/greengrass/v2/logs" in told
    assert "Rolled back to the release before (revision 3): 1 of 1 online device done" in told
    assert (there["verdict"], there["components"]) == ("rolledBack", hello(1, {"a": 1}))
    assert device.held[NAME] == {"a": 1}
    # the same program again: the change is shown again; the reverted program: nothing to do, and nothing is done
    assert engine.changes(there, hello(2, {"a": 1, "bad": True})) == {
        f'components["{NAME}"].componentVersion',
        f'components["{NAME}"].config.bad',
    }
    assert engine.changes(there, hello(1, {"a": 1})) == set()
    engine.preview(there, hello(1, {"a": 1}))
    severity, text = engine.said[-1]
    assert severity == "info"
    assert text.startswith("twins: the last revision failed and was rolled back to what is wanted now")
    assert text.endswith("without a new revision")
    before = revisions(engine)
    repaired = engine.update(there, hello(1, {"a": 1}))
    assert (repaired["verdict"], revisions(engine)) == ("passed", before)


def test_after_a_rollback_the_reverted_program_makes_no_revision_whatever_it_sets(engine: Engine, hands: Hands) -> None:
    """With everything that a rollback must bring back: settings with doubles, explicit resets, tags, who runs it."""
    hands.add("twin-001", fail_on("2.0.0"))
    limits = {"posixUser": "ggc_user", "systemResourceLimits": {"cpus": 1, "memory": 65536}}

    def program(number: int) -> dict[str, Any]:
        return {NAME: {**hello(number, {"a": 1.0})[NAME], "reset": ["/old", "/older"], "runWith": limits}}

    more: dict[str, Any] = {"iotJobConfiguration": ROLLOUT, "tags": {"team": "vision"}, "deploymentName": "ring"}
    good = engine.create(program(1), **more)
    with pytest.raises(PartialFailureError, match="Rolled back") as caught:
        engine.update(good, program(2), **more)
    there = caught.value.outputs
    assert engine.changes(there, program(1), **more) == set()
    before = revisions(engine)
    repaired = engine.update(there, program(1), **more)
    assert (repaired["verdict"], revisions(engine)) == ("passed", before)
    assert len(before) == 3


def test_a_rollback_does_not_claim_a_reset_that_the_release_before_did_not_make(engine: Engine, hands: Hands) -> None:
    hands.add("twin-001", fail_on("2.0.0"))
    good = engine.create(hello(1))
    with pytest.raises(PartialFailureError, match="Rolled back") as caught:
        engine.update(good, {NAME: {**hello(2)[NAME], "reset": ["/old"]}})
    assert caught.value.outputs["components"] == hello(1)


def test_onfailure_stop_leaves_the_release_and_up_tries_it_again(engine: Engine, hands: Hands) -> None:
    device = hands.add("twin-001", fail_on("2.0.0"))
    good = engine.create(hello(1))
    with pytest.raises(PartialFailureError, match="left as it is") as caught:
        engine.update(good, hello(2), onFailure="stop")
    there = caught.value.outputs
    assert (there["verdict"], there["components"]) == ("failed", hello(2))
    assert engine.changes(there, hello(2), onFailure="stop") == set()
    device.behave = fail_on("never")
    again = engine.update(there, hello(2), onFailure="stop")
    assert (again["verdict"], len(revisions(engine)), device.versions) == ("passed", 3, {NAME: "2.0.0"})


def test_a_first_release_that_fails_is_cancelled_for_there_is_nothing_to_go_back_to(
    engine: Engine, hands: Hands
) -> None:
    hands.add("twin-001", fail_on("1.0.0"))
    with pytest.raises(PartialFailureError, match="no release before to roll back to, so it was cancelled") as caught:
        engine.create(hello(1))
    assert caught.value.resource_id == TARGET
    latest = engine.run(engine.cloud.latest(TARGET))
    assert latest is not None
    assert latest["deploymentStatus"] == "CANCELED"


def test_a_release_that_breaks_after_its_job_succeeded_is_rolled_back(engine: Engine, hands: Hands) -> None:
    device = hands.add("twin-001")
    device.states["2.0.0"] = "BROKEN"
    outputs = engine.create(hello(1))
    with pytest.raises(PartialFailureError) as failed:
        engine.update(outputs, hello(2))
    assert "twin-001: reports com.acme.hello 2.0.0 as BROKEN" in str(failed.value)
    assert "Rolled back to the release before (revision 3)" in str(failed.value)
    assert (failed.value.outputs["verdict"], device.versions) == ("rolledBack", {NAME: "1.0.0"})


def test_a_rollback_that_fails_says_so(engine: Engine, hands: Hands) -> None:
    device = hands.add("twin-001")
    good = engine.create(hello(1))
    device.behave = lambda _: "fail"
    with pytest.raises(PartialFailureError, match="The rollback failed as well") as caught:
        engine.update(good, hello(2))
    assert caught.value.outputs["verdict"] == "failed"
    assert caught.value.outputs["components"] == hello(1)


def test_a_release_that_somebody_replaces_while_it_is_watched_is_not_rolled_back(engine: Engine, hands: Hands) -> None:
    device = hands.add("twin-001")
    good = engine.create(hello(1))
    device.online = False
    engine.cloud.pickup = 60.0
    engine.lines.clear()

    async def both() -> None:
        context = engine.context()
        running = asyncio.ensure_future(
            DeploymentResource().update(context, TARGET, {}, good, await engine.checked(hello(2)))
        )
        while not any("revision 2" in line for line in engine.lines):  # noqa: ASYNC110 -- what is awaited is a line
            await asyncio.sleep(0.02)
        other = await asyncio.to_thread(console_change, hands, 7)
        with pytest.raises(PartialFailureError, match=f"Deployment {other} has replaced it meanwhile"):
            await running

    engine.run(both())
    assert len(revisions(engine)) == 3


def test_somebody_elses_deployment_is_refused_with_who_when_and_what(engine: Engine, hands: Hands) -> None:
    other = console_change(hands, 7)
    with pytest.raises(PluginError) as caught:
        engine.create(hello(1))
    told = str(caught.value)
    assert f"the latest deployment of {GROUP} is not ours: {other}" in told
    assert "somebody without an owner tag" in told
    assert f"{NAME} 1.0.0 -> 7.0.0" in told
    assert "or set adopt: true" in told
    assert revisions(engine) == [other]


def test_adopting_resets_what_the_others_merged(engine: Engine, hands: Hands) -> None:
    device = hands.add("twin-001")
    console_change(hands, 7, configurationUpdate={"merge": '{"theirs": 1, "a": 0}'})
    hands.settle(lambda: device.held.get(NAME) == {"theirs": 1, "a": 0})
    outputs = engine.create(hello(1, {"a": 1}), adopt=True)
    assert device.held[NAME] == {"a": 1}
    assert outputs["verdict"] == "passed"
    assert any(severity == "warning" and "took over" in text for severity, text in engine.said)


def test_a_console_change_stops_an_update_and_shows_as_drift(engine: Engine, hands: Hands) -> None:
    device = hands.add("twin-001")
    inputs = engine.inputs(hello(1, {"a": 1}))
    outputs = engine.create(hello(1, {"a": 1}))
    console_change(hands, 7, configurationUpdate={"merge": '{"theirs": 1}'})
    with pytest.raises(PluginError, match="Run pulumi refresh to see it as drift"):
        engine.update(outputs, hello(2))
    hands.settle(lambda: device.versions == {NAME: "7.0.0"})
    read = engine.read(inputs, outputs)
    assert read.inputs["components"] == hello(7, {"theirs": 1})
    assert read.inputs["wait"] == inputs["wait"]
    restored = engine.update(read.outputs, hello(1, {"a": 1}))
    assert (restored["verdict"], device.versions, device.held[NAME]) == ("passed", {NAME: "1.0.0"}, {"a": 1})


def test_reading_an_unchanged_target_keeps_the_state(engine: Engine, hands: Hands) -> None:
    inputs, outputs = engine.inputs(hello()), engine.create(hello())
    read = engine.read(inputs, outputs)
    assert (read.outputs, read.inputs) == (outputs, None)


def test_a_deployment_that_somebody_cancelled_is_drift_that_up_repairs(engine: Engine, hands: Hands) -> None:
    hands.add("twin-001")
    outputs = engine.create(hello())
    hands.sandbox.client("greengrassv2", ACCOUNT).cancel_deployment(deploymentId=outputs["deploymentId"])
    read = engine.read(outputs, outputs)
    assert read.outputs["verdict"] == "cancelled"
    diff = engine.run(DeploymentResource().diff(engine.context(), TARGET, {}, read.outputs, engine.inputs(hello())))
    assert (diff.detailed, diff.changes) == ({}, True)
    engine.preview(read.outputs, hello())
    assert engine.said[-1] == ("info", "twins: somebody cancelled the last revision; it is made again")
    again = engine.update(read.outputs, hello())
    assert (again["verdict"], again["revisionId"]) == ("passed", "2")


def test_a_target_without_deployments_is_gone(engine: Engine, hands: Hands) -> None:
    assert engine.read({}, {}) is None


def test_an_import_reads_everything_that_can_be_known(engine: Engine, hands: Hands) -> None:
    engine.create(hello(1, {"a": 1}))
    outputs = engine.update(engine.create(hello(1, {"a": 1})), hello(2, {"b": 2}))
    read = engine.read({}, {})
    assert read.resource_id == TARGET
    # how long to wait is nothing that AWS knows
    assert engine.changes(read.outputs, hello(2, {"b": 2})) == {"wait.timeoutSeconds"}
    assert read.outputs["everMerged"] == outputs["everMerged"] == {NAME: ["/a", "/b"]}


def test_a_run_that_died_after_creating_goes_on_without_another_revision(engine: Engine, hands: Hands) -> None:
    """The revision exists, but the engine never heard of it: the state is that of before."""
    hands.add("twin-001")
    before = engine.create(hello(1, {"a": 1}))
    engine.update(before, hello(2, {"b": 1}), iotJobConfiguration=ROLLOUT)
    resumed = engine.update(before, hello(2, {"b": 1}), iotJobConfiguration=ROLLOUT)
    assert (len(revisions(engine)), resumed["verdict"]) == (2, "passed")


def test_a_create_that_died_is_recognised_by_its_owner(engine: Engine, hands: Hands) -> None:
    hands.add("twin-001")
    first = engine.create(hello(1, {"a": 1}), iotJobConfiguration=ROLLOUT)
    assert engine.create(hello(1, {"a": 1}), iotJobConfiguration=ROLLOUT)["deploymentId"] == first["deploymentId"]
    changed = engine.create(hello(2))
    assert (len(revisions(engine)), changed["verdict"]) == (2, "passed")


def test_a_reverted_program_after_a_run_that_died_still_resets_its_keys(engine: Engine, hands: Hands) -> None:
    device = hands.add("twin-001")
    before = engine.create(hello(1, {"a": 1}))
    engine.update(before, hello(2, {"a": 1, "lost": 1}))
    engine.update(before, hello(3, {"a": 1}))
    assert device.held[NAME] == {"a": 1}


def test_an_interrupt_leaves_a_state_that_the_next_up_goes_on_from(engine: Engine, hands: Hands) -> None:
    device = hands.add("twin-001", lambda _: "begin")
    engine.cancelled.set()
    with pytest.raises(PluginError, match="interrupted before anything was changed"):
        engine.create(hello())
    engine.cancelled.clear()
    hands.settle(lambda: True)

    def interrupt(components: dict[str, Any]) -> str:
        engine.cancelled.set()
        return "begin"

    device.behave = interrupt
    with pytest.raises(PartialFailureError, match="interrupted while devices were taking it") as caught:
        engine.create(hello(), iotJobConfiguration=ROLLOUT)
    there = caught.value.outputs
    assert there["verdict"] == "interrupted"
    engine.cancelled.clear()
    job = device.taken[-1]
    hands.sandbox.client("iot-jobs-data", ACCOUNT).update_job_execution(
        jobId=job, thingName="twin-001", status="SUCCEEDED"
    )
    finished = engine.update(there, hello(), iotJobConfiguration=ROLLOUT)
    assert (finished["verdict"], len(revisions(engine))) == ("passed", 1)


def test_a_change_of_the_wait_alone_sends_nothing(engine: Engine, hands: Hands) -> None:
    outputs = engine.create(hello())
    changed = engine.update(outputs, hello(), wait={"timeoutSeconds": 99})
    assert (changed["wait"]["timeoutSeconds"], len(revisions(engine))) == (99, 1)


def test_tags_are_changed_in_place(engine: Engine, hands: Hands) -> None:
    outputs = engine.create(hello(), tags={"team": "vision", "old": "1"})
    engine.update(outputs, hello(), tags={"team": "edge"})
    latest = engine.run(engine.cloud.latest(TARGET))
    assert latest is not None
    assert latest["tags"] == {"team": "edge", "edgewright:owner": "edgewright/staging/twins"}


def test_a_destroy_uninstalls_and_leaves_no_revision(engine: Engine, hands: Hands) -> None:
    device = hands.add("twin-001")
    outputs = engine.update(engine.create(hello(1)), hello(2))
    engine.delete(outputs)
    assert (device.versions, revisions(engine)) == ({}, [])
    engine.delete(outputs)  # what is gone is deleted


def test_a_destroy_that_retains_leaves_everything(engine: Engine, hands: Hands) -> None:
    device = hands.add("twin-001")
    outputs = engine.create(hello(1), onDelete="retain")
    engine.delete(outputs)
    assert (device.versions, len(revisions(engine))) == ({NAME: "1.0.0"}, 1)


def test_a_destroy_does_not_touch_somebody_elses_deployment(engine: Engine, hands: Hands) -> None:
    outputs = engine.create(hello(1))
    other = console_change(hands, 7)
    with pytest.raises(PluginError, match="is not ours"):
        engine.delete(outputs)
    assert revisions(engine)[0] == other


def test_a_destroy_that_devices_refuse_says_so_and_deletes_nothing(engine: Engine, hands: Hands) -> None:
    device = hands.add("twin-001")
    outputs = engine.create(hello(1))
    device.behave = lambda _: "fail"
    with pytest.raises(PluginError, match="did not remove the components"):
        engine.delete(outputs)
    device.behave = fail_on("never")
    engine.delete(outputs)
    assert (device.versions, revisions(engine)) == ({}, [])


def test_the_account_is_checked_before_anything_is_changed(engine: Engine, hands: Hands) -> None:
    engine.cloud._allowed = ("333333333333",)
    with pytest.raises(Exception, match="belong to account 222222222222, but only 333333333333 is allowed"):
        engine.create(hello(1))
    engine.cloud._allowed = ()
    assert revisions(engine) == []
