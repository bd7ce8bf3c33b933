"""Approvals that did not reach the forge: what waits in the dead-letter queue, and another try of it.

With functions, the backup tries again, by hand: it has the token, the notes of what was told, and the rights. Where
EventBridge calls the forge itself there is no function, and the pipeline is started through the forge's own client,
with the sign-in of whoever asks. What a message says is somebody else's text: nothing of it goes on or is shown
unless it has the form of what it should be.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from edgewright.aws.errors import AwsError
from edgewright.aws.session import Session
from edgewright.documents import model_events, naming
from edgewright.errors import EdgewrightError
from edgewright.gitops.forge import Forge
from edgewright.gitops.models.package import Arn
from edgewright.manifest.accounts import Forge as Where

_HIDDEN = 60  # seconds for which a message that is looked at is nobody else's
_DEPTH = 5  # records of failed invocations, one in the other
_BATCH = 10
_LONGEST = 300  # characters of a reason that are shown


@dataclass(frozen=True)
class Waiting:
    """A message of the dead-letter queue."""

    message: str
    package: Arn | None
    """None where it is about no model package."""
    approval: str | None
    """Approved or Rejected."""
    since: datetime
    """When it came into the queue."""
    why: str
    """Why it was given up, on one line."""


@dataclass(frozen=True)
class Outcome:
    """What became of a message."""

    message: str
    outcome: str
    """sent, sent before, ignored or refused, which take it out of the queue; or failed."""
    package: str | None = None
    why: str | None = None


@dataclass(frozen=True)
class _Letter:
    waiting: Waiting
    receipt: str


@dataclass
class Letters:
    """The dead-letter queue of a registry."""

    session: Session
    """In the tooling account and its Region."""

    def waiting(self) -> list[Waiting]:
        """Return what waits, the oldest first; it stays where it is.

        Raises:
            AwsError: the queue cannot be read.
        """
        with self._taken() as letters:
            return [each.waiting for each in letters]

    def by_function(self, package: Arn | None = None) -> list[Outcome]:
        """Let the backup function try everything again, or what is about one package.

        Raises:
            AwsError: it cannot be invoked.
            EdgewrightError: it failed itself.
        """
        asked = {"replay": "dead-letters", **({} if package is None else {"package": package.text})}
        found: dict[str, Outcome] = {}
        while True:
            said = self._invoke(asked)
            done = [_outcome(each) for each in said.get("done", ())]
            failed = [Outcome(each["message"], "failed", why=_line(each["why"])) for each in said.get("failed", ())]
            found |= {each.message: each for each in (*failed, *done)}
            if not (said.get("more") and done):
                return list(found.values())

    def by_client(self, client: Forge, where: Where, groups: set[str], package: Arn | None = None) -> list[Outcome]:
        """Start the pipeline for everything that waits, or for what is about one package.

        Args:
            client: The forge's client, signed in.
            where: The forge of the organisation.
            groups: The model package groups that are watched.
            package: Only what is about this one.

        Raises:
            AwsError: the queue cannot be read.
        """
        found = []
        with self._taken() as letters:
            for letter in list(letters):
                about = letter.waiting.package
                if package is not None and about != package:
                    continue
                outcome = _start(client, where, groups, letter.waiting)
                found.append(outcome)
                if outcome.outcome != "failed":
                    letters.remove(letter)
                    self._call("delete_message", "take a message out of", ReceiptHandle=letter.receipt)
        return found

    @contextmanager
    def _taken(self) -> Iterator[list[_Letter]]:
        """Take every message, and put back what is still in the list afterwards."""
        letters: list[_Letter] = []
        try:
            while True:
                answer = self._call(
                    "receive_message",
                    "read",
                    MaxNumberOfMessages=_BATCH,
                    VisibilityTimeout=_HIDDEN,
                    # without a wait, SQS asks some of its machines only, and may say that there is nothing
                    WaitTimeSeconds=1,
                    MessageAttributeNames=["All"],
                    MessageSystemAttributeNames=["SentTimestamp"],
                )
                new = [_letter(each) for each in answer.get("Messages", ())]
                if not new:
                    break
                letters += new
            letters.sort(key=lambda each: each.waiting.since)
            yield letters
        finally:
            for letter in letters:
                with suppress(AwsError):  # it shows again by itself, a minute later
                    self._call(
                        "change_message_visibility",
                        "put a message back into",
                        ReceiptHandle=letter.receipt,
                        VisibilityTimeout=0,
                    )

    def _call(self, operation: str, doing: str, **arguments: Any) -> dict[str, Any]:
        name = naming.MODEL_EVENTS_DEAD_LETTERS
        if self._url is None:
            with _made_by_the_stack():
                answer = self.session.call("sqs", "get_queue_url", doing=f"find the queue {name}", QueueName=name)
            self._url = str(answer["QueueUrl"])
        return self.session.call("sqs", operation, doing=f"{doing} the queue {name}", QueueUrl=self._url, **arguments)

    _url: str | None = None

    def _invoke(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        name = naming.MODEL_EVENTS_BACKUP
        with _made_by_the_stack():
            answer = self.session.call(
                "lambda",
                "invoke",
                doing=f"invoke the function {name}",
                FunctionName=name,
                Payload=json.dumps(payload).encode(),
            )
        said = json.loads(answer["Payload"].read() or b"null")
        if answer.get("FunctionError") or not isinstance(said, dict):
            why = said.get("errorMessage") if isinstance(said, dict) else "it answered with nothing"
            msg = f"the function {name} failed: {_line(str(why))}; its log group /aws/lambda/{name} says more"
            raise EdgewrightError(msg)
        return said


@contextmanager
def _made_by_the_stack() -> Iterator[None]:
    """Say who makes what is not there."""
    try:
        yield
    except AwsError as error:
        if error.code.rpartition(".")[2] not in ("NonExistentQueue", "QueueDoesNotExist", "ResourceNotFoundException"):
            raise
        msg = f"{error}; the tooling stack makes it: an administrator runs `pulumi up --stack tooling`"
        raise EdgewrightError(msg) from error


def _start(client: Forge, where: Where, groups: set[str], waiting: Waiting) -> Outcome:
    arn = waiting.package
    if arn is None or waiting.approval is None or arn.group not in groups:
        return Outcome(
            waiting.message, "ignored", arn.text if arn else None, "it decides on no package of these groups"
        )
    said = {
        "model_arn": arn.text,
        "model_group": arn.group,
        "model_version": str(arn.number),
        "approval": waiting.approval,
    }
    try:
        client.post(model_events.path(where), model_events.body(where, said))
    except EdgewrightError as error:
        return Outcome(waiting.message, "failed", arn.text, _line(str(error)))
    return Outcome(waiting.message, "sent", arn.text)


def _outcome(said: Mapping[str, Any]) -> Outcome:
    return Outcome(said["message"], said["outcome"], said.get("package"), _line(said["why"]) if "why" in said else None)


def _letter(message: Mapping[str, Any]) -> _Letter:
    try:
        body = json.loads(message["Body"])
    except ValueError:
        body = None
    attributes = message.get("MessageAttributes") or {}
    why = (attributes.get("ERROR_MESSAGE") or {}).get("StringValue") or _said(body) or "it does not say why"
    detail = _event(body).get("detail")
    detail = detail if isinstance(detail, Mapping) else {}
    package = None
    with suppress(EdgewrightError):
        package = Arn.parse(str(detail.get("ModelPackageArn", "")))
    approval = detail.get("ModelApprovalStatus")
    sent = int(message.get("Attributes", {}).get("SentTimestamp", 0)) / 1000
    return _Letter(
        Waiting(
            message["MessageId"],
            package,
            approval if approval in model_events.STATUSES else None,
            datetime.fromtimestamp(sent, UTC),
            _line(why),
        ),
        message["ReceiptHandle"],
    )


def _event(body: Any) -> Mapping[str, Any]:
    """The event inside of the records of failed invocations, one in the other."""
    for _ in range(_DEPTH):
        if not (isinstance(body, Mapping) and "requestPayload" in body):
            break
        body = body["requestPayload"]
    return body if isinstance(body, Mapping) else {}


def _said(body: Any) -> str | None:
    """What the function answered that was given up last."""
    answer = body.get("responsePayload") if isinstance(body, Mapping) else None
    said = answer.get("errorMessage") if isinstance(answer, Mapping) else None
    return said if isinstance(said, str) else None


def _line(text: str) -> str:
    """Text of others on one line, without what a terminal would obey."""
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())[:_LONGEST]
