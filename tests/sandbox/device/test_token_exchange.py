"""The token exchange service: who shows a token gets credentials, and nobody else."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest

from edgewright.sandbox.device.cloud import CloudError, UnreachableError
from edgewright.sandbox.device.token_exchange import Credentials, TokenExchange


class Provider:
    """A credential provider that can fail."""

    def __init__(self, minutes: int = 60) -> None:
        self.asked = 0
        self.minutes = minutes
        self.error: Exception | None = None

    def __call__(self) -> dict[str, str]:
        if self.error is not None:
            raise self.error
        self.asked += 1
        ends = datetime.now(UTC) + timedelta(minutes=self.minutes)
        return {
            "accessKeyId": f"key-{self.asked}",
            "secretAccessKey": "secret",
            "sessionToken": "session",
            "expiration": ends.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }


@pytest.fixture
def exchange() -> Iterator[TokenExchange]:
    made = TokenExchange()
    yield made
    made.close()


def ask(url: str, token: str | None) -> tuple[int, dict[str, str]]:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=20)
    connection.request("GET", parts.path, headers={"Authorization": token} if token is not None else {})
    answer = connection.getresponse()
    value = json.load(answer)
    connection.close()
    return answer.status, value


def test_a_token_is_answered_in_the_form_that_sdks_read(exchange: TokenExchange) -> None:
    exchange.grant("t", Credentials(Provider()))
    status, answer = ask(exchange.url, "t")
    assert status == 200
    assert set(answer) == {"AccessKeyId", "SecretAccessKey", "Token", "Expiration"}
    assert answer["AccessKeyId"] == "key-1"


@pytest.mark.parametrize("token", [None, "", "other"])
def test_another_token_is_refused(exchange: TokenExchange, token: str | None) -> None:
    exchange.grant("t", Credentials(Provider()))
    assert ask(exchange.url, token) == (403, {"message": "Invalid token"})


def test_a_token_that_was_withdrawn_is_refused(exchange: TokenExchange) -> None:
    exchange.grant("t", Credentials(Provider()))
    exchange.withdraw("t")
    assert ask(exchange.url, "t")[0] == 403


def test_another_path_is_not_found(exchange: TokenExchange) -> None:
    exchange.grant("t", Credentials(Provider()))
    assert ask(exchange.url + "more", "t")[0] == 404


def test_credentials_are_kept_until_shortly_before_their_end() -> None:
    long, short = Provider(minutes=60), Provider(minutes=4)
    for provider, expected in ((long, 1), (short, 2)):
        credentials = Credentials(provider)
        credentials.get()
        credentials.get()
        assert provider.asked == expected


def test_a_device_without_connection_uses_what_it_has(exchange: TokenExchange) -> None:
    provider = Provider(minutes=4)
    exchange.grant("t", Credentials(provider))
    ask(exchange.url, "t")
    provider.error = UnreachableError("offline")
    assert ask(exchange.url, "t")[1]["AccessKeyId"] == "key-1"


def test_a_device_without_connection_and_credentials_says_so(exchange: TokenExchange) -> None:
    provider = Provider()
    provider.error = UnreachableError("offline")
    exchange.grant("t", Credentials(provider))
    assert ask(exchange.url, "t") == (500, {"message": "Failed to get connection: offline"})


def test_a_refusal_of_the_cloud_reaches_the_component(exchange: TokenExchange) -> None:
    provider = Provider()
    provider.error = CloudError(403, "AccessDeniedException", "no trust")
    exchange.grant("t", Credentials(provider))
    assert ask(exchange.url, "t") == (403, {"message": "TES responded with AccessDeniedException: no trust"})
