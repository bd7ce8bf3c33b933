"""What a recipe may say and nobody should: commands that hang, change by the day, or need rights they do not have.

Each rule has a name. A component that must break one says why in its ``component.yaml``, under ``justification``.
Scripts are read by patterns, not run: a rule speaks only where the pattern is certain.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path as FilePath
from typing import Literal

from edgewright.catalog import compose, frameworks, ipc, scripts
from edgewright.catalog.recipe import Recipe, Step, Steps
from edgewright.catalog.scripts import code_of
from edgewright.catalog.sidecar import Sidecar
from edgewright.source import Problem
from edgewright.validation import Parsed

DOCKER_MANAGER = "aws.greengrass.DockerApplicationManager"
CREDENTIALS = "aws.greengrass.TokenExchangeService"
_NO_CREDENTIALS = f"calls AWS, whose credentials come from {CREDENTIALS}, which is no dependency"
_ADD_CREDENTIALS = f'add {CREDENTIALS}: {{VersionRequirement: "^2.0.0"}}'
_PRIVATE_ECR = re.compile(r"[0-9]{12}\.dkr\.ecr\.")
_APT = re.compile(r"\bapt(?:-get)?\s+(?:-\S+\s+)*(?:install|upgrade|dist-upgrade)\b[^;&|\n]*")
_APT_YES = re.compile(r"\s(?:-[a-z]*y[a-z]*|--yes|--assume-yes)(?:\s|$)")
_COMPOSE_1 = re.compile(r"(?:^|[;&|(]\s*|\s)docker-compose\s")
_LATEST = re.compile(r"\bdocker\s[^;&|\n]*?\s(\S+:latest)\b")
_BACKGROUND = re.compile(r"[^&>]&\s*(?:$|\n|[A-Za-z])|\bnohup\s|\bdocker[ -]compose\b[^;&|\n]*\bup\b"
                         r"[^;&|\n]*\s(?:-d|--detach)\b"
                         r"|\bdocker\s+run\b[^;&|\n]*\s(?:-d|--detach)\b")  # fmt: skip
_WAITS = re.compile(r"\bwait\b|\bdocker[ -]compose\b[^;&|\n]*\blogs\b[^;&|\n]*\s-f\b|\btail\s+-[fF]\b")
_AWS = re.compile(r"(?:^|[;&|(]\s*|\$\()\s*(?:/\S*/)?aws\s+(?:--\S+\s+\S+\s+)*[a-z][a-z0-9-]+\s", re.MULTILINE)

Path = tuple[str | int, ...]


def is_private_registry(image: str) -> bool:
    """Whether an image comes from a private ECR registry, which asks for credentials of AWS."""
    return _PRIVATE_ECR.match(image) is not None


class Linter:
    """The rules, over one recipe; what is justified is left out, what is justified in vain is said."""

    def __init__(self, parsed: Parsed[Recipe], recipe: Recipe, sidecar: Sidecar | None) -> None:
        self._parsed = parsed
        self._recipe = recipe
        self._reasons = dict(sidecar.justification) if sidecar else {}
        self._used: set[str] = set()

    def problems(self) -> Iterator[Problem]:
        """Yield every finding."""
        yield from self._dependencies()
        yield from self._access()
        if self._recipe.Lifecycle is not None:
            yield from self._lifecycle(("Lifecycle",), self._recipe.Lifecycle)
        for number, manifest in enumerate(self._recipe.Manifests):
            if manifest.Lifecycle is not None:
                yield from self._lifecycle(("Manifests", number, "Lifecycle"), manifest.Lifecycle)
            yield from self._artifacts(number)

    def in_files(self, files: Mapping[str, FilePath], shown: str) -> Iterator[Problem]:
        """Yield the findings in files that the version ships, before ``unused`` is asked.

        Args:
            files: By their path in the version's folder.
            shown: That folder, for messages.
        """
        yield from compose.problems(self._parsed, self._recipe, files, shown, self._excused)
        for file, line, framework in frameworks.in_files(files):
            if self._excused(frameworks.RULE):
                continue
            message, remedy = frameworks.MESSAGE, frameworks.REMEDY
            yield Problem(f"{shown}/{file}", line, 1, "", message, framework, remedy, "warning")
        for found in scripts.in_files(files, self._said()):
            if not self._excused(found.rule):
                severity: Literal["error", "warning"] = "error" if found.certain else "warning"
                at = f"{shown}/{found.file}"
                yield Problem(at, found.line, 1, "", found.message, found.got, found.remedy, severity)
        uses = scripts.aws_in_files(files) if self._lacks_credentials() else None
        if uses is not None and not self._excused("token-exchange"):
            yield Problem(f"{shown}/{uses[0]}", uses[1], 1, "", _NO_CREDENTIALS, None, _ADD_CREDENTIALS, "warning")

    def _lacks_credentials(self) -> bool:
        whole = self._parsed.whole(("ComponentDependencies",))
        return whole and CREDENTIALS not in self._recipe.ComponentDependencies

    def _said(self) -> str:
        """All that the steps run, and what their variables hold."""
        lifecycles = [self._recipe.Lifecycle, *(each.Lifecycle for each in self._recipe.Manifests)]
        said: list[str] = []
        for lifecycle in lifecycles:
            for step in lifecycle.steps.values() if lifecycle is not None else ():
                said += [step.Script, *step.Setenv.values()]
            said += lifecycle.Setenv.values() if lifecycle is not None else ()
        return "\n".join(map(str, said))

    @property
    def unused(self) -> tuple[str, ...]:
        """Rules that are justified although nothing breaks them; known once ``problems`` is exhausted."""
        return tuple(sorted(set(self._reasons) - self._used))

    def _excused(self, rule: str) -> bool:
        """Whether a rule that is broken here is justified."""
        if rule in self._reasons:
            self._used.add(rule)
        return rule in self._reasons

    def _find(
        self,
        rule: str,
        path: Path,
        message: str,
        remedy: str,
        *,
        got: str | None = None,
        severity: Literal["error", "warning"] = "error",
    ) -> Iterator[Problem]:
        if self._excused(rule):
            return
        yield self._parsed.problem(path, message, got=got, remedy=remedy, severity=severity)

    # --- dependencies ------------------------------------------------------------------------------------------

    def _dependencies(self) -> Iterator[Problem]:
        for name, dependency in self._recipe.dependencies.items():
            path = ("ComponentDependencies", name, "VersionRequirement")
            if name == self._recipe.ComponentName:
                yield self._parsed.problem(path[:2], "depends on itself", remedy="remove it")
            if not dependency.requirement.bounded_above:
                yield from self._find(
                    "unbounded", path, "takes every version to come, also one that breaks this component",
                    "bound it, such as ^2.0.0", got=f'"{dependency.requirement}"', severity="warning",
                )  # fmt: skip

    def _access(self) -> Iterator[Problem]:
        path: Path = ("ComponentConfiguration", "DefaultConfiguration")
        default = self._recipe.ComponentConfiguration.DefaultConfiguration
        if ipc.KEY not in default:
            return
        for each in ipc.check(default[ipc.KEY]):
            at = (*path, ipc.KEY, *each.path)
            yield self._parsed.problem(at, each.message, got=each.got, remedy=each.remedy, severity=each.severity)
        for each in ipc.wildcards(default[ipc.KEY]):
            if each.severity == "error":
                yield from self._find(
                    ipc.RULE, (*path, ipc.KEY, *each.path), f"{each.message}, which production refuses", each.remedy,
                    got=each.got, severity="warning",
                )  # fmt: skip

    # --- artifacts ---------------------------------------------------------------------------------------------

    def _artifacts(self, number: int) -> Iterator[Problem]:
        names: dict[str, int] = {}
        for place, artifact in enumerate(self._recipe.Manifests[number].Artifacts):
            path: Path = ("Manifests", number, "Artifacts", place, "URI")
            if artifact.URI.startswith("docker:"):
                yield from self._image(path, artifact.URI.removeprefix("docker:"))
                continue
            name = artifact.URI.rpartition("/")[2].removeprefix("catalog:")
            if name in names:
                message = f"{name} is named twice, and on the device both would be the same file"
                yield self._parsed.problem(path, message, remedy="keep one")
            names[name] = place

    def _image(self, path: Path, image: str) -> Iterator[Problem]:
        last = image.rpartition("/")[2]
        if "@sha256:" not in image and (":" not in last or last.endswith(":latest")):
            yield from self._find(
                "latest-image", path, "is whatever image is newest when a device deploys",
                "pin a digest, docker:NAME@sha256:..., or a version", got=image,
            )  # fmt: skip
        if not self._parsed.whole(("ComponentDependencies",)):
            return
        if DOCKER_MANAGER not in self._recipe.ComponentDependencies:
            message = f"a docker: artifact is fetched by {DOCKER_MANAGER}, which is no dependency"
            remedy = f'add {DOCKER_MANAGER}: {{VersionRequirement: "~2.0.0"}}'
            yield self._parsed.problem(path, message, remedy=remedy)
        if is_private_registry(image) and CREDENTIALS not in self._recipe.ComponentDependencies:
            message = f"a private registry needs credentials from {CREDENTIALS}, which is no dependency"
            remedy = f'add {CREDENTIALS}: {{VersionRequirement: "^2.0.0"}}'
            yield self._parsed.problem(path, message, remedy=remedy)

    # --- lifecycle ---------------------------------------------------------------------------------------------

    def _lifecycle(self, path: Path, lifecycle: Steps) -> Iterator[Problem]:
        for name, step in lifecycle.steps.items():
            yield from self._step((*path, name), step)
        install, startup, run = lifecycle.install, lifecycle.startup, lifecycle.run
        if run is not None and _BACKGROUND.search(code_of(run.Script)) and not _WAITS.search(code_of(run.Script)):
            yield from self._find(
                "run",
                (*path, "run"),
                "ends while what it began runs on, so the component is FINISHED and nobody sees it fail",
                "name the step startup, and add shutdown; or keep it in the foreground",
                severity="warning",
            )
        if install is not None and install.Timeout is None and self._parsed.whole((*path, "install")):
            yield from self._find(
                "install-timeout",
                (*path, "install"),
                "has no Timeout, and after 120 s the nucleus fails the deployment",
                "say how many seconds a slow device may need",
            )
        if startup is None or lifecycle.shutdown is not None or not self._parsed.whole((*path, "shutdown")):
            return
        if _BACKGROUND.search(code_of(startup.Script)):
            yield from self._find(
                "shutdown",
                (*path, "startup"),
                "leaves something running, and no shutdown step ends it",
                "add shutdown",
                severity="warning",
            )

    def _step(self, path: Path, step: Step) -> Iterator[Problem]:
        script = (*path, "Script")
        code = code_of(step.Script)
        if step.RequiresPrivilege:
            yield from self._find(
                "privilege", (*path, "RequiresPrivilege"), "runs as root without a reason",
                "remove it, or add to component.yaml justification: {privilege: WHY}",
            )  # fmt: skip
        if scripts.SUDO.search(code):
            yield from self._find(
                "sudo", script, scripts.SUDO_MESSAGE, scripts.SUDO_REMEDY,
            )  # fmt: skip
        for command in _APT.finditer(code):
            if not _APT_YES.search(command.group()):
                yield from self._find(
                    "apt-get",
                    script,
                    "asks whether to go on, and nobody answers",
                    "add -y",
                    got=command.group().strip(),
                )
            if not step.RequiresPrivilege and not scripts.SUDO.search(code):
                yield from self._find(
                    "apt-get", script, "installs packages, which only root may",
                    "write RequiresPrivilege: true", got=command.group().strip(),
                )  # fmt: skip
        for arguments in scripts.PIP.finditer(code):
            names = scripts.packages(arguments[1])
            for framework in sorted({found for each in names if (found := frameworks.heavy(each))}):
                yield from self._find(
                    frameworks.RULE, script, frameworks.MESSAGE, frameworks.REMEDY, got=framework, severity="warning"
                )
            loose = [each for each in names if scripts.is_loose(each)]
            if loose:
                yield from self._find("pip", script, scripts.PIP_MESSAGE, scripts.PIP_REMEDY, got=", ".join(loose))
        if _AWS.search(code) and self._lacks_credentials():
            yield from self._find("token-exchange", script, _NO_CREDENTIALS, _ADD_CREDENTIALS, severity="warning")
        if _COMPOSE_1.search(code):
            yield from self._find("docker-compose", script, "docker-compose 1 is retired", "write docker compose")
        for image in _LATEST.finditer(code):
            yield from self._find(
                "latest-image", script, "is whatever image is newest when a device deploys",
                "pin a digest or a version", got=image[1],
            )  # fmt: skip
