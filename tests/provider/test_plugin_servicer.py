"""The shell answers the engine's calls as the engine expects, over a real gRPC connection."""
# ruff: noqa: ARG002 -- methods of a resource have one signature, whatever the toy uses of it

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, provider_pb2, provider_pb2_grpc, status_pb2

from edgewright.provider.plugin import (
    UNKNOWN,
    Context,
    Created,
    Diff,
    Failure,
    Kind,
    PartialFailureError,
    Plugin,
    PluginError,
    Read,
)
from edgewright.provider.plugin.engine import Engine
from edgewright.provider.plugin.server import project_directory, start
from edgewright.provider.plugin.values import decode, encode

URN = "urn:pulumi:dev::shop::pkg:index:Parent$pkg:index:Toy::na::me"


class Toy:
    """A resource whose answers show what the shell passed in."""

    async def check(
        self, context: Context, olds: dict[str, Any], news: dict[str, Any]
    ) -> tuple[dict[str, Any], Sequence[Failure]]:
        failures = [Failure("size", "must be an integer")] if not isinstance(news.get("size"), int) else []
        return {**news, "name": context.name}, failures

    async def diff(
        self, context: Context, resource_id: str, old_inputs: Any, old_outputs: Any, news: dict[str, Any]
    ) -> Diff:
        if old_outputs["size"] == news["size"]:
            return Diff()
        return Diff(
            {'parts["a.b"].c': Kind.UPDATE, "size": Kind.UPDATE_REPLACE},
            against_inputs=frozenset({"size"}),
            stables=["name"],
        )

    async def create(self, context: Context, inputs: dict[str, Any]) -> Created:
        if context.preview:
            return Created("", {**inputs, "arn": UNKNOWN})
        await context.status("creating")
        await context.log("warning", "created")
        return Created("id-1", {**inputs, "secretCopy": inputs["size"]}, secrets=[("secretCopy",)])

    async def read(self, context: Context, resource_id: str, inputs: dict[str, Any], outputs: Any) -> Read | None:
        return None if resource_id == "gone" else Read(resource_id, {**inputs, "seen": True})

    async def update(
        self, context: Context, resource_id: str, old_inputs: Any, old_outputs: Any, news: dict[str, Any]
    ) -> dict[str, Any]:
        if news["size"] == 13:
            raise PartialFailureError(["half of it is there"], outputs={"size": 12}, refresh=True)
        if news["size"] == 14:
            msg = "put the size back to 12"
            raise PluginError(msg)
        if news["size"] == 15:
            raise KeyError("oops")  # noqa: EM101
        await context.cancelled.wait()
        return {"size": news["size"], "timeout": context.timeout}

    async def delete(self, context: Context, resource_id: str, inputs: Any, outputs: Any) -> None:
        return None


class Listener(engine_pb2_grpc.EngineServicer):
    """An engine that remembers what it was told."""

    def __init__(self) -> None:
        self.said: list[tuple[str, str, bool]] = []

    async def Log(self, request: Any, context: Any) -> Any:  # noqa: N802
        self.said.append((engine_pb2.LogSeverity.Name(request.severity), request.message, request.ephemeral))
        return empty_pb2.Empty()


async def _configure(values: dict[str, Any], project: Path) -> Any:
    return values


async def _twice(context: Context, arguments: dict[str, Any]) -> dict[str, Any]:
    return {"result": arguments["value"] * 2}


def run(scenario: Callable[[Any, Listener], Awaitable[None]], project: Path = Path()) -> None:
    """Run ``scenario(stub, engine)`` against a served Toy."""

    async def main() -> None:
        listener, server = Listener(), grpc.aio.server()
        engine_pb2_grpc.add_EngineServicer_to_server(listener, server)
        address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
        await server.start()
        engine = Engine(address)
        plugin = Plugin("pkg", "1.2.3", {"pkg:index:Toy": Toy()}, _configure, functions={"pkg:index:twice": _twice})
        served, port = await start(plugin, engine, project)
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            await scenario(provider_pb2_grpc.ResourceProviderStub(channel), listener)
        await served.stop(None)
        await engine.close()
        await server.stop(None)

    asyncio.run(main())


def test_handshake_and_configure_agree_on_what_the_plugin_can_take() -> None:
    async def scenario(stub: Any, _: Listener) -> None:
        shake = await stub.Handshake(provider_pb2.ProviderHandshakeRequest(engine_address="x"))
        configured = await stub.Configure(provider_pb2.ConfigureRequest(args=encode({"region": "eu-west-1"})))
        assert (shake.accept_secrets, shake.accept_resources, shake.accept_outputs) == (
            configured.acceptSecrets,
            configured.acceptResources,
            configured.acceptOutputs,
        )
        assert configured.supportsPreview
        assert (await stub.GetPluginInfo(empty_pb2.Empty())).version == "1.2.3"
        assert (await stub.GetSchema(provider_pb2.GetSchemaRequest())).schema == '{"name": "pkg", "version": "1.2.3"}'

    run(scenario)


def test_check_returns_inputs_and_failures_with_their_path() -> None:
    async def scenario(stub: Any, _: Listener) -> None:
        answer = await stub.Check(provider_pb2.CheckRequest(urn=URN, news=encode({"size": "x"})))
        assert decode(answer.inputs)[0] == {"size": "x", "name": "na::me"}
        assert [failure.reason for failure in answer.failures] == ["size: must be an integer"]

    run(scenario)


def test_a_diff_names_paths_top_level_keys_and_replacements() -> None:
    async def scenario(stub: Any, _: Listener) -> None:
        request = provider_pb2.DiffRequest(id="i", urn=URN, olds=encode({"size": 1}), news=encode({"size": 2}))
        answer = await stub.Diff(request)
        assert answer.changes == provider_pb2.DiffResponse.DIFF_SOME
        assert (list(answer.replaces), list(answer.diffs), list(answer.stables)) == (
            ["size"],
            ["parts", "size"],
            ["name"],
        )
        kinds = {path: (diff.kind, diff.inputDiff) for path, diff in answer.detailedDiff.items()}
        assert kinds == {
            'parts["a.b"].c': (provider_pb2.PropertyDiff.UPDATE, False),
            "size": (provider_pb2.PropertyDiff.UPDATE_REPLACE, True),
        }
        same = await stub.Diff(
            provider_pb2.DiffRequest(id="i", urn=URN, olds=encode({"size": 1}), news=encode({"size": 1}))
        )
        assert same.changes == provider_pb2.DiffResponse.DIFF_NONE

    run(scenario)


def test_create_keeps_secrets_and_speaks_to_the_engine() -> None:
    async def scenario(stub: Any, listener: Listener) -> None:
        properties = encode({"size": 3, "token": "hush"}, [("token",)])
        created = await stub.Create(provider_pb2.CreateRequest(urn=URN, properties=properties))
        values, secrets = decode(created.properties)
        assert (created.id, values) == ("id-1", {"size": 3, "token": "hush", "secretCopy": 3})
        assert secrets == {("token",), ("secretCopy",)}
        assert listener.said == [("INFO", "creating", True), ("WARNING", "created", False)]
        preview = await stub.Create(provider_pb2.CreateRequest(urn=URN, properties=properties, preview=True))
        assert decode(preview.properties)[0]["arn"] is UNKNOWN

    run(scenario)


def test_read_says_gone_and_keeps_the_inputs_of_the_state() -> None:
    async def scenario(stub: Any, _: Listener) -> None:
        request = provider_pb2.ReadRequest(id="here", urn=URN, inputs=encode({"size": 1}))
        answer = await stub.Read(request)
        assert (decode(answer.properties)[0], answer.inputs) == ({"size": 1, "seen": True}, request.inputs)
        assert (await stub.Read(provider_pb2.ReadRequest(id="gone", urn=URN))).id == ""

    run(scenario)


def _update(size: int) -> Any:
    return provider_pb2.UpdateRequest(
        id="id-1", urn=URN, olds=encode({"size": 1}), news=encode({"size": size}), timeout=7
    )


def test_a_partial_failure_carries_what_exists() -> None:
    async def scenario(stub: Any, _: Listener) -> None:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await stub.Update(_update(13))
        metadata = dict(caught.value.trailing_metadata() or ())
        status = status_pb2.Status.FromString(metadata["grpc-status-details-bin"])
        detail = provider_pb2.ErrorResourceInitFailed()
        assert status.details[0].Unpack(detail)
        assert (detail.id, list(detail.reasons), detail.refresh_before_update) == (
            "id-1",
            ["half of it is there"],
            True,
        )
        assert decode(detail.properties)[0] == {"size": 12}
        assert decode(detail.inputs)[0] == {"size": 13}

    run(scenario)


@pytest.mark.parametrize(
    ("size", "text"),
    [
        pytest.param(14, "put the size back to 12", id="the user's"),
        pytest.param(15, "this is a bug of the provider pkg, please report it: KeyError: 'oops'", id="ours"),
    ],
)
def test_a_failure_reaches_the_user_in_words(size: int, text: str) -> None:
    async def scenario(stub: Any, _: Listener) -> None:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await stub.Update(_update(size))
        assert str(caught.value.details()).startswith(text)

    run(scenario)


def test_cancel_reaches_a_running_operation() -> None:
    async def scenario(stub: Any, _: Listener) -> None:
        running = asyncio.ensure_future(stub.Update(_update(2)))
        await stub.Cancel(empty_pb2.Empty())
        assert decode((await running).properties)[0] == {"size": 2, "timeout": 7}

    run(scenario)


def test_an_unknown_resource_is_refused_with_the_known_ones() -> None:
    async def scenario(stub: Any, _: Listener) -> None:
        with pytest.raises(grpc.aio.AioRpcError, match="it has pkg:index:Toy"):
            await stub.Check(provider_pb2.CheckRequest(urn="urn:pulumi:a::b::pkg:index:Other::n", news=encode({})))

    run(scenario)


def test_a_function_of_secrets_answers_secrets() -> None:
    async def scenario(stub: Any, _: Listener) -> None:
        answer = await stub.Invoke(provider_pb2.InvokeRequest(tok="pkg:index:twice", args=encode({"value": 2})))
        assert decode(getattr(answer, "return")) == ({"result": 4}, frozenset())
        secret = provider_pb2.InvokeRequest(tok="pkg:index:twice", args=encode({"value": 2}, [("value",)]))
        assert decode(getattr(await stub.Invoke(secret), "return")) == ({"result": 4}, {("result",)})

    run(scenario)


def test_a_change_of_provider_configuration_replaces_nothing_by_default() -> None:
    async def scenario(stub: Any, _: Listener) -> None:
        request = provider_pb2.DiffRequest(
            id="i", urn=URN, old_inputs=encode({"a": 1, "b": 1}), news=encode({"a": 2, "c": 1})
        )
        answer = await stub.DiffConfig(request)
        kinds = {path: diff.kind for path, diff in answer.detailedDiff.items()}
        assert list(answer.replaces) == []
        assert kinds == {
            "a": provider_pb2.PropertyDiff.UPDATE,
            "b": provider_pb2.PropertyDiff.DELETE,
            "c": provider_pb2.PropertyDiff.ADD,
        }

    run(scenario)


def test_the_project_directory_is_the_nearest_one_with_a_project_file(tmp_path: Path) -> None:
    main = tmp_path / "program" / "main"
    main.mkdir(parents=True)
    assert project_directory(main) == main
    (tmp_path / "Pulumi.yaml").write_text("name: x\n")
    assert project_directory(main) == tmp_path
