"""What a core device asks of the cloud: the whole of it, so that tests can stand something else behind a device."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO, Protocol


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

    def configuration(self, deployment_id: str) -> Any:
        """The whole document of a deployment that was too large for its job or shadow."""

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

    def component_artifact(self, component: str, version: str, name: str, file: BinaryIO) -> None:
        """Write an artifact that the service itself keeps into ``file``."""

    def edge_heartbeat(self, fleet: str, version: str) -> None:
        """Find the device's registration with SageMaker Edge Manager, and send a heartbeat of its agent."""

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
