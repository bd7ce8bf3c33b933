"""The program itself, as the language host runs it."""

from __future__ import annotations

import ast
import runpy
from pathlib import Path

import pulumi
import pytest

from tests.helpers import projects
from tests.helpers.engine import record

MAIN = "__main__.py"


@pytest.mark.parametrize("stack", ["tooling", "staging", "prod"])
def test_every_stack_of_the_sample_previews_alone(project_root: Path, stack: str) -> None:
    """No stack asks AWS or another stack for anything: the recording refuses every call."""
    recording = record(lambda: runpy.run_path(str(project_root / MAIN)), stack=stack)
    assert recording.contents == projects.run(projects.sample(), stack).contents
    assert recording.exports


def test_the_program_stays_short(project_root: Path) -> None:
    assert len((project_root / MAIN).read_text(encoding="utf-8").splitlines()) <= 30


def test_an_error_of_the_user_is_one_message_without_a_trace(project_root: Path) -> None:
    with pytest.raises(pulumi.RunError, match=r"stack 'nowhere' is no stage of edgewright\.yaml"):
        record(lambda: runpy.run_path(str(project_root / MAIN)), stack="nowhere")


def test_a_stack_may_have_another_name_than_its_stage(project_root: Path) -> None:
    config = {"edgewright:stage": "prod", "edgewright:fleets": '["label-reading"]'}
    recording = record(lambda: runpy.run_path(str(project_root / MAIN)), stack="prod-labels", config=config)
    assert {each.name for each in recording.of("EdgeFleet")} == {"label-reading"}


@pytest.mark.parametrize("fleets", ["[]", '"label-reading"', "[1]", "{}"])
def test_fleets_of_a_shard_are_a_list_of_names(project_root: Path, fleets: str) -> None:
    config = {"edgewright:stage": "prod", "edgewright:fleets": fleets}
    with pytest.raises(pulumi.RunError, match="edgewright:fleets of stack 'shard' must be a list of names of fleets"):
        record(lambda: runpy.run_path(str(project_root / MAIN)), stack="shard", config=config)


def test_the_administrators_role_is_a_setting(project_root: Path) -> None:
    config = {"edgewright:adminRole": "Admins"}
    recording = record(lambda: runpy.run_path(str(project_root / MAIN)), stack="tooling", config=config)
    assert "role/Admins" in str([each.inputs for each in recording.of("pulumi:providers:aws")])


@pytest.mark.parametrize("stack", ["tooling", "staging", "prod"])
def test_the_default_provider_is_disabled_in_every_stack(project_root: Path, stack: str) -> None:
    text = (project_root / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8")
    assert 'pulumi:disable-default-providers: ["*"]' in text


def test_the_program_imports_nothing_that_only_the_sandbox_or_a_verb_needs(project_root: Path) -> None:
    """The program's start is paid at every preview."""
    forbidden = {"boto3", "botocore", "moto", "onnx", "numpy", "sklearn", "ruamel"}
    for path in [project_root / MAIN, *(project_root / "components").glob("*.py")]:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        roots = {
            name.name.partition(".")[0]
            for node in ast.walk(tree)
            if isinstance(node, ast.Import)
            for name in node.names
        } | {(node.module or "").partition(".")[0] for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        assert not roots & forbidden, path
