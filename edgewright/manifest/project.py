"""A project as everything else sees it: every manifest, the catalog and the controls, and what is asked of them all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from edgewright.catalog.catalog import Catalog
from edgewright.errors import EdgewrightError
from edgewright.manifest.accounts import Account
from edgewright.manifest.controls import Controls
from edgewright.manifest.model import Fleet, FleetStage, Organisation, Ring, Stage


@dataclass(frozen=True)
class Project:
    """Everything that the manifests say, checked."""

    root: Path
    organisation: Organisation
    fleets: Mapping[str, Fleet]
    stages: Mapping[tuple[str, str], FleetStage]
    """By fleet and stage."""
    catalog: Catalog
    controls: Controls = field(default_factory=Controls)
    """What people hold back: stops, holds, quarantines."""

    def stage_fleets(self, stage: str) -> list[tuple[Fleet, FleetStage]]:
        """The fleets of a stage, by name."""
        return [(self.fleets[fleet], each) for (fleet, name), each in sorted(self.stages.items()) if name == stage]

    def account(self, stage: str) -> Account:
        """The account of a stage.

        Raises:
            EdgewrightError: the organisation has no such stage.
        """
        return self.organisation.accounts[self._stage(stage).account]

    def region(self, stage: str) -> str:
        """The Region of a stage.

        Raises:
            EdgewrightError: the organisation has no such stage.
        """
        return self._stage(stage).region or self.organisation.region

    def path(self, fleet: str) -> list[tuple[str, Ring]]:
        """The rings of a fleet in promotion order, each with its stage.

        Raises:
            EdgewrightError: there is no such fleet.
        """
        if fleet not in self.fleets:
            msg = f"there is no fleet {fleet!r}: the fleets are {', '.join(sorted(self.fleets))}"
            raise EdgewrightError(msg)
        found = []
        for name in self.fleets[fleet].promotion.path:
            stage, _, ring_name = name.partition("/")
            rings = self.stages[fleet, stage].rings
            found.append((stage, next(ring for ring in rings if ring.name == ring_name)))
        return found

    def ring(self, fleet: str, path: str) -> Ring:
        """A ring of a fleet by ``stage/ring``.

        Raises:
            EdgewrightError: there is no such fleet, or it has no such ring.
        """
        rings = {f"{stage}/{ring.name}": ring for stage, ring in self.path(fleet)}
        if path not in rings:
            msg = f"fleet {fleet!r} has no ring {path!r}: its rings are {', '.join(rings)}"
            raise EdgewrightError(msg)
        return rings[path]

    def _stage(self, name: str) -> Stage:
        if name not in self.organisation.stages:
            msg = f"there is no stage {name!r}: edgewright.yaml has {', '.join(sorted(self.organisation.stages))}"
            raise EdgewrightError(msg)
        return self.organisation.stages[name]
