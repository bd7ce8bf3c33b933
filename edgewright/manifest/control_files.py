"""The files below ``controls/``: read with positions, each at the place that what it says belongs to."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from edgewright.manifest.controls import CONTROLS, SCHEMAS, Control, Controls, Hold, Quarantine, Stop
from edgewright.source import Problem, load_file
from edgewright.validation import Parsed, parse

C = TypeVar("C", bound=Control)


@dataclass(frozen=True)
class ControlFiles:
    """The files of ``controls/`` as they were read: the models by what identifies them, and all problems."""

    stops: Mapping[str, Parsed[Stop]]
    holds: tuple[Parsed[Hold], ...]
    quarantines: tuple[Parsed[Quarantine], ...]
    problems: tuple[Problem, ...]

    @property
    def controls(self) -> Controls:
        """What is in force; complete only where there are no problems."""
        return Controls(
            stops={name: parsed.model for name, parsed in self.stops.items() if parsed.model},
            holds=tuple(parsed.model for parsed in self.holds if parsed.model),
            quarantines={parsed.model.release: parsed.model for parsed in self.quarantines if parsed.model},
        )


def read_controls(root: Path) -> ControlFiles:
    """Read ``controls/`` below ``root``; a folder that is not there holds nothing back. Never raises for content."""
    stops: dict[str, Parsed[Stop]] = {}
    holds: list[Parsed[Hold]] = []
    quarantines: list[Parsed[Quarantine]] = []
    problems: list[Problem] = []
    for path in _files(root / CONTROLS, problems):
        file = path.relative_to(root).as_posix()
        if file in SCHEMAS.values():
            continue
        parts = file.removesuffix(".yaml").split("/")[1:]
        if not file.endswith(".yaml"):
            problems.append(_misplaced(file, "is not read, because its name does not end in .yaml"))
        elif len(parts) == 2 and parts[0] == "stop":
            stops[parts[1]] = _read(Stop, path, file, problems)
        elif len(parts) == 3 and parts[0] == "holds":
            parsed = _read(Hold, path, file, problems)
            _placed(parsed, lambda hold: hold.file, problems)
            holds.append(parsed)
        elif len(parts) == 2 and parts[0] == "quarantine":
            quarantine = _read(Quarantine, path, file, problems)
            _placed(quarantine, lambda found: found.file, problems)
            quarantines.append(quarantine)
        else:
            problems.append(_misplaced(file, "is not at a place where a control is looked for"))
    return ControlFiles(stops, tuple(holds), tuple(quarantines), tuple(problems))


def _files(folder: Path, problems: list[Problem]) -> list[Path]:
    if folder.exists() and not folder.is_dir():
        problems.append(_misplaced(folder.name, "must be a folder"))
        return []
    found = [Path(at) / name for at, _, names in os.walk(folder) for name in names if not name.startswith(".")]
    return sorted(path for path in found if path.name.lower() != "readme.md")


def _read(model: type[C], path: Path, file: str, problems: list[Problem]) -> Parsed[C]:
    parsed = parse(model, load_file(path, file))
    problems += parsed.problems
    # what was cut out of a control may be what it is about: a control with a fault is none, and the fault an error
    return Parsed(parsed.document, None, parsed.problems) if parsed.problems else parsed


def _placed(parsed: Parsed[C], place: Callable[[C], str], problems: list[Problem]) -> None:
    if parsed.model is not None and place(parsed.model) != parsed.file:
        path = ("release",)
        problems.append(
            parsed.problem(
                path,
                "does not fit the name of its file",
                got=parsed.shown(path),
                remedy=f"rename the file to {place(parsed.model)}, or correct what it says",
            )
        )


def _misplaced(file: str, message: str) -> Problem:
    remedy = (
        "a control is stop/<fleet or all>.yaml, holds/<fleet>/<stage>-<ring>-<digest12>.yaml or "
        "quarantine/<digest12>.yaml; move it, or remove it"
    )
    return Problem(file, 1, 1, "", message, None, remedy)
