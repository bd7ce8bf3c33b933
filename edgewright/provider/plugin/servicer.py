"""The engine's calls, translated: structs to values, failures to statuses, secrets kept.

Longer than other modules, because the engine's protocol is one class of one method a call, and what they share (errors,
context, answers) is of no use without them.

The method names are those of the gRPC service; what each must answer is written in `provider.proto` of the engine.
"""
# ruff: noqa: N802, ARG002, D102 -- names, signatures and meaning are given by the gRPC service

from __future__ import annotations

import asyncio
import json
import logging
import re
import traceback
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
from google.protobuf import any_pb2, empty_pb2, struct_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc, status_pb2

from edgewright.errors import EdgewrightError
from edgewright.provider.plugin.engine import Engine
from edgewright.provider.plugin.resource import Context, Diff, Failure, Kind, PartialFailureError, Resource, Values
from edgewright.provider.plugin.values import Path as ValuePath
from edgewright.provider.plugin.values import decode, encode

_LOG = logging.getLogger(__name__)

Function = Callable[[Context, Values], Awaitable[Values]]
Configure = Callable[[Values, Path], Awaitable[Any]]
CheckConfig = Callable[[Values], Awaitable[tuple[Values, Sequence[Failure]]]]
DiffConfig = Callable[[Values, Values], Awaitable[Diff]]


@dataclass(frozen=True)
class Plugin:
    """A provider.

    Attributes:
        name: The package's name, the first part of its tokens.
        version: Its version.
        resources: The resource types by token, such as ``greengrassv2:index:Deployment``.
        configure: ``await configure(configuration, project directory)`` once, before any resource; what it returns
            is `Context.configuration` from then on.
        check_config: Judges the configuration before anything else; by default everything is accepted.
        diff_config: What a change of configuration means; by default no resource is replaced for it.
        functions: Invokes by token.
        schema: Returns the package schema (a JSON object); empty by default.
        banner: Returns a line for the log of the run, said when the provider is configured; an empty one is not said.
        absent: Says in a sentence what is wrong with a token that the provider does not have.
    """

    name: str
    version: str
    resources: Mapping[str, Resource]
    configure: Configure
    check_config: CheckConfig | None = None
    diff_config: DiffConfig | None = None
    functions: Mapping[str, Function] = field(default_factory=dict)
    schema: Callable[[], Mapping[str, Any]] | None = None
    banner: Callable[[], str] | None = None
    absent: Callable[[str], str] | None = None


class Servicer(provider_pb2_grpc.ResourceProviderServicer):
    """Answers the engine for one `Plugin`."""

    def __init__(self, plugin: Plugin, engine: Engine, project: Path) -> None:
        self._plugin = plugin
        self._engine = engine
        self._project = project
        self._cancelled = asyncio.Event()
        self._configuration: Any = None

    # --- life ----------------------------------------------------------------------------------------------------

    async def Handshake(self, request: Any, context: Any) -> Any:
        return provider_pb2.ProviderHandshakeResponse(
            accept_secrets=True,
            accept_resources=False,
            accept_outputs=True,
            supports_autonaming_configuration=False,
        )

    async def Attach(self, request: Any, context: Any) -> Any:
        self._engine.connect(request.address)
        return empty_pb2.Empty()

    async def GetPluginInfo(self, request: Any, context: Any) -> Any:
        return plugin_pb2.PluginInfo(version=self._plugin.version)

    async def GetSchema(self, request: Any, context: Any) -> Any:
        if request.subpackage_name:
            await context.abort(grpc.StatusCode.UNIMPLEMENTED, "this provider has no parameterized packages")
        schema = dict(self._plugin.schema()) if self._plugin.schema is not None else {}
        schema = {"name": self._plugin.name, "version": self._plugin.version, **schema}
        return provider_pb2.GetSchemaResponse(schema=json.dumps(schema))

    async def Cancel(self, request: Any, context: Any) -> Any:
        self._cancelled.set()
        return empty_pb2.Empty()

    # --- configuration -------------------------------------------------------------------------------------------

    async def CheckConfig(self, request: Any, context: Any) -> Any:
        async def run() -> Any:
            news, secrets = decode(request.news)
            inputs: Values = news
            failures: Sequence[Failure] = ()
            if self._plugin.check_config is not None:
                inputs, failures = await self._plugin.check_config(news)
            return provider_pb2.CheckResponse(inputs=encode(inputs, secrets), failures=_failures(failures))

        return await self._guarded(run, context)

    async def DiffConfig(self, request: Any, context: Any) -> Any:
        async def run() -> Any:
            olds, _ = decode(request.old_inputs)
            news, _ = decode(request.news)
            if self._plugin.diff_config is not None:
                return _diff_response(await self._plugin.diff_config(olds, news))
            changed = sorted(key for key in olds.keys() | news.keys() if olds.get(key) != news.get(key))
            return _diff_response(
                Diff(detailed={key: _kind(olds, news, key) for key in changed}, against_inputs=frozenset(changed))
            )

        return await self._guarded(run, context)

    async def Configure(self, request: Any, context: Any) -> Any:
        async def run() -> Any:
            values, _ = decode(request.args)
            self._configuration = await self._plugin.configure(values, self._project)
            if self._plugin.banner is not None and (line := self._plugin.banner()):
                await self._engine.log("info", line)
            return provider_pb2.ConfigureResponse(
                acceptSecrets=True, acceptResources=False, acceptOutputs=True, supportsPreview=True
            )

        return await self._guarded(run, context)

    # --- resources -----------------------------------------------------------------------------------------------

    async def Check(self, request: Any, context: Any) -> Any:
        async def run() -> Any:
            olds, _ = decode(request.olds)
            news, secrets = decode(request.news)
            inputs, failures = await self._resource(request.urn).check(
                self._context(request, seed=request.randomSeed), olds, news
            )
            return provider_pb2.CheckResponse(inputs=encode(inputs, secrets), failures=_failures(failures))

        return await self._guarded(run, context)

    async def Diff(self, request: Any, context: Any) -> Any:
        async def run() -> Any:
            old_inputs, _ = decode(request.old_inputs)
            old_outputs, _ = decode(request.olds)
            news, _ = decode(request.news)
            diff = await self._resource(request.urn).diff(
                self._context(request), request.id, old_inputs, old_outputs, news
            )
            return _diff_response(diff)

        return await self._guarded(run, context)

    async def Create(self, request: Any, context: Any) -> Any:
        inputs, secrets = decode(request.properties)

        async def run() -> Any:
            created = await self._resource(request.urn).create(self._context(request), inputs)
            properties = encode(created.outputs, secrets.union(created.secrets))
            return provider_pb2.CreateResponse(id=created.resource_id, properties=properties)

        return await self._guarded(run, context, inputs=request.properties, secrets=secrets)

    async def Read(self, request: Any, context: Any) -> Any:
        inputs, input_secrets = decode(request.inputs)
        outputs, output_secrets = decode(request.properties)
        secrets = input_secrets | output_secrets

        async def run() -> Any:
            read = await self._resource(request.urn).read(self._context(request), request.id, inputs, outputs)
            if read is None:
                return provider_pb2.ReadResponse(id="")
            return provider_pb2.ReadResponse(
                id=read.resource_id,
                properties=encode(read.outputs, secrets.union(read.secrets)),
                inputs=request.inputs if read.inputs is None else encode(read.inputs, secrets.union(read.secrets)),
            )

        return await self._guarded(run, context, inputs=request.inputs, secrets=secrets, resource_id=request.id)

    async def Update(self, request: Any, context: Any) -> Any:
        old_inputs, _ = decode(request.old_inputs)
        old_outputs, old_secrets = decode(request.olds)
        news, new_secrets = decode(request.news)
        secrets = new_secrets | old_secrets

        async def run() -> Any:
            outputs = await self._resource(request.urn).update(
                self._context(request), request.id, old_inputs, old_outputs, news
            )
            return provider_pb2.UpdateResponse(properties=encode(outputs, secrets))

        return await self._guarded(run, context, inputs=request.news, secrets=secrets, resource_id=request.id)

    async def Delete(self, request: Any, context: Any) -> Any:
        inputs, _ = decode(request.old_inputs)
        outputs, secrets = decode(request.properties)

        async def run() -> Any:
            await self._resource(request.urn).delete(self._context(request), request.id, inputs, outputs)
            return empty_pb2.Empty()

        return await self._guarded(run, context, inputs=request.old_inputs, secrets=secrets, resource_id=request.id)

    async def Invoke(self, request: Any, context: Any) -> Any:
        async def run() -> Any:
            function = self._plugin.functions.get(request.tok)
            if function is None:
                msg = f"the provider {self._plugin.name} has no function {request.tok!r}"
                raise EdgewrightError(msg if self._plugin.absent is None else self._plugin.absent(request.tok))
            arguments, secrets = decode(request.args)
            result = await function(self._context(request), arguments)
            # A result computed from secrets is secret as a whole: nobody knows which part came from where.
            paths: frozenset[ValuePath] = frozenset((key,) for key in result) if secrets else frozenset()
            return provider_pb2.InvokeResponse(**{"return": encode(result, paths)})

        return await self._guarded(run, context)

    # --- helpers -------------------------------------------------------------------------------------------------

    def _resource(self, urn: str) -> Resource:
        token = _type(urn)
        resource = self._plugin.resources.get(token)
        if resource is None:
            known = ", ".join(sorted(self._plugin.resources))
            msg = f"the provider {self._plugin.name} has no resource {token!r}; it has {known}"
            raise EdgewrightError(msg if self._plugin.absent is None else self._plugin.absent(token))
        return resource

    def _context(self, request: Any, *, seed: bytes = b"") -> Context:
        urn = getattr(request, "urn", "")

        async def log(severity: Any, message: str) -> None:
            await self._engine.log(severity, message, urn=urn)

        async def status(message: str) -> None:
            await self._engine.log("info", message, urn=urn, ephemeral=True)

        return Context(
            urn=urn,
            name=_name(urn),
            preview=bool(getattr(request, "preview", False)),
            timeout=getattr(request, "timeout", 0.0) or None,
            cancelled=self._cancelled,
            configuration=self._configuration,
            project=self._project,
            seed=seed,
            log=log,
            status=status,
        )

    async def _guarded(
        self,
        run: Callable[[], Awaitable[Any]],
        context: Any,
        *,
        inputs: struct_pb2.Struct | None = None,
        secrets: frozenset[ValuePath] = frozenset(),
        resource_id: str = "",
    ) -> Any:
        try:
            return await run()
        except PartialFailureError as failure:
            return await _abort_partial(context, failure, inputs, secrets, resource_id)
        except EdgewrightError as error:
            return await context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(error))
        except Exception as error:  # noqa: BLE001 -- the one boundary: a bug must reach the user as an error, not as a dead plugin
            _LOG.error("%s", traceback.format_exc())
            place = traceback.extract_tb(error.__traceback__)[-1]
            return await context.abort(
                grpc.StatusCode.INTERNAL,
                f"this is a bug of the provider {self._plugin.name}, please report it: "
                f"{type(error).__name__}: {error} ({Path(place.filename).name}:{place.lineno}); "
                "PULUMI_DEBUG_GRPC=FILE records the call",
            )


async def _abort_partial(
    context: Any,
    failure: PartialFailureError,
    inputs: struct_pb2.Struct | None,
    secrets: frozenset[ValuePath],
    resource_id: str,
) -> Any:
    message = "\n".join(failure.reasons)
    detail = any_pb2.Any()
    detail.Pack(
        provider_pb2.ErrorResourceInitFailed(
            id=failure.resource_id or resource_id,
            properties=encode(failure.outputs, secrets.union(failure.secrets)),
            reasons=list(failure.reasons),
            inputs=inputs,
            refresh_before_update=failure.refresh,
        )
    )
    status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=message, details=[detail])
    # gRPC's well-known key for structured details; the engine finds ErrorResourceInitFailed there.
    metadata = (("grpc-status-details-bin", status.SerializeToString()),)
    return await context.abort(grpc.StatusCode.UNKNOWN, message, trailing_metadata=metadata)


def _failures(failures: Sequence[Failure]) -> list[Any]:
    # The engine looks `property` up among the top-level inputs and prints its whole value; with the path in the
    # reason instead, the message names the exact field and stays one line.
    return [
        provider_pb2.CheckFailure(reason=f"{failure.path}: {failure.reason}" if failure.path else failure.reason)
        for failure in failures
    ]


def _diff_response(diff: Diff) -> Any:
    replaces = [path for path, kind in diff.detailed.items() if kind.value.endswith("_REPLACE")]
    return provider_pb2.DiffResponse(
        changes=provider_pb2.DiffResponse.DIFF_SOME if diff.changes else provider_pb2.DiffResponse.DIFF_NONE,
        replaces=sorted({_top(path) for path in replaces}),
        diffs=sorted({_top(path) for path in diff.detailed}),
        stables=list(diff.stables),
        deleteBeforeReplace=diff.delete_before_replace,
        detailedDiff={
            path: provider_pb2.PropertyDiff(
                kind=provider_pb2.PropertyDiff.Kind.Value(kind.value), inputDiff=path in diff.against_inputs
            )
            for path, kind in diff.detailed.items()
        },
        hasDetailedDiff=True,
    )


def _kind(olds: Values, news: Values, key: str) -> Kind:
    if key not in olds:
        return Kind.ADD
    return Kind.UPDATE if key in news else Kind.DELETE


def _top(path: str) -> str:
    return re.split(r"[.\[]", path, maxsplit=1)[0]


def _type(urn: str) -> str:
    # urn:pulumi:STACK::PROJECT::PARENT_TYPE$TYPE::NAME, and a name may contain "::"
    parts = urn.split("::", 3)
    return parts[2].rpartition("$")[2] if len(parts) == 4 else ""


def _name(urn: str) -> str:
    parts = urn.split("::", 3)
    return parts[3] if len(parts) == 4 else ""
