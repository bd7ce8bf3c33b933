"""Where a simulated core device keeps its things: the nucleus's own layout below one root folder per device."""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class DevicePaths:
    """Folders of one device; ``NucleusPaths`` has the same layout."""

    root: Path

    @property
    def recipes(self) -> Path:
        """Recipes of every version the device has had, one JSON file each."""
        return self.root / "packages" / "recipes"

    def recipe(self, name: str, version: str) -> Path:
        """The recipe of one version."""
        return self.recipes / f"{name}-{version}.recipe.json"

    def artifacts(self, name: str, version: str) -> Path:
        """Downloaded artifacts of one version."""
        return self.root / "packages" / "artifacts" / name / version

    def unarchived(self, name: str, version: str) -> Path:
        """Unpacked archives of one version, each in a folder of the archive's stem."""
        return self.root / "packages" / "artifacts-unarchived" / name / version

    def work(self, name: str) -> Path:
        """The working folder of a component, which outlives its versions."""
        return self.root / "work" / name

    @property
    def programs(self) -> Path:
        """Programs that were put on the device, found before the system's; nothing of ours makes the folder."""
        return self.root / "bin"

    @property
    def all_devices_programs(self) -> Path:
        """The same for all devices of a sandbox: beside the folders of its accounts."""
        return self.root.parent.parent / "bin"

    def log(self, name: str) -> Path:
        """The log of a component's scripts, or of the nucleus itself (``greengrass``)."""
        return self.root / "logs" / f"{name}.log"

    @property
    def configuration(self) -> Path:
        """What every component's configuration is now, for people and tests to read."""
        return self.root / "config.json"

    @property
    def state(self) -> Path:
        """What the device must remember to go on after a restart."""
        return self.root / "state.json"

    def remove_versions(self, kept: Mapping[str, Collection[str]]) -> list[tuple[str, str]]:
        """Remove recipes and artifacts of every version that is not in ``kept`` (component -> versions)."""
        wanted = {self.recipe(name, version).name for name, versions in kept.items() for version in versions}
        for recipe in self.recipes.glob("*.recipe.json"):
            if recipe.name not in wanted:
                recipe.unlink()
        removed = set()
        for store in ("artifacts", "artifacts-unarchived"):
            for folder in (self.root / "packages" / store).glob("*/*"):
                name, version = folder.parent.name, folder.name
                if version not in kept.get(name, ()):
                    shutil.rmtree(folder)
                    removed.add((name, version))
        return sorted(removed)

    def make(self) -> None:
        """Create the folders that must be there before anything else."""
        for folder in (self.recipes, self.root / "work", self.root / "logs"):
            folder.mkdir(parents=True, exist_ok=True)


def write_atomically(path: Path, text: str) -> None:
    """Write a file so that a reader, or a device killed half-way, sees the old text or the new one."""
    temporary = path.with_name(f".{path.name}.new")
    with temporary.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def safe_name(text: str) -> str:
    """Return ``text`` when it can be one part of a path.

    Raises:
        ValueError: it is empty, ``.`` or ``..``, or holds a separator or NUL.
    """
    if text in {"", ".", ".."} or "/" in text or "\\" in text or "\0" in text:
        msg = f"a name that becomes a folder must be one plain part of a path (got {text!r})"
        raise ValueError(msg)
    return text
