"""Monday: AWS, three accounts and eight devices come up, and the first release reaches them."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial

from edgewright.gitops.demo.scene import DEVICES, LINE, OFFLINE, changes, needed
from edgewright.gitops.demo.team import MODEL, Team
from edgewright.gitops.engine import Run
from edgewright.manifest.gates import Gates
from edgewright.manifest.load import load_project

BAKE = 2  # seconds, of each gate of the scratch copy that asks for a bake time


def sandbox_comes_up(team: Team) -> None:
    """AWS with three accounts, and eight devices that are made and registered, one of them offline."""
    team.narration.step("AWS on this machine: three accounts, eight core devices")
    team.edgewright("sandbox", "up")
    team.environment.update(team.sandbox.env(team.root))
    homes: dict[tuple[str, str, bool], list[str]] = {}
    for device in DEVICES:
        homes.setdefault((device.fleet, device.stage, device.thing == OFFLINE), []).append(device.thing)
    commands = [
        ["device", "add", *things, "--fleet", fleet, "--stage", stage, *(["--offline"] if offline else [])]
        for (fleet, stage, offline), things in homes.items()
    ]
    team.at_once(*(partial(team.edgewright, "sandbox", *command) for command in commands))
    accounts = sorted(
        {team.client("sts", name).get_caller_identity()["Account"] for name in ("tooling", "staging", "prod")}
    )
    team.narration.check("three accounts answer", len(accounts) == 3, ", ".join(accounts))


def manifests_hold(team: Team) -> None:
    """A week in three minutes: gates wait shorter. Everything that can be judged without AWS is judged without AWS."""
    team.narration.step("The gates of this copy bake for seconds; its manifests are checked, offline")
    _bake_shorter(team)
    team.narration.quote(team.edgewright("validate"))


def _bake_shorter(team: Team) -> None:
    file = team.root / "fleets" / LINE / "fleet.yaml"
    before, text = _gates(team), file.read_text(encoding="utf-8")
    for hours in ("1h", "24h"):
        text = text.replace(f"{{bake: {hours},", f"{{bake: {BAKE}s,")
    file.write_text(text, encoding="utf-8")
    after = _gates(team)
    team.repository.commit("Bake for seconds: this is a demo")
    shown = team.git("show", "--format=", "--unified=0", "HEAD")
    team.narration.quote("\n".join(line for line in shown.splitlines() if line[:1] in "+-" and "bake:" in line))
    wanted = {ring: gates.model_copy(update={"bake": BAKE}) for ring, gates in before.items()}
    team.narration.check(
        "nothing of the gates differs from the sample's but how long they bake",
        after == wanted and after != before,
        ", ".join(f"{ring} {gates.bake} s" for ring, gates in after.items()),
    )


def _gates(team: Team) -> dict[str, Gates]:
    return dict(load_project(team.root).fleets[LINE].promotion.gates)


def stacks_come_up(team: Team) -> None:
    """The root of trust by an administrator, then the workload stacks through their deploy roles."""
    team.narration.step("Tooling, staging and prod come up")
    needed(team, "stack tooling is up", team.up("tooling"))
    for stack, run in zip(("staging", "prod"), _both(team, team.up), strict=True):
        needed(team, f"stack {stack} is up", run)
    online = [device for device in DEVICES if device.thing != OFFLINE]
    running = [device for device in online if team.eventually(lambda d=device: team.installed(d).get(MODEL) == "1.0.0")]  # type: ignore[misc]
    team.narration.check(
        "model 1.0.0 runs on every online device", running == online, f"{len(running)} of {len(online)} report it"
    )
    for stack, run in zip(("staging", "prod"), _both(team, team.unchanged), strict=True):
        team.narration.check(f"a second preview of {stack} shows no change", run.ok, changes(run))


def _both(team: Team, job: Callable[[str], Run]) -> list[Run]:
    return team.at_once(lambda: job("staging"), lambda: job("prod"))


def predictions_come_back(team: Team) -> None:
    """Devices classify real images with the model of the release."""
    team.narration.step("Predictions come back from the devices")
    online = [device for device in DEVICES if device.thing != OFFLINE]
    predicting = team.predicting(online, "1.0.0")
    team.narration.check(
        "every online device predicts with model 1.0.0", predicting == online, f"{len(predicting)} of {len(online)}"
    )
    sample = team.predictions(online[0])[-1]
    shown = {key: sample[key] for key in ("source", "prediction", "confidence", "latencyMs")}
    team.narration.quote(f"{online[0].thing}: {json.dumps(shown)}")
