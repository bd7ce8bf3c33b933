"""A forge on this machine that keeps what it is told, and can be down."""

from __future__ import annotations

import ipaddress
import ssl
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass
class Call:
    path: str
    headers: dict[str, str]
    body: str


@dataclass
class FakeForge:
    address: str = ""
    status: int = 204
    statuses: list[int] = field(default_factory=list)
    """What the next calls are answered with, before ``status``."""
    location: str | None = None
    calls: list[Call] = field(default_factory=list)
    """All that came, refused ones too."""

    @property
    def taken(self) -> list[Call]:
        return [call for call in self.calls if call.headers.get("X-Was") == "taken"]


@contextmanager
def forge(*, tls: bool = False) -> Iterator[FakeForge]:
    """A forge; with ``tls`` it has a certificate that nobody else vouches for."""
    fake = FakeForge()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            status = fake.statuses.pop(0) if fake.statuses else fake.status
            was = "taken" if status < 300 else "refused"
            fake.calls.append(Call(self.path, {**dict(self.headers), "X-Was": was}, body))
            self.send_response(status)
            if fake.location:
                self.send_header("Location", fake.location)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def do_GET(self) -> None:
            self.do_POST()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if tls:
        server.socket = _context().wrap_socket(server.socket, server_side=True)
    fake.address = f"{'https' if tls else 'http'}://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _context() -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "forge.example")])
    today = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "forge.pem"
        file.write_bytes(private + certificate.public_bytes(pem))
        context.load_cert_chain(file)
    return context
