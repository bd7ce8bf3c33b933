"""One core device as Greengrass knows it: what it has, and by which deployment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from edgewright.aws import answers
from edgewright.aws.errors import AwsError
from edgewright.aws.reading import Deployment, Installed
from edgewright.aws.session import Session


@dataclass(frozen=True)
class Seen:
    """A core device."""

    thing: str
    health: str
    reported: datetime | None
    installed: Mapping[str, Installed]
    deployments: tuple[Deployment, ...]
    """Those that installed what it has, newest first; one that AWS no longer knows is left out."""


def look(session: Session, thing: str) -> Seen | None:
    """Return a core device; None when Greengrass does not know it.

    Raises:
        AwsError: AWS said no, or could not be asked.
    """
    try:
        report = session.call(
            "greengrassv2", "get_core_device", doing=f"read core device {thing}", coreDeviceThingName=thing
        )
    except AwsError as error:
        if error.missing:
            return None
        raise
    found = session.items(
        "greengrassv2",
        "list_installed_components",
        "installedComponents",
        doing=f"list what {thing} has installed",
        coreDeviceThingName=thing,
        topologyFilter="ALL",
    )
    installed = {each.name: each for each in map(answers.installed, found)}
    deployments = []
    for source in sorted({each.source for each in installed.values()} - {"", "LOCAL"}):
        try:
            answer = session.call(
                "greengrassv2", "get_deployment", doing=f"read deployment {source}", deploymentId=source
            )
        except AwsError as error:
            if not error.missing:
                raise
        else:
            deployments.append(answers.deployment(answer))
    reported = report.get("lastStatusUpdateTimestamp")
    return Seen(
        thing,
        str(report.get("status") or ""),
        reported.astimezone(UTC) if isinstance(reported, datetime) else None,
        installed,
        tuple(sorted(deployments, key=lambda each: each.created, reverse=True)),
    )
