"""Requests that boto3 would not send, signed as it signs."""

from __future__ import annotations

import http.client
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from edgewright.sandbox.control import Sandbox


@dataclass
class Raw:
    status: int
    code: str
    body: Any


@pytest.fixture
def signed(sandbox: Sandbox) -> Callable[..., Raw]:
    """Send ``signed(service, method, path, body)`` as the administrator; the answer is JSON."""

    def send(service: str, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Raw:
        host = sandbox.endpoint.removeprefix("http://")
        request = AWSRequest(method, sandbox.endpoint + path, data=body, headers={"Host": host, **(headers or {})})
        key = sandbox.administrator
        credentials = Credentials(key["accessKeyId"], key["secretAccessKey"])
        SigV4Auth(credentials, service, sandbox.region).add_auth(request)
        connection = http.client.HTTPConnection(host, timeout=30)
        try:
            connection.request(method, path, body, dict(request.headers))
            answer = connection.getresponse()
            data = answer.read()
        finally:
            connection.close()
        code = answer.getheader("x-amzn-errortype", "")
        if data.startswith(b"<"):
            found = re.search(rb"<Code>(\w+)</Code>", data)
            return Raw(answer.status, found[1].decode() if found else code, data)
        return Raw(answer.status, code, json.loads(data) if data else None)

    return send
