"""Each change of a package reaches the forge once, however often its event comes: a note in S3 for each.

EventBridge and Lambda both deliver at least once. The note is written only where there is none (If-None-Match), and
taken over only from the one that was read (If-Match), so of two runs at the same time one calls the forge.
Source: Amazon S3 user guide, "How to prevent object overwrites with conditional writes".
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

PREFIX = "sent/"
STALE = 60.0
"""Seconds after which a run that has not said how it ended is dead: the function's own time limit."""
_TAKEN = frozenset({"PreconditionFailed", "ConditionalRequestConflict"})
_PAUSE = 1.0


class BusyError(Exception):
    """Another run is at it and did not end while this one could wait."""


@dataclass
class Notes:
    """The notes of one bucket."""

    s3: Any
    bucket: str
    now: Callable[[], float] = time.time
    sleep: Callable[[float], object] = time.sleep

    def once(self, key: str, about: Mapping[str, str], act: Callable[[], None], *, wait: float) -> bool:
        """Act unless that was done; return whether this call did it.

        Args:
            key: Of the change, hexadecimal.
            about: What a person who reads the note wants to know.
            act: Raises when it was not done, so that the next call tries again.
            wait: Seconds to wait for another run that is at it.

        Raises:
            BusyError: the other run did not end.
            Exception: whatever ``act`` raised.
        """
        name = f"{PREFIX}{key}.json"
        until = self.now() + wait
        while (tag := self._claim(name, about)) is None:
            if self._is_done(name):
                return False
            if self.now() >= until:
                msg = f"another run is at {name}"
                raise BusyError(msg)
            self.sleep(_PAUSE)
        try:
            act()
        except BaseException:
            self._put(name, {**about, "state": "failed"}, IfMatch=tag)
            raise
        self._put(name, {**about, "state": "sent"}, IfMatch=tag)
        return True

    def _claim(self, name: str, about: Mapping[str, str]) -> str | None:
        """Return the tag of our note; None when the note is another's and still good."""
        ours = {**about, "state": "claimed"}
        tag = self._put(name, ours, IfNoneMatch="*")
        if tag is not None:
            return tag
        there, found = self._get(name)
        free = there["state"] == "failed" or (there["state"] == "claimed" and self.now() - there["at"] > STALE)
        return self._put(name, ours, IfMatch=found) if free else None

    def _is_done(self, name: str) -> bool:
        return bool(self._get(name)[0]["state"] == "sent")

    def _get(self, name: str) -> tuple[dict[str, Any], str]:
        answer = self.s3.get_object(Bucket=self.bucket, Key=name)
        return json.loads(answer["Body"].read()), answer["ETag"]

    def _put(self, name: str, note: Mapping[str, Any], **condition: str) -> str | None:
        body = json.dumps({**note, "at": self.now()}, sort_keys=True).encode()
        try:
            answer = self.s3.put_object(
                Bucket=self.bucket, Key=name, Body=body, ContentType="application/json", **condition
            )
        except self.s3.exceptions.ClientError as error:
            if error.response["Error"]["Code"] in _TAKEN:
                return None
            raise
        tag: str = answer["ETag"]
        return tag
