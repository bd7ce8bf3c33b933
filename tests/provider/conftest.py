"""A ring in a sandbox, devices moved by hand, and the provider's resources called as the servicer calls them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pytest

from edgewright.aws.session import Session, Settings
from edgewright.provider.cloud import Cloud
from edgewright.provider.deployment import DeploymentResource
from edgewright.provider.plugin import Context
from edgewright.sandbox.control import Sandbox
from edgewright.sandbox.pytest_plugin import _shared_sandbox, sandbox  # noqa: F401 -- fixtures
from tests.provider.hands import Hands

T = TypeVar("T")
ACCOUNT = "222222222222"
GROUP = "line-inspection-staging-twins"
TARGET = f"arn:aws:iot:eu-west-1:{ACCOUNT}:thinggroup/{GROUP}"
URN = "urn:pulumi:staging::edgewright::edgewright:index:Ring$greengrassv2:index:Deployment::twins"


@dataclass
class Engine:
    """What the engine keeps and shows: calls a resource as the servicer does, and remembers what was said."""

    cloud: Cloud
    project: Path
    urn: str = URN
    target: str = TARGET
    said: list[tuple[str, str]] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    cancelled: asyncio.Event = field(default_factory=asyncio.Event)
    timeout: float | None = None
    runner: asyncio.Runner = field(default_factory=asyncio.Runner)

    def context(self, *, preview: bool = False) -> Context:
        async def log(severity: str, message: str) -> None:
            self.said.append((severity, message))

        async def status(message: str) -> None:
            self.lines.append(message)

        return Context(
            urn=self.urn,
            name=self.urn.rpartition("::")[2],
            preview=preview,
            timeout=self.timeout,
            cancelled=self.cancelled,
            configuration=self.cloud,
            project=self.project,
            seed=b"",
            log=log,
            status=status,
        )

    def run(self, awaitable: Awaitable[T]) -> T:
        async def main() -> T:
            async with asyncio.timeout(60):
                return await awaitable

        return self.runner.run(main())

    # --- the steps of `pulumi up`, `refresh` and `destroy` for one Deployment ------------------------------------

    async def checked(self, components: dict[str, Any], **more: Any) -> dict[str, Any]:
        news = {"targetArn": self.target, "components": components, "wait": {"timeoutSeconds": 30}, **more}
        checked, failures = await DeploymentResource().check(self.context(), {}, news)
        assert failures == ()
        return checked

    def inputs(self, components: dict[str, Any], **more: Any) -> dict[str, Any]:
        return self.run(self.checked(components, **more))

    def create(self, components: dict[str, Any], **more: Any) -> dict[str, Any]:
        return self.run(DeploymentResource().create(self.context(), self.inputs(components, **more))).outputs

    def update(self, outputs: dict[str, Any], components: dict[str, Any], **more: Any) -> dict[str, Any]:
        news = self.inputs(components, **more)
        return self.run(DeploymentResource().update(self.context(), self.target, {}, outputs, news))

    def preview(self, outputs: dict[str, Any], components: dict[str, Any], **more: Any) -> dict[str, Any]:
        news = self.inputs(components, **more)
        return self.run(DeploymentResource().update(self.context(preview=True), self.target, {}, outputs, news))

    def changes(self, outputs: dict[str, Any], components: dict[str, Any], **more: Any) -> set[str]:
        diff = self.run(
            DeploymentResource().diff(self.context(), self.target, {}, outputs, self.inputs(components, **more))
        )
        return set(diff.detailed)

    def read(self, inputs: dict[str, Any], outputs: dict[str, Any]) -> Any:
        return self.run(DeploymentResource().read(self.context(), self.target, inputs, outputs))

    def delete(self, outputs: dict[str, Any]) -> None:
        self.run(DeploymentResource().delete(self.context(), self.target, outputs, outputs))


@pytest.fixture
def cloud(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Cloud:  # noqa: F811 -- the fixture imported above
    """The staging account of a sandbox, as the provider reaches it."""
    for name, value in sandbox.aws_environment().items():
        monkeypatch.setenv(name, value)
    settings = Settings(
        region="eu-west-1", role_arn=f"arn:aws:iam::{ACCOUNT}:role/OrganizationAccountAccessRole", max_attempts=2
    )
    return Cloud(Session(settings), allowed=(ACCOUNT,), poll=0.05, pickup=0.5)


@pytest.fixture
def engine(cloud: Cloud, tmp_path: Path) -> Iterator[Engine]:
    made = Engine(cloud, tmp_path)
    yield made
    made.runner.close()


@pytest.fixture
def hands(sandbox: Sandbox) -> Iterator[Hands]:  # noqa: F811 -- the fixture imported above
    """Core devices that do what a test says; the ring's thing group exists and is empty."""
    sandbox.client("iot", ACCOUNT).create_thing_group(thingGroupName=GROUP)
    with Hands(sandbox, ACCOUNT, GROUP) as made:
        yield made
