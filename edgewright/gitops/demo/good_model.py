"""A better model goes from the twins to the canary and to main: proposed, read, tested, promoted by its gates."""

from __future__ import annotations

from edgewright.errors import ExitCode
from edgewright.gitops.demo import scene
from edgewright.gitops.demo.scene import CANARY, GOOD, LINE, TWINS, needed, ring_runs
from edgewright.gitops.demo.team import MODEL, Team
from edgewright.manifest.controls import short


def better_model_is_proposed(team: Team) -> None:
    """An edit of one ring shows as one update, which names the component and both versions."""
    team.narration.step("A better model is proposed for the twins")
    scene.set_twins(team, model=GOOD, inference="2.1.0", config={"threshold": 0.8})
    team.edgewright("validate")
    scene.propose(team, "better-model", f"Release model {GOOD} to the twins")
    said = team.edgewright("diff", "main", "better-model")
    team.narration.quote(said)
    meant = f"{MODEL}      1.0.0 -> {GOOD}" in said and "2 devices, 2 online (100%)" in said
    team.narration.check("the comparison says what it means, and whom it reaches", meant, f"{MODEL} 1.0.0 -> {GOOD}")
    preview = team.preview("staging")
    team.narration.quote(scene.sentences(preview.output, "->"))
    updates = [step.name for step in preview.changes if step.operation == "update"]
    named = updates == [f"{LINE}/twins"] and f"{MODEL} 1.0.0 -> {GOOD}" in preview.output
    team.narration.check("the preview shows exactly one update", named, f"{MODEL} 1.0.0 -> {GOOD}")
    team.merge("better-model")
    needed(team, "staging takes the release", team.up("staging"))
    ring_runs(team, TWINS, model=GOOD)


def better_model_is_tested(team: Team) -> None:
    """The twins classify 200 images that no model was trained on, and the gate of the twins reads how well."""
    team.narration.step("The twins are tested, and the release is promoted to the canary")
    numbers = scene.twins_are_tested(team, GOOD, expected=ExitCode.OK)
    team.narration.check(f"model {GOOD} passes its golden set on the twins", numbers.accuracy >= 90, str(numbers))
    promote(team, TWINS, CANARY)


def promote(team: Team, source: str, target: str) -> None:
    """Promote what a ring has to the next one, and merge the request."""
    team.narration.quote(team.edgewright_when_baked("promote", LINE, "--to", target))
    merge_promotion(team, source, target)


def merge_promotion(team: Team, source: str, target: str) -> None:
    """Merge the request that carries what a ring has to the next one."""
    good = scene.release(team, source)
    team.merge(scene.promotion_branch(target, good))
    same = scene.release(team, target) == good
    team.narration.check(f"{target} has the digest of {source}", same, short(good))
