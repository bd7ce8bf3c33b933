"""`edgewright sandbox` as a user types it."""

from __future__ import annotations

import base64
import json
import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from edgewright.sandbox.control import Sandbox

COMMITTED = ("Pulumi.yaml", "Pulumi.tooling.yaml", "Pulumi.staging.yaml", "Pulumi.prod.yaml")


class Shell:
    """Commands in a project folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def __call__(self, *words: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
        return subprocess.run(
            [sys.executable, "-m", "edgewright.cli", "sandbox", *words],
            cwd=self.root,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def fine(self, *words: str) -> str:
        done = self(*words)
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout

    def refused(self, *words: str) -> str:
        done = self(*words)
        assert done.returncode == 1, done.stderr + done.stdout
        assert "Traceback" not in done.stderr
        return done.stderr.removeprefix("error: ").strip()

    def json(self, *words: str) -> Any:
        return json.loads(self.fine(*words, "--json"))


@pytest.fixture
def shell(tmp_path: Path, project_root: Path) -> Iterator[Shell]:
    """The sample organisation without its Pulumi project, in a folder with a space in its name."""
    root = tmp_path / "an organisation"
    root.mkdir()
    for name in ("edgewright.yaml", "catalog.lock"):
        shutil.copy(project_root / name, root)
    for name in ("catalog", "fleets"):
        shutil.copytree(project_root / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    yield Shell(root)
    Sandbox.stop_any(root / ".edgewright" / "sandbox")


def test_up_status_env_and_down(shell: Shell) -> None:
    assert shell("status").returncode == 1
    assert (
        shell("status", "--json").stdout
        == json.dumps({"running": False, "directory": str(shell.root / ".edgewright" / "sandbox")}, indent=2) + "\n"
    )
    assert "accounts data-lake, prod, staging, tooling" in shell.fine("up", "--speed", "60")
    status = shell.json("status")
    assert (status["running"], status["devices"], status["speed"]) == (True, 0, 60.0)
    assert status["accounts"]["prod"] == "333333333333"
    assert all(status["pids"].values())
    variables = shell.json("env")
    assert variables["AWS_ENDPOINT_URL"] == status["endpoint"]
    assert f"export AWS_ENDPOINT_URL={status['endpoint']}" in shell.fine("env").splitlines()
    assert_a_pipelines_token_is_printed_alone(shell)
    assert shell.fine("down") == "the sandbox is down\n"
    assert shell.fine("down") == "no sandbox ran here\n"
    assert "there is no sandbox in" in shell.refused("env")


def assert_a_pipelines_token_is_printed_alone(shell: Shell) -> None:
    subject = "repo:acme/fleets:ref:refs/heads/main"
    assert "has no forge, so nobody knows who signs the token: give --issuer" in shell.refused("token", subject)
    issuer = ("--issuer", "token.actions.githubusercontent.com", "--audience", "sts.amazonaws.com")
    token = shell.fine("token", subject, "--claim", "ref=refs/heads/main", *issuer).strip()
    claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    assert claims["iss"] == "https://token.actions.githubusercontent.com"
    assert (claims["sub"], claims["ref"], claims["aud"]) == (subject, "refs/heads/main", "sts.amazonaws.com")


def test_up_again_changes_nothing_but_what_is_said(shell: Shell) -> None:
    shell.fine("up", "--speed", "2")
    before = shell.json("status")
    shell.fine("up")
    assert shell.json("status") == before
    shell.fine("up", "--speed", "5")
    assert shell.json("status") == {**before, "speed": 5.0}
    port = before["endpoint"].rpartition(":")[2]
    shell.fine("up", "--port", port)
    other = str(int(port) % 65535 + 1)
    assert f"`edgewright sandbox down` first, to use port {other}" in shell.refused("up", "--port", other)


def test_two_who_start_at_once_get_one_sandbox(shell: Shell) -> None:
    with ThreadPoolExecutor(2) as pool:
        said = list(pool.map(lambda _: shell("up"), range(2)))
    assert [done.returncode for done in said] == [0, 0]
    endpoints = {done.stdout.split()[1] for done in said}
    assert len(endpoints) == 1


def test_a_fresh_sandbox_knows_nothing_of_the_one_before(shell: Shell) -> None:
    shell.fine("up")
    folder = shell.root / ".edgewright" / "sandbox"
    sandbox = Sandbox.load(folder)
    sandbox.client("iot").create_thing(thingName="before")
    (folder / "state").mkdir(exist_ok=True)
    (folder / "state" / "left").touch()
    shell.fine("down")
    shell.fine("up")
    assert Sandbox.load(folder).client("iot").list_things()["things"] == []
    assert not (folder / "state" / "left").exists()


def test_devices_are_added_changed_listed_and_removed(shell: Shell) -> None:
    shell.fine("up")
    said = shell.fine("device", "add", "twin-001", "--fleet", "line-inspection", "--stage", "staging", "--slow", "0.5")
    assert said.startswith("twin-001: certificate ")
    shell.fine(
        "device", "add", "cam-003", "--fleet", "line-inspection", "--stage", "prod", "--offline",
        "--architecture", "aarch64",
    )  # fmt: skip
    devices = {device["thing"]: device for device in shell.json("device", "list")}
    assert devices["twin-001"]["knobs"] == {"offline": False, "slow": 0.5, "fail": 0.0}
    assert (devices["cam-003"]["account"], devices["cam-003"]["platform"]["architecture"]) == (
        "333333333333",
        "aarch64",
    )
    said = shell.fine("device", "set", "cam-003", "--online", "--fail", "0.25")
    assert said == "cam-003: online, slow 0 s, fail 0.25\n"
    assert "nothing to change" in shell.refused("device", "set", "cam-003")
    assert shell.fine("device", "remove", "cam-003") == "cam-003: removed\n"
    line = ("--fleet", "line-inspection", "--stage", "prod")
    said = shell.fine("device", "add", "--light", "30", "--prefix", "light-", *line, "--ring", "main")
    assert said == "30 light devices light-... of line-inspection in prod/main, account 333333333333\n"
    assert "light-...                333333333333  30 light devices, 0 online\n" in shell.fine("device", "list")
    assert "say which devices" in shell.refused("device", "add", "--light", "30", *line)
    assert "say which devices" in shell.refused("device", "add", *line)
    assert shell.fine("device", "remove", "--prefix", "light-") == "30 light devices light-...: removed\n"
    assert "there is no light device light-..." in shell.refused("device", "remove", "--prefix", "light-")
    assert [device["thing"] for device in shell.json("device", "list")] == ["twin-001"]


def test_a_named_member_is_the_stacks_to_add_and_others_join_their_ring(shell: Shell) -> None:
    shell.fine("up")
    fleet = ("--fleet", "line-inspection", "--stage", "staging", "--ring", "twins")
    shell.fine("device", "add", "twin-001", *fleet)
    shell.fine("device", "add", "spare-001", *fleet)
    groups = {device["thing"]: device["groups"] for device in shell.json("device", "list")}
    assert groups == {"twin-001": [], "spare-001": ["line-inspection-staging-twins"]}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ("add", "x", "--fleet", "none", "--stage", "prod"),
            "no manifest says that fleet 'none' lives in stage 'prod'",
        ),
        (
            ("add", "x", "--fleet", "line-inspection", "--stage", "prod", "--ring", "none"),
            "fleet 'line-inspection' has no ring 'prod/none': its rings are staging/twins, prod/canary, prod/main",
        ),
        (
            ("add", "cam-001", "reader-001", "--fleet", "line-inspection", "--stage", "prod"),
            "fleets/label-reading/prod.yaml names 'reader-001', so it needs the identity of fleet 'label-reading'",
        ),
        (("remove", "none"), "the sandbox has no device named 'none'"),
        (("set", "none", "--offline"), "the sandbox has no device named 'none'"),
        (("add", "x", "--fleet", "a", "--stage", "b", "--fail", "2"), "'2' is not a share from 0 to 1"),
        (("add", "x", "--fleet", "a", "--stage", "b", "--slow", "soon"), "'soon' is not a number of seconds"),
    ],
)
def test_bad_words_about_devices_get_one_clear_answer(shell: Shell, words: tuple[str, ...], message: str) -> None:
    shell.fine("up")
    assert message in shell.refused("device", *words)
    assert shell.json("device", "list") == []


def test_several_devices_are_one_command(shell: Shell) -> None:
    shell.fine("up")
    said = shell.fine("device", "add", "twin-001", "twin-002", "--fleet", "line-inspection", "--stage", "staging")
    assert [line.split(":")[0] for line in said.splitlines()] == ["twin-001", "twin-002"]
    assert shell.fine("device", "set", "twin-001", "twin-002", "--offline").count("offline") == 2
    assert shell.fine("device", "remove", "twin-001", "twin-002") == "twin-001: removed\ntwin-002: removed\n"


def test_a_folder_that_is_no_project_is_refused(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    assert f"{tmp_path} has no edgewright.yaml; run this in the project's folder" in shell.refused("up")
    assert "absent is no folder" in shell.refused("up", "--root", "absent")
    assert shell.fine("down") == "no sandbox ran here\n"


def test_faults_of_the_organisation_are_named_with_their_line(shell: Shell) -> None:
    file = shell.root / "edgewright.yaml"
    file.write_text(file.read_text("utf-8").replace("region: eu-west-1", "region: 7"), "utf-8")
    assert "edgewright.yaml:" in shell.refused("up")


def test_down_ends_every_process_of_the_sandbox(shell: Shell) -> None:
    shell.fine("up")
    shell.fine("device", "add", "twin-001", "--fleet", "line-inspection", "--stage", "staging")
    folder = str(shell.root / ".edgewright" / "sandbox")
    deadline = time.monotonic() + 20
    while not (Path(folder) / "devices" / "222222222222" / "twin-001" / "logs").is_dir():
        assert time.monotonic() < deadline, "the device did not start"
        time.sleep(0.05)  # the device tells only its folder
    shell.fine("down")
    assert _processes_that_name(folder) == []


def _processes_that_name(text: str) -> list[str]:
    said = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    return [line for line in said.splitlines() if text in line]


@pytest.mark.engine
def test_stacks_are_there_after_up_and_committed_files_are_as_they_were(shell: Shell, project_root: Path) -> None:
    for name in COMMITTED:
        shutil.copy(project_root / name, shell.root)
    shutil.copytree(project_root / "plugins", shell.root / "plugins", ignore=shutil.ignore_patterns("__pycache__"))
    before = {name: (shell.root / name).read_bytes() for name in COMMITTED}
    (shell.root / "__main__.py").write_text("import pulumi\npulumi.export('a', 'b')\n", "utf-8")
    assert "stacks: prod, staging, tooling" in shell.fine("up")
    script = (
        f'eval "$({shlex.quote(sys.executable)} -m edgewright.cli sandbox env)" && '
        "pulumi config set edgewright:note hello -s staging && "
        "pulumi up -y --skip-preview --non-interactive -s staging && pulumi stack ls --json"
    )
    environment = {**os.environ, "PYTHONPATH": str(project_root)}
    done = subprocess.run(
        ["/bin/sh", "-c", script], cwd=shell.root, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr + done.stdout
    stacks = json.loads(done.stdout[done.stdout.index("[\n") :])
    assert sorted(stack["name"] for stack in stacks) == ["prod", "staging", "tooling"]
    assert {name: (shell.root / name).read_bytes() for name in COMMITTED} == before
