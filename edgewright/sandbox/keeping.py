"""Putting a whole world into bytes and back: accounts, sessions, devices, faults, the clock.

moto's backends are plain Python objects, so they are pickled as one graph: what two of them share they share again.
The few things in them that cannot be pickled are made anew (locks, weak dictionaries) or taken as code (the factories
of defaults, which is why only the same Python reads the file).
"""

from __future__ import annotations

import importlib
import io
import marshal
import pickle
import sys
import threading
import weakref
from pathlib import Path
from types import FunctionType
from typing import TYPE_CHECKING, Any

from moto.core.base_backend import BackendDict
from moto.s3.models import s3_backends

from edgewright.sandbox import call_faults, device_faults, devices, kept, services
from edgewright.sandbox.authorization import principals
from edgewright.sandbox.light.engine import engine
from edgewright.sandbox.light.fleet import fleet
from edgewright.sandbox.world import world

if TYPE_CHECKING:
    from edgewright.sandbox.server import Application

_LOCKS: dict[type, Any] = {type(threading.Lock()): threading.Lock, type(threading.RLock()): threading.RLock}


class _Pickler(pickle.Pickler):
    def reducer_override(self, obj: Any) -> Any:
        if type(obj) in _LOCKS:
            return _LOCKS[type(obj)], ()
        if isinstance(obj, weakref.WeakValueDictionary):
            return weakref.WeakValueDictionary, ()
        if isinstance(obj, FunctionType) and "<locals>" in obj.__qualname__ and obj.__closure__ is None:
            return _function, (obj.__module__, marshal.dumps(obj.__code__), obj.__defaults__)
        return NotImplemented


def _function(module: str, code: bytes, defaults: Any) -> FunctionType:
    return FunctionType(marshal.loads(code), vars(importlib.import_module(module)), argdefs=defaults)  # noqa: S302


def _services() -> dict[str, BackendDict[Any]]:
    """The backends by service. Unpickling has loaded the modules of all that are in the graph."""
    return {
        value.service_name: value
        for module in list(sys.modules.values())
        for value in list(vars(module).values())
        if isinstance(value, BackendDict)
    }


def save(application: Application) -> Path:
    """Write the world down where ``load`` finds it. Nothing may change any more afterwards."""
    with world.lock:
        graph = {
            "backends": {
                backends.service_name: {account: dict(regions) for account, regions in dict(backends).items()}
                for backends in BackendDict._instances  # noqa: SLF001 -- as in moto's own reset
            },
            "buckets": dict(s3_backends.bucket_accounts),
            "sessions": principals.everything(),
            "devices": devices.everything(),
            "light": dict(fleet.devices),
            "deviceFaults": device_faults.dump(),
            "callFaults": call_faults.dump(),
            "clock": (world.clock.now(), world.clock.speed),
        }
        written = io.BytesIO()
        _Pickler(written, protocol=pickle.HIGHEST_PROTOCOL).dump(graph)
        about = {
            "accounts": dict(application.accounts.ids),
            "region": application.accounts.region,
            "port": int(world.endpoint.rpartition(":")[2]),
            "devices": len(graph["devices"]) + len(graph["light"]),
            "administrator": application.administrator,
        }
        return kept.write(application.directory, about, written.getvalue())


def load(application: Application, held: kept.Kept) -> None:
    """Put a kept world in the place of the fresh one.

    Raises:
        Exception: whatever unpickling raises; the caller says that it cannot be resumed.
    """
    graph = pickle.loads(kept.payload(held.file))  # noqa: S301 -- the user's own file, see ``kept``
    with world.lock:
        services.clear_backends()
        known = _services()
        for service, accounts in graph["backends"].items():
            for account, regions in accounts.items():
                for region, backend in regions.items():
                    dict.__setitem__(known[service][account], region, backend)
        s3_backends.bucket_accounts.update(graph["buckets"])
        principals.restore(graph["sessions"])
        elapsed, speed = graph["clock"]
        world.clock.resume(elapsed, speed)
        device_faults.restore(graph["deviceFaults"])
        call_faults.restore(graph["callFaults"])
        devices.restore(graph["devices"])
        for device in graph["light"].values():
            device.wakes = None
        fleet.devices.update(graph["light"])
        application.administrator = dict(held.administrator)
        if fleet.devices:
            engine.look(fleet.devices.values())
            engine.start()
