"""Which Pulumi stacks a project has, and which stage and fleets each of them is about."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from edgewright.errors import EdgewrightError
from edgewright.source import load_file

TOOLING = "tooling"


@dataclass(frozen=True)
class StackFile:
    """A file Pulumi.<stack>.yaml."""

    name: str
    stage: str
    """``tooling`` or a stage."""
    fleets: frozenset[str] | None
    """The fleets of a shard; None for all of the stage."""

    def has(self, fleet: str) -> bool:
        """Whether a fleet of its stage is in it."""
        return self.fleets is None or fleet in self.fleets


def stacks(root: Path) -> list[StackFile]:
    """Return the stacks of a project, ``tooling`` first, then by name.

    Raises:
        EdgewrightError: a file cannot be read.
    """
    found = []
    for path in sorted(root.glob("Pulumi.*.yaml")):
        document = load_file(path, path.name)
        if document.problems:
            raise EdgewrightError("\n".join(str(problem) for problem in document.problems))
        config = document.value.get("config") if isinstance(document.value, dict) else None
        settings = config if isinstance(config, dict) else {}
        name = path.name.removeprefix("Pulumi.").removesuffix(".yaml")
        fleets = settings.get("edgewright:fleets")
        found.append(
            StackFile(
                name,
                str(settings.get("edgewright:stage") or name),
                frozenset(map(str, fleets)) if isinstance(fleets, list) else None,
            )
        )
    return sorted(found, key=lambda each: (each.stage != TOOLING, each.name))
