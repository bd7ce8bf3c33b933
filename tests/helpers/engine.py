"""A Pulumi program without an engine: every registration is recorded, and nothing leaks into the next test.

Each recording has its own event loop, closed afterwards, and puts Pulumi's settings back; otherwise what one test
queued would run within the next one.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pulumi
from pulumi.runtime import mocks, settings
from pulumi.runtime.config import set_all_config
from pulumi.runtime.rpc import deserialize_properties
from pulumi.runtime.stack import run_in_stack


@dataclass(frozen=True)
class Recorded:
    """One registration, as the engine would have got it."""

    typ: str
    name: str
    urn: str
    parent: str
    provider: str
    custom: bool
    inputs: Mapping[str, Any]
    depends_on: frozenset[str]
    retain_on_delete: bool

    @property
    def identity(self) -> tuple[str, str]:
        return self.typ, self.name

    @property
    def content(self) -> dict[str, Any]:
        """All that would make the engine see a change."""
        return {
            "inputs": dict(self.inputs),
            "parent": self.parent,
            "provider": self.provider,
            "depends_on": sorted(self.depends_on),
            "retain_on_delete": self.retain_on_delete,
        }


@dataclass(frozen=True)
class Recording:
    """All registrations of a program in order, what it exported, and what it warned of."""

    resources: list[Recorded] = field(default_factory=list)
    exports: dict[str, Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    registered_outputs: list[str] = field(default_factory=list)
    """URNs of the components that registered their outputs."""

    def of(self, typ: str) -> list[Recorded]:
        """Return the resources of a type; ``aws:iot/thing:Thing`` or only its last word."""
        return [each for each in self.resources if each.typ == typ or each.typ.rpartition(":")[2] == typ]

    def one(self, typ: str, name: str) -> Recorded:
        """Return the one resource of that type and name."""
        (found,) = [each for each in self.of(typ) if each.name == name]
        return found

    @property
    def contents(self) -> dict[tuple[str, str], dict[str, Any]]:
        """What the engine would compare, by type and name."""
        return {each.identity: each.content for each in self.resources}


class _Mocks(mocks.Mocks):
    """Resources come out as they went in, with the ARN that AWS would have made up."""

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        name = args.inputs.get("name") or args.inputs.get("bucket") or args.name
        made = {"arn": f"arn:aws:mock:::{args.typ}/{name}", "qualifiedArn": f"arn:aws:mock:::{args.typ}/{name}:1"}
        if args.typ == "aws:kms/key:Key":
            made["keyId"] = f"key-of-{args.name}"
        if args.typ == "aws:sqs/queue:Queue":
            made["url"] = f"https://sqs.mock/{name}"
        if args.typ == "greengrassv2:index:Deployment":
            made["deploymentId"] = f"deployment-of-{args.inputs['targetArn']}"
        return f"{args.name}-id", {**args.inputs, **made}

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        msg = f"the program asks {args.token} of AWS, so it does not preview alone"
        raise AssertionError(msg)


@contextmanager
def _own_loop() -> Iterator[None]:
    """Give the worker thread a loop: the mock monitor would open one and leave it open."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        yield
    finally:
        loop.close()
        asyncio.set_event_loop(None)


class _Monitor(mocks.MockMonitor):
    def __init__(self, recording: Recording) -> None:
        super().__init__(_Mocks())
        self._recording = recording

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 -- the name of the RPC
        if request.type != "pulumi:pulumi:Stack":
            self._recording.resources.append(
                Recorded(
                    typ=request.type,
                    name=request.name,
                    urn=self.make_urn(request.parent, request.type, request.name),
                    parent=request.parent,
                    provider=request.provider,
                    custom=request.custom,
                    inputs=deserialize_properties(request.object),
                    depends_on=frozenset(request.dependencies),
                    retain_on_delete=request.retainOnDelete,
                )
            )
            with _own_loop():
                return super().RegisterResource(request)
        return super().RegisterResource(request)

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802 -- the name of the RPC
        if request.urn.split("::")[2] == "pulumi:pulumi:Stack":
            self._recording.exports.update(deserialize_properties(request.outputs))
        else:
            self._recording.registered_outputs.append(request.urn)
        return super().RegisterResourceOutputs(request)


class _Engine(mocks.MockEngine):
    def __init__(self, recording: Recording) -> None:
        super().__init__(None)
        self._recording = recording

    def Log(self, request: Any) -> None:  # noqa: N802 -- the name of the RPC
        if request.severity >= 2:
            self._recording.warnings.append(request.message)


def record(program: Callable[[], Any], *, stack: str = "prod", config: Mapping[str, str] | None = None) -> Recording:
    """Run a Pulumi program and return what it registered.

    Args:
        program: Declares resources.
        stack: Name of the stack.
        config: The stack's configuration, JSON for what is no text.

    Raises:
        Exception: whatever the program raised.
    """
    return contextvars.copy_context().run(_record, program, stack, dict(config or {}))


def _record(program: Callable[[], Any], stack: str, config: dict[str, str]) -> Recording:
    recording = Recording()
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        settings.configure(
            settings.Settings(
                project="edgewright",
                stack=stack,
                dry_run=False,
                monitor=_Monitor(recording),  # type: ignore[arg-type]
                engine=_Engine(recording),  # type: ignore[arg-type]
            )
        )
        set_all_config(config)
        loop.run_until_complete(run_in_stack(program))
    finally:
        settings.reset_options()
        set_all_config({})
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()
        asyncio.set_event_loop(None)
    return recording


def subclasses(base: type[pulumi.ComponentResource]) -> list[type[pulumi.ComponentResource]]:
    """Return every class below ``base``, sorted by name."""
    found: set[type[pulumi.ComponentResource]] = set()
    rest = [base]
    while rest:
        below = [each for each in rest.pop().__subclasses__() if each not in found]
        found.update(below)
        rest += below
    return sorted(found, key=lambda each: each.__name__)
