"""The catalog: every private component version, append-only, with every problem found in one reading.

``Catalog.load`` never raises for bad content. A version whose recipe cannot be read is in ``broken``; one that only
differs from its lock is there to be looked at, with the problem that forbids its use.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from edgewright.catalog.component import CatalogVersion
from edgewright.catalog.edge_source import EdgeSource
from edgewright.catalog.lock import LOCK_FILE, Key, Lock
from edgewright.catalog.reading import (
    CATALOG,
    LAMBDA,
    LAMBDA_SCHEMA,
    LOST,
    RECIPE,
    SIDECAR,
    UNLOCKED,
    Reader,
)
from edgewright.source import Problem
from edgewright.versions import newest_first

__all__ = ["CATALOG", "LAMBDA", "LAMBDA_SCHEMA", "RECIPE", "SIDECAR", "Catalog", "is_lost", "is_unlocked"]


@dataclass(frozen=True)
class Catalog:
    """All versions in order of name and version, and every problem, sorted."""

    root: Path
    problems: tuple[Problem, ...]
    broken: frozenset[Key]
    """Name and version of folders whose recipe cannot be used, and of those that were published and are gone."""
    lock: Lock
    _versions: Mapping[tuple[str, str], CatalogVersion]
    sources: Mapping[Key, EdgeSource] = field(default_factory=dict)
    """Versions that SageMaker makes: what of, and whether it has."""

    @classmethod
    def load(cls, root: Path) -> Catalog:
        """Read ``root/catalog`` and ``root/catalog.lock``."""
        return cls(root, *Reader(root).read())

    def __iter__(self) -> Iterator[CatalogVersion]:
        return iter(self._versions.values())

    def __len__(self) -> int:
        return len(self._versions)

    def get(self, name: str, version: str) -> CatalogVersion | None:
        """Return a version; None when there is none that can be read."""
        return self._versions.get((name, version))

    def versions(self, name: str) -> tuple[str, ...]:
        """Return the versions of a component, the newest first."""
        return newest_first(version for each, version in self._versions if each == name)

    def is_unbuilt(self, name: str, version: str) -> bool:
        """Whether a version waits for SageMaker to make it."""
        found = self.sources.get((name, version))
        return found is not None and not found.built

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The components, sorted, those with broken versions only included."""
        return tuple(sorted({name for name, _ in self._versions} | {name for name, _ in self.broken}))


def is_unlocked(problem: Problem) -> bool:
    """Whether a problem is only that a version is new."""
    return problem.message == UNLOCKED


def is_lost(problem: Problem) -> bool:
    """Whether a problem is that there are versions and no lock, as in a catalog that begins."""
    return problem.file == LOCK_FILE and problem.message in LOST.values()
