"""The plugin's process: says its port on standard output, serves, and ends when the engine ends.

The engine starts the executable with its own address as the only argument, in the directory of the Pulumi project
(of its `main` folder, where there is one), and reads one line: the port.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import os
import signal
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc.aio
from pulumi.runtime.proto import provider_pb2_grpc

from edgewright.provider.plugin.engine import OPTIONS, Engine
from edgewright.provider.plugin.resource import Resource
from edgewright.provider.plugin.servicer import CheckConfig, Configure, DiffConfig, Function, Plugin, Servicer

# Calls that block (boto3) run in these; waiting is done by coroutines, so that resources never hold a thread.
_THREADS = 16
# How often, in seconds, to look whether the process that started the plugin is still there.
_LOOK = 2.0


def project_directory(start: Path) -> Path:
    """Return the nearest folder at or above ``start`` that holds a Pulumi project file, or ``start`` itself."""
    for folder in (start, *start.parents):
        if any((folder / name).is_file() for name in ("Pulumi.yaml", "Pulumi.yml", "Pulumi.json")):
            return folder
    return start


def serve(
    name: str,
    version: str,
    resources: Mapping[str, Resource],
    configure: Configure,
    *,
    check_config: CheckConfig | None = None,
    diff_config: DiffConfig | None = None,
    functions: Mapping[str, Function] | None = None,
    schema: Any = None,
    banner: Callable[[], str] | None = None,
    absent: Callable[[str], str] | None = None,
    arguments: list[str] | None = None,
) -> None:
    """Serve a provider until the engine is gone; see `Plugin` for the parameters. Does not return early."""
    parser = argparse.ArgumentParser(description=f"The {name} provider for Pulumi, started by the Pulumi engine.")
    parser.add_argument("engine", nargs="?", help="address of the engine; none to be attached to later")
    # The engine adds --logtostderr, -v=N and --tracing=ADDRESS to whatever it starts; they are for its own plugins.
    known, _ = parser.parse_known_args(sys.argv[1:] if arguments is None else arguments)
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
    plugin = Plugin(
        name, version, resources, configure, check_config, diff_config, functions or {}, schema, banner, absent
    )
    asyncio.run(_serve(plugin, known.engine))
    # Threads may still hang in a call to AWS whose answer nobody waits for any more.
    sys.stdout.flush()
    os._exit(0)


async def _serve(plugin: Plugin, address: str | None) -> None:
    parent = os.getppid()
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(_THREADS, thread_name_prefix=plugin.name))
    engine = Engine(address)
    server, port = await start(plugin, engine, project_directory(Path.cwd()))
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    # From here on nothing but the port belongs on standard output; a stray print must not confuse the engine.
    os.dup2(2, 1)
    await _first(stop.wait(), engine.gone(), _orphaned(parent))
    await server.stop(grace=None)
    await engine.close()


async def start(plugin: Plugin, engine: Engine, project: Path) -> tuple[grpc.aio.Server, int]:
    """Serve ``plugin`` on a free loopback port; returns the running server and the port."""
    server = grpc.aio.server(options=OPTIONS)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Servicer(plugin, engine, project), server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    return server, port


async def _orphaned(parent: int) -> None:
    # There is no event for it on all platforms: the process is given to another parent, silently.
    while os.getppid() == parent:  # noqa: ASYNC110
        await asyncio.sleep(_LOOK)


async def _first(*waits: Any) -> None:
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
