"""A plugin process as the engine sees it: started with an engine's address, asked over gRPC.

The same for the stand-in and for a plugin with the real provider's logic, so that their answers can be compared.
"""
# ruff: noqa: N802, ARG002 -- names and signatures of gRPC services

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from concurrent import futures
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import empty_pb2, json_format
from pulumi.runtime.proto import engine_pb2_grpc, plugin_pb2, provider_pb2, provider_pb2_grpc

from edgewright.provider.plugin.values import decode, encode

PROJECT = Path(__file__).resolve().parents[2]
STANDIN = PROJECT / "plugins" / "aws-standin" / "pulumi-resource-aws"
SEED = bytes(range(32))
Values = dict[str, Any]


@dataclass(frozen=True)
class Diffed:
    """What a plugin said of a change."""

    changes: bool
    kinds: Mapping[str, str]
    replaces: frozenset[str]
    delete_before_replace: bool


class Log(engine_pb2_grpc.EngineServicer):
    """The engine's side: keeps what plugins say."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def Log(self, request: Any, context: Any) -> Any:
        self.lines.append(request.message)
        return empty_pb2.Empty()


class Wire:
    """A running plugin."""

    def __init__(self, stub: Any, log: Log) -> None:
        self._stub = stub
        self.log = log

    def info(self) -> plugin_pb2.PluginInfo:
        return self._stub.GetPluginInfo(empty_pb2.Empty())

    def configure(self, **configuration: str) -> list[str]:
        """Check and set the provider's configuration; returns what is wrong with it."""
        urn = "urn:pulumi:dev::shop::pulumi:providers:aws::cloud"
        checked = self._stub.CheckConfig(provider_pb2.CheckRequest(urn=urn, news=encode(configuration)))
        if not checked.failures:
            self._stub.Configure(
                provider_pb2.ConfigureRequest(args=checked.inputs, acceptSecrets=True, acceptResources=False)
            )
        return [failure.reason for failure in checked.failures]

    def check(self, token: str, name: str, news: Values, olds: Values | None = None) -> tuple[Values, list[str]]:
        request = provider_pb2.CheckRequest(
            urn=_urn(token, name), news=encode(news), olds=encode(olds or {}), randomSeed=SEED
        )
        answer = self._stub.Check(request)
        return decode(answer.inputs)[0], sorted(failure.reason for failure in answer.failures)

    def create(self, token: str, name: str, inputs: Values, *, preview: bool = False) -> tuple[str, Values]:
        request = provider_pb2.CreateRequest(urn=_urn(token, name), properties=encode(inputs), preview=preview)
        answer = self._stub.Create(request)
        return answer.id, decode(answer.properties)[0]

    def read(
        self, token: str, name: str, identity: str, inputs: Values | None = None, outputs: Values | None = None
    ) -> tuple[str, Values, Values]:
        """Returns id, outputs and inputs; an empty id says that it is gone."""
        request = provider_pb2.ReadRequest(
            urn=_urn(token, name), id=identity, inputs=encode(inputs or {}), properties=encode(outputs or {})
        )
        answer = self._stub.Read(request)
        return answer.id, decode(answer.properties)[0], decode(answer.inputs)[0]

    def diff(self, token: str, name: str, identity: str, olds: tuple[Values, Values], news: Values) -> Diffed:
        """``olds`` are the inputs and outputs of the state."""
        request = provider_pb2.DiffRequest(
            urn=_urn(token, name), id=identity, old_inputs=encode(olds[0]), olds=encode(olds[1]), news=encode(news)
        )
        answer = self._stub.Diff(request)
        kinds = {path: provider_pb2.PropertyDiff.Kind.Name(each.kind) for path, each in answer.detailedDiff.items()}
        return Diffed(
            answer.changes == provider_pb2.DiffResponse.DIFF_SOME,
            kinds,
            frozenset(answer.replaces),
            answer.deleteBeforeReplace,
        )

    def update(
        self,
        token: str,
        name: str,
        identity: str,
        olds: tuple[Values, Values],
        news: Values,
        *,
        preview: bool = False,
    ) -> Values:
        request = provider_pb2.UpdateRequest(
            urn=_urn(token, name),
            id=identity,
            old_inputs=encode(olds[0]),
            olds=encode(olds[1]),
            news=encode(news),
            preview=preview,
        )
        return decode(self._stub.Update(request).properties)[0]

    def delete(self, token: str, name: str, identity: str, olds: tuple[Values, Values]) -> None:
        self._stub.Delete(
            provider_pb2.DeleteRequest(
                urn=_urn(token, name), id=identity, old_inputs=encode(olds[0]), properties=encode(olds[1])
            )
        )

    def invoke(self, token: str) -> Values:
        return json_format.MessageToDict(self._stub.Invoke(provider_pb2.InvokeRequest(tok=token)))


@contextmanager
def plugin(executable: Path, environment: Mapping[str, str], directory: Path) -> Iterator[Wire]:
    """Start a plugin in ``directory``; it ends with the context."""
    log = Log()
    engine = grpc.server(futures.ThreadPoolExecutor(2))
    engine_pb2_grpc.add_EngineServicer_to_server(log, engine)
    address = f"127.0.0.1:{engine.add_insecure_port('127.0.0.1:0')}"
    engine.start()
    own = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    with subprocess.Popen(
        [executable, address],
        env={**own, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=directory,
    ) as process:
        try:
            assert process.stdout is not None
            port = process.stdout.readline().decode().strip()
            assert port, "the plugin ended before it said its port"
            with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
                yield Wire(provider_pb2_grpc.ResourceProviderStub(channel), log)
        finally:
            process.kill()
            engine.stop(grace=None).wait()


def _urn(token: str, name: str) -> str:
    return f"urn:pulumi:dev::shop::{token}::{name}"
