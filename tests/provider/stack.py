"""A Pulumi stack of a few lines in a folder of its own, run by the real engine with the provider's executable."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PROGRAM = """
import json, pathlib
import pulumi
from components.greengrassv2 import ComponentVersion, Deployment, Provider

want = json.loads(pathlib.Path("want.json").read_text())
here = Provider("here", region="eu-west-1", **want["provider"])
secret = {"com.acme.hello": ["token"]} if want.get("secret") else {}
versions = [
    ComponentVersion(
        f"com.acme.hello-{version}",
        recipe={
            "RecipeFormatVersion": "2020-01-25",
            "ComponentName": "com.acme.hello",
            "ComponentVersion": version,
            "Manifests": [{"Platform": {"os": "linux"}, "Lifecycle": {"run": "true"}}],
        },
        opts=pulumi.ResourceOptions(provider=here, retain_on_delete=True),
    )
    for version in want["versions"]
]
for name, paths in secret.items():
    for path in paths:
        want["components"][name]["config"][path] = pulumi.Output.secret(want["components"][name]["config"][path])
ring = Deployment(
    "twins",
    target_arn=want["target"],
    deployment_name="line-inspection/staging/twins",
    components=want["components"],
    wait={"timeoutSeconds": 60},
    opts=pulumi.ResourceOptions(provider=here, depends_on=versions),
    **want.get("more", {}),
)
pulumi.export("revision", ring.revision_id)
"""


@dataclass
class Result:
    """What a command said."""

    code: int
    text: str


@dataclass
class Stack:
    """One stack of a tiny project."""

    folder: Path
    root: Path
    aws: dict[str, str]
    want: dict[str, Any]
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        (self.folder / "home").mkdir(parents=True)
        (self.folder / "state").mkdir()
        plugin = json.dumps(str(self.root / "plugins" / "greengrassv2"))
        self.project.mkdir()
        (self.project / "Pulumi.yaml").write_text(
            f"name: tiny\nruntime: python\nplugins: {{providers: [{{name: greengrassv2, path: {plugin}}}]}}\n"
        )
        (self.project / "__main__.py").write_text(PROGRAM)
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "PULUMI_"))}
        path = os.pathsep.join(
            [str(self.root / ".venv" / "bin"), str(self.root / ".tools" / "bin"), kept.get("PATH", "")]
        )
        self.environment = {
            **kept,
            **self.aws,
            "PATH": path,
            "PYTHONPATH": str(self.root),
            "PULUMI_HOME": str(self.folder / "home"),
            "PULUMI_BACKEND_URL": (self.folder / "state").as_uri(),
            "PULUMI_CONFIG_PASSPHRASE": "x",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
        }
        assert shutil.which("pulumi", path=path), "the engine's tests need `pulumi`; `make test` provides it"
        self.write()
        assert self.run("stack", "init", "dev").code == 0

    @property
    def project(self) -> Path:
        return self.folder / "project"

    def write(self, **changes: Any) -> None:
        self.want.update(changes)
        (self.project / "want.json").write_text(json.dumps(self.want))

    def run(self, *arguments: str) -> Result:
        command = ["pulumi", *arguments, "--non-interactive", "--color", "never"]
        done = subprocess.run(
            command,
            cwd=self.project,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            check=False,
        )
        # strip what differs from run to run: the spinner and durations
        return Result(done.returncode, re.sub(r"\(\d+(\.\d+)?s\)", "", done.stdout))

    def up(self, *more: str) -> Result:
        return self.run("up", "--yes", "--skip-preview", *more)

    def preview(self, *more: str) -> Result:
        return self.run("preview", *more)

    def resource(self, type_: str = "greengrassv2:index:Deployment") -> dict[str, Any]:
        exported = self.run("stack", "export")
        assert exported.code == 0, exported.text
        resources = json.loads(exported.text)["deployment"]["resources"]
        found: dict[str, Any] = next(each for each in resources if each["type"] == type_)
        return found
