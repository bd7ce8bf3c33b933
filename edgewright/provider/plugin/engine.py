"""The engine, as the plugin sees it: a log for diagnostics and for the line of progress of a resource."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import grpc
import grpc.aio
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc

if TYPE_CHECKING:
    from edgewright.provider.plugin.resource import Severity

# The engine's own limit for a message (sdk/go/common/util/rpcutil); gRPC's default of 4 MB is too small for states.
MESSAGE_LIMIT: Final = 400 * 1024 * 1024
OPTIONS: Final = [("grpc.max_receive_message_length", MESSAGE_LIMIT), ("grpc.max_send_message_length", MESSAGE_LIMIT)]

_SEVERITIES: Final = {
    "debug": engine_pb2.DEBUG,
    "info": engine_pb2.INFO,
    "warning": engine_pb2.WARNING,
    "error": engine_pb2.ERROR,
}


class Engine:
    """A connection to the engine. Without an address (a plugin under test) everything said is dropped."""

    def __init__(self, address: str | None = None) -> None:
        self._channel: grpc.aio.Channel | None = None
        self._stub: engine_pb2_grpc.EngineStub | None = None
        if address:
            self.connect(address)

    def connect(self, address: str) -> None:
        """Talk to the engine at ``address`` (``host:port``) from now on."""
        self._channel = grpc.aio.insecure_channel(address, options=OPTIONS)
        self._stub = engine_pb2_grpc.EngineStub(self._channel)

    async def log(self, severity: Severity, message: str, *, urn: str = "", ephemeral: bool = False) -> None:
        """Show ``message`` at the resource ``urn``; an ephemeral one is its line of progress and is not kept.

        A message that cannot be delivered is dropped: the operation it describes matters more.
        """
        if self._stub is None:
            return
        request = engine_pb2.LogRequest(
            severity=_SEVERITIES[severity], message=message, urn=urn, streamId=0, ephemeral=ephemeral
        )
        try:
            await self._stub.Log(request, timeout=10)
        except grpc.aio.AioRpcError:
            return

    async def gone(self, every: float = 3.0) -> None:
        """Return when the engine cannot be reached at three looks in a row, ``every`` so many seconds."""
        failures = 0
        while failures < 3:
            await asyncio.sleep(every)
            if self._channel is None:
                continue
            state = self._channel.get_state(try_to_connect=True)
            lost = state in (grpc.ChannelConnectivity.TRANSIENT_FAILURE, grpc.ChannelConnectivity.SHUTDOWN)
            failures = failures + 1 if lost else 0

    async def close(self) -> None:
        """Close the connection."""
        if self._channel is not None:
            await self._channel.close()
