"""What a core device asks of the cloud, and how it asks over HTTP.

``Cloud`` is the whole of it, so that tests and light devices can stand something else behind it. ``HttpCloud`` speaks
AWS's own wire forms on the sandbox's port: IoT jobs data plane, shadows, publish, the Greengrass data plane and the
credential provider. Two headers stand for mutual TLS. S3 is read with credentials that the role alias gives.
"""

from __future__ import annotations

import base64
import http.client
import json
import socket
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, BinaryIO, Final, Protocol
from urllib.parse import quote, urlencode, urlsplit

from edgewright.aws.errors import AwsError
from edgewright.aws.objects import ObjectReader
from edgewright.sandbox.device.failures import DeploymentError

SHADOW: Final = "AWSManagedGreengrassV2Deployment"
"""The named shadow that brings deployments of a single thing."""
_LIMIT: Final = 30.0  # seconds for a call that answers at once
_SLACK: Final = 10.0  # seconds by which an answer to a long poll may be late
_RENEW_BEFORE: Final = 300.0  # seconds before their end at which credentials are renewed
_S3_CODES: Final = {
    403: ("S3_ERROR", "S3_ACCESS_DENIED", "S3_GET_OBJECT_ACCESS_DENIED"),
    404: ("S3_ERROR", "S3_RESOURCE_NOT_FOUND", "S3_GET_OBJECT_RESOURCE_NOT_FOUND"),
}


class UnreachableError(Exception):
    """There is no connection, or the cloud has a passing fault: try again later."""


class CloudError(Exception):
    """The cloud said no.

    Args:
        status: the HTTP status.
        code: AWS's error code.
        message: AWS's message.
    """

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"{code}: {message} (HTTP {status})")
        self.status = status
        self.code = code
        self.message = message


@dataclass(frozen=True)
class JobExecution:
    """A job for this thing; ``document`` is what the job says to do."""

    job_id: str
    document: Any


@dataclass(frozen=True)
class Shadow:
    """The deployment shadow."""

    desired: Mapping[str, Any]
    reported: Mapping[str, Any]
    version: int


@dataclass(frozen=True)
class Candidate:
    """A component version that the cloud chose; ``recipe`` is its JSON text."""

    name: str
    version: str
    arn: str
    recipe: str


class Cloud(Protocol):
    """Every method raises `UnreachableError` without a connection and `CloudError` when the cloud says no."""

    def wait_for_news(self, since: int, timeout: float) -> int:
        """Return the number of the latest news of this thing; waits up to ``timeout`` seconds for one > ``since``."""

    def next_job(self) -> JobExecution | None:
        """Start the next pending job, or return the one that is in progress."""

    def update_job(self, job_id: str, status: str, details: Mapping[str, str]) -> None:
        """Report on a job."""

    def shadow(self) -> Shadow | None:
        """The deployment shadow, if there is one."""

    def update_shadow(self, reported: Mapping[str, Any]) -> None:
        """Report on the deployment shadow."""

    def thing_groups(self) -> list[str]:
        """The names of the thing groups that this device belongs to."""

    def resolve(
        self, name: str, local: str | None, requirements: Mapping[str, str], platform: Mapping[str, str]
    ) -> Candidate | None:
        """The version that satisfies all requirements, or None when there is none."""

    def publish(self, topic: str, payload: Mapping[str, Any]) -> None:
        """Publish a JSON message."""

    def credentials(self) -> dict[str, str]:
        """Temporary credentials from the role alias, in the credential provider's form."""

    def download(self, bucket: str, key: str, file: BinaryIO) -> None:
        """Write an S3 object into ``file``; raises DeploymentError when S3 says no."""

    def interrupt(self) -> None:
        """Break off a long poll that is under way."""

    def close(self) -> None:
        """Let go of all connections; nothing can be asked afterwards."""


@dataclass(frozen=True)
class Identity:
    """Who a device is, and where."""

    thing: str
    account: str
    region: str
    certificate_id: str
    role_alias: str


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


class HttpCloud:
    """The sandbox's server, asked as one device.

    Args:
        url: the server's URL.
        identity: the device.
    """

    def __init__(self, url: str, identity: Identity) -> None:
        self._url = url
        self._identity = identity
        self._calls = Connection(url)
        self._polls = Connection(url)
        self._reader: ObjectReader | None = None
        self._reader_ends = 0.0
        self._thing = quote(identity.thing, safe="")

    def wait_for_news(self, since: int, timeout: float) -> int:
        """Long poll of the sandbox, which stands for MQTT's ``notify-next``."""
        path = f"/_edgewright/devices/{self._identity.account}/{self._thing}/next"
        query = urlencode({"since": since, "timeout": timeout})
        answer = self._ask("GET", f"{path}?{query}", connection=self._polls, timeout=timeout + _SLACK)
        return int(answer["sequence"])

    def next_job(self) -> JobExecution | None:
        """StartNextPendingJobExecution."""
        execution = self._ask("PUT", f"/things/{self._thing}/jobs/$next", {}).get("execution")
        if not execution:
            return None
        document = execution.get("jobDocument")
        if isinstance(document, str):
            with suppress(ValueError):
                document = json.loads(document)
        return JobExecution(str(execution["jobId"]), document)

    def update_job(self, job_id: str, status: str, details: Mapping[str, str]) -> None:
        """UpdateJobExecution."""
        body = {"status": status, "statusDetails": dict(details)}
        self._ask("POST", f"/things/{self._thing}/jobs/{quote(job_id, safe='')}", body)

    def shadow(self) -> Shadow | None:
        """GetThingShadow."""
        try:
            answer = self._ask("GET", f"/things/{self._thing}/shadow?name={SHADOW}")
        except CloudError as error:
            if error.status == http.HTTPStatus.NOT_FOUND:
                return None
            raise
        state = answer.get("state") or {}
        return Shadow(state.get("desired") or {}, state.get("reported") or {}, int(answer.get("version") or 0))

    def update_shadow(self, reported: Mapping[str, Any]) -> None:
        """UpdateThingShadow."""
        self._ask("POST", f"/things/{self._thing}/shadow?name={SHADOW}", {"state": {"reported": dict(reported)}})

    def thing_groups(self) -> list[str]:
        """ListThingGroupsForCoreDevice."""
        answer = self._ask("GET", f"/greengrass/v2/coreDevices/{self._thing}/thingGroups")
        return [str(group["thingGroupName"]) for group in answer.get("thingGroups") or ()]

    def resolve(
        self, name: str, local: str | None, requirements: Mapping[str, str], platform: Mapping[str, str]
    ) -> Candidate | None:
        """ResolveComponentCandidates, for one component at a time as the nucleus does."""
        candidate: dict[str, Any] = {"componentName": name, "versionRequirements": dict(requirements)}
        if local is not None:
            candidate["componentVersion"] = local
        body = {"platform": {"attributes": dict(platform)}, "componentCandidates": [candidate]}
        try:
            answer = self._ask("POST", "/greengrass/v2/resolveComponentCandidates", body)
        except CloudError as error:
            if error.status == http.HTTPStatus.NOT_FOUND and error.code == "ResourceNotFoundException":
                return None
            raise
        found: list[dict[str, Any]] = answer.get("resolvedComponentVersions") or []
        if len(found) != 1:
            msg = f"the service resolved {name} to {len(found)} versions"
            raise CloudError(http.HTTPStatus.OK, "RESOLVE_COMPONENT_CANDIDATES_BAD_RESPONSE", msg)
        chosen = found[0]
        return Candidate(
            name=str(chosen["componentName"]),
            version=str(chosen["componentVersion"]),
            arn=str(chosen.get("arn") or ""),
            recipe=base64.b64decode(chosen["recipe"]).decode("utf-8"),
        )

    def publish(self, topic: str, payload: Mapping[str, Any]) -> None:
        """Publish of the data plane, in place of MQTT."""
        self._ask("POST", f"/topics/{quote(topic, safe='')}?qos=1", payload)

    def credentials(self) -> dict[str, str]:
        """AssumeRoleWithCertificate, as the credential provider answers it."""
        answer = self._ask("GET", f"/role-aliases/{quote(self._identity.role_alias, safe='')}/credentials")
        return {key: str(value) for key, value in answer["credentials"].items()}

    def download(self, bucket: str, key: str, file: BinaryIO) -> None:
        """GetObject with the role alias's credentials."""
        try:
            self._objects().read_into(file, bucket, key)
        except AwsError as error:
            raise _refused(error, bucket, key) from error

    def interrupt(self) -> None:
        """Break off the long poll."""
        self._polls.interrupt()

    def close(self) -> None:
        """Close all connections."""
        self._polls.close()
        self._calls.close()
        if self._reader is not None:
            self._reader.close()

    def _objects(self) -> ObjectReader:
        if self._reader is None or time.time() >= self._reader_ends - _RENEW_BEFORE:
            try:
                given = self.credentials()
            except CloudError as error:
                msg = (
                    f"the role alias {self._identity.role_alias} gives no credentials: {error.message}; check the role "
                    "alias, the trust policy of its role, and iot:AssumeRoleWithCertificate in the certificate's policy"
                )
                passing = error.status >= http.HTTPStatus.INTERNAL_SERVER_ERROR
                code = "CREDENTIAL_ENDPOINT_SERVER_ERROR" if passing else "CREDENTIAL_ENDPOINT_AUTH_FAILURE"
                raise DeploymentError(msg, code) from error
            if self._reader is not None:
                self._reader.close()
            self._reader = ObjectReader(
                endpoint_url=self._url,
                region=self._identity.region,
                access_key_id=given["accessKeyId"],
                secret_access_key=given["secretAccessKey"],
                session_token=given["sessionToken"],
            )
            ends = datetime.fromisoformat(given["expiration"])
            self._reader_ends = (ends if ends.tzinfo else ends.replace(tzinfo=UTC)).timestamp()
        return self._reader

    def _ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        connection: Connection | None = None,
        timeout: float = _LIMIT,
    ) -> dict[str, Any]:
        headers = {
            "X-Edgewright-Thing": self._identity.thing,
            "X-Edgewright-Certificate": self._identity.certificate_id,
            "Content-Type": "application/json",
        }
        data = None if body is None else json.dumps(body).encode("utf-8")
        status, answer, received = (connection or self._calls).request(method, path, headers, data, timeout)
        return _read(status, answer, received)


def ask(connection: Connection, method: str, path: str, timeout: float) -> dict[str, Any]:
    """Ask one of the sandbox's own paths, without being a device.

    Raises:
        UnreachableError: no answer, or a passing fault.
        CloudError: the server said no.
    """
    status, answer, received = connection.request(method, path, {}, None, timeout + _SLACK)
    return _read(status, answer, received)


def _read(status: int, answer: bytes, headers: http.client.HTTPMessage) -> dict[str, Any]:
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


def _refused(error: AwsError, bucket: str, key: str) -> Exception:
    """What an S3 error means on a device; no answer at all means to try again."""
    family = error.family
    if not error.code or family in {"Throttling", "InternalError"}:
        return UnreachableError(str(error))
    if family == "AccessDenied" or family in {"InvalidClientTokenId", "ExpiredToken"}:
        msg = (
            f"S3 GetObject returns 403 Access denied for s3://{bucket}/{key}: {error.reason}. Ensure the IAM role "
            "associated with the core device has a policy granting s3:GetObject"
        )
        return DeploymentError(msg, *_S3_CODES[403])
    if error.missing or family == "NoSuchBucket":
        msg = f"S3 GetObject returns 404 Resource Not Found for s3://{bucket}/{key}. Ensure the artifact is there"
        return DeploymentError(msg, *_S3_CODES[404])
    return DeploymentError(str(error), "S3_ERROR", "S3_BAD_REQUEST")
