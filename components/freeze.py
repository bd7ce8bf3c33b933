"""What people hold back, held back where it is applied: stops, freeze windows and quarantines bind `pulumi up`.

A preview only warns. An update under a stop of all fleets is refused before anything is registered. Everything else
is refused resource by resource, by a hook that the engine calls before it creates or updates one: so an update that
has nothing to change for a frozen ring goes through, and one fleet's stop is no other fleet's. A rollback may pass
where the stop or the window says so; it is known by its hold, the file that says which release was put back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import pulumi

from edgewright.errors import EdgewrightError
from edgewright.manifest.controls import ALL, Controls, short
from edgewright.manifest.load import Project
from edgewright.manifest.model import Ring
from edgewright.manifest.windows import Window, frozen


@dataclass(frozen=True, kw_only=True)
class Guard:
    """What is held back in a stage at a time."""

    controls: Controls
    windows: Sequence[Window]
    stage: str
    at: datetime

    @classmethod
    def of(cls, project: Project, stage: str, *, at: datetime | None = None) -> Guard:
        """Return what is held back in a stage now."""
        return cls(
            controls=project.controls,
            windows=project.organisation.windows,
            stage=stage,
            at=at or datetime.now(UTC),
        )

    def refuse_all(self) -> None:
        """Refuse an update while all fleets are stopped, and tell a preview.

        Raises:
            EdgewrightError: it is an update, and not even rollbacks pass.
        """
        stop = self.controls.stops.get(ALL)
        if stop is None:
            return
        told = f"the line of all fleets is stopped: {stop}"
        if pulumi.runtime.is_dry_run():
            pulumi.log.warn(f"{told}; an update would be refused")
        elif stop.rollbacks == "wait":
            msg = f"{told}; nothing was changed. When the reason is gone: edgewright resume --all"
            raise EdgewrightError(msg)

    def stopped(self, fleet: str) -> str | None:
        """Why nothing of a fleet may change; None when it may."""
        stop = self.controls.stop(fleet)
        return f"the line of {fleet} is stopped: {stop}; when the reason is gone: edgewright resume" if stop else None

    def release(self, fleet: str, ring: Ring) -> str | None:
        """Why a ring's deployment may not change; None when it may."""
        path = f"{self.stage}/{ring.name}"
        bad = self.controls.quarantine(ring.release)
        if bad is not None:
            return (
                f"release {short(ring.release)} of {fleet} {path} is in quarantine: {bad}; "
                f"edgewright rollback {fleet} --ring {path}"
            )
        goes_back = self.controls.restored(fleet, path, ring.release) is not None
        stop = self.controls.stop(fleet)
        if stop is not None and not (goes_back and stop.rollbacks == "pass"):
            return self.stopped(fleet)
        window = frozen(self.windows, fleet=fleet, stage=self.stage, at=self.at)
        if window is not None and not (goes_back and window.rollbacks_pass):
            until = f", until {window.until.isoformat(timespec='minutes')}" if window.until else ""
            return f"{path} of {fleet} is frozen: {window.reason}{until}"
        return None

    def warn(self, fleet: str, rings: Sequence[Ring]) -> None:
        """Tell a preview what an update would refuse."""
        if pulumi.runtime.is_dry_run():
            for told in dict.fromkeys(filter(None, (self.release(fleet, ring) for ring in rings))):
                pulumi.log.warn(f"{told}; an update that changes it would be refused")


def refusing(name: str, reason: str) -> pulumi.ResourceHookBinding:
    """Return hooks that refuse to create or update a resource.

    Args:
        name: Of the hook; one name a stack.
        reason: What the user reads.
    """

    def refuse(_args: pulumi.ResourceHookArgs) -> None:
        msg = f"{reason}. Nothing was changed here"
        raise pulumi.RunError(msg)

    hook = pulumi.ResourceHook(f"edgewright-{name}", refuse)
    return pulumi.ResourceHookBinding(before_create=[hook], before_update=[hook])


def whole_fleet_refused(name: str, reason: str, *, but: str) -> pulumi.ResourceOptions:
    """Return options for a component, by which no resource in it is created or updated.

    Args:
        name: Of the hook; one name a stack.
        reason: What the user reads.
        but: A type that decides for itself.
    """
    hooks = refusing(name, reason)

    def bind(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult | None:
        if not args.custom or args.type_ == but:
            return None
        opts = pulumi.ResourceOptions.merge(args.opts, pulumi.ResourceOptions(hooks=hooks))
        return pulumi.ResourceTransformResult(props=args.props, opts=opts)

    return pulumi.ResourceOptions(transforms=[bind])
