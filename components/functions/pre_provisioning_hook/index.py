"""Pre-provisioning hook: AWS IoT asks it before a device with the claim certificate becomes a thing.

The claim certificate is the same on every new device, so it proves little: whoever takes one device apart has it. A
device is let in when its serial number is on the fleet's list, which comes with this code and from Git, and when it
has not been let in before. The list decides the ring, whatever the device asks for.

AWS waits five seconds and takes a failure for a no. Source: "Pre-provisioning hooks" of the AWS IoT developer guide.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

DEVICES = "devices.json"
"""Beside this file: ring by serial number."""


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Answer whether the device may be provisioned, and into which ring."""
    serial = str((event.get("parameters") or {}).get("SerialNumber", ""))
    devices = json.loads((Path(__file__).parent / DEVICES).read_text(encoding="utf-8"))
    ring = devices.get(serial)
    if ring is None:
        return _no(serial, "is not on the list of the fleet")
    if certificates(serial):
        return _no(serial, "has a certificate already: retire the device, or exchange its certificate")
    return {"allowProvisioning": True, "parameterOverrides": {"Ring": ring}}


def certificates(thing: str) -> list[str]:
    """Return the certificates that the thing of this serial number has; none when there is no such thing."""
    import boto3  # noqa: PLC0415 -- only for a device that is on the list

    iot = boto3.client("iot")
    try:
        principals: list[str] = iot.list_thing_principals(thingName=thing)["principals"]
    except iot.exceptions.ResourceNotFoundException:
        return []
    return principals


def _no(serial: str, why: str) -> dict[str, Any]:
    # The log is where an operator finds why a device does not come up; the device itself is told nothing.
    print(json.dumps({"refused": serial[:128], "why": why}))  # noqa: T201 -- a function's log is its standard output
    return {"allowProvisioning": False}
