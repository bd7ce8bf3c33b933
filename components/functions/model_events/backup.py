"""The function that gets what the trigger gave up, and that a person invokes to try the dead letters again.

Invoked with:

- the record of a failed invocation ("Asynchronous invocation", destinations): tries its event once more;
- an event of the registry, by hand: handles it as the trigger does;
- ``{"replay": "dead-letters"}``, by hand: tries each message of the dead-letter queue, takes those away that the
  forge took or that nothing is to be done about, and says what became of each. With ``"package"``, the ARN of a model
  package, only messages about that one. `edgewright model replay` asks for this.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping
from typing import Any

from .handle import client, handle

REPLAY = "dead-letters"
_DEPTH = 5
_MARGIN = 40_000
"""Milliseconds that must be left to begin with one message more: a call of the forge, and a wait for another run."""


def handler(event: Any, context: Any) -> dict[str, Any]:
    """Try again; an exception brings the event to the dead-letter queue."""
    if isinstance(event, Mapping) and event.get("replay") == REPLAY:
        return replay(context, event.get("package"))
    return {"outcome": handle(unwrapped(event))}


def replay(context: Any, package: object = None) -> dict[str, Any]:
    """Try each message of the dead-letter queue once, or only those about one package.

    A message that fails again, and one about something else, stays in the queue and shows again at once. ``more`` in
    the answer says that the time was over before the queue was.
    """
    queue, sqs = os.environ["DEAD_LETTERS"], client("sqs")
    done: list[dict[str, str]] = []
    failed: list[dict[str, str]] = []
    seen: set[str] = set()
    left: list[str] = []
    more = True
    while context.get_remaining_time_in_millis() > _MARGIN:
        # without a wait, SQS asks some of its machines only, and may say that there is nothing
        messages = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=1, WaitTimeSeconds=1).get("Messages", ())
        if not messages:
            more = False
            break
        (message,) = messages
        name, receipt = message["MessageId"], message["ReceiptHandle"]
        if name in seen:
            left.append(receipt)
            more = False
            break
        seen.add(name)
        try:
            event = unwrapped(json.loads(message["Body"]))
            if package is not None and about(event) != package:
                left.append(receipt)
                continue
            outcome = handle(event)
        except Exception as error:  # noqa: BLE001 -- one message must not keep the others
            left.append(receipt)
            failed.append({"message": name, "why": f"{type(error).__name__}: {error}"[:500]})
            continue
        sqs.delete_message(QueueUrl=queue, ReceiptHandle=receipt)
        done.append({"message": name, **outcome})
    for receipt in left:
        with contextlib.suppress(sqs.exceptions.ClientError):  # it shows again by itself, a minute later
            sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=receipt, VisibilityTimeout=0)
    return {"done": done, "failed": failed, "more": more}


def about(event: Any) -> object:
    """Return the package that an event says it is about: to compare with, and not to be believed."""
    detail = event.get("detail") if isinstance(event, Mapping) else None
    return detail.get("ModelPackageArn") if isinstance(detail, Mapping) else None


def unwrapped(event: Any) -> Any:
    """Return the event inside of the records of failed invocations, one in the other."""
    for _ in range(_DEPTH):
        if not (isinstance(event, Mapping) and "requestPayload" in event and "requestContext" in event):
            break
        event = event["requestPayload"]
    return event
