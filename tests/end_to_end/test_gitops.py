"""The everyday work of a team, end to end: a real repository with a bare remote, the sandbox, the real engine.

One story, because each step stands on the ones before it; the components are a few lines of shell, so that the engine
and git are what takes the time. Nothing waits a fixed time: updates end when devices have answered, and the bake time
passes on a clock that the test holds.
"""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from edgewright.aws import session
from edgewright.catalog.catalog import Catalog
from edgewright.catalog.lock import write_lock
from edgewright.cli.main import main
from edgewright.gitops import events
from edgewright.gitops.engine import Engine, Run
from edgewright.gitops.git import Repository
from edgewright.gitops.ledger import Ledger
from edgewright.manifest.controls import short
from edgewright.manifest.load import load_project
from edgewright.sandbox import environment
from edgewright.sandbox.control import Sandbox
from tests.gitops.events import bare, clone, git
from tests.sandbox.waiting import until

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ("Pulumi.yaml", "Pulumi.tooling.yaml", "Pulumi.staging.yaml", "Pulumi.prod.yaml", "__main__.py")
DEVICES = {"twin-001": "staging", "cam-001": "prod", "cam-002": "prod"}

ORGANISATION = """\
apiVersion: edgewright/v1
kind: Organisation
name: acme
region: eu-west-1
accounts:
  tooling: {id: "111111111111"}
  staging: {id: "222222222222"}
  prod: {id: "333333333333"}
stages:
  staging: {account: staging}
  prod: {account: prod, production: true}
trust: {externalId: acme-edgewright}
"""
FLEET = """\
apiVersion: edgewright/v1
kind: Fleet
name: line
owners: ["@acme/vision"]
platforms: [{os: linux, architecture: amd64}]
identity: {provisioning: manual}
promotion:
  path: [staging/twins, prod/canary, prod/main]
  gates:
    staging/twins: {healthy: 100%, tests: [smoke]}
    prod/canary: {bake: 1h, healthy: 100%}
"""
RING = """\
  - name: RING
    members: {things: [THING]}
    components:
      aws.greengrass.Nucleus: {version: "2.14.3", config: {interpolateComponentConfiguration: true}}
      aws.greengrass.Cli: {version: "2.14.3"}
      aws.greengrass.TokenExchangeService: {version: "2.0.3"}
      aws.greengrass.LogManager: {version: "2.3.11"}
      com.acme.model: {version: "1.0.0"}
      com.acme.app: {version: "1.0.0"}
    rollout: {rate: {max: 50}, abort: [{on: failed, above: 20%, after: 1}], timeout: 30m}
    wait: {for: 2m, succeeded: 100%}
"""
STAGE = "apiVersion: edgewright/v1\nkind: FleetStage\nfleet: line\nstage: {stage}\nrings:\n{rings}"
RECIPE = """\
RecipeFormatVersion: "2020-01-25"
ComponentName: com.acme.{name}
ComponentVersion: "{version}"
{more}Manifests:
  - Platform: {{os: linux}}
    Artifacts: [{{URI: "catalog:{file}", Permission: {{Read: ALL}}}}]
"""
APP = """\
ComponentDependencies:
  com.acme.model: {VersionRequirement: ^1.0.0, DependencyType: HARD}
"""
PROVENANCE = f"""\
provenance:
  package: arn:aws:sagemaker:eu-west-1:111111111111:model-package/model/1
  source: s3://acme-models/model.txt
  artifact: sha256:{"0" * 64}
  verified: false
  metrics: {{accuracy: 0.9}}
"""
STARTUP = '    Lifecycle: {startup: "sh {artifacts:path}/app.sh {com.acme.model:artifacts:path} {iot:thingName}"}\n'
# what is wrong with 1.2.0 shows on the hardware of the line only
SCRIPT = """\
case "$2" in cam-*) if grep -q 1.2.0 "$1/model.txt"; then echo "the model does not fit" >&2; exit 3; fi ;; esac
"""


def write_project(root: Path) -> None:
    """The smallest organisation that has everything the story needs."""

    def write(file: str, text: str) -> None:
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).write_text(text, encoding="utf-8")

    for name in PROGRAM:
        shutil.copy(ROOT / name, root / name)
    shutil.copytree(ROOT / "plugins", root / "plugins", ignore=shutil.ignore_patterns("__pycache__"))
    write("edgewright.yaml", ORGANISATION)
    write("fleets/line/fleet.yaml", FLEET)
    for stage, rings in (("staging", {"twins": "twin-001"}), ("prod", {"canary": "cam-001", "main": "cam-002"})):
        text = "".join(RING.replace("RING", ring).replace("THING", thing) for ring, thing in rings.items())
        write(f"fleets/line/{stage}.yaml", STAGE.format(stage=stage, rings=text))
    for version in ("1.0.0", "1.1.0", "1.2.0"):
        folder = f"catalog/com.acme.model/{version}"
        write(f"{folder}/recipe.yaml", RECIPE.format(name="model", version=version, more="", file="model.txt"))
        write(f"{folder}/component.yaml", f"kind: onnx-model\n{PROVENANCE}")
        write(f"{folder}/model.txt", f"weights of {version}\n")
    folder = "catalog/com.acme.app/1.0.0"
    write(f"{folder}/recipe.yaml", RECIPE.format(name="app", version="1.0.0", more=APP, file="app.sh") + STARTUP)
    write(f"{folder}/component.yaml", "kind: python-inference\nprovides: [runtime, application]\n")
    write(f"{folder}/app.sh", SCRIPT)
    write(".gitignore", ".edgewright/\n__pycache__/\n")
    write_lock(root, [each.entry for each in Catalog.load(root)])


@dataclass
class Team:
    """A clone, its remote, the sandbox and the engine."""

    repository: Repository
    remote: Path
    sandbox: Sandbox
    engine: Engine
    capsys: pytest.CaptureFixture[str]

    @property
    def root(self) -> Path:
        return self.repository.root

    def edgewright(self, *arguments: str) -> tuple[int, str]:
        """Run a verb; return its exit code and all it said."""
        self.capsys.readouterr()
        code = main([arguments[0], *arguments[1:], "--root", str(self.root)])
        said = self.capsys.readouterr()
        return code, said.out + said.err

    def release(self, ring: str) -> str:
        """The release of a ring in the work tree."""
        stage, _, name = ring.partition("/")
        return next(each for each in load_project(self.root).stages["line", stage].rings if each.name == name).release

    def live(self, ring: str) -> str:
        """The release tag of a ring's latest deployment."""
        stage, _, name = ring.partition("/")
        greengrass = self.sandbox.client("greengrassv2", stage)
        account = self.sandbox.accounts[stage]
        target = f"arn:aws:iot:eu-west-1:{account}:thinggroup/line-{stage}-{name}"
        (latest,) = greengrass.list_deployments(targetArn=target)["deployments"]
        return str(greengrass.get_deployment(deploymentId=latest["deploymentId"])["tags"]["edgewright:release"])

    def propose_and_merge(self, subject: str, edit: Callable[[], None]) -> str:
        """A request of a person: a branch with a commit, pushed, merged with a merge commit; return that."""
        git("checkout", "--quiet", "-b", "feature", "origin/main", at=self.root)
        edit()
        code, said = self.edgewright("validate")
        assert code == 0, said
        self.repository.commit(subject)
        git("push", "--quiet", "origin", "feature", at=self.root)
        git("checkout", "--quiet", "main", at=self.root)
        git("branch", "--quiet", "-m", "feature", f"done-{self.repository.head()[:8]}", at=self.root)
        return self.merge("feature")

    def merge(self, branch: str) -> str:
        """Merge a pushed branch, as a forge does."""
        git("fetch", "--quiet", "origin", at=self.root)
        git("merge", "--quiet", "--no-ff", "--no-edit", f"origin/{branch}", at=self.root)
        git("push", "--quiet", "origin", "main", at=self.root)
        git("push", "--quiet", "origin", "--delete", branch, at=self.root)
        return self.repository.head()

    def set_model(self, version: str) -> Callable[[], None]:
        """The edit of the twins' release."""

        def edit() -> None:
            file = self.root / "fleets/line/staging.yaml"
            before, _, rest = file.read_text("utf-8").partition('com.acme.model: {version: "')
            after = rest.partition('"')[2]
            file.write_text(f'{before}com.acme.model: {{version: "{version}"{after}', encoding="utf-8")

        return edit

    def up(self, stack: str) -> Run:
        """An update that must go well."""
        run = self.engine.up(stack)
        assert run.ok, run.output
        return run


@pytest.fixture
def team(
    sandboxes: Callable[..., Sandbox],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Team]:
    """Three stacks that are up, three devices that run model 1.0.0, and main on the remote."""
    sandbox = sandboxes()
    remote = bare(tmp_path / "remote.git")
    origin = tmp_path / "origin"
    origin.mkdir()
    write_project(origin)
    Repository.create(origin, author="Ada", email="ada@acme.example").commit("The organisation")
    git("push", "--quiet", str(remote), "HEAD:main", at=origin)
    repository = clone(remote, tmp_path / "a clone")
    for thing, stage in DEVICES.items():
        sandbox.add_device(thing, fleet="line", stage=stage)
    sandbox.start_devices()
    environment.create_stacks(sandbox, repository.root)
    for name, value in environment.environment(sandbox, repository.root).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PATH", os.pathsep.join([str(ROOT / environment.STANDIN), os.environ["PATH"]]))
    session.session.cache_clear()
    made = Team(repository, remote, sandbox, Engine(repository.root, dict(os.environ)), capsys)
    made.up("tooling")
    with ThreadPoolExecutor(2) as both:
        list(both.map(made.up, ("staging", "prod")))
    yield made
    session.session.cache_clear()


@pytest.mark.engine
@pytest.mark.timeout(900)
def test_from_a_request_to_devices_and_back(team: Team, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = team.release("prod/main")
    good = a_good_release_goes_all_the_way(team, tmp_path, monkeypatch)
    assert good != first
    a_bad_release_stops_at_the_canary(team, tmp_path, good)
    a_good_release_is_reverted_by_hand(team, first, good)
    the_line_is_stopped_and_runs_again(team)
    the_console_is_put_right(team)
    assert_that_history_tells_it_all(team, first, good)


def a_good_release_goes_all_the_way(team: Team, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    team.propose_and_merge("Release model 1.1.0", team.set_model("1.1.0"))
    good = team.release("staging/twins")
    code, said = team.edgewright("promote", "line")
    assert code == 2
    assert f"and Git says {short(good)}" in said, "what is merged and not up is not promoted"
    team.up("staging")
    code, said = team.edgewright("promote", "line")
    assert (code, "NOT MET test smoke" in said, "NOT MET deployment" in said) == (2, True, False), said
    record_test(team, tmp_path)
    code, said = team.edgewright("promote", "line")
    assert code == 0, said
    team.merge(f"edgewright/promote/line/prod-canary/{short(good)}")
    assert [team.release(ring) == good for ring in ("prod/canary", "prod/main")] == [True, False]
    run = team.up("prod")
    assert [step.name for step in run.changes if step.type.endswith(":Deployment")] == ["line/canary"]
    assert team.live("prod/canary") == good
    assert team.edgewright("record", "deployment", "line", "--stage", "prod")[0] == 0

    code, said = team.edgewright("promote", "line")
    assert code == 2
    assert "NOT MET bake: " in said
    assert "of 1h since the last of 1 devices took it" in said
    assert "can be met from" in said
    real = events.now
    with monkeypatch.context() as later:
        later.setattr(events, "now", lambda: real() + timedelta(hours=1, seconds=5))
        code, said = team.edgewright("promote", "line")
    assert code == 0, said
    team.merge(f"edgewright/promote/line/prod-main/{short(good)}")
    team.up("prod")
    assert team.live("prod/main") == good
    assert team.edgewright("promote", "line")[0] == 2, "there is nothing left to promote"
    return good


def record_test(team: Team, tmp_path: Path) -> None:
    file = tmp_path / "smoke.json"
    file.write_text('{"passed": true, "summary": "40 of 40"}', encoding="utf-8")
    code, said = team.edgewright("record", "test", "line", "staging/twins", "smoke", "--file", str(file))
    assert code == 0, said


def a_bad_release_stops_at_the_canary(team: Team, tmp_path: Path, good: str) -> None:
    team.propose_and_merge("Release model 1.2.0", team.set_model("1.2.0"))
    bad = team.release("staging/twins")
    team.up("staging")
    record_test(team, tmp_path)
    assert team.edgewright("promote", "line")[0] == 0
    team.merge(f"edgewright/promote/line/prod-canary/{short(bad)}")
    code, said = team.edgewright("rollback", "line", "--failed")
    assert (code, "was never deployed to it: pulumi up of prod" in said) == (2, True), said
    run = team.engine.up("prod")
    assert not run.ok
    assert "cam-001" in run.output
    assert (team.live("prod/canary"), team.live("prod/main")) == (good, good), "the provider rolled the ring back"

    code, said = team.edgewright("rollback", "line", "--failed", "--reason", "the model does not fit")
    assert code == 0, said
    team.merge(f"edgewright/rollback/line/prod-canary/{short(bad)}")
    assert team.release("prod/canary") == good
    level = team.up("prod")
    assert team.live("prod/canary") == good, level.output
    code, said = team.edgewright("promote", "line")
    assert code == 2
    assert "NOT MET hold: the release is held back from prod/canary: the model does not fit" in said
    team.edgewright("quarantine", short(bad), "--reason", "the model does not fit")
    code, said = team.edgewright("release", "line", "--reason", "try again")
    assert code == 0, said
    code, said = team.edgewright("promote", "line")
    assert (code, "NOT MET quarantine" in said) == (2, True)
    # somebody writes it into prod by hand: the program refuses to deploy it
    file = team.root / "fleets/line/prod.yaml"
    text = file.read_text("utf-8")
    file.write_text(
        text.replace('com.acme.model: {version: "1.1.0"}', 'com.acme.model: {version: "1.2.0"}', 1), "utf-8"
    )
    preview = team.engine.preview("prod")
    assert preview.ok, preview.output
    assert f"release {short(bad)} of line prod/canary is in quarantine" in preview.output
    refused = team.engine.up("prod")
    assert not refused.ok
    assert "is in quarantine" in refused.output
    assert team.live("prod/canary") == good
    file.write_text(text, "utf-8")


def a_good_release_is_reverted_by_hand(team: Team, first: str, good: str) -> None:
    """With plain git, as people do: the merge of the promotion to main."""
    merges = git("log", "--merges", "--format=%H %s", at=team.root).splitlines()
    promotion = next(line.split()[0] for line in merges if f"line/prod-main/{short(good)}" in line)
    git("revert", "--no-edit", "-m", "1", promotion, at=team.root)
    git("push", "--quiet", "origin", "main", at=team.root)
    assert (team.release("prod/main"), team.release("prod/canary")) == (first, good)
    team.up("prod")
    assert team.live("prod/main") == first
    code, said = team.edgewright("rollback", "line", "--ring", "prod/main")
    assert (code, "is a rollback itself" in said) == (2, True), said


def the_line_is_stopped_and_runs_again(team: Team) -> None:
    assert team.edgewright("stop", "--all", "--reason", "incident 7")[0] == 0
    refused = team.engine.up("prod")
    assert not refused.ok
    assert "the line of all fleets is stopped: incident 7" in refused.output
    assert team.edgewright("resume", "--all", "--reason", "over")[0] == 0
    a_stop_of_the_fleet_holds_up_all_that_is_the_fleets(team)


def a_stop_of_the_fleet_holds_up_all_that_is_the_fleets(team: Team) -> None:
    """Its role alias, say; a deployment is not all that can hurt devices."""
    assert team.edgewright("stop", "line", "--reason", "incident 8")[0] == 0
    file = team.root / "fleets/line/fleet.yaml"
    text = file.read_text("utf-8")
    file.write_text(text.replace("provisioning: manual", "provisioning: manual, credentialDuration: 2h"), "utf-8")
    refused = team.engine.up("staging")
    assert not refused.ok
    assert "the line of line is stopped: incident 8" in refused.output
    iot = team.sandbox.client("iot", "staging")
    alias = iot.describe_role_alias(roleAlias="edgewright-line-staging")["roleAliasDescription"]
    assert alias["credentialDurationSeconds"] == 3600
    file.write_text(text, "utf-8")
    assert team.edgewright("resume", "line", "--reason", "over")[0] == 0


def the_console_is_put_right(team: Team) -> None:
    greengrass = team.sandbox.client("greengrassv2", "prod")
    target = f"arn:aws:iot:eu-west-1:{team.sandbox.accounts['prod']}:thinggroup/line-prod-canary"
    (latest,) = greengrass.list_deployments(targetArn=target)["deployments"]
    components = greengrass.get_deployment(deploymentId=latest["deploymentId"])["components"]
    del components["aws.greengrass.Cli"]
    greengrass.create_deployment(targetArn=target, deploymentName="by hand", components=components)
    until(lambda: "aws.greengrass.Cli" not in installed(team, "cam-001"))
    code, said = team.edgewright("drift", "line", "--stage", "prod")
    assert code == 2, said
    assert "canary" in said
    team.edgewright("drift", "line", "--stage", "prod", "--repair")
    assert team.live("prod/canary") == team.release("prod/canary")
    until(lambda: "aws.greengrass.Cli" in installed(team, "cam-001"))
    until(lambda: team.edgewright("drift", "line", "--stage", "prod", "--only", "devices")[0] == 0)


def installed(team: Team, thing: str) -> set[str]:
    answer = team.sandbox.client("greengrassv2", "prod").list_installed_components(
        coreDeviceThingName=thing, topologyFilter="ALL"
    )
    return {each["componentName"] for each in answer["installedComponents"]}


def assert_that_history_tells_it_all(team: Team, first: str, good: str) -> None:
    code, said = team.edgewright("history", "line")
    assert code == 0
    told = [line.split()[1:3] for line in said.splitlines() if line.startswith("20")]
    assert [what for ring, what in told if ring == "prod/canary" and what in ("promotion", "rollback")] == [
        "rollback", "promotion", "promotion",
    ]  # fmt: skip
    assert [what for ring, what in told if ring == "prod/main" and what in ("promotion", "rollback")] == [
        "rollback", "promotion",
    ]  # fmt: skip
    assert "because: the model does not fit" in said
    kinds = Counter(event.kind for event in Ledger(team.repository).events("line"))
    assert kinds == {"TestRecorded": 2, "Promoted": 3, "Deployed": 2, "RolledBack": 1}
    code, said = team.edgewright("trace", "cam-002")
    assert code == 0, said
    assert f"release     {first}" in said
    assert "component   com.acme.model 1.0.0" in said
