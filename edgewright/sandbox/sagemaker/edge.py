"""Device fleets and their devices.

What is not there is answered with a ValidationException, "No devicefleet with name ...", which is what clients of the
real service look for (the model lists ResourceNotFound).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from edgewright.sandbox.authorization import roles
from edgewright.sandbox.iot.models import SandboxIoTBackend, iot_backends
from edgewright.sandbox.sagemaker.exceptions import ResourceInUse, ValidationException

SERVICE = "sagemaker.amazonaws.com"
_CONNECTED = timedelta(minutes=5)  # since the last heartbeat; the reference names no time
ALIAS_PREFIX = "SageMakerEdge-"  # botocore's model, CreateDeviceFleet.EnableIotRoleAlias


@dataclass
class Device:
    """A device of a fleet."""

    name: str
    arn: str
    thing: str
    description: str
    registered: datetime
    heartbeat: datetime | None = None
    """When its agent was last heard."""
    agent: str = ""
    models: list[dict[str, Any]] = field(default_factory=list)

    @property
    def connected(self) -> bool:
        """Whether its agent was heard of late."""
        return self.heartbeat is not None and datetime.now(UTC) - self.heartbeat < _CONNECTED

    def to_json(self, fleet: str) -> dict[str, Any]:
        """``DeviceSummary``, which is also the answer of DescribeDevice but for the times of its models."""
        return {
            "DeviceName": self.name,
            "DeviceArn": self.arn,
            "Description": self.description or None,
            "DeviceFleetName": fleet,
            "IotThingName": self.thing or None,
            "RegistrationTime": self.registered,
            "LatestHeartbeat": self.heartbeat,
            "Models": self.models or None,
            "AgentVersion": self.agent or None,
        }


@dataclass
class Fleet:
    """A device fleet."""

    name: str
    arn: str
    role: str
    output: Mapping[str, Any]
    description: str
    created: datetime
    modified: datetime
    alias: str = ""
    """ARN of the role alias that the fleet made in AWS IoT; empty without one."""
    devices: dict[str, Device] = field(default_factory=dict)
    tags: list[dict[str, str]] = field(default_factory=list)

    def summary(self) -> dict[str, Any]:
        """``DeviceFleetSummary``."""
        return {
            "DeviceFleetArn": self.arn,
            "DeviceFleetName": self.name,
            "CreationTime": self.created,
            "LastModifiedTime": self.modified,
        }

    def to_json(self) -> dict[str, Any]:
        """The answer of DescribeDeviceFleet."""
        return {
            **self.summary(),
            "OutputConfig": self.output,
            "Description": self.description or None,
            "RoleArn": self.role or None,
            "IotRoleAlias": self.alias or None,
        }


@dataclass
class Fleets:
    """The device fleets of an account and Region."""

    account: str
    region: str
    all: dict[str, Fleet] = field(default_factory=dict)

    @property
    def _iot(self) -> SandboxIoTBackend:
        backend: SandboxIoTBackend = iot_backends[self.account][self.region]
        return backend

    def find(self, name: str) -> Fleet:
        """A fleet by its name."""
        if name not in self.all:
            raise ValidationException(f"No devicefleet with name: {name} found in the account")
        return self.all[name]

    def create(self, given: Mapping[str, Any]) -> Fleet:
        """CreateDeviceFleet."""
        name = given["DeviceFleetName"]
        if name in self.all:
            raise ResourceInUse(f"A device fleet with the name {name} already exists")
        role = given.get("RoleArn", "")
        if not role:
            raise ValidationException("RoleArn is required to create a device fleet")
        self._check_role(role)
        now = datetime.now(UTC)
        fleet = Fleet(
            name=name,
            arn=f"arn:aws:sagemaker:{self.region}:{self.account}:device-fleet/{name}",
            role=role,
            output=given["OutputConfig"],
            description=given.get("Description", ""),
            created=now,
            modified=now,
            tags=list(given.get("Tags", [])),
        )
        if given.get("EnableIotRoleAlias"):
            self._make_alias(fleet)
        self.all[name] = fleet
        return fleet

    def update(self, given: Mapping[str, Any]) -> None:
        """UpdateDeviceFleet."""
        fleet = self.find(given["DeviceFleetName"])
        if "RoleArn" in given:
            self._check_role(given["RoleArn"])
            fleet.role = given["RoleArn"]
        fleet.output = given["OutputConfig"]
        fleet.description = given.get("Description", fleet.description)
        if given.get("EnableIotRoleAlias") and not fleet.alias:
            self._make_alias(fleet)
        fleet.modified = datetime.now(UTC)

    def delete(self, name: str) -> None:
        """DeleteDeviceFleet: only without devices."""
        fleet = self.find(name)
        if fleet.devices:
            raise ResourceInUse(f"The device fleet {name} still has {len(fleet.devices)} registered devices")
        del self.all[name]

    def _check_role(self, arn: str) -> None:
        if not roles.trusts(arn, SERVICE, {"aws:SourceAccount": self.account}):
            raise ValidationException(f"Could not assume role {arn}. Please ensure that the role exists and allows "
                                      f"principal '{SERVICE}' to assume the role.")  # fmt: skip

    def _make_alias(self, fleet: Fleet) -> None:
        name = f"{ALIAS_PREFIX}{fleet.name}"
        if name not in self._iot.role_aliases:
            self._iot.create_role_alias(name, fleet.role, 3600)
        fleet.alias = self._iot.role_aliases[name].arn

    # --- devices ----------------------------------------------------------------------------------------------

    def register(self, given: Mapping[str, Any]) -> None:
        """RegisterDevices: all or none."""
        fleet = self.find(given["DeviceFleetName"])
        taken = sorted({device["DeviceName"] for device in given["Devices"]} & set(fleet.devices))
        if taken:
            raise ValidationException(f"Devices already registered in the fleet {fleet.name}: {', '.join(taken)}")
        self._check_things(given["Devices"])
        for device in given["Devices"]:
            name = device["DeviceName"]
            arn = f"{fleet.arn}/device/{name}"
            thing, description = device.get("IotThingName", ""), device.get("Description", "")
            fleet.devices[name] = Device(name, arn, thing, description, datetime.now(UTC))

    def update_devices(self, given: Mapping[str, Any]) -> None:
        """UpdateDevices."""
        fleet = self.find(given["DeviceFleetName"])
        found = [(self.device(fleet.name, device["DeviceName"]), device) for device in given["Devices"]]
        self._check_things(given["Devices"])
        for device, wanted in found:
            device.thing = wanted.get("IotThingName", device.thing)
            device.description = wanted.get("Description", device.description)

    def deregister(self, name: str, devices: list[str]) -> None:
        """DeregisterDevices: those that are not there are no error, so that it can be tried again."""
        fleet = self.find(name)
        for device in devices:
            fleet.devices.pop(device, None)

    def device(self, fleet: str, name: str) -> Device:
        """A device of a fleet."""
        found = self.find(fleet).devices.get(name)
        if found is None:
            raise ValidationException(f"No device with name: {name} found in the fleet {fleet}")
        return found

    def _check_things(self, devices: list[Mapping[str, Any]]) -> None:
        for device in devices:
            thing = device.get("IotThingName")
            if thing and self._iot.thing_arn(thing) not in self._iot.things:
                raise ValidationException(f"IoT thing {thing} of the device {device['DeviceName']} does not exist")

    def report(self, name: str) -> dict[str, Any]:
        """GetDeviceFleetReport, by the agents' heartbeats."""
        fleet = self.find(name)
        devices = list(fleet.devices.values())
        models: dict[tuple[str, str], Counter[bool]] = {}
        for device in devices:
            for model in device.models:
                key = (str(model["ModelName"]), str(model.get("ModelVersion", "")))
                models.setdefault(key, Counter())[device.connected] += 1
        agents = Counter(device.agent for device in devices if device.agent)
        return {
            "DeviceFleetArn": fleet.arn,
            "DeviceFleetName": fleet.name,
            "OutputConfig": fleet.output,
            "Description": fleet.description or None,
            "ReportGenerated": datetime.now(UTC),
            "DeviceStats": {
                "ConnectedDeviceCount": sum(device.connected for device in devices),
                "RegisteredDeviceCount": len(devices),
            },
            "AgentVersions": [{"Version": version, "AgentCount": count} for version, count in sorted(agents.items())],
            "ModelStats": [
                {
                    "ModelName": model,
                    "ModelVersion": version,
                    "ConnectedDeviceCount": count[True],
                    "OfflineDeviceCount": count[False],
                    "ActiveDeviceCount": count[True],
                    "SamplingDeviceCount": 0,
                }
                for (model, version), count in sorted(models.items())
            ],
        }
