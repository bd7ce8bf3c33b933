"""What the chapters share: who takes part, and the questions that they all ask."""

from __future__ import annotations

import re
from dataclasses import dataclass

from edgewright.gitops.demo.team import INFERENCE, MODEL, Device, Team
from edgewright.gitops.edit import set_component
from edgewright.gitops.engine import Run
from edgewright.manifest.controls import short

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

TWINS, CANARY, MAIN = "staging/twins", "prod/canary", "prod/main"
GOOD, BROKEN, WORSE = "1.1.0", "1.2.0", "1.3.0"
"""Versions of the model: a better one, one that does not load, and one that loads and is often wrong."""


@dataclass(frozen=True)
class Measured:
    """What a golden-set test printed of a model."""

    accuracy: float
    """Percent."""
    latency: float
    """Milliseconds, 95th percentile."""
    memory: int
    """Megabytes."""

    def __str__(self) -> str:
        """As evidence of a check."""
        return f"{self.accuracy:g}% right, p95 {self.latency:g} ms, {self.memory} MB"


def device_named(thing: str) -> Device:
    """The device of a thing."""
    return next(device for device in DEVICES if device.thing == thing)


def needed(team: Team, claim: str, run: Run) -> None:
    """An update that must go well."""
    if not run.ok:
        team.narration.quote(run.output)
    team.narration.check(claim, run.ok, changes(run) if run.ok else f"exit code {run.exit_code}")


def changes(run: Run) -> str:
    """How many changes a run made, or would make."""
    count = len(run.changes)
    return "1 change" if count == 1 else f"{count or 'no'} changes"


def deployments(run: Run) -> list[str]:
    """The rings whose deployment a run changes, as ``fleet/ring``."""
    return [step.name for step in run.changes if step.type.endswith(":Deployment")]


def one_ring_changed(team: Team, ring: str, run: Run) -> None:
    """An update that promotes into a ring changes the deployment of this ring, and no other's."""
    stage, _, name = ring.partition("/")
    changed = deployments(run)
    team.narration.check(
        f"the update of {stage} changed {ring} only", changed == [f"{LINE}/{name}"], ", ".join(changed)
    )


def set_twins(team: Team, *, model: str, inference: str | None = None, config: dict[str, float] | None = None) -> None:
    """Write another release of the twins, as somebody does in an editor."""
    file = team.root / "fleets" / LINE / "staging.yaml"
    set_component(file, "twins", MODEL, version=model)
    if inference:
        set_component(file, "twins", INFERENCE, version=inference, config=config)


def release(team: Team, ring: str) -> str:
    """The digest of a ring's release in Git."""
    stage, _, name = ring.partition("/")
    return team.ring(LINE, stage, name).release


def propose(team: Team, branch: str, subject: str) -> None:
    """Commit what was edited on a branch of its own, as for a pull request."""
    team.git("switch", "--quiet", "--create", branch)
    team.git("add", "--all")
    team.git("commit", "--quiet", "--message", subject)


def gates_not_met(said: str) -> list[str]:
    """The gates that `edgewright promote` named as not met."""
    return re.findall(r"^ +\d+/\d+ NOT MET ([^:]+): ", said, re.MULTILINE)


def not_met(said: str) -> str:
    """The lines of `edgewright promote` on gates that are not met, and its last word."""
    return "\n".join(line for line in said.splitlines() if "NOT MET" in line or "not promoted" in line)


def ring_runs(team: Team, ring: str, *, model: str) -> None:
    """Check that every online device of a ring reports a version of the model to AWS."""
    stage, _, name = ring.partition("/")
    devices = [d for d in DEVICES if (d.fleet, d.stage, d.ring) == (LINE, stage, name) and d.thing != OFFLINE]
    running = [d for d in devices if team.eventually(lambda d=d: team.installed(d).get(MODEL) == model)]  # type: ignore[misc]
    shown = ", ".join(device.thing for device in running) or "none"
    team.narration.check(f"{ring} runs model {model}", running == devices, shown)


def twins_are_tested(team: Team, model: str, *, expected: int) -> Measured:
    """Put the two tests that the gate asks for to the twins; what comes of them goes to the ledger.

    The smoke test is the demo's own, and recorded by `edgewright record`; the golden set is Edgewright's.
    """
    twins = [device for device in DEVICES if (device.fleet, device.ring) == (LINE, "twins")]
    predicting = team.predicting(twins, model)
    summary = f"{len(predicting)} of {len(twins)} twins predict with model {model}"
    file = team.write_json("smoke.json", {"passed": predicting == twins, "summary": summary})
    said, _ = team.at_once(
        lambda: team.edgewright("test", "golden-set", LINE, TWINS, expected=expected),
        lambda: team.edgewright("record", "test", LINE, TWINS, "smoke", "--file", file),
    )
    team.narration.check(f"smoke test of model {model}", predicting == twins, summary)
    team.narration.quote(said)
    return measured(said)


def measured(said: str) -> Measured:
    """Read the numbers of a golden-set test off the screen; a test that printed none measured nothing."""
    found = re.search(r"([\d.]+)% right of 200, p95 ([\d.]+) ms, (\d+) MB", said)
    if found is None:
        return Measured(0.0, float("inf"), 0)
    return Measured(float(found[1]), float(found[2]), int(found[3]))


def promotion_branch(ring: str, digest: str) -> str:
    """The branch on which `edgewright promote` proposes a release for a ring."""
    return f"edgewright/promote/{LINE}/{ring.replace('/', '-')}/{short(digest)}"


def rollback_branch(ring: str, digest: str) -> str:
    """The branch on which `edgewright rollback` proposes to leave a release."""
    return f"edgewright/rollback/{LINE}/{ring.replace('/', '-')}/{short(digest)}"


def sentences(text: str, *words: str) -> str:
    """The lines of the engine's diagnostics, its last word, that have one of the words."""
    diagnostics = text.partition("Diagnostics:")[2] or text
    found = (line.strip() for line in diagnostics.splitlines() if any(word in line for word in words))
    return "\n".join(dict.fromkeys(found))
