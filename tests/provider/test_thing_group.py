"""Dynamic thing groups: made, filled, changed in place, taken up after a crash, refused when somebody else's."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from edgewright.provider.plugin import Kind, PartialFailureError, PluginError
from edgewright.provider.thing_group import DynamicThingGroupResource
from edgewright.sandbox.control import Sandbox
from tests.provider.conftest import ACCOUNT, Engine

GROUP = DynamicThingGroupResource()
NAME = "line-inspection-prod-main"


@pytest.fixture
def iot(sandbox: Sandbox, engine: Engine) -> Any:
    client = sandbox.client("iot", ACCOUNT)
    for thing, line in (("cam-001", "1"), ("cam-002", "2")):
        client.create_thing(thingName=thing, attributePayload={"attributes": {"line": line}})
    return client


def inputs(engine: Engine, query: str = "attributes.line:1", **more: Any) -> dict[str, Any]:
    news = {"thingGroupName": NAME, "queryString": query, "enableIndexing": True, **more}
    checked, failures = engine.run(GROUP.check(engine.context(), {}, news))
    assert failures == []
    return checked


def create(engine: Engine, **more: Any) -> dict[str, Any]:
    return engine.run(GROUP.create(engine.context(), inputs(engine, **more))).outputs


def update(engine: Engine, outputs: dict[str, Any], **more: Any) -> dict[str, Any]:
    return engine.run(GROUP.update(engine.context(), NAME, {}, outputs, inputs(engine, **more)))


def things(iot: Any) -> list[str]:
    found: list[str] = iot.list_things_in_thing_group(thingGroupName=NAME)["things"]
    return found


def test_the_life_of_a_group(engine: Engine, iot: Any) -> None:
    created = create(engine, tags={"team": "vision"}, description="all of line 1", attributes={"site": "berlin"})
    assert (created["status"], created["groupVersion"], things(iot)) == ("ACTIVE", 1, ["cam-001"])
    assert f"{NAME} is BUILDING" in engine.lines
    assert created["arn"].endswith(f":thinggroup/{NAME}")
    assert ("info", "turned on fleet indexing of the registry for this account and Region") in engine.said

    # a thing comes into the group by its attribute, as fleets grow
    iot.update_thing(thingName="cam-002", attributePayload={"attributes": {"line": "1"}})
    assert things(iot) == ["cam-001", "cam-002"]

    wanted = {"query": "thingName:cam-002", "tags": {"owner": "b"}}
    diff = engine.run(GROUP.diff(engine.context(), NAME, {}, created, inputs(engine, **wanted)))
    assert diff.detailed == {
        "queryString": Kind.UPDATE,
        "description": Kind.DELETE,
        "attributes": Kind.DELETE,
        "tags.owner": Kind.ADD,
        "tags.team": Kind.DELETE,
    }
    updated = update(engine, created, **wanted)
    assert (updated["status"], updated["groupVersion"], updated["thingGroupId"]) == (
        "ACTIVE",
        2,
        created["thingGroupId"],
    )
    assert things(iot) == ["cam-002"]
    there = iot.describe_thing_group(thingGroupName=NAME)["thingGroupProperties"]
    assert (there["thingGroupDescription"], there["attributePayload"]["attributes"]) == ("", {})
    tags = {each["Key"]: each["Value"] for each in iot.list_tags_for_resource(resourceArn=created["arn"])["tags"]}
    assert tags == {"owner": "b", "edgewright:owner": "edgewright/staging/twins"}

    read = engine.run(GROUP.read(engine.context(), NAME, inputs(engine, **wanted), updated))
    assert read is not None
    assert (read.outputs, read.inputs) == (updated, inputs(engine, **wanted))
    engine.run(GROUP.delete(engine.context(), NAME, {}, updated))
    engine.run(GROUP.delete(engine.context(), NAME, {}, updated))
    assert engine.run(GROUP.read(engine.context(), NAME, {}, {})) is None


def test_another_name_is_another_group_and_a_preview_calls_nothing(engine: Engine) -> None:
    news = inputs(engine)
    diff = engine.run(GROUP.diff(engine.context(), NAME, {}, {**news, "thingGroupName": "old"}, news))
    assert diff.detailed == {"thingGroupName": Kind.UPDATE_REPLACE}
    engine.cloud.call = None  # type: ignore[method-assign, assignment]  # a call would be a TypeError
    created = engine.run(GROUP.create(engine.context(preview=True), news))
    assert created.outputs["queryString"] == "attributes.line:1"
    engine.run(GROUP.update(engine.context(preview=True), NAME, {}, news, inputs(engine, query="thingName:x")))


def test_an_import_reads_the_group_and_a_change_elsewhere_is_drift(engine: Engine, iot: Any) -> None:
    created = create(engine, tags={"team": "vision"})
    read = engine.run(GROUP.read(engine.context(), NAME, {}, {}))
    assert read is not None
    assert read.inputs == inputs(engine, tags={"team": "vision"}) | {"enableIndexing": False}
    iot.update_dynamic_thing_group(thingGroupName=NAME, thingGroupProperties={}, queryString="thingName:cam-002")
    drifted = engine.run(GROUP.read(engine.context(), NAME, inputs(engine), created))
    assert drifted is not None
    assert drifted.outputs["queryString"] == "thingName:cam-002"
    with pytest.raises(PluginError, match="somebody else changed the group: run pulumi refresh"):
        update(engine, created, query="thingName:cam-00*")
    assert update(engine, drifted.outputs, tags={"team": "vision"})["queryString"] == "attributes.line:1"


def test_a_group_of_ours_is_taken_up_and_anybody_elses_is_refused(engine: Engine, iot: Any) -> None:
    create(engine, query="thingName:cam-002")
    # the run died before the engine noted it; meanwhile the program asks for something else
    outputs = create(engine)
    assert (outputs["queryString"], outputs["groupVersion"], things(iot)) == ("attributes.line:1", 2, ["cam-001"])
    engine.urn = engine.urn.replace("::twins", "::other")
    with pytest.raises(PluginError, match=r"made by edgewright/staging/twins, with the query 'attributes.line:1'"):
        create(engine, query="thingName:x")
    iot.create_thing_group(thingGroupName="by-hand")
    with pytest.raises(PluginError, match="the thing group by-hand is not a dynamic one"):
        create(engine, thingGroupName="by-hand")


def test_an_interrupt_leaves_a_group_that_the_next_run_waits_for(engine: Engine, iot: Any) -> None:
    engine.cancelled.set()
    with pytest.raises(PartialFailureError, match="is BUILDING, not ACTIVE yet; pulumi up waits for it") as caught:
        create(engine)
    engine.cancelled.clear()
    assert update(engine, caught.value.outputs)["status"] == "ACTIVE"


def test_without_an_index_the_remedy_is_told(engine: Engine, iot: Any) -> None:
    with pytest.raises(PluginError, match="set enableIndexing: true, or run aws iot update-indexing-configuration"):
        create(engine, enableIndexing=False)


@pytest.mark.parametrize(
    ("news", "told"),
    [
        pytest.param({"queryString": "thingname:x"}, "queryString: has an unknown field 'thingname'", id="field"),
        pytest.param({"queryString": "(thingName:x"}, "queryString: has a parenthesis at character 1", id="open"),
        pytest.param({"thingGroupName": "a:b"}, "thingGroupName: must match [a-zA-Z0-9_-]+", id="colon"),
        pytest.param({"query": "x"}, "query: is not a known field (got 'x'); did you mean 'queryString'?", id="typo"),
        pytest.param({"description": "a\nb"}, "description: must match", id="two lines"),
        pytest.param({"attributes": {"a b": "c"}}, 'attributes["a b"]: must match', id="attribute"),
    ],
)
def test_bad_inputs_are_named_by_their_path(news: dict[str, Any], told: str) -> None:
    check: Callable[..., Coroutine[Any, Any, Any]] = GROUP.check
    coroutine = check(None, {}, {"thingGroupName": NAME, "queryString": "*", **news})
    with pytest.raises(StopIteration) as answer:
        coroutine.send(None)
    _, failures = answer.value.value
    assert [f"{failure.path}: {failure.reason}"[: len(told)] for failure in failures] == [told]
