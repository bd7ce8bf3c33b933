"""Resource types of the stand-in within the test's process, against a sandbox."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from edgewright.aws.session import session
from edgewright.provider.plugin import Context, Created, Diff, Failure, Read
from edgewright.sandbox.control import Sandbox
from edgewright.standin import configuration
from edgewright.standin.configuration import Account
from edgewright.standin.resource import StandIn
from edgewright.standin.served import TYPES

SEED = bytes(range(32))
Values = dict[str, Any]


@dataclass
class Hand:
    """Calls a resource type as the shell does, without an engine."""

    account: Account
    said: list[str] = field(default_factory=list)

    def check(
        self, token: str, news: Values, olds: Values | None = None, name: str = "r"
    ) -> tuple[Values, list[Failure]]:
        inputs, failures = asyncio.run(StandIn(TYPES[token]).check(self._context(name), olds or {}, news))
        return inputs, list(failures)

    def inputs(self, token: str, news: Values, olds: Values | None = None, name: str = "r") -> Values:
        """Check inputs that are good."""
        inputs, failures = self.check(token, news, olds, name)
        assert failures == []
        return inputs

    def diff(self, token: str, olds: tuple[Values, Values], news: Values) -> Diff:
        return asyncio.run(StandIn(TYPES[token]).diff(self._context(), "id", olds[0], olds[1], news))

    def create(self, token: str, inputs: Values, *, preview: bool = False) -> Created:
        return asyncio.run(StandIn(TYPES[token]).create(self._context(preview=preview), inputs))

    def read(
        self, token: str, identity: str, inputs: Values | None = None, outputs: Values | None = None
    ) -> Read | None:
        return asyncio.run(StandIn(TYPES[token]).read(self._context(), identity, inputs or {}, outputs or {}))

    def update(
        self, token: str, identity: str, olds: tuple[Values, Values], news: Values, *, preview: bool = False
    ) -> Values:
        context = self._context(preview=preview)
        return asyncio.run(StandIn(TYPES[token]).update(context, identity, olds[0], olds[1], news))

    def delete(self, token: str, identity: str, olds: tuple[Values, Values]) -> None:
        asyncio.run(StandIn(TYPES[token]).delete(self._context(), identity, olds[0], olds[1]))

    def _context(self, name: str = "r", *, preview: bool = False) -> Context:
        async def log(severity: str, message: str) -> None:
            self.said.append(f"{severity}: {message}")

        async def status(message: str) -> None:
            self.said.append(message)

        return Context(
            urn=f"urn:pulumi:dev::shop::aws::{name}",
            name=name,
            preview=preview,
            timeout=None,
            cancelled=asyncio.Event(),
            configuration=self.account,
            project=Path(),
            seed=SEED,
            log=log,
            status=status,
        )


@pytest.fixture
def offline() -> Hand:
    """A provider whose sandbox is not there: whatever asks AWS fails."""
    return Hand(configuration.configure({"region": "eu-west-1"}, {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}))


@pytest.fixture
def configured(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Callable[[Mapping[str, str]], Hand]:
    """A provider with a configuration of the test's own, as the administrator of the tooling account."""
    environment = sandbox.aws_environment()
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    def configure(values: Mapping[str, str]) -> Hand:
        if "assumeRoles" in values:
            # The sandbox was emptied since, and knows nothing of the sessions whose credentials are kept.
            session.cache_clear()
        return Hand(configuration.configure(values, environment))

    return configure


@pytest.fixture
def hand(configured: Callable[[Mapping[str, str]], Hand]) -> Hand:
    """A provider in the tooling account."""
    return configured({"region": "eu-west-1"})
