"""What a team has at hand: git, `edgewright`, `pulumi`, AWS through boto3, and a look at the devices."""

from __future__ import annotations

import json
import shlex
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from edgewright.documents import naming
from edgewright.errors import ExitCode
from edgewright.gitops.demo.narration import CheckError, Narration
from edgewright.gitops.engine import Engine, Run
from edgewright.gitops.events import TestRecorded
from edgewright.gitops.git import Repository
from edgewright.gitops.ledger import Ledger
from edgewright.gitops.process import stream
from edgewright.manifest.controls import Controls
from edgewright.manifest.load import load_project
from edgewright.manifest.model import FleetStage, Ring
from edgewright.sandbox.control import Sandbox

INFERENCE = "com.acme.parts-inference"
MODEL = "com.acme.parts-model"
_BAKES = 30.0
"""Seconds after which a gate that still asks for its bake time is not waited for any more."""


_T = TypeVar("_T")


@dataclass(frozen=True)
class Device:
    """A simulated core device and where it belongs."""

    thing: str
    fleet: str
    stage: str
    ring: str


@dataclass
class Team:
    """The people of Acme at one keyboard, in the scratch repository."""

    repository: Repository
    narration: Narration
    environment: dict[str, str]
    merged: dict[str, str] = field(default_factory=dict)
    """Merge commits by the branch that they merged."""

    @property
    def root(self) -> Path:
        """The scratch repository's folder."""
        return self.repository.root

    @cached_property
    def sandbox(self) -> Sandbox:
        """The running sandbox of the scratch repository."""
        return Sandbox.load(self.root / ".edgewright" / "sandbox")

    # --- commands ----------------------------------------------------------------------------------------------

    def edgewright(self, *arguments: str, expected: int = ExitCode.OK) -> str:
        """Run an `edgewright` verb that must leave with an exit code; return what it printed."""
        return self._program("edgewright", *arguments, expected=expected)

    def edgewright_when_baked(self, *arguments: str, expected: int = ExitCode.OK) -> str:
        """Run a verb that asks gates, again for as long as one of them only waits for its bake time.

        Raises:
            CheckError: it leaves with another exit code than expected.
        """
        deadline = time.monotonic() + _BAKES
        while True:
            code, text = self._run("edgewright", *arguments)
            baking = [line for line in text.splitlines() if "NOT MET bake: " in line]
            if code != ExitCode.REFUSED or not baking or time.monotonic() > deadline:
                return self._expect(code, expected, text, "edgewright", *arguments)
            self.narration.quote("\n".join(baking))
            time.sleep(0.5)

    def train(self, version: str, folder: str) -> str:
        """Train a version of the sample's model, as every version of it was trained."""
        return self._program("python", "scripts/train_parts_model.py", version, "--out", folder)

    def git(self, *arguments: str) -> str:
        """Run git, which must succeed; return what it printed."""
        self.narration.command("git " + " ".join(f'"{each}"' if " " in each else each for each in arguments))
        return self.repository.plumb(arguments)

    def merge(self, branch: str) -> None:
        """Merge a request as a forge does."""
        if self.repository.current_branch() != "main":
            self.git("switch", "--quiet", "main")
        self.git("merge", "--quiet", "--no-ff", "--no-edit", branch)
        self.repository.plumb(["branch", "--quiet", "--delete", branch])
        self.merged[branch] = self.repository.head()

    def preview(self, stack: str, *, refresh: bool = False) -> Run:
        """Run `pulumi preview`."""
        command = f"preview -s {stack}" + (" --refresh" if refresh else "")
        return self._engine(lambda engine: engine.preview(stack, refresh=refresh), command)

    def unchanged(self, stack: str) -> Run:
        """Run `pulumi preview --expect-no-changes`."""
        command = f"preview -s {stack} --expect-no-changes"
        return self._engine(lambda engine: engine.preview(stack, expect_no_changes=True), command)

    def up(self, stack: str, *, refresh: bool = False) -> Run:
        """Run `pulumi up`."""
        command = f"up -s {stack} --yes" + (" --refresh" if refresh else "")
        return self._engine(lambda engine: engine.up(stack, refresh=refresh), command)

    def at_once(self, *jobs: Callable[[], _T]) -> list[_T]:
        """Run commands side by side, such as those on different stacks."""
        with ThreadPoolExecutor(len(jobs)) as pool:
            return list(pool.map(lambda job: job(), jobs))

    def _engine(self, job: Callable[[Engine], Run], command: str) -> Run:
        self.narration.command(f"pulumi {command}")
        return job(Engine(self.root, self.environment, self.narration.said))

    def _program(self, name: str, *arguments: str, expected: int = ExitCode.OK) -> str:
        code, text = self._run(name, *arguments)
        return self._expect(code, expected, text, name, *arguments)

    def _run(self, name: str, *arguments: str) -> tuple[int, str]:
        self.narration.command(shlex.join([name, *arguments]))
        return stream([name, *arguments], cwd=self.root, environment=self.environment, on_line=self.narration.said)

    def _expect(self, code: int, expected: int, text: str, *command: str) -> str:
        if code != expected:
            self.narration.quote(text)
            raise CheckError(f"`{shlex.join(command)}` left with exit code {code}, not {expected}")
        return text

    def write_json(self, name: str, value: Any) -> str:
        """Write a file that Git ignores; return its path below the root."""
        file = Path(".edgewright") / name
        (self.root / file).write_text(json.dumps(value), encoding="utf-8")
        return str(file)

    # --- what Git says -----------------------------------------------------------------------------------------

    def ring(self, fleet: str, stage: str, ring: str) -> Ring:
        """A ring as the manifests have it now."""
        return next(one for one in self.stage(fleet, stage).rings if one.name == ring)

    def stage(self, fleet: str, stage: str) -> FleetStage:
        """A fleet's stage as the manifests have it now."""
        return load_project(self.root).stages[fleet, stage]

    def controls(self) -> Controls:
        """Holds, quarantines and stops as Git has them now."""
        return load_project(self.root).controls

    def tests(self, release: str) -> dict[str, TestRecorded]:
        """The newest result of each test of a release, as the ledger has it."""
        events = Ledger(self.repository).events()
        return {each.name: each for each in events if isinstance(each, TestRecorded) and each.release == release}

    # --- what AWS says -----------------------------------------------------------------------------------------

    def client(self, service: str, stage: str) -> Any:
        """A boto3 client in a stage's account."""
        return self.sandbox.client(service, account=stage)

    def latest_deployment(self, fleet: str, stage: str, ring: str) -> dict[str, Any]:
        """The latest deployment of a ring, from AWS."""
        greengrass = self.client("greengrassv2", stage)
        group = self.client("iot", stage).describe_thing_group(thingGroupName=naming.thing_group(fleet, stage, ring))
        (summary,) = greengrass.list_deployments(targetArn=group["thingGroupArn"])["deployments"]
        answer: dict[str, Any] = greengrass.get_deployment(deploymentId=summary["deploymentId"])
        return answer

    def installed(self, device: Device) -> dict[str, str]:
        """The components that a device has installed, with their versions, as it reported them to AWS."""
        pages = self.client("greengrassv2", device.stage).get_paginator("list_installed_components")
        return {
            component["componentName"]: component["componentVersion"]
            for page in pages.paginate(coreDeviceThingName=device.thing, topologyFilter="ALL")
            for component in page["installedComponents"]
        }

    # --- what devices say --------------------------------------------------------------------------------------

    def predictions(self, device: Device) -> list[dict[str, Any]]:
        """The predictions that a device has written."""
        return list(self._predictions(device))

    def _predictions(self, device: Device) -> Iterator[dict[str, Any]]:
        file = self.sandbox.device_directory(device.thing) / "work" / INFERENCE / "predictions.jsonl"
        if not file.exists():
            return
        for line in file.read_text(encoding="utf-8").splitlines():
            # The last line may be half written.
            try:
                yield json.loads(line)
            except json.JSONDecodeError:
                return

    def predicting(self, devices: Sequence[Device], model: str, *, seconds: float = 20) -> list[Device]:
        """The devices from which a new prediction comes within a time, made by a version of the model."""
        before = {device: self._events_of(device) for device in devices}

        def new(device: Device) -> bool:
            return any(
                line["eventMetadata"]["modelVersion"] == model
                and line["eventMetadata"]["eventId"] not in before[device]
                for line in self.predictions(device)
            )

        found: set[Device] = set()

        def all_do() -> bool:
            found.update(device for device in devices if device not in found and new(device))
            return len(found) == len(devices)

        self.eventually(all_do, seconds=seconds)
        return [device for device in devices if device in found]

    def _events_of(self, device: Device) -> set[str]:
        return {line["eventMetadata"]["eventId"] for line in self.predictions(device)}

    def eventually(self, holds: Callable[[], bool], *, seconds: float = 20) -> bool:
        """Whether something becomes true within a time."""
        deadline = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.1)
        return True
