"""The function that gets what the trigger gave up, and that a person invokes to try the dead letters again.

Invoked with:

- the record of a failed invocation ("Asynchronous invocation", destinations): tries its event once more;
- an event of the registry, by hand: handles it as the trigger does;
- ``{"replay": "dead-letters"}``, by hand: tries each message of the dead-letter queue, takes those away that the
  forge took or that nothing is to be done about, and says what became of each.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

from .handle import client, handle

REPLAY = {"replay": "dead-letters"}
_DEPTH = 5
_MARGIN = 40_000
"""Milliseconds that must be left to begin with one message more: a call of the forge, and a wait for another run."""


def handler(event: Any, context: Any) -> dict[str, Any]:
    """Try again; an exception brings the event to the dead-letter queue."""
    if event == REPLAY:
        return replay(context)
    return {"outcome": handle(unwrapped(event))}


def replay(context: Any) -> dict[str, Any]:
    """Try each message of the dead-letter queue once.

    A message that fails again stays in the queue; it shows again when its visibility time is over.
    """
    queue, sqs = os.environ["DEAD_LETTERS"], client("sqs")
    done: list[dict[str, str]] = []
    failed: list[dict[str, str]] = []
    seen: set[str] = set()
    while context.get_remaining_time_in_millis() > _MARGIN:
        messages = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=1, WaitTimeSeconds=0).get("Messages", ())
        if not messages or messages[0]["MessageId"] in seen:
            break
        (message,) = messages
        seen.add(message["MessageId"])
        try:
            outcome = handle(unwrapped(json.loads(message["Body"])))
        except Exception as error:  # noqa: BLE001 -- one message must not keep the others
            failed.append({"message": message["MessageId"], "why": f"{type(error).__name__}: {error}"[:500]})
            continue
        sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        done.append({"message": message["MessageId"], **outcome})
    return {"done": done, "failed": failed}


def unwrapped(event: Any) -> Any:
    """Return the event inside of the records of failed invocations, one in the other."""
    for _ in range(_DEPTH):
        if not (isinstance(event, Mapping) and "requestPayload" in event and "requestContext" in event):
            break
        event = event["requestPayload"]
    return event
