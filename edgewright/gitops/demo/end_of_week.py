"""Friday: a good release goes back, a device returns, somebody used the console, and what it all came to."""

from __future__ import annotations

from collections import Counter

from edgewright.errors import ExitCode
from edgewright.gitops.demo import scene
from edgewright.gitops.demo.scene import CANARY, LABEL, LINE, MAIN, OFFLINE, TWINS
from edgewright.gitops.demo.team import INFERENCE, MODEL, Team


def good_release_is_reverted(team: Team) -> None:
    """A revert brings back versions and takes away the configuration that the reverted commit added."""
    team.narration.step("A good release is reverted: versions and configuration go back")
    device = scene.device_named("cam-002")
    before = team.sandbox.device_configuration(device.thing, INFERENCE)
    merge = team.merged[scene.promotion_branch(MAIN, scene.release(team, MAIN))]
    team.git("revert", "--no-edit", "--mainline", "1", merge[:10])
    prod, staging = team.at_once(lambda: team.up("prod"), lambda: team.up("staging"))
    scene.needed(team, "prod takes the revert", prod)
    scene.needed(team, "staging is level with Git after its failure", staging)
    scene.ring_runs(team, MAIN, model="1.0.0")
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
    team.narration.check("predictions go on with 1.0.0", team.predicting([device], "1.0.0") == [device], device.thing)


def offline_device_returns(team: Team) -> None:
    """A device that was away all week gets the release of its ring when it connects, and nothing older."""
    team.narration.step("A device that was offline all week comes back")
    device = scene.device_named(OFFLINE)
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
    told = team.edgewright("drift", LABEL, "--stage", "staging", "--only", "devices", expected=ExitCode.REFUSED)
    team.narration.quote(scene.sentences(told, "com.acme.device-health", "drift:"))
    named = "com.acme.device-health 1.0.0 is missing" in told and f"{LABEL} staging/twins" in told
    team.narration.check("drift names the ring and the component", named, "exit code 2")
    told = team.edgewright("drift", LABEL, "--stage", "staging", "--repair")
    team.narration.quote(scene.sentences(told, "components[", "pulumi up"))
    team.narration.check("a repair leaves no drift", "no drift" in told.splitlines()[-1], told.splitlines()[-1])
    again = team.latest_deployment(LABEL, "staging", "twins")
    team.narration.check(
        "the latest deployment is Git's again",
        "com.acme.device-health" in again["components"],
        f"revision {again['revisionId']}",
    )


def report_is_read(team: Team) -> None:
    """At the end of the week: what happened, what runs, and both as a page that stands alone."""
    team.narration.step("What happened in the week, and what runs at its end")
    page = team.root.parent / "report.html"
    history, status, _ = team.at_once(
        lambda: team.edgewright("history", LINE),
        lambda: team.edgewright("status"),
        lambda: team.edgewright("report", "--html", str(page)),
    )
    _history_tells_it_all(team, history)
    team.narration.quote("\n".join(line for line in status.splitlines() if line.strip()))
    level = "6 of 6 rings as Git says" in status and "none of them behind" in status
    team.narration.check("every ring is as Git says", level, status.splitlines()[-1])
    text = page.read_text(encoding="utf-8")
    whole = all(words in text for words in (LINE, LABEL, MODEL, OFFLINE, "revert in Git"))
    team.narration.check("the report has fleets, devices and history", whole, f"{page}: {len(text) // 1024} KiB")


def _history_tells_it_all(team: Team, said: str) -> None:
    """Who gave which release to which ring, on what evidence: what Git says, with what the ledger adds to it."""
    team.narration.quote(said)
    told = Counter(tuple(line.split()[1:3]) for line in said.splitlines() if line.startswith("20"))
    wanted = {
        (TWINS, "test"): 4,
        (TWINS, "edit"): 3,
        (TWINS, "rollback"): 2,
        (CANARY, "promotion"): 1,
        (MAIN, "promotion"): 1,
        (MAIN, "rollback"): 1,
    }
    team.narration.check(
        "the history has every release, test, promotion and rollback",
        {key: told[key] for key in wanted} == wanted,
        ", ".join(f"{told[key]} {key[1]}{'s' * (told[key] != 1)} in {key[0]}" for key in wanted),
    )
