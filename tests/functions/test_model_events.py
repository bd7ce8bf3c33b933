"""The functions of the model events, as the code that AWS runs."""

from __future__ import annotations

import io
import json
import urllib.parse
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.functions.model_events import backup, handle, trigger
from components.functions.model_events.approval import IgnoredError, RefusedError, read
from components.functions.model_events.forge import Forge, ForgeError, dispatch
from components.functions.model_events.once import BusyError, Notes
from edgewright.documents import model_events as documents
from tests.functions.forges import FakeForge, forge

ARN = "arn:aws:sagemaker:eu-west-1:111111111111:model-package/parts-model/7"
DIGEST = "ab" * 32
EVENT: dict[str, Any] = {
    "version": "0",
    "id": "844e2571-85d4-695f-b930-0153b71dcb42",
    "detail-type": "SageMaker Model Package State Change",
    "source": "aws.sagemaker",
    "account": "111111111111",
    "time": "2026-11-26T10:00:00Z",
    "region": "eu-west-1",
    "resources": [ARN],
    "detail": {
        "ModelPackageGroupName": "parts-model",
        "ModelPackageVersion": 7,
        "ModelPackageArn": ARN,
        "CreationTime": "2026-11-26T09:00:00Z",
        "LastModifiedTime": "2026-11-26T10:00:00Z",
        "InferenceSpecification": {"Containers": [{"ModelDataUrl": "s3://acme-training/parts/7/model.tar.gz"}]},
        "CustomerMetadataProperties": {"artifactSha256": DIGEST},
        "ModelPackageStatus": "Completed",
        "ModelApprovalStatus": "Approved",
        "UpdatedModelPackageFields": ["ModelApprovalStatus", "ApprovalDescription"],
    },
}
PAYLOAD = {
    "schema": "edgewright/model-event/v1",
    "model_arn": ARN,
    "model_group": "parts-model",
    "model_version": "7",
    "approval": "Approved",
    "model_data_url": "s3://acme-training/parts/7/model.tar.gz",
    "model_digest": DIGEST,
    "event_id": "844e2571-85d4-695f-b930-0153b71dcb42",
}


def event(**detail: Any) -> dict[str, Any]:
    """The recorded event with fields of its detail changed; None takes one out."""
    changed = deepcopy(EVENT)
    changed["detail"].update(detail)
    changed["detail"] = {name: value for name, value in changed["detail"].items() if value is not None}
    return changed


class ClientError(Exception):
    response = {"Error": {"Code": "PreconditionFailed"}}  # noqa: RUF012 -- as botocore has it


@dataclass
class FakeS3:
    """Conditional writes, as Amazon S3 has them."""

    objects: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    writes: int = 0

    exceptions = SimpleNamespace(ClientError=ClientError)

    def put_object(self, **asked: Any) -> dict[str, str]:
        there = self.objects.get(asked["Key"])
        if "IfNoneMatch" in asked and there is not None:
            raise ClientError
        if "IfMatch" in asked and (there is None or there[0] != asked["IfMatch"]):
            raise ClientError
        self.writes += 1
        self.objects[asked["Key"]] = f'"{self.writes}"', asked["Body"]
        return {"ETag": f'"{self.writes}"'}

    def get_object(self, **asked: Any) -> dict[str, Any]:
        tag, body = self.objects[asked["Key"]]
        return {"ETag": tag, "Body": io.BytesIO(body)}

    def states(self) -> list[str]:
        return [json.loads(body)["state"] for _, body in self.objects.values()]


@dataclass
class FakeSecrets:
    value: str = "t0ken-of-the-forge\n"

    def get_secret_value(self, **_: Any) -> dict[str, str]:
        return {"SecretString": self.value}


@dataclass
class FakeQueue:
    exceptions = SimpleNamespace(ClientError=ClientError)

    letters: list[str] = field(default_factory=list)
    hidden: dict[str, str] = field(default_factory=dict)
    seen: int = 0

    def receive_message(self, **_: Any) -> dict[str, Any]:
        if not self.letters:
            return {}
        body = self.letters.pop(0)
        self.seen += 1
        handle_ = f"h{self.seen}"
        self.hidden[handle_] = body
        return {"Messages": [{"MessageId": handle_, "ReceiptHandle": handle_, "Body": body}]}

    def delete_message(self, **asked: Any) -> None:
        del self.hidden[asked["ReceiptHandle"]]

    def change_message_visibility(self, **asked: Any) -> None:
        assert asked["VisibilityTimeout"] == 0
        self.letters.append(self.hidden.pop(asked["ReceiptHandle"]))


class Context:
    def get_remaining_time_in_millis(self) -> int:
        return 60_000


@dataclass
class World:
    forge: FakeForge
    s3: FakeS3
    secrets: FakeSecrets
    sqs: FakeQueue


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with forge() as fake:
        made = World(fake, FakeS3(), FakeSecrets(), FakeQueue())
        clients = {"s3": made.s3, "secretsmanager": made.secrets, "sqs": made.sqs}
        monkeypatch.setattr(handle, "client", clients.__getitem__)
        monkeypatch.setattr(backup, "client", clients.__getitem__)
        settings = {
            "FORGE": "github",
            "FORGE_API": fake.address,
            "FORGE_PROJECT": "acme/edge-fleets",
            "FORGE_REF": "main",
            "MODEL_GROUPS": "other,parts-model",
            "NOTES_BUCKET": "acme-model-events-111111111111",
            "REGISTRY_ACCOUNT": "111111111111",
            "TOKEN_SECRET": "edgewright/model-events/forge-token",
            "DEAD_LETTERS": "queue",
        }
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        yield made


# --- what reaches the forge ------------------------------------------------------------------------------------


def test_an_approval_starts_githubs_pipeline_with_all_that_it_needs(world: World) -> None:
    assert trigger.handler(EVENT, None)["outcome"] == "sent"
    (call,) = world.forge.calls
    assert call.path == "/repos/acme/edge-fleets/dispatches"
    assert json.loads(call.body) == {"event_type": "edgewright-model", "client_payload": PAYLOAD}
    assert call.headers["Authorization"] == "Bearer t0ken-of-the-forge"
    assert len(PAYLOAD) <= 10, "GitHub takes ten keys"


def test_an_approval_starts_gitlabs_pipeline_with_the_token_in_the_body(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORGE", "gitlab")
    monkeypatch.setenv("FORGE_PROJECT", "acme/edge/fleets")
    world.forge.status = 201
    trigger.handler(EVENT, None)
    (call,) = world.forge.calls
    assert call.path == "/projects/acme%2Fedge%2Ffleets/trigger/pipeline"
    said = dict(urllib.parse.parse_qsl(call.body, strict_parsing=True))
    assert (said.pop("token"), said.pop("ref")) == ("t0ken-of-the-forge", "main")
    assert said == {f"variables[EDGEWRIGHT_{name.upper()}]": value for name, value in PAYLOAD.items()}


def test_the_functions_and_the_stack_say_the_same_words() -> None:
    from components.functions.model_events import approval
    from components.functions.model_events import forge as forge_module

    assert (approval.SOURCE, approval.DETAIL_TYPE, approval.STATUSES) == (
        documents.SOURCE,
        documents.DETAIL_TYPE,
        documents.STATUSES,
    )
    assert (forge_module.EVENT_TYPE, forge_module.SCHEMA) == (documents.EVENT_TYPE, documents.SCHEMA)


def test_a_rejection_goes_on_too(world: World) -> None:
    trigger.handler(event(ModelApprovalStatus="Rejected"), None)
    assert json.loads(world.forge.calls[0].body)["client_payload"]["approval"] == "Rejected"


# --- once ------------------------------------------------------------------------------------------------------


def test_the_same_event_twice_and_then_a_change_of_metadata_is_one_call(world: World) -> None:
    again = {**deepcopy(EVENT), "id": "another-delivery"}
    metadata = event(UpdatedModelPackageFields=["CustomerMetadataProperties"], LastModifiedTime="2026-11-26T11:00:00Z")
    outcomes = [trigger.handler(each, None)["outcome"] for each in (EVENT, again, metadata)]
    assert outcomes == ["sent", "sent before", "ignored"]
    assert len(world.forge.calls) == 1


def test_approved_again_after_a_rejection_is_a_call_of_its_own(world: World) -> None:
    rejected = event(ModelApprovalStatus="Rejected", LastModifiedTime="2026-11-26T11:00:00Z")
    again = event(LastModifiedTime="2026-11-26T12:00:00Z")
    assert [trigger.handler(each, None)["outcome"] for each in (EVENT, rejected, again)] == ["sent"] * 3
    assert len(world.forge.calls) == 3


def test_a_call_that_failed_is_made_by_the_next_run(world: World) -> None:
    world.forge.status = 503
    with pytest.raises(ForgeError, match="github answered 503 for acme/edge-fleets"):
        trigger.handler(EVENT, None)
    assert world.s3.states() == ["failed"]
    world.forge.status = 204
    assert trigger.handler(EVENT, None)["outcome"] == "sent"
    assert world.s3.states() == ["sent"]


@dataclass
class Clock:
    now: float = 1000.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def _notes(s3: FakeS3, clock: Clock) -> Notes:
    return Notes(s3, "bucket", now=lambda: clock.now, sleep=clock.sleep)


def test_a_run_waits_for_the_one_that_is_at_it_and_takes_over_from_a_dead_one() -> None:
    s3, clock, done = FakeS3(), Clock(), []

    def inside() -> None:
        with pytest.raises(BusyError):
            _notes(s3, clock).once("k", {}, lambda: done.append("second"), wait=5)

    assert _notes(s3, clock).once("k", {}, inside, wait=5)
    assert done == []
    s3.put_object(Key="sent/dead.json", Body=json.dumps({"state": "claimed", "at": clock.now - 61}).encode())
    assert _notes(s3, clock).once("dead", {}, lambda: done.append("third"), wait=0)
    assert done == ["third"]


def test_of_two_runs_that_find_a_dead_one_only_one_takes_over() -> None:
    s3, clock, done = FakeS3(), Clock(), []
    s3.put_object(Key="sent/k.json", Body=json.dumps({"state": "claimed", "at": 0}).encode())

    def act() -> None:
        done.append(1)
        with pytest.raises(BusyError):
            _notes(s3, clock).once("k", {}, act, wait=2)

    assert _notes(s3, clock).once("k", {}, act, wait=2)
    assert done == [1]


# --- what is refused -------------------------------------------------------------------------------------------

HOSTILE = ["$(reboot)", "`id`", "; rm -rf /", "../../etc/passwd", "<script>alert(1)</script>", "a\nb", "${{ secrets }}"]


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize(
    "place", ["ModelPackageArn", "ModelPackageGroupName", "LastModifiedTime", "ModelDataUrl", "artifactSha256", "id"]
)
def test_a_hostile_value_starts_nothing(world: World, place: str, text: str) -> None:
    changed = deepcopy(EVENT)
    if place == "ModelDataUrl":
        containers = changed["detail"]["InferenceSpecification"]["Containers"]
        containers[0]["ModelDataUrl"] = f"s3://acme-training/{text}"
    elif place == "artifactSha256":
        changed["detail"]["CustomerMetadataProperties"]["artifactSha256"] = text
    elif place == "id":
        changed["id"] = text
    elif place == "ModelPackageArn":
        changed["detail"]["ModelPackageArn"] = ARN.replace("parts-model", text)
    else:
        changed["detail"][place] = text
    assert trigger.handler(changed, None)["outcome"] == "refused"
    assert world.forge.calls == []
    assert world.s3.objects == {}


def test_hostile_text_that_nobody_needs_goes_nowhere(world: World) -> None:
    changed = event(ApprovalDescription="$(reboot) <b>", ModelPackageDescription="../..; x")
    changed["detail"]["CustomerMetadataProperties"]["note"] = "`id`"
    trigger.handler(changed, None)
    assert json.loads(world.forge.calls[0].body)["client_payload"] == PAYLOAD


@pytest.mark.parametrize(
    "changed",
    [
        event(ModelApprovalStatus="PendingManualApproval"),
        event(ModelPackageArn=ARN.replace("parts-model", "foreign"), ModelPackageGroupName="foreign"),
        {**EVENT, "source": "mine"},
        {**EVENT, "detail-type": "SageMaker Training Job State Change"},
    ],
)
def test_what_is_about_something_else_is_ignored(changed: Any) -> None:
    with pytest.raises(IgnoredError):
        read(changed, groups=["parts-model"], account="111111111111")


@pytest.mark.parametrize("changed", [None, [], "x", {}, {"detail": 1}, event(ModelPackageArn=ARN.replace("1", "9"))])
def test_what_cannot_come_from_this_registry_is_refused(changed: Any) -> None:
    with pytest.raises(RefusedError):
        read(changed, groups=["parts-model"], account="111111111111")


_JSON: st.SearchStrategy[Any] = st.sampled_from(
    [None, 7, "$(id)", [], ["ModelApprovalStatus"], {}, {"Containers": [3]}, {"Containers": 1}, [{}]]
)


@settings(max_examples=50, deadline=None)
@given(detail=st.dictionaries(st.sampled_from(sorted(EVENT["detail"])), _JSON))
def test_whatever_an_event_says_it_is_read_ignored_or_refused(detail: dict[str, Any]) -> None:
    changed = {**EVENT, "detail": {**EVENT["detail"], **detail}}
    try:
        approval = read(changed, groups=["parts-model"], account="111111111111")
    except (IgnoredError, RefusedError):
        return
    assert approval.arn == ARN


# --- when the forge does not answer ----------------------------------------------------------------------------


@pytest.mark.parametrize("status", [401, 403, 404, 422, 429, 500, 503])
def test_the_forges_no_is_told_without_the_token(world: World, status: int) -> None:
    world.forge.status = status
    with pytest.raises(ForgeError, match=f"github answered {status}") as caught:
        trigger.handler(EVENT, None)
    assert "t0ken" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_a_redirect_is_not_followed(world: World) -> None:
    world.forge.status, world.forge.location = 307, f"{world.forge.address}/elsewhere"
    with pytest.raises(ForgeError, match="307"):
        trigger.handler(EVENT, None)
    assert len(world.forge.calls) == 1


def test_a_forge_that_is_not_there_is_told_with_its_address() -> None:
    with forge() as gone:
        where = Forge("github", gone.address, "acme/edge-fleets", "main")
    approval = read(EVENT, groups=["parts-model"], account="111111111111")
    with pytest.raises(ForgeError, match=r"github cannot be reached at 127\.0\.0\.1:\d+: .*refused"):
        dispatch(where, "t", approval)


@pytest.mark.parametrize("value", ["", "  \n", "two\nlines", "\x00"])
def test_a_secret_without_a_token_is_told(world: World, value: str) -> None:
    world.secrets.value = value
    with pytest.raises(ForgeError, match="the secret holds no token"):
        trigger.handler(EVENT, None)
    assert world.forge.calls == []


# --- the backup ------------------------------------------------------------------------------------------------


def failed(payload: Any) -> dict[str, Any]:
    """The record that Lambda hands to a destination."""
    return {"version": "1.0", "requestContext": {"condition": "RetriesExhausted"}, "requestPayload": payload}


def test_the_backup_tries_the_event_inside_of_a_record_and_by_hand_the_event_itself(world: World) -> None:
    assert backup.handler(failed(EVENT), Context())["outcome"]["outcome"] == "sent"
    assert backup.handler(EVENT, Context())["outcome"]["outcome"] == "sent before"
    assert len(world.forge.calls) == 1


def test_a_replay_empties_the_queue_of_what_the_forge_takes(world: World) -> None:
    other = event(ModelPackageArn=ARN.replace("/7", "/8"))
    world.sqs.letters = [json.dumps(failed(failed(EVENT))), json.dumps(EVENT), json.dumps(other), "{no json"]
    said = backup.handler({"replay": "dead-letters"}, Context())
    assert [each["outcome"] for each in said["done"]] == ["sent", "sent before", "sent"]
    assert [each["why"].partition(":")[0] for each in said["failed"]] == ["JSONDecodeError"]
    assert (world.sqs.letters, world.sqs.hidden) == (["{no json"], {}), "what failed shows again"
    assert len(world.forge.calls) == 2


def test_a_replay_of_one_package_leaves_the_others_where_they_are(world: World) -> None:
    other = ARN.replace("/7", "/8")
    world.sqs.letters = [json.dumps(EVENT), "[]", json.dumps(failed(failed(event(ModelPackageArn=other))))]
    said = backup.handler({"replay": "dead-letters", "package": other}, Context())
    assert [each["package"] for each in said["done"]] == [other]
    assert said["failed"] == []
    assert (world.sqs.letters, world.sqs.hidden) == ([json.dumps(EVENT), "[]"], {})


def test_a_replay_while_the_forge_is_down_loses_nothing(world: World) -> None:
    world.sqs.letters = [json.dumps(failed(failed(EVENT)))]
    world.forge.status = 500
    said = backup.handler({"replay": "dead-letters"}, Context())
    assert (said["done"], len(said["failed"])) == ([], 1)
    assert len(world.sqs.letters) == 1
