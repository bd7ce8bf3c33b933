"""The pipelines of both forges: linted by the tools made for it, pinned, and with no more rights than they need."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.pipelines.files import load

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
SCRIPTS = Path(sys.executable).parent
GITLAB = ROOT / ".gitlab-ci.yml"
_PINNED = re.compile(r"uses: [\w-]+/[\w-]+(?:/[\w-]+)*@[0-9a-f]{40} # v\d+\.\d+\.\d+$")


def _run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(SCRIPTS), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path, "NO_COLOR": "1"}
    return subprocess.run(
        [str(part) for part in command], cwd=ROOT, capture_output=True, text=True, check=False, env=environment
    )


def _jobs() -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    for path in WORKFLOWS:
        workflow = load(path)
        for name, job in workflow["jobs"].items():
            yield f"{path.stem}.{name}", job, workflow


@pytest.fixture(scope="session")
def actionlint(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Actionlint of this checkout, of the machine, or built now from its pinned Go module."""
    there = shutil.which("actionlint", path=os.pathsep.join([str(ROOT / ".tools" / "bin"), os.environ["PATH"]]))
    if there is not None:
        return there
    if shutil.which("go") is None:
        pytest.skip("actionlint is not installed, and there is no Go to build it")
    target = tmp_path_factory.mktemp("actionlint")
    environment = {**os.environ, "GOFLAGS": "-mod=readonly -buildvcs=false", "GOWORK": "off", "CGO_ENABLED": "0"}
    command = ["go", "build", "-trimpath", "-o", f"{target}/", "tool"]
    subprocess.run(command, cwd=ROOT / "tools" / "actionlint", env=environment, check=True)
    # The next run finds it.
    kept = ROOT / ".tools" / "bin" / "actionlint"
    if kept.parent.is_dir():
        temporary = kept.with_name(f".actionlint-{os.getpid()}")
        shutil.copy2(target / "actionlint", temporary)
        temporary.replace(kept)
    return str(target / "actionlint")


def test_actionlint_with_shellcheck_finds_nothing(actionlint: str) -> None:
    found = _run(actionlint, "-shellcheck", SCRIPTS / "shellcheck")
    assert (found.returncode, found.stdout) == (0, "")


def test_zizmor_finds_nothing() -> None:
    found = _run(SCRIPTS / "zizmor", "--offline", "--no-progress", ".github")
    assert found.returncode == 0, found.stdout


@pytest.mark.parametrize(
    ("schema", "files"),
    [
        ("vendor.github-workflows", WORKFLOWS),
        ("vendor.github-actions", sorted((ROOT / ".github" / "actions").glob("*/action.yml"))),
        ("vendor.gitlab-ci", [GITLAB]),
    ],
)
def test_the_files_fit_the_forges_own_schemas(schema: str, files: list[Path]) -> None:
    assert files
    transform = ["--data-transform", "gitlab-ci"] if "gitlab" in schema else []
    found = _run(SCRIPTS / "check-jsonschema", "--builtin-schema", schema, *transform, *files)
    assert found.returncode == 0, found.stdout + found.stderr


def test_every_action_is_pinned_by_its_commit_and_says_which_version_it_is() -> None:
    lines = [line for path in (ROOT / ".github").rglob("*.yml") for line in path.read_text("utf-8").splitlines()]
    uses = [line.strip().removeprefix("- ") for line in lines if line.strip().removeprefix("- ").startswith("uses: ")]
    foreign = [use for use in uses if not use.startswith("uses: ./")]
    assert len(foreign) > 5
    assert [use for use in foreign if not _PINNED.fullmatch(use.split(" # zizmor")[0])] == []
    assert len({use.split("@")[0] for use in foreign}) == len(set(foreign)), "one action in two versions"


def test_no_workflow_has_rights_by_default_and_no_job_keeps_a_secret() -> None:
    for path in WORKFLOWS:
        assert load(path)["permissions"] == {}, path.name
        text = path.read_text("utf-8")
        assert "secrets." not in text, f"{path.name}: pipelines prove who they are, they keep no secret"
        assert "pull_request_target" not in text


def test_only_a_protected_environment_takes_a_deploy_role() -> None:
    """On GitHub by the job's environment and role; on GitLab likewise."""
    deploying = []
    for name, job, _ in _jobs():
        roles = [
            str(step["with"]["role-to-assume"])
            for step in job.get("steps", ())
            if "configure-aws-credentials" in str(step.get("uses"))
        ]
        for role in roles:
            if role.endswith((":role/edgewright-ci-preview", ":role/edgewright-ci-models")):
                assert "environment" not in job, name
            else:
                deploying.append(name)
                assert role.endswith(f"role/edgewright-ci-deploy-{job['environment']}"), name
    assert deploying == ["stack.up"]
    for name, job in load(GITLAB).items():
        role = job.get("variables", {}).get("AWS_ROLE_ARN", "") if isinstance(job, dict) else ""
        assert ("deploy" in role) == (isinstance(job, dict) and "environment" in job), name


def test_one_run_of_a_stack_at_a_time_and_none_is_cut_off() -> None:
    updating = []
    for name, job, _ in _jobs():
        if any("pulumi up" in str(step.get("run")) for step in job.get("steps", ())):
            updating.append(name)
            assert job["concurrency"] == {"group": "stack-${{ inputs.stack }}", "cancel-in-progress": "false"}, name
    assert updating == ["stack.up"]
    up = load(GITLAB)[".up"]
    assert (up["resource_group"], up["interruptible"]) == ("$STACK", "false")


def test_what_is_applied_is_held_to_what_was_reviewed_in_the_same_job() -> None:
    steps = [str(step.get("run")) for step in load(ROOT / ".github/workflows/stack.yml")["jobs"]["up"]["steps"]]
    check = next(number for number, step in enumerate(steps) if 'plan "$STACK" --check review/plans' in step)
    up = next(number for number, step in enumerate(steps) if step.startswith("pulumi up"))
    assert check < up
    script = load(GITLAB)[".up"]["script"]
    assert script[0] == 'edgewright plan "$STACK" --check review/plans'
    assert script[1].startswith("pulumi up")


def test_production_waits_for_staging_and_its_tests() -> None:
    jobs = load(ROOT / ".github/workflows/deploy.yml")["jobs"]
    assert {"staging", "ring-tests"} <= set(jobs["prod"]["needs"])
    assert "!failure()" in jobs["prod"]["if"]
    stages = load(GITLAB)["stages"]
    assert stages.index("staging") < stages.index("ring-tests") < stages.index("prod")
    assert not any(job.get("allow_failure") for job in load(GITLAB).values() if isinstance(job, dict))


def test_the_job_that_may_write_on_a_request_runs_none_of_its_code() -> None:
    job = load(ROOT / ".github/workflows/request.yml")["jobs"]["comment"]
    assert job["permissions"] == {"actions": "read", "pull-requests": "write"}
    assert all("uses" not in step for step in job["steps"])
    assert load(GITLAB)["comment"]["variables"]["GIT_STRATEGY"] == "none"


def _owners(path: str) -> list[str]:
    """Who owns a file, by the rule of both forges: the last pattern that fits."""
    import fnmatch

    found: list[str] = []
    for line in (ROOT / "CODEOWNERS").read_text("utf-8").splitlines():
        pattern, *owners = line.partition("#")[0].split() or [""]
        if not pattern:
            continue
        glob = pattern.removeprefix("/")
        if fnmatch.fnmatchcase(path, f"{glob}*" if glob.endswith("/") else glob):
            found = owners
    return found


@pytest.mark.parametrize(
    ("path", "owner"),
    [
        ("fleets/line-inspection/prod.yaml", "@acme/iot-operations"),
        ("fleets/a-new-one/prod.yaml", "@acme/iot-operations"),
        ("fleets/line-inspection/fleet.yaml", "@acme/iot-operations"),
        ("fleets/line-inspection/staging.yaml", "@acme/vision"),
        ("catalog.lock", "@acme/iot-operations"),
        ("controls/stop/all.yaml", "@acme/iot-operations"),
        ("edgewright/documents/deploy_policy.py", "@acme/platform"),
        ("components/fleet.py", "@acme/platform"),
        (".github/workflows/stack.yml", "@acme/platform"),
        ("CODEOWNERS", "@acme/platform"),
        (".gitlab-ci.yml", "@acme/platform"),
    ],
)
def test_what_can_do_harm_has_an_owner(path: str, owner: str) -> None:
    assert owner in _owners(path)


def test_the_owners_of_a_fleet_own_its_files_where_nobody_else_must() -> None:
    for manifest in sorted(ROOT.glob("fleets/*/fleet.yaml")):
        fleet = manifest.parent.name
        assert set(load(manifest)["owners"]) <= set(_owners(f"fleets/{fleet}/staging.yaml")), fleet


def test_both_request_templates_ask_the_same() -> None:
    github = (ROOT / ".github/pull_request_template.md").read_text("utf-8")
    assert (ROOT / ".gitlab/merge_request_templates/Default.md").read_text("utf-8") == github
    for wanted in ("which devices", "Model", "Risk", "undone by"):
        assert wanted in github
