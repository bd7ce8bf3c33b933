"""The week of a team, step by step. Each step is a function that runs commands and checks what they prove."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

from edgewright import output
from edgewright.errors import EdgewrightError, ExitCode
from edgewright.gitops.demo.narration import Narration
from edgewright.gitops.demo.scratch import make_scratch
from edgewright.gitops.demo.team import INFERENCE, MODEL, Device, Team
from edgewright.gitops.edit import copy_release, set_component
from edgewright.gitops.engine import Run, environment
from edgewright.sandbox.control import Sandbox

LINE = "line-inspection"
LABEL = "label-reading"
DEVICES = (
    Device("twin-001", LINE, "staging", "twins"),
    Device("twin-002", LINE, "staging", "twins"),
    Device("cam-001", LINE, "prod", "canary"),
    Device("cam-002", LINE, "prod", "main"),
    Device("cam-003", LINE, "prod", "main"),
    Device("reader-twin-001", LABEL, "staging", "twins"),
    Device("reader-001", LABEL, "prod", "pilot"),
    Device("reader-002", LABEL, "prod", "main"),
)
OFFLINE = "cam-003"


def tell(root: Path, directory: Path, *, verbose: bool = False, keep: bool = False) -> int:
    """Run the whole story in ``directory``; return the exit code."""
    narration = Narration(verbose=verbose)
    # The tools of the user's checkout serve the scratch copy, which has none of its own.
    os.environ["PATH"] = os.pathsep.join(
        [str(Path(sys.executable).parent), str(root / ".tools" / "bin"), os.environ["PATH"]]
    )
    # A demo that was killed may have left its sandbox running.
    Sandbox.stop_any(directory / "org" / ".edgewright" / "sandbox")
    output.line(f"Edgewright's demo: a week of Acme's platform team, in a scratch copy at {directory / 'org'}")
    team = Team(make_scratch(root, directory / "org"), narration, environment({}))
    try:
        for chapter in CHAPTERS:
            chapter(team)
    except EdgewrightError as error:
        output.note(f"\nthe demo stopped: {error}")
        narration.table()
        return ExitCode.REFUSED
    finally:
        if not keep:
            Sandbox.stop_any(team.root / ".edgewright" / "sandbox")
    if keep:
        output.line(f'\nStill running. Look around: cd "{team.root}" && eval "$(edgewright sandbox env)"')
    return ExitCode.OK if narration.table() else ExitCode.REFUSED


def sandbox_comes_up(team: Team) -> None:
    """AWS with three accounts, and eight devices that are made and registered, one of them offline."""
    team.narration.step("AWS on this machine: three accounts, eight core devices")
    team.edgewright("sandbox", "up")
    team.environment.update(team.sandbox.env(team.root))
    homes: dict[tuple[str, str, bool], list[str]] = {}
    for device in DEVICES:
        homes.setdefault((device.fleet, device.stage, device.thing == OFFLINE), []).append(device.thing)
    for (fleet, stage, offline), things in homes.items():
        flags = ["--offline"] if offline else []
        team.edgewright("sandbox", "device", "add", *things, "--fleet", fleet, "--stage", stage, *flags)
    accounts = sorted(
        {team.client("sts", name).get_caller_identity()["Account"] for name in ("tooling", "staging", "prod")}
    )
    team.narration.check("three accounts answer", len(accounts) == 3, ", ".join(accounts))


def manifests_hold(team: Team) -> None:
    """Everything that can be judged without AWS is judged without AWS."""
    team.narration.step("The manifests are checked, offline")
    team.narration.quote(team.edgewright("validate"))


def stacks_come_up(team: Team) -> None:
    """The root of trust by an administrator, then the workload stacks through their deploy roles."""
    team.narration.step("Tooling, staging and prod come up")
    _needed(team, "stack tooling is up", team.up("tooling"))
    for stack, run in zip(("staging", "prod"), _both(team, team.up), strict=True):
        _needed(team, f"stack {stack} is up", run)
    online = [device for device in DEVICES if device.thing != OFFLINE]
    running = [device for device in online if team.eventually(lambda d=device: team.installed(d).get(MODEL) == "1.0.0")]  # type: ignore[misc]
    team.narration.check(
        "model 1.0.0 runs on every online device", running == online, f"{len(running)} of {len(online)} report it"
    )
    for stack, run in zip(("staging", "prod"), _both(team, team.unchanged), strict=True):
        team.narration.check(f"a second preview of {stack} shows no change", run.ok, _changes(run))


def predictions_come_back(team: Team) -> None:
    """Devices classify real images with the model of the release."""
    team.narration.step("Predictions come back from the devices")
    online = [device for device in DEVICES if device.thing != OFFLINE]
    predicting = [device for device in online if team.predicts_with(device, "1.0.0")]
    team.narration.check(
        "every online device predicts with model 1.0.0", predicting == online, f"{len(predicting)} of {len(online)}"
    )
    sample = team.predictions(online[0])[-1]
    shown = {key: sample[key] for key in ("source", "prediction", "confidence", "latencyMs")}
    team.narration.quote(f"{online[0].thing}: {json.dumps(shown)}")


def better_model_is_proposed(team: Team) -> None:
    """An edit of one ring shows as one update, which names the component and both versions."""
    team.narration.step("A better model is proposed for staging")
    _edit_staging(team, model="1.1.0", inference="2.1.0", config={"threshold": 0.8})
    team.edgewright("validate")
    team.git_shown('commit -am "Release model 1.1.0 to the twins"')
    team.repository.commit("Release model 1.1.0 to the twins")
    said = team.edgewright("diff", "HEAD~1", "HEAD")
    team.narration.quote(said)
    meant = f"{MODEL}      1.0.0 -> 1.1.0" in said and "2 devices, 2 online (100%)" in said
    team.narration.check("the comparison says what it means, and whom it reaches", meant, f"{MODEL} 1.0.0 -> 1.1.0")
    preview = team.preview("staging")
    team.narration.quote(_sentences(preview.output, "->"))
    updates = [step.name for step in preview.changes if step.operation == "update"]
    named = updates == [f"{LINE}/twins"] and f"{MODEL} 1.0.0 -> 1.1.0" in preview.output
    team.narration.check("the preview shows exactly one update", named, f"{MODEL} 1.0.0 -> 1.1.0")
    _needed(team, "staging takes the release", team.up("staging"))
    _ring_runs(team, "staging", "twins", model="1.1.0")


def release_is_carried(team: Team) -> None:
    """Promotion: the same release, ring by ring, each as a commit that touches nothing else."""
    for ring, (source_stage, source_ring) in (("canary", ("staging", "twins")), ("main", ("prod", "canary"))):
        team.narration.step(f"The release is carried to prod/{ring}")
        copy_release(_file(team, source_stage), source_ring, _file(team, "prod"), ring)
        team.git_shown(f'commit -am "Promote {LINE} to prod/{ring}"')
        team.repository.commit(f"Promote {LINE} to prod/{ring}")
        same = team.ring(LINE, "prod", ring).release == team.ring(LINE, source_stage, source_ring).release
        team.narration.check(
            f"prod/{ring} has the digest of {source_stage}/{source_ring}",
            same,
            team.ring(LINE, "prod", ring).release[:19],
        )
        preview = team.preview("prod")
        deployments = [step.name for step in preview.changes if step.type.endswith(":Deployment")]
        team.narration.check(f"the preview changes prod/{ring} only", len(deployments) == 1, ", ".join(deployments))
        _needed(team, f"prod/{ring} takes the release", team.up("prod"))
        _ring_runs(team, "prod", ring, model="1.1.0")


def bad_model_is_stopped(team: Team) -> None:
    """A model that does not load fails its startup; the ring goes back by itself, and then Git does."""
    team.narration.step("A bad model stops at its first ring")
    _edit_staging(team, model="1.2.0")
    team.git_shown('commit -am "Release model 1.2.0 to the twins"')
    bad = team.repository.commit("Release model 1.2.0 to the twins")
    run = team.up("staging")
    team.narration.quote(_sentences(run.output, "failed on", "twin-00", "Rolled back"))
    named = any(device.thing in run.output for device in DEVICES if device.stage == "staging")
    team.narration.check("the update fails and names the devices", not run.ok and named, f"exit code {run.exit_code}")
    latest = team.latest_deployment(LINE, "staging", "twins")
    version = latest["components"][MODEL]["componentVersion"]
    team.narration.check(
        "the ring was rolled back by a new revision",
        version == "1.1.0",
        f"revision {latest['revisionId']}: {MODEL} {version}",
    )
    _ring_runs(team, "staging", "twins", model="1.1.0")
    twin = DEVICES[0]
    team.narration.check("predictions go on with 1.1.0", team.predicts_with(twin, "1.1.0"), twin.thing)
    untouched = all(
        team.installed(device)[MODEL] == "1.1.0" for device in DEVICES if device.thing in ("cam-001", "cam-002")
    )
    team.narration.check("no other ring saw 1.2.0", untouched, "cam-001 and cam-002 run 1.1.0")
    team.git_shown(f"revert --no-edit {bad[:10]}")
    team.repository.revert(bad)
    _needed(team, "staging is level with Git again", team.up("staging"))
    run = team.unchanged("staging")
    team.narration.check("nothing is left to repair", run.ok, _changes(run))


def good_release_is_reverted(team: Team) -> None:
    """A revert brings back versions and takes away the configuration that the reverted commit added."""
    team.narration.step("A good release is reverted: versions and configuration go back")
    device = next(device for device in DEVICES if device.thing == "cam-002")
    before = team.sandbox.device_configuration(device.thing, INFERENCE)
    promoted = team.repository.head_of(f"Promote {LINE} to prod/main")
    team.git_shown(f"revert --no-edit {promoted[:10]}")
    team.repository.revert(promoted)
    _needed(team, "prod takes the revert", team.up("prod"))
    _ring_runs(team, "prod", "main", model="1.0.0")
    after = team.sandbox.device_configuration(device.thing, INFERENCE)
    gone = before.get("threshold") == 0.8 and "threshold" not in after
    team.narration.check(
        "the key that it had added is gone from the device",
        gone,
        f"{device.thing}: threshold {before.get('threshold', 'none')} -> {after.get('threshold', 'none')}",
    )
    deployment = team.latest_deployment(LINE, "prod", "main")
    versions = {name: item["componentVersion"] for name, item in deployment["components"].items()}
    wanted = {name: item.version for name, item in team.ring(LINE, "prod", "main").components.items()}
    team.narration.check("the latest deployment has the old versions", versions == wanted, f"{MODEL} {versions[MODEL]}")
    team.narration.check("predictions go on with 1.0.0", team.predicts_with(device, "1.0.0"), device.thing)


def offline_device_returns(team: Team) -> None:
    """A device that was away all week gets the release of its ring when it connects, and nothing older."""
    team.narration.step("A device that was offline all week comes back")
    device = next(device for device in DEVICES if device.thing == OFFLINE)
    team.edgewright("sandbox", "device", "set", device.thing, "--online")
    came = team.eventually(lambda: team.installed(device).get(MODEL) == "1.0.0")
    team.narration.check("it runs what its ring has now", came, f"{device.thing}: {MODEL} 1.0.0")


def change_behind_gits_back(team: Team) -> None:
    """Somebody uses the console; drift names what differs, and a repair puts Git's word back."""
    team.narration.step("Somebody changes a deployment in the console")
    latest = team.latest_deployment(LABEL, "staging", "twins")
    components = {name: item for name, item in latest["components"].items() if name != "com.acme.device-health"}
    team.narration.command(
        "aws greengrassv2 create-deployment --target-arn ...-twins  # without com.acme.device-health"
    )
    team.client("greengrassv2", "staging").create_deployment(
        targetArn=latest["targetArn"], deploymentName="by hand", components=components
    )
    told = team.edgewright_says_no("drift", LABEL, "--stage", "staging", "--only", "devices")
    team.narration.quote(_sentences(told, "com.acme.device-health", "drift:"))
    named = "com.acme.device-health 1.0.0 is missing" in told and f"{LABEL} staging/twins" in told
    team.narration.check("drift names the ring and the component", named, "exit code 2")
    told = team.edgewright("drift", LABEL, "--stage", "staging", "--repair")
    team.narration.quote(_sentences(told, "components[", "pulumi up"))
    team.narration.check("a repair leaves no drift", "no drift" in told.splitlines()[-1], told.splitlines()[-1])
    again = team.latest_deployment(LABEL, "staging", "twins")
    team.narration.check(
        "the latest deployment is Git's again",
        "com.acme.device-health" in again["components"],
        f"revision {again['revisionId']}",
    )


def report_is_read(team: Team) -> None:
    """At the end of the week: what runs, on the screen and as a page that stands alone."""
    team.narration.step("What runs at the end of the week")
    shown = team.edgewright("status")
    team.narration.quote("\n".join(line for line in shown.splitlines() if line.strip()))
    level = "6 of 6 rings as Git says" in shown and "none of them behind" in shown
    team.narration.check("every ring is as Git says", level, shown.splitlines()[-1])
    page = team.root.parent / "report.html"
    team.edgewright("report", "--html", str(page))
    text = page.read_text(encoding="utf-8")
    whole = all(words in text for words in (LINE, LABEL, MODEL, OFFLINE, "revert in Git"))
    team.narration.check("the report has fleets, devices and history", whole, f"{page}: {len(text) // 1024} KiB")


CHAPTERS: tuple[Callable[[Team], None], ...] = (
    sandbox_comes_up,
    manifests_hold,
    stacks_come_up,
    predictions_come_back,
    better_model_is_proposed,
    release_is_carried,
    bad_model_is_stopped,
    good_release_is_reverted,
    offline_device_returns,
    change_behind_gits_back,
    report_is_read,
)


def _needed(team: Team, claim: str, run: Run) -> None:
    if not run.ok:
        team.narration.quote(run.output)
    team.narration.check(claim, run.ok, _changes(run) if run.ok else f"exit code {run.exit_code}")


def _changes(run: Run) -> str:
    count = len(run.changes)
    return "1 change" if count == 1 else f"{count or 'no'} changes"


def _both(team: Team, job: Callable[[str], Run]) -> list[Run]:
    return team.at_once(lambda: job("staging"), lambda: job("prod"))


def _file(team: Team, stage: str) -> Path:
    return team.root / "fleets" / LINE / f"{stage}.yaml"


def _edit_staging(
    team: Team, *, model: str, inference: str | None = None, config: dict[str, float] | None = None
) -> None:
    set_component(_file(team, "staging"), "twins", MODEL, version=model)
    if inference:
        set_component(_file(team, "staging"), "twins", INFERENCE, version=inference, config=config)


def _ring_runs(team: Team, stage: str, ring: str, *, model: str) -> None:
    devices = [d for d in DEVICES if (d.fleet, d.stage, d.ring) == (LINE, stage, ring) and d.thing != OFFLINE]
    running = [d for d in devices if team.eventually(lambda d=d: team.installed(d).get(MODEL) == model)]  # type: ignore[misc]
    shown = ", ".join(device.thing for device in running) or "none"
    team.narration.check(f"{stage}/{ring} runs model {model}", running == devices, shown)


def _sentences(text: str, *words: str) -> str:
    """The lines of the engine's diagnostics, its last word, that have one of the words."""
    diagnostics = text.partition("Diagnostics:")[2] or text
    found = (line.strip() for line in diagnostics.splitlines() if any(word in line for word in words))
    return "\n".join(dict.fromkeys(found))
