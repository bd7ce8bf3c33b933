"""The very commands of each job of both forges, in order, in a real repository with a bare remote, on a sandbox.

One world, two changes: the first begins with a model that is approved in the registry, whose event reaches the forge
and becomes a request, and goes through GitHub's files to staging, its devices, and the request for the next ring; the
second is that request, and goes through GitLab's. Faked is only what a forge itself offers.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from edgewright.gitops.git import Repository
from edgewright.sandbox.control import Sandbox
from tests.functions.forges import FakeForge, forge
from tests.functions.test_model_events import HOSTILE
from tests.helpers.repositories import change_text
from tests.pipelines.approvals import IMPORTER, Approvals
from tests.pipelines.fakes import Forge
from tests.pipelines.runner import GitHub, GitLab, JobFailed

ROOT = Path(__file__).resolve().parents[2]
TOOLS = [str(Path(sys.executable).parent), str(ROOT / ".tools" / "bin")]
FLEET, MODEL = "label-reading", "com.acme.parts-model"
VERSION, BRANCH = "1.3.0", "model/parts-model/1"
STAGING = f"fleets/{FLEET}/staging.yaml"
DEVICES = {"staging": ["reader-twin-001"], "prod": ["reader-001", "reader-002"]}
ME = "'arn:aws:iam::111111111111:user/administrator'"
CI = "arn:aws:iam::111111111111:role/edgewright-ci-"

pytestmark = [
    pytest.mark.engine,
    pytest.mark.skipif(shutil.which("jq") is None, reason="the machines of both forges have jq, and this one has not"),
]


@dataclass
class World:
    """A bare remote, a team member's clone, a runner's clone, and AWS."""

    remote: Path
    team: Repository
    runner: Path
    aws: dict[str, str]
    base: dict[str, str]
    sandbox: Sandbox
    told: FakeForge
    """What AWS tells the forge."""

    def push(self, *refs: str) -> None:
        """Push from the team's clone."""
        self.team.plumb(["push", "--quiet", "origin", *refs])

    def main(self) -> str:
        """The commit of the remote's main branch."""
        return self.refs()["refs/heads/main"]

    def refs(self) -> dict[str, str]:
        """Every ref of the remote."""
        listing = subprocess.run(
            ["git", "for-each-ref", "--format=%(refname) %(objectname)"],
            cwd=self.remote,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        return dict(line.split() for line in listing.splitlines())  # type: ignore[misc]

    def branches(self) -> list[str]:
        """The branches of the remote, without main and the ledger."""
        names = [name.removeprefix("refs/heads/") for name in self.refs() if name.startswith("refs/heads/")]
        return [name for name in names if name not in ("main", "edgewright/ledger")]

    def merge(self, branch: str, subject: str) -> tuple[str, str]:
        """Merge a branch of the remote into main, as the forge does; return the merge and the branch's head."""
        self.team.plumb(["fetch", "--quiet", "origin"])
        head = self.team.resolve(f"origin/{branch}")
        tree = self.team.plumb(["merge-tree", "--write-tree", "origin/main", head]).split()[0]
        merge = self.team.plumb(
            ["commit-tree", tree, "-p", self.team.resolve("origin/main"), "-p", head, "-m", subject]
        ).strip()
        return merge, head


@pytest.fixture(scope="module")
def told() -> Iterator[FakeForge]:
    """The forge's API, as AWS calls it."""
    with forge() as fake:
        yield fake


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, told: FakeForge) -> Iterator[World]:
    """One fleet, nothing deployed but the tooling stack, which listens to the model registry."""
    folder = tmp_path_factory.mktemp("forge")
    remote, team, runner, home = (folder / name for name in ("remote.git", "team", "a runner", "home"))
    home.mkdir()
    team.mkdir()
    tracked = [name for name in Repository(ROOT).tracked() if not name.startswith(("tests/", "docs/", "bench/"))]
    for name in tracked:
        if not name.startswith("fleets/line-inspection/"):
            (team / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, team / name)
    repository = Repository.create(team, author="Ada", email="ada@acme.example")
    change_text(repository, f"fleets/{FLEET}/fleet.yaml", "{bake: 1h, healthy: 100%, tests:", "{healthy: 100%, tests:")
    manifest = team / "edgewright.yaml"
    # people of the tooling account may deploy as well as pipelines, so that not every job needs a token of its own
    text = manifest.read_text("utf-8").replace("externalId: acme-edge", f"externalId: acme-edge, principals: [{ME}]", 1)
    manifest.write_text(
        f"{text}"
        "  trigger:\n"
        "    artifacts: ['arn:aws:s3:::acme-training/*']\n"
        "    notify: [mlops@acme.example]\n"
        f"    api: {told.address}\n"
        "forge: {github: {repository: acme/edge-fleets}}\n"
        f"personas: {{mlEngineer: {{principals: [{ME}]}}}}\n",
        "utf-8",
    )
    repository.commit("Begin")
    subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch=main", remote], check=True)
    repository.plumb(["remote", "add", "origin", str(remote)])
    repository.plumb(["push", "--quiet", "-u", "origin", "main"])
    subprocess.run(["git", "clone", "--quiet", remote, runner], check=True)
    base = {
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "PATH": os.pathsep.join([*TOOLS, "/usr/local/bin", "/usr/bin", "/bin"]),
        "AWS_EC2_METADATA_DISABLED": "true",
    }

    def edgewright(*arguments: str) -> None:
        subprocess.run(["edgewright", *arguments], cwd=runner, env=base, check=True, stdout=subprocess.DEVNULL)

    edgewright("sandbox", "up")
    sandbox = Sandbox.load(runner / ".edgewright" / "sandbox")
    try:
        for stage, things in DEVICES.items():
            edgewright("sandbox", "device", "add", *things, "--fleet", FLEET, "--stage", stage)
        environment = sandbox.env(runner)
        aws = {
            key: value for key, value in environment.items() if key.startswith(("AWS_", "HTTP", "NO_PROXY")) and value
        }
        # the engine's own settings, and the plugins of this machine, are the runner's
        base |= {key: value for key, value in environment.items() if key.startswith("PULUMI_") and value}
        base["PATH"] = os.pathsep.join([*TOOLS, environment["PATH"].rpartition(os.pathsep)[2], base["PATH"]])
        up = ["pulumi", "up", "--stack", "tooling", "--yes", "--skip-preview", "--non-interactive", "--color", "never"]
        done = subprocess.run(up, cwd=runner, env=base | aws, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout
        yield World(remote, repository, runner, aws, base, sandbox, told)
    finally:
        Sandbox.stop_any(runner / ".edgewright" / "sandbox")


def _latest(world: World, stage: str, ring: str) -> dict[str, str]:
    """The components of a ring's latest deployment."""
    greengrass, iot = world.sandbox.client("greengrassv2", stage), world.sandbox.client("iot", stage)
    group = iot.describe_thing_group(thingGroupName=f"{FLEET}-{stage}-{ring}")
    (summary,) = greengrass.list_deployments(targetArn=group["thingGroupArn"])["deployments"]
    found = greengrass.get_deployment(deploymentId=summary["deploymentId"])
    return {name: each["componentVersion"] for name, each in found["components"].items()}


def _context(world: World, **more: Any) -> dict[str, Any]:
    return {
        "github.repository": "acme/edge-fleets",
        "github.token": "a token",
        "vars.EDGEWRIGHT_TOOLING_ACCOUNT": "111111111111",
        "vars.EDGEWRIGHT_REGION": "eu-west-1",
        "vars.PULUMI_BACKEND_URL": world.base["PULUMI_BACKEND_URL"],
        **more,
    }


@pytest.mark.timeout(900)
def test_a_model_goes_its_way_through_github_and_further_through_gitlab(world: World, tmp_path: Path) -> None:
    forge = Forge(tmp_path / "github", "gh")
    path = os.pathsep.join([str(forge.bin), world.base["PATH"]])
    github = GitHub(world.runner, forge, {**world.base, "PATH": path}, world.aws)
    approvals = Approvals(world.sandbox, world.told, world.runner, {**world.base, **world.aws})
    branch, digest = _approved(world, github, approvals)
    merge, head = _request_on_github(world, github, branch)
    _hostile_text_changes_nothing(world, github, approvals)
    _rejected_before_the_merge(world, github, approvals)
    proposed, deploy = _merged_on_github(world, github, merge, head)
    approvals.runs_on(DEVICES["staging"][0], MODEL, VERSION, digest)
    _refused_on_github(world, github, deploy, merge)
    merge = _through_gitlab(world, Forge(tmp_path / "gitlab", "glab"), proposed, approvals)
    _night_on_github(world, github, merge)


def _model_job(world: World, github: GitHub, approvals: Approvals) -> list[dict[str, str]]:
    """Run the workflow that AWS started, for each time that it did since the last look; return the payloads."""
    payloads = approvals.new()
    mine = replace(github, aws=approvals.as_pipeline())
    for payload in payloads:
        said = {f"github.event.client_payload.{key}": value for key, value in payload.items()}
        said["github.event_name"] = "repository_dispatch"
        mine.run("model.yml", "request", _context(world, **said), commit=world.main(), run="100")
        assert mine.roles[-1] == IMPORTER
    return payloads


def _open(github: GitHub) -> list[dict[str, Any]]:
    return [each for each in github.forge.read("requests") if each["open"]]


def _approved(world: World, github: GitHub, approvals: Approvals) -> tuple[str, str]:
    """However often an approval is told, there is one branch and one request."""
    package, digest = approvals.register()
    approvals.decide(package, "Approved")
    (payload,) = _model_job(world, github, approvals)
    assert (payload["model_arn"], payload["approval"]) == (package, "Approved")
    recorded = approvals.recorded(package)
    for _ in range(2):
        approvals.replay(recorded)
    approvals.change_metadata(package)
    approvals.settled({"sent": 1, "sent before": 2, "ignored": 1})
    assert _model_job(world, github, approvals) == []
    # told as another change, which no note knows: the import finds its branch
    approvals.replay({**recorded, "LastModifiedTime": "2026-01-01T00:00:00Z"})
    assert len(_model_job(world, github, approvals)) == 1
    assert world.branches() == [BRANCH]
    (request,) = _open(github)
    assert request["branch"] == BRANCH
    assert package in request["body"]
    return BRANCH, digest


def _hostile_text_changes_nothing(world: World, github: GitHub, approvals: Approvals) -> None:
    """Shell, paths and pages: in an event, nothing is called; in the forge's payload, no command is run with it."""
    before, called = world.refs(), len(world.told.calls)
    texts = ("".join(HOSTILE), "../../etc/passwd")  # each by itself in the tests of the functions and of the job
    for text in texts:
        assert approvals.invoke(approvals.hostile(text)) == "refused"
    assert len(world.told.calls) == called
    for text in texts:
        arn = approvals.arn(1).replace("parts-model", text)
        said = {"model_arn": arn, "approval": "Approved", "model_data_url": text, "event_id": text}
        context = _context(world, **{f"github.event.client_payload.{key}": value for key, value in said.items()})
        with pytest.raises(JobFailed) as refused:
            github.run("model.yml", "request", context, commit=world.main(), run="100")
        assert refused.value.output == "EDGEWRIGHT_MODEL_ARN is no ARN of a versioned model package\n"
    assert world.refs() == before
    assert len(_open(github)) == 1
    git = ["git", "status", "--porcelain"]
    assert subprocess.run(git, cwd=world.runner, capture_output=True, text=True, check=True).stdout == ""


def _rejected_before_the_merge(world: World, github: GitHub, approvals: Approvals) -> None:
    """Another candidate: the forge is down when it is approved, a replay brings it there, a rejection takes it back."""
    package, _ = approvals.register("another")
    world.told.status = 503
    approvals.decide(package, "Approved")
    approvals.alarmed()
    assert approvals.tries() == 2 + 2, "one retry of the trigger, and one of the backup"
    world.told.status = 204
    assert approvals.replay_verb("--dry-run", about=("package", "approval")) == [(package, "Approved")]
    assert approvals.replay_verb(about=("package", "outcome")) == [(package, "sent")]
    assert len(_model_job(world, github, approvals)) == 1
    branch = BRANCH.replace("/1", "/2")
    assert [each["branch"] for each in _open(github)] == [BRANCH, branch]
    approvals.decide(package, "Rejected")
    (payload,) = _model_job(world, github, approvals)
    assert (payload["model_arn"], payload["approval"]) == (package, "Rejected")
    assert [each["branch"] for each in _open(github)] == [BRANCH]
    assert world.branches() == [BRANCH]


def _request_on_github(world: World, github: GitHub, branch: str) -> tuple[str, str]:
    """The request is previewed and commented on."""
    forge = github.forge
    merge, head = world.merge(branch, "Merge the model")
    world.push(f"{merge}:refs/pull/7/merge")
    repository = "github.event.pull_request.head.repo.full_name"
    request = _context(world, **{"github.event.pull_request.number": 7, repository: "acme/edge-fleets"})
    github.check_out(merge)
    for job in ("validate", "preview", "comment", "comment"):
        github.run("request.yml", job, request, commit=merge, run="101")
    (comment,) = forge.read("comments")
    assert f"`{FLEET} staging/twins`" in comment["body"]
    assert f"`{MODEL} 1.0.0 -> {VERSION}`" in comment["body"]
    assert "| `staging` | " in comment["body"]
    assert github.roles[-1] == f"{CI}preview"
    preview = github.spec("request.yml", "preview")
    assert github.wanted(preview, request)
    assert not github.wanted(preview, {**request, repository: "mallory/edge-fleets"})
    forge.add("runs", commit=head, id=101)
    return merge, head


def _merged_on_github(world: World, github: GitHub, merge: str, head: str) -> tuple[str, dict[str, Any]]:
    """What was reviewed reaches staging, its tests run, production follows, and the next ring is proposed."""
    forge = github.forge
    world.push(f"{merge}:refs/heads/main")
    forge.add("pulls", merged=merge, head=head)
    push = _context(world, **{"github.event_name": "push", "github.sha": merge})
    outputs = github.run("deploy.yml", "reviewed", push, commit=merge, run="202")
    assert json.loads(outputs["stacks"]) == ["prod", "staging"]
    deploy = {**push, "needs.reviewed.outputs.stacks": outputs["stacks"]}
    assert not github.wanted(github.spec("deploy.yml", "prod"), {**deploy, "failed": True})
    staging, prod = (github.spec("deploy.yml", stack) for stack in ("staging", "prod"))
    # Production runs the same file; GitLab's round brings it up, which is enough for one test.
    assert (staging["uses"], staging["with"], prod["with"]) == (prod["uses"], {"stack": "staging"}, {"stack": "prod"})
    assert github.wanted(prod, deploy)
    for job in ("staging", "ring-tests", "promote"):
        github.run("deploy.yml", job, deploy, commit=merge, run="202")
    assert github.roles[-3:] == [f"{CI}deploy-staging", f"{CI}preview", f"{CI}preview"]
    assert "as it was reviewed" in github.said["stack.yml/up summary"]
    assert _latest(world, "staging", "twins")[MODEL] == VERSION
    assert "recorded: smoke passed" in github.said["deploy.yml/ring-tests"]
    # nothing failed, so nothing is rolled back
    github.run("deploy.yml", "failed", {**deploy, "failed": True}, commit=merge, run="202")
    proposed = _open(github)[-1]
    assert "prod/pilot" in proposed["title"]
    return str(proposed["branch"]), deploy


def _refused_on_github(world: World, github: GitHub, deploy: dict[str, Any], merge: str) -> None:
    """What nobody reviewed is not applied, although it is on the branch."""
    change_text(world.team, STAGING, "intervalSeconds: 5", "intervalSeconds: 6")
    world.team.commit("Pushed past every review")
    unseen = world.team.head()
    world.push(f"{unseen}:refs/heads/past")
    with pytest.raises(JobFailed) as refused:
        github.run("stack.yml", "up", {**deploy, "inputs.stack": "staging"}, commit=unseen, run="202")
    assert refused.value.code == 2
    assert "wider than what was reviewed" in refused.value.output
    assert "pulumi:pulumi:Stack" not in refused.value.output
    world.team.plumb(["checkout", "--quiet", "--force", "-B", "main", merge])


def _night_on_github(world: World, github: GitHub, merge: str) -> None:
    """Somebody changed a deployment in the console: the stack gets an issue."""
    target = f"arn:aws:iot:eu-west-1:222222222222:thinggroup/{FLEET}-staging-twins"
    latest = _latest(world, "staging", "twins")
    by_hand = {name: {"componentVersion": version} for name, version in latest.items() if "device-health" not in name}
    world.sandbox.client("greengrassv2", "staging").create_deployment(targetArn=target, components=by_hand)
    github.run("drift.yml", "drift", _context(world, **{"matrix.stack": "staging"}), commit=merge, run="303")
    (issue,) = github.forge.read("issues")
    assert (issue["title"], issue["open"]) == ("Drift in stack staging", True)
    assert "com.acme.device-health" in issue["body"]


def _through_gitlab(world: World, forge: Forge, branch: str, approvals: Approvals) -> str:
    """The request for the pilot ring is previewed, commented on and merged; production comes up with it.

    After that the model is rejected, and every release that has it is in quarantine.
    """
    path = os.pathsep.join([str(forge.bin), world.base["PATH"]])
    gitlab = GitLab(world.runner, forge, {**world.base, "PATH": path}, world.aws)
    project = {
        "CI_PROJECT_DIR": str(world.runner),
        "CI_PROJECT_ID": "42",
        "CI_PROJECT_PATH": "acme/edge-fleets",
        "CI_SERVER_HOST": "gitlab.example",
        "CI_SERVER_URL": "https://gitlab.example",
        "CI_PIPELINE_ID": "9",
        "CI_DEFAULT_BRANCH": "main",
        "EDGEWRIGHT_TOOLING_ACCOUNT": "111111111111",
        "EDGEWRIGHT_REGION": "eu-west-1",
        "EDGEWRIGHT_GITLAB_TOKEN": "a token",
    }

    # --- the request for the pilot ring, previewed and commented on
    merge, head = world.merge(branch, "Merge the promotion")
    base = world.team.resolve("origin/main")
    request = {
        **project,
        "CI_PIPELINE_SOURCE": "merge_request_event",
        "CI_MERGE_REQUEST_IID": "8",
        "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "42",
        "CI_MERGE_REQUEST_DIFF_BASE_SHA": base,
        "STACKS": "prod",  # as a variable of the project, which counts more than the file's
    }
    for job in ("validate", "preview", "comment", "comment"):
        gitlab.run(job, request, commit=head)
    (note,) = forge.read("notes")
    assert f"`{FLEET} prod/pilot`" in note["body"]
    assert "from `staging/twins`" in note["body"]
    with pytest.raises(AssertionError, match="would be skipped"):
        gitlab.run("preview", {**request, "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "43"}, commit=head)

    # --- merged
    world.push(f"{merge}:refs/heads/main")
    forge.add("merge-requests", merged=merge, iid=8, state="merged")
    # whoever merges pushes to the same remote, not to an address with a token in it
    push = {**project, "CI_PIPELINE_SOURCE": "push", "CI_COMMIT_BRANCH": "main", "CI_COMMIT_SHA": merge}
    hosted = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": f"url.{world.remote}.insteadOf"}
    hosted["GIT_CONFIG_VALUE_0"] = "https://bot:a token@gitlab.example/acme/edge-fleets.git"
    for job in ("reviewed", "prod", "ring-tests", "promote", "failed"):
        gitlab.run(job, {**push, **hosted}, commit=merge)
    assert "as it was reviewed" in gitlab.said["prod"]
    assert _latest(world, "prod", "pilot")[MODEL] == VERSION
    assert _latest(world, "prod", "main")[MODEL] == "1.0.0"
    assert "deploy-prod" in gitlab.roles[1]

    # --- at night: everything is as Git says
    night = {**project, "CI_PIPELINE_SOURCE": "schedule"}
    gitlab.run("drift", night, commit=merge, matrix={"STACK": "prod"})
    assert forge.read("issues") == []

    # --- rejected after all
    approvals.decide(approvals.arn(1), "Rejected")
    (payload,) = approvals.new()
    variables = {f"EDGEWRIGHT_{key.upper()}": value for key, value in payload.items()}
    gitlab.run("model", {**project, **hosted, **variables, "CI_PIPELINE_SOURCE": "trigger"}, commit=merge)
    assert gitlab.roles[-1] == IMPORTER
    for ring in ("staging/twins", "prod/pilot"):
        assert f"{FLEET} {ring} has it: edgewright rollback {FLEET} --ring {ring}" in gitlab.said["model"]
    world.team.plumb(["fetch", "--quiet", "origin"])
    (quarantine,) = world.team.plumb(["diff", "--name-only", merge, "origin/main"]).splitlines()
    assert quarantine.startswith("controls/quarantine/")
    return merge
