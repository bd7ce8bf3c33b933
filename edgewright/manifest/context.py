"""What the rules look at: every manifest as far as it could be read, and the rings with where they would run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from edgewright.catalog.catalog import Catalog
from edgewright.catalog.component import CatalogVersion
from edgewright.catalog.recipe import Dependency
from edgewright.manifest.control_files import ControlFiles
from edgewright.manifest.model import Component, Fleet, FleetStage, Organisation, Ring, Stage
from edgewright.source import Problem
from edgewright.validation import Parsed

Path_ = Sequence["str | int"]
Severity = Literal["error", "warning"]
Since = Callable[[str, int], "str | None"]
"""Since when a line of a file is as it is, for instance from git; None when that is not known."""


@dataclass(frozen=True)
class StageFile:
    """fleets/<folder>/<name>.yaml."""

    folder: str
    name: str
    parsed: Parsed[FleetStage]


@dataclass(frozen=True)
class RingPlace:
    """A ring, and what is known of where it runs; the parts are None where their own file is broken."""

    file: StageFile
    index: int
    ring: Ring
    fleet_file: Parsed[Fleet] | None
    stage_name: str
    stage: Stage | None
    account_id: str | None
    region: str | None
    placed: bool
    """Whether it is known which stage this is; where it is not, what holds between rings cannot be judged."""

    @property
    def fleet(self) -> Fleet | None:
        """What is the same in every stage."""
        return self.fleet_file.model if self.fleet_file else None

    @property
    def captures(self) -> bool | None:
        """Whether the fleet captures; None where that could not be read."""
        if self.fleet_file is None or self.fleet_file.model is None or not self.fleet_file.whole(("capture",)):
            return None
        return self.fleet_file.model.capture.enabled

    @property
    def production(self) -> bool:
        """Whether the stricter rules hold."""
        return self.stage is not None and self.stage.production

    @property
    def fleet_name(self) -> str:
        """The fleet, as its folder is called; a stage file that says another is told."""
        return self.file.folder

    @property
    def name(self) -> str:
        """The ring on the promotion path."""
        return f"{self.stage_name}/{self.ring.name}"

    @property
    def title(self) -> str:
        """The ring among all fleets."""
        return f"{self.fleet_name}/{self.name}"

    @property
    def whole(self) -> bool:
        """Whether the release was read completely, so that what is not in it is missing."""
        return self.file.parsed.whole(("rings", self.index, "components"))

    def problem(
        self, path: Path_, message: str, *, remedy: str, got: str | None = None, severity: Severity = "error"
    ) -> Problem:
        """A problem at a path below the ring."""
        return self.file.parsed.problem(
            ("rings", self.index, *path), message, remedy=remedy, got=got, severity=severity
        )

    def quoted(self, path: Path_) -> bool:
        """Whether the text at a path below the ring is in quotes."""
        return self.file.parsed.quoted(("rings", self.index, *path))

    def shown(self, path: Path_) -> str:
        """What is written at a path below the ring."""
        return self.file.parsed.shown(("rings", self.index, *path))


@dataclass(frozen=True)
class Context:
    """Everything that was read."""

    organisation: Parsed[Organisation]
    fleets: Mapping[str, Parsed[Fleet]]
    """By folder."""
    stages: Sequence[StageFile]
    catalog: Catalog
    since: Since | None = None
    unread: frozenset[str] = frozenset()
    """Fleet folders with a manifest that is not where it would be read, or not called so."""
    controls: ControlFiles = field(default_factory=lambda: ControlFiles({}, (), (), ()))

    @cached_property
    def rings(self) -> tuple[RingPlace, ...]:
        """All rings, fleet by fleet and stage by stage."""
        return tuple(self._places())

    @cached_property
    def stages_by_fleet(self) -> Mapping[str, Sequence[StageFile]]:
        """The stage files of each fleet folder."""
        result: dict[str, list[StageFile]] = {}
        for file in self.stages:
            result.setdefault(file.folder, []).append(file)
        return result

    @cached_property
    def rings_by_fleet(self) -> Mapping[str, Sequence[RingPlace]]:
        """The rings of each fleet folder."""
        result: dict[str, list[RingPlace]] = {}
        for place in self.rings:
            result.setdefault(place.file.folder, []).append(place)
        return result

    def components(self) -> Iterator[tuple[RingPlace, str, Component]]:
        """Every component of every ring."""
        for place in self.rings:
            for name, component in place.ring.components.items():
                yield place, name, component

    def pinned(self, place: RingPlace) -> Iterator[tuple[str, CatalogVersion]]:
        """The private components of a ring that the catalog has, in the version that is pinned."""
        for name, component in place.ring.components.items():
            version = self.catalog.get(name, component.version)
            if version is not None:
                yield name, version

    def dependencies(self, version: CatalogVersion) -> Mapping[str, Dependency]:
        """The direct dependencies of a component version; a thousand rings ask for the same few."""
        key = (version.name, version.version)
        if key not in self._dependencies:
            self._dependencies[key] = version.dependencies
        return self._dependencies[key]

    @cached_property
    def _dependencies(self) -> dict[tuple[str, str], Mapping[str, Dependency]]:
        return {}

    def stage_of(self, file: StageFile) -> str | None:
        """Which stage a file is for; where the file and what it says differ, the one that the organisation has.

        None where neither tells: that is a problem of the file, and what follows from it is none.
        """
        model, organisation = file.parsed.model, self.organisation.model
        if model is None:
            return None
        if organisation is None or not self.organisation.whole(("stages",)):
            return model.stage if model.stage == file.name else None
        return file.name if file.name in organisation.stages else None

    def complete(self, folder: str) -> bool:
        """Whether all rings of a fleet are known, so that what is not among them is not there."""
        return folder not in self.unread and all(
            file.parsed.model is not None and file.parsed.whole(("rings",)) and self.stage_of(file) is not None
            for file in self.stages_by_fleet.get(folder, ())
        )

    def _places(self) -> Iterator[RingPlace]:
        organisation = self.organisation.model
        for file in sorted(self.stages, key=lambda each: (each.folder, each.name)):
            model = file.parsed.model
            if model is None:
                continue
            name = self.stage_of(file)
            stage = organisation.stages.get(name) if organisation and name else None
            account = organisation.accounts.get(stage.account) if organisation and stage else None
            region = (stage.region or organisation.region) if organisation and stage else None
            for index, ring in enumerate(model.rings):
                yield RingPlace(
                    file=file,
                    index=index,
                    ring=ring,
                    fleet_file=self.fleets.get(file.folder),
                    stage_name=name or model.stage,
                    stage=stage,
                    account_id=account.id if account else None,
                    region=region,
                    placed=name is not None,
                )
