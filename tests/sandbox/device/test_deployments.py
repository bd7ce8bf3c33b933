"""Deployments on one device with a cloud in memory: the nucleus's rules from document to result."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace
from typing import Any

import pytest

from edgewright.sandbox.device import documents
from edgewright.sandbox.device.cloud import CloudError
from edgewright.sandbox.device.components import State
from edgewright.sandbox.device.settings import Knobs
from tests.sandbox.device.box import APP, GROUP, Box
from tests.sandbox.device.fake_cloud import ACCOUNT, REGION, THING


def test_a_new_device_says_that_its_nucleus_runs(running: Box) -> None:
    first = running.cloud.message(lambda message: message["trigger"] == "NUCLEUS_LAUNCH")
    assert first["thing"] == THING
    assert first["messageType"] == "COMPLETE"
    assert first["overallDeviceStatus"] == "HEALTHY"
    assert (first["ggcVersion"], first["platform"], first["architecture"]) == ("2.14.3", "linux", "amd64")
    assert first["runtime"] == "aws_nucleus_classic"
    (nucleus,) = first["components"]
    assert nucleus["componentName"] == "aws.greengrass.Nucleus"
    assert nucleus["version"] == "2.14.3"
    assert not nucleus["isRoot"]


def test_a_deployment_installs_runs_and_reports(running: Box) -> None:
    running.cloud.component(
        APP,
        "1.0.0",
        {"startup": 'echo "{artifacts:path} {configuration:/greeting}" > said'},
        defaults={"greeting": "hello"},
        files={"a.txt": b"content"},
    )
    job = running.cloud.deploy(GROUP, {APP: "1.0.0"})
    assert running.cloud.end_of(job) == ("SUCCEEDED", {"detailed-deployment-status": "SUCCESSFUL"})
    assert running.cloud.jobs[job]["history"] == ["QUEUED", "IN_PROGRESS", "SUCCEEDED"]
    artifacts = running.root / "packages" / "artifacts" / APP / "1.0.0"
    assert (artifacts / "a.txt").read_bytes() == b"content"
    assert (running.root / "work" / APP / "said").read_text(encoding="utf-8") == f"{artifacts} hello\n"
    report = running.cloud.message(lambda message: message.get("deploymentInformation"))
    assert report["trigger"] == "THING_GROUP_DEPLOYMENT"
    information = report["deploymentInformation"]
    assert information["deploymentId"] == "deployment-1"
    assert information["status"] == "SUCCEEDED"
    assert information["fleetConfigurationArnForStatus"].endswith(":configuration:thinggroup/main:1")
    assert information["statusDetails"] == {"detailedStatus": "SUCCESSFUL"}
    app = next(item for item in report["components"] if item["componentName"] == APP)
    assert app == {
        "componentName": APP,
        "version": "1.0.0",
        "fleetConfigArns": [f"arn:aws:greengrass:{REGION}:{ACCOUNT}:configuration:thinggroup/main:1"],
        "isRoot": True,
        "status": "RUNNING",
        "statusDetails": {"statusCodes": ["NONE"], "statusReason": ""},
    }


def test_the_fleet_status_is_told_before_the_job_ends(running: Box) -> None:
    running.cloud.component(APP, "1.0.0")
    job = running.cloud.deploy(GROUP, {APP: "1.0.0"})
    running.cloud.message(lambda message: message.get("deploymentInformation"))
    running.cloud.end_of(job)
    assert running.components()[APP] == "1.0.0"


def test_a_failed_startup_rolls_back_components_and_configuration(running: Box) -> None:
    cloud = running.cloud
    cloud.component("com.acme.model", "1.0.0", files={"model": b"good"})
    cloud.component("com.acme.model", "1.1.0", files={"model": b"bad"})
    cloud.component(
        APP,
        "1.0.0",
        {"startup": "grep -q good {com.acme.model:artifacts:path}/model", "shutdown": "true"},
        needs={"com.acme.model": "^1.0.0"},
    )
    cloud.component("com.acme.extra", "1.0.0", {"run": "sleep 60"})
    update = {"merge": {"threshold": 0.5, "kept": {"a": 1}}}
    running.succeed(GROUP, {APP: {"version": "1.0.0", "configurationUpdate": update}, "com.acme.model": "1.0.0"})
    before = running.configuration()
    details = running.fail(
        GROUP,
        {
            APP: {
                "version": "1.0.0",
                "configurationUpdate": {"merge": {"threshold": 0.9, "new": 1}, "reset": ["/kept"]},
            },
            "com.acme.model": "1.1.0",
            "com.acme.extra": "1.0.0",
        },
    )
    assert details == {
        "detailed-deployment-status": "FAILED_ROLLBACK_COMPLETE",
        "deployment-failure-cause": f"Service {APP} in broken state after deployment",
        "deployment-error-stack": "DEPLOYMENT_FAILURE, COMPONENT_UPDATE_ERROR, COMPONENT_BROKEN",
        "deployment-error-types": "USER_COMPONENT_ERROR",
    }
    assert running.configuration() == before == {"threshold": 0.5, "kept": {"a": 1}}
    versions = running.components()
    assert versions["com.acme.model"] == "1.0.0"
    assert "com.acme.extra" not in versions
    last = running.cloud.messages[-1]
    assert last["overallDeviceStatus"] == "HEALTHY"
    assert last["deploymentInformation"]["statusDetails"]["errorTypes"] == ["USER_COMPONENT_ERROR"]
    running.succeed(GROUP, {APP: "1.0.0", "com.acme.model": "1.0.0"})


def test_without_roll_back_a_failure_stays(running: Box) -> None:
    running.cloud.component(APP, "1.0.0", {"startup": "true"})
    running.cloud.component(APP, "2.0.0", {"startup": "exit 1"})
    running.succeed(GROUP, {APP: "1.0.0"})
    details = running.fail(GROUP, {APP: "2.0.0"}, deploymentPolicies={"failureHandlingPolicy": "DO_NOTHING"})
    assert details["detailed-deployment-status"] == "FAILED_ROLLBACK_NOT_REQUESTED"
    last = running.cloud.messages[-1]
    assert last["overallDeviceStatus"] == "UNHEALTHY"
    app = next(item for item in last["components"] if item["componentName"] == APP)
    assert (app["version"], app["status"]) == ("2.0.0", "BROKEN")
    assert app["statusDetails"] == {
        "statusCodes": ["STARTUP_ERRORED"],
        "statusReason": "Error during startup: exit code 1",
    }
    running.cloud.component(APP, "2.0.1", {"startup": "true"})
    running.succeed(GROUP, {APP: "2.0.1"})


def test_a_roll_back_that_fails_too_is_told(running: Box) -> None:
    once = "test ! -e broken && touch broken"
    running.cloud.component(APP, "1.0.0", {"startup": once})
    running.cloud.component(APP, "2.0.0", {"startup": "exit 1"})
    running.succeed(GROUP, {APP: "1.0.0"})
    assert running.fail(GROUP, {APP: "2.0.0"})["detailed-deployment-status"] == "FAILED_UNABLE_TO_ROLLBACK"


def test_a_component_that_was_broken_before_does_not_spoil_the_roll_back(running: Box) -> None:
    running.cloud.groups.append("other")
    running.cloud.component("com.acme.sick", "1.0.0", {"startup": "exit 1"})
    running.cloud.component(APP, "1.0.0", {"startup": "exit 1"})
    policies = {"failureHandlingPolicy": "DO_NOTHING"}
    running.fail("thinggroup/other", {"com.acme.sick": "1.0.0"}, deploymentPolicies=policies)
    assert running.fail(GROUP, {APP: "1.0.0"})["detailed-deployment-status"] == "FAILED_ROLLBACK_COMPLETE"


def test_a_component_that_no_deployment_holds_any_more_is_removed(running: Box) -> None:
    running.cloud.component(APP, "1.0.0", {"run": "sleep 60"})
    running.cloud.component("com.acme.other", "1.0.0", {"run": "sleep 60"}, needs={"com.acme.library": "*"})
    running.cloud.component("com.acme.library", "1.0.0")
    running.succeed(GROUP, {APP: "1.0.0", "com.acme.other": "1.0.0"})
    assert set(running.components()) == {"aws.greengrass.Nucleus", APP, "com.acme.other", "com.acme.library"}
    running.succeed(GROUP, {APP: "1.0.0"})
    assert set(running.components()) == {"aws.greengrass.Nucleus", APP}
    running.succeed(GROUP, {})
    assert set(running.components()) == {"aws.greengrass.Nucleus"}


def test_a_device_runs_the_union_of_its_groups(running: Box) -> None:
    running.cloud.groups.append("other")
    running.cloud.component(APP, "1.0.0")
    running.cloud.component("com.acme.other", "1.0.0")
    running.succeed(GROUP, {APP: "1.0.0"})
    running.succeed("thinggroup/other", {"com.acme.other": "1.0.0"})
    assert {APP, "com.acme.other"} <= set(running.components())
    running.succeed("thinggroup/other", {})
    assert APP in running.components()


def test_two_groups_that_pin_one_component_differently_fail_as_on_aws(running: Box) -> None:
    running.cloud.groups.append("other")
    for version in ("1.0.0", "1.0.1"):
        running.cloud.component(APP, version)
    running.succeed(GROUP, {APP: "1.0.0"})
    details = running.fail("thinggroup/other", {APP: "1.0.1"})
    assert details == {
        "detailed-deployment-status": "FAILED_NO_STATE_CHANGE",
        "deployment-failure-cause": (
            "No local or cloud component version satisfies the requirements Check whether the version constraints "
            "conflict and that the component exists in your AWS account with a version that matches the version "
            "constraints. If the version constraints conflict, revise deployments to resolve the conflict. Component "
            f"{APP} version constraints: thinggroup/main requires =1.0.0, thinggroup/other requires =1.0.1."
        ),
        "deployment-error-stack": (
            "DEPLOYMENT_FAILURE, NO_AVAILABLE_COMPONENT_VERSION, COMPONENT_VERSION_REQUIREMENTS_NOT_MET"
        ),
        "deployment-error-types": "REQUEST_ERROR",
    }
    assert running.components()[APP] == "1.0.0"


def test_after_leaving_a_group_its_components_go_with_the_next_deployment(running: Box) -> None:
    running.cloud.groups.append("other")
    running.cloud.component(APP, "1.0.0")
    running.cloud.component("com.acme.other", "1.0.0")
    running.succeed("thinggroup/other", {"com.acme.other": "1.0.0"})
    running.cloud.groups.remove("other")
    running.succeed(GROUP, {APP: "1.0.0"})
    assert "com.acme.other" not in running.components()
    assert set(running.state()["groups"]) == {GROUP}


def test_a_device_that_may_not_ask_for_its_groups_keeps_them(running: Box) -> None:
    running.cloud.component(APP, "1.0.0")
    running.cloud.component("com.acme.other", "1.0.0")
    running.cloud.refusals["thing_groups"] = CloudError(403, "AccessDeniedException", "no")
    running.succeed("thinggroup/other", {"com.acme.other": "1.0.0"})
    running.succeed(GROUP, {APP: "1.0.0"})
    assert "com.acme.other" in running.components()
    assert "thing groups are not known" in running.log()


def test_an_older_deployment_of_a_group_is_rejected(running: Box) -> None:
    running.cloud.component(APP, "1.0.0")
    running.succeed(GROUP, {APP: "1.0.0"})
    job = running.cloud.deploy(GROUP, {}, creationTimestamp=5)
    status, details = running.cloud.end_of(job)
    assert status == "REJECTED"
    assert details["detailed-deployment-status"] == "REJECTED"
    assert details["deployment-error-stack"] == "DEPLOYMENT_REJECTED, REJECTED_STALE_DEPLOYMENT"
    assert running.components()[APP] == "1.0.0"
    running.succeed("thinggroup/main", {APP: "1.0.0"})


def test_a_document_that_is_none_is_rejected(running: Box) -> None:
    job = running.cloud.deploy(GROUP, {}, creationTimestamp="soon")
    status, details = running.cloud.end_of(job)
    assert status == "REJECTED"
    assert "not valid" in details["deployment-failure-cause"]
    assert "DEPLOYMENT_DOCUMENT_NOT_VALID" in details["deployment-error-stack"]


def test_what_is_merged_stays_until_it_is_reset(running: Box) -> None:
    running.cloud.component(APP, "1.0.0", defaults={"threshold": 0.5})

    def update(**how: Any) -> dict[str, Any]:
        return {APP: {"version": "1.0.0", "configurationUpdate": how}}

    running.succeed(GROUP, update(merge={"threshold": 0.9, "extra": True}))
    running.succeed(GROUP, update(merge=None, reset=[]))
    assert running.configuration() == {"threshold": 0.9, "extra": True}
    running.succeed(GROUP, update(merge=None, reset=["/extra", "/threshold"]))
    assert running.configuration() == {"threshold": 0.5}


def test_a_change_of_configuration_restarts_the_component(running: Box) -> None:
    running.cloud.component(APP, "1.0.0", {"startup": 'echo "{configuration:/a}" >> said'}, defaults={"a": 1})
    running.succeed(GROUP, {APP: "1.0.0"})
    running.succeed(GROUP, {APP: {"version": "1.0.0", "configurationUpdate": {"merge": {"a": 2}}}})
    running.succeed(GROUP, {APP: "1.0.0"})
    assert (running.root / "work" / APP / "said").read_text(encoding="utf-8") == "1\n2\n"


def test_recipe_variables_in_configuration_are_filled_in_when_the_nucleus_is_told_to(running: Box) -> None:
    running.cloud.component("aws.greengrass.Nucleus", "2.14.3", kind="aws.greengrass.nucleus")
    running.cloud.component(APP, "1.0.0", {"startup": 'echo "{configuration:/who}" >> said'})
    update = {"merge": {"who": "{iot:thingName}"}}
    running.succeed(GROUP, {APP: {"version": "1.0.0", "configurationUpdate": update}})
    nucleus = {"version": "2.14.3", "configurationUpdate": {"merge": {"interpolateComponentConfiguration": True}}}
    running.succeed(GROUP, {APP: "1.0.0", "aws.greengrass.Nucleus": nucleus})
    said = (running.root / "work" / APP / "said").read_text(encoding="utf-8")
    assert said == "{iot:thingName}\n" + THING + "\n"


def test_a_dependency_takes_the_latest_version_in_its_range(running: Box) -> None:
    for version in ("1.0.0", "1.4.0", "2.0.0"):
        running.cloud.component("com.acme.library", version)
    running.cloud.component(APP, "1.0.0", needs={"com.acme.library": ">=1.0.0 <2.0.0"})
    running.succeed(GROUP, {APP: "1.0.0"})
    assert running.components()["com.acme.library"] == "1.4.0"
    assert running.cloud.resolutions[-1] == ("com.acme.library", None, {APP: ">=1.0.0 <2.0.0"})
    report = [message for message in running.cloud.messages if "deploymentInformation" in message][-1]
    library = next(item for item in report["components"] if item["componentName"] == "com.acme.library")
    assert not library["isRoot"]
    assert len(library["fleetConfigArns"]) == 1


def test_artifacts_are_fetched_once_and_a_changed_object_stops_the_next_device(running: Box) -> None:
    running.cloud.component(APP, "1.0.0", files={"a": b"x"})
    running.cloud.component("com.acme.other", "1.0.0")
    running.succeed(GROUP, {APP: "1.0.0"})
    running.succeed(GROUP, {APP: "1.0.0", "com.acme.other": "1.0.0"})
    assert len(running.cloud.downloads) == 1
    running.cloud.component(APP, "1.1.0", files={"a": b"y"})
    running.cloud.objects["artifacts", f"components/{APP}/1.1.0/a"] = b"changed"
    details = running.fail(GROUP, {APP: "1.1.0"})
    assert details["detailed-deployment-status"] == "FAILED_NO_STATE_CHANGE"
    assert (
        details["deployment-error-stack"] == "DEPLOYMENT_FAILURE, ARTIFACT_DOWNLOAD_ERROR, ARTIFACT_CHECKSUM_MISMATCH"
    )
    assert details["deployment-error-types"] == "COMPONENT_RECIPE_ERROR"
    assert not list((running.root / "packages" / "artifacts" / APP / "1.1.0").iterdir())


def test_an_artifact_that_may_not_be_read_fails_without_a_change(running: Box) -> None:
    running.cloud.component(APP, "1.0.0", files={"a": b"x"})
    running.cloud.objects.clear()
    details = running.fail(GROUP, {APP: "1.0.0"})
    assert details["detailed-deployment-status"] == "FAILED_NO_STATE_CHANGE"
    assert "S3_GET_OBJECT_ACCESS_DENIED" in details["deployment-error-stack"]
    assert details["deployment-error-types"] == "DEPENDENCY_ERROR, PERMISSION_ERROR"
    assert (
        f"Failed to download artifact name: 's3://artifacts/components/{APP}/1.0.0/a'"
        in (details["deployment-failure-cause"])
    )


def test_archives_are_unpacked_to_a_folder_of_their_stem(running: Box) -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("inner/run.sh", "echo ran > said\n")
    running.cloud.component(
        APP,
        "1.0.0",
        {"startup": "sh {artifacts:decompressedPath}/bundle/inner/run.sh"},
        files={"bundle.zip": data.getvalue()},
        artifact={"Unarchive": "ZIP"},
    )
    running.succeed(GROUP, {APP: "1.0.0"})
    assert (running.root / "work" / APP / "said").read_text(encoding="utf-8") == "ran\n"


def test_a_platform_that_no_manifest_fits_fails_the_deployment(running: Box) -> None:
    running.cloud.component(APP, "1.0.0", platform={"os": "windows"})
    details = running.fail(GROUP, {APP: "1.0.0"})
    assert "does not claim compatibility" in details["deployment-failure-cause"]
    assert details["deployment-error-types"] == "COMPONENT_RECIPE_ERROR"


def test_a_new_nucleus_restarts_everything(running: Box) -> None:
    running.cloud.component("aws.greengrass.Nucleus", "2.15.0", kind="aws.greengrass.nucleus")
    running.cloud.component(APP, "1.0.0", {"startup": "echo $GGC_VERSION >> said"})
    running.succeed(GROUP, {APP: "1.0.0"})
    running.succeed(GROUP, {APP: "1.0.0", "aws.greengrass.Nucleus": "2.15.0"})
    assert (running.root / "work" / APP / "said").read_text(encoding="utf-8") == "2.14.3\n2.15.0\n"
    assert running.cloud.messages[-1]["ggcVersion"] == "2.15.0"


def test_a_dependency_may_not_bring_another_minor_version_of_the_nucleus(running: Box) -> None:
    running.cloud.component("aws.greengrass.Nucleus", "2.15.0", kind="aws.greengrass.nucleus")
    running.cloud.component(APP, "1.0.0", needs={"aws.greengrass.Nucleus": ">=2.0.0 <3.0.0"})
    details = running.fail(GROUP, {APP: "1.0.0"})
    assert "UNAUTHORIZED_NUCLEUS_MINOR_VERSION_UPDATE" in details["deployment-error-stack"]


@pytest.mark.parametrize("code", [0, 100, 101])
def test_bootstrap_runs_once_for_a_version_before_anything_starts(running: Box, code: int) -> None:
    script = f"echo bootstrap >> said; exit {code}"
    running.cloud.component(APP, "1.0.0", {"bootstrap": script, "install": "echo install >> said"})
    running.succeed(GROUP, {APP: "1.0.0"})
    running.succeed(GROUP, {APP: {"version": "1.0.0", "configurationUpdate": {"merge": {"a": 1}}}})
    assert (running.root / "work" / APP / "said").read_text(encoding="utf-8") == "bootstrap\ninstall\n"


def test_a_bootstrap_that_fails_rolls_back(running: Box) -> None:
    running.cloud.component(APP, "1.0.0", {"startup": "true"})
    running.cloud.component(APP, "1.1.0", {"bootstrap": "exit 3", "startup": "true"})
    running.succeed(GROUP, {APP: "1.0.0"})
    details = running.fail(GROUP, {APP: "1.1.0"})
    assert details["detailed-deployment-status"] == "FAILED_ROLLBACK_COMPLETE"
    assert "COMPONENT_BOOTSTRAP_ERROR" in details["deployment-error-stack"]
    assert running.components()[APP] == "1.0.0"


def test_a_deployment_to_the_thing_comes_by_the_shadow_and_is_taken_once(running: Box) -> None:
    running.cloud.component(APP, "1.0.0", {"startup": "echo x >> said"})
    running.cloud.deploy("thing/cam-001", {APP: "1.0.0"})
    with running.cloud.changed:
        assert running.cloud.changed.wait_for(
            lambda: any(report["status"] == "SUCCEEDED" for report in running.cloud.reported), 20
        )
    assert [report["status"] for report in running.cloud.reported] == ["IN_PROGRESS", "SUCCEEDED"]
    assert running.cloud.reported[-1]["statusDetails"]["detailedStatus"] == "SUCCESSFUL"
    report = running.cloud.message(lambda message: message.get("deploymentInformation"))
    assert report["trigger"] == "THING_DEPLOYMENT"
    running.succeed(GROUP, {})
    assert len(running.cloud.reported) == 2
    assert running.components()[APP] == "1.0.0"


def test_an_offline_device_takes_its_deployment_on_return(box: Box) -> None:
    device = box.start(knobs=Knobs(offline=True))
    box.cloud.component(APP, "1.0.0")
    job = box.cloud.deploy(GROUP, {APP: "1.0.0"})
    assert box.cloud.messages == []
    device.turn(Knobs())
    assert box.cloud.end_of(job)[0] == "SUCCEEDED"
    before = box.log().count("no connection")
    device.turn(Knobs(offline=True))
    box.wait_for_log("no connection", times=before + 1)
    box.cloud.component(APP, "1.1.0")
    later = box.cloud.deploy(GROUP, {APP: "1.1.0"})
    device.turn(Knobs())
    assert box.cloud.end_of(later)[0] == "SUCCEEDED"
    assert any(message["trigger"] == "RECONNECT" for message in box.cloud.messages)


def test_components_go_on_while_the_device_is_offline(running: Box) -> None:
    running.cloud.component(APP, "1.0.0", {"run": "exec sleep 60"})
    running.succeed(GROUP, {APP: "1.0.0"})
    assert running.device is not None
    running.device.turn(Knobs(offline=True))
    assert running.device._machine.statuses()[APP].state is State.RUNNING


def test_a_connection_that_breaks_during_a_deployment_only_delays_it(running: Box) -> None:
    running.cloud.component(APP, "1.0.0", {"install": "echo begun > begun; while test ! -e go; do sleep 0.01; done"})
    job = running.cloud.deploy(GROUP, {APP: "1.0.0"})
    with running.cloud.changed:
        assert running.cloud.changed.wait_for(lambda: running.cloud.jobs[job]["status"] == "IN_PROGRESS", 20)
    running.cloud.set_reachable(reachable=False)
    work = running.root / "work" / APP
    work.mkdir(parents=True, exist_ok=True)
    (work / "go").touch()
    assert running.device is not None
    running.cloud.set_reachable(reachable=True)
    assert running.cloud.end_of(job)[0] == "SUCCEEDED"


def test_a_result_that_could_not_be_told_is_told_after_a_restart(box: Box) -> None:
    box.start()
    box.cloud.component(APP, "1.0.0", {"run": "sleep 60"})
    job = box.cloud.deploy(GROUP, {APP: "1.0.0"})
    box.cloud.message(lambda message: message.get("deploymentInformation"))
    box.cloud.end_of(job)
    box.stop()
    state = box.state()
    state["outbox"] = [
        {
            "job": job,
            "document": {},
            "information": {
                "deploymentId": "deployment-1",
                "status": "SUCCEEDED",
                "statusDetails": {"detailedStatus": "SUCCESSFUL"},
            },
        }
    ]
    (box.root / "state.json").write_text(json.dumps(state), encoding="utf-8")
    box.cloud.jobs[job]["status"] = "IN_PROGRESS"
    installs = box.log().count("begins")
    box.start()
    assert box.cloud.end_of(job)[0] == "SUCCEEDED"
    assert box.log().count("begins") == installs


def test_a_device_that_was_stopped_goes_on_where_it_was(box: Box) -> None:
    box.start()
    box.cloud.component(APP, "1.0.0", {"startup": "echo up >> said"}, defaults={"a": 1})
    update = {"merge": {"b": 2}}
    box.succeed(GROUP, {APP: {"version": "1.0.0", "configurationUpdate": update}})
    box.stop()
    box.cloud.messages.clear()
    box.start()
    box.cloud.message(
        lambda message: any(
            item["componentName"] == APP and item["status"] == "RUNNING" for item in message["components"]
        )
    )
    assert box.configuration() == {"a": 1, "b": 2}
    assert (box.root / "work" / APP / "said").read_text(encoding="utf-8") == "up\nup\n"
    box.succeed(GROUP, {APP: "1.0.0"})


def test_a_deployment_that_a_stop_broke_off_begins_anew(box: Box) -> None:
    box.start()
    box.cloud.component(APP, "1.0.0", {"startup": "test -e go || sleep 60"})
    job = box.cloud.deploy(GROUP, {APP: "1.0.0"})
    box.cloud.message(lambda message: message["trigger"] == "NUCLEUS_LAUNCH")
    with box.cloud.changed:
        assert box.cloud.changed.wait_for(lambda: box.cloud.jobs[job]["status"] == "IN_PROGRESS", 20)
    box.stop()
    assert box.cloud.jobs[job]["status"] == "IN_PROGRESS"
    (box.root / "work" / APP).mkdir(parents=True, exist_ok=True)
    (box.root / "work" / APP / "go").touch()
    box.start()
    assert box.cloud.end_of(job)[0] == "SUCCEEDED"


def test_a_device_with_another_certificate_is_another_device(box: Box) -> None:
    box.start()
    box.cloud.component(APP, "1.0.0")
    box.succeed(GROUP, {APP: "1.0.0"})
    box.stop()
    box.start(identity=replace(box.settings.identity, certificate_id="other"))
    assert APP not in box.state()["components"]


def test_the_failing_share_fails_always_the_same_deployments(running: Box) -> None:
    assert running.device is not None
    running.cloud.component(APP, "1.0.0", {"run": "sleep 60"})
    running.succeed(GROUP, {APP: "1.0.0"})
    running.device.turn(Knobs(fail=1.0))
    running.cloud.component(APP, "1.1.0", {"run": "sleep 61"})
    details = running.fail(GROUP, {APP: "1.1.0"})
    assert details["detailed-deployment-status"] == "FAILED_ROLLBACK_COMPLETE"
    assert details["deployment-failure-cause"] == f"Service {APP} in broken state after deployment"
    assert "simulated failure" in running.log(APP)
    assert running.components()[APP] == "1.0.0"
    running.device.turn(Knobs())
    running.succeed(GROUP, {APP: "1.1.0"})


def test_a_slow_device_takes_its_time_until_the_knob_is_turned_back(running: Box) -> None:
    assert running.device is not None
    running.device.turn(Knobs(slow=3600))
    running.cloud.component(APP, "1.0.0")
    job = running.cloud.deploy(GROUP, {APP: "1.0.0"})
    with running.cloud.changed:
        assert running.cloud.changed.wait_for(lambda: running.cloud.jobs[job]["status"] == "IN_PROGRESS", 20)
    running.device.turn(Knobs())
    assert running.cloud.end_of(job)[0] == "SUCCEEDED"


def test_a_component_that_breaks_later_is_told_at_once(running: Box) -> None:
    running.cloud.component(APP, "1.0.0", {"run": "test ! -e sick && exec sleep 60; exit 1"})
    running.succeed(GROUP, {APP: "1.0.0"})
    (running.root / "work" / APP / "sick").touch()
    script = running.device._machine._components[APP].scripts[0]  # type: ignore[union-attr]
    script.signal(15)
    message = running.cloud.message(lambda message: message["trigger"] == "BROKEN_COMPONENT")
    assert message["messageType"] == "PARTIAL"
    assert message["overallDeviceStatus"] == "UNHEALTHY"
    assert [item["componentName"] for item in message["components"]] == [APP]


def test_an_execution_that_ended_without_the_device_is_let_go(running: Box) -> None:
    running.cloud.component(APP, "1.0.0", {"install": "while test ! -e go; do sleep 0.01; done"})
    job = running.cloud.deploy(GROUP, {APP: "1.0.0"})
    with running.cloud.changed:
        assert running.cloud.changed.wait_for(lambda: running.cloud.jobs[job]["status"] == "IN_PROGRESS", 20)
        running.cloud.jobs[job]["status"] = "TIMED_OUT"
    work = running.root / "work" / APP
    work.mkdir(parents=True, exist_ok=True)
    (work / "go").touch()
    running.succeed(GROUP, {APP: "1.0.0"})
    assert running.cloud.jobs[job]["status"] == "TIMED_OUT"
    assert "is not wanted" in running.log()


def test_sequence_numbers_never_repeat(running: Box) -> None:
    running.cloud.component(APP, "1.0.0")
    running.succeed(GROUP, {APP: "1.0.0"})
    running.stop()
    running.start()
    running.cloud.message(lambda message: message["sequenceNumber"] > 1 and message["trigger"] == "NUCLEUS_LAUNCH")
    numbers = [message["sequenceNumber"] for message in running.cloud.messages]
    assert numbers == sorted(set(numbers))


def test_a_device_that_is_refused_tries_until_it_is_let_in(box: Box) -> None:
    box.cloud.refusals["next_job"] = CloudError(403, "ForbiddenException", "no policy yet")
    box.start()
    box.wait_for_log("the cloud refuses: ForbiddenException: no policy yet", times=2)
    box.cloud.component(APP, "1.0.0")
    job = box.cloud.deploy(GROUP, {APP: "1.0.0"})
    box.cloud.refusals.clear()
    assert box.cloud.end_of(job)[0] == "SUCCEEDED"


def test_a_status_that_may_not_be_published_does_not_stop_the_device(running: Box) -> None:
    running.cloud.refusals["publish"] = CloudError(403, "ForbiddenException", "no publish")
    running.cloud.component(APP, "1.0.0")
    running.succeed(GROUP, {APP: "1.0.0"})
    assert "the fleet status is refused: ForbiddenException: no publish" in running.log()


def test_a_device_that_may_not_resolve_says_which_permission_it_lacks(running: Box) -> None:
    running.cloud.refusals["resolve"] = CloudError(403, "AccessDeniedException", "not authorized")
    details = running.fail(GROUP, {APP: "1.0.0"})
    assert details["detailed-deployment-status"] == "FAILED_NO_STATE_CHANGE"
    assert "certificate policy grants greengrass:ResolveComponentCandidates" in details["deployment-failure-cause"]
    assert details["deployment-error-types"] == "PERMISSION_ERROR"


@pytest.mark.parametrize(
    ("nucleus", "told"), [pytest.param("2.14.3", True, id="new"), pytest.param("2.12.2", False, id="old")]
)
def test_an_old_nucleus_speaks_of_errors_only(box: Box, nucleus: str, told: bool) -> None:  # noqa: FBT001
    box.start(nucleus_version=nucleus)
    box.cloud.component(APP, "1.0.0", {"run": "cat < gate", "install": "test -p gate || mkfifo gate"})
    box.succeed(GROUP, {APP: "1.0.0"})
    (box.root / "work" / APP / "gate").write_text("", encoding="utf-8")
    assert box.device is not None
    machine = box.device._machine
    with machine._condition:
        assert machine._condition.wait_for(lambda: machine._components[APP].state is State.FINISHED, 20)
    if told:
        message = box.cloud.message(lambda message: message["trigger"] == "COMPONENT_STATUS_CHANGE")
        assert message["messageType"] == "PARTIAL"
    box.succeed(GROUP, {APP: "1.0.0"})
    assert any(message["trigger"] == "COMPONENT_STATUS_CHANGE" for message in box.cloud.messages) is told


def test_a_device_s_folder_that_is_damaged_is_named(box: Box) -> None:
    box.root.mkdir(parents=True)
    (box.root / "state.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ValueError, match=r"is not the state of a device .*; remove the device's folder to begin anew"):
        box.start()


def test_a_component_whose_recipe_no_longer_fits_the_device_is_left_out(box: Box) -> None:
    box.start()
    box.cloud.component(APP, "1.0.0", {"run": "sleep 60"})
    box.succeed(GROUP, {APP: "1.0.0"})
    box.stop()
    box.cloud.messages.clear()
    box.start(platform={"os": "windows", "architecture": "amd64"})
    launched = box.cloud.message(lambda message: message["trigger"] == "NUCLEUS_LAUNCH")
    assert [item["componentName"] for item in launched["components"]] == ["aws.greengrass.Nucleus"]
    assert f"{APP}-1.0.0 cannot run" in box.log()


def test_the_share_of_failing_deployments_is_what_the_knob_says() -> None:
    document = {"targetArn": GROUP, "creationTimestamp": 1}
    chosen = [
        documents.parse({**document, "deploymentId": f"d-{number}"}, "IOT_JOBS").chosen_to_fail(THING, 0.3)
        for number in range(2000)
    ]
    assert 0.25 < sum(chosen) / len(chosen) < 0.35
    assert not any(
        documents.parse({**document, "deploymentId": f"d-{number}"}, "IOT_JOBS").chosen_to_fail(THING, 0.0)
        for number in range(50)
    )
