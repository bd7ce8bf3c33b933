"""An artifact comes whole or not at all, whatever the network does in the middle of it."""

from __future__ import annotations

import hashlib
import socket
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from botocore.config import Config

from edgewright.aws.errors import AwsError
from edgewright.aws.session import Session, Settings, session
from edgewright.errors import ExitCode, RefusedError
from edgewright.gitops.models.package import download
from edgewright.sandbox.control import Sandbox
from tests.gitops.models.test_import import Registry, model, tar
from tests.gitops.promotions import World

CONTENT = b"x" * 100_000
ADDRESS = "s3://acme-training/models/1/model.tar.gz"
Capture = pytest.CaptureFixture[str]


@dataclass
class Broken:
    """A server of objects over TCP that sends half of one, and then does what the case wants."""

    then: str
    sent: int = len(CONTENT) // 2
    done: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    def serve(self) -> None:
        """Answer until the listener is closed."""
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection:
                request = b""
                while b"\r\n\r\n" not in request:
                    got = connection.recv(65536)
                    if not got:
                        break
                    request += got
                head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(CONTENT)}\r\n\r\n"
                connection.sendall(head.encode() + CONTENT[: self.sent])
                if self.then == "silent":
                    self.done.wait(30)
                if self.then == "reset":
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def close(self) -> None:
        """Stop serving."""
        self.done.set()
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join()


@pytest.fixture
def broken(request: pytest.FixtureRequest) -> Iterator[Broken]:
    server = Broken(request.param)
    yield server
    server.close()


@pytest.fixture
def reading(broken: Broken, monkeypatch: pytest.MonkeyPatch) -> Session:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    made = Session(Settings(region="eu-west-1", endpoint_url=broken.url))
    # the same client, which does not wait a minute for the next byte
    config = Config(read_timeout=0.3, retries={"total_max_attempts": 1}, s3={"addressing_style": "path"})
    made._clients["s3"] = made._session().client("s3", config=config, endpoint_url=broken.url)
    return made


def get(reading: Session, target: Path, *, limit: int = 1 << 20, expected: str | None = None) -> str:
    return download(reading, ADDRESS, target, limit=limit, expected=expected, what="the artifact")


@pytest.mark.parametrize(
    ("broken", "told"),
    [("reset", "reset"), ("short", "broke off|IncompleteRead|expected"), ("silent", "timed? ?out|timeout")],
    indirect=["broken"],
    ids=lambda value: str(value).partition("|")[0],
)
def test_content_that_breaks_off_is_one_error_and_no_file(reading: Session, told: str, tmp_path: Path) -> None:
    with pytest.raises(AwsError, match=rf"^could not download {ADDRESS}: .*(?i:{told})") as error:
        get(reading, tmp_path / "artifact")
    assert "check the network" in str(error.value)
    assert "\n" not in str(error.value)
    assert error.value.exit_code == ExitCode.USER
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("broken", ["nothing"], indirect=True)
def test_content_that_is_not_taken_leaves_what_was_there(broken: Broken, reading: Session, tmp_path: Path) -> None:
    broken.sent = len(CONTENT)
    target = tmp_path / "artifact"
    target.write_text("before")
    with pytest.raises(RefusedError, match="has more than 10 bytes"):
        get(reading, target, limit=10)
    with pytest.raises(RefusedError, match="it was changed since"):
        get(reading, target, expected="0" * 64)
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("artifact", "before")]
    digest = hashlib.sha256(CONTENT).hexdigest()
    assert get(reading, target, expected=digest) == digest
    assert target.read_bytes() == CONTENT


@pytest.fixture
def package(broken: Broken, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    for key, value in sandbox.env(tmp_path).items():
        if key.startswith("AWS_") or key == "NO_PROXY":
            monkeypatch.setenv(key, value)
    arn = Registry(sandbox).package(tar(model_onnx=model("1.1.0")))
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", broken.url)
    session.cache_clear()  # of clients that know the other address
    yield arn
    session.cache_clear()


@pytest.mark.parametrize("broken", ["reset"], indirect=True)
def test_an_import_whose_artifact_breaks_off_ends_with_one_error(package: str, world: World, capsys: Capture) -> None:
    assert world.edgewright("model", "import", package) == 1
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert error.startswith("error: could not download s3://acme-training/models/")
    assert "check the network" in error
    assert world.branches() == []
