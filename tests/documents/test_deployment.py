from __future__ import annotations

import copy
import re
from typing import Any

import pytest

from edgewright.documents import deployment
from edgewright.manifest.model import Capture, Ring
from tests.helpers import places
from tests.helpers.golden import Golden
from tests.helpers.policies import pretty

CANARY = {
    "name": "canary",
    "members": {"things": ["cam-001"]},
    "components": {
        "aws.greengrass.Nucleus": {"version": "2.14.3", "config": {"interpolateComponentConfiguration": True}},
        "aws.greengrass.Cli": {"version": "2.14.3"},
        "com.acme.parts-model": {"version": "1.0.0"},
        "com.acme.parts-inference": {
            "version": "2.0.0",
            "config": {"fleet": "${fleet}", "bucket": "${capture.bucket}", "threshold": 0.8},
            "reset": ["/old"],
            "runWith": {"posixUser": "ggc_user:ggc_group", "systemResourceLimits": {"memory": 262144, "cpus": 0.5}},
        },
    },
    "rollout": {
        "rate": {"base": 5, "factor": 2, "after": {"succeeded": 10}, "max": 50},
        "abort": [{"on": "failed", "above": "5%", "after": 10}, {"on": "timedOut", "above": "12.5%", "after": 1}],
        "timeout": "30m",
    },
    "wait": {"for": "30m", "succeeded": "95%"},
    "onFailure": "stop",
}

EDGE_MANAGER = {
    # The deployment of the source document, corrected: names in AWS's case, quoted versions, a bucket and no URI.
    "name": "main",
    "members": {"provisioned": True},
    "components": {
        "aws.greengrass.Nucleus": {"version": "2.5.6"},
        "aws.greengrass.Cli": {"version": "2.5.6"},
        "aws.greengrass.SageMakerEdgeManager": {
            "version": "1.1.0",
            "config": {"DeviceFleetName": "line-inspection", "BucketName": "acme-sagemaker-captures"},
        },
        "com.acme.parts-model": {"version": "1.0.0"},
        "com.acme.parts-inference": {"version": "1.0.0"},
    },
}


def rendered(ring: dict[str, Any]) -> dict[str, Any]:
    return deployment.inputs(places.fleet(), Ring.model_validate(ring), capture=Capture(enabled=True))


def test_a_ring_becomes_a_deployment(golden: Golden) -> None:
    golden("golden/deployment-canary.json", pretty(rendered(CANARY)))


def test_the_five_components_of_the_source_documents_deployment(golden: Golden) -> None:
    """Nucleus, CLI, agent, model and inference, with the agent's configuration and versions as strings."""
    inputs = rendered(EDGE_MANAGER)
    assert len(inputs["components"]) == 5
    assert all(isinstance(component["componentVersion"], str) for component in inputs["components"].values())
    golden("golden/deployment-edge-manager.json", pretty(inputs))


def test_a_change_of_configuration_changes_no_version(golden: Golden) -> None:
    before = rendered(CANARY)
    changed: dict[str, Any] = copy.deepcopy(CANARY)
    changed["components"]["com.acme.parts-inference"]["config"]["threshold"] = 0.9
    after = rendered(changed)
    versions = [{name: each["componentVersion"] for name, each in one["components"].items()} for one in (before, after)]
    assert versions[0] == versions[1]
    golden("golden/deployment-canary-configuration.diff.json", pretty(difference(before, after)))


def difference(before: Any, after: Any) -> Any:
    if isinstance(before, dict) and isinstance(after, dict):
        keys = sorted(before.keys() | after.keys())
        return {key: difference(before.get(key), after.get(key)) for key in keys if before.get(key) != after.get(key)}
    return {"before": before, "after": after}


@pytest.mark.parametrize("kind", ["thing/cam-001", "thinggroup/line-inspection-prod-canary"])
def test_the_target_may_be_a_thing_or_a_thing_group(kind: str) -> None:
    arn = f"arn:aws:iot:eu-west-1:333333333333:{kind}"
    inputs = deployment.inputs(places.fleet(), places.ring(), capture=Capture(enabled=False), target_arn=arn)
    assert inputs["targetArn"] == arn
    assert re.fullmatch(r"arn:[^:]*:iot:[^:]*:[0-9]+:(thing|thinggroup)/.+", inputs["targetArn"])


def test_a_ring_deploys_to_its_own_thing_group() -> None:
    inputs = deployment.inputs(places.fleet(), places.ring(), capture=Capture(enabled=False))
    assert inputs["targetArn"] == "arn:aws:iot:eu-west-1:333333333333:thinggroup/line-inspection-prod-canary"


def test_a_failed_device_rolls_back() -> None:
    assert rendered(CANARY)["deploymentPolicies"]["failureHandlingPolicy"] == "ROLLBACK"


def test_a_deployment_that_is_taken_out_uninstalls() -> None:
    assert rendered(CANARY)["onDelete"] == "uninstall"


def test_the_tags_name_the_release() -> None:
    tags = rendered(CANARY)["tags"]
    assert tags["edgewright:release"] == Ring.model_validate(CANARY).release
    assert (tags["edgewright:fleet"], tags["edgewright:stage"], tags["edgewright:ring"]) == (
        "line-inspection",
        "prod",
        "canary",
    )


@pytest.mark.parametrize(
    ("rollout", "expected"),
    [
        pytest.param({}, {"timeoutConfig": {"inProgressTimeoutInMinutes": 60}}, id="a device always has a time limit"),
        pytest.param(
            {"rate": {"max": 100}, "timeout": "10m"},
            {
                "timeoutConfig": {"inProgressTimeoutInMinutes": 10},
                "jobExecutionsRolloutConfig": {"maximumPerMinute": 100},
            },
            id="constant rate",
        ),
        pytest.param(
            {"rate": {"base": 1, "factor": 1.5, "after": {"notified": 3}, "max": 9}, "timeout": "7d"},
            {
                "timeoutConfig": {"inProgressTimeoutInMinutes": 10080},
                "jobExecutionsRolloutConfig": {
                    "maximumPerMinute": 9,
                    "exponentialRate": {
                        "baseRatePerMinute": 1,
                        "incrementFactor": 1.5,
                        "rateIncreaseCriteria": {"numberOfNotifiedThings": 3},
                    },
                },
            },
            id="growing rate",
        ),
        pytest.param(
            {"abort": [{"on": "all", "above": "0.07%", "after": 2}, {"on": "rejected", "above": "100%", "after": 1}]},
            {
                "timeoutConfig": {"inProgressTimeoutInMinutes": 60},
                "abortConfig": {
                    "criteriaList": [
                        {
                            "failureType": "ALL",
                            "action": "CANCEL",
                            "thresholdPercentage": 0.07,
                            "minNumberOfExecutedThings": 2,
                        },
                        {
                            "failureType": "REJECTED",
                            "action": "CANCEL",
                            "thresholdPercentage": 100,
                            "minNumberOfExecutedThings": 1,
                        },
                    ]
                },
            },
            id="abort criteria in percent",
        ),
    ],
)
def test_a_rollout_in_the_words_of_the_api(rollout: dict[str, Any], expected: dict[str, Any]) -> None:
    assert deployment.job_configuration(places.rollout(**rollout)) == expected


def test_two_rings_of_two_stages_differ_in_their_place_only() -> None:
    """One description for all stages: what differs follows from the account, not from a second manifest."""
    ring = Ring.model_validate(CANARY)
    one, other = (
        deployment.inputs(places.fleet(stage_name=stage), ring, capture=Capture(enabled=True))
        for stage in ("staging", "prod")
    )
    assert set(difference(one, other)) == {"targetArn", "deploymentName", "components", "tags"}
    assert set(difference(one, other)["components"]) == {"com.acme.parts-inference"}
    assert set(difference(one, other)["components"]["com.acme.parts-inference"]["config"]) == {"bucket"}
    assert set(difference(one, other)["tags"]) == {"edgewright:stage"}
