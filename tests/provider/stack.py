"""A Pulumi stack of a few lines in a folder of its own, run by the real engine with the provider's executable."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PROGRAM = """
import json, pathlib
import pulumi
from components.greengrassv2 import ComponentVersion, Deployment, DynamicThingGroup, Provider

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
for name, target in want.get("rings", {"twins": want["target"]}).items():
    ring = Deployment(
        name,
        target_arn=target,
        deployment_name="line-inspection/staging/twins",
        components=want["components"],
        wait=want.get("wait", {"timeoutSeconds": 60}),
        opts=pulumi.ResourceOptions(provider=here, depends_on=versions),
        **want.get("more", {}),
    )
    pulumi.export(f"revision-{name}", ring.revision_id)
for number, name in enumerate(want.get("groups", {})):
    # each in a provider instance, and so in a plugin process, of its own
    another = Provider(f"another-{number}", region="eu-west-1", **want["provider"])
    DynamicThingGroup(
        name,
        thing_group_name=name,
        query_string=want["groups"][name],
        enable_indexing=True,
        opts=pulumi.ResourceOptions(provider=another),
    )
"""


def _plugins(parent: int) -> list[int]:
    """Return the processes below ``parent`` that are this provider."""
    parents: dict[int, int] = {}
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdecimal():
            continue
        try:
            parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            if b"plugins/greengrassv2" in (folder / "cmdline").read_bytes():
                found.append(int(folder.name))
        except (OSError, ValueError):
            continue

    def below(process: int) -> bool:
        return process == parent or (process in parents and below(parents[process]))

    return [process for process in found if below(process)]


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

    @contextlib.contextmanager
    def killed(self, *arguments: str, when: Callable[[], bool], interrupt: bool = False) -> Iterator[None]:
        """Run a command, and kill its plugin with SIGKILL as soon as ``when``; the command must fail by itself then.

        With ``interrupt``, the command itself gets the signal of Ctrl-C in place of that.
        """
        with (self.folder / "killed.txt").open("w+") as said:
            process = subprocess.Popen(
                ["pulumi", *arguments, "--non-interactive", "--color", "never"],
                cwd=self.project,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
            )
            try:
                deadline = time.monotonic() + 60
                while not when():
                    assert time.monotonic() < deadline, "the command did not come so far"
                    assert process.poll() is None, "the command ended before its plugin could be killed"
                    time.sleep(0.005)
                for victim in [process.pid] if interrupt else _plugins(process.pid):
                    os.kill(victim, signal.SIGINT if interrupt else signal.SIGKILL)
                yield
                assert process.wait(60) != 0, "a command whose plugin was killed did not fail"
            finally:
                if process.poll() is None:
                    process.kill()
                    process.wait()

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
