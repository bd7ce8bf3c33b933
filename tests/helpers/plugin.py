"""The provider's executable as the engine runs it, spoken to directly: many resources at once, and what it costs."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from edgewright.provider.plugin.engine import OPTIONS
from edgewright.provider.plugin.values import decode, encode

EXECUTABLE = Path("plugins") / "greengrassv2" / "pulumi-resource-greengrassv2"
_TYPE = "greengrassv2:index:Deployment"


@dataclass
class Made:
    """A resource as the engine remembers it."""

    urn: str
    id: str
    inputs: dict[str, Any]
    outputs: dict[str, Any]


class PluginProcess:
    """A running plugin."""

    def __init__(self, pid: int, stub: Any) -> None:
        self.pid = pid
        self._stub = stub

    def configure(self, settings: Mapping[str, Any]) -> None:
        """Configure it as a provider instance."""
        self._stub.Configure(provider_pb2.ConfigureRequest(args=encode(settings)), timeout=60)

    def create(self, wanted: Mapping[str, Mapping[str, Any]], seconds: float = 600) -> list[Made]:
        """Check and create all of ``wanted`` (inputs by name) at once."""
        urns = {name: f"urn:pulumi:dev::bench::{_TYPE}::{name}" for name in wanted}
        checks = {
            name: self._stub.Check.future(
                provider_pb2.CheckRequest(urn=urns[name], olds=encode({}), news=encode(inputs)), timeout=seconds
            )
            for name, inputs in wanted.items()
        }
        inputs = {}
        for name, check in checks.items():
            answer = check.result()
            assert not answer.failures, answer.failures
            inputs[name] = answer.inputs
        creates = {
            name: self._stub.Create.future(
                provider_pb2.CreateRequest(urn=urns[name], properties=given), timeout=seconds
            )
            for name, given in inputs.items()
        }
        made = []
        for name, create in creates.items():
            answer = create.result()
            made.append(Made(urns[name], answer.id, decode(inputs[name])[0], decode(answer.properties)[0]))
        return made

    def changes(self, made: Sequence[Made], seconds: float = 600) -> list[str]:
        """Return the resources of which a diff against their own inputs shows a change."""
        asked = [
            self._stub.Diff.future(
                provider_pb2.DiffRequest(
                    id=each.id,
                    urn=each.urn,
                    olds=encode(each.outputs),
                    news=encode(each.inputs),
                    old_inputs=encode(each.inputs),
                ),
                timeout=seconds,
            )
            for each in made
        ]
        found = [answer.result().changes for answer in asked]
        return [
            each.urn for each, change in zip(made, found, strict=True) if change != provider_pb2.DiffResponse.DIFF_NONE
        ]

    def read(self, made: Sequence[Made], seconds: float = 600) -> list[dict[str, Any]]:
        """Refresh all at once; returns their outputs."""
        asked = [
            self._stub.Read.future(
                provider_pb2.ReadRequest(
                    id=each.id, urn=each.urn, properties=encode(each.outputs), inputs=encode(each.inputs)
                ),
                timeout=seconds,
            )
            for each in made
        ]
        return [decode(answer.result().properties)[0] for answer in asked]

    def usage(self) -> dict[str, int]:
        """Return ``peak`` (MiB of memory, the most it ever had) and ``threads``."""
        lines = Path(f"/proc/{self.pid}/status").read_text(encoding="utf-8").splitlines()
        fields = dict(line.split(":", 1) for line in lines)
        return {"peak": int(fields["VmHWM"].split()[0]) // 1024, "threads": int(fields["Threads"])}


@contextmanager
def running(root: Path, environment: Mapping[str, str]) -> Iterator[PluginProcess]:
    """Start the executable of the checkout at ``root``; it is stopped afterwards."""
    process = subprocess.Popen(
        [str(root / EXECUTABLE)],
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        port = process.stdout.readline().strip()
        with grpc.insecure_channel(f"127.0.0.1:{port}", options=OPTIONS) as channel:
            yield PluginProcess(process.pid, provider_pb2_grpc.ResourceProviderStub(channel))
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
