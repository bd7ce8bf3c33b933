"""The inputs of a deployment and what AWS answers about it are one content, whatever each makes of numbers."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgewright.canonical import canonical_json
from edgewright.documents.request import content, create_deployment_request, exact, inputs_of, same_content
from edgewright.provider.plugin.values import decode, encode

TARGET = "arn:aws:iot:eu-west-1:222222222222:thinggroup/ring"
# What the service model of greengrassv2 calls a double; AWS writes these with a point, whatever was sent.
DOUBLES = frozenset({"thresholdPercentage", "incrementFactor", "cpus"})

shares = st.integers(min_value=0, max_value=100) | st.decimals(min_value=0, max_value=100, places=2).map(float)
factors = st.integers(min_value=1, max_value=5) | st.decimals(min_value=1, max_value=5, places=1).map(float)
counts = st.integers(min_value=1, max_value=1000)
settings = st.fixed_dictionaries(
    {},
    optional={
        "jobExecutionsRolloutConfig": st.fixed_dictionaries(
            {},
            optional={
                "maximumPerMinute": counts,
                "exponentialRate": st.fixed_dictionaries(
                    {
                        "baseRatePerMinute": counts,
                        "incrementFactor": factors,
                        "rateIncreaseCriteria": st.fixed_dictionaries({"numberOfNotifiedThings": counts}),
                    }
                ),
            },
        ),
        "abortConfig": st.fixed_dictionaries(
            {
                "criteriaList": st.lists(
                    st.fixed_dictionaries(
                        {
                            "failureType": st.sampled_from(["FAILED", "ALL"]),
                            "action": st.just("CANCEL"),
                            "thresholdPercentage": shares,
                            "minNumberOfExecutedThings": counts,
                        }
                    ),
                    min_size=1,
                    max_size=2,
                )
            }
        ),
        "timeoutConfig": st.fixed_dictionaries({"inProgressTimeoutInMinutes": counts}),
    },
)
numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
configurations = st.dictionaries(
    st.text(max_size=4), st.none() | st.booleans() | numbers | st.lists(numbers, max_size=2), max_size=3
)
components = st.dictionaries(
    st.text(alphabet="abc.-", min_size=1, max_size=5),
    st.fixed_dictionaries(
        {"componentVersion": st.sampled_from(["1.0.0", "2.0.0"])},
        optional={
            "config": configurations,
            "runWith": st.fixed_dictionaries(
                {},
                optional={
                    "posixUser": st.just("ggc_user"),
                    "systemResourceLimits": st.fixed_dictionaries({}, optional={"memory": counts, "cpus": factors}),
                },
            ),
        },
    ),
    max_size=3,
)
deployments = st.fixed_dictionaries(
    {"targetArn": st.just(TARGET), "components": components},
    optional={
        "deploymentName": st.just("ring"),
        "iotJobConfiguration": settings,
        "deploymentPolicies": st.fixed_dictionaries({}, optional={"failureHandlingPolicy": st.just("ROLLBACK")}),
        "tags": st.just({"team": "vision"}),
    },
)


def carried(inputs: dict[str, Any]) -> dict[str, Any]:
    """Return inputs as they are in the state: through the engine and back."""
    prepared = deepcopy(inputs)
    for component in prepared["components"].values():
        if "config" in component:
            component["config"] = exact(component["config"])
    return decode(encode(prepared))[0]


def answered(inputs: dict[str, Any]) -> dict[str, Any]:
    """Return what GetDeployment answers about the revision that ``inputs`` make."""
    request = create_deployment_request(inputs, reset={}, client_token="once", owner="project/stack/name")
    return {**json.loads(json.dumps(_doubles(request))), "deploymentId": "an id", "isLatestForTarget": True}


def _doubles(value: Any, key: str = "") -> Any:
    if isinstance(value, dict):
        return {name: _doubles(item, name) for name, item in value.items()}
    if isinstance(value, list):
        return [_doubles(item) for item in value]
    return float(value) if key in DOUBLES else value


@given(deployments)
def test_what_aws_answers_is_the_content_that_was_sent(inputs: dict[str, Any]) -> None:
    there = inputs_of(answered(inputs))
    assert canonical_json(content(inputs)) == canonical_json(content(there))
    assert canonical_json(content(carried(inputs))) == canonical_json(content(there))


@given(deployments)
def test_what_is_read_from_aws_is_carried_by_the_engine_unchanged(inputs: dict[str, Any]) -> None:
    there = inputs_of(answered(inputs))
    assert canonical_json(decode(encode(there))[0]) == canonical_json(there)


def deployment(*, percent: float = 20, factor: float = 2, cpus: float = 1, threshold: float = 1) -> dict[str, Any]:
    rate = {"baseRatePerMinute": 5, "incrementFactor": factor, "rateIncreaseCriteria": {"numberOfNotifiedThings": 1}}
    criterion = {
        "failureType": "ALL",
        "action": "CANCEL",
        "thresholdPercentage": percent,
        "minNumberOfExecutedThings": 1,
    }
    return {
        "targetArn": TARGET,
        "components": {
            "com.acme.app": {
                "componentVersion": "1.0.0",
                "config": {"threshold": threshold},
                "runWith": {"systemResourceLimits": {"cpus": cpus}},
            }
        },
        "iotJobConfiguration": {
            "jobExecutionsRolloutConfig": {"exponentialRate": rate},
            "abortConfig": {"criteriaList": [criterion]},
        },
    }


@pytest.mark.parametrize(
    ("other", "same"),
    [
        pytest.param({"percent": 20.0}, True, id="a percentage with a point"),
        pytest.param({"factor": 2.0}, True, id="a factor with a point"),
        pytest.param({"cpus": 1.0}, True, id="cores with a point"),
        pytest.param({"percent": 20.25}, False, id="another percentage"),
        pytest.param({"factor": 2.5}, False, id="another factor"),
        pytest.param({"cpus": 1.5}, False, id="other cores"),
        pytest.param({"threshold": 1.0}, False, id="a configuration, where devices tell 1 from 1.0"),
    ],
)
def test_a_settings_number_is_its_value_and_a_configurations_number_its_kind_too(
    other: dict[str, float],
    same: bool,  # noqa: FBT001
) -> None:
    assert same_content(deployment(), deployment(**other)) == same
