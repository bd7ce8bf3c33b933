"""What both functions do with an event: read it, and tell the forge unless it was told."""

from __future__ import annotations

import json
import os
from functools import lru_cache
from typing import Any

from . import forge
from .approval import Approval, IgnoredError, RefusedError, read
from .once import Notes

_WAIT = 20.0
"""Seconds that a run waits for another one about the same change; less than what is left of its minute."""


def handle(event: Any) -> dict[str, str]:
    """Tell the forge of an approval or a rejection, once; return what became of the event.

    Raises:
        ForgeError: the forge did not take it; a retry may help.
        BusyError: another run is at it.
        ClientError: the token or the notes cannot be read.
    """
    try:
        approval = read(
            event,
            groups=os.environ["MODEL_GROUPS"].split(","),
            account=os.environ["REGISTRY_ACCOUNT"],
        )
    except IgnoredError as why:
        return _told({"outcome": "ignored", "why": str(why)})
    except RefusedError as why:
        return _told({"outcome": "refused", "why": str(why)})
    about = {"package": approval.arn, "approval": approval.status, "modified": approval.modified}
    done = _notes().once(approval.key, about, lambda: _dispatch(approval), wait=_WAIT)
    return _told({"outcome": "sent" if done else "sent before", **about})


def _dispatch(approval: Approval) -> None:
    where = forge.Forge(
        kind=os.environ["FORGE"],
        api=os.environ["FORGE_API"],
        project=os.environ["FORGE_PROJECT"],
        ref=os.environ["FORGE_REF"],
    )
    forge.dispatch(where, _token(), approval)


def _token() -> str:
    """Read the token each time: a new one counts at once, and none stays in memory between events."""
    answer = client("secretsmanager").get_secret_value(SecretId=os.environ["TOKEN_SECRET"])
    token: str = answer["SecretString"].strip()
    if not token or not token.isascii() or not token.isprintable():
        msg = "the secret holds no token: put the token itself there, as plain text"
        raise forge.ForgeError(msg)
    return token


def _notes() -> Notes:
    return Notes(client("s3"), os.environ["NOTES_BUCKET"])


@lru_cache
def client(service: str) -> Any:
    """Return a client of AWS, made once in the life of a function."""
    import boto3  # noqa: PLC0415 -- what is only ignored needs none
    from botocore.config import Config  # noqa: PLC0415 -- likewise

    patience = Config(connect_timeout=5, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 2})
    make: Any = boto3.client  # its type knows the names of services only
    return make(service, config=patience)


def _told(outcome: dict[str, str]) -> dict[str, str]:
    print(json.dumps(outcome, sort_keys=True))  # noqa: T201 -- a function's log is its standard output
    return outcome
