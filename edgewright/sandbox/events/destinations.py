"""API destinations: the calls that EventBridge makes to an address, and when it tries again.

A call has five seconds, carries what the connection and the target add to it, follows no redirect, and is repeated
for what may pass (409, 429, 5xx, no answer) until the target's retry policy is used up. The pauses between the tries
are not slept: they are counted, so that an event grows as old as it would, and a sandbox need not be waited for.

Sources: EventBridge user guide, "API destinations" (time limit, headers, error codes), "Retry policy" (24 hours and
185 times by default, with growing pauses) and "Dead-letter queues"; API reference, HttpParameters (the connection's
values count more than the target's). How the pauses grow is not told: doubled from a second to eight minutes they
make the 185 tries of a day.
"""

from __future__ import annotations

import base64
import ipaddress
import json
import ssl
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

USER_AGENT = "Amazon/EventBridge/ApiDestinations"
TIMEOUT = 5.0
"""Seconds that an address has to answer."""
TRIES, AGE = 185, 86400
"""Retries, and seconds of age, when a target says nothing else."""
_LONGEST_PAUSE = 480.0
_REASON = "Unable to invoke ApiDestination endpoint: "
_OWN = frozenset(
    {"accept-encoding", "connection", "content-length", "host", "range", "te", "trailer", "transfer-encoding"}
    | {"upgrade", "user-agent", "via"}
)
"""Headers that nobody else sets."""


class InvocationError(Exception):
    """An address did not take the call."""

    def __init__(self, code: str, message: str, *, passing: bool, after: float = 0.0) -> None:
        super().__init__(_REASON + message)
        self.code, self.passing, self.after = code, passing, after


@dataclass(frozen=True)
class Request:
    """A call to be made; the headers have the connection's secret in them."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Policy:
    """How long a target is tried."""

    retries: int = TRIES
    age: float = AGE

    @classmethod
    def of(cls, target: Mapping[str, Any]) -> Policy:
        """The policy of a target."""
        said = target.get("RetryPolicy") or {}
        return cls(int(said.get("MaximumRetryAttempts", TRIES)), float(said.get("MaximumEventAgeInSeconds", AGE)))


@dataclass(frozen=True)
class Result:
    """How a call ended, after all its tries."""

    retries: int
    error: InvocationError | None = None
    exhausted: str | None = None
    """Which end of the retry policy was reached; None where no retry would have helped."""

    @property
    def attributes(self) -> dict[str, str]:
        """What a dead letter says of it."""
        if self.error is None:
            return {}
        found = {"ERROR_CODE": self.error.code, "ERROR_MESSAGE": str(self.error), "RETRY_ATTEMPTS": str(self.retries)}
        return found | ({"EXHAUSTED_RETRY_CONDITION": self.exhausted} if self.exhausted else {})


def request(destination: Any, connection: Any, parameters: Mapping[str, Any], payload: Any) -> Request:
    """Return the call for an event.

    Args:
        destination: moto's API destination.
        connection: moto's connection, with its secret.
        parameters: The target's HttpParameters.
        payload: What the target gets of the event.

    Raises:
        InvocationError: it cannot be made.
    """
    auth = connection.auth_parameters
    more = auth.get("InvocationHttpParameters") or {}
    headers = {"Content-Type": "application/json; charset=utf-8"}
    for name, value in (parameters.get("HeaderParameters") or {}).items():
        _put(headers, name, value)
    for name, value in _pairs(more, "HeaderParameters").items():
        _put(headers, name, value)
    for name, value in _authorization(connection.authorization_type, auth).items():
        _put(headers, name, value)
    headers |= {"User-Agent": USER_AGENT, "Range": "bytes=0-1048575", "Accept-Encoding": "gzip,deflate"}
    body = _pairs(more, "BodyParameters")
    if body and isinstance(payload, dict):
        payload = {**payload, **body}
    query = {**(parameters.get("QueryStringParameters") or {}), **_pairs(more, "QueryStringParameters")}
    address = _address(destination.invocation_endpoint, parameters.get("PathParameterValues") or (), query)
    return Request(destination.http_method, address, headers, json.dumps(payload).encode())


def deliver(call: Callable[[], None], policy: Policy) -> Result:
    """Make a call until it is taken, or no retry helps, or the policy is used up."""
    age, retries = 0.0, 0
    while True:
        try:
            call()
        except InvocationError as error:
            if not error.passing:
                return Result(retries, error)
            if retries >= policy.retries:
                return Result(retries, error, "MaximumRetryAttempts")
            age += max(min(2.0**retries, _LONGEST_PAUSE), error.after)
            if age > policy.age:
                return Result(retries, error, "MaximumEventAgeInSeconds")
            retries += 1
        else:
            return Result(retries)


def send(made: Request) -> None:
    """Make one try.

    Raises:
        InvocationError: it was not taken.
    """
    here = _is_here(made.url)
    context = ssl.create_default_context()
    if here:  # a certificate proves nothing between a machine and itself
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    handlers: list[urllib.request.BaseHandler] = [urllib.request.HTTPSHandler(context=context), _NoRedirect()]
    if here:
        handlers.append(urllib.request.ProxyHandler({}))
    question = urllib.request.Request(  # noqa: S310 -- http and https only: see _address
        made.url, made.body, dict(made.headers), method=made.method
    )
    try:
        with urllib.request.build_opener(*handlers).open(question, timeout=TIMEOUT):
            return
    except urllib.error.HTTPError as error:
        error.close()
        raise _answered(error) from None  # the cause would carry the request, and with it the secret
    except TimeoutError:
        raise _no_answer() from None
    except (OSError, ValueError) as error:
        if isinstance(getattr(error, "reason", None), TimeoutError):
            raise _no_answer() from None
        raise InvocationError("SDK_CLIENT_ERROR", "API destination endpoint cannot be reached.", passing=True) from None


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Follow none; the answer is then an error like any other."""


def _answered(error: urllib.error.HTTPError) -> InvocationError:
    status = error.code
    passing = status in (409, 429) or status >= 500
    after = error.headers.get("Retry-After", "") if error.headers else ""
    seconds = float(after) if after.lstrip("-").isdigit() else 0.0
    code = "THROTTLING" if status == 429 else "ERROR_FROM_TARGET" if passing else "SDK_CLIENT_ERROR"
    # a Retry-After of less than nothing is how an address says that it wants no retry
    return InvocationError(
        code, f"the endpoint answered {status}.", passing=passing and seconds >= 0, after=max(0.0, seconds)
    )


def _no_answer() -> InvocationError:
    return InvocationError("TIMEOUT", "Timeout calling endpoint for API Destination.", passing=True)


def _authorization(kind: str, auth: Mapping[str, Any]) -> dict[str, str]:
    if kind == "API_KEY":
        key = auth["ApiKeyAuthParameters"]
        return {key["ApiKeyName"]: key["ApiKeyValue"]}
    if kind == "BASIC":
        basic = auth["BasicAuthParameters"]
        token = base64.b64encode(f"{basic['Username']}:{basic['Password']}".encode()).decode()
        return {"Authorization": f"Basic {token}"}
    raise InvocationError("SDK_CLIENT_ERROR", f"the sandbox has no connections of type {kind}.", passing=False)


def _pairs(parameters: Mapping[str, Any], kind: str) -> dict[str, str]:
    return {each["Key"]: each["Value"] for each in parameters.get(kind) or ()}


def _put(headers: dict[str, str], name: str, value: str) -> None:
    if name.lower() in _OWN:
        return
    for known in [known for known in headers if known.lower() == name.lower()]:
        del headers[known]
    headers[name] = value


def _address(endpoint: str, values: Sequence[str], query: Mapping[str, str]) -> str:
    for value in values:
        endpoint = endpoint.replace("*", urllib.parse.quote(value, safe=""), 1)
    parts = urllib.parse.urlsplit(endpoint)
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_here(endpoint)):
        raise InvocationError("SDK_CLIENT_ERROR", "the endpoint is no HTTPS address.", passing=False)
    more = urllib.parse.urlencode(query)
    return urllib.parse.urlunsplit(parts._replace(query="&".join(each for each in (parts.query, more) if each)))


def _is_here(url: str) -> bool:
    host = urllib.parse.urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
