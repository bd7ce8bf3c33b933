"""Faults of calls on demand: throttling, errors, slow answers, lost connections, expired credentials."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError

from edgewright.cli.main import main
from edgewright.errors import EdgewrightError
from edgewright.sandbox.control import Sandbox
from tests.sandbox.errors import refused

TARGET = "arn:aws:iot:eu-west-1:222222222222:thinggroup/main"


@pytest.fixture
def connect(sandbox: Sandbox) -> Callable[..., Any]:
    """A client of staging that tries as often as it is told."""

    def make(service: str, attempts: int = 1) -> Any:
        session = sandbox.client("sts").assume_role(
            RoleArn="arn:aws:iam::222222222222:role/OrganizationAccountAccessRole", RoleSessionName="faults"
        )["Credentials"]
        boto: Any = boto3.session.Session()
        return boto.client(
            service,
            endpoint_url=sandbox.endpoint,
            region_name=sandbox.region,
            aws_access_key_id=session["AccessKeyId"],
            aws_secret_access_key=session["SecretAccessKey"],
            aws_session_token=session["SessionToken"],
            config=Config(retries={"total_max_attempts": attempts}),
        )

    return make


@pytest.mark.parametrize(
    ("service", "call", "refusal"),
    [
        ("greengrassv2", "list_components", ("ThrottlingException", 429)),
        ("iot", "list_things", ("ThrottlingException", 400)),
        ("s3", "list_buckets", ("SlowDown", 503)),
        ("iam", "list_roles", ("Throttling", 400)),
        ("sagemaker", "list_device_fleets", ("ThrottlingException", 400)),
    ],
)
def test_a_throttled_call_is_refused_as_its_service_does(
    sandbox: Sandbox, connect: Callable[..., Any], service: str, call: str, refusal: tuple[str, int]
) -> None:
    client = connect(service)
    sandbox.fault_calls("throttle", times=1, retryAfter=3)
    answer = refused(getattr(client, call), *refusal, ".+")
    assert answer["ResponseMetadata"]["HTTPHeaders"]["retry-after"] == "3"
    if service == "greengrassv2":
        assert (answer["retryAfterSeconds"], answer["serviceCode"]) == (3, "greengrass")
    getattr(client, call)()
    (fault,) = sandbox.call_faults()
    assert (fault["hit"], fault["over"]) == (1, True)


def test_a_client_that_retries_gets_through(sandbox: Sandbox, connect: Callable[..., Any]) -> None:
    client = connect("greengrassv2", attempts=4)
    sandbox.fault_calls("error", service="greengrass", operation="ListComponents", times=2, status=503)
    assert client.list_components()["components"] == []
    (fault,) = sandbox.call_faults()
    assert (fault["seen"], fault["hit"]) == (2, 2)


def test_a_fault_hits_only_what_it_names(sandbox: Sandbox, connect: Callable[..., Any]) -> None:
    greengrass, iot = connect("greengrassv2"), connect("iot")
    sandbox.fault_calls("error", service="greengrass", operation="List*", account="222222222222", after=1)
    iot.list_things()
    sandbox.client("greengrassv2", "prod").list_components()
    greengrass.list_components()  # one passes first
    refused(greengrass.list_core_devices, "InternalServerException", 500, ".*")
    refused(greengrass.get_deployment, "ResourceNotFoundException", 404, ".*", deploymentId="x")
    assert sandbox.clear_call_faults() == 1
    greengrass.list_core_devices()


def test_the_same_seed_hits_the_same_calls(sandbox: Sandbox, connect: Callable[..., Any]) -> None:
    client = connect("iot")

    def fares(seed: int) -> list[bool]:
        identifier = sandbox.fault_calls("throttle", service="iot", rate=0.5, seed=seed)
        found = []
        for _ in range(12):
            try:
                client.list_things()
                found.append(True)
            except ClientError:
                found.append(False)
        sandbox.clear_call_faults(identifier)
        return found

    first = fares(1)
    assert first == fares(1) != fares(2)
    assert 0 < sum(first) < 12


def test_a_connection_is_lost_before_or_after_the_call_was_done(sandbox: Sandbox, connect: Callable[..., Any]) -> None:
    iot = connect("iot")
    sandbox.fault_calls("lost-connection", service="iot", operation="CreateThing", times=1)
    with pytest.raises(ConnectionClosedError):
        iot.create_thing(thingName="before")
    sandbox.fault_calls("lost-connection", service="iot", operation="CreateThing", times=1, when="after")
    with pytest.raises(ConnectionClosedError):
        iot.create_thing(thingName="after")
    assert [thing["thingName"] for thing in iot.list_things()["things"]] == ["after"]


def test_a_token_makes_a_retry_after_a_lost_answer_the_same_deployment(
    sandbox: Sandbox, connect: Callable[..., Any]
) -> None:
    connect("iot").create_thing_group(thingGroupName="main")
    greengrass = connect("greengrassv2", attempts=3)
    sandbox.fault_calls("lost-connection", operation="CreateDeployment", times=1, when="after")
    made = greengrass.create_deployment(targetArn=TARGET, components={})
    history = greengrass.list_deployments(targetArn=TARGET, historyFilter="ALL")["deployments"]
    assert [deployment["deploymentId"] for deployment in history] == [made["deploymentId"]]


def test_sessions_that_were_open_expire_and_new_ones_are_good(sandbox: Sandbox, connect: Callable[..., Any]) -> None:
    old, s3 = connect("iot"), connect("s3")
    sandbox.fault_calls("expired-credentials", account="222222222222")
    refused(old.list_things, "ExpiredTokenException", 403, ".*expired")
    refused(s3.list_buckets, "ExpiredToken", 400, ".*expired")
    connect("iot").list_things()


def test_an_answer_is_late_and_nobody_else_waits(sandbox: Sandbox, connect: Callable[..., Any]) -> None:
    client = connect("iot")
    sandbox.fault_calls("slow-answer", operation="ListThings", seconds=0.4)
    began = time.monotonic()
    client.list_things()
    assert time.monotonic() - began >= 0.4


@pytest.mark.parametrize(
    ("kind", "parameters", "why"),
    [
        ("flood", {}, "there is no fault of calls 'flood'; there are throttle"),
        ("throttle", {"speed": 1}, "the fault throttle has no speed; it has retryAfter"),
        ("slow-answer", {}, "the fault slow-answer needs seconds"),
        ("error", {"status": 404}, "status is a number|status is one of 500, 502, 503, 504"),
        ("error", {"rate": 2}, "rate is a number from 0 to 1"),
        ("error", {"times": 0}, "times is a whole number from 1"),
        ("error", {"seed": 1.5}, "seed is a whole number"),
        ("lost-connection", {"when": "never"}, "when is before or after"),
        ("error", {"service": ""}, "service is a text"),
    ],
)
def test_what_cannot_be_ordered_is_said(sandbox: Sandbox, kind: str, parameters: dict[str, Any], why: str) -> None:
    with pytest.raises(EdgewrightError, match=why):
        sandbox.fault_calls(kind, **parameters)
    assert sandbox.call_faults() == []


# --- the verb ---------------------------------------------------------------------------------------------------


@pytest.fixture
def verb(sandbox: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Run ``edgewright sandbox fault ...`` in a project whose sandbox this one is."""
    place = tmp_path / ".edgewright" / "sandbox"
    place.parent.mkdir()
    place.symlink_to(sandbox.directory)

    def run(*words: str) -> tuple[int, str, str]:
        code = main(["sandbox", "fault", *words, "--root", str(tmp_path)])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def test_faults_are_given_listed_and_cleared_by_the_verb(
    sandbox: Sandbox, verb: Callable[..., tuple[int, str, str]]
) -> None:
    code, said, _ = verb("add", "throttle", "service=greengrass", "operation=Create*", "times=2", "rate=0.5")
    assert (code, said) == (0, "throttle-1: stands until `edgewright sandbox fault clear throttle-1`\n")
    code, said, _ = verb("add", "flap", "every=60", "device=cam-*", "device=arm-1", "share=0.2")
    assert code == 0
    flap = said.partition(":")[0]
    _, said, _ = verb("list")
    assert said.splitlines() == [
        "throttle-1  service=greengrass operation=Create* rate=0.5 times=2  hit 0 of 0",
        f"{flap}  device=cam-*,arm-1 every=60.0 down=30.0 share=0.2",
    ]
    _, said, _ = verb("list", "--json")
    assert [fault["kind"] for fault in json.loads(said)["devices"]] == ["flap"]
    assert verb("clear", flap)[1] == f"{flap}: cleared\n"
    assert verb("clear")[1] == "1 fault cleared\n"
    assert verb("list")[1] == "nothing goes wrong on purpose\n"


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["add", "flood"], "there is no fault 'flood'; there are throttle, "),
        (["add", "throttle", "speed=1"], "the fault throttle has no 'speed'; its parameters are retryAfter, "),
        (["add", "throttle", "fast"], "'fast' is not NAME=VALUE"),
        (["add", "throttle", "times=two"], "times must be a whole number"),
        (["add", "throttle", "times=1", "times=2"], "times is given twice"),
        (["add", "offline", "seconds=1"], "the fault offline has no 'seconds'"),
        (["clear", "throttle-9"], "there is no fault throttle-9; there are: none"),
    ],
)
def test_what_the_verb_does_not_know_is_one_error(
    verb: Callable[..., tuple[int, str, str]], words: list[str], why: str
) -> None:
    code, said, error = verb(*words)
    assert (code, said) == (1, "")
    assert why in error
    assert "Traceback" not in error


def test_every_kind_is_listed_with_its_parameters(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sandbox", "fault", "kinds"]) == 0
    said = capsys.readouterr().out
    for word in ("throttle", "lost-connection", "fail-component", "disk-full", "operation=", "device=", "(needed)"):
        assert word in said
    assert main(["sandbox", "fault", "kinds", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["slow-answer"]["parameters"]["seconds"]["required"] is True
