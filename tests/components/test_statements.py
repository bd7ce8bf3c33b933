"""Every statement of every policy that the program renders is there for something: without it, somebody is refused.

One world is brought up by the engine through the pipelines' own grants, devices take their deployments, people read
what they may (``world``). Then each statement is taken out of its policy in turn, everything that was ever asked about
its actions is asked again, and the statement is put back.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from edgewright.aws.session import session
from edgewright.gitops.engine import Engine
from edgewright.gitops.status.read import Scope, status
from edgewright.manifest.load import Project, load_project
from edgewright.sandbox import environment
from edgewright.sandbox.authorization.conditions import like
from edgewright.sandbox.control import Sandbox
from tests.components import world
from tests.components.test_engine import COMMITTED, engine_for
from tests.helpers import functions
from tests.helpers.statements import Statement, statements, taken_away

pytestmark = [pytest.mark.engine, pytest.mark.timeout(600)]

STAGES = ("staging", "prod")
FUNCTIONS = {
    ("label-reading", "staging/twins"): "1.0.0",
    ("line-inspection", "staging/twins"): "1.1.0",
    ("label-reading", "prod/pilot"): "1.0.0",
    ("line-inspection", "prod/canary"): "1.1.0",
}
"""The version that a ring pins."""


@pytest.fixture
def root(tmp_path: Path, project_root: Path) -> Path:
    """A copy of the sample organisation, with two versions of a component that is made from a Lambda function."""
    for name in (*COMMITTED, "edgewright.yaml", "catalog.lock", "__main__.py"):
        shutil.copy(project_root / name, tmp_path)
    for name in ("components", "edgewright", "catalog", "fleets", "plugins"):
        shutil.copytree(project_root / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    functions.add_function(tmp_path)
    functions.add_function(tmp_path, version="1.1.0", code=functions.CODE.replace(b"event\n", b"None\n"))
    functions.lock(tmp_path)
    for (fleet, path), version in FUNCTIONS.items():
        functions.pin_function(tmp_path, fleet, path, version)
    return tmp_path


def test_without_any_one_statement_somebody_is_refused(
    sandboxes: Callable[..., Sandbox], root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox = sandboxes()
    sandbox.keep_decisions()
    project = load_project(root)
    bring_up(sandbox, root, project, monkeypatch)
    assert sandbox.refused_now(["*"]) == [], "everything that was asked in this world is allowed"

    everything = statements(project)
    assert len(everything) > 100
    silent = [str(each) for each in everything if not _missed(sandbox, each)]
    assert silent == [], "statements that nothing needs: take them out of the program, or show the need"
    assert sandbox.refused_now(["*"]) == [], "every policy is whole again"


def bring_up(sandbox: Sandbox, root: Path, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Deploy everything as the pipelines do, let devices take it, and let a few weeks pass."""
    world.switch_on_devices(sandbox)
    administrator = engine_for(sandbox, root, root / environment.STANDIN)
    up = administrator.up("tooling")
    assert up.ok, up.output
    pipeline = world.sign_in_as_pipeline(sandbox)
    deploying = Engine(root, {**administrator.environment, **pipeline})
    reading = Engine(root, {**deploying.environment, "EDGEWRIGHT_ACCESS": "preview"})
    with ThreadPoolExecutor() as both:
        for run in both.map(deploying.up, STAGES):
            assert run.ok, run.output
    assert_that_each_ring_runs_its_function(sandbox)
    assert_that_a_function_that_comes_back_is_adopted(sandbox, deploying, root)
    sandbox.stop_devices()
    world.live_on(sandbox, pipeline)
    with ThreadPoolExecutor() as both:
        for run in both.map(reading.refresh_preview, STAGES):
            assert run.ok, run.output
    for name, value in {**sandbox.aws_environment(), **pipeline}.items():
        monkeypatch.setenv(name, value)
    session.cache_clear()
    told = status(project, Scope(role="edgewright-preview-{stage}"))
    session.cache_clear()
    assert told is not None


def assert_that_each_ring_runs_its_function(sandbox: Sandbox) -> None:
    """Two rings of an account have two versions at once, each of a function of its own."""
    for (fleet, path), version in FUNCTIONS.items():
        stage, thing = path.partition("/")[0], world.DEVICES[fleet, path.partition("/")[0]]
        greengrass = sandbox.client("greengrassv2", stage)
        installed = greengrass.list_installed_components(coreDeviceThingName=thing)["installedComponents"]
        found = {each["componentName"]: (each["componentVersion"], each["lifecycleState"]) for each in installed}
        assert found["com.acme.filter"] == (version, "RUNNING")
    assert len(_functions(sandbox)) == 2
    (version,) = sandbox.client("lambda", "staging").list_versions_by_function(FunctionName=_functions(sandbox)[0])[
        "Versions"
    ][1:]
    assert version["Role"] == "arn:aws:iam::222222222222:role/edgewright-lambda_staging"


def _functions(sandbox: Sandbox) -> list[str]:
    listed = sandbox.client("lambda", "staging").list_functions()["Functions"]
    return sorted(each["FunctionName"] for each in listed)


def assert_that_a_function_that_comes_back_is_adopted(sandbox: Sandbox, engine: Engine, root: Path) -> None:
    """The function goes with the last ring that pins its version; the component stays, and fits when it is back."""
    first, second = _functions(sandbox)
    functions.pin_function(root, "line-inspection", "staging/twins", "1.0.0")
    gone = engine.up("staging")
    assert gone.ok, gone.output
    assert _functions(sandbox) == [first]
    functions.pin_function(root, "line-inspection", "staging/twins", "1.1.0")
    back = engine.up("staging")
    assert back.ok, back.output
    assert _functions(sandbox) == [first, second]
    assert "adopted com.acme.filter 1.1.0, which exists with the same content" in back.output
    assert {(step.operation, step.type) for step in back.changes} == {
        ("create", "aws:lambda/function:Function"),
        ("create", "greengrassv2:index:ComponentVersion"),
        ("update", "greengrassv2:index:Deployment"),
    }


def _missed(sandbox: Sandbox, statement: Statement) -> bool:
    """Whether somebody notices that a statement is gone, by a refusal that names one of its actions."""
    if statement.body["Effect"] == "Deny":
        return _let_through(sandbox, statement)
    with taken_away(sandbox, statement):
        refused = sandbox.refused_now(statement.actions)
    return any(_names(sentence, statement) for sentence in refused)


def _names(sentence: str, statement: Statement) -> bool:
    action = sentence.partition("is not authorized to perform: ")[2].partition(" ")[0]
    return any(like(pattern.lower(), action.lower()) for pattern in statement.actions)


def _let_through(sandbox: Sandbox, statement: Statement) -> bool:
    """Whether an explicit deny is told of what the statement forbids, and no longer without it."""
    question = _forbidden(sandbox, statement)
    before = sandbox.would(**question)
    with taken_away(sandbox, statement):
        after = sandbox.would(**question)
    return "explicit deny" in before and "explicit deny" not in after


def _forbidden(sandbox: Sandbox, statement: Statement) -> dict[str, Any]:
    """Something that a statement forbids, asked by a role that it is meant for."""
    policy, body = statement.policy, statement.body
    kind, _, name = policy.owner.rpartition(" ")
    stage = next((stage for stage in STAGES if sandbox.account_id(stage) == policy.account_id), STAGES[0])
    account = sandbox.account_id(stage)
    role = f"edgewright-deploy-{stage}"
    if kind == "managed policy":
        role = "provisioning-by-hand" if name.endswith("provisioning") else f"edgewright-line-inspection-{stage}-device"
    action, resource = statement.actions[0], body["Resource"][-1]
    return {
        "role": f"arn:aws:iam::{account}:role/{role}",
        "action": {"s3:*": "s3:GetObject", "iam:*": "iam:CreateRole"}.get(action, action),
        "resource": "arn:aws:iam::444444444444:role/x" if resource == "*" else resource.replace("/*", "/x"),
        **_meeting(body.get("Condition", {})),
    }


def _meeting(conditions: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """What a request must be like to meet conditions: the keys of ``Bool``; those of ``Null`` are left out."""
    return dict(conditions.get("Bool", {}))
