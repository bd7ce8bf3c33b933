"""A package that is rejected: its proposal is closed, and releases with what was made of it are in quarantine."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from edgewright.manifest.control_files import read_controls
from edgewright.manifest.controls import short
from edgewright.sandbox.control import Sandbox
from tests.gitops.models.test_import import HOSTILE, Registry, model, tar
from tests.gitops.promotions import FLEET, World
from tests.pipelines.fakes import Forge

BRANCH = "model/parts-model/1"
Capture = pytest.CaptureFixture[str]
GH = """\
#!/bin/sh
# every call is a line of arguments; one request is open until it is closed
for word in "$@"; do printf '%s\\037' "$word" >> "$FORGE"; done
echo >> "$FORGE"
case "$1 $2" in
  "pr list") [ -f "$FORGE.closed" ] && echo '[]' || echo '[{"url": "https://github.example/pull/7"}]' ;;
  "pr close") touch "$FORGE.closed" ;;
esac
"""


@pytest.fixture
def registry(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Registry:
    for key, value in sandbox.env(tmp_path).items():
        if key.startswith("AWS_") or key == "NO_PROXY":
            monkeypatch.setenv(key, value)
    return Registry(sandbox)


def test_a_rejected_package_is_taken_back_whether_its_proposal_is_open_or_merged(
    registry: Registry, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    clients = tmp_path / "clients"
    clients.mkdir()
    (clients / "gh").write_text(GH)
    (clients / "gh").chmod(0o755)
    arn = registry.package(tar(model_onnx=model("1.1.0")), report={"accuracy": 0.97})
    assert world.edgewright("model", "import", arn) == 0
    assert world.edgewright("model", "reject", arn) == 2
    assert f"{arn} is Approved in the registry" in capsys.readouterr().err
    assert world.branches() == [BRANCH]

    registry.sagemaker.update_model_package(
        ModelPackageArn=arn, ModelApprovalStatus="Rejected", ApprovalDescription=HOSTILE.replace("\n", " ")
    )
    monkeypatch.setenv("FORGE", str(tmp_path / "calls"))
    monkeypatch.setenv("PATH", f"{clients}{os.pathsep}{os.environ['PATH']}")
    assert world.edgewright("model", "reject", arn) == 0
    said = capsys.readouterr().out
    assert "closed https://github.example/pull/7: the branch is gone" in said
    assert "nothing was made of parts-model/1 that is merged" in said
    assert world.branches() == []
    closing = (tmp_path / "calls").read_text().splitlines()[-1].split("\x1f")
    assert closing[:4] == ["pr", "close", "https://github.example/pull/7", "--comment"]
    assert closing[4].startswith("Closed: <code>model package parts-model/1 was rejected: &#36;&#40;touch /tmp/x&#41;")
    assert world.edgewright("model", "reject", arn) == 0
    assert (tmp_path / "calls").read_text().count("close") == 1

    # approved once more, and merged this time; then rejected for good
    registry.sagemaker.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved")
    (tmp_path / "calls.closed").unlink()
    assert world.edgewright("model", "import", arn) == 0
    world.merge(BRANCH)
    having = world.release("staging/twins")
    world.bump("1.1.0")  # another release follows; a rollback would bring the rejected one back
    registry.sagemaker.update_model_package(
        ModelPackageArn=arn, ModelApprovalStatus="Rejected", ApprovalDescription="blind in one eye"
    )
    capsys.readouterr()
    _a_protected_branch_keeps_the_quarantine_out(world, arn, capsys)
    assert world.edgewright("model", "reject", arn, "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["version"] == "1.3.0"
    assert having in document["quarantined"]
    assert document["rings"] == ["label-reading staging/twins"]  # the other fleet has left it
    assert (document["pushed"], document["branchLeft"]) == (True, "it is merged")
    controls = read_controls(world.repository.root).controls
    quarantine = controls.quarantine(having)
    assert quarantine is not None
    assert quarantine.reason == "model package parts-model/1 was rejected: blind in one eye"
    assert world.edgewright("model", "reject", arn) == 0
    said = capsys.readouterr().out
    assert f"{short(having)} was in quarantine already: it has com.acme.parts-model 1.3.0" in said
    assert "label-reading staging/twins has it: edgewright rollback label-reading --ring staging/twins" in said
    assert FLEET not in said


def _a_protected_branch_keeps_the_quarantine_out(world: World, arn: str, capsys: Capture) -> None:
    hook = world.remote / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho protected >&2\nexit 1\n")
    hook.chmod(0o755)
    head = world.repository.head()
    assert world.edgewright("model", "reject", arn) == 1
    told = capsys.readouterr().err
    assert "the quarantine holds nowhere but here: not pushed: " in told
    assert f"`edgewright model reject {arn}`" in told
    hook.unlink()
    world.repository.plumb(["reset", "--quiet", "--hard", head])


def test_a_branch_that_somebody_worked_on_stays_and_its_merge_request_on_gitlab_is_closed(
    registry: Registry, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    gitlab = Forge(tmp_path / "gitlab", "glab")
    monkeypatch.setenv("PATH", f"{gitlab.bin}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("GITLAB_TOKEN", "t0ken")
    arn = registry.package(tar(model_onnx=model("1.1.0")), report={"accuracy": 0.97})
    assert world.edgewright("model", "import", arn) == 0
    (request,) = gitlab.read("requests")
    assert (request["source_branch"], request["open"]) == (BRANCH, True)
    git = world.repository.plumb
    git(["fetch", "--quiet", "origin", BRANCH])
    more = git(["commit-tree", "FETCH_HEAD^{tree}", "-p", "FETCH_HEAD", "-m", "By hand"]).strip()
    git(["push", "--quiet", "origin", f"{more}:refs/heads/{BRANCH}"])
    registry.sagemaker.update_model_package(
        ModelPackageArn=arn, ModelApprovalStatus="Rejected", ApprovalDescription=HOSTILE.replace("\n", " ")
    )
    assert world.edgewright("model", "reject", arn) == 0
    told = f"closed {request['web_url']}: the branch stays: it has commits that are not the import's"
    assert told in capsys.readouterr().out
    assert world.branches() == [BRANCH]
    (request,) = gitlab.read("requests")
    assert not request["open"]
    (note,) = request["notes"]
    assert note.startswith("Closed: <code>model package parts-model/1 was rejected: &#36;&#40;touch /tmp/x&#41;")
    assert world.edgewright("model", "reject", arn) == 0, "the same again is nothing more"
    assert gitlab.read("requests") == [request]
