"""The token exchange service: temporary credentials for components, on a loopback port as on a core device.

Follows ``TokenExchangeService`` and ``CredentialRequestHandler``: a component that depends on
``aws.greengrass.TokenExchangeService`` finds the service in ``AWS_CONTAINER_CREDENTIALS_FULL_URI`` and shows its own
token; every AWS SDK does the rest. The credentials are the device's, from its role alias. One server serves all
devices of a host: the token says which.
"""

from __future__ import annotations

import http
import json
import socket
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from edgewright.sandbox.device.cloud import CloudError, UnreachableError

SERVICE: Final = "aws.greengrass.TokenExchangeService"
PATH: Final = "/2016-11-01/credentialprovider/"
_RENEW_BEFORE: Final = 300.0  # seconds before their end at which credentials are asked for anew

Source = Callable[[], Mapping[str, str]]
"""Asks for credentials in the credential provider's form; raises what `Cloud` raises."""


class Credentials:
    """The credentials of one device, asked for when they are needed and kept until shortly before their end."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._lock = threading.Lock()
        self._kept: Mapping[str, str] = {}
        self._ends = 0.0

    def get(self) -> dict[str, str]:
        """Return them in the form that AWS SDKs read from a container's credential endpoint.

        Raises:
            UnreachableError: there is no connection, and none are kept that are still good.
            CloudError: the cloud refuses.
        """
        with self._lock:
            now = time.time()
            if now >= self._ends - _RENEW_BEFORE:
                try:
                    self._kept = self._source()
                except UnreachableError:
                    if now >= self._ends:
                        raise
                else:
                    ends = datetime.fromisoformat(self._kept["expiration"])
                    self._ends = (ends if ends.tzinfo else ends.replace(tzinfo=UTC)).timestamp()
            return {
                "AccessKeyId": self._kept["accessKeyId"],
                "SecretAccessKey": self._kept["secretAccessKey"],
                "Token": self._kept["sessionToken"],
                "Expiration": self._kept["expiration"],
            }


class TokenExchange:
    """The server; components reach it as long as it is open."""

    def __init__(self) -> None:
        self._granted: dict[str, Credentials] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), lambda *args: _Handler(self._granted, *args))
        self._server.daemon_threads = True
        self._closed = False
        self._thread = threading.Thread(target=self._serve, name="token exchange", daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """What components find in ``AWS_CONTAINER_CREDENTIALS_FULL_URI``."""
        return f"http://127.0.0.1:{self._server.server_port}{PATH}"

    def grant(self, token: str, credentials: Credentials) -> None:
        """Let who shows ``token`` have ``credentials``."""
        self._granted[token] = credentials

    def withdraw(self, token: str) -> None:
        """Do not know ``token`` any more."""
        self._granted.pop(token, None)

    def close(self) -> None:
        """Stop serving."""
        self._closed = True
        with suppress(OSError):  # a last caller, so that the loop looks up
            socket.create_connection(("127.0.0.1", self._server.server_port), timeout=1.0).close()
        self._thread.join()
        self._server.server_close()

    def _serve(self) -> None:
        while not self._closed:
            self._server.handle_request()  # blocks; http.server's own loop would poll


class _Handler(BaseHTTPRequestHandler):
    """One request of a component."""

    protocol_version = "HTTP/1.1"

    def __init__(self, granted: Mapping[str, Credentials], *args: Any) -> None:
        self._granted = granted
        super().__init__(*args)

    def do_GET(self) -> None:  # the name that http.server calls
        """Answer with credentials, or with why there are none."""
        credentials = self._granted.get(self.headers.get("Authorization", ""))
        if self.path.rstrip("/") != PATH.rstrip("/"):
            self._answer(http.HTTPStatus.NOT_FOUND, {"message": "Not found"})
        elif credentials is None:
            self._answer(http.HTTPStatus.FORBIDDEN, {"message": "Invalid token"})
        else:
            self._answer(*_ask(credentials))

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- the base class's name
        """Say nothing: a component asks every hour, and its own log tells when it fails."""

    def _answer(self, status: int, value: Mapping[str, str]) -> None:
        body = json.dumps(value).encode("utf-8")
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _ask(credentials: Credentials) -> tuple[int, dict[str, str]]:
    try:
        return http.HTTPStatus.OK, credentials.get()
    except CloudError as error:
        return error.status, {"message": f"TES responded with {error.code}: {error.message}"}
    except UnreachableError as error:
        return http.HTTPStatus.INTERNAL_SERVER_ERROR, {"message": f"Failed to get connection: {error}"}
