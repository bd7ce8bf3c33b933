"""What holds a change back, or would: stops, holds, quarantines and freeze windows. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from edgewright.gitops import words
from edgewright.gitops.diff import values
from edgewright.gitops.diff.model import Finding, FleetDiff
from edgewright.gitops.diff.values import Change
from edgewright.manifest.controls import Control, hold_file, quarantine_file, stop_file
from edgewright.manifest.load import Project
from edgewright.manifest.windows import frozen


def changes(base: Project | None, head: Project) -> tuple[Change, ...]:
    """Return the controls that come, go or say something else, by their file."""
    old, new = _files(base), _files(head)
    found = []
    for file in sorted(old.keys() | new.keys()):
        before, after = old.get(file), new.get(file)
        if before != after:
            found.append(Change(file, values.kind(before, after), before, after))
    return tuple(found)


def _files(project: Project | None) -> Mapping[str, str]:
    if project is None:
        return {}
    controls = project.controls
    return {
        **{stop_file(fleet): _said(stop) for fleet, stop in controls.stops.items()},
        **{hold_file(hold.fleet, hold.ring, hold.release): _said(hold) for hold in controls.holds},
        **{quarantine_file(release): _said(each) for release, each in controls.quarantines.items()},
    }


def _said(control: Control) -> str:
    return values.shown(words.plain(str(control)))


def findings(head: Project, fleets: Sequence[FleetDiff], at: datetime) -> Iterator[Finding]:
    """Return what keeps the new releases of a change from being deployed now.

    Args:
        head: The project after the change.
        fleets: The fleets that change.
        at: Now, with a time zone.
    """
    controls, windows = head.controls, head.organisation.windows
    for fleet in fleets:
        deploying = [ring for ring in fleet.rings if ring.deploys]
        stop = controls.stop(fleet.name)
        if stop is not None and deploying:
            yield Finding("danger", "stopped", fleet.name, f"the line is stopped: {words.plain(str(stop))}")
        for ring in deploying:
            where, release = f"{ring.fleet}/{ring.path}", ring.after or ""
            quarantine = controls.quarantine(release)
            if quarantine is not None:
                text = f"its release {words.short(release)} is in quarantine: {words.plain(str(quarantine))}"
                yield Finding("danger", "quarantined", where, text)
            hold = controls.hold(ring.fleet, ring.path, release)
            if hold is not None:
                text = f"its release {words.short(release)} is held back from it: {words.plain(str(hold))}"
                yield Finding("danger", "held", where, text)
            freeze = frozen(windows, fleet=ring.fleet, stage=ring.stage, at=at)
            if freeze is not None:
                until = f", until {words.moment(freeze.until)}" if freeze.until else ", with no end in sight"
                passing = "; rollbacks may pass" if freeze.rollbacks_pass else ""
                text = f"its stage is frozen now{until}: {words.plain(freeze.reason)}{passing}"
                yield Finding("warning", "frozen", where, text)
