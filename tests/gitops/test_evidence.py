"""`record`, `approve`, `history` and `trace` in real repositories; what AWS says is made by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edgewright.catalog.catalog import Catalog
from edgewright.cli.verbs.trace import flat
from edgewright.gitops.git import Repository
from edgewright.gitops.ledger import Ledger
from edgewright.gitops.merged import Merged
from edgewright.manifest.controls import short
from tests.gitops.events import git
from tests.gitops.promotions import FLEET, World
from tests.helpers.repositories import change_text

GATES = "{healthy: 100%, tests: [smoke], approvals: 1}"


@pytest.fixture
def gated(world: World) -> World:
    """A release in staging that needs a test and an approval."""
    change_text(world.repository, f"fleets/{FLEET}/fleet.yaml", "{healthy: 100%}", GATES)
    world.repository.commit("Ask for a test and an approval")
    world.bump()
    world.deploy("staging/twins")
    return world


def result(tmp_path: Path, text: str) -> str:
    file = tmp_path / "result.json"
    file.write_text(text, encoding="utf-8")
    return str(file)


def sign_in(world: World, name: str) -> None:
    git("config", "user.email", f"{name}@acme.example", at=world.repository.root)


def test_a_release_needs_its_test_and_somebody_elses_approval(
    gated: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = result(tmp_path, '{"passed": true, "summary": "40 of 40"}')
    assert gated.edgewright("record", "test", FLEET, "staging/twins", "smoke", "--file", file) == 0
    release = short(gated.release("staging/twins"))
    assert (
        capsys.readouterr().out == f"recorded: smoke passed for {release} in {FLEET} staging/twins in deployment d-1\n"
    )
    assert gated.edgewright("approve", FLEET, "staging/twins") == 2
    assert "ada@acme.example wrote release" in capsys.readouterr().err
    sign_in(gated, "bob")
    assert gated.edgewright("promote", FLEET) == 2
    assert "NOT MET approvals: 0 of 1" in capsys.readouterr().out
    assert gated.edgewright("approve", FLEET, "staging/twins", "--note", "looked at the confusion matrix") == 0
    assert gated.edgewright("promote", FLEET) == 0


def test_who_came_along_in_a_merge_wrote_the_release_as_well(gated: World) -> None:
    root = gated.repository.root
    git("checkout", "--quiet", "-b", "feature", at=root)
    sign_in(gated, "eve")
    change_text(gated.repository, f"fleets/{FLEET}/staging.yaml", "intervalSeconds: 2", "intervalSeconds: 7")
    gated.repository.commit("Tune")
    git("checkout", "--quiet", "main", at=root)
    sign_in(gated, "bob")
    git("merge", "--quiet", "--no-ff", "--no-edit", "feature", at=root)
    gated.push()
    merged = Merged(gated.repository)
    path = [("staging", "twins")]
    writers = merged.history.writers(FLEET, path, gated.release("staging/twins"))
    assert "eve@acme.example" in writers
    assert "bob@acme.example" not in writers, "who merges may have reviewed it"


def test_a_commit_that_calls_itself_a_promotion_has_an_author_all_the_same(
    gated: World, capsys: pytest.CaptureFixture[str]
) -> None:
    sign_in(gated, "eve")
    change_text(gated.repository, f"fleets/{FLEET}/staging.yaml", "intervalSeconds: 2", "intervalSeconds: 7")
    gated.repository.commit("Tune")
    message = f"Promote\n\nEdgewright-From: staging/twins\nEdgewright-Release: {gated.release('staging/twins')}\n"
    git("commit", "--quiet", "--amend", "-m", message, at=gated.repository.root)
    gated.push()
    gated.deploy("staging/twins")
    assert gated.edgewright("approve", FLEET, "staging/twins") == 2
    assert "eve@acme.example wrote release" in capsys.readouterr().err


def test_in_a_shallow_clone_nobody_can_say_who_wrote_a_release(
    gated: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    git("clone", "--quiet", "--depth=1", f"file://{gated.remote}", str(tmp_path / "shallow"), at=tmp_path)
    gated.repository = Repository(tmp_path / "shallow")
    assert gated.edgewright("promote", FLEET) == 2
    assert "NOT MET approvals: cannot be counted: this clone is shallow" in capsys.readouterr().out
    sign_in(gated, "bob")
    assert gated.edgewright("approve", FLEET, "staging/twins") == 1


def test_a_failed_test_closes_the_gate_again(gated: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for passed in ("true", "false"):
        file = result(tmp_path, f'{{"passed": {passed}}}')
        assert gated.edgewright("record", "test", FLEET, "staging/twins", "smoke", "--file", file) == 0
    gated.edgewright("promote", FLEET)
    assert "NOT MET test smoke: smoke failed at" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "is no JSON"),
        ("[]", "does not say whether the test passed (got None)"),
        ('{"passed": "yes"}', "does not say whether the test passed (got 'yes')"),
        ('{"passed": true, "summary": 3}', "has a summary that is no text (got int)"),
        (None, "cannot be read (No such file or directory)"),
    ],
    ids=["half", "list", "text", "summary", "missing"],
)
def test_a_result_that_says_nothing_is_refused(
    gated: World, tmp_path: Path, text: str | None, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = result(tmp_path, text) if text is not None else str(tmp_path / "nothing.json")
    assert gated.edgewright("record", "test", FLEET, "staging/twins", "smoke", "--file", file) == 1
    assert told in capsys.readouterr().err
    assert Ledger(gated.repository).events() == []


def test_a_test_that_no_gate_asks_for_is_refused(
    gated: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = result(tmp_path, '{"passed": true}')
    assert gated.edgewright("record", "test", FLEET, "staging/twins", "smok", "--file", file) == 1
    assert "did you mean smoke?" in capsys.readouterr().err


def test_outcomes_of_updates_are_recorded_once(
    gated: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    gated.deploy("prod/canary")
    gated.deploy("prod/main", release=gated.release("staging/twins"))
    bad = gated.release("prod/main")
    monkeypatch.setattr(Merged, "tried", lambda _self, _fleet, _ring, release, _s: {bad: "d-9"}.get(release))
    assert gated.edgewright("record", "deployment", FLEET) == 0
    assert f"prod/main {short(bad)} failed, deployment d-9: the ring was rolled back to" in capsys.readouterr().out
    assert gated.edgewright("record", "deployment", FLEET) == 0
    assert capsys.readouterr().out.count("is recorded already") == 3
    assert len(Ledger(gated.repository).events(FLEET)) == 3


def test_history_tells_who_gave_what_to_which_ring_and_why(
    gated: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, release = short(gated.release("prod/canary")), short(gated.release("staging/twins"))
    file = result(tmp_path, '{"passed": true, "summary": "40 of 40"}')
    gated.edgewright("record", "test", FLEET, "staging/twins", "smoke", "--file", file)
    sign_in(gated, "bob")
    gated.edgewright("approve", FLEET, "staging/twins")
    gated.edgewright("promote", FLEET)
    capsys.readouterr()
    assert gated.edgewright("history", FLEET, "--ring", "prod/canary") == 0
    assert "proposal" in capsys.readouterr().out, "it is not merged yet"
    gated.merge(f"edgewright/promote/{FLEET}/prod-canary/{release}")
    gated.edgewright("rollback", FLEET, "--ring", "prod/canary", "--reason", "it overheats", "--here")
    gated.push()
    capsys.readouterr()
    assert gated.edgewright("history", FLEET, "--gates") == 0
    lines = capsys.readouterr().out.splitlines()
    told = [line[19:].split("  ")[0].rstrip() + " " + line.split()[2] for line in lines if line[:2] == "20"]
    assert [each for each in told if "prod/canary" in each][:3] == [
        "prod/canary rollback", "prod/canary promotion", "prod/canary begin",
    ]  # fmt: skip
    text = "\n".join(lines)
    assert f"promotion  {first} -> {release}" in text
    assert "because: it overheats" in text
    assert "proven by deployment d-1 in staging/twins" in text
    assert "met approvals: 1 of 1 (bob@acme.example)" in text
    assert "smoke passed: 40 of 40" in text
    assert gated.edgewright("history", FLEET, "--json", "--limit", "2") == 0
    rows = json.loads(capsys.readouterr().out)
    assert len(rows) == 2
    assert gated.edgewright("history", FLEET, "--ring", "prod/nowhere") == 1


def test_a_device_is_traced_to_the_data_of_its_model_and_to_people(
    gated: World, capsys: pytest.CaptureFixture[str]
) -> None:
    sign_in(gated, "bob")
    gated.edgewright("approve", FLEET, "staging/twins")
    capsys.readouterr()
    assert gated.edgewright("trace", "twin-001", "--offline") == 0
    said = capsys.readouterr().out
    for line in (
        f"ring        {FLEET} staging/twins",
        f"release     {gated.release('staging/twins')}",
        "  written by  ada@acme.example",
        "  approved    by bob@acme.example at ",
        "component   com.acme.parts-model 1.1.0 [onnx-model]",
        "  training.sha256 ",
        f"  digest      {Catalog.load(gated.repository.root).lock.entries['com.acme.parts-model', '1.1.0'].digest}",
    ):
        assert f"\n{line}" in said
    assert list(flat({"licence": "\x1b[2Jfree"})) == [("licence", "\\x1b[2Jfree")]
    assert gated.edgewright("trace", "cam-999", "--offline") == 1
    assert "no ring has a device 'cam-999'" in capsys.readouterr().err
