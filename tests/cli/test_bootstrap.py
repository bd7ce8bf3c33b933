from __future__ import annotations

import json
from pathlib import Path

import pytest

from edgewright.cli.main import main
from edgewright.gitops import bootstrap
from tests.helpers import projects

ROOT = str(Path(__file__).parents[2])


def test_what_is_made_is_told_by_account_and_by_whose_rights() -> None:
    tooling, staging, prod, lab = bootstrap.plan(projects.full(), "Admins")
    assert (tooling.id, tooling.by) == ("111111111111", "your own credentials")
    assert prod.by == "arn:aws:iam::333333333333:role/Admins"
    assert "identity provider token.actions.githubusercontent.com" in tooling.makes
    assert {"role edgewright-ci-preview", "role edgewright-ci-deploy-prod"} <= set(tooling.makes)
    assert {"role edgewright-deploy-staging", "role edgewright-preview-staging"} <= set(staging.makes)
    assert lab.makes == ("role edgewright-data-scientist",)
    everything = {what for account in (tooling, staging, prod, lab) for what in account.makes}
    assert not any("device" in what and what.startswith("role ") for what in everything), "a stage's own stack makes it"


def test_the_plan_is_what_the_tooling_stack_makes() -> None:
    """A plan that leaves something out is worse than none."""
    recording = projects.run(projects.full(), "tooling")
    roles = {each.inputs["name"] for each in recording.of("aws:iam/role:Role")}
    policies = {each.inputs["name"] for each in recording.of("aws:iam/policy:Policy")}
    told = {what for account in bootstrap.plan(projects.full(), "Admins") for what in account.makes}
    assert roles == {what.removeprefix("role ") for what in told if what.startswith("role ")}
    assert policies == {what.removeprefix("managed policy ") for what in told if what.startswith("managed policy ")}


def test_without_yes_nothing_is_done_and_nobody_is_asked(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bootstrap", "--root", ROOT]) == 0
    said = capsys.readouterr().out
    assert "nothing was done" in said
    assert main(["bootstrap", "--root", ROOT, "--json"]) == 0
    assert {each["id"] for each in json.loads(capsys.readouterr().out)} == {
        "111111111111",
        "222222222222",
        "333333333333",
    }


def test_the_end_is_told_in_order(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bootstrap", "--root", ROOT, "--teardown"]) == 0
    said = capsys.readouterr().out
    steps = [said.index(text) for text in ("--stack prod", "--stack staging", "unprotect", "destroy --stack tooling")]
    assert steps == sorted(steps)
