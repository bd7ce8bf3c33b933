"""A change of a Deployment is shown where it is, once, in paths for the engine and in words for people."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgewright.provider.deployment_diff import diff, needs_revision, summary
from edgewright.provider.plugin import UNKNOWN, Kind

MODEL = "com.acme.parts-model"
BASE: dict[str, Any] = {
    "targetArn": "arn:aws:iot:eu-west-1:222222222222:thinggroup/ring",
    "deploymentName": "ring",
    "components": {
        MODEL: {"componentVersion": "1.0.0"},
        "com.acme.app": {
            "componentVersion": "2.1.0",
            "config": {"threshold": 0.8, "labels": ["a", "b"], "camera": {"id": 1}},
            "runWith": {"posixUser": "ggc_user"},
        },
    },
    "iotJobConfiguration": {"timeoutConfig": {"inProgressTimeoutInMinutes": 60}},
    "wait": {"timeoutSeconds": 1800, "succeeded": 1, "minimum": 1},
    "onFailure": "rollback",
    "tags": {"edgewright:release": "sha256:1"},
}
APP = ("components", "com.acme.app")


def changed(*path: str, to: Any = None) -> dict[str, Any]:
    """BASE with one value changed, or removed."""
    news = deepcopy(BASE)
    node = news
    for key in path[:-1]:
        node = node[key]
    if to is None:
        del node[path[-1]]
    else:
        node[path[-1]] = to
    return news


@pytest.mark.parametrize(
    ("news", "detailed", "words", "revision"),
    [
        pytest.param(
            changed("components", MODEL, "componentVersion", to="1.1.0"),
            {f'components["{MODEL}"].componentVersion': Kind.UPDATE},
            [f"{MODEL} 1.0.0 -> 1.1.0"],
            True,
            id="a version",
        ),
        pytest.param(
            changed("components", "new", to={"componentVersion": "3.0.0"}),
            {"components.new": Kind.ADD},
            ["new 3.0.0 added"],
            True,
            id="a component more",
        ),
        pytest.param(
            changed("components", MODEL),
            {f'components["{MODEL}"]': Kind.DELETE},
            [f"{MODEL} 1.0.0 removed"],
            True,
            id="a component less",
        ),
        pytest.param(
            changed(*APP, "config", "threshold", to=0.9),
            {'components["com.acme.app"].config.threshold': Kind.UPDATE},
            ["com.acme.app configuration changes threshold"],
            True,
            id="a value",
        ),
        pytest.param(
            changed(*APP, "config", "camera", "id"),
            {'components["com.acme.app"].config.camera.id': Kind.DELETE},
            ["com.acme.app configuration resets camera.id"],
            True,
            id="a value that vanished",
        ),
        pytest.param(
            changed(*APP, "config", "labels", to=["b", "a"]),
            {'components["com.acme.app"].config.labels': Kind.UPDATE},
            ["com.acme.app configuration changes labels"],
            True,
            id="a list, as a whole",
        ),
        pytest.param(
            changed(*APP, "config", to='{"threshold":1.0,"labels":["a","b"],"camera":{"id":1}}'),
            {'components["com.acme.app"].config': Kind.UPDATE},
            ["com.acme.app configuration changes threshold"],
            True,
            id="numbers that need text",
        ),
        pytest.param(
            changed(*APP, "config", to='{"camera":{"id":1},"labels":["a","b"],"threshold":0.8}'),
            {},
            [],
            False,
            id="the same as text",
        ),
        pytest.param(
            changed(*APP, "config"),
            {'components["com.acme.app"].config': Kind.DELETE},
            ["com.acme.app configuration resets camera, labels, threshold"],
            True,
            id="no configuration any more",
        ),
        pytest.param(
            changed(*APP, "runWith", "posixUser", to="root"),
            {'components["com.acme.app"].runWith.posixUser': Kind.UPDATE},
            ["com.acme.app runWith changed"],
            True,
            id="who runs it",
        ),
        pytest.param(
            changed(*APP, "reset", to=["/old"]),
            {'components["com.acme.app"].reset': Kind.ADD},
            ["com.acme.app reset changed"],
            True,
            id="an explicit reset",
        ),
        pytest.param(
            changed("iotJobConfiguration", "timeoutConfig", "inProgressTimeoutInMinutes", to=5),
            {"iotJobConfiguration.timeoutConfig.inProgressTimeoutInMinutes": Kind.UPDATE},
            ["rollout settings changed"],
            True,
            id="the rollout",
        ),
        pytest.param(
            changed("wait", "timeoutSeconds", to=60),
            {"wait.timeoutSeconds": Kind.UPDATE},
            [],
            False,
            id="the wait only",
        ),
        pytest.param(changed("onFailure", to="stop"), {"onFailure": Kind.UPDATE}, [], False, id="what a failure does"),
        pytest.param(
            changed("tags", "edgewright:release", to="sha256:2"),
            {'tags["edgewright:release"]': Kind.UPDATE},
            [],
            False,
            id="a tag",
        ),
        pytest.param(
            changed("components", MODEL, "componentVersion", to=UNKNOWN),
            {f'components["{MODEL}"].componentVersion': Kind.UPDATE},
            [f"{MODEL} 1.0.0 -> (not known yet)"],
            True,
            id="a version that is not known yet",
        ),
        pytest.param(
            changed(*APP, "config", "bucket", to=UNKNOWN),
            {'components["com.acme.app"].config.bucket': Kind.ADD},
            ["com.acme.app configuration is not known yet"],
            True,
            id="a value that is not known yet",
        ),
        pytest.param(
            changed("components", to=UNKNOWN),
            {"components": Kind.UPDATE},
            ["components are not known yet"],
            True,
            id="nothing is known yet",
        ),
    ],
)
def test_a_change_is_shown_where_it_is(
    news: dict[str, Any],
    detailed: dict[str, Kind],
    words: list[str],
    revision: bool,  # noqa: FBT001
) -> None:
    assert diff(BASE, news).detailed == detailed
    assert summary(BASE, news) == words
    assert needs_revision(BASE, news) == revision


def test_another_target_is_another_deployment() -> None:
    found = diff(BASE, changed("targetArn", to="arn:aws:iot:eu-west-1:222222222222:thinggroup/other"))
    assert (found.detailed, found.delete_before_replace) == ({"targetArn": Kind.UPDATE_REPLACE}, False)


def test_another_parent_needs_the_old_subdeployment_gone_first() -> None:
    found = diff(BASE, changed("parentTargetArn", to="arn:aws:iot:eu-west-1:222222222222:thinggroup/parent"))
    assert (found.detailed, found.delete_before_replace) == ({"parentTargetArn": Kind.ADD_REPLACE}, True)


def test_no_word_of_a_summary_is_a_configuration_value() -> None:
    news = changed(*APP, "config", "threshold", to="hush")
    assert "hush" not in "\n".join(summary(BASE, news))


scalars = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
trees = st.recursive(scalars, lambda inner: st.dictionaries(st.text(max_size=4), inner, max_size=3), max_leaves=8)
components = st.dictionaries(
    st.text(min_size=1, max_size=5),
    st.fixed_dictionaries(
        {"componentVersion": st.sampled_from(["1.0.0", "2.0.0"])},
        optional={"config": st.dictionaries(st.text(max_size=4), trees, max_size=3)},
    ),
    max_size=3,
)


@given(components)
def test_nothing_differs_from_itself(same: dict[str, Any]) -> None:
    one, other = {"components": same}, {"components": dict(reversed(list(deepcopy(same).items())))}
    assert not diff(one, other).changes
    assert summary(one, other) == []
    assert not needs_revision(one, other)


@given(components, components)
def test_what_needs_a_revision_is_always_shown(old: dict[str, Any], new: dict[str, Any]) -> None:
    if needs_revision({"components": old}, {"components": new}):
        assert diff({"components": old}, {"components": new}).changes
        assert summary({"components": old}, {"components": new})
