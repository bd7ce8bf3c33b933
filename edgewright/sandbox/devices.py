"""The registry of simulated core devices: which there are, which certificate they hold, and what ails them.

It stands for what is outside AWS: the factory that made a device, the network that it is (not) on. What a factory
does before a stack exists (attaching a policy, joining a group) is remembered and done when the stack makes it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from edgewright.sandbox import device_faults
from edgewright.sandbox.faults import AwsError
from edgewright.sandbox.iot.models import SandboxIoTBackend, iot_backends
from edgewright.sandbox.light.engine import engine
from edgewright.sandbox.light.fleet import fleet
from edgewright.sandbox.world import world

REGISTRY = "devices"
"""Topic of news about the registry as a whole."""


@dataclass
class Knobs:
    """What may go wrong with a device, on purpose."""

    offline: bool = False
    slow: float = 0.0
    """Seconds that a deployment takes longer than its scripts."""
    fail: float = 0.0
    """Share (0 to 1) of deployments that fail."""


@dataclass
class Device:
    """A simulated core device."""

    thing: str
    account: str
    region: str
    certificateId: str  # noqa: N815 -- keys of the protocol between server and devices
    roleAlias: str = ""  # noqa: N815
    platform: dict[str, str] = field(default_factory=lambda: {"os": "linux", "architecture": "amd64"})
    knobs: dict[str, Any] = field(default_factory=dict)
    nucleusVersion: str = "2.14.3"  # noqa: N815
    runtime: str = "aws_nucleus_classic"
    policies: list[str] = field(default_factory=list)
    """AWS IoT policies that its certificate gets, now or when they appear."""
    groups: list[str] = field(default_factory=list)
    """Thing groups that it joins, now or when they appear."""

    def to_json(self) -> dict[str, Any]:
        """The form in which devices and the command line read it: with the faults that hit it now."""
        value = asdict(self)
        knobs = {**asdict(Knobs()), **self.knobs}
        value["knobs"], value["nucleusVersion"] = device_faults.effective(
            knobs, self.nucleusVersion, self.account, self.thing, world.clock.now()
        )
        return value


_devices: dict[tuple[str, str], Device] = {}
_by_certificate: dict[str, Device] = {}
_cut_off: dict[tuple[str, str], bool] = {}
"""Whether a device was cut off by a fault when ``tick`` last looked."""


def upsert(account: str, thing: str, value: dict[str, Any]) -> Device:
    """Add a device, or change the given parts of one (knobs one by one)."""
    known = set(Device.__dataclass_fields__) - {"thing", "account"}
    unknown = sorted(set(value) - known - {"thing", "account"})
    if unknown:
        raise AwsError("BadRequest", f"a device has no {', '.join(unknown)}", 400)
    bad = sorted(set(value.get("knobs", {})) - set(Knobs.__dataclass_fields__))
    if bad:
        raise AwsError("BadRequest", f"a device has no knob {', '.join(bad)}", 400)
    given = {key: item for key, item in value.items() if key in known}
    device = _devices.get((account, thing))
    if device is None:
        missing = sorted({"region", "certificateId"} - set(given))
        if missing:
            raise AwsError("BadRequest", f"a new device needs {', '.join(missing)}", 400)
        device = _devices[account, thing] = Device(thing=thing, account=account, **given)
    else:
        knobs = {**device.knobs, **given.pop("knobs", {})}
        for key, item in {**given, "knobs": knobs}.items():
            setattr(device, key, item)
    _by_certificate[device.certificateId] = device
    backend = iot_backends[account][device.region]
    for policy in given.get("policies", ()):
        _attach(backend, policy, device)
    for group in given.get("groups", ()):
        _join(backend, group, device)
    world.tell(REGISTRY)
    return device


def remove(account: str, thing: str) -> None:
    """Take a device away; its thing stays in AWS."""
    device = _devices.pop((account, thing), None)
    if device is None:
        raise AwsError("NotFound", f"there is no device {thing} in account {account}", 404)
    _by_certificate.pop(device.certificateId, None)
    world.tell(REGISTRY)


def account_of(certificate_id: str) -> str:
    """The account of the device that holds a certificate; empty when none does."""
    device = _by_certificate.get(certificate_id)
    return device.account if device is not None else ""


def everything() -> list[Device]:
    """All devices, by account and thing."""
    return [_devices[key] for key in sorted(_devices)]


def restore(kept: list[Device]) -> None:
    """These devices and no others are registered."""
    _devices.clear()
    _by_certificate.clear()
    for device in kept:
        _devices[device.account, device.thing] = device
        _by_certificate[device.certificateId] = device
    world.tell(REGISTRY)


def faults_changed() -> None:
    """Let devices know that other faults stand than before."""
    world.tell(REGISTRY)
    engine.look(fleet.devices.values())


def tick() -> None:
    """Let devices know when a fault cuts a connection or gives it back."""
    now = world.clock.now()
    cut_off = {
        (device.account, device.thing): any(fault.cut_off(device.thing, now) for fault in faults)
        for device in _devices.values()
        if (faults := device_faults.hitting(device.account, device.thing))
    }
    if cut_off != _cut_off:
        _cut_off.clear()
        _cut_off.update(cut_off)
        world.tell(REGISTRY)


def forget_all() -> None:
    """No device is registered any more, and no fault stands."""
    device_faults.clear()
    engine.forget()
    _devices.clear()
    _by_certificate.clear()
    world.tell(REGISTRY)


def identify(thing: str, certificate_id: str) -> Device:
    """The device behind a connection: its certificate must be active and attached to the thing.

    Raises:
        AwsError: 403, as when AWS IoT refuses a TLS client certificate.
    """
    device = _by_certificate.get(certificate_id)
    if device is not None and device.thing == thing:
        backend = iot_backends[device.account][device.region]
        certificate = backend.certificates.get(certificate_id)
        attached = certificate is not None and (certificate.arn, thing) in backend.principal_things
        if attached and certificate.status == "ACTIVE":
            return device
    raise AwsError("ForbiddenException", "the certificate is not active, or not attached to the thing", 403)


def _attach(backend: SandboxIoTBackend, policy: str, device: Device) -> None:
    certificate = backend.certificates.get(device.certificateId)
    if certificate is not None and policy in backend.policies:
        backend.attach_policy(policy, certificate.arn)
        world.tell((device.account, device.thing))


def _join(backend: SandboxIoTBackend, group: str, device: Device) -> None:
    arn = backend.thing_arn(device.thing)
    if arn in backend.things and backend.group_arn(group) in backend.thing_groups:
        backend.add_thing_to_thing_group(group, None, device.thing, None)


def policy_made(backend: SandboxIoTBackend, policy: str) -> None:
    """Attach a new policy to the devices that wait for it."""
    for device in list(_devices.values()):
        if (device.account, device.region) == (backend.account_id, backend.region_name) and policy in device.policies:
            _attach(backend, policy, device)


def group_made(backend: SandboxIoTBackend, group: str) -> None:
    """Let the devices that wait for a new thing group join it."""
    for device in list(_devices.values()):
        if (device.account, device.region) == (backend.account_id, backend.region_name) and group in device.groups:
            _join(backend, group, device)


def add_light(account: str, value: dict[str, Any]) -> list[dict[str, Any]]:
    """Make light devices (see ``light.fleet``) and switch them on; returns the batches that there are."""
    made = fleet.add(account, value)
    with world.lock:
        engine.look(made)
        engine.start()
        return fleet.summary()


SandboxIoTBackend.on_policy += [policy_made, fleet.policy_made]
SandboxIoTBackend.on_group += [group_made, fleet.group_made]
world.listeners.append(engine.hear)
