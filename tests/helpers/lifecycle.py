"""A device as far as lifecycle scripts can see one: folders, variables, a shell. Linux only, like the recipes."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edgewright.catalog.catalog import Catalog
from edgewright.catalog.component import CatalogVersion
from edgewright.catalog.platforms import select_manifest

PLATFORM = {"os": "linux", "architecture": "aarch64"}


@dataclass
class Device:
    """Installed components of one device, run as the nucleus runs them: variables in, then ``sh -c``."""

    root: Path
    catalog: Catalog
    configuration: dict[str, Any] = field(default_factory=dict)
    installed: dict[str, CatalogVersion] = field(default_factory=dict)

    def install(self, name: str, version: str) -> None:
        """Put the artifacts where the nucleus puts them."""
        component = self.catalog.get(name, version)
        assert component is not None
        self.installed[name] = component
        artifacts = self.root / "packages" / "artifacts" / name / version
        unpacked = self.root / "packages" / "artifacts-unarchived" / name / version
        for folder in (artifacts, unpacked, self.work(name)):
            folder.mkdir(parents=True, exist_ok=True)
        for artifact in component.artifacts:
            (artifacts / artifact.file).write_bytes(artifact.path.read_bytes())
            if artifact.file.endswith(".zip"):
                with zipfile.ZipFile(artifact.path) as archive:
                    archive.extractall(unpacked / artifact.path.stem)

    def work(self, name: str) -> Path:
        return self.root / "work" / name

    def script(self, name: str, step: str) -> tuple[str, dict[str, str]]:
        """The script and the environment of a step, variables filled in."""
        manifest = select_manifest(self.installed[name].rendered_recipe(lambda each: each.file), PLATFORM)
        assert manifest is not None
        lifecycle = manifest["Lifecycle"]
        chosen = lifecycle[step] if isinstance(lifecycle[step], dict) else {"Script": lifecycle[step]}
        setenv = {**lifecycle.get("Setenv", {}), **chosen.get("Setenv", {})}
        environment = {key: self._fill(name, value) for key, value in setenv.items()}
        # A device image carries the runtime in its own Python; here that is the Python of the tests.
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        return self._fill(name, chosen["Script"]), {"PATH": path, "HOME": str(self.root), **environment}

    def run(self, name: str, step: str, timeout: float = 180) -> subprocess.CompletedProcess[str]:
        """Run a step to its end."""
        script, environment = self.script(name, step)
        return subprocess.run(
            ["/bin/sh", "-c", script],
            cwd=self.work(name), env=environment, text=True, capture_output=True, timeout=timeout, check=False,
            start_new_session=True,
        )  # fmt: skip

    def start(self, name: str, step: str) -> subprocess.Popen[str]:
        """Start a step that stays."""
        script, environment = self.script(name, step)
        return subprocess.Popen(
            ["/bin/sh", "-c", script],
            cwd=self.work(name), env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            start_new_session=True,
        )  # fmt: skip

    def _fill(self, name: str, text: str) -> str:
        return re.sub(r"\{([\w.-]+):([^{}:]+)(?::([^{}:]+))?\}", lambda match: self._value(name, match), text)

    def _value(self, name: str, match: re.Match[str]) -> str:
        first, second, third = match.groups()
        owner, space, key = (first, second, third) if third else (name, first, second)
        version = self.installed[owner].version
        if space == "artifacts":
            folder = "artifacts" if key == "path" else "artifacts-unarchived"
            return str(self.root / "packages" / folder / owner / version)
        if space == "work":
            return str(self.work(owner))
        if (space, key) == ("iot", "thingName"):
            return "cam-001"
        assert space == "configuration", match.group()
        recipe = self.installed[owner].recipe
        assert recipe is not None
        value: Any = {**recipe.ComponentConfiguration.DefaultConfiguration, **self.configuration}
        for step in key.strip("/").split("/"):
            value = value[step]
        return value if isinstance(value, str) else json.dumps(value)
