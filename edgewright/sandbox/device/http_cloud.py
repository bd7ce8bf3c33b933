"""Asking over HTTP: AWS's own wire forms on the sandbox's port, as one device.

IoT jobs data plane, shadows, publish, the Greengrass data plane and the credential provider. Two headers stand for
mutual TLS. S3 is read with credentials that the role alias gives.
"""

from __future__ import annotations

import base64
import http
import json
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, BinaryIO, Final
from urllib.parse import quote, urlencode

from edgewright.aws.edge_agent import AgentClient
from edgewright.aws.errors import AwsError
from edgewright.aws.objects import ObjectReader
from edgewright.sandbox.device.cloud import Candidate, CloudError, Identity, JobExecution, Shadow, UnreachableError
from edgewright.sandbox.device.connection import SLACK, Connection, read
from edgewright.sandbox.device.failures import DeploymentError

SHADOW: Final = "AWSManagedGreengrassV2Deployment"
"""The named shadow that brings deployments of a single thing."""
_LIMIT: Final = 30.0  # seconds for a call that answers at once
_RENEW_BEFORE: Final = 300.0  # seconds before their end at which credentials are renewed
_S3_CODES: Final = {
    403: ("S3_ERROR", "S3_ACCESS_DENIED", "S3_GET_OBJECT_ACCESS_DENIED"),
    404: ("S3_ERROR", "S3_RESOURCE_NOT_FOUND", "S3_GET_OBJECT_RESOURCE_NOT_FOUND"),
}


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
        self._agent: AgentClient | None = None
        self._agent_ends = 0.0
        self._thing = quote(identity.thing, safe="")

    def wait_for_news(self, since: int, timeout: float) -> int:
        """Long poll of the sandbox, which stands for MQTT's ``notify-next``."""
        path = f"/_edgewright/devices/{self._identity.account}/{self._thing}/next"
        query = urlencode({"since": since, "timeout": timeout})
        answer = self._ask("GET", f"{path}?{query}", connection=self._polls, timeout=timeout + SLACK)
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

    def configuration(self, deployment_id: str) -> Any:
        """GetDeploymentConfiguration; AWS answers with a presigned URL of the document, the sandbox with itself."""
        path = f"/greengrass/v2/coreDevices/{self._thing}/deployments/{quote(deployment_id, safe='')}/configuration"
        return self._ask("GET", path)

    def thing_groups(self) -> list[str]:
        """ListThingGroupsForCoreDevice: a device belongs to the parents of its groups too (``ThingGroupHelper``)."""
        answer = self._ask("GET", f"/greengrass/v2/coreDevices/{self._thing}/thingGroups")
        found = ([*(group.get("rootToParentThingGroups") or ()), group] for group in answer.get("thingGroups") or ())
        return list(dict.fromkeys(str(group["thingGroupName"]) for groups in found for group in groups))

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

    def component_artifact(self, component: str, version: str, name: str, file: BinaryIO) -> None:
        """GetComponentVersionArtifact; AWS answers with a presigned URL of the file, the sandbox with the file."""
        owner = f"arn:aws:greengrass:{self._identity.region}:{self._identity.account}"
        arn = quote(f"{owner}:components:{component}:versions:{version}", safe="")
        path = f"/greengrass/v2/components/{arn}/artifacts/{quote(name, safe='')}"
        status, data, received = self._calls.request("GET", path, self._headers(), None, _LIMIT)
        if status != http.HTTPStatus.OK:
            read(status, data, received)
        file.write(data)

    def edge_heartbeat(self, fleet: str, version: str) -> None:
        """GetDeviceRegistration and SendHeartbeat with the role alias's credentials."""
        if self._agent is None or time.time() >= self._agent_ends - _RENEW_BEFORE:
            given = self.credentials()
            if self._agent is not None:
                self._agent.close()
            self._agent = AgentClient(**self._with(given))
            self._agent_ends = _end_of(given)
        try:
            self._agent.beat(fleet, self._identity.thing, version)
        except AwsError as error:
            raise CloudError(http.HTTPStatus.BAD_REQUEST, error.code, str(error)) from error

    def interrupt(self) -> None:
        """Break off the long poll."""
        self._polls.interrupt()

    def close(self) -> None:
        """Close all connections."""
        self._polls.close()
        self._calls.close()
        if self._reader is not None:
            self._reader.close()
        if self._agent is not None:
            self._agent.close()

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
            self._reader = ObjectReader(**self._with(given))
            self._reader_ends = _end_of(given)
        return self._reader

    def _with(self, given: Mapping[str, str]) -> dict[str, str]:
        """What a client of AWS is made with."""
        return {
            "endpoint_url": self._url,
            "region": self._identity.region,
            "access_key_id": given["accessKeyId"],
            "secret_access_key": given["secretAccessKey"],
            "session_token": given["sessionToken"],
        }

    def _ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        connection: Connection | None = None,
        timeout: float = _LIMIT,
    ) -> dict[str, Any]:
        data = None if body is None else json.dumps(body).encode("utf-8")
        status, answer, received = (connection or self._calls).request(method, path, self._headers(), data, timeout)
        return read(status, answer, received)

    def _headers(self) -> dict[str, str]:
        return {
            "X-Edgewright-Thing": self._identity.thing,
            "X-Edgewright-Certificate": self._identity.certificate_id,
            "Content-Type": "application/json",
        }


def _end_of(given: Mapping[str, str]) -> float:
    """When credentials end, in seconds since 1970."""
    ends = datetime.fromisoformat(given["expiration"])
    return (ends if ends.tzinfo else ends.replace(tzinfo=UTC)).timestamp()


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
