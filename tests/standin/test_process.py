"""The plugin as a process: what it says it is, what it refuses, and from where it runs."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import pytest

from edgewright.sandbox.control import Sandbox
from edgewright.standin.label import label
from edgewright.standin.wording import LABEL
from tests.standin import scenarios as s
from tests.standin.wire import PROJECT, STANDIN, plugin

NOWHERE = {"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_REGION": "eu-west-1"}


def test_it_says_that_it_is_a_stand_in(tmp_path: Path) -> None:
    with plugin(STANDIN, NOWHERE, tmp_path) as wire:
        assert wire.info().version == "7.51.1+edgewright.standin"
        assert wire.configure(region="eu-west-1") == []
        assert wire.log.lines == ["aws: Edgewright's stand-in plugin, for the sandbox only"]


def test_it_says_so_once_for_all_providers_of_a_run(tmp_path: Path) -> None:
    """The engine starts a process for each provider; this test's process is the engine of both."""
    with plugin(STANDIN, NOWHERE, tmp_path) as first, plugin(STANDIN, NOWHERE, tmp_path) as second:
        first.configure(region="eu-west-1")
        second.configure(region="eu-west-1")
        assert first.log.lines + second.log.lines == [LABEL]


def test_the_label_is_said_again_when_nobody_of_the_run_is_left(tmp_path: Path) -> None:
    held = label(engine=os.getpid(), folder=tmp_path / "locks")
    assert (held, label(engine=os.getpid(), folder=tmp_path / "locks")) == (LABEL, "")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "999999999").write_text("")  # an engine that ended
    assert label(engine=os.getpid(), folder=tmp_path / "other") == LABEL
    assert [file.name for file in (tmp_path / "other").iterdir()] == [str(os.getpid())]


def test_a_folder_that_cannot_be_used_never_hides_the_label(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert label(engine=1, folder=tmp_path / "file") == LABEL


@pytest.mark.parametrize("token", ["aws:dynamodb/table:Table", "aws:s3/bucketV2:BucketV2", "aws:nonsense:X"])
def test_any_other_type_is_refused_with_the_way_out(token: str, tmp_path: Path) -> None:
    with plugin(STANDIN, NOWHERE, tmp_path) as wire:
        wire.configure(region="eu-west-1")
        with pytest.raises(grpc.RpcError) as caught:
            wire.check(token, "x", {})
    assert caught.value.details() == (  # type: ignore[attr-defined]  # grpc's errors are calls too
        f"Resource type '{token}' is not served by the stand-in; install the official plugin: "
        "pulumi plugin install resource aws 7.51.1"
    )


def test_functions_are_refused_with_the_way_out(tmp_path: Path) -> None:
    with plugin(STANDIN, NOWHERE, tmp_path) as wire:
        wire.configure(region="eu-west-1")
        with pytest.raises(grpc.RpcError) as caught:
            wire.invoke("aws:index/getCallerIdentity:getCallerIdentity")
    assert "is not served by the stand-in; install the official plugin" in caught.value.details()  # type: ignore[attr-defined]  # as above


@pytest.mark.parametrize("endpoint", [None, "https://iot.eu-west-1.amazonaws.com", "http://192.0.2.1:5000"])
def test_it_refuses_to_run_without_a_sandbox(endpoint: str | None, tmp_path: Path) -> None:
    environment = {"AWS_REGION": "eu-west-1"} | ({"AWS_ENDPOINT_URL": endpoint} if endpoint else {})
    with plugin(STANDIN, environment, tmp_path) as wire:
        with pytest.raises(grpc.RpcError) as caught:
            wire.configure(region="eu-west-1")
        assert "works with a sandbox on this machine only, never with AWS" in caught.value.details()  # type: ignore[attr-defined]  # as above
        assert wire.log.lines == []


def test_it_runs_from_a_path_with_spaces_and_through_a_link(tmp_path: Path) -> None:
    """As a copy of the checkout that has no .venv of its own takes the python of PATH."""
    checkout = tmp_path / "a check out"
    shutil.copytree(PROJECT / "plugins" / "aws-standin", checkout / "plugins" / "aws-standin")
    (checkout / ".venv").symlink_to(PROJECT / ".venv")
    (checkout / "edgewright").symlink_to(PROJECT / "edgewright")
    link = tmp_path / "bin"
    link.mkdir()
    (link / "pulumi-resource-aws").symlink_to(checkout / "plugins" / "aws-standin" / "pulumi-resource-aws")
    for executable in (checkout / "plugins" / "aws-standin" / "pulumi-resource-aws", link / "pulumi-resource-aws"):
        with plugin(executable, NOWHERE, tmp_path) as wire:
            assert wire.info().version.endswith("+edgewright.standin")


def test_a_package_in_the_project_does_not_hide_its_own(tmp_path: Path) -> None:
    """The engine starts plugins in the user's project, which may hold a folder of the same name."""
    (tmp_path / "edgewright").mkdir()
    (tmp_path / "edgewright" / "__init__.py").write_text("raise RuntimeError('the wrong one')\n")
    with plugin(STANDIN, NOWHERE, tmp_path) as wire:
        assert wire.info().version


def test_without_any_python_it_says_what_to_run(tmp_path: Path) -> None:
    checkout = tmp_path / "plugins" / "aws-standin"
    checkout.mkdir(parents=True)
    executable = shutil.copy(STANDIN, checkout)
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("dirname", "readlink"):
        found = shutil.which(name)
        assert found
        (tools / name).symlink_to(found)
    answer = subprocess.run(
        ["/bin/sh", executable], env={"PATH": str(tools)}, capture_output=True, text=True, check=False
    )
    assert answer.returncode == 1
    assert "no Python found; run `make setup` in" in answer.stderr


def test_it_is_ready_before_it_has_loaded_what_only_work_needs() -> None:
    """The engine starts one process a provider and waits for each; clients of AWS take longer to load than all else."""
    heavy = "boto3", "botocore.client", "pulumi_aws", "moto"
    code = f"import edgewright.standin.__main__, sys; print([each for each in {heavy!r} if each in sys.modules])"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout == "[]\n"


def test_many_resources_at_once(sandbox: Sandbox, tmp_path: Path) -> None:
    """All of them are under way together: a hundred take far less than a hundred times one."""
    with plugin(STANDIN, sandbox.aws_environment(), tmp_path) as wire:
        assert wire.configure(region="eu-west-1") == []

        def make(number: int) -> str:
            inputs, _ = wire.check(s.THING, f"cam-{number}", {"name": f"cam-{number}"})
            return wire.create(s.THING, f"cam-{number}", inputs)[0]

        make(0)  # the client is made, the account judged
        began = time.monotonic()
        with ThreadPoolExecutor(32) as many:
            assert list(many.map(make, range(1, 101))) == [f"cam-{number}" for number in range(1, 101)]
        assert time.monotonic() - began < 30
    things = sandbox.client("iot").list_things(maxResults=250)["things"]
    assert len(things) == 101


def test_secrets_stay_secret(sandbox: Sandbox, tmp_path: Path) -> None:
    """What came in as a secret is one in the state."""
    from google.protobuf import json_format
    from pulumi.runtime.proto import provider_pb2

    from edgewright.provider.plugin.values import decode, encode

    with plugin(STANDIN, sandbox.aws_environment(), tmp_path) as wire:
        wire.configure(region="eu-west-1")
        news = encode({"name": "cam", "attributes": {"pin": "1234"}}, [("attributes", "pin")])
        urn = f"urn:pulumi:dev::shop::{s.THING}::cam"
        checked = wire._stub.Check(provider_pb2.CheckRequest(urn=urn, news=news))
        created = wire._stub.Create(provider_pb2.CreateRequest(urn=urn, properties=checked.inputs))
    assert ("attributes", "pin") in decode(created.properties)[1]
    assert "1234" in json.dumps(json_format.MessageToDict(created.properties))
