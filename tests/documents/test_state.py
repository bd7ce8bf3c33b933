"""Pulumi's state: who reads and writes which objects of it, and who uses its key."""

from __future__ import annotations

from pathlib import Path

import yaml
from hypothesis import given
from hypothesis import strategies as st

from edgewright.documents import naming, pipeline, policy, state
from edgewright.sandbox.authorization.policy import Effect, Request, judge
from tests.helpers.golden import Golden
from tests.helpers.policies import pretty

AT = ("acme", "111111111111", "eu-west-1")
NAMES = st.from_regex(r"[a-z][a-z0-9-]{0,20}", fullmatch=True)


def test_what_the_roles_of_pipelines_may_do_with_the_state(golden: Golden) -> None:
    documents = {
        "preview": pipeline.assume_policy(["arn:aws:iam::222222222222:role/preview"], state.reader(*AT)),
        "deploy": pipeline.assume_policy(
            ["arn:aws:iam::333333333333:role/deploy"], state.writer(*AT, ["prod-us", "prod-eu"])
        ),
        "key": state.key("111111111111"),
    }
    for document in documents.values():
        policy.render(document, limit=policy.ROLE_POLICY, of="a role")
    golden("golden/state.json", pretty(documents))


def test_the_project_is_called_as_the_state_has_it() -> None:
    root = Path(__file__).resolve().parents[2]
    assert yaml.safe_load((root / "Pulumi.yaml").read_text("utf-8"))["name"] == naming.PROJECT


@given(NAMES, NAMES)
def test_no_stack_of_another_name_can_be_written(mine: str, other: str) -> None:
    """Not even one whose name begins with this one's."""
    document = policy.render(policy.document(state.writer(*AT, [mine])), limit=policy.ROLE_POLICY, of="a role")
    bucket = "arn:aws:s3:::acme-state-111111111111-eu-west-1/.pulumi"
    for place in ("stacks/edgewright/{}.json", "history/edgewright/{}/x.json", "locks/organization/edgewright/{}/x"):
        for stack in (other, f"{mine}-eu", f"{mine}{other}"):
            request = Request("s3:PutObject", f"{bucket}/{place.format(stack)}", {})
            assert (judge([document], request) is Effect.ALLOW) == (stack == mine)
