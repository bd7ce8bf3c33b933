"""Whether a device that says it took a revision also runs it, by what it reports as installed. Pure.

A job that succeeded says "took the deployment", not "still runs it": a component may break a second later. So each
device that succeeded is asked for its installed root components (ListInstalledComponents): the wanted versions, brought
by this deployment (``lastInstallationSource``), running or finished.

Three answers. *Confirmed*: all of it is so. *Contradicted*: a report that is younger than the revision says otherwise,
or a component is broken. *Open*: there is no such report yet, or another deployment brought the same version.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

# InstalledComponent.lifecycleState: at rest, and well.
_WELL = frozenset({"RUNNING", "FINISHED"})
# The nucleus tries an errored component again; a broken one it has given up.
_ILL = {"BROKEN": True, "ERRORED": False}


class Standing(Enum):
    """What a device's report says about a revision."""

    CONFIRMED = "confirmed"
    OPEN = "open"
    CONTRADICTED = "contradicted"


@dataclass(frozen=True)
class Report:
    """A standing, and why in words.

    Attributes:
        standing: What the report says.
        reason: The first component that is not as wanted, in words; empty when all are.
        final: Whether a later report can hardly change it: the nucleus has given a component up.
    """

    standing: Standing
    reason: str = ""
    final: bool = False


def judge_installed(
    installed: Sequence[Mapping[str, Any]],
    wanted: Mapping[str, str],
    *,
    deployment_id: str,
    created: datetime | None = None,
) -> Report:
    """Return what the installed components of one device say about a revision.

    Args:
        installed: Items of ListInstalledComponents.
        wanted: The revision's components and their versions.
        deployment_id: The revision.
        created: When it was created; a report from before says nothing about it.
    """
    there = {str(each.get("componentName")): each for each in installed}
    fresh = any(_is_fresh(each, deployment_id, created) for each in installed)
    worst = Report(Standing.CONFIRMED)
    for name, version in sorted(wanted.items()):
        report = _component(there.get(name), name, version, deployment_id=deployment_id, fresh=fresh)
        if report.final:
            return report
        if _ORDER[report.standing] > _ORDER[worst.standing]:
            worst = report
    return worst


_ORDER = {Standing.CONFIRMED: 0, Standing.OPEN: 1, Standing.CONTRADICTED: 2}


def _component(found: Mapping[str, Any] | None, name: str, version: str, *, deployment_id: str, fresh: bool) -> Report:
    otherwise = Standing.CONTRADICTED if fresh else Standing.OPEN
    if found is None:
        return Report(otherwise, f"does not report {name} as installed")
    has, state = str(found.get("componentVersion")), str(found.get("lifecycleState"))
    if has != version:
        return Report(otherwise, f"reports {name} {has}, not {version}")
    source = str(found.get("lastInstallationSource") or "")
    if state in _ILL and (fresh or source == deployment_id):
        details = f": {found['lifecycleStateDetails']}" if found.get("lifecycleStateDetails") else ""
        return Report(Standing.CONTRADICTED, f"reports {name} {has} as {state}{details}", final=_ILL[state])
    if state not in _WELL:
        return Report(Standing.OPEN, f"reports {name} {has} as {state}")
    if source != deployment_id:
        return Report(Standing.OPEN, f"reports {name} {has} as installed by {source or 'nothing that it names'}")
    return Report(Standing.CONFIRMED)


def _is_fresh(item: Mapping[str, Any], deployment_id: str, created: datetime | None) -> bool:
    reported = item.get("lastReportedTimestamp")
    if created is not None and isinstance(reported, datetime):
        return reported >= created
    return item.get("lastInstallationSource") == deployment_id
