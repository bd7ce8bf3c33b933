"""The variables of a sandbox, and the folder in which the engine works."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from edgewright.errors import EdgewrightError
from edgewright.sandbox import environment
from edgewright.sandbox.control import Sandbox

PROJECT = """\
name: acme-fleets
runtime:
  name: python
  options: {virtualenv: .venv}
plugins:
  providers:
    - {name: greengrassv2, path: ./plugins/greengrassv2}
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "a project with spaces"
    (root / "plugins" / "aws-standin").mkdir(parents=True)
    (root / ".tools").mkdir()
    (root / "Pulumi.yaml").write_text(PROJECT, "utf-8")
    (root / "Pulumi.staging.yaml").write_text("config: {a:b: 1}\nencryptionsalt: theirs\n", "utf-8")
    (root / "Pulumi.prod-eu.yaml").write_text("config: {edgewright:stage: prod}\n", "utf-8")
    return root


@pytest.fixture
def quiet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No plugin on PATH nor in the user's home."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("PATH", os.defpath)
    return home


def plugin(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "pulumi-resource-aws"
    file.write_text("#!/bin/sh\n", "utf-8")
    file.chmod(0o755)
    return folder


def test_exports_survive_the_shell(sandbox: Sandbox, root: Path, quiet: Path) -> None:
    variables = {**environment.environment(sandbox, root), "ODD": "a 'b' $HOME \"c\" `d` \\ ; e"}
    assert quiet
    script = environment.exports(variables) + "\nexec " + shlex.quote(sys.executable)
    script += " -c 'import os, json; print(json.dumps(dict(os.environ)))'"
    before = {"AWS_SESSION_TOKEN": "x", "AWS_PROFILE": "y", "http_proxy": "http://proxy", "no_proxy": "z"}
    said = subprocess.run(
        ["/bin/sh", "-c", script], env=before, capture_output=True, text=True, check=True, timeout=30
    ).stdout
    after = yaml.safe_load(said)
    assert {name: after.get(name) for name in variables} == variables
    assert not set(before) & set(after)


def test_the_variables_are_what_pulumi_and_boto3_need(sandbox: Sandbox, root: Path, quiet: Path) -> None:
    assert quiet
    found = environment.environment(sandbox, root)
    assert found["AWS_ENDPOINT_URL"] == found["HTTP_PROXY"] == sandbox.endpoint
    assert found["NO_PROXY"].split(",")[:2] == ["127.0.0.1", "localhost"]
    assert found["AWS_REGION"] == found["AWS_DEFAULT_REGION"] == "eu-west-1"
    assert found["PULUMI_HOME"] == str(root / ".tools" / "pulumi-home")
    assert found["PULUMI_OPTION_CWD"] == str(sandbox.directory / "project")
    assert found["PULUMI_BACKEND_URL"] == (sandbox.directory / "state").as_uri()
    path = found["PATH"].split(os.pathsep)
    assert path[1] == str(root / ".tools" / "bin")
    assert path[-1] == str(root / "plugins" / "aws-standin")


def test_the_users_own_exceptions_from_the_proxy_stay(
    sandbox: Sandbox, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "intranet.example, localhost")
    assert environment.environment(sandbox, root)["NO_PROXY"] == "127.0.0.1,localhost,intranet.example"


def test_a_real_plugin_comes_before_the_stand_in(
    root: Path, quiet: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    standin = plugin(root / "plugins" / "aws-standin")
    assert environment.aws_plugin(root) == standin
    plugin(quiet / ".pulumi" / "plugins" / "resource-aws-v7.9.0")
    newer = plugin(root / ".tools" / "pulumi-home" / "plugins" / "resource-aws-v7.51.1")
    assert environment.aws_plugin(root) == newer
    first = plugin(tmp_path / "bin")
    monkeypatch.setenv("PATH", f"{standin}{os.pathsep}{first}")
    assert environment.aws_plugin(root) == first


def test_the_engines_folder_is_the_project_with_absolute_paths(root: Path, tmp_path: Path) -> None:
    sandbox: Any = SimpleNamespace(directory=tmp_path / "sandbox")
    assert environment.prepare(sandbox, root) == ["prod-eu", "staging"]
    project = yaml.safe_load((tmp_path / "sandbox" / "project" / "Pulumi.yaml").read_text("utf-8"))
    assert project == {
        "name": "acme-fleets",
        "runtime": {"name": "python", "options": {}},
        "plugins": {"providers": [{"name": "greengrassv2", "path": str(root / "plugins" / "greengrassv2")}]},
        "main": str(root),
    }


def test_settings_follow_the_committed_ones_and_the_salt_is_the_sandboxs(root: Path, tmp_path: Path) -> None:
    sandbox: Any = SimpleNamespace(directory=tmp_path / "sandbox")
    environment.prepare(sandbox, root)
    settings = tmp_path / "sandbox" / "project" / "Pulumi.staging.yaml"
    assert yaml.safe_load(settings.read_text("utf-8")) == {"config": {"a:b": 1}}
    settings.write_text("config: {a:b: 1}\nencryptionsalt: ours\n", "utf-8")
    (root / "Pulumi.staging.yaml").write_text("config: {a:b: 2}\n", "utf-8")
    environment.prepare(sandbox, root)
    assert yaml.safe_load(settings.read_text("utf-8")) == {"config": {"a:b": 2}, "encryptionsalt": "ours"}


def test_a_project_file_that_cannot_be_read_is_named(root: Path, tmp_path: Path) -> None:
    sandbox: Any = SimpleNamespace(directory=tmp_path / "sandbox")
    (root / "Pulumi.yaml").write_text("a: [", "utf-8")
    with pytest.raises(EdgewrightError, match=r"Pulumi.yaml cannot be read: .*line 1"):
        environment.prepare(sandbox, root)
    (root / "Pulumi.yaml").write_text("- a", "utf-8")
    with pytest.raises(EdgewrightError, match=r"Pulumi.yaml is not a map"):
        environment.prepare(sandbox, root)


def test_without_the_engine_the_remedy_is_named(
    sandbox: Sandbox, root: Path, quiet: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert quiet
    monkeypatch.setattr("edgewright.sandbox.environment.shutil.which", lambda *_args, **_options: None)
    with pytest.raises(EdgewrightError, match="`make setup` gets it"):
        environment.create_stacks(sandbox, root)


def test_without_a_project_there_are_no_stacks(sandbox: Sandbox, tmp_path: Path) -> None:
    assert environment.create_stacks(sandbox, tmp_path) == []
