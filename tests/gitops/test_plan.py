"""Plans: nothing is applied that was not reviewed, and no value is in a fingerprint."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgewright.cli.verbs.plan import _write
from edgewright.errors import EdgewrightError
from edgewright.gitops.engine import UNKNOWN, Run, Step
from edgewright.gitops.plan import OPEN, Operation, Plan, beyond, plan_of, read_plan

ROLE = "urn:pulumi:prod::edgewright::edgewright:index:EdgeFleet$aws:iam/role:Role::line"
GROUP = "urn:pulumi:prod::edgewright::aws:iot/thingGroup:ThingGroup::line/canary"


def _run(*steps: Step) -> Run:
    return Run("pulumi preview", 0, "", steps)


def _plan(*steps: Step, stack: str = "prod") -> Plan:
    return plan_of(_run(*steps), stack)


def _step(operation: str, urn: str = ROLE, *, retained: bool = False, **inputs: Any) -> Step:
    return Step(operation, urn, (), inputs, retained)


def test_a_plan_has_operations_and_digests_and_no_value() -> None:
    plan = _plan(_step("same", GROUP, name="x"), _step("update", name="line", policy="hunter2"))
    (operation,) = plan.operations
    assert (operation.operation, sorted(operation.inputs)) == ("update", ["name", "policy"])
    assert "hunter2" not in json.dumps(plan.as_document())
    assert operation.title == "update aws:iam/role:Role line"


def test_the_fingerprint_depends_on_what_is_done_and_on_nothing_else() -> None:
    steps = [_step("update", name="a"), _step("create", GROUP, name="b")]
    one = plan_of(_run(*steps), "prod", commit="1" * 40)
    other = plan_of(_run(*reversed(steps)), "prod", commit="2" * 40)
    assert one.fingerprint == other.fingerprint
    assert one.fingerprint != _plan(*steps, stack="staging").fingerprint
    assert one.fingerprint != _plan(_step("update", name="A"), steps[1]).fingerprint
    assert one.fingerprint != _plan(_step("create", name="a"), steps[1]).fingerprint


def test_a_replacement_is_one_operation_however_the_engine_does_it() -> None:
    plan = _plan(_step("create-replacement", name="b"), _step("replace", name="b"), _step("delete-replaced", name="a"))
    assert [(each.operation, each.inputs) for each in plan.operations] == [
        ("replace", _plan(_step("update", name="b")).operations[0].inputs)
    ]


@pytest.mark.parametrize(
    ("reviewed", "now", "goes_on"),
    [
        ([_step("update", name="a")], [_step("update", name="a")], True),
        ([_step("update", name="a"), _step("delete", GROUP)], [_step("update", name="a")], True),
        ([_step("update", name="a")], [], True),
        ([], [], True),
        ([], [_step("update", name="a")], False),
        ([_step("update", name="a")], [_step("update", name="b")], False),
        ([_step("update", name="a")], [_step("update", name="a", more=1)], False),
        ([_step("update", name="a", more=1)], [_step("update", name="a")], False),
        ([_step("update", name="a")], [_step("replace", name="a")], False),
        ([_step("replace", name="a")], [_step("update", name="a")], True),
        ([_step("create", name="a")], [_step("update", name="a")], True),
        ([_step("update", name="a")], [_step("create", name="a")], False),
        ([_step("update", name="a")], [_step("delete")], False),
        ([_step("replace", name="a")], [_step("delete")], True),
        ([_step("delete", retained=True)], [_step("delete")], False),
        ([_step("delete")], [_step("delete", retained=True)], True),
        ([_step("create", arn=UNKNOWN)], [_step("create", arn="arn:aws:iam::1:role/x")], True),
        ([_step("create", arn="arn:aws:iam::1:role/x")], [_step("create", arn=UNKNOWN)], False),
        ([_step("create", policy={"a": [f"{UNKNOWN}/x"]})], [_step("create", policy={"a": ["y"]})], True),
        ([_step("create", GROUP, name="a")], [_step("create", ROLE, name="a")], False),
    ],
)
def test_equal_or_narrower_goes_on_and_wider_stops(reviewed: list[Step], now: list[Step], goes_on: bool) -> None:  # noqa: FBT001
    assert (beyond(_plan(*now), [_plan(*reviewed)]) == []) is goes_on


def test_the_role_by_which_a_provider_enters_its_account_is_no_part_of_a_plan() -> None:
    """A preview reads by another role than an update writes by; the account is the same."""
    aws = "urn:pulumi:prod::edgewright::pulumi:providers:aws::aws-3"
    reviewed = _plan(_step("create", aws, region="eu-west-1", allowedAccountIds=["3"], assumeRoles=["preview"]))
    assert (
        beyond(
            _plan(_step("create", aws, region="eu-west-1", allowedAccountIds=["3"], assumeRoles=["deploy"])), [reviewed]
        )
        == []
    )
    assert beyond(
        _plan(_step("create", aws, region="eu-west-1", allowedAccountIds=["4"], assumeRoles=["deploy"])), [reviewed]
    )
    only_role = Step("update", aws, ("assumeRoles[0].roleArn",), {"region": "eu-west-1"})
    more = Step("update", aws, ("assumeRoles", "region"), {"region": "eu-west-2"})
    assert (_plan(only_role).operations, len(_plan(more).operations)) == ((), 1)


def test_what_is_wider_says_in_what() -> None:
    reviewed = _plan(_step("update", name="a", policy="p"))
    (other,) = beyond(_plan(_step("update", name="a", policy="q")), [reviewed])
    assert str(other) == "update aws:iam/role:Role line: reviewed with other inputs: policy"
    (stronger,) = beyond(_plan(_step("replace", name="a", policy="p")), [reviewed])
    assert stronger.why == "reviewed was update"
    (new,) = beyond(_plan(_step("create", GROUP)), [reviewed])
    assert new.why == "was not in what was reviewed"


def test_several_reviewed_plans_count_together_and_those_of_other_stacks_do_not() -> None:
    role, group = _step("update", name="a"), _step("create", GROUP, name="b")
    now = _plan(role, group)
    assert beyond(now, [_plan(role), _plan(group)]) == []
    assert len(beyond(now, [_plan(role), _plan(group, stack="staging")])) == 1


def test_what_was_recorded_is_read_again_and_a_changed_file_is_refused(tmp_path: Path) -> None:
    plan = _plan(_step("update", name="a"), _step("create", GROUP, arn=UNKNOWN))
    file = tmp_path / "plans" / "prod.json"
    _write(file, plan)
    assert read_plan(file) == plan
    file.write_text(file.read_text("utf-8").replace('"update"', '"delete"'), "utf-8")
    with pytest.raises(EdgewrightError, match="not as it was recorded"):
        read_plan(file)


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"kind": "Plan"}', "\xff", '{"operations": [{"urn": 1}]}'],
    ids=["empty", "list", "object", "half", "bytes", "wrong"],
)
def test_a_file_that_is_no_plan_is_one_clear_error(tmp_path: Path, text: str) -> None:
    file = tmp_path / "x.json"
    file.write_bytes(text.encode("latin-1"))
    with pytest.raises(EdgewrightError, match=r"is no recorded plan .*edgewright plan --record"):
        read_plan(file)


NAMES = st.sampled_from(["a", "b", "c"])
DIGEST = st.sampled_from([OPEN, "sha256:" + "0" * 64, "sha256:" + "1" * 64])
OPERATION = st.builds(
    Operation,
    urn=st.sampled_from([ROLE, GROUP]),
    operation=st.sampled_from(["create", "update", "replace", "delete", "forget"]),
    inputs=st.dictionaries(NAMES, DIGEST, max_size=3),
)
PLAN = st.builds(Plan, stack=st.just("prod"), operations=st.lists(OPERATION, max_size=3).map(tuple))


@given(PLAN, st.lists(PLAN, max_size=2))
def test_a_plan_is_never_beyond_itself_nor_beyond_more(plan: Plan, others: list[Plan]) -> None:
    assert beyond(plan, [*others, plan]) == []


@given(PLAN, PLAN)
def test_what_is_taken_away_from_a_review_never_makes_more_go_on(now: Plan, reviewed: Plan) -> None:
    fewer = reviewed.model_copy(update={"operations": reviewed.operations[1:]})
    assert len(beyond(now, [fewer])) >= len(beyond(now, [reviewed]))
