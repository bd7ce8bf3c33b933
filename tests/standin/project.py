"""A Pulumi project in a folder, run by the real engine with one of the aws plugins against a sandbox."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgewright.gitops.engine import Engine, Run
from edgewright.sandbox.control import Sandbox

CHECKOUT = Path(__file__).resolve().parents[2]
PROGRAM = Path(__file__).with_name("program.py")
STACK = "dev"


@dataclass(frozen=True)
class Project:
    """A project with one stack."""

    root: Path
    environment: Mapping[str, str]

    @classmethod
    def make(cls, root: Path, sandbox: Sandbox, plugin: Path, wanted: Mapping[str, Any]) -> Project:
        """Make the project and its stack; nothing is deployed yet."""
        root.mkdir(parents=True)
        runtime = {"name": "python", "options": {"virtualenv": sys.prefix}}
        # JSON is YAML too.
        (root / "Pulumi.yaml").write_text(json.dumps({"name": "shop", "runtime": runtime}))
        (root / "__main__.py").write_text(PROGRAM.read_text("utf-8"))
        (root / "state").mkdir()
        own = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PULUMI_"))}
        path = [str(plugin), str(Path(sys.executable).parent), str(CHECKOUT / ".tools" / "bin"), own["PATH"]]
        project = cls(
            root,
            {
                **own,
                **sandbox.aws_environment(),
                "PATH": os.pathsep.join(path),
                "PULUMI_HOME": str(root / "home"),
                "PULUMI_BACKEND_URL": (root / "state").as_uri(),
                "PULUMI_CONFIG_PASSPHRASE": "test",
                "PULUMI_SKIP_UPDATE_CHECK": "true",
                "REALAWS_FAST": "1",
            },
        )
        project.want(wanted)
        project.pulumi("stack", "init", STACK)
        project.pulumi("config", "set", "--path", "pulumi:disable-default-providers[0]", "aws", "--stack", STACK)
        return project

    def want(self, wanted: Mapping[str, Any]) -> None:
        """Say what the program shall declare from now on."""
        (self.root / "wanted.json").write_text(json.dumps(wanted))

    def with_plugin(self, plugin: Path) -> Project:
        """Return the same project and state with another plugin."""
        first, _, rest = self.environment["PATH"].partition(os.pathsep)
        assert first != str(plugin)
        return Project(self.root, {**self.environment, "PATH": os.pathsep.join([str(plugin), rest])})

    def up(self) -> Run:
        """Run `pulumi up`."""
        return self._engine.up(STACK)

    def preview(self, *, refresh: bool = False, expect_no_changes: bool = False) -> Run:
        """Run `pulumi preview`."""
        return self._engine.preview(STACK, refresh=refresh, expect_no_changes=expect_no_changes)

    def outputs(self) -> dict[str, Any]:
        """Return the stack's outputs."""
        found: dict[str, Any] = json.loads(self.pulumi("stack", "output", "--json", "--stack", STACK))
        return found

    def resources(self) -> list[dict[str, Any]]:
        """Return the custom resources of the state."""
        state = json.loads(self.pulumi("stack", "export", "--stack", STACK))
        return [each for each in state["deployment"].get("resources", ()) if each["type"].startswith("aws:")]

    def pulumi(self, *arguments: str) -> str:
        """Run any other command, which must succeed."""
        command = ["pulumi", *arguments, "--non-interactive", "--color", "never"]
        run = subprocess.run(
            command, cwd=self.root, env=dict(self.environment), capture_output=True, text=True, check=False
        )
        assert run.returncode == 0, run.stdout + run.stderr
        return run.stdout

    @property
    def _engine(self) -> Engine:
        return Engine(self.root, self.environment)
