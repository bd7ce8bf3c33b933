"""One kept HTTP connection that can be broken off from outside, and what an answer means."""

from __future__ import annotations

import http.client
import json
import socket
import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final
from urllib.parse import urlsplit

from edgewright.sandbox.device.cloud import CloudError, UnreachableError

SLACK: Final = 10.0
"""Seconds by which the answer to a long poll may be late."""


class Connection:
    """One kept HTTP connection; ``interrupt`` may be called from another thread."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme != "http" or parts.hostname is None:
            msg = f"the sandbox's server has a URL such as http://127.0.0.1:8000 (got {url!r})"
            raise ValueError(msg)
        self._host, self._port = parts.hostname, parts.port or 80
        self._connection: http.client.HTTPConnection | None = None
        self._lock = threading.Lock()
        self._closed = False
        self._interrupted = False

    def request(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None, timeout: float
    ) -> tuple[int, bytes, http.client.HTTPMessage]:
        """Send a request and return status, body and headers of the answer.

        Raises:
            UnreachableError: there is no answer.
        """
        with self._lock:
            self._interrupted = False
            for fresh in (False, True):
                connection = self._open(timeout, fresh=fresh)
                try:
                    connection.request(method, path, body=body, headers=dict(headers))
                    self._refuse_if_broken_off()  # it may have been while there was no socket to break off yet
                    answer = connection.getresponse()
                    data = answer.read()
                except (OSError, http.client.HTTPException) as error:
                    self._drop()
                    # A kept connection that the server has closed meanwhile is no news; a new one that fails is.
                    stale = isinstance(error, http.client.RemoteDisconnected | BrokenPipeError | ConnectionResetError)
                    if self._closed or self._interrupted or fresh or not stale:
                        msg = f"{method} {path}: {error!r}"
                        raise UnreachableError(msg) from error
                else:
                    if answer.will_close:
                        self._drop()
                    return answer.status, data, answer.headers
        msg = f"{method} {path}: no answer"
        raise UnreachableError(msg)

    def abort(self) -> None:
        """Break off, and refuse every further request; takes no lock, so a signal handler may call it."""
        self._closed = True
        self.interrupt()

    def interrupt(self) -> None:
        """Break off the request that is under way, if one is."""
        self._interrupted = True
        connection = self._connection
        sock = connection.sock if connection is not None else None
        if sock is not None:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Break off and open nothing any more."""
        self.abort()
        with self._lock:
            self._drop()

    def _open(self, timeout: float, *, fresh: bool) -> http.client.HTTPConnection:
        if self._closed:
            msg = "the connection is closed"
            raise UnreachableError(msg)
        if fresh:
            self._drop()
        if self._connection is None:
            self._connection = http.client.HTTPConnection(self._host, self._port)
        self._connection.timeout = timeout
        if self._connection.sock is not None:
            self._connection.sock.settimeout(timeout)
        return self._connection

    def _refuse_if_broken_off(self) -> None:
        if self._closed or self._interrupted:
            raise ConnectionAbortedError

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def ask(connection: Connection, method: str, path: str, timeout: float) -> dict[str, Any]:
    """Ask one of the sandbox's own paths, without being a device.

    Raises:
        UnreachableError: no answer, or a passing fault.
        CloudError: the server said no.
    """
    status, answer, received = connection.request(method, path, {}, None, timeout + SLACK)
    return read(status, answer, received)


def read(status: int, answer: bytes, headers: http.client.HTTPMessage) -> dict[str, Any]:
    """Return the JSON object of an answer.

    Raises:
        UnreachableError: a passing fault: the cloud asks to slow down, or has an error of its own.
        CloudError: it said no.
    """
    try:
        value = json.loads(answer) if answer.strip() else {}
    except ValueError:
        value = {}
    if not isinstance(value, dict):
        value = {}
    if status < http.HTTPStatus.MULTIPLE_CHOICES:
        return value
    code = str(value.get("__type") or value.get("code") or headers.get("x-amzn-ErrorType") or status)
    code = code.rpartition("#")[2].partition(":")[0]
    message = str(value.get("message") or value.get("Message") or answer[:200].decode("utf-8", "replace"))
    unsupported = status == http.HTTPStatus.NOT_IMPLEMENTED
    passing = status == http.HTTPStatus.TOO_MANY_REQUESTS or status >= http.HTTPStatus.INTERNAL_SERVER_ERROR
    if passing and not unsupported:
        msg = f"HTTP {status} {code}: {message}"
        raise UnreachableError(msg)
    raise CloudError(status, code, message)
