"""From an approval in the registry to the forge, end to end: the real engine makes the way, the sandbox walks it.

One story in one world: an approval is told once, a forge that is down is an alarm and a dead letter, and a replay
brings it there; then EventBridge calls the forge itself. The forge is a server on this machine; the functions run
with the rights of their roles.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from edgewright.gitops.engine import Engine
from edgewright.sandbox import environment
from edgewright.sandbox.control import Sandbox
from tests.components.test_engine import COMMITTED, REAL, engine_for
from tests.functions.forges import FakeForge, forge
from tests.functions.test_model_events import EVENT
from tests.sandbox.waiting import until

pytestmark = [pytest.mark.engine, pytest.mark.timeout(600)]

GROUP, TRIGGER, BACKUP = "parts-model", "edgewright-model-events", "edgewright-model-events-backup"
ALARMS = ("backup-errors", "dead-letters", "trigger-errors")
QUEUE = "edgewright-model-events-dead-letters"
SECRET = "Bearer s3cret-of-the-connection"


@pytest.fixture
def root(tmp_path: Path, project_root: Path) -> Path:
    """The sample organisation."""
    for name in (*COMMITTED, "edgewright.yaml", "catalog.lock", "__main__.py"):
        shutil.copy(project_root / name, tmp_path)
    for name in ("components", "edgewright", "catalog", "fleets", "golden", "plugins"):
        shutil.copytree(project_root / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


@pytest.mark.parametrize(
    "plugin",
    [
        pytest.param(str(environment.STANDIN), id="stand-in"),
        pytest.param(
            os.path.realpath(os.environ.get(REAL, "")),
            id="real",
            marks=pytest.mark.skipif(REAL not in os.environ, reason=f"{REAL} names no folder with an aws plugin"),
        ),
    ],
)
def test_from_an_approval_to_the_forge(sandboxes: Callable[..., Sandbox], root: Path, plugin: str) -> None:
    sandbox = sandboxes()
    manifest = root / "edgewright.yaml"
    text = manifest.read_text("utf-8")
    engine = engine_for(sandbox, root, root / plugin)
    with forge() as fake:
        manifest.write_text(f"{text}{trigger(fake)}", "utf-8")
        comes_up(engine)
        world = World(sandbox, engine, fake)
        if plugin != str(environment.STANDIN):  # with that one, the pipelines' test tells the story
            first = told_once(world)
            lost = gives_up_loudly(world)
            comes_back_by_hand(world, first, lost)
    with forge(tls=True) as fake:
        manifest.write_text(f"{text}{trigger(fake, kind='apiDestination')}", "utf-8")
        comes_up(engine)
        world.forge = fake
        called_without_functions(world)
        assert SECRET not in exported(engine), "the token is nobody's but the connection's"
    goes_away(engine)


def trigger(fake: FakeForge, kind: str = "lambda") -> str:
    """What the manifest says of it."""
    return (
        "  trigger:\n"
        f"    kind: {kind}\n"
        "    artifacts: ['arn:aws:s3:::acme-training/*']\n"
        "    notify: [mlops@acme.example]\n"
        f"    api: {fake.address}\n"
        "forge: {github: {repository: acme/edge-fleets}}\n"
    )


def comes_up(engine: Engine) -> None:
    """Up, and then nothing to change."""
    up = engine.up("tooling")
    assert up.ok, up.output
    again = engine.preview("tooling", expect_no_changes=True, refresh=True)
    assert again.ok, again.output


def pulumi(engine: Engine, *arguments: str) -> str:
    done = subprocess.run(
        ["pulumi", *arguments, "--stack", "tooling", "--non-interactive"],
        cwd=engine.root,
        env=dict(engine.environment),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def exported(engine: Engine) -> str:
    return pulumi(engine, "stack", "export", "--show-secrets")


class World:
    """What the tests ask of AWS in the tooling account."""

    def __init__(self, sandbox: Sandbox, engine: Engine, fake: FakeForge) -> None:
        self.forge, self.root, self.environment = fake, engine.root, dict(engine.environment)
        self.functions, self.logs = sandbox.client("lambda"), sandbox.client("logs")
        self.sagemaker, self.sqs = sandbox.client("sagemaker"), sandbox.client("sqs")
        self.cloudwatch, self.sns = sandbox.client("cloudwatch"), sandbox.client("sns")
        self.events = sandbox.client("events")
        sandbox.client("secretsmanager").put_secret_value(
            SecretId="edgewright/model-events/forge-token", SecretString="t0ken"
        )
        (topic,) = (each["TopicArn"] for each in self.sns.list_topics()["Topics"])
        (mail,) = self.sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
        assert (mail["Protocol"], mail["Endpoint"]) == ("email", "mlops@acme.example")
        self.mails = self.sqs.create_queue(QueueName="mails")["QueueUrl"]
        self.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint="arn:aws:sqs:eu-west-1:111111111111:mails")

    def register(self) -> str:
        arn: str = self.sagemaker.create_model_package(
            ModelPackageGroupName=GROUP,
            InferenceSpecification={
                "Containers": [{"Image": "image", "ModelDataUrl": "s3://acme-training/parts/model.tar.gz"}],
                "SupportedContentTypes": ["a"],
                "SupportedResponseMIMETypes": ["b"],
            },
            ModelApprovalStatus="PendingManualApproval",
        )["ModelPackageArn"]
        return arn

    def approve(self, arn: str) -> None:
        self.sagemaker.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved")

    def outcomes(self, function: str = TRIGGER) -> list[str]:
        """What the function's log says became of the events."""
        lines = self.logs.filter_log_events(logGroupName=f"/aws/lambda/{function}")["events"]
        found = [json.loads(each["message"]) for each in lines if each["message"].startswith("{")]
        return [each["outcome"] for each in found]

    def payloads(self) -> list[dict[str, str]]:
        return [json.loads(call.body)["client_payload"] for call in self.forge.taken]

    def replay(self, *arguments: str) -> list[dict[str, Any]]:
        """What `edgewright model replay` says."""
        command = [str(Path(sys.executable).with_name("edgewright")), "model", "replay", "--json", *arguments]
        done = subprocess.run(command, cwd=self.root, env=self.environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        found: list[dict[str, Any]] = json.loads(done.stdout)
        return found

    def invoke(self, function: str, event: Any) -> Any:
        answer = self.functions.invoke(FunctionName=function, Payload=json.dumps(event))
        said = json.loads(answer["Payload"].read())
        assert "FunctionError" not in answer, said
        return said

    def states(self) -> dict[str, str]:
        found = self.cloudwatch.describe_alarms(AlarmNamePrefix="edgewright-model-events")["MetricAlarms"]
        return {each["AlarmName"].removeprefix("edgewright-model-events-"): each["StateValue"] for each in found}

    def heard(self) -> set[tuple[str, str]]:
        found = set()
        while messages := self.sqs.receive_message(QueueUrl=self.mails, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                said = json.loads(json.loads(message["Body"])["Message"])
                found.add((said["AlarmName"].removeprefix("edgewright-model-events-"), said["NewStateValue"]))
                self.sqs.delete_message(QueueUrl=self.mails, ReceiptHandle=message["ReceiptHandle"])
        return found


def told_once(world: World) -> str:
    """An approval is one call; the same again, and a change of metadata, are none."""
    package = world.register()
    world.approve(package)
    until(lambda: world.forge.taken)
    (payload,) = world.payloads()
    assert (payload["model_arn"], payload["approval"]) == (package, "Approved")
    (key,) = [call.headers["Authorization"] for call in world.forge.taken]
    assert key == "Bearer t0ken"
    until(lambda: "sent" in world.outcomes())
    recorded = deepcopy(EVENT)
    described = world.sagemaker.describe_model_package(ModelPackageName=package)
    modified = described["LastModifiedTime"].strftime("%Y-%m-%dT%H:%M:%SZ")
    recorded["detail"].update(ModelPackageArn=package, ModelPackageVersion=1, LastModifiedTime=modified)
    assert world.invoke(TRIGGER, recorded)["outcome"] == "sent before"
    world.sagemaker.update_model_package(ModelPackageArn=package, CustomerMetadataProperties={"note": "x"})
    until(lambda: "ignored" in world.outcomes())
    assert len(world.forge.calls) == 1
    return package


def gives_up_loudly(world: World) -> str:
    """The forge is down: one retry, then the backup, then a dead letter, alarms, and who is named hears of it."""
    world.forge.status = 503
    package = world.register()
    world.approve(package)
    until(lambda: all(world.states()[name] == "ALARM" for name in ALARMS))
    assert len(world.forge.calls) == 1 + 2 + 2, "twice by the trigger, twice by the backup"
    heard = world.heard()
    assert {(name, "ALARM") for name in ALARMS} <= heard
    quiet = {"trigger-destinationdeliveryfailures", "backup-destinationdeliveryfailures", "failed-invocations"}
    assert {world.states()[name] for name in quiet} == {"OK"}
    return package


def comes_back_by_hand(world: World, first: str, lost: str) -> None:
    """The forge is back: the backup, invoked by hand, empties the queue."""
    world.forge.status = 204
    (waiting,) = world.replay("--dry-run")
    assert (waiting["package"], waiting["approval"]) == (lost, "Approved")
    assert waiting["why"].startswith("github answered 503 for acme/edge-fleets")
    assert world.replay(first) == []
    (outcome,) = world.replay(lost)
    assert (outcome["outcome"], outcome["package"]) == ("sent", lost)
    assert [each["model_arn"] for each in world.payloads()] == [first, lost]
    until(lambda: world.states()["dead-letters"] == "OK")
    url = world.sqs.get_queue_url(QueueName=QUEUE)["QueueUrl"]
    left = world.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert left["ApproximateNumberOfMessages"] == left["ApproximateNumberOfMessagesNotVisible"] == "0"
    assert world.invoke(BACKUP, {"replay": "dead-letters"}) == {"done": [], "failed": [], "more": False}


def called_without_functions(world: World) -> None:
    """EventBridge calls the forge with the connection's token; what the forge does not take is kept, and heard of."""
    names = [each["FunctionName"] for each in world.functions.list_functions()["Functions"]]
    assert not {TRIGGER, BACKUP} & set(names)
    key = {"ApiKeyName": "Authorization", "ApiKeyValue": SECRET}
    world.events.update_connection(
        Name=TRIGGER, AuthorizationType="API_KEY", AuthParameters={"ApiKeyAuthParameters": key}
    )
    world.forge.statuses = [502]
    package = world.register()
    world.approve(package)
    until(lambda: world.forge.taken)
    assert len(world.forge.calls) == 2, "what may pass is tried again"
    (payload,) = world.payloads()
    assert (payload["model_arn"], payload["approval"]) == (package, "Approved")
    assert world.forge.taken[0].headers["Authorization"] == SECRET
    assert world.forge.taken[0].headers["X-Github-Api-Version"] == "2022-11-28"
    world.sagemaker.update_model_package(ModelPackageArn=package, CustomerMetadataProperties={"note": "y"})
    world.forge.status = 401
    world.heard()
    world.sagemaker.update_model_package(ModelPackageArn=package, ModelApprovalStatus="Rejected")
    until(lambda: {world.states()[name] for name in ("failed-invocations", "dead-letters")} == {"ALARM"})
    assert len(world.forge.calls) == 3, "a token that is wrong stays wrong, and metadata are no approval"
    assert {("failed-invocations", "ALARM"), ("dead-letters", "ALARM")} <= world.heard()
    url = world.sqs.get_queue_url(QueueName=QUEUE)["QueueUrl"]
    (letter,) = world.sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"])["Messages"]
    assert json.loads(letter["Body"])["detail"]["ModelPackageArn"] == package
    said = {name: each["StringValue"] for name, each in letter["MessageAttributes"].items()}
    assert (said["ERROR_CODE"], said["RETRY_ATTEMPTS"]) == ("SDK_CLIENT_ERROR", "0")
    assert SECRET not in str(said)


def goes_away(engine: Engine) -> None:
    """Nothing of it stops whoever takes it all away, but what is protected: the artifacts of what is released."""
    pulumi(engine, "state", "unprotect", "--all", "--yes")
    pulumi(engine, "destroy", "--yes", "--skip-preview")
