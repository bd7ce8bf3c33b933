"""From an approval in the registry to the forge, end to end: the real engine makes the way, the sandbox walks it.

One story in one world: an approval is told once, a forge that is down is an alarm and a dead letter, and a replay
brings it there. The forge is a server on this machine; the functions run with the rights of their roles.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from edgewright.sandbox import environment
from edgewright.sandbox.control import Sandbox
from tests.components.test_engine import COMMITTED, REAL, engine_for
from tests.functions.forges import FakeForge, forge
from tests.functions.test_model_events import EVENT, HOSTILE
from tests.sandbox.waiting import until

pytestmark = [pytest.mark.engine, pytest.mark.timeout(600)]

GROUP, TRIGGER, BACKUP = "parts-model", "edgewright-model-events", "edgewright-model-events-backup"
ALARMS = ("backup-errors", "dead-letters", "trigger-errors")
QUEUE = "edgewright-model-events-dead-letters"


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
    with forge() as fake:
        manifest = root / "edgewright.yaml"
        manifest.write_text(
            f"{manifest.read_text('utf-8')}"
            "  trigger:\n"
            "    artifacts: ['arn:aws:s3:::acme-training/*']\n"
            "    notify: [mlops@acme.example]\n"
            f"    api: {fake.address}\n"
            "forge: {github: {repository: acme/edge-fleets}}\n",
            "utf-8",
        )
        engine = engine_for(sandbox, root, root / plugin)
        up = engine.up("tooling")
        assert up.ok, up.output
        again = engine.preview("tooling", expect_no_changes=True, refresh=True)
        assert again.ok, again.output
        world = World(sandbox, fake)
        first = told_once(world)
        changes_nothing(world)
        lost = gives_up_loudly(world)
        comes_back_by_hand(world, first, lost)


class World:
    """What the tests ask of AWS in the tooling account."""

    def __init__(self, sandbox: Sandbox, fake: FakeForge) -> None:
        self.forge = fake
        self.functions, self.logs = sandbox.client("lambda"), sandbox.client("logs")
        self.sagemaker, self.sqs = sandbox.client("sagemaker"), sandbox.client("sqs")
        self.cloudwatch, sns = sandbox.client("cloudwatch"), sandbox.client("sns")
        sandbox.client("secretsmanager").put_secret_value(
            SecretId="edgewright/model-events/forge-token", SecretString="t0ken"
        )
        (topic,) = (each["TopicArn"] for each in sns.list_topics()["Topics"])
        (mail,) = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
        assert (mail["Protocol"], mail["Endpoint"]) == ("email", "mlops@acme.example")
        self.mails = self.sqs.create_queue(QueueName="mails")["QueueUrl"]
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint="arn:aws:sqs:eu-west-1:111111111111:mails")

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


def changes_nothing(world: World) -> None:
    """Shell, path and page in a payload are refused before anything is called."""
    for text in HOSTILE:
        hostile = deepcopy(EVENT)
        hostile["detail"]["ModelPackageArn"] = hostile["detail"]["ModelPackageArn"].replace(GROUP, text)
        assert world.invoke(TRIGGER, hostile)["outcome"] == "refused"
    assert len(world.forge.calls) == 1


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
    said = world.invoke(BACKUP, {"replay": "dead-letters"})
    assert [(each["outcome"], each["package"]) for each in said["done"]] == [("sent", lost)]
    assert said["failed"] == []
    assert [each["model_arn"] for each in world.payloads()] == [first, lost]
    until(lambda: world.states()["dead-letters"] == "OK")
    url = world.sqs.get_queue_url(QueueName=QUEUE)["QueueUrl"]
    left = world.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert left["ApproximateNumberOfMessages"] == left["ApproximateNumberOfMessagesNotVisible"] == "0"
    assert world.invoke(BACKUP, {"replay": "dead-letters"}) == {"done": [], "failed": []}
