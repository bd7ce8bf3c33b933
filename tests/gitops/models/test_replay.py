"""Approvals that wait in the dead-letter queue where EventBridge calls the forge itself, tried again by its client.

Where functions call it, the end-to-end test of the model events lets the backup try them again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edgewright.sandbox.control import Sandbox
from tests.functions.test_model_events import ARN, EVENT, HOSTILE, event
from tests.gitops.promotions import World

Capture = pytest.CaptureFixture[str]
Configured = Callable[[str], World]
QUEUE = "edgewright-model-events-dead-letters"
CLIENT = """\
#!/bin/sh
# what it is told and given is a line each
for word in "$@"; do printf '%s\\037' "$word" >> "$HEARD"; done
printf '\\n' >> "$HEARD"
cat >> "$HEARD"
printf '\\n' >> "$HEARD"
[ ! -f "$HEARD.down" ] || { echo 'HTTP 503' >&2; exit 1; }
"""


@pytest.fixture
def letters(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Puts dead letters into the queue; and who asks is an administrator of the tooling account."""
    for key, value in sandbox.env(tmp_path).items():
        if key.startswith("AWS_") or key == "NO_PROXY":
            monkeypatch.setenv(key, value)
    sqs = sandbox.client("sqs")
    url = sqs.create_queue(QueueName=QUEUE, Attributes={"VisibilityTimeout": "60"})["QueueUrl"]

    def put(*bodies: Any, why: str = "the endpoint answered 503.") -> None:
        for body in bodies:
            attributes = {"ERROR_MESSAGE": {"DataType": "String", "StringValue": why}}
            sqs.send_message(QueueUrl=url, MessageBody=json.dumps(body), MessageAttributes=attributes)

    return put


@pytest.fixture
def configured(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Configured:
    """Gives the organisation a forge that EventBridge calls, and the machine its client."""
    clients = tmp_path / "clients"
    clients.mkdir()
    for name in ("gh", "glab"):
        (clients / name).write_text(CLIENT)
        (clients / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{clients}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("HEARD", str(tmp_path / "heard"))

    def configure(forge: str) -> World:
        manifest = world.repository.root / "edgewright.yaml"
        trigger = "  trigger: {kind: apiDestination, artifacts: ['arn:aws:s3:::a-b/*'], notify: [ops@acme.example]}\n"
        manifest.write_text(f"{manifest.read_text('utf-8')}{trigger}forge: {forge}\n", "utf-8")
        return world

    return configure


def test_what_waits_is_told_and_stays(letters: Any, configured: Configured, capsys: Capture) -> None:
    world = configured("{github: {repository: acme/edge-fleets}}")
    hostile = event(ModelPackageArn=ARN.replace("parts-model", "$(id)"), ModelApprovalStatus="\x1b[31m<b>")
    letters(EVENT)
    letters("[no event", hostile, why="\x1b[2J one\nline")
    assert world.edgewright("model", "replay", "--dry-run") == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0].endswith(f" {ARN} Approved")
    assert said[1] == "  the endpoint answered 503."
    assert [line.partition(" about")[2] for line in said[2::2]] == [" no model package"] * 2
    assert said[3] == said[5] == "  [2J one line"
    assert world.edgewright("model", "replay", "--dry-run", "--json", ARN) == 0
    (waiting,) = json.loads(capsys.readouterr().out)
    assert (waiting["package"], waiting["approval"], waiting["why"]) == (ARN, "Approved", "the endpoint answered 503.")


def test_github_s_pipeline_is_started_for_each_that_waits_and_what_fails_stays(
    letters: Any, configured: Configured, capsys: Capture, tmp_path: Path
) -> None:
    world = configured("{github: {repository: acme/edge-fleets}}")
    other = ARN.replace("/7", "/8")
    letters(EVENT, event(ModelPackageArn=other, ModelApprovalStatus="Rejected"))
    letters(*(event(ModelPackageArn=ARN.replace("parts-model", text)) for text in HOSTILE))
    heard = tmp_path / "heard"
    (tmp_path / "heard.down").touch()
    assert world.edgewright("model", "replay", ARN) == 1
    captured = capsys.readouterr()
    assert captured.out.startswith(f"failed       {ARN}: gh api --method failed: HTTP 503")
    assert captured.err == "1 still wait: put right what they say, and replay again\n"
    (tmp_path / "heard.down").unlink()
    heard.unlink()
    assert world.edgewright("model", "replay", other, "--json") == 0
    assert [(each["outcome"], each["package"]) for each in json.loads(capsys.readouterr().out)] == [("sent", other)]
    arguments, given = heard.read_text().splitlines()
    assert arguments.split("\x1f")[:4] == ["api", "--method", "POST", "repos/acme/edge-fleets/dispatches"]
    payload = {
        "schema": "edgewright/model-event/v1",
        "model_arn": other,
        "model_group": "parts-model",
        "model_version": "8",
        "approval": "Rejected",
    }
    assert json.loads(given) == {"event_type": "edgewright-model", "client_payload": payload}
    assert world.edgewright("model", "replay") == 0
    said = capsys.readouterr().out.splitlines()
    assert sum(line.startswith("sent ") for line in said) == 1
    assert sum(line.startswith("ignored ") for line in said) == len(HOSTILE)
    assert len(heard.read_text().splitlines()) == 4, "hostile text starts nothing"
    assert world.edgewright("model", "replay") == 0
    assert capsys.readouterr().out == "nothing waits\n"


def test_gitlab_s_pipeline_gets_variables(letters: Any, configured: Configured, tmp_path: Path) -> None:
    world = configured("{gitlab: {project: acme/edge/fleets}}")
    letters(EVENT)
    assert world.edgewright("model", "replay") == 0
    arguments, given = (tmp_path / "heard").read_text().splitlines()
    assert arguments.split("\x1f")[3] == "projects/acme%2Fedge%2Ffleets/pipeline"
    body = json.loads(given)
    variables = {each["key"]: each["value"] for each in body["variables"]}
    assert (body["ref"], variables["EDGEWRIGHT_MODEL_ARN"]) == ("main", ARN)


def test_without_a_trigger_or_a_client_there_is_a_word_about_the_other_way(
    letters: Any, configured: Configured, world: World, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert world.edgewright("model", "replay") == 1
    assert "no models.trigger" in capsys.readouterr().err
    configured("{github: {repository: acme/edge-fleets}}")
    letters(EVENT)
    manifest = world.repository.root / "edgewright.yaml"
    text = manifest.read_text("utf-8")
    manifest.write_text(text.replace("kind: apiDestination", "kind: lambda"), "utf-8")
    assert world.edgewright("model", "replay") == 1
    assert "; the tooling stack makes it: an administrator runs `pulumi up --stack tooling`" in capsys.readouterr().err
    manifest.write_text(text, "utf-8")
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    assert world.edgewright("model", "replay") == 1
    assert "install it and sign in, or import by hand: edgewright model import ARN" in capsys.readouterr().err
