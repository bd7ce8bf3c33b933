"""Rules of the nucleus about its disk, its own configuration, bootstraps and times, each with its source."""

from __future__ import annotations

from typing import Any

import pytest

from edgewright.sandbox.device.cloud import CloudError
from edgewright.sandbox.device.deploying import configuration_time
from edgewright.sandbox.device.documents import parse
from edgewright.sandbox.device.state import NUCLEUS, DeviceState, Installed
from tests.sandbox.device.box import APP, GROUP, Box

BASE = "com.acme.base"
RUN = {"run": "exec sleep 60"}


def _versions_on_disk(box: Box, name: str = APP) -> dict[str, list[str]]:
    packages = box.root / "packages"
    stores = {store: packages / store / name for store in ("artifacts", "artifacts-unarchived")}
    found = {
        store: sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
        for store, folder in stores.items()
    }
    recipes = (path.name for path in (packages / "recipes").glob(f"{name}-*.recipe.json"))
    found["recipes"] = sorted(path.removeprefix(f"{name}-").removesuffix(".recipe.json") for path in recipes)
    return found


def test_the_disk_keeps_the_installed_version_and_the_one_before_it(running: Box) -> None:
    """``ComponentManager.cleanupStaleVersions``: so a revert to an older version needs its objects in S3."""
    for version in ("1.0.0", "1.1.0", "1.2.0"):
        running.cloud.component(APP, version, RUN, files={"model": version.encode()})
    running.succeed(GROUP, {APP: "1.0.0"})
    running.succeed(GROUP, {APP: "1.1.0"})
    assert _versions_on_disk(running)["artifacts"] == ["1.0.0", "1.1.0"]
    running.succeed(GROUP, {APP: "1.2.0"})
    assert _versions_on_disk(running) == {
        "artifacts": ["1.1.0", "1.2.0"],
        "artifacts-unarchived": [],
        "recipes": ["1.1.0", "1.2.0"],
    }
    downloads = len(running.cloud.downloads)
    running.succeed(GROUP, {APP: "1.1.0"})
    assert len(running.cloud.downloads) == downloads
    running.succeed(GROUP, {APP: "1.0.0"})
    assert len(running.cloud.downloads) == downloads + 1
    running.succeed(GROUP, {})
    assert _versions_on_disk(running) == {"artifacts": [], "artifacts-unarchived": [], "recipes": []}


def test_a_failed_deployment_keeps_what_it_brought_for_the_next_attempt(running: Box) -> None:
    running.cloud.component(APP, "1.0.0", RUN, files={"model": b"one"})
    running.cloud.component(APP, "1.1.0", {"startup": "exit 1"}, files={"model": b"two"})
    running.succeed(GROUP, {APP: "1.0.0"})
    running.fail(GROUP, {APP: "1.1.0"})
    assert _versions_on_disk(running)["artifacts"] == ["1.0.0", "1.1.0"]
    running.succeed(GROUP, {APP: {"version": "1.0.0", "configurationUpdate": {"merge": {"a": 1}}}})
    assert _versions_on_disk(running)["artifacts"] == ["1.0.0"]


def test_the_component_store_has_a_size(running: Box) -> None:
    running.cloud.component(APP, "1.0.0", RUN, files={"model": b"x" * 50_000})
    running.cloud.component(NUCLEUS, "2.14.3", kind="aws.greengrass.nucleus")
    limit = {"version": "2.14.3", "configurationUpdate": {"merge": {"componentStoreMaxSizeBytes": "40000"}}}
    running.succeed(GROUP, {NUCLEUS: limit})
    details = running.fail(GROUP, {NUCLEUS: "2.14.3", APP: "1.0.0"})
    assert details["detailed-deployment-status"] == "FAILED_NO_STATE_CHANGE"
    assert details["deployment-failure-cause"].startswith("Component store size limit reached: ")
    assert details["deployment-failure-cause"].endswith(" 50000 bytes needed, 40000 bytes maximum allowed total")
    assert "DISK_SPACE_CRITICAL" in details["deployment-error-stack"]
    assert not list((running.root / "packages" / "artifacts" / APP / "1.0.0").iterdir())


@pytest.mark.parametrize(
    ("merge", "restarts"),
    [
        pytest.param({"runWithDefault": {"posixUser": "ggc_user"}}, True, id="default user"),
        pytest.param({"runWithDefault": {"posixShell": "bash"}}, True, id="default shell"),
        pytest.param({"networkProxy": {"proxy": {"url": "http://10.0.0.1:3128"}}}, True, id="proxy"),
        pytest.param({"networkProxy": {"noProxyAddresses": "10.0.0.1"}}, True, id="no proxy"),
        pytest.param({"mqtt": {"version": "mqtt3"}}, True, id="mqtt version"),
        pytest.param({"mqtt": {"spooler": {"storageType": "Disk"}}}, True, id="spooler"),
        pytest.param({"logging": {"level": "DEBUG"}}, False, id="log level"),
        pytest.param({"networkProxy": {"proxy": {"url": ""}}}, False, id="an empty proxy is none"),
    ],
)
def test_some_configuration_of_the_nucleus_restarts_it(running: Box, merge: dict[str, Any], restarts: bool) -> None:  # noqa: FBT001
    """``BootstrapManager.nucleusConfigChangeRequiresRestart``."""
    running.cloud.component(NUCLEUS, "2.14.3", kind="aws.greengrass.nucleus")
    running.succeed(GROUP, {NUCLEUS: {"version": "2.14.3", "configurationUpdate": {"merge": merge}}})
    assert running.log().count("nucleus 2.14.3 starts") == (2 if restarts else 1)


def test_a_plugin_that_goes_restarts_the_nucleus(running: Box) -> None:
    running.cloud.component("com.acme.plugin", "1.0.0", kind="aws.greengrass.plugin")
    running.succeed(GROUP, {"com.acme.plugin": "1.0.0"})
    assert running.log().count("nucleus 2.14.3 starts") == 1
    running.succeed(GROUP, {})
    assert running.log().count("nucleus 2.14.3 starts") == 2


def test_bootstraps_run_in_the_order_of_dependencies(running: Box) -> None:
    """``BootstrapManager``: a component's bootstrap may need what its dependency's made."""
    running.cloud.component(BASE, "1.0.0", {"bootstrap": "touch {work:path}/made"})
    running.cloud.component(
        "com.acme.a", "1.0.0", {"bootstrap": "test -e {com.acme.base:work:path}/made"}, needs={BASE: "*"}
    )
    running.succeed(GROUP, {"com.acme.a": "1.0.0"})


def _device(**nucleus: Any) -> DeviceState:
    state = DeviceState(components={NUCLEUS: Installed("2.15.0")})
    state.components[NUCLEUS].configuration.merge(nucleus, 1)
    return state


def _document(**merge: Any) -> Any:
    components = {NUCLEUS: {"version": "2.15.0", "configurationUpdate": {"merge": merge}}} if merge else {}
    return parse(
        {
            "deploymentId": "d",
            "creationTimestamp": 1_000,
            "targetArn": "arn:aws:iot:eu-west-1:222222222222:thinggroup/main",
            "components": components,
        },
        "IOT_JOBS",
    )


PROCESSING = {"deploymentConfigurationTimeSource": "deploymentProcessingTime"}
CREATION = {"deploymentConfigurationTimeSource": "deploymentCreationTime"}


@pytest.mark.parametrize(
    ("device", "merge", "now"),
    [
        pytest.param({}, {}, False, id="by default the time of creation"),
        pytest.param(PROCESSING, {}, True, id="the device says processing"),
        pytest.param({}, PROCESSING, True, id="the deployment says processing"),
        pytest.param(PROCESSING, CREATION, False, id="the deployment says more than the device"),
    ],
)
def test_configuration_takes_the_time_that_the_nucleus_is_told(
    device: dict[str, Any],
    merge: dict[str, Any],
    now: bool,  # noqa: FBT001
) -> None:
    """``DefaultDeploymentTask``, nucleus 2.15.0."""
    moment = configuration_time(_document(**merge), _device(**device))
    assert (moment > 1_700_000_000_000) is now
    assert now or moment == 1_000


def test_a_platform_may_be_overridden_by_configuration(running: Box) -> None:
    """``platformOverride`` of the nucleus's configuration adds attributes that manifests are matched against."""
    running.cloud.component(NUCLEUS, "2.14.3", kind="aws.greengrass.nucleus")
    running.cloud.component(APP, "1.0.0", RUN, platform={"os": "linux", "accelerator": "npu"})
    details = running.fail(GROUP, {APP: "1.0.0"})
    assert "RECIPE_MISSING_MANIFEST" in details["deployment-error-stack"]
    override = {"merge": {"platformOverride": {"accelerator": "npu"}}}
    running.succeed(GROUP, {NUCLEUS: {"version": "2.14.3", "configurationUpdate": override}})
    running.succeed(GROUP, {NUCLEUS: "2.14.3", APP: "1.0.0"})


def test_a_parent_group_s_components_stay_when_a_child_group_is_deployed_to(running: Box) -> None:
    running.cloud.component(BASE, "1.0.0", RUN)
    running.cloud.component(APP, "1.0.0", RUN)
    running.cloud.groups = ["site", "main"]  # the device is in main, whose parent is site
    running.succeed("thinggroup/site", {BASE: "1.0.0"})
    running.succeed(GROUP, {APP: "1.0.0"})
    assert {BASE, APP} <= set(running.components())


@pytest.mark.parametrize(
    ("capability", "old", "new"),
    [
        pytest.param("LARGE_CONFIGURATION", "2.2.0", "2.3.0", id="large configuration"),
        pytest.param("LINUX_RESOURCE_LIMITS", "2.3.0", "2.4.0", id="resource limits"),
        pytest.param("SUB_DEPLOYMENTS", "2.8.1", "2.9.0", id="subdeployments"),
    ],
)
def test_an_old_nucleus_refuses_what_it_cannot_do(box: Box, capability: str, old: str, new: str) -> None:
    box.cloud.component(APP, "1.0.0", RUN)
    box.cloud.whole["deployment-1"] = box.cloud.whole["deployment-2"] = {APP: {"version": "1.0.0"}}
    box.start(nucleus_version=old)
    assert box.fail(GROUP, {APP: "1.0.0"}, requiredCapabilities=[capability]) == {
        "detailed-deployment-status": "FAILED_NO_STATE_CHANGE",
        "deployment-failure-cause": "The current nucleus version doesn't support one or more capabilities that are "
        f"required by this deployment: {capability}",
        "deployment-error-stack": "DEPLOYMENT_FAILURE, NUCLEUS_MISSING_REQUIRED_CAPABILITIES",
        "deployment-error-types": "REQUEST_ERROR",
    }
    box.stop()
    box.start(nucleus_version=new)
    box.succeed(GROUP, {APP: "1.0.0"}, requiredCapabilities=[capability])


def test_configuration_that_was_too_large_for_the_job_is_asked_for(running: Box) -> None:
    running.cloud.component(APP, "1.0.0", RUN)
    update = {"configurationUpdate": {"merge": {"table": "x" * 40_000}}}
    running.cloud.whole["deployment-1"] = {APP: {"version": "1.0.0", **update}}
    running.cloud.whole["deployment-2"] = running.cloud.whole["deployment-1"]
    running.cloud.refusals["configuration"] = CloudError(403, "AccessDeniedException", "not authorized")
    details = running.fail(GROUP, {APP: "1.0.0"}, requiredCapabilities=["LARGE_CONFIGURATION"])
    assert "GET_DEPLOYMENT_CONFIGURATION_ACCESS_DENIED" in details["deployment-error-stack"]
    assert "greengrass:GetDeploymentConfiguration" in details["deployment-failure-cause"]
    running.cloud.refusals.clear()
    running.succeed(GROUP, {APP: "1.0.0"}, requiredCapabilities=["LARGE_CONFIGURATION"])
    assert running.configuration() == {"table": "x" * 40_000}


DOCKER = {"aws.greengrass.DockerApplicationManager": "2.0.14"}


def _docker(box: Box, script: str) -> None:
    """Put a program of that name on the device: the sandbox has no container engine."""
    program = box.root / "bin" / "docker"
    program.parent.mkdir(parents=True, exist_ok=True)
    program.write_text(f'#!/bin/sh\necho "$@" >> {box.root}/docker.log\n{script}\n', encoding="utf-8")
    program.chmod(0o755)


@pytest.fixture
def dockery(running: Box) -> Box:
    running.cloud.component("aws.greengrass.DockerApplicationManager", "2.0.14", kind="aws.greengrass.plugin")
    running.cloud.component("aws.greengrass.TokenExchangeService", "2.0.3", kind="aws.greengrass.plugin")
    running.cloud.component(APP, "1.0.0", RUN, images=["registry.example/app@sha256:1"])
    return running


def test_an_image_is_pulled_by_the_device_s_own_docker_and_only_when_it_is_not_there(dockery: Box) -> None:
    _docker(dockery, f'case "$1" in image) test -e {dockery.root}/pulled;; pull) touch {dockery.root}/pulled;; esac')
    dockery.succeed(GROUP, {APP: "1.0.0", **DOCKER})
    dockery.succeed(GROUP, {APP: {"version": "1.0.0", "configurationUpdate": {"merge": {"a": 1}}}, **DOCKER})
    said = (dockery.root / "docker.log").read_text(encoding="utf-8").splitlines()
    inspect = "image inspect registry.example/app@sha256:1"
    assert said == [inspect, "pull registry.example/app@sha256:1", inspect]


def test_a_pull_that_fails_fails_the_deployment_and_changes_nothing(dockery: Box) -> None:
    _docker(dockery, "exit 3")
    details = dockery.fail(GROUP, {APP: "1.0.0", **DOCKER})
    assert details["detailed-deployment-status"] == "FAILED_NO_STATE_CHANGE"
    assert "docker pull registry.example/app@sha256:1 failed with exit code 3" in details["deployment-failure-cause"]
    assert "DOCKER_ERROR, DOCKER_PULL_ERROR" in details["deployment-error-stack"]


def test_docker_artifacts_need_docker_and_its_manager(dockery: Box) -> None:
    without = dockery.fail(GROUP, {APP: "1.0.0"})
    assert "MISSING_DOCKER_APPLICATION_MANAGER" in without["deployment-error-stack"]
    dockery.cloud.component(APP, "1.1.0", RUN, images=["222222222222.dkr.ecr.eu-west-1.amazonaws.com/app:1"])
    assert "MISSING_TOKEN_EXCHANGE_SERVICE" in dockery.fail(GROUP, {APP: "1.1.0", **DOCKER})["deployment-error-stack"]
    _docker(dockery, "true")
    dockery.succeed(GROUP, {APP: "1.1.0", "aws.greengrass.TokenExchangeService": "2.0.3", **DOCKER})
