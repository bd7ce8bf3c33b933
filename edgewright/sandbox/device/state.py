"""What a device remembers: its components and their configuration, the deployments of its groups, and unsent news.

It is written as one file, whole, whenever it has changed; a device that was killed goes on from the file.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from edgewright.sandbox.device import configuration
from edgewright.sandbox.device.artifacts import STORE_LIMIT
from edgewright.sandbox.device.configuration import Branch, Leaf
from edgewright.sandbox.device.documents import Deployment
from edgewright.sandbox.device.paths import DevicePaths, write_atomically

NUCLEUS = "aws.greengrass.Nucleus"


@dataclass(frozen=True)
class Installed:
    """A component on the device. ``configuration`` is never changed in place."""

    version: str
    configuration: Branch = field(default_factory=Branch)
    run_with: str | None = None
    previous: str | None = None
    """The version that was there before this one."""


@dataclass(frozen=True)
class GroupRecord:
    """The last deployment of a group that took effect here; ``created`` in milliseconds since the epoch."""

    deployment: str
    configuration_arn: str
    created: int
    roots: Mapping[str, str]


@dataclass
class DeviceState:
    """Everything that outlives a restart. Its maps are replaced, never changed: other threads read them.

    Args:
        components: name -> what is installed.
        groups: group -> its last deployment.
        certificate: id of the certificate with which the device was last seen.
        installed_nucleus: the version that the registry gave when it was last looked at.
        sequence: number of the next fleet status message.
        outbox: results of deployments that the cloud has not heard of, oldest first.
        shadow: id of the last deployment that came by the shadow.
    """

    components: dict[str, Installed] = field(default_factory=dict)
    groups: dict[str, GroupRecord] = field(default_factory=dict)
    certificate: str = ""
    installed_nucleus: str = ""
    sequence: int = 0
    outbox: list[dict[str, Any]] = field(default_factory=list)
    shadow: str = ""

    @property
    def nucleus_version(self) -> str:
        """The nucleus's version."""
        return self.components[NUCLEUS].version

    def nucleus_option(self, key: str) -> Any:
        """A value of the nucleus's configuration that no deployment nests, or None."""
        found = self.components[NUCLEUS].configuration.children.get(key.lower())
        return found[1].value if found is not None and isinstance(found[1], Leaf) else None

    @property
    def platform_override(self) -> dict[str, str]:
        """Attributes that the nucleus's configuration adds to its platform (``platformOverride``)."""
        found = self.components[NUCLEUS].configuration.children.get("platformoverride")
        values = found[1].plain() if found is not None and isinstance(found[1], Branch) else {}
        return {key: str(value) for key, value in values.items() if not isinstance(value, dict | list)}

    @property
    def store_limit(self) -> int:
        """Bytes that the component store may take (``componentStoreMaxSizeBytes``, a number or a text of one)."""
        try:
            return int(float(self.nucleus_option("componentStoreMaxSizeBytes") or STORE_LIMIT))
        except (TypeError, ValueError):
            return STORE_LIMIT

    def is_stale(self, deployment: Deployment) -> bool:
        """Whether a newer deployment of the same group has already taken effect."""
        record = self.groups.get(deployment.group)
        return record is not None and deployment.created < record.created

    def record(self, deployment: Deployment, left: Collection[str]) -> None:
        """Note that ``deployment`` has taken effect for its group, and forget the groups that the device has left."""
        kept = {name: record for name, record in self.groups.items() if name not in left}
        kept[deployment.group] = GroupRecord(
            deployment=deployment.identifier,
            configuration_arn=deployment.configuration_arn,
            created=deployment.created,
            roots={name: root.version for name, root in deployment.roots.items()},
        )
        self.groups = kept

    def kept_versions(self) -> dict[str, set[str]]:
        """Component -> versions that stay on the disk: the one that is installed and the one before it."""
        return {
            name: {version for version in (installed.version, installed.previous) if version is not None}
            for name, installed in self.components.items()
        }

    def set_nucleus(self, version: str) -> None:
        """Install another nucleus, keeping its configuration."""
        self.installed_nucleus = version
        before = self.components.get(NUCLEUS)
        after = Installed(version) if before is None else replace(before, version=version, previous=before.version)
        self.components = {**self.components, NUCLEUS: after}

    def save(self, paths: DevicePaths) -> None:
        """Write the state, and the configuration in a form for people."""
        document = {
            "components": {
                name: {
                    "version": installed.version,
                    "configuration": installed.configuration.dump(),
                    "runWith": installed.run_with,
                    "previousVersion": installed.previous,
                }
                for name, installed in self.components.items()
            },
            "groups": {
                name: {
                    "deploymentId": record.deployment,
                    "configurationArn": record.configuration_arn,
                    "creationTimestamp": record.created,
                    "roots": dict(record.roots),
                }
                for name, record in self.groups.items()
            },
            "certificateId": self.certificate,
            "installedNucleus": self.installed_nucleus,
            "sequenceNumber": self.sequence,
            "outbox": self.outbox,
            "shadow": self.shadow,
        }
        plain = {name: installed.configuration.plain() for name, installed in sorted(self.components.items())}
        write_atomically(paths.configuration, json.dumps(plain, indent=2, ensure_ascii=False) + "\n")
        write_atomically(paths.state, json.dumps(document, separators=(",", ":"), ensure_ascii=False))


def load(paths: DevicePaths) -> DeviceState:
    """Read the state; a device without one is new.

    Raises:
        ValueError: there is a file, but it is no state.
    """
    try:
        text = paths.state.read_text(encoding="utf-8")
    except FileNotFoundError:
        return DeviceState()
    try:
        document = json.loads(text)
        return DeviceState(
            components={
                name: Installed(
                    item["version"],
                    configuration.load(item["configuration"]),
                    item["runWith"],
                    item.get("previousVersion"),
                )
                for name, item in document["components"].items()
            },
            groups={
                name: GroupRecord(
                    item["deploymentId"], item["configurationArn"], item["creationTimestamp"], item["roots"]
                )
                for name, item in document["groups"].items()
            },
            certificate=document["certificateId"],
            installed_nucleus=document["installedNucleus"],
            sequence=document["sequenceNumber"],
            outbox=document["outbox"],
            shadow=document["shadow"],
        )
    except (AttributeError, KeyError, TypeError, ValueError, IndexError) as error:
        msg = f"{paths.state} is not the state of a device ({error!r}); remove the device's folder to begin anew"
        raise ValueError(msg) from error
