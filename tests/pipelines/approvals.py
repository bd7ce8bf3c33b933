"""The model registry of a world, what is decided in it, and what became of that: in AWS, and on a device."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import tarfile
from collections import Counter
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import onnx

from edgewright.sandbox.control import Sandbox
from tests.functions.forges import FakeForge
from tests.functions.test_model_events import EVENT
from tests.sandbox.waiting import until

GROUP, BUCKET = "parts-model", "acme-training"
TRIGGER = "edgewright-model-events"
IMPORTER = "arn:aws:iam::111111111111:role/edgewright-ci-models"
ENGINEER = "arn:aws:iam::111111111111:role/edgewright-ml-engineer"
ALARMS = ("backup-errors", "dead-letters", "trigger-errors")
MODEL = Path(__file__).resolve().parents[2] / "catalog" / "com.acme.parts-model" / "1.1.0" / "parts-model.onnx"


@dataclass
class Approvals:
    """What data scientists do, and what of it AWS tells the forge."""

    sandbox: Sandbox
    told: FakeForge
    project: Path
    environment: Mapping[str, str]
    seen: int = 0
    """Calls of the forge that were looked at."""

    def __post_init__(self) -> None:
        client = self.sandbox.client
        self.sagemaker, self.events, self.functions = client("sagemaker"), client("events"), client("lambda")
        self.logs, self.cloudwatch, self.sqs = client("logs"), client("cloudwatch"), client("sqs")
        self.s3 = client("s3")
        self.s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": self.sandbox.region})
        client("secretsmanager").put_secret_value(SecretId="edgewright/model-events/forge-token", SecretString="t0ken")
        sns = client("sns")
        (topic,) = (each["TopicArn"] for each in sns.list_topics()["Topics"])
        self.mails = self.sqs.create_queue(QueueName="mails")["QueueUrl"]
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint="arn:aws:sqs:eu-west-1:111111111111:mails")

    def as_pipeline(self) -> dict[str, str]:
        """The environment of the job that imports, with what its token is exchanged for: the rights of its own role."""
        claims = {"sub": "repo:acme/edge-fleets:ref:refs/heads/main", "aud": "sts.amazonaws.com"}
        token = self.sandbox.identity_token("token.actions.githubusercontent.com", claims)
        given = self.sandbox.client("sts").assume_role_with_web_identity(
            RoleArn=IMPORTER, RoleSessionName="run-100", WebIdentityToken=token
        )["Credentials"]
        return {
            **{key: value for key, value in self.environment.items() if key.startswith("AWS_")},
            "AWS_ACCESS_KEY_ID": given["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": given["SecretAccessKey"],
            "AWS_SESSION_TOKEN": given["SessionToken"],
        }

    def arn(self, number: int) -> str:
        """The ARN of a package."""
        return f"arn:aws:sagemaker:eu-west-1:111111111111:model-package/{GROUP}/{number}"

    def register(self, said: str = "candidate") -> tuple[str, str]:
        """Register a model whose bytes nobody else has; return the package, and the model's SHA-256."""
        trained = onnx.load(MODEL)
        trained.doc_string = said
        content = trained.SerializeToString()
        digest = hashlib.sha256(content).hexdigest()
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
            info = tarfile.TarInfo("model.onnx")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
        report = {"multiclass_classification_metrics": {"accuracy": {"value": 0.98}}}
        for key, value in (("model.tar.gz", buffer.getvalue()), ("report.json", json.dumps(report).encode())):
            self.s3.put_object(Bucket=BUCKET, Key=f"{digest}/{key}", Body=value)
        where = f"s3://{BUCKET}/{digest}"
        quality = {"ContentType": "application/json", "S3Uri": f"{where}/report.json"}
        package = self.sagemaker.create_model_package(
            ModelPackageGroupName=GROUP,
            ModelApprovalStatus="PendingManualApproval",
            InferenceSpecification={
                "Containers": [{"Image": "none", "ModelDataUrl": f"{where}/model.tar.gz"}],
                "SupportedContentTypes": ["application/json"],
                "SupportedResponseMIMETypes": ["application/json"],
            },
            ModelMetrics={"ModelQuality": {"Statistics": quality}},
            CustomerMetadataProperties={"artifactSha256": hashlib.sha256(buffer.getvalue()).hexdigest()},
        )["ModelPackageArn"]
        return str(package), digest

    def decide(self, package: str, status: str) -> None:
        """Approve or reject, as in SageMaker Studio."""
        self.sagemaker.update_model_package(ModelPackageArn=package, ModelApprovalStatus=status)
        if self.told.status < 300:
            until(lambda: len(self.told.taken) > self.seen)

    def change_metadata(self, package: str) -> None:
        """Change something that is no decision, and brings an event all the same."""
        self.sagemaker.update_model_package(ModelPackageArn=package, CustomerMetadataProperties={"note": "x"})

    def recorded(self, package: str) -> dict[str, Any]:
        """The detail of the event that the approval of a package brought."""
        detail: dict[str, Any] = deepcopy(EVENT["detail"])
        modified = self.sagemaker.describe_model_package(ModelPackageName=package)["LastModifiedTime"]
        detail.update(
            ModelPackageArn=package,
            ModelPackageVersion=int(package.rpartition("/")[2]),
            LastModifiedTime=modified.strftime("%Y-%m-%dT%H:%M:%SZ"),
        )
        return detail

    def replay(self, detail: Mapping[str, Any]) -> None:
        """Send a recorded event to the bus again, and wait until the function has done with it."""
        before = sum(self.outcomes().values())
        entry = {"Source": EVENT["source"], "DetailType": EVENT["detail-type"], "Detail": json.dumps(detail)}
        self.events.put_events(Entries=[entry])
        until(lambda: sum(self.outcomes().values()) > before)

    def hostile(self, text: str) -> dict[str, Any]:
        """An event with a text in the package's ARN."""
        event: dict[str, Any] = deepcopy(EVENT)
        event["detail"]["ModelPackageArn"] = self.arn(1).replace(GROUP, text)
        return event

    def invoke(self, event: Any) -> str:
        """What the trigger says of an event."""
        answer = self.functions.invoke(FunctionName=TRIGGER, Payload=json.dumps(event))
        assert "FunctionError" not in answer
        return str(json.loads(answer["Payload"].read())["outcome"])

    def outcomes(self) -> Counter[str]:
        """What the trigger's log says became of the events."""
        lines = self.logs.filter_log_events(logGroupName=f"/aws/lambda/{TRIGGER}")["events"]
        return Counter(json.loads(each["message"])["outcome"] for each in lines if each["message"].startswith("{"))

    def settled(self, wanted: Mapping[str, int]) -> None:
        """Wait until the trigger has done with every event, and did with them what is wanted."""
        until(lambda: sum(self.outcomes().values()) >= sum(wanted.values()))
        assert self.outcomes() == wanted

    def new(self) -> list[dict[str, str]]:
        """The payloads that the forge took since the last look."""
        taken = self.told.taken
        found = [json.loads(call.body) for call in taken[self.seen :]]
        assert {each["event_type"] for each in found} <= {"edgewright-model"}
        assert {call.path for call in taken} == {"/repos/acme/edge-fleets/dispatches"}
        self.seen = len(taken)
        return [each["client_payload"] for each in found]

    def alarmed(self) -> None:
        """Wait until the alarms are up, and who is to hear of it has."""

        def states() -> dict[str, str]:
            found = self.cloudwatch.describe_alarms(AlarmNamePrefix=TRIGGER)["MetricAlarms"]
            return {each["AlarmName"].removeprefix(f"{TRIGGER}-"): each["StateValue"] for each in found}

        until(lambda: all(states()[name] == "ALARM" for name in ALARMS))
        heard = set()
        while messages := self.sqs.receive_message(QueueUrl=self.mails, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                said = json.loads(json.loads(message["Body"])["Message"])
                heard.add((said["AlarmName"].removeprefix(f"{TRIGGER}-"), said["NewStateValue"]))
                self.sqs.delete_message(QueueUrl=self.mails, ReceiptHandle=message["ReceiptHandle"])
        assert {(name, "ALARM") for name in ALARMS} <= heard

    def tries(self) -> int:
        """Calls that the forge did not take."""
        return len(self.told.calls) - len(self.told.taken)

    def replay_verb(self, *arguments: str, about: tuple[str, str]) -> list[tuple[str, str]]:
        """What `edgewright model replay` says to an ML engineer, two things of each message."""
        command = ["edgewright", "model", "replay", "--json", "--role", ENGINEER, *arguments]
        done = subprocess.run(
            command, cwd=self.project, env=dict(self.environment), capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return [(each[about[0]], each[about[1]]) for each in json.loads(done.stdout)]

    def runs_on(self, thing: str, component: str, version: str, digest: str) -> None:
        """A device of staging runs a version of a model, with exactly these bytes, and inference answers with it."""
        greengrass = self.sandbox.client("greengrassv2", "staging")
        installed = greengrass.list_installed_components(coreDeviceThingName=thing)["installedComponents"]
        (found,) = (each for each in installed if each["componentName"] == component)
        assert (found["componentVersion"], found["lifecycleState"]) == (version, "FINISHED")
        disk = self.sandbox.device_directory(thing)
        file = disk / "packages" / "artifacts" / component / version / MODEL.name
        assert hashlib.sha256(file.read_bytes()).hexdigest() == digest
        work = disk / "work" / "com.acme.parts-inference"
        image = work / "requests" / "approval.pgm"
        image.parent.mkdir(exist_ok=True)
        image.with_suffix(".tmp").write_text("P2\n8 8\n16\n" + "0 3 9 16 12 5 1 0\n" * 8)
        image.with_suffix(".tmp").rename(image)
        file = work / "responses" / "approval.json"
        until(file.exists)
        answer = json.loads(file.read_text("utf-8"))
        assert answer.get("modelDigest") == f"sha256:{digest}", answer
        assert answer["prediction"]
