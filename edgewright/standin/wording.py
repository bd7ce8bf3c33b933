"""Sentences that several modules of the stand-in say, in the words of the real provider where it has them."""

from __future__ import annotations

from edgewright.standin import types

REMEDY = f"install the official plugin: pulumi plugin install resource aws {types.package_version()}"
LABEL = "aws: Edgewright's stand-in plugin, for the sandbox only"


def not_served(token: str) -> str:
    """What is said of a resource type or function that the stand-in does not have."""
    return f"Resource type {token!r} is not served by the stand-in; {REMEDY}"


def examined(reason: str, place: str) -> str:
    """Return ``reason`` with its place, as the real provider points at it."""
    return f"{reason}. Examine values at '{place}'."
