"""What core devices report: the fleet status service.

A COMPLETE message replaces what is known of a device, a PARTIAL one adds to it. Nothing is known of a device before
its first message, and what is known may be old: ``lastStatusUpdateTimestamp`` says how old.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

LOCAL = "LOCAL"


@dataclass
class Installed:
    """A component on a device."""

    name: str
    version: str
    state: str
    details: str
    codes: list[str]
    is_root: bool
    source: str
    changed: datetime
    reported: datetime

    def to_json(self) -> dict[str, Any]:
        """``InstalledComponent``."""
        return {
            "componentName": self.name,
            "componentVersion": self.version,
            "lifecycleState": self.state,
            "lifecycleStateDetails": self.details or None,
            "isRoot": self.is_root,
            "lastStatusChangeTimestamp": self.changed,
            "lastReportedTimestamp": self.reported,
            "lastInstallationSource": self.source,
            "lifecycleStatusCodes": self.codes,
        }


@dataclass
class Outcome:
    """What a device said about one deployment."""

    status: str
    reason: str
    stack: list[str]
    types: list[str]
    modified: datetime


@dataclass
class CoreDevice:
    """A core device as the cloud knows it."""

    thing: str
    arn: str
    version: str = ""
    platform: str = ""
    architecture: str = ""
    runtime: str = ""
    status: str = "HEALTHY"
    updated: datetime = field(default_factory=lambda: datetime.now(UTC))
    installed: dict[str, Installed] = field(default_factory=dict)
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    """By deployment id."""
    tags: dict[str, str] = field(default_factory=dict)

    def summary(self) -> dict[str, Any]:
        """``CoreDevice`` of ListCoreDevices."""
        return {
            "coreDeviceThingName": self.thing,
            "status": self.status,
            "lastStatusUpdateTimestamp": self.updated,
            "platform": self.platform or None,
            "architecture": self.architecture or None,
            "runtime": self.runtime or None,
        }

    def to_json(self) -> dict[str, Any]:
        """The answer of GetCoreDevice."""
        return {**self.summary(), "coreVersion": self.version or None, "tags": self.tags or None}

    def report(self, message: Mapping[str, Any], source_of: Mapping[str, str]) -> None:
        """Take in a fleet status message; ``source_of`` maps configuration ARNs to deployment ids."""
        moment = _moment(message.get("timestamp"))
        if moment < self.updated and self.version:
            return
        self.updated = moment
        self.version = str(message.get("ggcVersion", self.version))
        self.platform = str(message.get("platform", self.platform))
        self.architecture = str(message.get("architecture", self.architecture))
        self.runtime = str(message.get("runtime", self.runtime))
        self.status = str(message.get("overallDeviceStatus", self.status))
        before = self.installed
        if message.get("messageType", "COMPLETE") == "COMPLETE":
            self.installed = {}
        for item in message.get("components") or []:
            component = self._component(item, before, source_of, moment)
            self.installed[component.name] = component
        information = message.get("deploymentInformation") or {}
        if information.get("deploymentId"):
            self.outcomes[information["deploymentId"]] = _outcome(information, moment)

    def _component(
        self, item: Mapping[str, Any], before: Mapping[str, Installed], source_of: Mapping[str, str], moment: datetime
    ) -> Installed:
        name, version, state = item["componentName"], str(item["version"]), item["status"]
        details = item.get("statusDetails") or {}
        known = before.get(name)
        same = known is not None and (known.version, known.state) == (version, state)
        sources = [source_of[arn] for arn in item.get("fleetConfigArns") or [] if arn in source_of]
        kept = known.source if known is not None and known.version == version else LOCAL
        source = sources[-1] if sources else kept
        return Installed(
            name=name,
            version=version,
            state=state,
            details=str(details.get("statusReason") or ""),
            codes=[str(code) for code in details.get("statusCodes") or []],
            is_root=bool(item.get("isRoot")),
            source=source,
            changed=known.changed if known is not None and same else moment,
            reported=moment,
        )


def _moment(milliseconds: Any) -> datetime:
    if isinstance(milliseconds, int | float) and milliseconds > 0:
        return datetime.fromtimestamp(milliseconds / 1000, UTC)
    return datetime.now(UTC)


def _outcome(information: Mapping[str, Any], moment: datetime) -> Outcome:
    details = information.get("statusDetails") or {}
    return Outcome(
        status=str(information.get("status", "")),
        reason=str(details.get("deploymentFailureCause") or details.get("detailedStatus") or ""),
        stack=[str(code) for code in details.get("errorStack") or []],
        types=[str(kind) for kind in details.get("errorTypes") or []],
        modified=moment,
    )
