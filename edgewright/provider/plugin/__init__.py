"""A small shell for Pulumi providers in Python: raw gRPC to the engine, plain Python values to the resources.

Why not the SDK's own experimental server: it turns integers into floats, cannot send unknown values, echoes the state
on read and loses what exists when a create fails half-way. A provider built on this shell implements `Resource` for
each token and calls `serve`.
"""

from __future__ import annotations

from edgewright.provider.plugin.resource import (
    Context,
    Created,
    Diff,
    Failure,
    Kind,
    PartialFailureError,
    PluginError,
    Read,
    Resource,
    property_path,
)
from edgewright.provider.plugin.server import serve
from edgewright.provider.plugin.servicer import Plugin
from edgewright.provider.plugin.values import UNKNOWN, Archive, Asset, Unknown, contains_unknown, is_unknown

__all__ = [
    "UNKNOWN",
    "Archive",
    "Asset",
    "Context",
    "Created",
    "Diff",
    "Failure",
    "Kind",
    "PartialFailureError",
    "Plugin",
    "PluginError",
    "Read",
    "Resource",
    "Unknown",
    "contains_unknown",
    "is_unknown",
    "property_path",
    "serve",
]
