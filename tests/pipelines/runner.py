"""Runners that do what the pipeline files say: their very commands, in order, in a shell, in a real clone.

Understood is what the files use, and nothing more: an expression, an action or a key that is not known here is an
error, so that a pipeline cannot grow past its test.
"""

from __future__ import annotations

import copy
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.pipelines.fakes import Forge
from tests.pipelines.files import Reference, load

_EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")
_TERM = re.compile(r'\$(\w+)(?:\s*==\s*(?:\$(\w+)|"([^"]*)"))?')
_REFERENCE = re.compile(r"'[^']*'|\b[a-z][\w-]*(?:\.[\w-]+)+")


class JobFailed(Exception):  # noqa: N818 -- it is what a pipeline says
    """A command of a job left with another exit code than 0."""

    def __init__(self, job: str, code: int, output: str) -> None:
        super().__init__(f"{job} left with {code}:\n{output[-6000:]}")
        self.code, self.output = code, output


@dataclass
class Runner:
    """A machine that pipelines run on, always in the same folder, as a runner of one's own does."""

    workspace: Path
    """A clone, with a sandbox in its ignored folder."""
    forge: Forge
    base: Mapping[str, str]
    """The environment of a fresh job: no identity in AWS."""
    aws: Mapping[str, str]
    """What the exchange of the job's identity for a role in AWS gives it."""
    said: dict[str, str] = field(default_factory=dict)
    """What each job printed."""
    roles: list[str] = field(default_factory=list)
    """The roles that were taken, in order."""

    def shell(self, job: str, script: str, environment: Mapping[str, str], *, options: str = "-e") -> str:
        """Run a script as the forge does.

        Raises:
            JobFailed: it left with another exit code than 0.
        """
        result = subprocess.run(
            ["bash", *options.split(), "-c", script],
            cwd=self.workspace,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        self.said[job] = self.said.get(job, "") + result.stdout
        if result.returncode:
            raise JobFailed(job, result.returncode, result.stdout)
        return result.stdout

    def check_out(self, commit: str, branch: str = "") -> None:
        """Bring the workspace to a commit, as a runner does, on a branch if one is named: what git ignores stays."""
        for arguments in (
            [
                "fetch",
                "--quiet",
                "--prune",
                "origin",
                "+refs/heads/*:refs/remotes/origin/*",
                "+refs/pull/*:refs/pull/*",
            ],
            ["checkout", "--quiet", "--force", *(["-B", branch] if branch else ["--detach"]), commit],
            *([["branch", "--quiet", f"--set-upstream-to=origin/{branch}"]] if branch else []),
            ["clean", "-ffdq"],
        ):
            subprocess.run(["git", *arguments], cwd=self.workspace, check=True)
        shutil.rmtree(self.workspace / "review", ignore_errors=True)


class GitHub(Runner):
    """GitHub Actions."""

    _commit = _run = ""

    def run(self, workflow: str, job: str, context: Mapping[str, Any], *, commit: str, run: str) -> dict[str, str]:
        """Run a job of a workflow; return its outputs. A job that its condition skips is an error here.

        Args:
            workflow: The file's name.
            job: The job.
            context: What expressions stand for.
            commit: What is checked out.
            run: The id of the run, whose artifacts are shared by its jobs.
        """
        file = load(self.workspace / ".github" / "workflows" / workflow)
        spec = file["jobs"][job]
        assert self.wanted(spec, context), f"{workflow}/{job} would be skipped"
        if "uses" in spec:
            inputs = {f"inputs.{key}": self._text(value, context) for key, value in spec["with"].items()}
            name = Path(spec["uses"]).name
            (inner,) = load(self.workspace / ".github" / "workflows" / name)["jobs"]
            return self.run(name, inner, {**context, **inputs}, commit=commit, run=run)
        self._commit, self._run = commit, run
        return self._job(f"{workflow}/{job}", file, spec, {**context, "github.run_id": run})

    def spec(self, workflow: str, job: str) -> dict[str, Any]:
        """Return what the file of a workflow says of a job."""
        found: dict[str, Any] = load(self.workspace / ".github" / "workflows" / workflow)["jobs"][job]
        return found

    def wanted(self, spec: Mapping[str, Any], context: Mapping[str, Any]) -> bool:
        """Whether the condition of a job or a step lets it run."""
        condition = spec.get("if")
        return True if condition is None else bool(self._value(str(condition).strip(), context))

    def _job(
        self, name: str, file: Mapping[str, Any], spec: Mapping[str, Any], context: dict[str, Any]
    ) -> dict[str, str]:
        folder = self.forge.state / "job"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        shared = {**file.get("env", {}), **spec.get("env", {})}
        environment = {**self.base, **{key: self._text(value, context) for key, value in shared.items()}}
        for variable in ("GITHUB_OUTPUT", "GITHUB_PATH", "GITHUB_STEP_SUMMARY"):
            (folder / variable).touch()
            environment[variable] = str(folder / variable)
        for step in spec["steps"]:
            if self.wanted(step, context):
                self._step(name, step, environment, context)
        self.said[f"{name} summary"] = (folder / "GITHUB_STEP_SUMMARY").read_text("utf-8")
        return {key: self._text(value, context) for key, value in spec.get("outputs", {}).items()}

    def _step(self, name: str, step: Mapping[str, Any], environment: dict[str, str], context: dict[str, Any]) -> None:
        uses = str(step.get("uses", "")).partition("@")[0]
        given = {key: self._text(value, context) for key, value in step.get("with", {}).items()}
        if uses == "actions/checkout":
            # without a commit of its own in the event, the action takes the default branch
            self.check_out(self._commit, "main" if context.get("github.event_name") == "repository_dispatch" else "")
        elif uses == "aws-actions/configure-aws-credentials":
            self.roles.append(given["role-to-assume"])
            environment |= {**self.aws, "AWS_REGION": given["aws-region"]}
        elif uses == "actions/upload-artifact":
            source = self.workspace / given["path"]
            assert source.exists() or given.get("if-no-files-found") == "ignore", f"{name}: there is no {source}"
            if source.exists():
                shutil.copytree(source, self.forge.artifacts(self._run) / given["name"], dirs_exist_ok=True)
        elif uses.startswith("./.github/actions/"):
            for inner in load(self.workspace / uses / "action.yml")["runs"]["steps"]:
                self._step(name, inner, environment, context)
            environment["PATH"] = os.pathsep.join(
                [*reversed(Path(environment["GITHUB_PATH"]).read_text("utf-8").split("\n")[:-1]), environment["PATH"]]
            )
        else:
            assert not uses, f"{name}: the runner does not know {uses}"
            own = {key: self._text(value, context) for key, value in step.get("env", {}).items()}
            self.shell(name, step["run"], {**environment, **own})
            if "id" in step:
                lines = Path(environment["GITHUB_OUTPUT"]).read_text("utf-8").splitlines()
                for key, _, value in (line.partition("=") for line in lines):
                    context[f"steps.{step['id']}.outputs.{key}"] = value

    def _text(self, value: Any, context: Mapping[str, Any]) -> str:
        return _EXPRESSION.sub(lambda match: str(self._value(match[1], context)), str(value))

    def _value(self, expression: str, context: Mapping[str, Any]) -> Any:
        """Evaluate an expression of a pipeline file, which is ours, with GitHub's few words for it."""

        def known(match: re.Match[str]) -> str:
            return match[0] if match[0].startswith("'") else f"context[{match[0]!r}]"

        python = _REFERENCE.sub(known, expression.replace("&&", " and ").replace("||", " or "))
        python = re.sub(r"!(?!=)", " not ", python)
        words = {
            "context": context,
            "contains": lambda some, one: one in some,
            "fromJSON": __import__("json").loads,
            "failure": lambda: context.get("failed", False),
            "cancelled": lambda: False,
        }
        return eval(python.strip(), {"__builtins__": {}}, words)  # noqa: S307 -- see above


class GitLab(Runner):
    """GitLab CI."""

    def run(
        self, job: str, predefined: Mapping[str, str], *, commit: str, matrix: Mapping[str, str] | None = None
    ) -> None:
        """Run a job, and keep its artifacts where the forge would.

        Args:
            job: The job.
            predefined: The variables that GitLab gives it.
            commit: What is checked out.
            matrix: The variables of one run of a parallel job.
        """
        file = load(self.workspace / ".gitlab-ci.yml")
        spec = self._extended(file, job)
        variables = {**file["variables"], **spec.get("variables", {}), **(matrix or {})}
        variables = {key: value for key, value in variables.items() if key not in predefined}
        environment = self._expanded({**self.base, **predefined}, variables)
        assert self._wanted(spec, environment), f"{job} would be skipped"
        kept = self.workspace.with_name("kept")
        shutil.rmtree(kept, ignore_errors=True)
        if (self.workspace / "review").is_dir():  # what jobs before it left
            shutil.copytree(self.workspace / "review", kept)
        if environment.get("GIT_STRATEGY") != "none":
            self.check_out(commit)
        if kept.is_dir():
            shutil.copytree(kept, self.workspace / "review", dirs_exist_ok=True)
        if "AWS_ROLE_ARN" in environment:
            self.roles.append(environment["AWS_ROLE_ARN"])
            for name in spec["id_tokens"]:
                environment[name] = "a token of the forge"
            # the exchange of the token for a role is AWS's and the forge's own
            environment = {key: value for key, value in environment.items() if key != "AWS_ROLE_ARN"} | dict(self.aws)
        script = "\n".join([*spec["before_script"], *spec["script"]])
        self.shell(job, script, environment, options="-e -o pipefail")
        if "artifacts" in spec and "CI_MERGE_REQUEST_IID" in environment:
            target = self.forge.artifacts(f"refs_merge-requests_{environment['CI_MERGE_REQUEST_IID']}_head") / job
            shutil.copytree(self.workspace / "review", target / "review", dirs_exist_ok=True)

    def _extended(self, file: Mapping[str, Any], job: str) -> dict[str, Any]:
        spec = copy.deepcopy(dict(file[job]))
        if "extends" in spec:
            parent = self._extended(file, spec.pop("extends"))
            variables = {**parent.get("variables", {}), **spec.get("variables", {})}
            spec = {**parent, **spec, "variables": variables}
        for key in ("before_script", "script"):
            lines = [
                self._referred(file, line) if isinstance(line, Reference) else [line] for line in spec.get(key, ())
            ]
            spec[key] = [line for each in lines for line in each]
        return spec

    def _referred(self, file: Mapping[str, Any], reference: Reference) -> list[str]:
        job, key = reference
        found: list[str] = self._extended(file, job)[key]
        return found

    def _expanded(self, environment: dict[str, str], variables: Mapping[str, Any]) -> dict[str, str]:
        for _ in range(3):
            for key, value in variables.items():
                environment[key] = re.sub(
                    r"\$(\w+)", lambda match: environment.get(match[1], str(variables.get(match[1], ""))), str(value)
                )
        return environment

    def _wanted(self, spec: Mapping[str, Any], environment: Mapping[str, str]) -> bool:
        def holds(term: re.Match[str]) -> str:
            value = environment.get(term[1], "")
            if "==" not in term[0]:
                return str(bool(value))
            return str(value == (environment.get(term[2], "") if term[2] else term[3]))

        for rule in spec.get("rules", ()):
            said = _TERM.sub(holds, rule["if"]).replace("&&", " and ").replace("||", " or ")
            assert not set(said.split()) - {"and", "or", "True", "False", "(True", "False)", "True)", "(False"}, (
                f"the runner does not know {rule['if']}"
            )
            if eval(said):  # noqa: S307 -- a rule of ours, of which nothing but these words is left
                return True
        return "rules" not in spec
