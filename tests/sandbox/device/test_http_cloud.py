"""Asking over HTTP: what a device makes of answers, refusals, silence and interruptions."""

from __future__ import annotations

import io
import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from edgewright.aws.errors import AwsError
from edgewright.sandbox.device import http_cloud as module
from edgewright.sandbox.device.cloud import CloudError, Identity, UnreachableError
from edgewright.sandbox.device.connection import Connection
from edgewright.sandbox.device.failures import DeploymentError, report
from edgewright.sandbox.device.http_cloud import HttpCloud


class Server:
    """Answers what it is told to, and keeps what it was asked."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[int, Any]] = {}
        self.asked: list[tuple[str, str, dict[str, str], Any]] = []
        self.hold = threading.Event()
        self.hold.set()
        self.waiting = threading.Event()
        self.close_after_answer = False
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length)
                outer.asked.append(
                    (self.command, self.path, dict(self.headers.items()), json.loads(body) if body else None)
                )
                outer.waiting.set()
                outer.hold.wait(20)
                status, value = outer.answers.get(self.path.partition("?")[0], (200, {}))
                data = value if isinstance(value, bytes) else json.dumps(value).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)
                if outer.close_after_answer:  # without saying so, as a server that was restarted
                    self.close_connection = True

            do_GET = do_PUT = do_POST = handle_one  # noqa: N815 -- the names that http.server calls

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- the base class's name
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=lambda: self._server.serve_forever(0.01))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self.hold.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


@pytest.fixture
def cloud(server: Server) -> Iterator[HttpCloud]:
    made = HttpCloud(server.url, Identity("cam 001", "222222222222", "eu-west-1", "certificate", "alias"))
    yield made
    made.close()


def test_a_device_names_itself_in_every_request(server: Server, cloud: HttpCloud) -> None:
    cloud.update_job("job/1", "SUCCEEDED", {"a": "b"})
    method, path, headers, body = server.asked[0]
    assert (method, path) == ("POST", "/things/cam%20001/jobs/job%2F1")
    assert headers["X-Edgewright-Thing"] == "cam 001"
    assert headers["X-Edgewright-Certificate"] == "certificate"
    assert body == {"status": "SUCCEEDED", "statusDetails": {"a": "b"}}


@pytest.mark.parametrize("document", [{"a": 1}, json.dumps({"a": 1})])
def test_a_job_document_may_be_an_object_or_text(server: Server, cloud: HttpCloud, document: Any) -> None:
    server.answers["/things/cam%20001/jobs/$next"] = (200, {"execution": {"jobId": "j", "jobDocument": document}})
    job = cloud.next_job()
    assert job is not None
    assert (job.job_id, job.document) == ("j", {"a": 1})


def test_a_device_belongs_to_the_parents_of_its_groups(server: Server, cloud: HttpCloud) -> None:
    """Else the components of a parent's deployment would go with the next deployment of the child group."""
    parents = [{"thingGroupName": "site", "thingGroupArn": "a"}, {"thingGroupName": "hall", "thingGroupArn": "b"}]
    groups = [
        {"thingGroupName": "line", "rootToParentThingGroups": parents},
        {"thingGroupName": "other", "rootToParentThingGroups": parents[:1]},
        {"thingGroupName": "alone"},
    ]
    server.answers["/greengrass/v2/coreDevices/cam%20001/thingGroups"] = (200, {"thingGroups": groups})
    assert cloud.thing_groups() == ["site", "hall", "line", "other", "alone"]


def test_no_job_and_no_shadow(server: Server, cloud: HttpCloud) -> None:
    server.answers["/things/cam%20001/shadow"] = (404, {"message": "No shadow exists"})
    assert cloud.next_job() is None
    assert cloud.shadow() is None


def test_no_version_is_an_answer_and_no_error(server: Server, cloud: HttpCloud) -> None:
    server.answers["/greengrass/v2/resolveComponentCandidates"] = (
        404,
        {"__type": "ResourceNotFoundException", "message": "none"},
    )
    assert cloud.resolve("a", "1.0.0", {"g": "=2.0.0"}, {"os": "linux"}) is None
    assert server.asked[0][3] == {
        "platform": {"attributes": {"os": "linux"}},
        "componentCandidates": [
            {"componentName": "a", "versionRequirements": {"g": "=2.0.0"}, "componentVersion": "1.0.0"}
        ],
    }


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        ({"__type": "com.amazonaws#AccessDeniedException", "message": "no"}, "AccessDeniedException", "no"),
        ({"code": "ForbiddenException", "Message": "no"}, "ForbiddenException", "no"),
        (b"plain", "403", "plain"),
        ([1], "403", "[1]"),
    ],
)
def test_a_refusal_has_code_and_message(server: Server, cloud: HttpCloud, body: Any, code: str, message: str) -> None:
    server.answers["/things/cam%20001/jobs/$next"] = (403, body)
    with pytest.raises(CloudError) as caught:
        cloud.next_job()
    assert (caught.value.status, caught.value.code, caught.value.message) == (403, code, message)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_passing_fault_is_no_refusal(server: Server, cloud: HttpCloud, status: int) -> None:
    server.answers["/things/cam%20001/jobs/$next"] = (status, {"message": "later"})
    with pytest.raises(UnreachableError, match="later"):
        cloud.next_job()


def test_what_the_cloud_cannot_do_is_a_refusal(server: Server, cloud: HttpCloud) -> None:
    server.answers["/things/cam%20001/jobs/$next"] = (501, {"message": "never"})
    with pytest.raises(CloudError, match="never"):
        cloud.next_job()


def test_a_kept_connection_that_the_server_closed_is_opened_again(server: Server, cloud: HttpCloud) -> None:
    server.close_after_answer = True
    for _ in range(3):
        assert cloud.next_job() is None
    assert len(server.asked) == 3


def test_a_server_that_is_not_there_is_unreachable() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    connection = Connection(f"http://127.0.0.1:{port}")
    with pytest.raises(UnreachableError):
        connection.request("GET", "/", {}, None, 1.0)


def test_an_answer_that_does_not_come_in_time_is_unreachable(server: Server) -> None:
    server.hold.clear()
    connection = Connection(server.url)
    with pytest.raises(UnreachableError, match="timed out"):
        connection.request("GET", "/", {}, None, 0.05)
    connection.close()


@pytest.mark.parametrize("how", ["interrupt", "close"])
def test_a_long_poll_can_be_broken_off(server: Server, cloud: HttpCloud, how: str) -> None:
    server.hold.clear()
    ended: list[BaseException] = []

    def poll() -> None:
        try:
            cloud.wait_for_news(0, 20.0)
        except UnreachableError as error:
            ended.append(error)

    thread = threading.Thread(target=poll)
    thread.start()
    assert server.waiting.wait(20)
    getattr(cloud, how)()
    thread.join(20)
    assert not thread.is_alive()
    assert ended
    assert len(server.asked) == 1


def test_nothing_is_asked_after_the_end(server: Server) -> None:
    connection = Connection(server.url)
    connection.abort()
    with pytest.raises(UnreachableError, match="closed"):
        connection.request("GET", "/", {}, None, 1.0)
    assert server.asked == []


def _failing(monkeypatch: pytest.MonkeyPatch, error: AwsError) -> None:
    def read_into(*_: object) -> None:
        raise error

    monkeypatch.setattr(f"{module.__name__}.ObjectReader.read_into", read_into)


CREDENTIALS = {
    "credentials": {
        "accessKeyId": "AKIDEXAMPLE",
        "secretAccessKey": "secret",
        "sessionToken": "token",
        "expiration": "2099-01-01T00:00:00Z",
    }
}


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("AccessDenied", "S3_GET_OBJECT_ACCESS_DENIED"),
        ("403", "S3_GET_OBJECT_ACCESS_DENIED"),
        ("NoSuchKey", "S3_GET_OBJECT_RESOURCE_NOT_FOUND"),
        ("NoSuchBucket", "S3_GET_OBJECT_RESOURCE_NOT_FOUND"),
        ("InvalidRequest", "S3_BAD_REQUEST"),
    ],
)
def test_what_s3_refuses_has_the_nucleus_s_code(
    server: Server, cloud: HttpCloud, monkeypatch: pytest.MonkeyPatch, code: str, expected: str
) -> None:
    server.answers["/role-aliases/alias/credentials"] = (200, CREDENTIALS)
    _failing(monkeypatch, AwsError("no", code=code, reason="because"))
    with pytest.raises(DeploymentError) as caught:
        cloud.download("b", "k", io.BytesIO())
    assert expected in report(caught.value)[0]


@pytest.mark.parametrize("code", ["", "SlowDown", "InternalError"])
def test_what_passes_at_s3_is_tried_again(
    server: Server, cloud: HttpCloud, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    server.answers["/role-aliases/alias/credentials"] = (200, CREDENTIALS)
    _failing(monkeypatch, AwsError("later", code=code))
    with pytest.raises(UnreachableError):
        cloud.download("b", "k", io.BytesIO())


def test_a_role_alias_that_gives_nothing_is_named_with_what_to_check(server: Server, cloud: HttpCloud) -> None:
    server.answers["/role-aliases/alias/credentials"] = (403, {"message": "Access Denied"})
    with pytest.raises(
        DeploymentError, match="the role alias alias gives no credentials: Access Denied; check"
    ) as caught:
        cloud.download("b", "k", io.BytesIO())
    assert report(caught.value) == (["DEPLOYMENT_FAILURE", "CREDENTIAL_ENDPOINT_AUTH_FAILURE"], ["PERMISSION_ERROR"])


@pytest.mark.parametrize("url", ["127.0.0.1:80", "https://127.0.0.1", "http://", ""])
def test_only_a_plain_http_url_is_taken(url: str) -> None:
    with pytest.raises(ValueError, match="has a URL such as"):
        Connection(url)
