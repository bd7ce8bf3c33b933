"""The cloud as a device sees it: nothing of it while the device is offline, and what it tells may be late."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, BinaryIO, TypeVar

from edgewright.sandbox.device.cloud import Candidate, Cloud, JobExecution, Shadow, UnreachableError

Answer = TypeVar("Answer")


class Gate:
    """Passes everything on, or nothing.

    Args:
        cloud: the cloud behind it.
        offline: whether the device is offline now.
        delay: waits before something is told, as long as reports are late now.
    """

    def __init__(self, cloud: Cloud, offline: Callable[[], bool], delay: Callable[[], None] = lambda: None) -> None:
        self._cloud = cloud
        self._offline = offline
        self._delay = delay

    def _tell(self, say: Callable[[], Answer]) -> Answer:
        self._delay()
        return self._through(say)

    def _through(self, ask: Callable[[], Answer]) -> Answer:
        if self._offline():
            msg = "the device is offline"
            raise UnreachableError(msg)
        answer = ask()
        if self._offline():  # what arrived meanwhile never did
            msg = "the device went offline"
            raise UnreachableError(msg)
        return answer

    def wait_for_news(self, since: int, timeout: float) -> int:
        """See `Cloud`."""
        return self._through(lambda: self._cloud.wait_for_news(since, timeout))

    def next_job(self) -> JobExecution | None:
        """See `Cloud`."""
        return self._through(self._cloud.next_job)

    def update_job(self, job_id: str, status: str, details: Mapping[str, str]) -> None:
        """See `Cloud`."""
        self._tell(lambda: self._cloud.update_job(job_id, status, details))

    def shadow(self) -> Shadow | None:
        """See `Cloud`."""
        return self._through(self._cloud.shadow)

    def update_shadow(self, reported: Mapping[str, Any]) -> None:
        """See `Cloud`."""
        self._tell(lambda: self._cloud.update_shadow(reported))

    def configuration(self, deployment_id: str) -> Any:
        """See `Cloud`."""
        return self._through(lambda: self._cloud.configuration(deployment_id))

    def thing_groups(self) -> list[str]:
        """See `Cloud`."""
        return self._through(self._cloud.thing_groups)

    def resolve(
        self, name: str, local: str | None, requirements: Mapping[str, str], platform: Mapping[str, str]
    ) -> Candidate | None:
        """See `Cloud`."""
        return self._through(lambda: self._cloud.resolve(name, local, requirements, platform))

    def publish(self, topic: str, payload: Mapping[str, Any]) -> None:
        """See `Cloud`."""
        self._tell(lambda: self._cloud.publish(topic, payload))

    def credentials(self) -> dict[str, str]:
        """See `Cloud`."""
        return self._through(self._cloud.credentials)

    def download(self, bucket: str, key: str, file: BinaryIO) -> None:
        """See `Cloud`."""
        self._through(lambda: self._cloud.download(bucket, key, file))

    def component_artifact(self, component: str, version: str, name: str, file: BinaryIO) -> None:
        """See `Cloud`."""
        self._through(lambda: self._cloud.component_artifact(component, version, name, file))

    def edge_heartbeat(self, fleet: str, version: str) -> None:
        """See `Cloud`."""
        self._through(lambda: self._cloud.edge_heartbeat(fleet, version))

    def interrupt(self) -> None:
        """See `Cloud`."""
        self._cloud.interrupt()

    def close(self) -> None:
        """See `Cloud`."""
        self._cloud.close()
