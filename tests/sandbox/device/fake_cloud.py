"""A cloud in memory, for tests of a device without a server: jobs, a shadow, components, groups and objects."""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import threading
from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO

from edgewright.sandbox.device.cloud import Candidate, CloudError, JobExecution, Shadow, UnreachableError
from edgewright.sandbox.device.failures import DeploymentError
from edgewright.versions import Range, newest_first

ACCOUNT, REGION, THING = "222222222222", "eu-west-1", "cam-001"
_ENDED = {"SUCCEEDED", "FAILED", "REJECTED"}


class FakeCloud:
    """Answers as the service does; ``reachable`` and ``refusals`` make it fail."""

    def __init__(self, *groups: str) -> None:
        self.groups = list(groups)
        self.jobs: dict[str, dict[str, Any]] = {}
        self.shadow_document: dict[str, Any] | None = None
        self.reported: list[dict[str, Any]] = []
        self.recipes: dict[str, dict[str, dict[str, Any]]] = {}
        self.objects: dict[tuple[str, str], bytes] = {}
        self.whole: dict[str, dict[str, Any]] = {}
        """Components of deployments whose jobs carry a part of the document, by deployment."""
        self.messages: list[dict[str, Any]] = []
        self.downloads: list[str] = []
        self.heartbeats: list[tuple[str, str]] = []
        self.resolutions: list[tuple[str, str | None, dict[str, str]]] = []
        self.refusals: dict[str, CloudError] = {}
        self.reachable = True
        self.polls = 0
        self._sequence = 0
        self._closed = False
        self._interrupted = False
        self._numbers = itertools.count(1)
        self.changed = threading.Condition()

    # What a test does.

    def component(
        self,
        name: str,
        version: str,
        lifecycle: Mapping[str, Any] | None = None,
        *,
        needs: Mapping[str, Any] | None = None,
        defaults: Mapping[str, Any] | None = None,
        files: Mapping[str, bytes] | None = None,
        images: Sequence[str] = (),
        kind: str = "aws.greengrass.generic",
        artifact: Mapping[str, Any] | None = None,
        platform: Mapping[str, str] | None = None,
    ) -> None:
        """Publish a component version, with artifacts of the given contents."""
        artifacts: list[dict[str, Any]] = [{"Uri": f"docker:{image}"} for image in images]
        for file, data in (files or {}).items():
            key = f"components/{name}/{version}/{file}"
            self.objects["artifacts", key] = data
            digest = base64.b64encode(hashlib.sha256(data).digest()).decode()
            uri = f"s3://artifacts/{key}"
            artifacts.append({"Uri": uri, "Digest": digest, "Algorithm": "SHA-256", **(artifact or {})})
        manifest = {
            "Platform": dict(platform or {"os": "linux"}),
            "Lifecycle": dict(lifecycle or {}),
            "Artifacts": artifacts,
        }
        self.recipes.setdefault(name, {})[version] = {
            "RecipeFormatVersion": "2020-01-25",
            "ComponentName": name,
            "ComponentVersion": version,
            "ComponentType": kind,
            "ComponentConfiguration": {"DefaultConfiguration": dict(defaults or {})},
            "ComponentDependencies": {
                key: value if isinstance(value, dict) else {"VersionRequirement": value}
                for key, value in (needs or {}).items()
            },
            "Manifests": [manifest],
        }

    def deploy(self, target: str, components: Mapping[str, Any], **more: Any) -> str:
        """Create a deployment to ``thinggroup/...`` or ``thing/...``; returns the job's id, or the deployment's."""
        number = next(self._numbers)
        document = {
            "deploymentId": f"deployment-{number}",
            "deploymentName": f"number {number}",
            "creationTimestamp": 1_700_000_000_000 + number,
            "targetArn": f"arn:aws:iot:{REGION}:{ACCOUNT}:{target}",
            "configurationArn": f"arn:aws:greengrass:{REGION}:{ACCOUNT}:configuration:{target}:{number}",
            "components": {
                name: {"version": value} if isinstance(value, str) else dict(value)
                for name, value in components.items()
            },
            "deploymentPolicies": {},
            **more,
        }
        with self.changed:
            if target.startswith("thing/"):
                self.shadow_document = document
                job = document["deploymentId"]
            else:
                job = f"job-{number}"
                self.jobs[job] = {"status": "QUEUED", "details": {}, "document": document, "history": ["QUEUED"]}
            self._news()
        return job

    def end_of(self, job: str, timeout: float = 20.0) -> tuple[str, dict[str, str]]:
        """Wait for a job's end; returns its status and details."""
        with self.changed:
            assert self.changed.wait_for(lambda: self.jobs[job]["status"] in _ENDED, timeout), self.jobs[job]
            return self.jobs[job]["status"], self.jobs[job]["details"]

    def message(self, condition: Any, timeout: float = 20.0) -> dict[str, Any]:
        """Wait for the first fleet status message for which ``condition`` holds."""

        def found() -> dict[str, Any] | None:
            return next((message for message in self.messages if condition(message)), None)

        with self.changed:
            assert self.changed.wait_for(found, timeout), self.messages
            return found()  # type: ignore[return-value]

    def set_reachable(self, *, reachable: bool) -> None:
        with self.changed:
            self.reachable = reachable
            self.changed.notify_all()

    def reopen(self) -> None:
        """Let a device that starts again use this cloud."""
        self._closed = self._interrupted = False

    # What a device does.

    def _news(self) -> None:
        self._sequence += 1
        self.changed.notify_all()

    def _enter(self, call: str) -> None:
        if self._closed or not self.reachable:
            raise UnreachableError(call)
        if call in self.refusals:
            raise self.refusals[call]

    def wait_for_news(self, since: int, timeout: float) -> int:
        with self.changed:
            self.polls += 1
            self._interrupted = False
            self.changed.notify_all()
            self._enter("wait_for_news")
            self.changed.wait_for(
                lambda: self._sequence > since or self._closed or self._interrupted or not self.reachable, timeout
            )
            if self._interrupted:
                msg = "interrupted"
                raise UnreachableError(msg)
            self._enter("wait_for_news")
            return self._sequence

    def next_job(self) -> JobExecution | None:
        with self.changed:
            self._enter("next_job")
            for status in ("IN_PROGRESS", "QUEUED"):
                for job_id, job in self.jobs.items():
                    if job["status"] == status:
                        job["status"] = "IN_PROGRESS"
                        job["history"].append("IN_PROGRESS")
                        self.changed.notify_all()
                        return JobExecution(job_id, json.loads(json.dumps(job["document"])))
            return None

    def update_job(self, job_id: str, status: str, details: Mapping[str, str]) -> None:
        with self.changed:
            self._enter("update_job")
            if self.jobs[job_id]["status"] != "IN_PROGRESS":
                raise CloudError(409, "InvalidStateTransition", "it has ended")
            self.jobs[job_id].update(status=status, details=dict(details))
            self.jobs[job_id]["history"].append(status)
            self._news()

    def shadow(self) -> Shadow | None:
        with self.changed:
            self._enter("shadow")
            if self.shadow_document is None:
                return None
            return Shadow({"fleetConfig": json.dumps(self.shadow_document)}, {}, 1)

    def update_shadow(self, reported: Mapping[str, Any]) -> None:
        with self.changed:
            self._enter("update_shadow")
            self.reported.append(dict(reported))
            self.changed.notify_all()

    def configuration(self, deployment_id: str) -> Any:
        with self.changed:
            self._enter("configuration")
            found = [job["document"] for job in self.jobs.values() if job["document"]["deploymentId"] == deployment_id]
            return json.loads(json.dumps({**found[0], "components": self.whole[deployment_id]}))

    def thing_groups(self) -> list[str]:
        self._enter("thing_groups")
        return list(self.groups)

    def resolve(
        self, name: str, local: str | None, requirements: Mapping[str, str], platform: Mapping[str, str]
    ) -> Candidate | None:
        del platform
        self._enter("resolve")
        self.resolutions.append((name, local, dict(requirements)))
        for version in newest_first(self.recipes.get(name, {})):
            if all(Range.parse(text).allows(version) for text in requirements.values()):
                recipe = json.dumps(self.recipes[name][version])
                return Candidate(name, version, f"arn:aws:greengrass:{REGION}:{ACCOUNT}:components:{name}", recipe)
        return None

    def publish(self, topic: str, payload: Mapping[str, Any]) -> None:
        with self.changed:
            self._enter("publish")
            assert topic == f"$aws/things/{THING}/greengrassv2/health/json"
            self.messages.append(json.loads(json.dumps(payload)))
            self.changed.notify_all()

    def credentials(self) -> dict[str, str]:
        self._enter("credentials")
        return {}

    def download(self, bucket: str, key: str, file: BinaryIO) -> None:
        self._enter("download")
        self.downloads.append(key)
        if (bucket, key) not in self.objects:
            msg = "S3 returns 403"
            raise DeploymentError(msg, "S3_ERROR", "S3_ACCESS_DENIED", "S3_GET_OBJECT_ACCESS_DENIED")
        file.write(self.objects[bucket, key])

    def component_artifact(self, component: str, version: str, name: str, file: BinaryIO) -> None:
        self._enter("component_artifact")
        self.downloads.append(name)
        file.write(self.objects.get((component, f"{version}/{name}"), b""))

    def edge_heartbeat(self, fleet: str, version: str) -> None:
        self._enter("edge_heartbeat")
        self.heartbeats.append((fleet, version))

    def interrupt(self) -> None:
        with self.changed:
            self._interrupted = True
            self.changed.notify_all()

    def close(self) -> None:
        with self.changed:
            self._closed = True
            self.changed.notify_all()
