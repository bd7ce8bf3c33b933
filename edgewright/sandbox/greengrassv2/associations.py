"""What an account and its core devices are bound to: the service role, client devices, connectivity information."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from edgewright.sandbox.authorization import roles
from edgewright.sandbox.faults import AwsError
from edgewright.sandbox.greengrassv2.exceptions import ValidationException
from edgewright.sandbox.iot.models import SandboxIoTBackend

SERVICE = "greengrass.amazonaws.com"


@dataclass
class Associations:
    """Of one account and Region."""

    iot: SandboxIoTBackend
    role: str = ""
    since: datetime | None = None
    clients: dict[str, dict[str, datetime]] = field(default_factory=dict)
    """When a client device was associated, by core device and client device."""
    connectivity: dict[str, tuple[str, list[dict[str, Any]]]] = field(default_factory=dict)
    """Version and information, by thing."""

    # --- the service role -------------------------------------------------------------------------------------

    def set_role(self, arn: str) -> dict[str, Any]:
        """AssociateServiceRoleToAccount."""
        if not roles.trusts(arn, SERVICE, {"aws:SourceAccount": self.iot.account_id}):
            raise ValidationException(f"Greengrass is not authorized to assume the role [{arn}]")
        self.role, self.since = arn, datetime.now(UTC)
        return {"associatedAt": _time(self.since)}

    def drop_role(self) -> dict[str, Any]:
        """DisassociateServiceRoleFromAccount; without a role it is no error."""
        self.role, self.since = "", None
        return {"disassociatedAt": _time(datetime.now(UTC))}

    def the_role(self) -> dict[str, Any]:
        """GetServiceRoleForAccount."""
        if self.since is None:
            # not among the model's errors; what clients of both versions see
            raise AwsError("ResourceNotFoundException", "You need to attach a service role to this account.", 404)
        return {"roleArn": self.role, "associatedAt": _time(self.since)}

    # --- client devices ---------------------------------------------------------------------------------------

    def associate(self, core: str, entries: Iterable[Mapping[str, str]]) -> dict[str, Any]:
        """BatchAssociateClientDeviceWithCoreDevice: an entry that fails keeps no other from it."""
        errors = []
        held = self.clients.setdefault(core, {})
        for entry in entries:
            name = entry["thingName"]
            if self.iot.thing_arn(name) not in self.iot.things:
                errors.append(_error(name, "ResourceNotFoundException", f"Thing [{name}] cannot be found"))
            else:
                held.setdefault(name, datetime.now(UTC))
        return {"errorEntries": errors}

    def dissociate(self, core: str, entries: Iterable[Mapping[str, str]]) -> dict[str, Any]:
        """BatchDisassociateClientDeviceFromCoreDevice."""
        held = self.clients.get(core, {})
        errors = []
        for entry in entries:
            name = entry["thingName"]
            if held.pop(name, None) is None:
                text = f"Client device [{name}] is not associated with core device [{core}]"
                errors.append(_error(name, "ResourceNotFoundException", text))
        return {"errorEntries": errors}

    def associated(self, core: str) -> list[dict[str, Any]]:
        """ListClientDevicesAssociatedWithCoreDevice."""
        held = sorted(self.clients.get(core, {}).items())
        return [{"thingName": name, "associationTimestamp": since} for name, since in held]

    # --- connectivity -----------------------------------------------------------------------------------------

    def connect(self, thing: str, information: list[dict[str, Any]]) -> dict[str, Any]:
        """UpdateConnectivityInfo: the whole list anew."""
        version = str(uuid.uuid4())
        self.connectivity[thing] = (version, information)
        return {"version": version, "message": "Connectivity info updated"}

    def connection(self, thing: str) -> dict[str, Any]:
        """GetConnectivityInfo; of a thing that nobody told of, an empty list."""
        return {"connectivityInfo": self.connectivity.get(thing, ("", []))[1]}


def _error(thing: str, code: str, message: str) -> dict[str, str]:
    return {"thingName": thing, "code": code, "message": message}


def _time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
