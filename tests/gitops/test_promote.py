"""`edgewright promote` in real repositories; what AWS says is made by hand."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from edgewright.gitops import promote
from edgewright.gitops.ledger import Ledger
from edgewright.gitops.merged import Merged
from edgewright.gitops.promote import Decision, carry_out, choose, examine
from edgewright.manifest.controls import short
from tests.gitops.events import clone, git
from tests.gitops.promotions import FLEET, PROD, World
from tests.gitops.readings import reading
from tests.helpers.repositories import change_text


def promoted(world: World) -> str:
    """Bump staging, deploy it, promote it; return the branch."""
    world.bump()
    world.deploy("staging/twins")
    assert world.edgewright("promote", FLEET) == 0
    return f"edgewright/promote/{FLEET}/prod-canary/{short(world.release('staging/twins'))}"


def test_a_promotion_is_a_commit_on_a_branch_with_the_releases_lines_and_nothing_else(world: World) -> None:
    branch = promoted(world)
    assert world.branches() == [branch]
    shown = git("show", "--format=", "--unified=0", f"{branch}", at=world.remote)
    lines = [line for line in shown.splitlines() if line[:1] in "+-" and line[:3] not in ("+++", "---")]
    assert lines == [
        '-      com.acme.parts-model: {version: "1.0.0"}',
        '+      com.acme.parts-model: {version: "1.1.0"}',
    ]
    assert world.release("prod/canary", git("rev-parse", branch, at=world.remote).strip()) == world.release(
        "staging/twins"
    )
    message = git("log", "-1", "--format=%B", branch, at=world.remote)
    release, before = world.release("staging/twins"), world.release("prod/canary")
    assert message.startswith(f"Promote {FLEET} {short(release)} from staging/twins to prod/canary\n\n")
    for line in (
        f"Edgewright-Fleet: {FLEET}",
        "Edgewright-From: staging/twins",
        "Edgewright-To: prod/canary",
        f"Edgewright-Release: {release}",
        f"Edgewright-Previous: {before}",
        "Edgewright-Gate: met healthy: 2 of 2 online devices (100%) of 100%",
    ):
        assert f"\n{line}\n" in message
    trailers = git("log", "-1", "--format=%(trailers:key=Edgewright-Release,valueonly)", branch, at=world.remote)
    assert trailers.strip() == release


def test_the_users_branch_and_work_tree_stay_as_they_are(world: World) -> None:
    world.bump()
    world.deploy("staging/twins")
    git("checkout", "--quiet", "-b", "something-else", at=world.repository.root)
    (world.repository.root / PROD).write_text("half an edit\n", encoding="utf-8")
    before = git("status", "--porcelain=v2", "--branch", at=world.repository.root)
    assert world.edgewright("promote", FLEET) == 0
    assert git("status", "--porcelain=v2", "--branch", at=world.repository.root) == before


def test_the_ledger_says_who_promoted_what_and_why_it_was_allowed(world: World) -> None:
    branch = promoted(world)
    (event,) = Ledger(world.repository).events(FLEET)
    assert event.kind == "Promoted"
    assert (event.by, event.ring, event.source, event.branch, event.deployment) == (
        "ada@acme.example", "prod/canary", "staging/twins", branch, "d-1",
    )  # fmt: skip
    assert [gate.gate for gate in event.gates] == ["stop", "quarantine", "hold", "window", "deployment", "healthy"]


def test_an_open_promotion_is_found_again_and_not_made_twice(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    branch = promoted(world)
    first = git("rev-parse", branch, at=world.remote)
    capsys.readouterr()
    assert world.edgewright("promote", FLEET) == 0
    assert f"open already: branch {branch}, pushed" in capsys.readouterr().out
    assert git("rev-parse", branch, at=world.remote) == first
    assert len(Ledger(world.repository).events(FLEET)) == 1


def test_what_somebody_opens_while_ours_is_written_is_not_replaced(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.bump()
    world.deploy("staging/twins")
    mine, theirs = (Merged(clone(world.remote, tmp_path / name, author=name)) for name in ("bob", "eve"))
    decisions = [examine(each, choose(each, FLEET, None), [], lambda _stage: None) for each in (mine, theirs)]  # type: ignore[arg-type, return-value]
    written = promote._commit

    def meanwhile(merged: Merged, decision: Decision) -> str:
        monkeypatch.setattr(promote, "_commit", written)
        done = carry_out(theirs, decisions[1])
        assert done.proposed is not None
        assert done.proposed.new
        return written(merged, decision)

    monkeypatch.setattr(promote, "_commit", meanwhile)
    found = carry_out(mine, decisions[0])
    assert found.proposed is not None
    assert not found.proposed.new
    (branch,) = world.branches()
    assert git("log", "-1", "--format=%ae", branch, at=world.remote) == "eve@acme.example\n"


def test_two_promotions_at_once_end_as_one(world: World, tmp_path: Path) -> None:
    """Two people, two clones, one moment: one branch, one commit; both are told where it is."""
    world.bump()
    world.deploy("staging/twins")
    clones = [clone(world.remote, tmp_path / name, author=name) for name in ("bob", "eve")]
    ready = [Merged(repository) for repository in clones]
    decisions = [examine(each, choose(each, FLEET, None), [], lambda _stage: None) for each in ready]  # type: ignore[arg-type, return-value]
    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(carry_out, ready, decisions))
    assert sorted(each.proposed.new for each in done if each.proposed) == [False, True]
    assert len({each.proposed.commit for each in done if each.proposed}) == 1
    assert len(world.branches()) == 1


def test_two_promotions_into_different_rings_merge_without_a_conflict(world: World) -> None:
    """Both are in one file."""
    first = promoted(world)
    world.merge(first)
    world.bump("1.2.0")
    for ring in ("staging/twins", "prod/canary"):
        world.deploy(ring)
    newest, middle = world.release("staging/twins"), world.release("prod/canary")
    assert world.edgewright("promote", "--all") == 0
    for branch in [name for name in world.branches() if name != first]:
        world.merge(branch)
    assert [world.release(ring) for ring in ("prod/canary", "prod/main")] == [newest, middle]


def test_another_release_into_the_same_ring_waits_for_the_one_that_is_open(
    world: World,
    capsys: pytest.CaptureFixture[str],
) -> None:
    branch = promoted(world)
    world.bump("1.2.0")
    world.deploy("staging/twins")
    assert world.edgewright("promote", FLEET) == 2
    assert f"another promotion into prod/canary is open: {branch}" in capsys.readouterr().out
    git("branch", "-D", branch, at=world.remote)
    assert world.edgewright("promote", FLEET) == 0


def test_a_rebase_of_main_in_between_is_promoted_from_what_is_merged_now(world: World) -> None:
    """And a force-push: what is on the remote counts, not what this clone remembers."""
    world.bump()
    world.deploy("staging/twins")
    root = world.repository.root
    git("commit", "--quiet", "--amend", "-m", "Release model 1.1.0, reworded", at=root)
    (root / "notes.txt").write_text("rebased\n", encoding="utf-8")
    world.repository.commit("Notes")
    git("push", "--quiet", "--force", "origin", "HEAD:main", at=root)
    git("reset", "--quiet", "--hard", "HEAD~2", at=root)
    assert world.edgewright("promote", FLEET) == 0
    (branch,) = world.branches()
    assert git("show", f"{branch}:notes.txt", at=world.remote) == "rebased\n"


@pytest.mark.parametrize("how", ["merge", "squash", "rebase"])
def test_a_merged_promotion_counts_as_merged_however_the_forge_merged_it(world: World, how: str) -> None:
    """The branch is still there; the next release goes its own way, and the same one can go again after a revert."""
    root = world.repository.root
    branch = promoted(world)
    git("fetch", "--quiet", "origin", at=root)
    (root / "notes.txt").write_text("main went on\n", encoding="utf-8")
    world.repository.commit("Notes")
    if how == "merge":
        git("merge", "--quiet", "--no-ff", "--no-edit", f"origin/{branch}", at=root)
    elif how == "squash":
        git("merge", "--quiet", "--squash", f"origin/{branch}", at=root)
        git("commit", "--quiet", "-m", "Promote (#7)", at=root)
    else:
        git("cherry-pick", f"origin/{branch}", at=root)
    world.push()
    assert world.edgewright("promote", FLEET, "--to", "prod/canary") == 2, "there is nothing to promote"
    git("revert", "--no-edit", *(["-m", "1"] if how == "merge" else []), "HEAD", at=root)
    world.push()
    before = git("rev-parse", branch, at=world.remote)
    assert world.edgewright("promote", FLEET) == 0
    assert git("rev-parse", branch, at=world.remote) != before, "a new commit in the place of the merged one"


def test_line_ends_and_comments_of_the_target_stay(world: World) -> None:
    path = world.repository.root / PROD
    text = path.read_text("utf-8").replace(
        'com.acme.parts-model: {version: "1.0.0"}', 'com.acme.parts-model: {version: "1.0.0"}  # see the card'
    )
    path.write_bytes(text.replace("\n", "\r\n").encode())
    world.repository.commit("Windows was here")
    world.push()
    branch = promoted(world)
    old = world.repository._run(["show", f"HEAD:{PROD}"])
    git("fetch", "--quiet", "origin", at=world.repository.root)
    new = world.repository._run(["show", f"origin/{branch}:{PROD}"])
    assert b"\r\n" in old
    assert new == old.replace(b'parts-model: {version: "1.0.0"}', b'parts-model: {version: "1.1.0"}', 1)


def test_a_gate_that_is_not_met_is_named_with_its_number_and_nothing_is_written(
    world: World,
    capsys: pytest.CaptureFixture[str],
) -> None:
    change_text(world.repository, f"fleets/{FLEET}/fleet.yaml", "{healthy: 100%}", "{bake: 900000h, tests: [smoke]}")
    world.repository.commit("Heavy gates")
    world.bump()
    world.deploy("staging/twins")
    assert world.edgewright("promote", FLEET) == 2
    said = capsys.readouterr().out
    assert "6/7 NOT MET bake: " in said
    assert " of 37500d since the last of 2 devices took it" in said
    assert "can be met from 2128-" in said
    assert "7/7 NOT MET test smoke: smoke has no result" in said
    assert "to do: edgewright record test line-inspection staging/twins smoke --file RESULT.json" in said
    assert "not promoted: 2 gates are not met" in said
    assert world.branches() == []


def test_a_dry_run_writes_nothing(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.bump()
    world.deploy("staging/twins")
    assert world.edgewright("promote", FLEET, "--dry-run", "--json") == 0
    (document,) = json.loads(capsys.readouterr().out)
    assert (document["allowed"], document["proposed"]) == (True, None)
    assert world.branches() == []
    assert Ledger(world.repository).events() == []


def test_here_commits_on_the_current_branch_and_the_work_tree_follows(world: World) -> None:
    world.bump()
    world.deploy("staging/twins")
    assert world.edgewright("promote", FLEET, "--here") == 0
    assert world.release("prod/canary") == world.release("staging/twins")
    assert world.repository.clean()
    assert world.branches() == []


def test_all_promotes_what_is_open_and_leaves_the_rest_for_the_next_run(world: World) -> None:
    world.bump()
    world.bump("1.1.0", file="fleets/label-reading/staging.yaml")
    world.deploy("staging/twins", release=world.release("staging/twins"))
    assert world.edgewright("promote", "--all") == 0
    assert world.branches() == [f"edgewright/promote/{FLEET}/prod-canary/{short(world.release('staging/twins'))}"]


def test_a_deployment_by_another_release_is_never_promoted(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """The ring is healthy, but not with the release that Git has."""
    before = world.release("staging/twins")
    world.bump()
    world.live["staging/twins"] = reading(before)
    assert world.edgewright("promote", FLEET) == 2
    assert (
        f"carries release {short(before)}, and Git says {short(world.release('staging/twins'))}"
        in capsys.readouterr().out
    )


GH = """\
#!/bin/sh
# a forge with a memory of one file: each request is a line of branch and address
case "$1 $2" in
  "pr list") grep "^$4 " "$FORGE" | sed 's/.* \\(.*\\)/[{"url": "\\1"}]/' || true ;;
  "pr create") echo "$4 https://forge.example/pull/$(($(wc -l < "$FORGE") + 1))" >> "$FORGE"
     printf '%s' "${10}" > "$FORGE.body"; tail -1 "$FORGE" | cut -d' ' -f2 ;;
  "mr list") grep "^$4 " "$FORGE" | sed 's/.* \\(.*\\)/[{"web_url": "\\1"}]/' || true ;;
  "mr create") echo "$4 https://forge.example/merge_requests/1" >> "$FORGE"
     echo "created: https://forge.example/merge_requests/1" ;;
esac
"""


@pytest.fixture
def forge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for clients, first on PATH, and the file that they keep requests in."""
    clients = tmp_path / "clients"
    clients.mkdir()
    (tmp_path / "requests").touch()
    monkeypatch.setenv("FORGE", str(tmp_path / "requests"))
    monkeypatch.setenv("PATH", f"{clients}{os.pathsep}{os.environ['PATH']}")
    return clients


@pytest.mark.parametrize("client", ["gh", "glab"])
def test_the_forges_client_opens_one_request(
    client: str,
    forge: Path,
    world: World,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (forge / client).write_text(GH, encoding="utf-8")
    (forge / client).chmod(0o755)
    branch = promoted(world)
    requests = (forge.parent / "requests").read_text()
    assert requests.startswith(f"{branch} https://forge.example/")
    assert f"promoted: request {requests.split()[1]}" in capsys.readouterr().out
    assert world.edgewright("promote", FLEET) == 0
    assert f"open already: request {requests.split()[1]}" in capsys.readouterr().out
    assert (forge.parent / "requests").read_text() == requests
    if client == "gh":
        assert (
            "| `healthy` | met | `2 of 2 online devices (100%) of 100%` |"
            in (forge.parent / "requests.body").read_text()
        )


def test_a_client_that_fails_says_so_and_the_next_run_opens_the_request(
    forge: Path,
    world: World,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (forge / "gh").write_text("#!/bin/sh\necho 'not signed in' >&2\nexit 4\n", encoding="utf-8")
    (forge / "gh").chmod(0o755)
    world.bump()
    world.deploy("staging/twins")
    assert world.edgewright("promote", FLEET) == 1
    assert "gh pr list failed: not signed in; sign in with `gh auth login`" in capsys.readouterr().err
    (forge / "gh").write_text(GH, encoding="utf-8")
    assert world.edgewright("promote", FLEET) == 0
    assert len((forge.parent / "requests").read_text().splitlines()) == 1


def test_the_mode_of_the_manifest_stays(world: World) -> None:
    git("update-index", "--chmod=+x", PROD, at=world.repository.root)
    (world.repository.root / PROD).chmod(0o755)
    git("commit", "--quiet", "-m", "Executable, for whatever reason", at=world.repository.root)
    branch = promoted(world)
    assert git("ls-tree", branch, PROD, at=world.remote).startswith("100755 ")
