"""The HTTP server: who asks, for which service, under the one lock; errors in the service's own form.

A request goes to a core device's protocol (``dataplane``), to the sandbox's own paths (``private``), to our services
or to moto's. Absolute-form request lines are accepted, because S3 Control is asked through ``HTTP_PROXY``.

Longer than other modules, because a request is followed from its socket to its answer in one place.
"""

from __future__ import annotations

import contextlib
import http
import logging
import os
import re
import socket
import struct
import threading
import time
import uuid
from collections.abc import Callable, Iterable
from io import BytesIO
from pathlib import Path
from typing import Any

os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"
os.environ["MOTO_DISABLE_GLOBAL_CORS"] = "true"
os.environ.pop("MOTO_ACCOUNT_ID", None)

from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import ThreadedWSGIServer

from edgewright.sandbox import call_faults, dataplane, devices, operations, private, rpc, services
from edgewright.sandbox.accounts import ORGANIZATION_ROLE, Accounts, seed
from edgewright.sandbox.authorization import gate, principals, signature
from edgewright.sandbox.authorization.principals import Principal
from edgewright.sandbox.faults import AwsError, Response, render
from edgewright.sandbox.world import Call, world

log = logging.getLogger("edgewright.sandbox")
HOST = "127.0.0.1"
_OWN_HOST = re.compile(r"(?:[^/]+\.)?(?:127\.0\.0\.1|localhost)(?::\d+)?")
TICK = 0.1  # seconds of the machine between two looks at what is due
_INVALID_TOKEN = "The security token included in the request is invalid."  # noqa: S105 -- AWS's sentence


class Application:
    """The WSGI application of a sandbox."""

    def __init__(self, accounts: Accounts, directory: Path = Path()) -> None:
        self.accounts = accounts
        self.directory = directory
        """Where a world is kept."""
        self.administrator: dict[str, str] = {}
        self._dispatcher = DomainDispatcherApplication(create_backend_app)
        services.install()
        self.reset()

    def reset(self) -> None:
        """Empty every account; clients of the administrator go on working, in the other accounts too."""
        with world.lock:
            principals.forget_all(but_of=ORGANIZATION_ROLE)
            services.reset()
            fresh = seed(self.accounts)
            if self.administrator:
                services.keep_access_key(self.accounts, fresh, self.administrator)
            else:
                self.administrator = fresh
            world.forget()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one request."""
        response = self.respond(environ)
        status = http.HTTPStatus(response.status)
        if not any(name.lower() == "content-length" for name, _ in response.headers):
            response.headers.append(("Content-Length", str(len(response.body))))
        start_response(f"{status.value} {status.phrase}", response.headers)
        return [response.body]

    def respond(self, environ: dict[str, Any]) -> Response:
        """Answer one request as a value; a bug of ours is a 500 with its trace in the log."""
        environ.pop("HTTP_X_MOTO_ACCOUNT_ID", None)
        request_id = str(uuid.uuid4())
        service = ""
        try:
            _refuse_strangers(environ)
            if environ["PATH_INFO"].startswith("/_edgewright/"):
                return private.respond(self, environ)
            if "HTTP_X_EDGEWRIGHT_THING" in environ:
                service = "iot-device"
                account = devices.account_of(environ.get("HTTP_X_EDGEWRIGHT_CERTIFICATE", ""))
                operation = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"
                return _with_trouble(lambda: dataplane.respond(environ), account, service, operation)
            if _by_token(environ):
                service = "sts"
                with world.lock:
                    return self._by_token(environ, request_id)
            signed = signature.read(environ)
            key, region, service = signed.key, signed.region, signed.service
            principal = _authenticate(key, environ, service)
            signature.check(signed, environ, principal.secret)
            environ["HTTP_X_MOTO_ACCOUNT_ID"] = principal.account
            environ["edgewright.principal"] = principal
            environ["edgewright.region"] = region
            environ["edgewright.access_key"] = key
            rpc.read(environ)

            def answer() -> Response:
                operations.check(service, environ)
                with world.lock:
                    gate.check(service, environ, principal, region)
                    return self._aws(environ, service)

            operation = operations.name(service, environ) if call_faults.standing() else ""
            response = _with_trouble(answer, principal.account, service, operation, key)
            world.calls.append(Call(principal.account, service, _operation(environ), response.status, principal.arn))
        except call_faults.LostConnection:
            raise
        except AwsError as error:
            response = render(error, service, request_id)
        except NotImplementedError as error:
            response = render(_unsupported(environ, service, str(error)), service, request_id)
        except Exception:
            log.exception("%s %s", environ["REQUEST_METHOD"], environ["PATH_INFO"])
            ours = AwsError("InternalServerException", "the sandbox failed; its log has the trace", 500)
            response = render(ours, service, request_id)
        response = rpc.write(environ, response)
        response.headers.append(("x-amzn-RequestId", request_id))
        return response

    def _by_token(self, environ: dict[str, Any], request_id: str) -> Response:
        """A request that nobody signs: the token in it says who asks."""
        environ["edgewright.region"] = self.accounts.region
        operations.check("sts", environ)
        response = self._aws(environ, "sts")
        response.headers.append(("x-amzn-RequestId", request_id))
        return response

    def _aws(self, environ: dict[str, Any], service: str) -> Response:
        app = services.application(service, environ["PATH_INFO"]) or self._dispatcher
        response = _run(app, environ)
        if response.status == http.HTTPStatus.NOT_FOUND and not response.body and service != "s3":
            raise _unsupported(environ, service, "moto does not know this operation")
        return response


def _by_token(environ: dict[str, Any]) -> bool:
    form = environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded")
    return form and "HTTP_AUTHORIZATION" not in environ and _operation(environ) == "AssumeRoleWithWebIdentity"


def _with_trouble(
    answer: Callable[[], Response], account: str, service: str, operation: str, key: str = ""
) -> Response:
    """Answer a call, unless a fault that stands has it otherwise."""
    if not call_faults.standing():
        return answer()
    with world.lock:
        trouble = call_faults.trouble(account, service, operation, key)
    if trouble.late:
        time.sleep(trouble.late)
    if trouble.lost == "before":
        raise call_faults.LostConnection
    if trouble.error is not None:
        raise trouble.error
    response = answer()
    if trouble.lost:
        raise call_faults.LostConnection
    return response


def _run(app: Callable[..., Any], environ: dict[str, Any]) -> Response:
    result = Response(500)

    def start(status: str, headers: list[tuple[str, str]], _: object = None) -> Callable[[bytes], None]:
        result.status = int(status.split(" ", 1)[0])
        result.headers = [(name, value) for name, value in headers if name.lower() != "connection"]
        return lambda _data: None

    chunks = app(environ, start)
    result.body = b"".join(chunks)
    if hasattr(chunks, "close"):
        chunks.close()
    return result


def _refuse_strangers(environ: dict[str, Any]) -> None:
    """A shell with the sandbox's variables has it as its proxy for plain HTTP; it is none to the world."""
    if environ["RAW_URI"].startswith("http://") and not _OWN_HOST.fullmatch(environ["HTTP_HOST"]):
        message = f"the sandbox is a proxy to itself only, not to {environ['HTTP_HOST']}; unset HTTP_PROXY for others"
        raise AwsError("BadGateway", message, 502)


def _authenticate(key: str, environ: dict[str, Any], service: str) -> Principal:
    principal = principals.find(key)
    token = environ.get("HTTP_X_AMZ_SECURITY_TOKEN", "")
    if principal is None or principal.token != token:
        if service == "s3":
            raise AwsError(
                "InvalidAccessKeyId",
                "The AWS Access Key Id you provided does not exist in our records.",
                403,
                {"AWSAccessKeyId": key},
            )
        code = "InvalidClientTokenId" if service in {"sts", "iam"} else "UnrecognizedClientException"
        raise AwsError(code, _INVALID_TOKEN, 403)
    if principals.expired(principal):
        raise call_faults.expired(service)
    return principal


def _unsupported(environ: dict[str, Any], service: str, why: str) -> AwsError:
    if operations.is_unknown(service, environ):
        return AwsError("UnknownOperationException", "", 404)
    # 501, because clients retry a 500: pulumi-aws 25 times, for minutes
    return AwsError(
        "NotImplemented", f"the sandbox has no {service} {_operation(environ)}: {why or 'not implemented'}", 501
    )


def _operation(environ: dict[str, Any]) -> str:
    target = environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2]
    if target:
        return str(target)
    body = environ.get("edgewright.body", b"")
    if environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
        match = re.search(rb"(?:^|&)Action=(\w+)", body)
        if match:
            return match[1].decode()
    return f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"


class Handler(MotoRequestHandler):
    """HTTP/1.1 with kept connections: a request is read whole, answered whole, in one write."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def run_wsgi(self) -> None:
        """Answer one request of this connection."""
        environ = self.make_environ()
        length = environ.get("CONTENT_LENGTH")
        stream = environ["wsgi.input"]
        chunked = environ.get("wsgi.input_terminated", False)
        body = stream.read() if chunked else stream.read(int(length)) if length else b""
        environ["wsgi.input"] = BytesIO(body)
        environ["edgewright.body"] = body
        environ["edgewright.length"] = length or ""
        if chunked:
            environ["CONTENT_LENGTH"] = str(len(body))
            del environ["HTTP_TRANSFER_ENCODING"]
        head: list[Any] = []

        def start(status: str, headers: list[tuple[str, str]]) -> None:
            head.extend([status, headers])

        try:
            data = b"".join(self.server.app(environ, start))
        except call_faults.LostConnection:
            # closed with data unread or unsent, so that the other side sees a reset and no orderly end
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            raise
        status, headers = head
        code, _, phrase = status.partition(" ")
        self.send_response(int(code), phrase)
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)
        self.wfile.flush()

    def handle(self) -> None:
        """Serve the connection; a client that goes away is no error."""
        with contextlib.suppress(ConnectionError, TimeoutError):
            super().handle()

    def handle_expect_100(self) -> bool:
        """Tell the client to go on, at once: the body is read before anything is answered."""
        self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        self.wfile.flush()
        return True

    def log_request(self, *_args: object) -> None:
        """No access log: calls are counted in the world."""


class Server(ThreadedWSGIServer):
    """The listening socket with a thread per connection, and the thread that lets time pass."""

    daemon_threads = True
    request_queue_size = 512

    def __init__(self, app: Application, port: int = 0) -> None:
        super().__init__(HOST, port, app, handler=Handler)
        world.endpoint = self.endpoint
        self._stopping = threading.Event()
        self._ticker = threading.Thread(target=self._tick, name="clock", daemon=True)

    @property
    def endpoint(self) -> str:
        """The URL that clients take as AWS_ENDPOINT_URL."""
        return f"http://{HOST}:{self.server_address[1]}"

    def serve_forever(self, poll_interval: float = 0.1) -> None:
        """Serve until ``shutdown`` is called."""
        self._ticker.start()
        super().serve_forever(poll_interval=poll_interval)

    def shutdown(self) -> None:
        """Stop serving; kept connections end with the process."""
        self._stopping.set()
        super().shutdown()

    def _tick(self) -> None:
        while not self._stopping.wait(TICK):
            try:
                world.tick()
            except Exception:
                log.exception("the clock")

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept a connection."""
        accepted: tuple[socket.socket, Any] = super().get_request()
        return accepted
