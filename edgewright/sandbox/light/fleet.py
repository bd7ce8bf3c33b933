"""The light devices of a sandbox: made many at a time, as a factory would, and taken away again.

A batch is what was made together: one prefix, one kind of hardware, one policy, one group. Things, certificates and
memberships are AWS's own and are made in moto's tables directly, because ten thousand calls would take minutes.

Longer than other modules, because making a batch, remembering it and taking it away undo one another step by step.
"""

from __future__ import annotations

import contextlib
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from moto.iot.models import FakeCertificate

from edgewright.sandbox import device_faults
from edgewright.sandbox.device.settings import Knobs
from edgewright.sandbox.faults import AwsError
from edgewright.sandbox.greengrassv2.models import GreengrassV2Backend, greengrassv2_backends
from edgewright.sandbox.iot.models import SandboxIoTBackend, iot_backends
from edgewright.sandbox.light.states import LightState, fresh
from edgewright.sandbox.world import world
from edgewright.versions import is_version

MOST: Final = 100_000
"""Devices that are made at once at most."""
_PREFIX: Final = re.compile(r"[a-zA-Z0-9_-]{1,100}")
_FIELDS: Final = {
    "region",
    "prefix",
    "count",
    "start",
    "platform",
    "nucleusVersion",
    "runtime",
    "policies",
    "groups",
    "roleAlias",
    "knobs",
}


@dataclass(frozen=True)
class Batch:
    """What devices that were made together have in common."""

    account: str
    region: str
    prefix: str
    platform: Mapping[str, str]
    nucleus: str
    runtime: str
    policies: tuple[str, ...]
    groups: tuple[str, ...]
    role_alias: str
    knobs: Mapping[str, Any]

    @property
    def attributes(self) -> dict[str, str]:
        """What manifests are matched against."""
        return {"runtime": self.runtime, **self.platform}

    @property
    def iot(self) -> SandboxIoTBackend:
        """AWS IoT of its account and Region."""
        backend: SandboxIoTBackend = iot_backends[self.account][self.region]
        return backend

    @property
    def greengrass(self) -> GreengrassV2Backend:
        """Greengrass of its account and Region."""
        backend: GreengrassV2Backend = greengrassv2_backends[self.account][self.region]
        return backend


@dataclass(eq=False, slots=True)
class LightDevice:
    """One light device; times are the sandbox clock's."""

    thing: str
    certificateId: str  # noqa: N815 -- as other devices have it
    batch: Batch
    state: LightState
    nucleus: str
    online: bool = False
    """Whether it has told of itself since its connection came."""
    launched: bool = False
    sequence: int = 0
    shadow: str = ""
    """The last deployment that came by the shadow."""
    work: Any = None
    """The deployment that is under way."""
    outbox: list[Any] = field(default_factory=list)
    wakes: float | None = None
    """When it is to be looked at again."""
    crashes: dict[Any, Any] = field(default_factory=dict)

    @property
    def account(self) -> str:
        """Its account."""
        return self.batch.account

    @property
    def region(self) -> str:
        """Its Region."""
        return self.batch.region

    def knobs(self, now: float) -> tuple[Knobs, str]:
        """What ails it now, and its nucleus; seconds are the sandbox's."""
        if not device_faults.standing():
            return _parsed(self.batch), self.batch.nucleus
        batch = self.batch
        found, nucleus = device_faults.effective(batch.knobs, batch.nucleus, batch.account, self.thing, now)
        return Knobs.parse(found), nucleus

    def next_turn(self, now: float) -> float | None:
        """When a fault next takes its connection or gives it back."""
        faults = device_faults.hitting(self.batch.account, self.thing) if device_faults.standing() else ()
        turns = [turn for fault in faults if (turn := fault.next_turn(self.thing, now)) is not None]
        return min(turns, default=None)


_no_faults: dict[int, tuple[Batch, Knobs]] = {}


def _parsed(batch: Batch) -> Knobs:
    known = _no_faults.get(id(batch))
    if known is None or known[0] is not batch:
        known = _no_faults[id(batch)] = (batch, Knobs.parse(batch.knobs))
    return known[1]


class LightFleet:
    """All light devices of a sandbox, by account and thing."""

    def __init__(self) -> None:
        self.devices: dict[tuple[str, str], LightDevice] = {}

    def add(self, account: str, value: Mapping[str, Any]) -> list[LightDevice]:
        """Make devices as a factory would; what their stack makes later, policy and group, they wait for.

        Raises:
            AwsError: 400 for a value that cannot be; 409 when there is a thing of one of the names.
        """
        batch, names = _read(account, value)
        certificates = _certificates(len(names))  # before the lock: this takes a while
        with world.lock:
            iot = batch.iot
            taken = [name for name in names if iot.thing_arn(name) in iot.things]
            if taken:
                raise AwsError("Conflict", f"there is a thing {taken[0]!r} in account {account} already", 409)
            with iot.many_changes():
                state = fresh(batch.nucleus)
                made = []
                for name, pem in zip(names, certificates, strict=True):
                    certificate = FakeCertificate(pem, "ACTIVE", account, batch.region)
                    iot.certificates[certificate.certificate_id] = certificate
                    thing = iot.create_thing(name, "", None)
                    iot.principal_things[certificate.arn, name] = (certificate, thing)
                    device = LightDevice(name, certificate.certificate_id, batch, state, batch.nucleus)
                    self.devices[account, name] = device
                    made.append(device)
                for policy in batch.policies:
                    self.policy_made(iot, policy)
                for group in batch.groups:
                    self.group_made(iot, group)
        return made

    def remove(self, account: str | None, prefix: str) -> int:
        """Take devices away with their certificates and things, of one account or of all; returns how many.

        Raises:
            AwsError: 404; there is none whose name begins so.
        """
        with world.lock:
            found = [
                device
                for (owner, name), device in self.devices.items()
                if account in {None, owner} and name.startswith(prefix)
            ]
            if not found:
                where = f" in account {account}" if account is not None else ""
                raise AwsError("NotFound", f"there is no light device {prefix}...{where}", 404)
            with contextlib.ExitStack() as changes:
                for iot in {id(device.batch.iot): device.batch.iot for device in found}.values():
                    changes.enter_context(iot.many_changes())
                for device in found:
                    _remove(device)
                    del self.devices[device.account, device.thing]
        return len(found)

    def policy_made(self, iot: SandboxIoTBackend, policy: str) -> None:
        """Attach a new policy to the devices that wait for it."""
        if policy not in iot.policies:
            return
        for device in self._waiting(iot):
            if policy in device.batch.policies:
                certificate = iot.certificates[device.certificateId]
                iot.principal_policies.setdefault((certificate.arn, policy), (certificate, iot.policies[policy]))
                world.tell((device.account, device.thing))

    def group_made(self, iot: SandboxIoTBackend, group: str) -> None:
        """Let the devices that wait for a new thing group join it."""
        found = iot.thing_groups.get(iot.group_arn(group))
        if found is None:
            return
        with iot.many_changes():
            for device in self._waiting(iot):
                thing = iot.things.get(iot.thing_arn(device.thing))
                if group in device.batch.groups and thing is not None:
                    found.things.setdefault(thing.arn, thing)

    def _waiting(self, iot: SandboxIoTBackend) -> Iterator[LightDevice]:
        for device in self.devices.values():
            if (device.account, device.region) == (iot.account_id, iot.region_name):
                yield device

    def summary(self) -> list[dict[str, Any]]:
        """The batches, with how many devices are online and how many have a broken component."""
        online = Counter(id(device.batch) for device in self.devices.values() if device.online)
        broken = Counter(id(device.batch) for device in self.devices.values() if device.state.broken)
        count = Counter(id(device.batch) for device in self.devices.values())
        batches = {id(device.batch): device.batch for device in self.devices.values()}
        return [
            {
                "prefix": batch.prefix,
                "account": batch.account,
                "region": batch.region,
                "groups": list(batch.groups),
                "platform": dict(batch.platform),
                "nucleusVersion": batch.nucleus,
                "count": count[key],
                "online": online[key],
                "broken": broken[key],
            }
            for key, batch in batches.items()
        ]


def _read(account: str, value: Mapping[str, Any]) -> tuple[Batch, list[str]]:
    unknown = sorted(set(value) - _FIELDS)
    if unknown:
        raise _bad(f"light devices have no {', '.join(unknown)}")
    missing = sorted({"region", "prefix", "count"} - set(value))
    if missing:
        raise _bad(f"light devices need {', '.join(missing)}")
    prefix, count, start = str(value["prefix"]), value["count"], value.get("start", 1)
    if not _PREFIX.fullmatch(prefix):
        raise _bad(f"prefix is letters, digits, '-' and '_', at most 100 (got {prefix!r})")
    for name, number, most in (("count", count, MOST), ("start", start, 10_000_000)):
        if not isinstance(number, int) or isinstance(number, bool) or not 1 <= number <= most:
            raise _bad(f"{name} is a whole number from 1 to {most} (got {number!r})")
    nucleus = str(value.get("nucleusVersion") or "2.14.3")
    if not is_version(nucleus):
        raise _bad(f"nucleusVersion is one exact version (got {nucleus!r})")
    batch = Batch(
        account=account,
        region=str(value["region"]),
        prefix=prefix,
        platform=dict(value.get("platform") or {"os": "linux", "architecture": "amd64"}),
        nucleus=nucleus,
        runtime=str(value.get("runtime") or "aws_nucleus_classic"),
        policies=tuple(value.get("policies") or ()),
        groups=tuple(value.get("groups") or ()),
        role_alias=str(value.get("roleAlias") or ""),
        knobs=dict(value.get("knobs") or {}),
    )
    return batch, [f"{prefix}{number:05}" for number in range(start, start + count)]


def _bad(message: str) -> AwsError:
    return AwsError("BadRequest", message, 400)


def _certificates(count: int) -> list[str]:
    """Certificates in PEM, each with a serial number of its own; one key for all, which nobody ever uses."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "AWS IoT Certificate")])
    began = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .not_valid_before(began)
        .not_valid_after(began + timedelta(days=365))
    )
    return [
        builder.serial_number(x509.random_serial_number())
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
        .decode("ascii")
        for _ in range(count)
    ]


def _remove(device: LightDevice) -> None:
    """Core device, certificate and thing go, in moto's tables, without a walk over all of them for each."""
    iot = device.batch.iot
    device.batch.greengrass.core_devices.pop(device.thing, None)
    certificate = iot.certificates.pop(device.certificateId, None)
    if certificate is not None:
        iot.principal_things.pop((certificate.arn, device.thing), None)
        for policy in iot.policies:
            iot.principal_policies.pop((certificate.arn, policy), None)
    arn = iot.thing_arn(device.thing)
    if iot.things.pop(arn, None) is not None:
        for group in iot.thing_groups.values():
            group.things.pop(arn, None)


fleet = LightFleet()
"""The light devices of this process's sandbox."""
