"""Two models that must not get far: one answers and is often wrong, the other does not even load."""

from __future__ import annotations

import shutil

from edgewright.errors import ExitCode
from edgewright.gitops.demo import scene
from edgewright.gitops.demo.good_model import merge_promotion
from edgewright.gitops.demo.scene import BROKEN, CANARY, DEVICES, GOOD, LINE, MAIN, TWINS, WORSE, needed, ring_runs
from edgewright.gitops.demo.team import MODEL, Team
from edgewright.manifest.controls import hold_file, quarantine_file, short


def worse_model_is_proposed(team: Team) -> None:
    """While the canary takes the good release, somebody gives the twins a model that learned from 60 images."""
    team.narration.step("The canary takes the release; meanwhile the twins get a model that learned too little")
    folder = f"catalog/{MODEL}/{WORSE}"
    team.narration.quote(team.train(WORSE, folder))
    team.narration.command(f"cp catalog/{MODEL}/{GOOD}/*.yaml {folder}/  # and {WORSE} in the recipe")
    for file in ("recipe.yaml", "component.yaml"):
        shutil.copy(team.root / "catalog" / MODEL / GOOD / file, team.root / folder / file)
    recipe = team.root / folder / "recipe.yaml"
    lines = [line for line in recipe.read_text("utf-8").splitlines() if not line.startswith("ComponentDescription:")]
    recipe.write_text("\n".join(lines).replace(f'"{GOOD}"', f'"{WORSE}"') + "\n", encoding="utf-8")
    team.edgewright("component", "lock")
    scene.set_twins(team, model=WORSE)
    scene.propose(team, "retrained-model", f"Release model {WORSE} to the twins")
    team.merge("retrained-model")
    prod, staging = team.at_once(lambda: team.up("prod"), lambda: team.up("staging"))
    needed(team, f"{CANARY} takes the release", prod)
    scene.one_ring_changed(team, CANARY, prod)
    ring_runs(team, CANARY, model=GOOD)
    needed(team, f"{TWINS} takes model {WORSE}: it loads, and devices are content", staging)
    ring_runs(team, TWINS, model=WORSE)


def worse_model_is_refused(team: Team) -> None:
    """Nothing fails on the devices; only a test that knows the answers finds out, and the gate reads it."""
    team.narration.step("The golden set says no, and the gate of the twins with it")
    numbers = scene.twins_are_tested(team, WORSE, expected=ExitCode.REFUSED)
    worse, good = scene.release(team, TWINS), scene.release(team, CANARY)
    better = scene.measured(team.tests(good)["golden-set"].summary)
    team.narration.check(
        f"model {WORSE} fails its golden set on the twins",
        0 < numbers.accuracy < 90 <= better.accuracy,
        f"exit code 2: {numbers}; {GOOD} had {better}",
    )
    said = team.edgewright_when_baked("promote", LINE, "--to", CANARY, expected=ExitCode.REFUSED)
    team.narration.quote(scene.not_met(said))
    team.narration.check(
        "promotion is refused by that gate, and by no other",
        scene.gates_not_met(said) == ["test golden-set"],
        "exit code 2: NOT MET test golden-set",
    )
    results = {name: event.passed for name, event in team.tests(worse).items()}
    team.narration.check(
        "the ledger has both results of the release",
        results == {"smoke": True, "golden-set": False},
        ", ".join(f"{name} {'passed' if passed else 'failed'}" for name, passed in sorted(results.items())),
    )


def good_model_reaches_main(team: Team) -> None:
    """The canary has baked: the same digest goes on to main, and the twins go back to it."""
    team.narration.step("The good release goes on to main, and the twins go back to it")
    worse = scene.release(team, TWINS)
    reason = "the golden set says no"
    promoted, rolled_back = team.at_once(
        lambda: team.edgewright_when_baked("promote", LINE, "--to", MAIN),
        lambda: team.edgewright("rollback", LINE, "--ring", TWINS, "--reason", reason),
    )
    team.narration.quote(promoted)
    merge_promotion(team, CANARY, MAIN)
    team.narration.quote(rolled_back)
    team.merge(scene.rollback_branch(TWINS, worse))
    _is_held_back(team, worse)
    prod, staging = team.at_once(lambda: team.up("prod"), lambda: team.up("staging"))
    needed(team, f"{MAIN} takes the release", prod)
    scene.one_ring_changed(team, MAIN, prod)
    ring_runs(team, MAIN, model=GOOD)
    needed(team, "staging takes the rollback", staging)
    ring_runs(team, TWINS, model=GOOD)


def broken_model_is_stopped(team: Team) -> None:
    """A model that does not load fails its startup; the ring goes back by itself, and then Git does."""
    team.narration.step("A model that does not load stops at its first ring")
    scene.set_twins(team, model=BROKEN)
    scene.propose(team, "newest-model", f"Release model {BROKEN} to the twins")
    team.merge("newest-model")
    broken = scene.release(team, TWINS)
    others = [scene.device_named(thing) for thing in ("cam-001", "cam-002")]
    had = [team.installed(device) for device in others]
    run = team.up("staging")
    team.narration.quote(scene.sentences(run.output, "failed on", "twin-00", "Rolled back"))
    # the first of the twins that fails is enough for the ring to go back
    twins = [device.thing for device in DEVICES if (device.fleet, device.ring) == (LINE, "twins")]
    named = [thing for thing in twins if f"{thing}: FAILED_ROLLBACK_COMPLETE" in run.output]
    team.narration.check(
        "the update fails and names devices",
        not run.ok and bool(named),
        f"exit code {run.exit_code}: {', '.join(named)}",
    )
    latest = team.latest_deployment(LINE, "staging", "twins")
    version = latest["components"][MODEL]["componentVersion"]
    team.narration.check(
        "the ring was rolled back by a new revision",
        version == GOOD,
        f"revision {latest['revisionId']}: {MODEL} {version}",
    )
    ring_runs(team, TWINS, model=GOOD)
    twin = scene.device_named("twin-001")
    team.narration.check(f"predictions go on with {GOOD}", team.predicting([twin], GOOD) == [twin], twin.thing)
    untouched = [team.installed(device) for device in others] == had
    team.narration.check(
        "what production has did not change",
        untouched,
        ", ".join(f"{device.thing} runs {MODEL} {now[MODEL]}" for device, now in zip(others, had, strict=True)),
    )
    said = team.edgewright("rollback", LINE, "--failed", "--reason", f"model {BROKEN} does not load")
    team.narration.quote(said)
    team.merge(scene.rollback_branch(TWINS, broken))
    _is_held_back(team, broken)
    team.edgewright("quarantine", short(broken), "--reason", f"model {BROKEN} does not load")
    team.narration.check(
        "and no ring may have it any more", team.controls().quarantine(broken) is not None, quarantine_file(broken)
    )


def _is_held_back(team: Team, left: str) -> None:
    """Git says what the ring runs again, and keeps the release that it left out of it."""
    hold = team.controls().hold(LINE, TWINS, left)
    model = team.ring(LINE, "staging", "twins").components[MODEL].version
    team.narration.check(
        f"Git has {TWINS} at {GOOD} again, and holds {short(left)} back",
        model == GOOD and hold is not None,
        hold_file(LINE, TWINS, left),
    )
