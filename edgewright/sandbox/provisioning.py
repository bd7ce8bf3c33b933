"""What happens to a core device before it is switched on: its thing, its certificate, its group.

That is the work of a factory or of an administrator with the AWS CLI, so it is done here through AWS's own calls. The
IoT policy and the thing group come from the fleet's stack; when that is not up yet, the sandbox attaches and adds as
soon as they appear.
"""

from __future__ import annotations

import contextlib
import urllib.parse
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from edgewright.documents import naming
from edgewright.errors import EdgewrightError

if TYPE_CHECKING:
    from edgewright.sandbox.control import Sandbox

_PARTS = ("platform", "nucleusVersion", "runtime")


@dataclass(frozen=True)
class Place:
    """Where a device belongs.

    Attributes:
        fleet: Whose policy and role alias it gets.
        stage: Where the fleet lives.
        ring: Its ring when the device joins by itself (``provisioned``); None for a named member, which its stack adds.
        account: The id of the stage's account.
        region: The stage's Region.
    """

    fleet: str
    stage: str
    ring: str | None
    account: str
    region: str


def add(sandbox: Sandbox, thing: str, place: Place, knobs: Mapping[str, Any]) -> dict[str, Any]:
    """Make a core device.

    Args:
        sandbox: Where.
        thing: Its name.
        place: Where it belongs.
        knobs: ``offline``, ``slow``, ``fail``; besides, ``platform``, ``nucleusVersion``, ``runtime`` of the device.

    Raises:
        EdgewrightError: there is such a device already.
    """
    account, fleet, stage = place.account, place.fleet, place.stage
    if any((device["account"], device["thing"]) == (account, thing) for device in sandbox.devices()):
        msg = f"there is a device {thing!r} in account {account} already; `edgewright sandbox device set` changes it"
        raise EdgewrightError(msg)
    iot = sandbox.client("iot", account, place.region)
    try:
        iot.describe_thing(thingName=thing)
    except iot.exceptions.ResourceNotFoundException:
        iot.create_thing(thingName=thing)
    certificate = iot.create_keys_and_certificate(setAsActive=True)
    iot.attach_thing_principal(thingName=thing, principal=certificate["certificateArn"])
    device: dict[str, Any] = {
        "region": place.region,
        "certificateId": certificate["certificateId"],
        "roleAlias": naming.role_alias(fleet, stage),
        "policies": [naming.device_policy(fleet, stage)],
        "groups": [naming.thing_group(fleet, stage, place.ring)] if place.ring is not None else [],
        "knobs": {name: value for name, value in knobs.items() if name not in _PARTS},
    }
    device.update({name: knobs[name] for name in _PARTS if name in knobs})
    return sandbox.put_device(account, thing, device)


@dataclass(frozen=True)
class Claim:
    """What a new device comes with.

    Attributes:
        template: The provisioning template.
        certificate: Id of the claim certificate.
        parameters: The template's parameters, such as the serial number.
        client: MQTT client id, which is free as long as the claim's policy allows it.
    """

    template: str
    certificate: str
    parameters: Mapping[str, str]
    client: str = "new-device"


def provision(sandbox: Sandbox, claim: Claim, place: Place, knobs: Mapping[str, Any]) -> dict[str, Any]:
    """Let a new device make itself known with a claim certificate, as Greengrass's fleet provisioning plugin does.

    The thing's name, groups and policies are what the template makes of the parameters.

    Args:
        sandbox: Where.
        claim: What it has.
        place: Whose role alias the device uses afterwards; ``ring`` is ignored.
        knobs: As in ``add``.

    Raises:
        EdgewrightError: AWS IoT, or the pre-provisioning hook, said no.
    """

    def publish(topic: str, payload: Mapping[str, Any]) -> Any:
        path = f"/topics/{urllib.parse.quote(topic, safe='')}?qos=1"
        return sandbox.as_device("POST", path, payload, client=claim.client, certificate=claim.certificate)

    made = publish("$aws/certificates/create/json", {})
    registered = publish(
        f"$aws/provisioning-templates/{claim.template}/provision/json",
        {"certificateOwnershipToken": made["certificateOwnershipToken"], "parameters": dict(claim.parameters)},
    )
    device: dict[str, Any] = {
        "region": place.region,
        "certificateId": made["certificateId"],
        "roleAlias": naming.role_alias(place.fleet, place.stage),
        "knobs": {name: value for name, value in knobs.items() if name not in _PARTS},
    }
    device.update({name: knobs[name] for name in _PARTS if name in knobs})
    return sandbox.put_device(place.account, registered["thingName"], device)


def light(place: Place, groups: Iterable[str], knobs: Mapping[str, Any]) -> dict[str, Any]:
    """What light devices of a place are like, for the sandbox's own path that makes them."""
    fleet, stage = place.fleet, place.stage
    own = [naming.thing_group(fleet, stage, place.ring)] if place.ring is not None else []
    return {
        "region": place.region,
        "roleAlias": naming.role_alias(fleet, stage),
        "policies": [naming.device_policy(fleet, stage)],
        "groups": [*own, *groups],
        "knobs": {name: value for name, value in knobs.items() if name not in {*_PARTS, "start"}},
        **{name: knobs[name] for name in (*_PARTS, "start") if name in knobs},
    }


def remove(sandbox: Sandbox, device: Mapping[str, Any]) -> None:
    """Take a device away: first the core device, then its certificate, then its thing (AWS's own order)."""
    account, thing = device["account"], device["thing"]
    sandbox.forget_device(account, thing)
    greengrass = sandbox.client("greengrassv2", account, device["region"])
    iot = sandbox.client("iot", account, device["region"])
    with contextlib.suppress(greengrass.exceptions.ResourceNotFoundException):  # it may never have reported
        greengrass.delete_core_device(coreDeviceThingName=thing)
    try:
        principals = iot.list_thing_principals(thingName=thing)["principals"]
    except iot.exceptions.ResourceNotFoundException:
        return
    for principal in principals:
        iot.detach_thing_principal(thingName=thing, principal=principal)
        for policy in iot.list_attached_policies(target=principal)["policies"]:
            iot.detach_policy(policyName=policy["policyName"], target=principal)
        certificate = principal.rpartition("/")[2]
        iot.update_certificate(certificateId=certificate, newStatus="INACTIVE")
        iot.delete_certificate(certificateId=certificate)
    iot.delete_thing(thingName=thing)
