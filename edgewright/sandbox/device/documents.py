"""The deployment document that a job or a shadow brings, read once into frozen records.

The form is that of a job document of the sandbox (components as a map, policies in the API's own form); the group's
name follows ``DeploymentDocumentConverter``: ``thinggroup/<name>`` or ``thing/<name>``, and the parent group for a
subdeployment. Components that judge a configuration speak to the nucleus over IPC, which simulated devices do not
have, so nobody objects; the fault ``defer`` stands for components that put an update off.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from edgewright.sandbox.device.configuration import Update
from edgewright.sandbox.device.failures import DeploymentError
from edgewright.versions import parse_version

DEVICE_PREFIX = "thing/"
LARGE_CONFIGURATION: Final = "LARGE_CONFIGURATION"
_SINCE: Final = {
    LARGE_CONFIGURATION: parse_version("2.3.0"),
    "LINUX_RESOURCE_LIMITS": parse_version("2.4.0"),
    "SUB_DEPLOYMENTS": parse_version("2.9.0"),
}
"""The nucleus's versions that can do what a deployment may ask for (developer guide)."""
Source = Literal["IOT_JOBS", "SHADOW"]
"""How a deployment reached the device: a job of a group, or the shadow of the thing itself."""


@dataclass(frozen=True)
class RootComponent:
    """A component that the deployment names, with its exact version."""

    name: str
    version: str
    update: Update
    run_with: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Deployment:
    """One deployment as the device sees it; ``created`` in milliseconds since the epoch."""

    identifier: str
    name: str
    created: int
    group: str
    target_arn: str
    configuration_arn: str
    source: Source
    roots: Mapping[str, RootComponent]
    roll_back: bool = True
    notify: bool = True
    """Whether components are asked before an update (``NOTIFY_COMPONENTS``, the default)."""
    capabilities: tuple[str, ...] = ()
    """What the nucleus must be able to do (``DeploymentCapability``)."""

    @property
    def in_part(self) -> bool:
        """Whether the document was too large for its job or shadow: configuration is to be asked for."""
        return LARGE_CONFIGURATION in self.capabilities

    def missing_capabilities(self, nucleus: str) -> list[str]:
        """What is asked for that a nucleus of that version cannot do."""
        version = parse_version(nucleus)
        return [name for name in self.capabilities if name not in _SINCE or version < _SINCE[name]]

    def chosen_to_fail(self, thing: str, share: float) -> bool:
        """Whether a device whose knob ``fail`` is ``share`` (0 to 1) fails this deployment: the same on every run."""
        digest = hashlib.sha256(f"{thing}\n{self.identifier}".encode()).digest()
        return int.from_bytes(digest[:8], "big") / 2**64 < share


def parse(document: Any, source: Source) -> Deployment:
    """Read a deployment document.

    Raises:
        DeploymentError: it is not one; the message says what is missing or wrong.
    """
    try:
        target = str(document["targetArn"])
        policies = document.get("deploymentPolicies") or {}
        return Deployment(
            identifier=str(document["deploymentId"]),
            name=str(document.get("deploymentName") or ""),
            created=int(document["creationTimestamp"]),
            group=_group(str(document.get("onBehalfOf") or target)),
            target_arn=target,
            configuration_arn=str(document.get("configurationArn") or target),
            source=source,
            roots={name: _root(name, value) for name, value in (document.get("components") or {}).items()},
            roll_back=policies.get("failureHandlingPolicy", "ROLLBACK") != "DO_NOTHING",
            notify=(policies.get("componentUpdatePolicy") or {}).get("action") != "SKIP_NOTIFY_COMPONENTS",
            capabilities=tuple(str(name) for name in document.get("requiredCapabilities") or ()),
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        msg = f"The deployment document is not valid: {error!r}"
        raise DeploymentError(msg, "DEPLOYMENT_DOCUMENT_NOT_VALID", kind="CLOUD_SERVICE_ERROR") from error


def _root(name: str, value: Any) -> RootComponent:
    update = value.get("configurationUpdate") or {}
    merge = update.get("merge")
    if merge is not None and not isinstance(merge, dict):
        msg = f"the merge of {name} is no object: {merge!r}"
        raise TypeError(msg)
    return RootComponent(
        name=name,
        version=str(value["version"]),
        update=Update(merge=merge, reset=tuple(str(pointer) for pointer in update.get("reset") or ())),
        run_with=value.get("runWith") or None,
    )


def _group(arn: str) -> str:
    """``thinggroup/X`` of ``arn:aws:iot:region:account:thinggroup/X`` (and of a bare ``thinggroup/X``)."""
    resource = arn.rsplit(":", 1)[-1] if arn.startswith("arn:") else arn
    if not resource.startswith(("thinggroup/", DEVICE_PREFIX)):
        msg = f"a target is a thing or a thing group, not {arn!r}"
        raise ValueError(msg)
    return resource
