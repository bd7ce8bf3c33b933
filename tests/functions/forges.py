"""A forge on this machine that keeps what it is told, and can be down."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Call:
    path: str
    headers: dict[str, str]
    body: str


@dataclass
class FakeForge:
    address: str = ""
    status: int = 204
    location: str | None = None
    calls: list[Call] = field(default_factory=list)
    """All that came, refused ones too."""

    @property
    def taken(self) -> list[Call]:
        return [call for call in self.calls if call.headers.get("X-Was") == "taken"]


@contextmanager
def forge() -> Iterator[FakeForge]:
    fake = FakeForge()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            was = "taken" if fake.status < 300 else "refused"
            fake.calls.append(Call(self.path, {**dict(self.headers), "X-Was": was}, body))
            self.send_response(fake.status)
            if fake.location:
                self.send_header("Location", fake.location)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def do_GET(self) -> None:
            self.do_POST()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    fake.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
