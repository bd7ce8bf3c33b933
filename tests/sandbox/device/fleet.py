"""A small fleet on a real sandbox: bucket, role, alias, group, devices, and the sample components of the catalog."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from edgewright.catalog.catalog import Catalog
from edgewright.documents import naming
from edgewright.sandbox.control import Sandbox

ROOT = Path(__file__).resolve().parents[3]
ENDED = ("SUCCEEDED", "FAILED", "REJECTED")
BUCKET = "acme-artifacts-of-this-test"


class Fleet:
    """What a stack would have made, made by hand, in the account of staging."""

    def __init__(self, sandbox: Sandbox, group: str = "main") -> None:
        self.sandbox = sandbox
        self.account = sandbox.account_id("staging")
        self.iot = sandbox.client("iot", "staging")
        self.greengrass = sandbox.client("greengrassv2", "staging")
        self.group = naming.thing_group_arn(sandbox.region, self.account, group)
        self.iot.create_thing_group(thingGroupName=group)
        self._group = group
        self._make_role()

    def _make_role(self) -> None:
        iam, s3 = self.sandbox.client("iam", "staging"), self.sandbox.client("s3", "staging")
        role = naming.token_exchange_role("line-inspection", "staging")
        trust = {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "credentials.iot.amazonaws.com"},
                    "Action": "sts:AssumeRole",
                }
            ],
        }
        read = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{BUCKET}/*"}
        iam.create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps(trust))
        policy = {"Version": "2012-10-17", "Statement": [read]}
        iam.put_role_policy(RoleName=role, PolicyName="artifacts", PolicyDocument=json.dumps(policy))
        self.iot.create_role_alias(
            roleAlias=naming.role_alias("line-inspection", "staging"), roleArn=naming.role_arn(self.account, role)
        )
        self.iot.create_policy(
            policyName=naming.device_policy("line-inspection", "staging"),
            policyDocument=json.dumps(
                {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
            ),
        )
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": self.sandbox.region})

    def add(self, thing: str, **knobs: Any) -> None:
        """Make a device and let it join the group."""
        self.sandbox.add_device(thing, fleet="line-inspection", stage="staging", **knobs)
        self.iot.add_thing_to_thing_group(thingGroupName=self._group, thingName=thing)

    def publish(self, name: str, version: str, root: Path = ROOT) -> None:
        """Publish a version of the sample catalog, or of another project's, as the provider does."""
        found = Catalog.load(root).get(name, version)
        assert found is not None
        s3 = self.sandbox.client("s3", "staging")

        def uri(artifact: Any) -> str:
            key = naming.artifact_key(name, artifact.sha256, artifact.file)
            s3.put_object(Bucket=BUCKET, Key=key, Body=artifact.path.read_bytes())
            return f"s3://{BUCKET}/{key}"

        recipe = found.rendered_recipe(uri)
        self.greengrass.create_component_version(inlineRecipe=json.dumps(recipe).encode())

    def component(self, name: str, version: str, needs: Mapping[str, str] | None = None, **lifecycle: Any) -> None:
        """Publish a component of scripts only."""
        recipe = {
            "RecipeFormatVersion": "2020-01-25",
            "ComponentName": name,
            "ComponentVersion": version,
            "ComponentDependencies": {other: {"VersionRequirement": text} for other, text in (needs or {}).items()},
            "Manifests": [{"Platform": {"os": "linux"}, "Lifecycle": lifecycle}],
        }
        self.greengrass.create_component_version(inlineRecipe=json.dumps(recipe).encode())

    def deploy(self, components: Mapping[str, Any], target: str | None = None, **more: Any) -> str:
        """Create a deployment; returns its job's id (empty for a thing)."""
        answer = self.greengrass.create_deployment(
            targetArn=target or self.group,
            components={
                name: {"componentVersion": value} if isinstance(value, str) else value
                for name, value in components.items()
            },
            **more,
        )
        return str(answer.get("iotJobId") or "")

    def ends(self, job: str, things: list[str]) -> dict[str, str]:
        """Wait until the job has ended on all things; returns their states."""

        def states() -> dict[str, str]:
            return {
                thing: self.iot.describe_job_execution(jobId=job, thingName=thing)["execution"]["status"]
                for thing in things
            }

        assert until(lambda: set(states().values()) <= set(ENDED)), self.story(things)
        return states()

    def installed(self, thing: str) -> dict[str, tuple[str, str]]:
        """Component -> version and state, as the cloud knows them."""
        found = self.greengrass.list_installed_components(coreDeviceThingName=thing, topologyFilter="ALL")
        return {
            item["componentName"]: (item["componentVersion"], item["lifecycleState"])
            for item in found["installedComponents"]
        }

    def work(self, thing: str, component: str) -> Path:
        """A component's working folder."""
        return self.sandbox.device_directory(thing) / "work" / component

    def story(self, things: list[str]) -> str:
        """The logs, for a test that fails."""
        logs = [
            (thing, log)
            for thing in things
            for log in sorted((self.sandbox.device_directory(thing) / "logs").glob("*.log"))
        ]
        return "\n".join(
            f"--- {thing} {log.name}\n{log.read_text(encoding='utf-8', errors='replace')[-3000:]}"
            for thing, log in logs
        )


def until(condition: Callable[[], bool], seconds: float = 60.0) -> bool:
    """Wait for something that only looking can tell."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return condition()
