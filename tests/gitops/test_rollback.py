"""`edgewright rollback` in real repositories; what AWS says is made by hand."""

from __future__ import annotations

import json

import pytest

from edgewright.gitops.ledger import Ledger
from edgewright.gitops.merged import Merged
from edgewright.manifest.controls import short
from edgewright.manifest.load import load_project
from tests.gitops.events import git
from tests.gitops.promotions import FLEET, PROD, STAGING, World
from tests.helpers.repositories import change_text

CANARY = f"edgewright/rollback/{FLEET}/prod-canary/"


def in_canary(world: World, version: str = "1.1.0") -> tuple[str, str]:
    """Promote a release to the canary and merge that; return what it had before, and the new one."""
    before = world.release("prod/canary")
    world.bump(version)
    world.deploy("staging/twins")
    assert world.edgewright("promote", FLEET, "--to", "prod/canary") == 0
    world.merge(f"edgewright/promote/{FLEET}/prod-canary/{short(world.release('staging/twins'))}")
    return before, world.release("prod/canary")


def content(world: World, revision: str, path: str) -> bytes:
    git("fetch", "--quiet", "origin", at=world.repository.root)
    return world.repository._run(["show", f"{revision}:{path}"])


def test_a_rollback_gives_the_former_bytes_back_and_holds_the_release(world: World) -> None:
    former = content(world, "HEAD", PROD)
    before, bad = in_canary(world)
    assert world.edgewright("rollback", FLEET, "--reason", "canary overheats") == 0
    branch = f"{CANARY}{short(bad)}"
    assert content(world, f"origin/{branch}", PROD) == former
    message = git("log", "-1", "--format=%B", f"origin/{branch}", at=world.repository.root)
    assert message.startswith(
        f"Roll back {FLEET} prod/canary from {short(bad)} to {short(before)}\n\ncanary overheats\n"
    )
    assert "\nThis reverts commit " in message
    assert "\nEdgewright-Rolls-Back: prod/canary\n" in message
    world.merge(branch)
    (hold,) = load_project(world.repository.root).controls.holds
    assert (hold.ring, hold.release, hold.restores, hold.reason) == ("prod/canary", bad, before, "canary overheats")


def test_the_held_release_is_not_promoted_again_until_somebody_releases_it(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    _, bad = in_canary(world)
    world.edgewright("rollback", FLEET)
    world.merge(f"{CANARY}{short(bad)}")
    for arguments in (["promote", FLEET], ["promote", "--all"]):
        capsys.readouterr()
        world.edgewright(*arguments)
        assert "NOT MET hold: the release is held back from prod/canary: rolled back (by ada" in capsys.readouterr().out
    assert world.edgewright("release", FLEET, "prod/canary", "--reason", "it was the lamp") == 0
    assert world.edgewright("promote", FLEET) == 0


@pytest.mark.parametrize("how", ["plain", "merge", "squash", "git revert"])
def test_a_revert_is_not_reverted_however_it_came(world: World, how: str, capsys: pytest.CaptureFixture[str]) -> None:
    root = world.repository.root
    _, bad = in_canary(world)
    promotion = world.repository.head()
    if how == "git revert":
        git("revert", "--no-edit", promotion, at=root)
        world.push()
    else:
        world.edgewright("rollback", FLEET)
        git("fetch", "--quiet", "origin", at=root)
        branch = f"origin/{CANARY}{short(bad)}"
        if how == "plain":
            git("merge", "--quiet", "--ff-only", branch, at=root)
        elif how == "merge":
            git("merge", "--quiet", "--no-ff", "--no-edit", branch, at=root)
        else:
            git("merge", "--quiet", "--squash", branch, at=root)
            git("commit", "--quiet", "-m", "Canary back (#8)", at=root)
        world.push()
    capsys.readouterr()
    assert world.edgewright("rollback", FLEET, "--ring", "prod/canary") == 2
    assert "is a rollback itself, and a revert of a revert would bring back what was wrong" in capsys.readouterr().err


def test_other_changes_of_the_same_commit_stay(world: World) -> None:
    """A squashed request that bumps a model, and slows the rollout down."""
    before = world.release("prod/canary")
    change_text(world.repository, PROD, "{max: 50}", "{max: 5}")
    world.bump("1.1.0", file=PROD)
    world.push()
    bad = world.release("prod/canary")
    assert world.edgewright("rollback", FLEET, "--ring", "prod/canary", "--here") == 0
    assert world.release("prod/canary") == before
    assert "{max: 5}" in (world.repository.root / PROD).read_text("utf-8")
    assert bad != before


def test_an_edit_after_the_promotion_stays(world: World) -> None:
    before, _ = in_canary(world)
    change_text(world.repository, PROD, "# the release of this ring", "# see the card of the model")
    world.repository.commit("A comment")
    world.push()
    assert world.edgewright("rollback", FLEET, "--ring", "prod/canary", "--here") == 0
    assert world.release("prod/canary") == before
    assert "# see the card of the model" in (world.repository.root / PROD).read_text("utf-8")


def test_a_merge_commit_is_one_change(world: World) -> None:
    """Of a merged branch with two commits, both go back."""
    root = world.repository.root
    before = world.release("staging/twins")
    git("checkout", "--quiet", "-b", "feature", at=root)
    world.bump("1.1.0", push=False)
    change_text(world.repository, STAGING, "intervalSeconds: 2", "intervalSeconds: 9")
    world.repository.commit("Slower")
    git("checkout", "--quiet", "main", at=root)
    git("merge", "--quiet", "--no-ff", "--no-edit", "feature", at=root)
    world.push()
    assert world.edgewright("rollback", FLEET, "--here") == 0
    assert world.release("staging/twins") == before


def test_a_renamed_fleet_goes_back_to_what_it_had_under_its_old_name(world: World) -> None:
    root = world.repository.root
    before, bad = in_canary(world)
    git("mv", f"fleets/{FLEET}", "fleets/cameras", at=root)
    for file in (root / "fleets/cameras").glob("*.yaml"):
        file.write_text(file.read_text("utf-8").replace(f"fleet: {FLEET}", "fleet: cameras"), encoding="utf-8")
    fleet = root / "fleets/cameras/fleet.yaml"
    fleet.write_text(fleet.read_text("utf-8").replace(f"name: {FLEET}", "name: cameras"), encoding="utf-8")
    world.repository.commit("Rename the fleet")
    world.push()
    assert world.edgewright("rollback", "cameras", "--ring", "prod/canary", "--here") == 0
    ring = next(each for each in load_project(root).stages["cameras", "prod"].rings if each.name == "canary")
    assert (ring.release, bad) == (before, bad)
    assert Merged(world.repository, here=True).history.former_names("cameras", "prod") == ["cameras", FLEET]


def test_a_rollback_that_is_open_is_found_again(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    _, bad = in_canary(world)
    assert world.edgewright("rollback", FLEET) == 0
    first = git("rev-parse", f"{CANARY}{short(bad)}", at=world.remote)
    capsys.readouterr()
    assert world.edgewright("rollback", FLEET) == 0
    assert "open already: branch" in capsys.readouterr().out
    assert git("rev-parse", f"{CANARY}{short(bad)}", at=world.remote) == first


def test_fast_track_takes_every_ring_back_and_what_comes_back_need_not_bake(world: World) -> None:
    change_text(world.repository, f"fleets/{FLEET}/fleet.yaml", "{healthy: 95%}", "{bake: 9000h}")
    world.repository.commit("A long bake")
    before, bad = in_canary(world)
    main = world.repository.root / PROD
    head, _, tail = main.read_text("utf-8").rpartition('parts-model: {version: "1.0.0"}')
    main.write_text(f'{head}parts-model: {{version: "1.1.0"}}{tail}', encoding="utf-8")
    world.repository.commit("Main as well")
    world.push()
    abort = main.read_text("utf-8").count("abort:")
    assert world.edgewright("rollback", FLEET, "--ring", "prod/canary", "--fast-track", "--here") == 0
    assert [world.release(ring) for ring in ("staging/twins", "prod/canary", "prod/main")] == [before] * 3
    assert main.read_text("utf-8").count("abort:") == abort
    holds = load_project(world.repository.root).controls.holds
    assert {(hold.ring, hold.release, hold.fast_track) for hold in holds} == {
        ("staging/twins", bad, True), ("prod/canary", bad, True), ("prod/main", bad, True),
    }  # fmt: skip


def test_rings_that_keep_the_release_are_named(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    in_canary(world)
    world.edgewright("rollback", FLEET, "--ring", "prod/canary")
    assert "note: staging/twins still has" in capsys.readouterr().out


def test_a_ring_that_never_had_another_release_has_nothing_to_go_back_to(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert world.edgewright("rollback", FLEET, "--ring", "prod/main") == 2
    assert "there is nothing to go back to" in capsys.readouterr().err


def test_automation_does_not_put_back_what_somebody_reverted_by_hand(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    """There is no hold then; a person may promote it again, knowing why."""
    in_canary(world)
    git("revert", "--no-edit", "HEAD", at=world.repository.root)
    world.push()
    assert world.edgewright("promote", "--all") == 0
    assert "NOT MET reverted: ada@acme.example took the release out of prod/canary in" in capsys.readouterr().out
    assert world.edgewright("promote", FLEET, "--to", "prod/canary") == 0


# --- after a failed update ---------------------------------------------------------------------------------------


def test_after_a_failed_update_git_says_what_devices_run(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    before, bad = in_canary(world)
    world.deploy("prod/canary", release=before)
    world.deploy("prod/main")
    monkeypatch.setattr(Merged, "tried", lambda _self, _fleet, _ring, release, _sessions: {bad: "d-bad"}.get(release))
    assert world.edgewright("rollback", FLEET, "--failed", "--reason", "update failed", "--here") == 0
    assert world.release("prod/canary") == before
    event = Ledger(world.repository).events(FLEET)[-1]
    assert event.kind == "RolledBack"
    assert (event.failed, event.release, event.restores) == (True, bad, before)
    assert "Edgewright-Deployment: d-bad" in git("log", "-1", "--format=%B", at=world.repository.root)
    world.push()
    assert world.edgewright("rollback", FLEET, "--failed") == 2, "Git and the devices agree now"


def test_a_release_that_waits_for_its_update_did_not_fail(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before, bad = in_canary(world)
    world.deploy("prod/canary", release=before)
    world.deploy("prod/main")
    monkeypatch.setattr(Merged, "tried", lambda *_: None)
    assert world.edgewright("rollback", FLEET, "--failed") == 2
    said = capsys.readouterr().err
    assert f"prod/canary runs {short(before)}, and {short(bad)} was never deployed to it: pulumi up of prod" in said


def test_a_deployment_by_hand_is_drift_and_not_a_rollback(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    from tests.gitops.readings import reading

    for ring in ("staging/twins", "prod/canary", "prod/main"):
        world.deploy(ring)
    world.live["prod/canary"] = reading(None)
    assert world.edgewright("rollback", FLEET, "--failed") == 2
    assert "prod/canary runs deployment d-1, made by hand: edgewright drift" in capsys.readouterr().err


# --- stops, freezes, quarantine ----------------------------------------------------------------------------------


def test_a_stop_holds_up_promotions_and_rollbacks_unless_it_lets_those_pass(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    in_canary(world)
    assert world.edgewright("stop", "--all", "--reason", "incident 7") == 0
    assert world.edgewright("promote", FLEET, "--to", "prod/main") == 2
    assert "NOT MET stop: the line is stopped: incident 7 (by ada@acme.example" in capsys.readouterr().out
    assert world.edgewright("rollback", FLEET) == 2
    assert "stopped, for rollbacks as well: incident 7" in capsys.readouterr().err
    assert world.edgewright("resume", "--all", "--reason", "over") == 0
    assert world.edgewright("stop", FLEET, "--reason", "incident 8", "--rollbacks-pass") == 0
    assert world.edgewright("rollback", FLEET, "--here") == 0
    assert "Edgewright-Passed: stop: incident 8" in git("log", "-1", "--format=%B", at=world.repository.root)
    event = Ledger(world.repository).events(FLEET)[-1]
    assert event.kind == "RolledBack"
    assert "incident 8" in event.passed[0]


def test_a_stop_that_is_not_pushed_yet_stops_its_author(world: World) -> None:
    world.bump()
    world.deploy("staging/twins")
    assert world.edgewright("stop", "--all", "--reason", "incident 7", "--no-push") == 0
    assert world.edgewright("promote", FLEET) == 2


def test_a_stop_reaches_everybody_at_once(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert world.edgewright("stop", "--all", "--reason", "incident 7") == 0
    assert "(pushed to origin)" in capsys.readouterr().err
    assert 'reason: "incident 7"' in git("show", "main:controls/stop/all.yaml", at=world.remote)
    assert world.edgewright("stop", "--all", "--reason", "again") == 2
    assert "is there already: incident 7" in capsys.readouterr().err


def test_work_that_is_not_reviewed_is_not_pushed_along_with_a_stop(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.bump(push=False)
    assert world.edgewright("stop", FLEET, "--reason", "incident 7") == 1
    assert "not pushed: the branch and its upstream differ in more than this" in capsys.readouterr().err
    assert 'parts-model: {version: "1.1.0"}' not in git("show", f"main:{STAGING}", at=world.remote)


def test_a_control_that_cannot_be_pushed_is_no_success_because_nobody_else_is_held_back(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    _, bad = in_canary(world)
    hook = world.remote / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho main is protected >&2\nexit 1\n")
    hook.chmod(0o755)
    merged = git("rev-parse", "main", at=world.remote)
    for arguments, done in (
        (["stop", "--all"], "the line of all fleets is stopped: not now"),
        (["resume", "--all"], "the line of all fleets runs again"),
        (["hold", FLEET, "prod/main"], f"{short(bad)} is held back from prod/main of {FLEET}"),
        (["release", FLEET], f"{short(bad)} may be promoted into prod/main of {FLEET} again"),
        (["quarantine", short(bad)], f"{short(bad)} is in quarantine: not now"),
        (["release", short(bad)], f"{short(bad)} may be promoted and deployed again"),
    ):
        world.repository.plumb(["update-ref", "refs/remotes/origin/main", "HEAD"])  # nothing else stands in the way
        head = world.repository.head()
        assert world.edgewright(*arguments, "--reason", "not now") == 1
        said = capsys.readouterr()
        assert done in said.out
        assert "warning: that is so nowhere but in this clone: not pushed: " in said.err
        assert "main is protected" in said.err
        assert said.err.rstrip().endswith("git pull --rebase and git push, or open a request with it")
        assert world.repository.resolve("HEAD~1") == head, "the commit is there, to be pushed later"
    assert git("rev-parse", "main", at=world.remote) == merged


def test_a_control_without_an_upstream_or_a_branch_says_what_to_do(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.repository.plumb(["switch", "--quiet", "--create", "aside"])
    assert world.edgewright("stop", FLEET, "--reason", "incident 7") == 1
    assert "not pushed: the branch has no upstream; git push --set-upstream" in capsys.readouterr().err
    world.repository.plumb(["switch", "--quiet", "--detach"])
    assert world.edgewright("resume", FLEET, "--reason", "over") == 1
    assert "not pushed: no branch is checked out; git switch" in capsys.readouterr().err
    world.repository.plumb(["remote", "remove", "origin"])
    world.repository.plumb(["switch", "--quiet", "aside"])
    assert world.edgewright("resume", FLEET, "--reason", "over") == 0, "where there are no others, that is all"
    assert "(not pushed: the repository has no remote)" in capsys.readouterr().err


def test_a_freeze_of_the_target_stage_holds_up_what_it_says(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    in_canary(world)
    file = world.repository.root / "edgewright.yaml"
    whole = file.read_text("utf-8")
    always = '{kind: deny, cron: "* * * * *", duration: 1h, timeZone: UTC, stages: [prod], reason: peak season'
    file.write_text(f"{whole}windows:\n  - {always}}}\n", encoding="utf-8")
    world.repository.commit("Freeze")
    world.push()
    assert world.edgewright("rollback", FLEET) == 2
    assert "prod/canary is frozen, for rollbacks as well: peak season (deny window" in capsys.readouterr().err
    file.write_text(f"{whole}windows:\n  - {always}, rollbacks: pass}}\n", encoding="utf-8")
    world.repository.commit("Let rollbacks pass")
    world.push()
    assert world.edgewright("rollback", FLEET, "--json", "--here") == 0
    (passed,) = json.loads(capsys.readouterr().out)["passed"]
    assert passed.startswith("freeze of prod/canary: peak season")


def test_a_release_in_quarantine_is_neither_promoted_nor_gone_back_to(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    before, bad = in_canary(world)
    assert world.edgewright("quarantine", short(bad), "--reason", "it overheats") == 0
    assert f"{FLEET} prod/canary has it: edgewright rollback {FLEET} --ring prod/canary" in capsys.readouterr().out
    world.deploy("prod/canary")
    assert world.edgewright("promote", FLEET, "--to", "prod/main") == 2
    assert "NOT MET quarantine: the release is in quarantine: it overheats" in capsys.readouterr().out
    assert world.edgewright("quarantine", before, "--reason", "so does this") == 0
    assert world.edgewright("rollback", FLEET, "--ring", "prod/canary") == 2
    assert f"would go back to {short(before)}, which is in quarantine: so does this" in capsys.readouterr().err
    assert world.edgewright("release", short(before), "--reason", "measured again") == 0
    assert world.edgewright("rollback", FLEET, "--ring", "prod/canary") == 0


def test_a_hold_by_hand_keeps_the_next_release_out_of_a_ring(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.bump()
    world.deploy("staging/twins")
    assert world.edgewright("hold", FLEET, "prod/canary", "--reason", "trade fair") == 0
    assert world.edgewright("promote", FLEET) == 2
    assert "held back from prod/canary: trade fair" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["quarantine", "abc", "--reason", "short"], "is shorter than 8 digits"),
        (["quarantine", "0123456789abcdef", "--reason", "unknown"], "is no release that a ring has or had"),
        (["hold", FLEET, "prod/canari", "--reason", "typo"], "has no ring 'prod/canari': its rings are staging/twins"),
        (["release", "line", "--reason", "typo"], "'line' is no fleet, and no release is in quarantine"),
        (
            ["stop", "line", "--reason", "typo"],
            "there is no fleet 'line': the fleets are label-reading, line-inspection",
        ),
        (["stop", "--reason", "whom"], "name a fleet, or give --all"),
        (["stop", "--all", "--reason", " "], "a reason has 3 to 500 characters"),
        (["resume", FLEET, "--reason", "over"], f"the line of {FLEET} is not stopped; stopped are: none"),
        (["release", FLEET, "--reason", "over"], f"nothing like that is held in fleet '{FLEET}': its holds are none"),
    ],
    ids=lambda value: " ".join(value[:2]) if isinstance(value, list) else "",
)
def test_a_mistake_is_one_error_and_nothing_is_written(
    world: World, arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = world.repository.head()
    assert world.edgewright(*arguments) == 1
    assert told in capsys.readouterr().err
    assert world.repository.head() == before
    assert world.repository.clean()
