"""The plugin dies after any of its calls, with the answer lost; the next run ends where the first would have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from edgewright.provider.cloud import Cloud
from tests.provider.conftest import ACCOUNT, TARGET, Engine
from tests.provider.hands import ROLLOUT, Hands

NAME = "com.acme.hello"


class Died(BaseException):
    """The plugin was killed."""


@pytest.fixture(autouse=True)
def versions(hands: Hands) -> None:
    client = hands.sandbox.client("greengrassv2", ACCOUNT)
    for number in (1, 2):
        recipe = (
            f'{{"RecipeFormatVersion":"2020-01-25","ComponentName":"{NAME}","ComponentVersion":"{number}.0.0",'
            '"Manifests":[{"Platform":{"os":"linux"},"Lifecycle":{"run":"true"}}]}'
        )
        client.create_component_version(inlineRecipe=recipe.encode())


def release(number: int) -> dict[str, Any]:
    """Two releases that share one key and have one each of their own."""
    return {NAME: {"componentVersion": f"{number}.0.0", "config": {"shared": 1, f"only/{number}": number}}}


def dies_after(calls: int, monkeypatch: pytest.MonkeyPatch, work: Callable[[], Any]) -> bool:
    """Run ``work`` until the answer to a call is lost; returns whether it got that far."""
    run, made = Cloud.run, 0

    async def dying(self: Cloud, function: Callable[[], Any]) -> Any:
        nonlocal made
        answer = await run(self, function)
        made += 1
        if made > calls:
            raise Died
        return answer

    with monkeypatch.context() as patch:
        patch.setattr(Cloud, "run", dying)
        try:
            work()
        except Died:
            return True
    return False


def revisions(engine: Engine) -> list[str]:
    return [item["deploymentId"] for item in engine.run(engine.cloud.history(TARGET))]


def test_an_update_that_died_anywhere_makes_one_revision_in_the_end(
    engine: Engine, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = hands.add("twin-001")
    outputs = engine.create(release(1), iotJobConfiguration=ROLLOUT)
    calls, died = 0, True
    while died:
        wanted = release(2 if outputs["components"] == release(1) else 1)
        before, known = outputs, len(revisions(engine))
        died = dies_after(calls, monkeypatch, lambda: engine.update(before, wanted, iotJobConfiguration=ROLLOUT))  # noqa: B023 -- called at once
        outputs = engine.update(before, wanted, iotJobConfiguration=ROLLOUT)
        assert len(revisions(engine)) == known + 1, f"died after {calls} calls"
        assert device.held[NAME] == wanted[NAME]["config"]
        assert (outputs["verdict"], outputs["deploymentId"]) == ("passed", revisions(engine)[0])
        calls += 1
    assert calls > 4, "the update made fewer calls than it has steps: nothing was tested"


def test_a_create_that_died_anywhere_makes_one_revision_in_the_end(
    engine: Engine, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = hands.add("twin-001")
    calls, died = 0, True
    while died:
        died = dies_after(calls, monkeypatch, lambda: engine.create(release(1), iotJobConfiguration=ROLLOUT))
        outputs = engine.create(release(1), iotJobConfiguration=ROLLOUT)
        assert (len(revisions(engine)), outputs["verdict"]) == (1, "passed"), f"died after {calls} calls"
        assert device.held[NAME] == release(1)[NAME]["config"]
        engine.delete(outputs)
        calls += 1
    assert calls > 4


def test_a_delete_that_died_anywhere_leaves_nothing_in_the_end(
    engine: Engine, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = hands.add("twin-001")
    calls, died = 0, True
    while died:
        outputs = engine.update(engine.create(release(1)), release(2))
        died = dies_after(calls, monkeypatch, lambda: engine.delete(outputs))  # noqa: B023 -- called at once
        engine.delete(outputs)
        assert (revisions(engine), device.versions) == ([], {}), f"died after {calls} calls"
        calls += 1
    assert calls > 6
